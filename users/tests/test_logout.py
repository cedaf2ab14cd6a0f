"""Ending a session: by its refresh token, by the access token of the request, or all at once."""

import pytest
from rest_framework.test import APIClient

from users.sessions.models import Session
from users.tests.forging import bearer, claims_of, forged

MESSAGE = {"message": "Successfully logged out"}


@pytest.fixture
def phone(sign_in, john):
    """John's other session."""
    return sign_in(john)


def works(client) -> tuple[bool, bool]:
    """Whether the client's access token and its refresh token still do."""
    refreshed = APIClient().post("/api/token/refresh", {"refresh": client.refresh})
    return client.get("/api/users/me").status_code == 200, refreshed.status_code == 200


def test_a_refresh_token_ends_its_session_at_once(client, anyone):
    answer = anyone.post("/api/logout", {"refresh": client.refresh})
    assert answer.status_code == 205
    assert answer.json() == MESSAGE
    assert works(client) == (False, False)


def test_an_access_token_ends_its_session_at_once(client):
    answer = client.post("/api/logout", {})
    assert answer.status_code == 205
    assert answer.json() == MESSAGE
    assert works(client) == (False, False)


def test_no_body_at_all_will_do(client):
    assert client.post("/api/logout").status_code == 205
    assert works(client) == (False, False)


def test_both_tokens_together_end_their_session(client):
    assert client.post("/api/logout", {"refresh": client.refresh}).status_code == 205
    assert works(client) == (False, False)


def test_other_sessions_go_on(client, phone):
    client.post("/api/logout")
    assert works(phone) == (True, True)


def test_with_two_sessions_the_refresh_tokens_one_ends(client, phone):
    assert client.post("/api/logout", {"refresh": phone.refresh}).status_code == 205
    assert works(phone) == (False, False)
    assert works(client) == (True, True)


@pytest.mark.parametrize("by", ["access", "refresh"])
def test_everywhere_ends_all_of_ones_sessions(client, phone, anyone, by):
    if by == "access":
        assert client.post("/api/logout", {"everywhere": True}).status_code == 205
    else:
        assert anyone.post("/api/logout", {"refresh": client.refresh, "everywhere": True}).status_code == 205
    assert works(client) == works(phone) == (False, False)


def test_everywhere_ends_nobody_elses_sessions(client, sign_in, alice):
    other = sign_in(alice)
    client.post("/api/logout", {"everywhere": True})
    assert works(other) == (True, True)


@pytest.mark.parametrize("everywhere", [False, True])
def test_blacklist_false_answers_the_same_and_revokes_nothing(client, phone, anyone, everywhere):
    for who, body in ((client, {}), (client, {"refresh": client.refresh}), (anyone, {"refresh": client.refresh})):
        answer = who.post("/api/logout", body | {"blacklist": False, "everywhere": everywhere})
        assert (answer.status_code, answer.json()) == (205, MESSAGE)
    assert works(client) == works(phone) == (True, True)


def test_a_session_ends_only_once(client, anyone):
    anyone.post("/api/logout", {"refresh": client.refresh})
    assert anyone.post("/api/logout", {"refresh": client.refresh}).status_code == 400


@pytest.mark.parametrize("blacklist", [True, False])
@pytest.mark.parametrize("what", ["anothers", "expired", "malformed", "access", "other key"])
def test_a_refresh_token_that_will_not_do_is_400_and_nothing_is_revoked(client, sign_in, eve, what, blacklist):
    stranger = sign_in(eve)
    token = {
        "anothers": stranger.refresh,
        "expired": forged(client.refresh, exp=1),
        "malformed": "nonsense",
        "access": client._credentials["HTTP_AUTHORIZATION"].removeprefix("Bearer "),
        "other key": forged(client.refresh, key="another key that is long enough for HS256"),
    }[what]
    answer = client.post("/api/logout", {"refresh": token, "everywhere": True, "blacklist": blacklist})
    assert answer.status_code == 400
    assert set(answer.json()) == {"refresh"}
    assert works(client) == works(stranger) == (True, True)


def test_a_token_of_an_ended_session_is_400_and_the_present_one_goes_on(client, phone):
    Session.objects.filter(pk=claims_of(phone.refresh)["sid"]).end()
    assert client.post("/api/logout", {"refresh": phone.refresh, "everywhere": True}).status_code == 400
    assert works(client) == (True, True)


@pytest.mark.parametrize("body", [{"refresh": ""}, {"refresh": None}, {"refresh": 7}, {"everywhere": "perhaps"}, {"blacklist": "perhaps"}])
def test_a_body_that_cannot_be_read_is_400_and_nothing_is_revoked(client, body):
    answer = client.post("/api/logout", body)
    assert answer.status_code == 400
    assert set(answer.json()) == set(body)
    assert works(client) == (True, True)


def test_a_stale_bearer_header_is_ignored_where_the_refresh_token_is_good(client, anyone):
    answer = anyone.post("/api/logout", {"refresh": client.refresh}, **bearer("stale"))
    assert answer.status_code == 205
    assert works(client) == (False, False)


@pytest.mark.parametrize("header", [{}, bearer("stale"), bearer("")])
@pytest.mark.parametrize("body", [{}, {"everywhere": True}, {"blacklist": False}])
def test_with_neither_token_it_is_401(anyone, db, header, body):
    answer = anyone.post("/api/logout", body, **header)
    assert answer.status_code == 401
    assert "detail" in answer.json()


def test_an_ended_access_token_alone_is_401(client):
    client.post("/api/logout")
    assert client.post("/api/logout").status_code == 401


def test_an_inactive_users_refresh_token_is_400(client, anyone, john):
    john.is_active = False
    john.save()
    assert anyone.post("/api/logout", {"refresh": client.refresh}).status_code == 400
