"""How many requests one may make in a window, counted by Redis and by the process itself alike."""

import threading
import time

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from conftest import PASSWORD
from mentorship.api import throttling
from users.models import User

MINUTE = 60


@pytest.fixture(autouse=True, params=[pytest.param("redis", marks=pytest.mark.servers), "process"])
def counted_by(request, settings):
    if request.param == "process":
        settings.REDIS_URL = ""


@pytest.fixture
def proxies(settings):
    def set_them(number):
        settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": number}

    return set_them


def statuses(times, send) -> list[int]:
    return [send().status_code for _ in range(times)]


def nothing(anyone, **headers):
    """A request that costs next to nothing and is counted by its address."""
    return anyone.get("/api/nothing", **headers)


def login(anyone, username="john", password="wrong", **headers):
    return anyone.post("/api/login", {"username": username, "password": password}, **headers)


def test_behind_a_limit_that_is_exceeded_nothing_is_counted(anyone, limits, john):
    limits(anon=(2, MINUTE), login=(3, MINUTE))
    assert statuses(6, lambda: login(anyone)) == [401, 401, 429, 429, 429, 429]
    limits(login=(3, MINUTE))
    assert statuses(2, lambda: login(anyone)) == [401, 429]


# Exactly so many


def test_a_limit_lets_exactly_so_many_through(client, limits):
    limits(user=(3, MINUTE))
    assert statuses(5, lambda: client.get("/api/users/me")) == [200, 200, 200, 429, 429]


def test_of_many_at_once_exactly_so_many_pass(anyone, limits):
    limits(anon=(25, MINUTE))
    seen = []
    threads = [threading.Thread(target=lambda: seen.extend(statuses(8, lambda: nothing(anyone)))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (seen.count(404), seen.count(429)) == (25, 15)


def test_the_window_is_fixed_and_who_waits_as_long_as_is_said_passes(anyone, limits):
    limits(anon=(2, 2))
    assert statuses(2, lambda: nothing(anyone)) == [404, 404]
    time.sleep(0.7)
    refused = nothing(anyone)
    assert (refused.status_code, refused["Retry-After"], refused["RateLimit-Reset"]) == (429, "2", "2")
    time.sleep(1.35)  # the refused request made the wait no longer
    assert statuses(3, lambda: nothing(anyone)) == [404, 404, 429]


# What is said


def test_a_request_that_passes_says_what_is_left(client, limits):
    limits(user=(3, MINUTE))
    said = [client.get("/api/users/me") for _ in range(3)]
    assert [answer["RateLimit-Limit"] for answer in said] == ["3", "3", "3"]
    assert [answer["RateLimit-Remaining"] for answer in said] == ["2", "1", "0"]
    assert all(58 <= int(answer["RateLimit-Reset"]) <= 60 for answer in said)
    assert not any("Retry-After" in answer for answer in said)


def test_a_request_that_is_refused_says_when_to_come_again(client, limits):
    limits(user=(1, MINUTE))
    client.get("/api/users/me")
    refused = client.get("/api/users/me")
    assert refused.status_code == 429
    assert (refused["RateLimit-Limit"], refused["RateLimit-Remaining"]) == ("1", "0")
    assert 58 <= int(refused["Retry-After"]) == int(refused["RateLimit-Reset"]) <= 60
    assert set(refused.json()) == {"detail"}


@pytest.mark.parametrize("path", ["/api/users/999999", "/api/users/?page_size=0", "/api/nothing"])
def test_an_error_says_what_is_left_too(client, limits, path):
    limits(user=(3, MINUTE), anon=(3, MINUTE))
    assert client.get(path)["RateLimit-Remaining"] == "2"


def test_of_two_limits_the_one_with_the_least_left_is_said(anyone, db, limits):
    limits(anon=(5, MINUTE), login=(3, MINUTE))
    answer = login(anyone)
    assert (answer["RateLimit-Limit"], answer["RateLimit-Remaining"]) == ("3", "2")
    limits(anon=(3, MINUTE), login=(30, MINUTE))
    answer = login(anyone, "another")
    assert (answer["RateLimit-Limit"], answer["RateLimit-Remaining"]) == ("3", "1")


def test_what_is_off_counts_nothing_and_says_nothing(client, anyone, limits):
    limits(login=(1, MINUTE))
    assert statuses(5, lambda: client.get("/api/users/me")) == [200] * 5
    assert "RateLimit-Limit" not in client.get("/api/users/me")
    assert "RateLimit-Limit" not in nothing(anyone)


def test_health_is_never_counted(anyone, limits):
    limits(anon=(1, MINUTE))
    assert statuses(3, lambda: anyone.get("/health/live")) == [200] * 3
    assert "RateLimit-Limit" not in anyone.get("/health/live")


# Who is counted


def test_each_user_is_counted_alone_from_any_address(client, sign_in, eve, limits):
    stranger = sign_in(eve)
    limits(user=(2, MINUTE), anon=(1, MINUTE))
    assert statuses(2, lambda: client.get("/api/users/me")) == [200, 200]
    assert client.get("/api/users/me", REMOTE_ADDR="10.0.0.9").status_code == 429
    assert stranger.get("/api/users/me").status_code == 200


def test_each_address_is_counted_alone(anyone, limits):
    limits(anon=(1, MINUTE))
    assert statuses(2, lambda: nothing(anyone, REMOTE_ADDR="10.0.0.1")) == [404, 429]
    assert nothing(anyone, REMOTE_ADDR="10.0.0.2").status_code == 404


@pytest.mark.parametrize(
    ("first", "second", "are_one"),
    [("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", True), ("2001:db8::1", "2001:db8:0:1::1", False), ("fe80::1%eth0", "fe80::2%eth1", True),
     ("::ffff:10.0.0.1", "10.0.0.1", True), ("::ffff:10.0.0.1", "::ffff:10.0.0.2", False), ("10.0.0.1", "10.0.0.11", False)],
)  # fmt: skip
def test_who_is_one_address(anyone, limits, first, second, are_one):
    limits(anon=(1, MINUTE))
    nothing(anyone, REMOTE_ADDR=first)
    assert nothing(anyone, REMOTE_ADDR=second).status_code == (429 if are_one else 404)


def test_without_proxies_a_forwarded_address_helps_nobody(anyone, limits):
    limits(anon=(2, MINUTE))
    assert [nothing(anyone, HTTP_X_FORWARDED_FOR=f"10.0.0.{number}").status_code for number in range(4)] == [404, 404, 429, 429]


def test_behind_one_proxy_the_last_hop_counts_and_what_is_before_it_does_not(anyone, limits, proxies):
    limits(anon=(2, MINUTE))
    proxies(1)
    assert [nothing(anyone, HTTP_X_FORWARDED_FOR=f"1.1.1.{number}, 10.0.0.1").status_code for number in range(3)] == [404, 404, 429]
    assert nothing(anyone, HTTP_X_FORWARDED_FOR="1.1.1.1, 10.0.0.2").status_code == 404


def test_behind_two_proxies_the_last_hop_but_one_counts(anyone, limits, proxies):
    limits(anon=(1, MINUTE))
    proxies(2)
    assert nothing(anyone, HTTP_X_FORWARDED_FOR="9.9.9.9, 10.0.0.1, 10.9.9.1").status_code == 404
    assert nothing(anyone, HTTP_X_FORWARDED_FOR="8.8.8.8, 10.0.0.1, 10.9.9.2").status_code == 429


@pytest.mark.parametrize("nonsense", ["", "unknown", "a, b", "999.1.1.1", "x" * 5000, "1.2.3.4, ", "\xff"])
def test_a_forwarded_address_that_is_none_is_counted_all_the_same(anyone, limits, proxies, nonsense):
    limits(anon=(1, MINUTE))
    proxies(1)
    assert statuses(2, lambda: nothing(anyone, HTTP_X_FORWARDED_FOR=nonsense)) == [404, 429]


def test_v1_is_no_way_around(anyone, limits):
    limits(anon=(1, MINUTE))
    assert nothing(anyone).status_code == 404
    assert anyone.get("/api/v1/nothing").status_code == 429


# A 401


@pytest.mark.parametrize("header", [{}, {"HTTP_AUTHORIZATION": "Bearer broken"}])
def test_a_401_counts_against_its_address(anyone, db, limits, header):
    limits(anon=(2, MINUTE))
    answers = [anyone.get("/api/users/me", **header) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert answers[0]["RateLimit-Remaining"] == "1"
    assert "WWW-Authenticate" in answers[0]
    assert int(answers[2]["Retry-After"]) > 0


def test_a_401_counts_once(anyone, john, limits):
    limits(anon=(2, MINUTE))
    assert statuses(3, lambda: login(anyone)) == [401, 401, 429]


def test_anothers_401s_do_not_stop_who_is_signed_in(client, anyone, limits):
    limits(anon=(1, MINUTE), user=(5, MINUTE))
    statuses(3, lambda: anyone.get("/api/users/me"))
    assert client.get("/api/users/me").status_code == 200


def test_an_ended_sessions_token_counts_against_its_address(client, limits):
    client.post("/api/logout")
    limits(anon=(1, MINUTE), user=(5, MINUTE))
    assert statuses(2, lambda: client.get("/api/users/me")) == [401, 429]


# Login


def test_guesses_at_one_name_are_limited_and_another_name_goes_on(anyone, john, eve, limits):
    limits(login=(2, MINUTE))
    assert statuses(3, lambda: login(anyone)) == [401, 401, 429]
    assert login(anyone, "eve").status_code == 401


def test_the_owner_is_not_locked_out_elsewhere(anyone, john, limits):
    limits(login=(1, MINUTE))
    assert statuses(2, lambda: login(anyone, REMOTE_ADDR="10.0.0.1")) == [401, 429]
    assert login(anyone, password=PASSWORD, REMOTE_ADDR="10.0.0.2").status_code == 200


@pytest.mark.parametrize("spelling", ["JOHN", "ｊohn"])
def test_another_spelling_is_the_same_name(anyone, john, limits, spelling):
    limits(login=(1, MINUTE))
    assert [login(anyone, name).status_code for name in ("john", spelling)] == [401, 429]


def test_a_login_that_succeeds_counts_too(anyone, john, limits):
    limits(login=(1, MINUTE))
    assert statuses(2, lambda: login(anyone, password=PASSWORD)) == [200, 429]


def test_whoever_is_over_the_limit_has_no_password_compared(anyone, john, limits):
    """An outdated hash is made anew when its password is compared: this one stays."""
    User.objects.filter(pk=john.pk).write(password=PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=10))
    limits(login=(1, MINUTE))
    assert [login(anyone).status_code, login(anyone, password=PASSWORD).status_code] == [401, 429]
    assert User.objects.get(pk=john.pk).password.startswith("pbkdf2_sha256$")


@pytest.mark.parametrize("name", ["", None, 7, [], {"a": 1}, "x" * 10_000])
def test_a_name_that_is_none_is_counted_by_its_address(anyone, db, limits, name):
    limits(anon=(1, MINUTE), login=(5, MINUTE))
    assert [login(anyone, name).status_code for _ in range(2)][1] == 429


def test_a_body_that_cannot_be_read_is_counted_too(anyone, db, limits):
    limits(anon=(1, MINUTE), login=(5, MINUTE))
    assert statuses(2, lambda: anyone.post("/api/login", "{", content_type="application/json")) == [400, 429]


# Registration


def test_registrations_are_limited_by_address(anyone, db, limits):
    limits(registration=(2, MINUTE))
    assert statuses(3, lambda: anyone.post("/api/registration", {})) == [400, 400, 429]
    assert anyone.post("/api/registration", {}, REMOTE_ADDR="10.0.0.2").status_code == 400


def test_registrations_leave_other_requests_alone(anyone, db, limits):
    limits(registration=(1, MINUTE), anon=(9, MINUTE))
    statuses(3, lambda: anyone.post("/api/registration", {}))
    assert nothing(anyone).status_code == 404


# The process's own count


def test_the_processs_own_count_stays_bounded():
    own_count = throttling._OwnCount()
    for number in range(own_count.MOST + 500):
        own_count([throttling.Limit("anon", 5, MINUTE, str(number))])
    assert len(own_count.windows) <= own_count.MOST


def test_a_full_count_forgets_what_ends_soonest():
    own_count = throttling._OwnCount()
    lasting, passing = throttling.Limit("login", 5, 9 * MINUTE, "lasting"), throttling.Limit("anon", 5, 1, "passing")
    own_count([lasting, passing])
    for number in range(own_count.MOST):
        own_count([throttling.Limit("anon", 5, MINUTE, str(number))])
    [again, anew] = own_count([lasting, passing])
    assert (again.requests, anew.requests) == (2, 1)
