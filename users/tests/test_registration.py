"""Making an account."""

import threading

import pytest
from django.db import connection
from rest_framework.test import APIClient

from conftest import PASSWORD
from users.models import User

EVERYTHING = {
    "username": "bob", "password": PASSWORD, "repeat_password": PASSWORD, "email": "Bob@Example.com", "phone": "123-456-7890",
    "is_mentor": True, "mentor_username": "alice", "first_name": "Bob", "last_name": "Stone",
}  # fmt: skip


def register(anyone, **fields):
    return anyone.post("/api/registration", {"username": "bob", "password": PASSWORD} | fields)


def test_a_name_and_a_password_are_enough(anyone, db):
    answer = register(anyone)
    assert answer.status_code == 201
    assert answer.json() == {
        "id": answer.json()["id"], "username": "bob", "is_mentor": False, "phone": "", "email": "", "mentees": [], "mentees_count": 0,
        "mentor": None, "mentor_username": None, "first_name": "", "last_name": "", "password": "********",
        "email_verified": False, "phone_verified": False, "invite_code": User.objects.get().invite_code, "invited": [], "invited_count": 0,
    }  # fmt: skip


def test_everything_that_was_given_is_kept(anyone, alice):
    shown = anyone.post("/api/registration", EVERYTHING).json()
    assert shown["email"] == "Bob@Example.com"
    assert shown["phone"] == "1234567890"
    assert shown["is_mentor"] is True
    assert shown["mentor"] == shown["mentor_username"] == "alice"
    assert (shown["first_name"], shown["last_name"]) == ("Bob", "Stone")


def test_the_location_leads_to_the_new_user(anyone, db, sign_in):
    answer = register(anyone)
    bob = sign_in(User.objects.get(username="bob"))
    assert answer["Location"] == f"/api/users/{answer.json()['id']}/"
    assert bob.get(answer["Location"]).json() == answer.json()


def test_who_registers_can_sign_in(anyone, db):
    register(anyone, password=" as sent, spaces and all ")
    assert anyone.post("/api/login", {"username": "bob", "password": " as sent, spaces and all "}).status_code == 200


def test_registering_signs_nobody_in(anyone, db):
    register(anyone)
    assert not User.objects.get().sessions.exists()


def test_no_hash_is_shown(anyone, db):
    answer = register(anyone).content.decode()
    assert "argon2" not in answer
    assert User.objects.get().password not in answer


@pytest.mark.parametrize("field", ["mentor", "mentor_username"])
def test_the_mentor_goes_by_either_name(anyone, alice, field):
    assert register(anyone, **{field: "ALICE"}).json()["mentor"] == "alice"


def test_the_chosen_mentor_counts_the_newcomer(anyone, alice):
    register(anyone, mentor="alice")
    alice.refresh_from_db()
    assert alice.mentees_count == 1


def test_the_same_mentor_twice_is_no_contradiction(anyone, alice):
    assert register(anyone, mentor="alice", mentor_username="Alice").status_code == 201


@pytest.mark.parametrize("nobody", ["", None])
def test_an_empty_mentor_is_none(anyone, db, nobody):
    assert register(anyone, mentor=nobody, mentor_username=nobody).json()["mentor"] is None


def test_a_newcomer_does_not_see_the_contacts_of_a_mentor_they_chose(anyone, alice, sign_in):
    register(anyone, mentor="alice")
    bob = sign_in(User.objects.get(username="bob"))
    assert bob.get(f"/api/users/{alice.pk}").json()["phone"] is None


@pytest.mark.parametrize(
    "named",
    [{"mentor": "nobody"}, {"mentor": "eve"}, {"mentor": "gone"}, {"mentor": "bob"}, {"mentor": "alice", "mentor_username": "bob"},
     {"mentor": "alice", "mentor_username": ""}, {"mentor": 7}, {"mentor": ["alice"]}],
)  # fmt: skip
def test_whom_nobody_can_have_as_a_mentor(anyone, alice, eve, person, named):
    person("gone", is_mentor=True, is_active=False)
    answer = register(anyone, **named)
    assert answer.status_code == 400
    assert set(answer.json()) <= {"mentor", "mentor_username"}
    assert not User.objects.filter(username="bob").exists()


def test_the_refusal_says_what_would_help(anyone, eve):
    [why] = register(anyone, mentor_username="eve").json()["mentor_username"]
    assert why == 'eve is not a mentor; eve can become one with PATCH /api/users/me/ {"is_mentor": true}'


def test_two_passwords_that_differ_are_refused(anyone, db):
    answer = register(anyone, repeat_password=PASSWORD + " ")
    assert answer.status_code == 400
    assert set(answer.json()) == {"repeat_password"}
    assert not User.objects.exists()


@pytest.mark.parametrize("missing", ["username", "password"])
def test_name_and_password_are_needed(anyone, db, missing):
    answer = anyone.post("/api/registration", {"username": "bob", "password": PASSWORD, missing: ""})
    assert answer.status_code == 400
    assert set(answer.json()) == {missing}
    without = {name: value for name, value in {"username": "bob", "password": PASSWORD}.items() if name != missing}
    assert set(anyone.post("/api/registration", without).json()) == {missing}


def test_the_mask_is_no_password(anyone, db):
    answer = register(anyone, password="********")
    assert answer.status_code == 400
    assert set(answer.json()) == {"password"}


@pytest.mark.parametrize("taken", ["john", "JOHN", "ｊohn", "Ｊｏｈｎ"])
def test_a_name_that_is_taken_in_any_form_is_refused(anyone, john, taken):
    answer = register(anyone, username=taken)
    assert answer.status_code == 400
    assert answer.json() == {"username": ["A user with that user name already exists."]}


def test_the_name_of_an_inactive_user_is_taken(anyone, person):
    person("bob", is_active=False)
    assert register(anyone).status_code == 400


def test_unproven_contacts_may_stand_on_several_accounts(anyone, john):
    assert register(anyone, email=john.email, phone=john.phone).status_code == 201


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "nobody"), ("email", "a@b"), ("email", "x" * 250 + "@example.com"), ("email", 7), ("phone", "call me"), ("phone", "1234"),
     ("phone", 1234567890.5), ("phone", []), ("first_name", "x" * 151), ("last_name", {}), ("is_mentor", "perhaps"), ("is_mentor", None),
     ("username", None), ("username", []), ("password", None), ("password", {"a": 1}), ("password", True), ("repeat_password", 7)],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_its_field(anyone, db, field, value):
    answer = register(anyone, **{field: value})
    assert answer.status_code == 400
    assert set(answer.json()) == {field}
    assert not User.objects.exists()


@pytest.mark.parametrize("name", ["id", "is_staff", "is_superuser", "is_active", "mentees", "mentees_count", "taken_on_by", "username_key"])
def test_what_is_not_ones_own_is_ignored(anyone, alice, name):
    value = {"mentees": ["alice"], "is_active": False, "username_key": "alice"}.get(name, 10**6 if "is_" not in name else True)
    shown = register(anyone, **{name: value, "mentor": "alice"}).json()
    bob = User.objects.get(username="bob")
    assert (bob.pk, bob.username_key, bob.mentees_count, bob.taken_on_by) == (shown["id"], "bob", 0, None)
    assert (bob.is_active, bob.is_staff, bob.is_superuser, bob.pk < 10**6) == (True, False, False, True)


def test_all_faults_are_told_at_once(anyone, db):
    answer = anyone.post("/api/registration", {"username": "me", "email": "nobody", "phone": "1"})
    assert set(answer.json()) == {"username", "password", "email", "phone"}


def test_a_broken_bearer_header_is_ignored(anyone, db):
    anyone.credentials(HTTP_AUTHORIZATION="Bearer nonsense")
    assert register(anyone).status_code == 201


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_of_many_who_want_one_name_at_once_one_gets_it():
    answers, ready = [], threading.Barrier(8)

    def take():
        ready.wait(10)
        answer = register(APIClient())
        answers.append((answer.status_code, tuple(answer.json()) if answer.status_code == 400 else ()))
        connection.close()

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [(201, ()), *[(400, ("username",))] * 7]
    assert User.objects.count() == 1


@pytest.mark.parametrize("field", ["username", "mentor", "mentor_username", "email"])
def test_marks_without_end_are_refused_before_they_are_put_in_order(anyone, db, field):
    """Normalising a run of combining marks costs its length squared: these would take half a minute."""
    endless = "a" + "\u0300" * 60_000 + "\u0316" * 60_000
    answer = anyone.post("/api/registration", {"username": "bob", "password": "correct horse battery"} | {field: endless})
    assert answer.status_code == 400
    assert set(answer.json()) == {field}


def test_an_email_is_judged_in_the_form_in_which_it_is_kept(anyone, db):
    grows = {"username": "bob", "password": "correct horse battery", "email": "a@\ufdfa.com"}
    assert set(anyone.post("/api/registration", grows).json()) == {"email"}
    assert anyone.post("/api/registration", grows | {"email": "ｂｏｂ@example.com"}).json()["email"] == "bob@example.com"
