"""Signing in by a proven email, and where EMAIL_CONFIRMATION wants one."""

import logging

import pytest

from conftest import PASSWORD
from users.models import User
from users.sessions.models import Session
from users.tests.mailbox import delivered, the_letter

REFUSED = {"detail": "No active account found with the given credentials"}
NOT_VERIFIED = {"detail": "Please confirm your email first: the link is in the mail that we sent.", "code": "email_not_verified"}


def login(anyone, email="john@example.com", password=PASSWORD, **more):
    return anyone.post("/api/login", {"email": email, "password": password} | more)


def login_by_name(anyone, username="john", password=PASSWORD):
    return anyone.post("/api/login", {"username": username, "password": password})


def register(anyone, **fields):
    return anyone.post("/api/registration", {"username": "bob", "password": PASSWORD} | fields)


@pytest.fixture
def proven(john):
    john.prove_email("john@example.com", 0)


@pytest.fixture
def required(settings):
    settings.EMAIL_CONFIRMATION = "required"


@pytest.mark.parametrize(
    "email", ["john@example.com", "JOHN@example.com", "John@EXAMPLE.com", "ｊohn@example.com", "ＪＯＨＮ@ｅxample.com"]
)
def test_a_proven_email_signs_in_in_any_case_and_form(anyone, proven, email):
    answer = login(anyone, email)
    assert answer.status_code == 200
    me = anyone.get("/api/users/me", HTTP_AUTHORIZATION=f"Bearer {answer.json()['access']}").json()
    assert me["username"] == "john"


def test_an_unproven_email_signs_nobody_in(anyone, john):
    answer = login(anyone)
    assert (answer.status_code, answer.json()) == (401, REFUSED)
    assert not Session.objects.exists()


@pytest.mark.parametrize(("email", "password"), [("nobody@example.com", PASSWORD), ("john@example.com", "wrong"), ("gone@example.com", PASSWORD),
                                                 ("alice@example.com", PASSWORD), ("john@example.com", PASSWORD + " ")])  # fmt: skip
def test_whoever_is_refused_hears_the_same(anyone, proven, person, email, password):
    person("gone", email="gone@example.com").prove_email("gone@example.com", 0)
    User.objects.filter(username="gone").update(is_active=False)
    answer = login(anyone, email, password)
    assert (answer.status_code, answer.json()) == (401, REFUSED)


def test_an_email_that_was_changed_signs_in_no_more_and_the_new_one_once_it_is_proven(anyone, proven, client):
    client.patch("/api/users/me", {"email": "new@example.com"})
    assert login(anyone).status_code == login(anyone, "new@example.com").status_code == 401
    [token] = [letter.token for letter in delivered() if letter.to == "new@example.com"]
    anyone.post("/api/email/confirm", {"token": token})
    assert login(anyone, "new@example.com").status_code == 200
    assert login(anyone).status_code == 401


def test_somebody_whose_name_is_that_address_is_not_meant(anyone, proven, person):
    person("john@example.com")
    access = login(anyone).json()["access"]
    assert anyone.get("/api/users/me", HTTP_AUTHORIZATION=f"Bearer {access}").json()["username"] == "john"


def test_an_address_as_a_user_name_is_a_user_name(anyone, proven):
    assert login_by_name(anyone, "john@example.com").status_code == 401


@pytest.mark.parametrize(
    "more", [{"username": "john"}, {"phone": "1234567890"}, {"username": "john", "phone": "1234567890"}, {"username": "eve"}]
)
def test_two_who_are_named_are_one_too_many(anyone, proven, more):
    answer = login(anyone, **more)
    assert (answer.status_code, answer.json()) == (400, {"non_field_errors": ["Give one of username, email and phone."]})
    assert not Session.objects.exists()


@pytest.mark.parametrize("email", ["", " ", "john", "john@", None, 7, [], {}, True, "x" * 255 + "@example.com"])
def test_what_is_no_email_is_400(anyone, proven, email):
    answer = login(anyone, email)
    assert (answer.status_code, set(answer.json())) == (400, {"email"})


def test_guesses_by_email_are_counted_by_the_email(anyone, proven, settings):
    settings.THROTTLES = settings.THROTTLES | {"login": (3, 60)}
    statuses = [login(anyone, email, "wrong").status_code for email in ("john@example.com", "JOHN@example.com", "ｊohn@example.com")]
    assert statuses == [401, 401, 401]
    assert login(anyone).status_code == 429
    assert login(anyone, "alice@example.com", "wrong").status_code == 401


def test_the_log_of_a_refusal_holds_no_address(anyone, proven, caplog):
    caplog.set_level(logging.INFO)
    login(anyone, password="wrong")
    logged = " ".join(str(vars(record)) for record in caplog.records)
    assert "sign-in refused" in logged and "john@example.com" not in logged


# EMAIL_CONFIRMATION


def test_optional_lets_in_by_name_before(anyone, john):
    assert login_by_name(anyone).status_code == 200


@pytest.mark.parametrize("fields", [{}, {"email": ""}, {"email": None}])
def test_required_wants_an_email_at_registration(anyone, db, required, fields):
    answer = register(anyone, **fields)
    assert (answer.status_code, set(answer.json())) == (400, {"email"})
    assert not User.objects.exists()
    assert delivered() == []


def test_required_lets_in_once_the_email_is_confirmed(anyone, db, required):
    assert register(anyone, email="bob@example.com").status_code == 201
    answer = login_by_name(anyone, "bob")
    assert (answer.status_code, answer.json()) == (401, NOT_VERIFIED)
    assert not Session.objects.exists()
    anyone.post("/api/email/confirm", {"token": the_letter().token})
    assert login_by_name(anyone, "bob").status_code == login(anyone, "bob@example.com").status_code == 200


@pytest.mark.parametrize(("username", "password"), [("john", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD)])
def test_required_says_so_only_where_the_password_was_right(anyone, john, person, required, username, password):
    person("gone", is_active=False)
    answer = login_by_name(anyone, username, password)
    assert (answer.status_code, answer.json()) == (401, REFUSED)


def test_required_does_not_tell_by_an_email_that_is_not_proven(anyone, john, required):
    assert login(anyone).json() == REFUSED


def test_required_refuses_whose_email_was_changed_until_it_is_confirmed(anyone, proven, client, required):
    client.patch("/api/users/me", {"email": "new@example.com"})
    assert login_by_name(anyone).json() == NOT_VERIFIED
    [token] = [letter.token for letter in delivered() if letter.to == "new@example.com"]
    anyone.post("/api/email/confirm", {"token": token})
    assert login_by_name(anyone).status_code == 200


def test_a_refused_sign_in_leaves_no_last_login(anyone, john, required):
    login_by_name(anyone)
    john.refresh_from_db()
    assert john.last_login is None


def test_required_says_what_an_account_without_an_email_lacks(anyone, eve, required):
    answer = login_by_name(anyone, "eve")
    assert (answer.status_code, answer.json()["code"]) == (401, "email_not_verified")
    assert "needs an email" in answer.json()["detail"]


def test_required_keeps_an_email_from_being_taken_away(client, john, required):
    answer = client.patch("/api/users/me", {"email": ""})
    assert (answer.status_code, set(answer.json())) == (400, {"email"})
    john.refresh_from_db()
    assert john.email == "john@example.com"


def test_required_lets_who_never_had_an_email_send_their_card_back(sign_in, eve, required, settings):
    settings.EMAIL_CONFIRMATION = "optional"
    client = sign_in(eve)
    settings.EMAIL_CONFIRMATION = "required"
    assert client.put("/api/users/me", client.get("/api/users/me").json()).status_code == 200
