"""Redis stops, hangs, forgets and comes back: the service goes on, counts by itself, and its list is fresh."""

import collections
import contextlib
import re
import time
from contextlib import contextmanager

import pytest
import redis

from tests.servers import PROJECT, Valkey
from tests.service import PASSWORD, Service, place
from torture.between import Between

pytestmark = [pytest.mark.servers, pytest.mark.slow]


@pytest.fixture(scope="module")
def where(valkey):
    with place(REDIS_URL=valkey.url) as somewhere:
        yield somewhere


@pytest.fixture(scope="module")
def between(valkey):
    with Between(valkey.port) as proxy:
        yield proxy


@contextmanager
def stopped(valkey):
    valkey.end()
    try:
        yield
    finally:
        valkey.start()


@contextmanager
def emptied(valkey):
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
    yield


@contextmanager
def filled(valkey, policy):
    """With what is kept for half a minute, as pages of the list are, several times as much as there is room for."""
    with redis.Redis.from_url(valkey.url) as client:
        client.config_set("maxmemory-policy", policy)
        client.config_set("maxmemory", 8 * 2**20)
        for number in range(3000):
            client.set(f"page:{number}", 15_000 * "x", ex=30)
        yield
        client.config_set("maxmemory", 0)


TROUBLES = {"stopped": stopped, "frozen": Valkey.frozen, "emptied": emptied}


def phones(service, token):
    return {user["username"]: user["phone"] for user in service.get("/api/users/?page_size=1000", token).json()}


def back_at_work(*services):
    """Wait until they use Redis again: after a failure a process leaves it alone for a second."""
    deadline = time.monotonic() + 10
    while any(service.get("/health/ready").json()["cache"] != "ok" for service in services):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_list_detail_login_and_changes_go_on(both, valkey, trouble):
    name = f"{trouble}.goes.on"
    both[0].sign_up(name)
    with TROUBLES[trouble](valkey):
        for service in both * 3:
            answers = [service.post("/api/login", {"username": name, "password": PASSWORD})]
            token = answers[0].json()["access"]
            answers += [service.get("/api/users/", token), service.get("/api/users/me/", token), service.patch({"phone": "12345"}, token)]
            assert [answer.status_code for answer in answers] == [200, 200, 200, 200]
    back_at_work(*both)


@pytest.mark.parametrize("seconds", [0, 0.08, 0.15])
def test_one_that_is_slow_or_frozen_is_left_alone_until_it_is_well_and_the_log_says_so(valkey, between, seconds):
    with place(REDIS_URL=valkey.url.replace(f":{valkey.port}/", f":{between.port}/")) as where, Service(where) as service:
        token = service.sign_up("hurried")
        service.get("/api/users/me/", token)
        between.delay(seconds)
        with contextlib.nullcontext() if seconds else valkey.frozen():
            until = time.monotonic() + 4
            while time.monotonic() < until:
                service.get("/api/users/me/", token)
                time.sleep(0.01)
            meanwhile = service.said()
        between.delay(0)
        assert meanwhile.count("redis left alone") == 1
        assert "redis is well again" not in meanwhile
        back_at_work(service)
        assert service.said().count("redis is well again") == 1


@pytest.mark.parametrize("trouble", ["stopped", "frozen"])
def test_health_says_that_the_cache_is_away_and_stays_200(both, valkey, trouble):
    with TROUBLES[trouble](valkey):
        answer = both[0].get("/health/ready")
        assert answer.status_code == 200
        assert answer.json() == {"database": "ok", "cache": "unavailable"}
    back_at_work(*both)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_was_changed_meanwhile_shows_on_both_once_it_is_back(both, valkey, trouble):
    one, other = both
    name = f"{trouble}.changes"
    token = one.sign_up(name, phone="11111")
    assert phones(one, token)[name] == phones(other, token)[name] == "11111"
    with TROUBLES[trouble](valkey):
        for number in ("22222", "33333"):
            one.patch({"phone": number}, token)
            assert phones(one, token)[name] == phones(other, token)[name] == number
    back_at_work(one, other)
    assert phones(one, token)[name] == phones(other, token)[name] == "33333"
    other.patch({"phone": "44444"}, token)
    assert phones(one, token)[name] == phones(other, token)[name] == "44444"


@pytest.mark.parametrize("trouble", ["stopped", "frozen"])
def test_while_it_is_away_each_process_counts_for_itself(where, valkey, trouble):
    with Service(where, THROTTLE_USER="20/min") as service:
        token = service.sign_up(f"{trouble}.hasty")
        with TROUBLES[trouble](valkey):
            statuses = collections.Counter(service.get("/api/users/me/", token).status_code for _ in range(30))
    assert statuses == {200: 20, 429: 10}


def test_where_it_was_emptied_the_count_begins_anew(where, valkey):
    with Service(where, THROTTLE_USER="20/min") as service:
        token = service.sign_up("counted")
        before = collections.Counter(service.get("/api/users/me/", token).status_code for _ in range(25))
        with emptied(valkey):
            after = collections.Counter(service.get("/api/users/me/", token).status_code for _ in range(25))
    assert before == after == {200: 20, 429: 5}


def test_a_page_is_shown_though_redis_neither_gives_nor_takes_it(both, valkey):
    """It knows the caller and the generation, and counts, and may not touch the pages."""
    token = both[0].sign_up("half.told")
    with redis.Redis.from_url(valkey.url) as client:
        client.execute_command("ACL", "SETUSER", "default", "resetkeys", "~callers:*", "~list:*", "~throttle:*")
        try:
            answers = [service.get("/api/users/", token) for service in both * 2]
        finally:
            client.execute_command("ACL", "SETUSER", "default", "allkeys")
    assert [answer.status_code for answer in answers] == [200] * 4
    assert all(any(shown["username"] == "half.told" for shown in answer.json()) for answer in answers)


def test_where_it_is_full_it_forgets_pages_and_no_counts(where, valkey):
    [policy] = re.findall(r"--maxmemory-policy, ([a-z-]+)", (PROJECT / "docker-compose.yml").read_text())
    with Service(where, THROTTLE_USER="20/hour") as service:
        token = service.sign_up("stubborn")
        before = collections.Counter(service.get("/api/users/me/", token).status_code for _ in range(25))
        with filled(valkey, policy):
            after = collections.Counter(service.get("/api/users/me/", token).status_code for _ in range(25))
    assert (before, after) == ({200: 20, 429: 5}, {429: 25})


def test_a_full_one_is_not_asked_for_room_by_each_request(where, valkey):
    with Service(where) as service, redis.Redis.from_url(valkey.url) as client:
        token = service.sign_up("crowded")
        client.config_set("maxmemory", 1)
        try:
            service.patch({"phone": "12345"}, token)  # what it had to say has found no room
            before = client.info("stats")["total_commands_processed"]
            for _ in range(50):
                assert service.get("/api/users/me/", token).status_code == 200
            commands = client.info("stats")["total_commands_processed"] - before
        finally:
            client.config_set("maxmemory", 0)
    assert commands < 50 * 4


def test_the_service_starts_without_it(where, valkey):
    with stopped(valkey), Service(where) as service:
        assert service.get("/health/ready").json()["cache"] == "unavailable"
        assert service.get("/api/users/", service.sign_up("early")).status_code == 200
