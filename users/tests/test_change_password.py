"""A new password for oneself."""

import pytest

from conftest import PASSWORD

NEW = "a new horse, a new battery"


@pytest.fixture
def phone(sign_in, john):
    """John's other session."""
    return sign_in(john)


def change(client, old=PASSWORD, new=NEW):
    return client.post("/api/change-password", {"old_password": old, "new_password": new})


def test_the_new_password_signs_in_and_the_old_one_does_not(client, anyone):
    answer = change(client)
    assert answer.status_code == 200
    assert set(answer.json()) == {"detail"}
    assert anyone.post("/api/login", {"username": "john", "password": NEW}).status_code == 200
    assert anyone.post("/api/login", {"username": "john", "password": PASSWORD}).status_code == 401


def test_the_present_session_goes_on(client, anyone):
    change(client)
    assert client.get("/api/users/me").status_code == 200
    assert anyone.post("/api/token/refresh", {"refresh": client.refresh}).status_code == 200


def test_all_other_sessions_end_at_once(client, phone, anyone):
    change(client)
    assert phone.get("/api/users/me").status_code == 401
    assert anyone.post("/api/token/refresh", {"refresh": phone.refresh}).status_code == 401


def test_nobody_elses_session_ends(client, sign_in, eve):
    stranger = sign_in(eve)
    change(client)
    assert stranger.get("/api/users/me").status_code == 200


def test_a_wrong_old_password_changes_nothing(client, phone, anyone):
    answer = change(client, old="wrong")
    assert answer.status_code == 400
    assert set(answer.json()) == {"old_password"}
    assert phone.get("/api/users/me").status_code == 200
    assert anyone.post("/api/login", {"username": "john", "password": PASSWORD}).status_code == 200


@pytest.mark.parametrize(
    ("body", "fields"),
    [({}, {"old_password", "new_password"}), ({"old_password": PASSWORD}, {"new_password"}), ({"new_password": NEW}, {"old_password"}),
     ({"old_password": PASSWORD, "new_password": ""}, {"new_password"}), ({"old_password": PASSWORD, "new_password": None}, {"new_password"}),
     ({"old_password": PASSWORD, "new_password": 7}, {"new_password"}), ({"old_password": [], "new_password": {}}, {"old_password", "new_password"}),
     ({"old_password": PASSWORD, "new_password": "x" * 1025}, {"new_password"}),
     ({"old_password": PASSWORD, "new_password": "********"}, {"new_password"})],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_400_and_changes_nothing(client, anyone, body, fields):
    answer = client.post("/api/change-password", body)
    assert answer.status_code == 400
    assert set(answer.json()) == fields
    assert anyone.post("/api/login", {"username": "john", "password": PASSWORD}).status_code == 200


def test_it_needs_a_token(anyone, john):
    assert change(anyone).status_code == 401


def test_the_new_password_is_taken_exactly_as_it_was_sent(client, anyone):
    change(client, new="  spaces and ﬁ  ")
    assert anyone.post("/api/login", {"username": "john", "password": "  spaces and ﬁ  "}).status_code == 200
    assert anyone.post("/api/login", {"username": "john", "password": "spaces and ﬁ"}).status_code == 401


def test_the_same_password_again_is_a_new_password(client, phone):
    assert change(client, new=PASSWORD).status_code == 200
    assert phone.get("/api/users/me").status_code == 401
