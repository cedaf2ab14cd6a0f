"""The daily clean-up of sessions and records of tokens."""

from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from users.sessions.models import Session
from users.sessions.tokens import api_settings


def clear():
    call_command("clear_expired", verbosity=0)


def test_living_sessions_stay(client, anyone):
    clear()
    assert client.get("/api/users/me").status_code == 200
    assert anyone.post("/api/token/refresh", {"refresh": client.refresh}).status_code == 200


def test_sessions_that_ended_or_expired_go(client, sign_in, john):
    sign_in(john).post("/api/logout")
    sign_in(john)
    Session.objects.filter(pk=Session.objects.latest("pk").pk).update(expires=timezone.now() - timedelta(seconds=1))
    clear()
    assert Session.objects.count() == 1
    assert client.get("/api/users/me").status_code == 200


def test_tokens_of_what_was_cleared_are_refused(client, anyone):
    client.post("/api/logout")
    clear()
    assert not Session.objects.exists()
    assert client.get("/api/users/me").status_code == 401
    assert anyone.post("/api/token/refresh", {"refresh": client.refresh}).status_code == 401
    assert anyone.post("/api/logout", {"refresh": client.refresh}).status_code == 400


def test_spent_tokens_that_could_still_come_are_remembered(client, anyone, monkeypatch):
    monkeypatch.setattr(api_settings, "ROTATE_REFRESH_TOKENS", True)
    anyone.post("/api/token/refresh", {"refresh": client.refresh})
    clear()
    assert BlacklistedToken.objects.count() == 1
    assert anyone.post("/api/token/refresh", {"refresh": client.refresh}).status_code == 401


def test_records_of_expired_tokens_go(client, anyone):
    client.post("/api/logout", {"refresh": client.refresh})
    OutstandingToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    clear()
    assert (OutstandingToken.objects.count(), BlacklistedToken.objects.count()) == (0, 0)


def test_it_says_what_it_deleted(client, capsys):
    client.post("/api/logout", {"refresh": client.refresh})
    OutstandingToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    clear()
    assert capsys.readouterr().out == "Deleted 1 sessions and the records of 1 tokens, 0 codes and 0 letters.\n"
