"""Passwords: taken exactly as sent, checked where the setting says so, and kept as a hash of the right cost."""

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from conftest import PASSWORD
from users.models import User

VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]
WEAK = ["kettlem", "password", "qwertyuiop", "48151623420815", "johnny.stone"]


@pytest.fixture
def validation(settings):
    """PASSWORD_VALIDATION=true"""
    settings.AUTH_PASSWORD_VALIDATORS = VALIDATORS


def register(anyone, password, **more):
    return anyone.post("/api/registration", {"username": "johnny.stone", "password": password} | more)


def login(anyone, username, password) -> int:
    return anyone.post("/api/login", {"username": username, "password": password}).status_code


# Exactly as sent


@pytest.mark.parametrize("password", [" ", " a ", "a\tb\n", "пароль", "ﬁ", "e\u0301", "😀", "\u200b", "{}", "null", "*" * 9, "x"])
def test_it_is_taken_exactly_as_it_was_sent(anyone, db, password):
    assert register(anyone, password).status_code == 201
    assert login(anyone, "johnny.stone", password) == 200
    assert login(anyone, "johnny.stone", f"{password} ") == 401


def test_two_that_look_the_same_are_two(anyone, db):
    register(anyone, "é")
    assert login(anyone, "johnny.stone", "e\u0301") == 401


@pytest.mark.parametrize("character", ["x", "😀", "é"])
def test_1024_characters_are_a_password_and_1025_are_none(anyone, db, character):
    assert register(anyone, character * 1025).status_code == 400
    assert not User.objects.exists()
    assert register(anyone, character * 1024).status_code == 201
    assert login(anyone, "johnny.stone", character * 1024) == 200
    assert login(anyone, "johnny.stone", character * 1023) == 401


# Weak ones


@pytest.mark.parametrize("password", WEAK)
def test_a_weak_one_is_refused_at_registration(anyone, db, validation, password):
    answer = register(anyone, password)
    assert answer.status_code == 400
    assert set(answer.json()) == {"password"}
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "more", [{"email": "battery@example.com"}, {"first_name": "Battery"}, {"last_name": "battery"}, {"username": "batter"}]
)
def test_one_that_is_known_from_the_card_is_refused(anyone, db, validation, more):
    assert set(register(anyone, "battery1", **more).json()) == {"password"}


@pytest.mark.parametrize("password", WEAK)
def test_a_weak_one_is_refused_as_a_new_one(sign_in, person, validation, password):
    john = person("johnny.stone")
    client = sign_in(john)
    assert set(client.patch("/api/users/me", {"password": password}).json()) == {"password"}
    answer = client.post("/api/change-password", {"old_password": PASSWORD, "new_password": password})
    assert answer.status_code == 400
    assert set(answer.json()) == {"new_password"}
    assert User.objects.get().check_password(PASSWORD)


def test_one_like_the_new_name_that_comes_with_it_is_refused(client, validation):
    answer = client.patch("/api/users/me", {"username": "mandarin", "password": "mandarin1"})
    assert answer.status_code == 400
    assert set(answer.json()) == {"password"}


@pytest.mark.parametrize("password", WEAK)
def test_a_weak_one_will_do_where_validation_is_off(anyone, db, password):
    assert register(anyone, password).status_code == 201


@pytest.mark.parametrize("password", ["kettlemd", "mandarin kettle", "чайник и мандарин", "😀🍊🫖🍵😀🍊🫖🍵"])
def test_a_good_one_will_do_of_whatever_characters(anyone, db, validation, password):
    assert register(anyone, password).status_code == 201


def test_one_that_was_weak_before_still_signs_in(anyone, db, validation):
    User.objects.create_user("bob", password="1")
    assert login(anyone, "bob", "1") == 200


# Its hash


def test_the_hash_costs_what_it_should(anyone, db):
    register(anyone, "mandarin kettle")
    assert User.objects.get().password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.fixture
def older(client, john):
    """John's password is kept as a PBKDF2 hash, as an import might bring it."""
    User.objects.filter(pk=john.pk).write(password=PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=10))
    return client


def test_a_cheaper_hash_is_made_anew_at_login_and_no_session_ends(older, john, anyone):
    assert login(anyone, "john", PASSWORD) == 200
    john.refresh_from_db()
    assert john.password.startswith("argon2$argon2id$")
    assert older.get("/api/users/me").status_code == 200
    assert anyone.post("/api/token/refresh", {"refresh": older.refresh}).status_code == 200


def test_who_signs_in_with_a_cheaper_hash_has_a_session_that_lives(older, sign_in, john):
    assert sign_in(john).get("/api/users/me").status_code == 200


def test_a_wrong_guess_makes_no_hash_anew(older, john, anyone):
    login(anyone, "john", "wrong")
    john.refresh_from_db()
    assert john.password.startswith("pbkdf2_sha256$")


def test_a_check_by_old_password_ends_no_session_either(older, sign_in, john):
    other = sign_in(john)
    assert older.patch("/api/users/me", {"old_password": PASSWORD, "first_name": "J"}).status_code == 200
    assert other.get("/api/users/me").status_code == 200


# From the shell


def test_a_new_one_from_the_shell_ends_all_sessions(client, john):
    john.set_password("mandarin kettle")
    john.save()
    assert client.get("/api/users/me").status_code == 401


def test_taking_the_password_away_ends_all_sessions(client, john, anyone):
    john.set_unusable_password()
    john.save()
    assert client.get("/api/users/me").status_code == 401
    assert login(anyone, "john", PASSWORD) == 401


@pytest.mark.parametrize("door", ["update", "bulk_update"])
def test_a_hash_written_to_many_ends_all_their_sessions(client, john, password_hash, door):
    if door == "update":
        User.objects.filter(username="john").update(password=password_hash)
    else:
        User.objects.bulk_update([john], ["password"])
    assert client.get("/api/users/me").status_code == 401


def test_a_save_without_a_new_one_ends_none(client, john):
    john.first_name = "J"
    john.save()
    assert client.get("/api/users/me").status_code == 200
