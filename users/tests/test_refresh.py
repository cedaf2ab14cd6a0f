"""A new access token for a refresh token."""

import pytest
from django.utils import timezone
from rest_framework_simplejwt.tokens import RefreshToken as SimpleRefreshToken

from users.models import User
from users.sessions.models import Session
from users.tests.forging import bearer, claims_of, forged


def refresh(anyone, token):
    return anyone.post("/api/token/refresh", {"refresh": token})


def test_it_answers_with_an_access_token_only(anyone, client):
    answer = refresh(anyone, client.refresh)
    assert answer.status_code == 200
    assert set(answer.json()) == {"access"}


def test_the_new_access_token_works(anyone, client):
    access = refresh(anyone, client.refresh).json()["access"]
    assert anyone.get("/api/users/me", **bearer(access)).json()["username"] == "john"


def test_the_same_refresh_token_works_for_its_hour(anyone, client):
    assert [refresh(anyone, client.refresh).status_code for _ in range(3)] == [200, 200, 200]


def test_the_session_stays_the_same(anyone, client, john):
    refresh(anyone, client.refresh)
    session = john.sessions.get()
    assert session.last_refreshed > session.created


def test_access_tokens_live_20_minutes_and_refresh_tokens_an_hour(anyone, client):
    access, token = claims_of(refresh(anyone, client.refresh).json()["access"]), claims_of(client.refresh)
    assert access["exp"] - access["iat"] == 20 * 60
    assert token["exp"] - token["iat"] == 60 * 60


def test_the_last_access_token_outlives_the_refresh_token_and_its_session_with_it(anyone, client, john):
    token = forged(client.refresh, exp=int(timezone.now().timestamp()) + 30)
    access = refresh(anyone, token).json()["access"]
    assert john.sessions.get().expires.timestamp() == pytest.approx(claims_of(access)["exp"], abs=1)


def test_an_expired_refresh_token_is_401(anyone, client):
    assert refresh(anyone, forged(client.refresh, exp=1)).status_code == 401


def test_a_token_of_an_ended_session_is_401(anyone, client):
    Session.objects.end()
    assert refresh(anyone, client.refresh).status_code == 401


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "changed"}])
def test_who_may_not_sign_in_any_more_is_401(anyone, client, change):
    User.objects.filter(username="john").update(**change)
    assert refresh(anyone, client.refresh).status_code == 401


def test_a_deleted_user_is_401(anyone, client, john):
    john.delete()
    assert refresh(anyone, client.refresh).status_code == 401


def test_a_reactivated_user_signs_in_anew(anyone, client):
    User.objects.update(is_active=False)
    User.objects.update(is_active=True)
    assert refresh(anyone, client.refresh).status_code == 401


@pytest.mark.parametrize("nonsense", ["nonsense", "a.b.c", "null", ".."])
def test_what_is_no_token_is_401(anyone, db, nonsense):
    answer = refresh(anyone, nonsense)
    assert answer.status_code == 401
    assert "detail" in answer.json()


def test_a_token_of_the_library_alone_has_no_session_and_is_401(anyone, john):
    assert refresh(anyone, str(SimpleRefreshToken.for_user(john))).status_code == 401


@pytest.mark.parametrize("body", [{}, {"refresh": ""}, {"refresh": None}, {"refresh": []}, {"refresh": 7}, {"refresh": "x" * 5000}])
def test_no_text_is_400(anyone, db, body):
    answer = anyone.post("/api/token/refresh", body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"refresh"}


def test_a_stale_bearer_header_is_ignored(anyone, client):
    answer = anyone.post("/api/token/refresh", {"refresh": client.refresh}, **bearer("stale"))
    assert answer.status_code == 200


def test_refreshing_ends_nothing(anyone, client):
    refresh(anyone, client.refresh)
    assert client.get("/api/users/me").status_code == 200
