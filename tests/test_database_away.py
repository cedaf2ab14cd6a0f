"""PostgreSQL restarts, and is away for a while: kept connections are not believed to live on."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from mentorship.database import HURRY
from mentorship.postgresql.base import REST
from tests.servers import start_postgres
from tests.service import PASSWORD, Service, at_once, place

pytestmark = [pytest.mark.servers, pytest.mark.slow]


@pytest.fixture(scope="module")
def postgres():
    server = start_postgres()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def service(postgres):
    with place(**postgres.environment()) as where, Service(where) as one:
        yield one


PATHS = ["/api/users/", "/api/users/me/", "/api/users/1/", "/api/sessions/", "/api/products/", "/api/users/?search=a"]


def test_no_request_after_a_restart_fails(service, postgres):
    token = service.sign_up("constant")
    for _round in range(3):
        assert {service.get(path, token).status_code for path in PATHS * 2} == {200}
        postgres.end()
        postgres.start()
        said = [service.get(path, token).status_code for path in PATHS * 2] + [service.patch({"first_name": "C"}, token).status_code]
        assert set(said) == {200}


def test_while_it_is_away_requests_that_need_it_are_503_soon_and_afterwards_all_is_well(service, postgres):
    token = service.sign_up("patient")
    postgres.end()
    try:
        for path in ("/api/users/me/", "/api/sessions/"):
            answer = _ask(service, path, token)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    finally:
        postgres.start()
    assert {service.get(path, token).status_code for path in PATHS} == {200}
    assert service.post("/api/login", {"username": "patient", "password": PASSWORD}).status_code == 200


def test_one_that_is_frozen_keeps_nobody_waiting_for_good(service, postgres):
    token = service.sign_up("lasting")
    with postgres.frozen():
        answers = [_ask(service, path, token) for path in ("/api/users/me/", "/api/sessions/", "/api/products/")]
    assert [(answer.status_code, answer.headers["Retry-After"]) for answer in answers] == [(503, "1")] * 3
    time.sleep(REST)
    assert {service.get(path, token).status_code for path in PATHS} == {200}


def test_a_replica_that_is_not_promoted_yet_answers_reads_and_refuses_changes_with_503(service, postgres):
    token = service.sign_up("promoted")
    name = service.environment["DB_NAME"]
    with postgres.connect() as admin:
        admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        try:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()", [name])
            assert service.get("/api/users/me/", token).status_code == 200
            headers = {"Authorization": f"Bearer {token}"}
            answer = requests.patch(f"{service.url}/api/users/me/", json={"first_name": "P"}, headers=headers, timeout=20)
        finally:
            admin.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert service.patch({"first_name": "P"}, token).status_code == 200


def test_behind_a_lock_that_somebody_holds_nobody_waits_for_those_before_them(service, postgres):
    """They stand in one queue, since a worker has one thread."""
    token = service.sign_up("queued")
    service.get("/api/users/me/", token)
    asked = [lambda: _ask(service, "/api/users/me/", token, patience=16)] * 8  # one after the other they would wait for 24 s
    with postgres.connect() as holder, holder.transaction():
        holder.execute("LOCK TABLE users_user IN ACCESS EXCLUSIVE MODE")
        for _ in range(2):
            answers = at_once(*asked)
            assert [(answer.status_code, answer.headers["Retry-After"]) for answer in answers] == [(503, "1")] * len(asked)
    assert {answer.status_code for answer in at_once(*asked)} == {200}


def test_who_waits_for_a_lock_in_ordinary_times_gets_it(service, postgres):
    token = service.sign_up("waiting")
    time.sleep(HURRY)  # since the last that was waited for in vain
    with ThreadPoolExecutor(1) as other:
        with postgres.connect() as holder, holder.transaction():
            holder.execute("SELECT FROM users_user FOR UPDATE")
            changed = other.submit(service.patch, {"first_name": "W"}, token)
            time.sleep(1)
        assert changed.result().status_code == 200


def _ask(service, path, token, patience=30):
    return requests.get(service.url + path, headers={"Authorization": f"Bearer {token}"}, timeout=patience)
