"""Signing in."""

import pytest

from conftest import PASSWORD
from users.models import User
from users.sessions.models import Session

REFUSED = {"detail": "No active account found with the given credentials"}


def login(anyone, username="john", password=PASSWORD, **headers):
    return anyone.post("/api/login", {"username": username, "password": password}, **headers)


def test_a_right_password_gives_both_tokens(anyone, john):
    answer = login(anyone)
    assert answer.status_code == 200
    assert set(answer.json()) == {"refresh", "access"}


def test_the_access_token_signs_requests(anyone, john):
    access = login(anyone).json()["access"]
    answer = anyone.get("/api/users/me", HTTP_AUTHORIZATION=f"Bearer {access}")
    assert answer.json()["username"] == "john"


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEaReR"])
def test_the_scheme_word_goes_in_any_case(anyone, john, scheme):
    access = login(anyone).json()["access"]
    assert anyone.get("/api/users/me", HTTP_AUTHORIZATION=f"{scheme} {access}").status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer a b", "Basic am9objpqb2hu", "Token abc", "Bearer \xff", "abc"])
def test_another_header_signs_nobody_in(anyone, john, header):
    answer = anyone.get("/api/users/me", HTTP_AUTHORIZATION=header)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert "detail" in answer.json()


@pytest.mark.parametrize(("username", "password"), [("nobody", PASSWORD), ("john", "wrong"), ("gone", PASSWORD), ("john", PASSWORD + " ")])
def test_whoever_is_refused_hears_the_same(anyone, john, person, username, password):
    person("gone", is_active=False)
    answer = login(anyone, username, password)
    assert answer.status_code == 401
    assert answer.json() == REFUSED


def test_a_refused_login_opens_no_session(anyone, john):
    login(anyone, password="wrong")
    assert not Session.objects.exists()


@pytest.mark.parametrize("name", ["john", "JOHN", "ｊohn", "ＪＯＨＮ"])
def test_the_name_goes_in_any_case_and_form(anyone, john, name):
    assert login(anyone, name).status_code == 200


@pytest.mark.parametrize("name", ["Иван", "ИВАН", "иван"])
def test_a_cyrillic_name_goes_in_any_case(anyone, person, name):
    person("Иван")
    assert login(anyone, name).status_code == 200


@pytest.mark.parametrize("contact", ["john@example.com", "1234567890"])
def test_an_unproven_contact_signs_nobody_in(anyone, john, contact):
    assert login(anyone, contact).status_code == 401


def test_a_name_that_looks_like_an_email_is_a_name(anyone, person):
    person("bob@example.com")
    assert login(anyone, "BOB@example.com").status_code == 200


@pytest.mark.parametrize(
    ("body", "fields"),
    [({}, {"username", "password"}), ({"username": "john"}, {"password"}), ({"password": PASSWORD}, {"username"}),
     ({"username": "", "password": ""}, {"username", "password"}), ({"username": [], "password": {}}, {"username", "password"}),
     ({"username": None, "password": None}, {"username", "password"}), ({"username": "john", "password": 7}, {"password"}),
     ({"username": "john", "password": "x" * 1025}, {"password"})],
)  # fmt: skip
def test_what_is_missing_or_no_text_is_400(anyone, john, body, fields):
    answer = anyone.post("/api/login", body)
    assert answer.status_code == 400
    assert set(answer.json()) == fields


def test_a_login_is_written_down_as_the_last(anyone, john):
    login(anyone)
    john.refresh_from_db()
    assert john.last_login is not None


def test_each_login_is_a_session_of_its_own(anyone, john):
    login(anyone)
    login(anyone)
    assert john.sessions.count() == 2


def test_a_user_without_a_usable_password_cannot_sign_in(anyone, db):
    User.objects.create_user("bob")
    assert login(anyone, "bob", "!").status_code == 401


def test_a_broken_bearer_header_is_ignored(anyone, john):
    assert login(anyone, HTTP_AUTHORIZATION="Bearer nonsense").status_code == 200


def test_no_cookie_is_given_and_none_is_needed(anyone, john):
    assert not login(anyone).cookies


def test_a_name_of_endless_marks_is_refused_at_once(anyone, john, settings):
    settings.THROTTLES = settings.THROTTLES | {"login": (10, 60)}
    assert login(anyone, "a" + "\u0300" * 60_000 + "\u0316" * 60_000).status_code == 400
