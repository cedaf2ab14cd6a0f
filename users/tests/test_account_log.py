"""What an operator reads of accounts: whose password, sessions or account it was, and never what they are now."""

import logging

import pytest

from conftest import PASSWORD

ADDRESS = {"address": "127.0.0.1"}


@pytest.fixture
def told(caplog):
    """What the lines of this test say: message, user, and the rest."""
    caplog.set_level(logging.INFO)

    def lines() -> list[tuple]:
        ours = [record for record in caplog.records if record.name in ("mentorship.accounts", "mentorship.sessions")]
        return [(record.message, record.user, {name: value for name, value in vars(record).items() if name in ("fields", "address", "sessions")})
                for record in ours]  # fmt: skip

    return lines


def test_a_new_password(client, john, told):
    client.post("/api/change-password", {"old_password": PASSWORD, "new_password": "another horse battery"})
    client.patch("/api/users/me", {"password": "a third horse battery", "first_name": "John"})
    assert told() == [("account changed", john.pk, {"fields": ["password"]})] * 2


def test_a_new_email_and_phone(client, john, told):
    client.patch("/api/users/me", {"email": "new@example.com", "phone": "123456"})
    assert told() == [("account changed", john.pk, {"fields": ["email", "phone"]})]


def test_what_opens_no_door_is_not_told(client, told):
    client.patch("/api/users/me", {"first_name": "Jonny"})
    assert told() == []


def test_what_was_refused_is_not_told(client, told):
    assert client.patch("/api/users/me", {"password": "another horse battery", "old_password": "wrong"}).status_code == 400
    assert told() == []


def test_sessions_that_end(client, sign_in, john, told, caplog):
    sign_in(john)
    [other] = [session["id"] for session in client.get("/api/sessions").json() if not session["current"]]
    caplog.clear()
    client.delete(f"/api/sessions/{other}")
    client.delete("/api/sessions/")
    assert told() == [("sessions ended", john.pk, ADDRESS | {"sessions": 1}), ("sessions ended", john.pk, ADDRESS | {"sessions": 0})]


def test_an_account_that_is_deleted(client, john, told):
    user = john.pk
    client.delete("/api/users/me")
    assert told() == [("account deleted", user, ADDRESS)]


def test_no_line_holds_a_password_a_phone_or_an_email(client, caplog):
    caplog.set_level(logging.INFO)
    client.patch("/api/users/me", {"password": "another horse battery", "phone": "7654321", "email": "new@example.com"})
    said = " ".join(str(vars(record)) for record in caplog.records if record.name.startswith("mentorship"))
    assert said
    assert not any(secret in said for secret in ("horse", "7654321", "new@example.com"))
