"""Signing in by a phone: by a code that was sent to it, and by a password; and whose a phone is."""

import logging
import re

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from rest_framework.test import APIClient

from conftest import PASSWORD
from users.models import PhoneCode, Session, User
from users.tests.doors import PHONE, REFUSED, fresh_code, use
from users.tests.forging import forged

pytestmark = pytest.mark.usefixtures("trial")
NO_ACCOUNT = {"detail": "No active account found with the given credentials"}


@pytest.fixture
def proven(john):
    """john, on whom PHONE is proven."""
    john.prove_phone(PHONE)
    return john


def enter(client, phone=PHONE):
    return use(client, fresh_code(client, phone), phone)


def me(access: str) -> dict:
    return APIClient().get("/api/users/me", HTTP_AUTHORIZATION=f"Bearer {access}").json()


def by_phone(anyone, phone=PHONE, password=PASSWORD):
    return anyone.post("/api/login", {"phone": phone, "password": password})


def accounts(phone=PHONE) -> dict[str, str]:
    """Who has it written down, and what of theirs is proven."""
    return dict(User.objects.filter(phone=phone).values_list("username", "proven_phone"))


# By code, into an account


def test_a_code_signs_in_to_the_account_that_proved_the_phone(anyone, proven):
    shown = enter(anyone).json()
    assert shown["user"]["username"] == me(shown["access"])["username"] == "john"
    assert shown["created"] is False
    assert User.objects.count() == 2


def test_the_answer_is_a_pair_of_tokens_and_the_user(anyone, proven):
    answer = enter(anyone)
    assert answer.status_code == 200
    assert set(answer.json()) == {"refresh", "access", "user", "invite_code", "created"}
    assert answer.json()["user"] == me(answer.json()["access"])
    assert answer.json()["invite_code"] == answer.json()["user"]["invite_code"] == proven.invite_code
    assert answer.json()["user"]["phone_verified"] is True


def test_the_refresh_token_goes_on(anyone, proven):
    refresh = enter(anyone).json()["refresh"]
    assert anyone.post("/api/token/refresh", {"refresh": refresh}).status_code == 200
    assert anyone.post("/api/logout", {"refresh": refresh}).status_code == 205
    assert anyone.post("/api/token/refresh", {"refresh": refresh}).status_code == 401


def test_a_sign_in_by_code_is_a_session_like_another(anyone, proven, caplog):
    caplog.set_level(logging.INFO, "mentorship.sessions")
    shown = use(anyone, fresh_code(anyone), HTTP_USER_AGENT="a phone").json()
    [session] = APIClient().get("/api/sessions", HTTP_AUTHORIZATION=f"Bearer {shown['access']}").json()
    assert (session["user_agent"], session["current"]) == ("a phone", True)
    assert [(record.message, record.user, record.by) for record in caplog.records if hasattr(record, "by")] == [
        ("signed in", proven.pk, "code")
    ]


@pytest.mark.parametrize("path", ["/api/auth/code", "/api/auth/code/", "/api/v1/auth/code", "/api/v1/auth/code/"])
def test_using_a_code_is_one_thing_on_each_of_its_paths(anyone, proven, path):
    assert anyone.post(path, {"phone": PHONE, "code": fresh_code(anyone)}).status_code == 200


def test_a_code_never_signs_in_to_an_unproven_copy(anyone, person):
    person("mallory", phone=PHONE)
    shown = enter(anyone).json()
    assert shown["created"] is True
    assert shown["user"]["username"] != "mallory"
    assert accounts() == {shown["user"]["username"]: PHONE}


def test_an_inactive_accounts_code_is_refused_like_a_wrong_one(anyone, proven):
    code = fresh_code(anyone)
    User.objects.filter(pk=proven.pk).update(is_active=False)
    answer = use(anyone, code)
    assert (answer.status_code, answer.json()) == (400, REFUSED)
    assert not Session.objects.alive().exists()
    assert User.objects.count() == 2


# By code, where there is no account


def test_a_phone_without_an_account_gets_one(anyone, db):
    shown = enter(anyone).json()
    newcomer = User.objects.get()
    assert shown["created"] is True
    assert shown["user"] == me(shown["access"]) | {
        "phone": PHONE,
        "email": "",
        "phone_verified": True,
        "email_verified": False,
        "is_mentor": False,
    }
    assert (newcomer.pk, newcomer.proven_phone, newcomer.is_staff) == (shown["user"]["id"], PHONE, False)


def test_the_generated_name_does_not_tell_the_phone(anyone, db):
    names = [enter(anyone, f"+7999111223{number}").json()["user"]["username"] for number in range(5)]
    assert all(re.fullmatch("user_[0-9a-f]{12}", name) for name in names)
    assert len(set(names)) == 5
    assert not any("999111223" in name for name in names)


def test_a_second_code_leads_to_the_same_account(anyone, db):
    first, second = enter(anyone).json(), enter(anyone).json()
    assert (first["created"], second["created"]) == (True, False)
    assert first["user"]["id"] == second["user"]["id"]


@pytest.mark.django_db(transaction=True)
def test_a_new_account_is_listed_at_once(client, anyone):
    client.get("/api/users/")
    name = enter(anyone).json()["user"]["username"]
    assert [shown["username"] for shown in client.get("/api/users/").json()] == ["alice", "john", name]


@pytest.mark.parametrize("password", ["", "!", PASSWORD, PHONE, "********"])
def test_no_password_opens_a_new_account(anyone, db, password):
    name = enter(anyone).json()["user"]["username"]
    assert not User.objects.get().has_usable_password()
    assert anyone.post("/api/login", {"username": name, "password": password}).status_code in (400, 401)
    assert by_phone(anyone, password=password).status_code in (400, 401)


def test_name_and_password_can_be_set_and_then_sign_in(anyone, db):
    shown = enter(anyone).json()
    owner = APIClient(HTTP_AUTHORIZATION=f"Bearer {shown['access']}")
    assert owner.patch("/api/users/me", {"username": "bob", "password": PASSWORD}).status_code == 200
    assert owner.get("/api/users/me").json()["username"] == "bob"
    assert anyone.post("/api/login", {"username": "bob", "password": PASSWORD}).status_code == 200
    assert by_phone(anyone).status_code == 200


# With a token: for one's own account


def test_with_a_token_a_code_proves_the_phone_for_that_account(client, anyone):
    answer = use(client, fresh_code(anyone))
    assert answer.status_code == 200
    assert answer.json() == client.get("/api/users/me").json()
    assert (answer.json()["username"], answer.json()["phone"], answer.json()["phone_verified"]) == ("john", PHONE, True)
    assert Session.objects.count() == 1
    assert enter(anyone).json()["user"]["username"] == "john"


def test_what_one_has_written_down_is_not_proven_before(client):
    client.patch("/api/users/me", {"phone": PHONE})
    assert client.get("/api/users/me").json()["phone_verified"] is False


@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
def test_the_scheme_word_goes_in_any_case(anyone, sign_in, eve, scheme):
    token = sign_in(eve)._credentials["HTTP_AUTHORIZATION"].partition(" ")[2]
    assert use(anyone, fresh_code(anyone), HTTP_AUTHORIZATION=f"{scheme} {token}").json()["username"] == "eve"


def test_a_broken_token_is_401_and_the_code_still_works(client, anyone):
    code = fresh_code(anyone)
    access = client._credentials["HTTP_AUTHORIZATION"].partition(" ")[2]
    for broken in ("nonsense", "", "a b", forged(access, exp=1), client.refresh):
        answer = use(anyone, code, HTTP_AUTHORIZATION=f"Bearer {broken}")
        assert answer.status_code == 401, broken
    assert PhoneCode.objects.get().tries == 0
    assert use(client, code).status_code == 200


def test_a_header_that_says_nothing_is_a_broken_token(client, anyone):
    """The server hands over as empty what holds anything but ASCII."""
    code = fresh_code(anyone)
    for nothing in ("", " "):
        assert use(anyone, code, HTTP_AUTHORIZATION=nothing).status_code == 401
    assert use(client, code).status_code == 200


def test_an_ended_sessions_token_is_401_and_the_code_still_works(client, anyone, eve, sign_in):
    code = fresh_code(anyone)
    client.post("/api/logout")
    assert use(client, code).status_code == 401
    assert User.objects.filter(proven_phone=PHONE).count() == 0
    assert use(sign_in(eve), code).json()["username"] == "eve"


def test_a_wrong_code_proves_nothing(client, anyone):
    code = fresh_code(anyone)
    answer = use(client, "000000" if code != "000000" else "000001")
    assert (answer.status_code, answer.json()) == (400, REFUSED)
    assert client.get("/api/users/me").json()["phone"] == "1234567890"


def test_a_phone_that_another_proved_cannot_be_proven(anyone, proven, eve, sign_in):
    stranger = sign_in(eve)
    answer = use(stranger, fresh_code(anyone))
    assert (answer.status_code, answer.json()) == (400, REFUSED)
    assert accounts() == {"john": PHONE}
    assert stranger.get("/api/users/me").json()["phone"] == ""


def test_nor_where_who_proved_it_is_inactive(anyone, proven, eve, sign_in):
    User.objects.filter(pk=proven.pk).update(is_active=False)
    assert use(sign_in(eve), fresh_code(anyone)).json() == REFUSED


def test_who_proves_a_new_phone_frees_the_old(client, anyone, proven):
    assert use(client, fresh_code(anyone, "+79990000001"), "+79990000001").status_code == 200
    assert accounts() == {}
    assert enter(anyone).json()["created"] is True


def test_who_proves_the_same_phone_again_keeps_it(client, anyone, proven):
    assert use(client, fresh_code(anyone)).json()["phone_verified"] is True
    assert accounts() == {"john": PHONE}


# Unproven copies


@pytest.mark.django_db(transaction=True)
def test_proving_clears_unproven_copies_and_the_list_shows_it_at_once(client, anyone, alice, person, sign_in):
    for name in ("bob", "mallory"):
        person(name, phone=PHONE)
    staff = sign_in(person("sam", is_staff=True))
    assert [shown["phone"] for shown in staff.get("/api/users/").json()].count(PHONE) == 2
    assert use(client, fresh_code(anyone)).status_code == 200
    phones = {shown["username"]: shown["phone"] for shown in staff.get("/api/users/").json()}
    assert phones == {"alice": alice.phone, "john": PHONE, "bob": "", "mallory": "", "sam": ""}


def test_a_sign_in_that_makes_an_account_clears_them_too(anyone, person):
    person("mallory", phone=PHONE, is_active=False)
    name = enter(anyone).json()["user"]["username"]
    assert accounts() == {name: PHONE}


def test_a_wrong_code_clears_nothing(anyone, person):
    person("mallory", phone=PHONE)
    code = fresh_code(anyone)
    use(anyone, "000000" if code != "000000" else "000001")
    assert accounts() == {"mallory": ""}


def test_other_phones_stay_as_they_are(client, anyone, alice, person):
    bob = person("bob")
    bob.prove_phone("+79990000001")
    use(client, fresh_code(anyone))
    assert accounts("+79990000001") == {"bob": "+79990000001"}
    assert accounts(alice.phone) == {"alice": ""}


def test_another_may_write_a_proven_phone_down_and_hears_nothing(anyone, proven, eve, sign_in):
    stranger = sign_in(eve)
    answer = stranger.patch("/api/users/me", {"phone": PHONE})
    assert (answer.status_code, answer.json()["phone"], answer.json()["phone_verified"]) == (200, PHONE, False)
    made = anyone.post("/api/registration", {"username": "bob", "password": PASSWORD, "phone": PHONE})
    assert (made.status_code, made.json()["phone"], made.json()["phone_verified"]) == (201, PHONE, False)
    assert enter(anyone).json()["user"]["username"] == "john"


# Changing


def test_changing_the_phone_unproves_it(client, anyone, proven):
    shown = client.patch("/api/users/me", {"phone": "+79990000001"}).json()
    assert (shown["phone"], shown["phone_verified"]) == ("+79990000001", False)
    assert enter(anyone).json()["created"] is True
    assert enter(anyone, "+79990000001").json()["created"] is True


@pytest.mark.parametrize("phone", ["", None])
def test_removing_the_phone_unproves_it(client, proven, phone):
    shown = client.patch("/api/users/me", {"phone": phone}).json()
    assert (shown["phone"], shown["phone_verified"]) == ("", False)
    assert User.objects.get(pk=proven.pk).proven_phone == ""


@pytest.mark.parametrize("written", [PHONE, "+7 (999) 111-22-34", "+7.999.111.22.34"])
def test_sending_the_same_phone_again_keeps_it_proven(client, proven, written):
    assert client.patch("/api/users/me", {"phone": written, "first_name": "John"}).json()["phone_verified"] is True


def test_sending_ones_own_card_back_keeps_it_proven(client, proven):
    card = client.get("/api/users/me").json()
    assert client.put("/api/users/me", card).json() == card
    assert card["phone_verified"] is True


def test_changing_back_does_not_prove_it_again(client, proven):
    for phone in ("+79990000001", PHONE):
        shown = client.patch("/api/users/me", {"phone": phone}).json()
    assert shown["phone_verified"] is False


@pytest.mark.parametrize("field", ["phone_verified", "proven_phone"])
def test_nobody_proves_by_saying_so(client, anyone, field):
    given = {field: PHONE if field == "proven_phone" else True, "phone": PHONE}
    assert client.patch("/api/users/me", given).json()["phone_verified"] is False
    made = anyone.post("/api/registration", {"username": "bob", "password": PASSWORD} | given).json()
    assert made["phone_verified"] is False
    assert set(accounts().values()) == {""}


def test_deleting_the_account_frees_the_phone(client, anyone, proven):
    assert client.delete("/api/users/me").status_code == 204
    shown = enter(anyone).json()
    assert shown["created"] is True
    assert accounts() == {shown["user"]["username"]: PHONE}


# In the shell


def test_the_shell_keeps_what_is_proven_equal_to_what_is_said(proven, alice):
    other = "+79990000001"
    for change in (
        lambda: User.objects.filter(pk=proven.pk).update(phone=other),
        lambda: User.objects.bulk_update([User(pk=proven.pk, username="john", phone=other)], ["phone"]),
        lambda: proven.save(),
        lambda: proven.save(update_fields=["phone"]),
    ):
        proven.prove_phone(PHONE)
        proven.phone = other
        change()
        assert User.objects.filter(pk=proven.pk).values_list("phone", "proven_phone").get() == (other, "")


@pytest.mark.parametrize("value", [PHONE, "+79990000001"])
def test_the_database_takes_no_other_proof(proven, eve, value):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=eve.pk).update(proven_phone=value)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=eve.pk).update(phone=PHONE, proven_phone=PHONE)
    assert accounts() == {"john": PHONE}


def test_a_save_of_something_else_leaves_the_proof(proven):
    stale = User.objects.get(pk=proven.pk)
    stale.first_name = "John"
    stale.save(update_fields=["first_name"])
    stale.save()
    User.objects.filter(pk=proven.pk).update(first_name="J.")
    assert accounts() == {"john": PHONE}


# By password


@pytest.mark.parametrize("phone", [PHONE, "+7 (999) 111-22-34", "+7.999.111.22.34"])
def test_a_proven_phone_may_stand_in_place_of_the_name(anyone, proven, phone):
    answer = by_phone(anyone, phone)
    assert answer.status_code == 200
    assert set(answer.json()) == {"refresh", "access"}
    assert me(answer.json()["access"])["username"] == "john"


def test_whoever_is_refused_by_phone_hears_the_same(anyone, proven, alice, person):
    person("gone", phone="+79990000001", proven_phone="+79990000001", is_active=False)
    refused = [
        by_phone(anyone, password="wrong"),
        by_phone(anyone, alice.phone),
        by_phone(anyone, "+79990000001"),
        by_phone(anyone, "+79990000002"),
    ]
    assert [(answer.status_code, answer.json()) for answer in refused] == [(401, NO_ACCOUNT)] * 4
    assert not Session.objects.exists()


def test_a_proven_phone_that_was_changed_signs_in_no_more(client, anyone, proven):
    client.patch("/api/users/me", {"phone": "+79990000001"})
    assert by_phone(anyone).status_code == by_phone(anyone, "+79990000001").status_code == 401


@pytest.mark.parametrize("phone", ["", None, 7, [], {}, "nonsense", "1" * 65, True])
def test_a_phone_that_is_none_is_400(anyone, proven, phone):
    answer = by_phone(anyone, phone)
    assert answer.status_code == 400
    assert set(answer.json()) == {"phone"}


@pytest.mark.parametrize("other", ["username", "email"])
def test_a_phone_and_another_name_are_too_many(anyone, proven, other):
    given = {"phone": PHONE, "password": PASSWORD, other: "john@example.com"}
    assert anyone.post("/api/login", given).status_code == 400


def test_a_phone_does_not_stand_in_the_place_of_a_name(anyone, proven):
    assert anyone.post("/api/login", {"username": PHONE, "password": PASSWORD}).status_code == 401


def test_somebody_who_saves_what_they_read_before_undoes_no_proof(john):
    stale = User.objects.get(pk=john.pk)
    john.prove_email("john@example.com", 0)
    stale.first_name = "John"
    stale.save()
    stale.refresh_from_db()
    assert (stale.first_name, stale.email_verified, stale.email_proofs) == ("John", True, 1)


def test_saving_another_number_over_a_proof_that_was_not_known_ends_it(john):
    stale = User.objects.get(pk=john.pk)
    john.prove_phone("+79991110033")
    stale.phone = "12345"
    stale.save()
    stale.refresh_from_db()
    assert (stale.phone, stale.phone_verified) == ("12345", False)


def test_who_was_deactivated_meanwhile_proves_nothing(john):
    User.objects.filter(pk=john.pk).update(is_active=False)
    with pytest.raises(ValidationError):
        john.prove_phone("+79991110033")
    assert not User.objects.exclude(proven_phone="").exists()
