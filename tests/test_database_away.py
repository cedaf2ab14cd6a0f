"""PostgreSQL restarts, and is away for a while: kept connections are not believed to live on."""

import time

import pytest
import requests

from tests.servers import start_postgres
from tests.service import PASSWORD, Service, place

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
        begun = time.monotonic()
        for path in ("/api/users/me/", "/api/sessions/"):
            answer = _ask(service, path, token)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert time.monotonic() - begun < 10
    finally:
        postgres.start()
    assert {service.get(path, token).status_code for path in PATHS} == {200}
    assert service.post("/api/login", {"username": "patient", "password": PASSWORD}).status_code == 200


def _ask(service, path, token):
    return requests.get(service.url + path, headers={"Authorization": f"Bearer {token}"}, timeout=30)
