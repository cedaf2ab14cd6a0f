"""Signing in to the admin: for staff only, and as often as to the API."""

import pytest
from django.contrib.auth import hashers
from django.test import Client

from conftest import PASSWORD

LOGIN = "/admin/login/"


@pytest.fixture
def ten_a_minute(settings):
    settings.THROTTLES |= {"login": (10, 60)}


@pytest.fixture
def hashed(monkeypatch):
    """Counts how often a password is hashed."""
    hasher, times = type(hashers.get_hasher()), []
    for name in ("encode", "verify"):
        real = getattr(hasher, name)
        monkeypatch.setattr(hasher, name, lambda *args, real=real, **more: (times.append(1), real(*args, **more))[1])
    return times


def login(browser, username="sam", password=PASSWORD, **headers):
    return browser.post(LOGIN, {"username": username, "password": password, "next": "/admin/"}, **headers)


@pytest.mark.parametrize("name", ["sam", "SAM", "ｓam"])
def test_staff_sign_in_by_their_name_in_any_form(sam, name):
    answer = login(Client(), name)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")


def test_who_is_no_staff_does_not(john):
    assert login(Client(), "john").status_code == 200


def test_a_form_without_the_csrf_token_signs_nobody_in(sam):
    browser = Client(enforce_csrf_checks=True)
    assert login(browser).status_code == 403
    assert not browser.cookies


def test_the_eleventh_guess_is_429_and_hashes_nothing(sam, ten_a_minute, hashed):
    browser = Client()
    for _guess in range(10):
        assert login(browser, password="wrong").status_code == 200
    assert len(hashed) == 10
    answer = login(browser)
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert answer["Content-Type"].startswith("text/html")
    assert answer["RateLimit-Remaining"] == "0"
    assert "Too many attempts" in answer.content.decode()
    assert len(hashed) == 10


def test_both_doors_count_together(sam, anyone, ten_a_minute):
    for _guess in range(10):
        anyone.post("/api/login", {"username": "Sam", "password": "wrong"})
    assert login(Client()).status_code == 429


def test_another_name_and_another_address_go_on(sam, john, ten_a_minute):
    browser = Client()
    for _guess in range(11):
        login(browser, password="wrong")
    assert login(browser, "john").status_code == 200
    assert login(browser, REMOTE_ADDR="10.0.0.7").status_code == 302


def test_an_address_is_limited_whatever_names_it_tries(sam, settings):
    settings.THROTTLES |= {"anon": (3, 60)}
    browser = Client()
    assert [login(browser, f"u{n}").status_code for n in range(5)] == [200, 200, 200, 429, 429]


def test_no_page_of_the_admin_is_kept_by_caches(sam):
    browser = Client()
    browser.force_login(sam)
    for page in ("", "password_change/", "password_change/done/", "users/user/"):
        assert "no-store" in browser.get(f"/admin/{page}")["Cache-Control"]


def test_looking_at_the_form_does_not_count(sam, settings):
    settings.THROTTLES |= {"login": (1, 60), "anon": (1, 60)}
    browser = Client()
    assert {browser.get(LOGIN).status_code for _look in range(5)} == {200}
    assert login(browser).status_code == 302


@pytest.mark.parametrize("body", [b"", b"{}", b'{"username": "sam"}'])
def test_a_body_that_is_no_form_signs_nobody_in(sam, ten_a_minute, body):
    assert Client().post(LOGIN, body, content_type="application/json").status_code == 200


def test_the_log_says_who_came_in_and_that_somebody_did_not_but_no_password(sam, caplog):
    with caplog.at_level("INFO", "mentorship.sessions"):
        for password in ("wrong", PASSWORD):
            login(Client(), password=password)
    assert [(line.message, line.user) for line in caplog.records if hasattr(line, "door")] == [
        ("sign-in refused", None),
        ("signed in", sam.pk),
    ]
    assert PASSWORD not in str([vars(line) for line in caplog.records if hasattr(line, "door")])
