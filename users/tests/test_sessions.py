"""One's own sessions: seen, and ended one by one or all others at once."""

import re

import pytest
from django.utils import timezone

from users.sessions.models import Session
from users.tests.forging import claims_of


@pytest.fixture
def phone(sign_in, john):
    """John's other session."""
    return sign_in(john)


def session_of(client) -> int:
    return claims_of(client.refresh)["sid"]


def is_alive(client) -> bool:
    return client.get("/api/users/me").status_code == 200


def test_each_is_shown_with_what_tells_it_from_the_others(client):
    [shown] = client.get("/api/sessions").json()
    assert set(shown) == {"id", "created", "last_refreshed", "address", "user_agent", "current"}
    assert shown["id"] == session_of(client)
    assert shown["address"] == "127.0.0.1"
    assert re.match(r"\d{4}-\d\d-\d\dT", shown["created"])


def test_the_present_one_is_marked(client, phone):
    for one in (client, phone):
        assert [shown["id"] for shown in one.get("/api/sessions").json() if shown["current"]] == [session_of(one)]


def test_the_agent_is_kept_as_far_as_it_can_be_shown(anyone, john, sign_in):
    body = {"username": "john", "password": "correct horse battery"}
    anyone.post("/api/login", body, HTTP_USER_AGENT="Firefox\x07 on\x00 Linux " + "x" * 5000)
    kept = john.sessions.get().user_agent
    assert kept.startswith("Firefox on Linux xxx")
    assert len(kept) == 200


def test_another_users_are_not_shown(client, sign_in, eve):
    sign_in(eve)
    assert len(client.get("/api/sessions").json()) == 1


def test_ended_and_expired_ones_are_not_shown(client, phone, sign_in, john):
    expired = sign_in(john)
    phone.post("/api/logout")
    Session.objects.filter(pk=session_of(expired)).update(expires=timezone.now())
    assert [shown["id"] for shown in client.get("/api/sessions").json()] == [session_of(client)]


def test_they_come_in_pages(client, phone):
    first = client.get("/api/sessions/?page_size=1")
    assert [shown["id"] for shown in first.json()] == [session_of(client)]
    assert first["Link"] == f'</api/sessions/?page_size=1&after={session_of(client)}>; rel="next"'
    assert [shown["id"] for shown in client.get(f"/api/sessions?after={session_of(client)}").json()] == [session_of(phone)]


def test_one_can_be_ended(client, phone):
    answer = client.delete(f"/api/sessions/{session_of(phone)}")
    assert answer.status_code == 204
    assert answer.content == b""
    assert (is_alive(phone), is_alive(client)) == (False, True)


def test_its_refresh_token_ends_with_it(client, phone, anyone):
    client.delete(f"/api/sessions/{session_of(phone)}")
    assert anyone.post("/api/token/refresh", {"refresh": phone.refresh}).status_code == 401


def test_the_present_one_can_be_ended_too(client):
    assert client.delete(f"/api/sessions/{session_of(client)}").status_code == 204
    assert not is_alive(client)


def test_all_others_can_be_ended_at_once(client, phone, sign_in, john):
    third = sign_in(john)
    assert client.delete("/api/sessions").status_code == 204
    assert (is_alive(client), is_alive(phone), is_alive(third)) == (True, False, False)


def test_ending_all_others_ends_nobody_elses(client, sign_in, eve):
    stranger = sign_in(eve)
    client.delete("/api/sessions")
    assert is_alive(stranger)


def test_another_users_cannot_be_ended(client, sign_in, eve):
    stranger = sign_in(eve)
    assert client.delete(f"/api/sessions/{session_of(stranger)}").status_code == 404
    assert is_alive(stranger)


def test_an_ended_one_is_404(client, phone):
    phone.post("/api/logout")
    assert client.delete(f"/api/sessions/{session_of(phone)}").status_code == 404


@pytest.mark.parametrize("unknown", ["0", "999999", str(2**63), "9" * 5000, "-1", "abc", "%D9%A1", "1.0", "%00", "me"])
def test_an_unknown_one_is_404(client, unknown):
    answer = client.delete(f"/api/sessions/{unknown}")
    assert answer.status_code == 404
    assert "detail" in answer.json()


@pytest.mark.parametrize(("method", "path"), [("get", "/api/sessions"), ("delete", "/api/sessions"), ("delete", "/api/sessions/1")])
def test_nobody_sees_or_ends_any_without_signing_in(anyone, client, method, path):
    assert getattr(anyone, method)(path).status_code == 401
    assert is_alive(client)
