"""Refresh tokens that are spent by their first use, where the setting says so."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken

from users.sessions.models import Session
from users.sessions.tokens import api_settings
from users.tests.forging import bearer, claims_of


@pytest.fixture(autouse=True)
def rotation(monkeypatch):
    """JWT_ROTATE_REFRESH_TOKENS=true: simplejwt asks its settings at each call."""
    monkeypatch.setattr(api_settings, "ROTATE_REFRESH_TOKENS", True)


def refresh(token):
    return APIClient().post("/api/token/refresh", {"refresh": token})


def some_seconds_later(seconds):
    BlacklistedToken.objects.update(blacklisted_at=timezone.now() - timedelta(seconds=seconds))


def test_a_use_gives_both_tokens_anew(client):
    answer = refresh(client.refresh)
    assert answer.status_code == 200
    assert set(answer.json()) == {"refresh", "access"}
    assert answer.json()["refresh"] != client.refresh


def test_the_new_token_is_of_the_same_session_and_lives_its_full_time(client):
    new, old = claims_of(refresh(client.refresh).json()["refresh"]), claims_of(client.refresh)
    assert new["sid"] == old["sid"]
    assert new["exp"] - new["iat"] == 60 * 60
    assert new["jti"] != old["jti"]


def test_a_chain_of_refreshes_goes_on(client):
    token = client.refresh
    for _ in range(4):
        token = refresh(token).json()["refresh"]
    assert refresh(token).status_code == 200
    assert Session.objects.count() == 1


def test_a_repeat_at_once_is_refused_and_ends_nothing(client):
    new = refresh(client.refresh).json()
    assert refresh(client.refresh).status_code == 401
    assert client.get("/api/users/me").status_code == 200
    assert refresh(new["refresh"]).status_code == 200


def test_a_repeat_just_within_ten_seconds_ends_nothing(client):
    new = refresh(client.refresh).json()
    some_seconds_later(9)
    assert refresh(client.refresh).status_code == 401
    assert refresh(new["refresh"]).status_code == 200


def test_a_later_repeat_ends_the_session_with_its_newest_token(client):
    new = refresh(client.refresh).json()
    some_seconds_later(11)
    assert refresh(client.refresh).status_code == 401
    assert refresh(new["refresh"]).status_code == 401
    assert APIClient().get("/api/users/me", **bearer(new["access"])).status_code == 401


def test_a_later_repeat_ends_no_other_session(client, sign_in, john):
    other = sign_in(john)
    refresh(client.refresh)
    some_seconds_later(11)
    refresh(client.refresh)
    assert other.get("/api/users/me").status_code == 200
    assert refresh(other.refresh).status_code == 200


def test_the_access_token_of_before_stays_good(client):
    refresh(client.refresh)
    assert client.get("/api/users/me").status_code == 200


def test_logout_with_a_spent_token_is_400_and_ends_nothing(client):
    new = refresh(client.refresh).json()
    assert client.post("/api/logout", {"refresh": client.refresh}).status_code == 400
    assert refresh(new["refresh"]).status_code == 200


def test_a_spent_token_stays_spent_when_rotation_is_turned_off(client, monkeypatch):
    refresh(client.refresh)
    monkeypatch.setattr(api_settings, "ROTATE_REFRESH_TOKENS", False)
    assert refresh(client.refresh).status_code == 401
    assert client.get("/api/users/me").status_code == 200


def test_a_refused_token_is_not_spent(client):
    Session.objects.end()
    refresh(client.refresh)
    assert not BlacklistedToken.objects.exists()


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_of_many_uses_at_once_one_wins_and_its_session_lives(client):
    answers, ready = [], threading.Barrier(24)

    def use():
        ready.wait(10)
        answers.append(refresh(client.refresh))
        connection.close()

    threads = [threading.Thread(target=use) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 23
    [winner] = [answer.json() for answer in answers if answer.status_code == 200]
    assert refresh(winner["refresh"]).status_code == 200
    assert client.get("/api/users/me").status_code == 200
