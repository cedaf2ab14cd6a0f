"""Tokens that nobody here made, and where tokens are not to be found."""

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection

from users.models import User
from users.sessions.models import Session
from users.sessions.tokens import api_settings
from users.tests.forging import bearer, claims_of, forged

OTHER_KEY = "another key that is as long as it must be for HS256"
ENDLESS = 10**12  # far away, and yet a moment that can be written down


@pytest.fixture
def access(client) -> str:
    return client._credentials["HTTP_AUTHORIZATION"].removeprefix("Bearer ")


def me(anyone, token: str):
    return anyone.get("/api/users/me", **bearer(token))


def refresh(anyone, token: str):
    return anyone.post("/api/token/refresh", {"refresh": token})


def test_a_forged_token_of_the_right_kind_would_do(anyone, client, access):
    """So that the refusals below are for what each of them changes."""
    assert me(anyone, forged(access)).status_code == 200
    assert refresh(anyone, forged(client.refresh)).status_code == 200


CHANGED = {
    "signed with another key": {"key": OTHER_KEY},
    "signed with Django's own key": {"key": settings.SECRET_KEY},
    "not signed": {"key": "", "algorithm": "none"},
    "signed otherwise": {"algorithm": "HS384"},
    "expired": {"exp": 1},
    "expired long before": {"exp": -(10**18)},
    "expires never": {"without": "exp"},
    "expires as a text": {"exp": "tomorrow"},
    "expires as a number in a text": {"exp": str(ENDLESS)},
    "expires as a list": {"exp": [ENDLESS]},
    "expires at the end of all numbers": {"exp": 10**30},
    "expires at nothing": {"exp": None},
    "not valid yet": {"nbf": 10**11},
    "not valid before a text": {"nbf": "1"},
    "not valid before true": {"nbf": True},
    "not valid before all numbers": {"nbf": -(10**30)},
    "issued in the future": {"iat": 10**11},
    "issued at a text": {"iat": "1"},
    "issued at true": {"iat": True},
    "issued at the beginning of all numbers": {"iat": -(10**30)},
    "without a kind": {"without": "token_type"},
    "of another kind": {"token_type": "sliding"},
    "without an id": {"without": "jti"},
    "with an id that is no text": {"jti": 7},
    "with an id that is a list": {"jti": ["a"]},
    "with an id too long to be written": {"jti": "x" * 300},
    "without a user": {"without": "user_id"},
    "of user 0": {"user_id": "0"},
    "of a user below 0": {"user_id": -1},
    "of a user beyond the database": {"user_id": 10**30},
    "of a user beyond the database, as a text": {"user_id": str(10**30)},
    "of a user just beyond the database": {"user_id": 2**63},
    "of a user in other digits": {"user_id": "١"},
    "of a user who is a text": {"user_id": "john"},
    "of a user who is true": {"user_id": True},
    "of a user who is a fraction": {"user_id": 1.5},
    "of a list of users": {"user_id": [1]},
    "of no user": {"user_id": None},
    "of an unknown user": {"user_id": "999999"},
    "without a session": {"without": "sid"},
    "of session 0": {"sid": 0},
    "of an unknown session": {"sid": 999_999},
    "of a session beyond the database": {"sid": 10**30},
    "of a session that is an object": {"sid": {}},
}


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED.keys())
def test_an_access_token_is_refused_that_is(anyone, client, access, change):
    answer = me(anyone, forged(access, **change))
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/json"
    assert client.get("/api/users/me").status_code == 200


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED.keys())
def test_a_refresh_token_is_refused_that_is(anyone, client, monkeypatch, change):
    token = forged(client.refresh, **change)
    for rotating in (False, True):
        monkeypatch.setattr(api_settings, "ROTATE_REFRESH_TOKENS", rotating)
        assert refresh(anyone, token).status_code == 401
    assert anyone.post("/api/logout", {"refresh": token}).status_code == 400
    assert client.get("/api/users/me").status_code == 200


def other_forms(token: str) -> list[str]:
    """The ids and the signature of a good token, as we do not write them."""
    claims = claims_of(token)
    changes = (
        {"user_id": int(claims["user_id"])},
        {"user_id": f"0{claims['user_id']}"},
        {"sid": str(claims["sid"])},
        {"sid": float(claims["sid"])},
    )
    return [*(forged(token, **change) for change in changes), f"{token}="]


def test_what_a_token_says_is_said_in_one_form(anyone, client, access):
    assert {me(anyone, token).status_code for token in other_forms(access)} == {401}
    for token in other_forms(client.refresh):
        assert refresh(anyone, token).status_code == 401
        assert anyone.post("/api/logout", {"refresh": token}).status_code == 400
    assert client.get("/api/users/me").status_code == 200


def test_each_kind_of_token_is_good_for_one_thing(anyone, client, access):
    assert me(anyone, client.refresh).status_code == 401
    assert refresh(anyone, access).status_code == 401


def test_a_users_token_does_not_open_anothers_session(anyone, client, access, sign_in, eve):
    stranger = sign_in(eve)
    mixed = forged(access, sid=claims_of(stranger.refresh)["sid"])
    assert me(anyone, mixed).status_code == 401
    assert refresh(anyone, forged(client.refresh, user_id=str(eve.pk))).status_code == 401


def test_a_deleted_users_tokens_are_refused(anyone, client, access, john):
    john.delete()
    assert me(anyone, access).status_code == 401
    assert refresh(anyone, client.refresh).status_code == 401


def test_a_deactivated_users_tokens_are_refused_and_stay_so(anyone, client, access, john):
    User.objects.filter(pk=john.pk).update(is_active=False)
    assert me(anyone, access).status_code == 401
    User.objects.filter(pk=john.pk).update(is_active=True)
    assert me(anyone, access).status_code == 401


def test_a_new_name_keeps_the_tokens(client):
    assert client.patch("/api/users/me", {"username": "johnny"}).status_code == 200
    assert client.get("/api/users/me").json()["username"] == "johnny"


def test_tokens_carry_nothing_made_from_the_password(client, access):
    for token in (client.refresh, access):
        assert set(claims_of(token)) == {"token_type", "exp", "iat", "jti", "user_id", "sid"}


def every_text_in_the_database() -> str:
    texts = []
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
            texts += [str(value) for row in cursor.fetchall() for value in row]
    return "\n".join(texts)


@pytest.mark.parametrize("rotating", [False, True])
def test_no_usable_token_stands_in_the_database(anyone, client, access, monkeypatch, rotating):
    monkeypatch.setattr(api_settings, "ROTATE_REFRESH_TOKENS", rotating)
    given = [client.refresh, access, *refresh(anyone, client.refresh).json().values()]
    client.post("/api/logout", {"refresh": given[-2] if rotating else client.refresh})
    stored = every_text_in_the_database()
    assert Session.objects.exclude(ended=None).count() == 1
    assert "john" in stored
    assert not [token for token in given if token in stored or token.rpartition(".")[2] in stored]
    assert "eyJ" not in stored
