"""Invite codes: everybody has one, everybody can be invited once, and a mentor's invite brings a mentee."""

import re

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from conftest import PASSWORD
from users.models import User

HOUR = 3600
UNKNOWN = {"invite_code": ["There is no such invite code, or it is your own."]}
ALREADY = {"invite_code": ["You have been invited already."]}


def register(anyone, code, username="bob", **fields):
    return anyone.post("/api/registration", {"username": username, "password": PASSWORD, "invite_code": code, **fields})


def redeem(client, code, **headers):
    return client.post("/api/users/me/invite", {"invite_code": code}, **headers)


def nobodys() -> str:
    """A code that nobody has."""
    taken = set(User.objects.values_list("invite_code", flat=True))
    return next(code for number in range(1000) if (code := f"QQ{number:04}") not in taken)


@pytest.fixture
def carl(person):
    """A mentor's invitee to be: nobody's mentee."""
    return person("carl")


@pytest.fixture
def bob(person):
    """Another mentor."""
    return person("bob", is_mentor=True, email="bob@example.com", phone="+79990000001")


# Everybody has a code


def test_everybody_has_a_code_of_their_own(alice, john, eve, sam, anyone):
    made = [User.objects.create_user("created"), *User.objects.bulk_create([User(username=f"bulk{number}") for number in range(50)])]
    anyone.post("/api/registration", {"username": "registered", "password": PASSWORD})
    codes = list(User.objects.values_list("invite_code", flat=True))
    assert len(codes) == len(set(codes)) == 4 + len(made) + 1
    assert all(re.fullmatch("[A-Z0-9]{6}", code) for code in codes)


def test_who_is_made_in_the_admin_has_one_too(sam):
    browser = Client()
    browser.force_login(sam)
    browser.post("/admin/users/user/add/", {"username": "made", "password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"})
    assert re.fullmatch("[A-Z0-9]{6}", User.objects.get(username="made").invite_code)


def test_a_code_stays_whatever_changes(client, john):
    before = client.get("/api/users/me").json()["invite_code"]
    client.patch("/api/users/me", {"username": "johnny", "invite_code": "AAAAAA", "is_mentor": True})
    john.refresh_from_db()
    assert client.get("/api/users/me").json()["invite_code"] == before == john.invite_code


def test_a_code_that_somebody_has_is_drawn_anew(alice):
    """As if it had been drawn a second time."""
    one, other = User(username="one", invite_code=alice.invite_code), User(username="other", invite_code="AAAAAA")
    one.save()
    other.save()
    assert one.invite_code != alice.invite_code == User.objects.get(pk=alice.pk).invite_code
    assert other.invite_code == "AAAAAA"


# Redeeming


def test_an_invite_is_redeemed_at_registration(anyone, eve, sign_in):
    answer = register(anyone, eve.invite_code)
    assert answer.status_code == 201
    assert User.objects.get(username="bob").invited_by == eve
    shown = sign_in(eve).get("/api/users/me").json()
    assert (shown["invited"], shown["invited_count"]) == (["bob"], 1)


def test_an_invite_is_redeemed_later(client, john, eve):
    answer = redeem(client, eve.invite_code)
    assert answer.status_code == 200
    assert answer.json() == client.get("/api/users/me").json()
    john.refresh_from_db()
    assert john.invited_by == eve
    assert john.invited_at is not None


@pytest.mark.parametrize("path", ["/api/users/me/invite", "/api/users/me/invite/", "/api/v1/users/me/invite"])
def test_redeeming_is_one_thing_on_each_of_its_paths(client, eve, path):
    assert client.post(path, {"invite_code": eve.invite_code}).status_code == 200


@pytest.mark.parametrize(
    "write", [str.lower, str.upper, lambda code: f" {code} ", lambda code: "".join(chr(ord(c) + 0xFEE0) for c in code)]
)
def test_a_code_goes_in_any_case_and_form(client, anyone, eve, write):
    assert register(anyone, write(eve.invite_code)).status_code == 201
    assert redeem(client, write(eve.invite_code)).status_code == 200


@pytest.mark.parametrize("none", ["", None, " "])
def test_a_registration_without_a_code_is_nobodys_invite(anyone, db, none):
    assert register(anyone, none).status_code == 201
    assert User.objects.get().invited_at is None


def test_who_is_not_signed_in_redeems_nothing(anyone, eve):
    assert redeem(anyone, eve.invite_code).status_code == 401


def test_redeeming_is_for_oneself_alone(client, john, eve):
    for who in (eve.pk, "eve", john.pk, "john"):
        assert client.post(f"/api/users/{who}/invite", {"invite_code": eve.invite_code}).status_code == 404


def test_two_may_invite_each_other(client, john, eve, sign_in):
    assert redeem(client, eve.invite_code).status_code == 200
    assert redeem(sign_in(eve), john.invite_code).json()["invited"] == ["john"]


# The mentor rule


def test_a_mentors_invite_brings_a_mentee_who_sees_the_contacts(anyone, alice, sign_in):
    assert register(anyone, alice.invite_code).json()["mentor"] == "alice"
    newcomer, mentor = sign_in(User.objects.get(username="bob")), sign_in(alice)
    seen = newcomer.get(f"/api/users/{alice.pk}").json()
    assert (seen["phone"], seen["email"]) == (alice.phone, alice.email)
    assert mentor.get("/api/users/me").json()["mentees"] == ["bob"]


def test_so_does_one_that_is_redeemed_later(alice, carl, sign_in):
    client = sign_in(carl)
    assert client.get("/api/users/alice").json()["phone"] is None
    shown = redeem(client, alice.invite_code).json()
    assert shown["mentor"] == shown["mentor_username"] == "alice"
    assert client.get("/api/users/alice").json()["phone"] == alice.phone


@pytest.mark.django_db(transaction=True)
def test_the_list_shows_the_new_link_at_once(alice, carl, sign_in):
    client = sign_in(carl)
    client.get("/api/users/")
    redeem(client, alice.invite_code)
    shown = {user["username"]: user for user in client.get("/api/users/").json()}
    assert (shown["carl"]["mentor"], shown["alice"]["mentees"], shown["alice"]["mentees_count"]) == ("alice", ["carl"], 1)


def test_who_had_chosen_this_very_mentor_is_taken_on_now(client, alice):
    assert client.get("/api/users/alice").json()["phone"] is None
    assert redeem(client, alice.invite_code).json()["mentor"] == "alice"
    assert client.get("/api/users/alice").json()["phone"] == alice.phone
    alice.refresh_from_db()
    assert alice.mentees_count == 1


def test_so_is_who_chooses_this_very_mentor_while_registering(anyone, alice, sign_in):
    assert register(anyone, alice.invite_code, mentor="alice").json()["mentor"] == "alice"
    bob = sign_in(User.objects.get(username="bob"))
    assert bob.get("/api/users/alice").json()["phone"] == alice.phone


def test_who_has_another_mentor_keeps_them(client, alice, bob):
    assert redeem(client, bob.invite_code).json()["mentor"] == "alice"
    assert client.get("/api/users/bob").json()["phone"] is client.get("/api/users/alice").json()["phone"] is None
    assert list(bob.invited.values_list("username", flat=True)) == ["john"]


def test_who_chooses_another_mentor_while_registering_keeps_them(anyone, alice, bob):
    assert register(anyone, bob.invite_code, "newcomer", mentor="alice").json()["mentor"] == "alice"
    assert list(bob.invited.values_list("username", flat=True)) == ["newcomer"]


def test_an_inviter_who_is_no_mentor_becomes_none(eve, carl, sign_in):
    client = sign_in(carl)
    assert redeem(client, eve.invite_code).json()["mentor"] is None
    assert client.get("/api/users/eve").json()["phone"] is None
    eve.become_mentor()
    assert client.get("/api/users/me").json()["mentor"] is None


def test_a_mentor_who_steps_down_lets_invitees_go_and_has_invited_them_all_the_same(alice, carl, sign_in):
    client, mentor = sign_in(carl), sign_in(alice)
    redeem(client, alice.invite_code)
    mentor.patch("/api/users/me", {"is_mentor": False})
    assert client.get("/api/users/me").json()["mentor"] is None
    assert mentor.get("/api/users/me").json()["invited"] == ["carl"]


# Once


def test_everybody_is_invited_once(client, john, alice, eve):
    assert redeem(client, eve.invite_code).status_code == 200
    for code in (eve.invite_code, alice.invite_code):
        answer = redeem(client, code)
        assert (answer.status_code, answer.json()) == (400, ALREADY)
    john.refresh_from_db()
    assert (john.invited_by, john.was_taken_on()) == (eve, False)


def test_who_was_invited_at_registration_is_not_invited_later(anyone, alice, eve, sign_in):
    register(anyone, eve.invite_code)
    bob = sign_in(User.objects.get(username="bob"))
    assert redeem(bob, alice.invite_code).json() == ALREADY
    assert bob.get("/api/users/me").json()["mentor"] is None


def test_who_was_invited_learns_nothing_about_codes(client, john, alice, eve):
    redeem(client, eve.invite_code)
    answers = [redeem(client, code) for code in (alice.invite_code, john.invite_code, nobodys(), "x", "")]
    assert [answer.json() for answer in answers[:4]] == [ALREADY] * 4
    assert answers[4].status_code == 400


def test_once_is_once_when_the_inviter_is_gone(client, john, alice, eve):
    redeem(client, eve.invite_code)
    eve.delete()
    assert redeem(client, alice.invite_code).json() == ALREADY
    john.refresh_from_db()
    assert john.invited_by is None


# What is refused


@pytest.mark.parametrize("whose", ["nobody", "john", "gone"])
def test_a_code_of_nobody_of_oneself_and_of_an_inactive_user_are_refused_alike(client, john, person, whose):
    codes = {"nobody": nobodys(), "john": john.invite_code, "gone": person("gone", is_active=False, is_mentor=True).invite_code}
    before = list(User.objects.order_by("pk").values())
    answer = redeem(client, codes[whose])
    assert (answer.status_code, answer.json()) == (400, UNKNOWN)
    assert list(User.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("whose", ["nobody", "gone"])
def test_with_a_wrong_code_nobody_is_registered(anyone, alice, person, whose, mailoutbox):
    gone = person("gone", is_active=False, is_mentor=True)
    answer = register(anyone, gone.invite_code if whose == "gone" else nobodys(), email="bob@example.com", mentor="alice")
    assert (answer.status_code, answer.json()) == (400, UNKNOWN)
    assert not User.objects.filter(username="bob").exists()
    alice.refresh_from_db()
    assert (alice.mentees_count, mailoutbox) == (0, [])
    assert register(anyone, alice.invite_code).status_code == 201


def test_a_wrong_code_uses_nothing_up(client, eve):
    assert redeem(client, nobodys()).status_code == 400
    assert redeem(client, eve.invite_code).status_code == 200


# Who sees whom


def test_ones_own_card_names_the_first_hundred_and_counts_all(eve, person, sign_in):
    User.objects.bulk_create([User(username=f"guest{number:03}", invited_by=eve) for number in range(120)])
    shown = sign_in(eve).get("/api/users/me").json()
    assert shown["invited"] == [f"guest{number:03}" for number in range(100)]
    assert shown["invited_count"] == 120


def test_who_is_inactive_or_gone_is_neither_named_nor_counted(client, john, anyone):
    for name in ("one", "two", "three"):
        register(anyone, john.invite_code, name)
    User.objects.filter(username="one").update(is_active=False)
    User.objects.get(username="two").delete()
    shown = client.get("/api/users/me").json()
    assert (shown["invited"], shown["invited_count"]) == (["three"], 1)


def test_nobody_else_sees_an_invite_code_or_who_came(client, alice, eve, sign_in, sam):
    redeem(client, eve.invite_code)
    personal = {"invite_code", "invited", "invited_count", "invited_by", "invited_at"}
    for viewer in (client, sign_in(alice), sign_in(sam)):
        for shown in (viewer.get("/api/users/eve").json(), *viewer.get("/api/users/").json()):
            assert not personal & shown.keys()
            assert eve.invite_code not in str(shown)


def test_nobody_says_who_invited_them(client, anyone, eve, alice):
    client.patch("/api/users/me", {"invited_by": eve.pk, "invited_at": None, "invited": ["alice"]})
    register(anyone, eve.invite_code, invited_by=alice.pk)
    assert list(User.objects.filter(invited_by__isnull=False).values_list("username", "invited_by")) == [("bob", eve.pk)]


# Guessing


@pytest.fixture(params=[pytest.param("redis", marks=pytest.mark.servers), "process"])
def limited(request, settings):
    """The limit on wrong codes, which is 10 an hour, and no other."""
    settings.THROTTLES = settings.THROTTLES | {"invite": (10, HOUR)}
    if request.param == "process":
        settings.REDIS_URL = ""


project_settings_invite = (10, HOUR)


def test_wrong_codes_are_limited_by_user(client, eve, limited):
    wrong = nobodys()
    answers = [redeem(client, wrong, REMOTE_ADDR=f"10.0.0.{number}") for number in range(12)]
    assert [answer.status_code for answer in answers] == [400] * 10 + [429] * 2
    assert redeem(client, eve.invite_code, REMOTE_ADDR="10.0.1.1").status_code == 429


def test_wrong_codes_are_limited_by_address(client, eve, anyone, sign_in, limited):
    wrong, stranger = nobodys(), sign_in(eve)
    assert [redeem(client, wrong).status_code for _ in range(5)] == [400] * 5
    assert [register(anyone, wrong).status_code for _ in range(5)] == [400] * 5
    assert redeem(stranger, wrong).status_code == register(anyone, eve.invite_code).status_code == 429
    assert redeem(stranger, wrong, REMOTE_ADDR="10.0.0.2").status_code == 400
    assert not User.objects.filter(username="bob").exists()


def test_the_refusal_says_when_to_come_again(client, limited):
    wrong = nobodys()
    answers = [redeem(client, wrong) for _ in range(11)]
    assert [answer["RateLimit-Remaining"] for answer in answers] == [str(left) for left in range(9, -1, -1)] + ["0"]
    refused = answers[-1]
    assert HOUR - 60 <= int(refused["Retry-After"]) == int(refused["RateLimit-Reset"]) <= HOUR
    assert set(refused.json()) == {"detail"}


def test_a_forwarded_address_helps_nobody(anyone, alice, limited):
    answers = [register(anyone, nobodys(), HTTP_X_FORWARDED_FOR=f"10.0.0.{number}") for number in range(11)]
    assert [answer.status_code for answer in answers] == [400] * 10 + [429]


def test_what_was_refused_beyond_the_limit_of_an_address_does_not_count_for_the_user(client, anyone, eve, limited):
    wrong = nobodys()
    for _ in range(10):
        register(anyone, wrong)
    assert [redeem(client, eve.invite_code).status_code for _ in range(11)] == [429] * 11
    assert redeem(client, eve.invite_code, REMOTE_ADDR="10.0.0.2").status_code == 200


def test_right_codes_do_not_count(anyone, eve, limited):
    assert [register(anyone, eve.invite_code, f"guest{number}").status_code for number in range(12)] == [201] * 12
    assert register(anyone, nobodys()).status_code == 400


def test_who_was_invited_is_not_counted_for_asking_again(client, eve, limited):
    assert [redeem(client, eve.invite_code).status_code for _ in range(13)] == [200] + [400] * 12


def test_a_registration_that_fails_otherwise_is_no_guess(anyone, eve, limited):
    """Nor does it tell whether the code was right."""
    answers = [register(anyone, code, "eve") for code in (eve.invite_code, nobodys()) for _ in range(6)]
    assert {answer.content for answer in answers} == {b'{"username":["A user with that user name already exists."]}'}
    assert register(anyone, eve.invite_code).status_code == 201


def test_somebody_who_saves_what_they_read_before_undoes_no_invite(alice, eve):
    stale = User.objects.get(pk=eve.pk)
    eve.accept_invite(alice.invite_code)
    stale.first_name = "Eve"
    stale.save()
    stale.refresh_from_db()
    assert (stale.first_name, stale.invited_by, stale.invited_at is None) == ("Eve", alice, False)


def test_nor_does_the_invitee_who_saves_the_object_that_accepted_it(alice, eve):
    eve.accept_invite(alice.invite_code)
    eve.first_name = "Eve"
    eve.save()
    eve.refresh_from_db()
    assert (eve.first_name, eve.mentor, eve.was_taken_on(), eve.invited_by, eve.invited_at is None) == ("Eve", alice, True, alice, False)
    alice.refresh_from_db()
    assert alice.mentees_count == 1


def test_the_object_that_accepted_it_knows_what_was_written(alice, john, eve, bob):
    """The mentor only where the invite changed it: john has chosen alice before."""
    eve.accept_invite(alice.invite_code)
    john.accept_invite(bob.invite_code)
    for invitee in (eve, john):
        stored = User.objects.get(pk=invitee.pk)
        fields = ("mentor", "taken_on_by", "invited_by", "invited_at")
        assert [getattr(invitee, field) for field in fields] == [getattr(stored, field) for field in fields]
        assert stored.invited_at is not None


@pytest.mark.parametrize("code", ["another's", "nobody's"])
def test_an_object_read_before_another_was_invited_by_learns_nothing_about_codes_either(alice, eve, bob, code):
    stale = User.objects.get(pk=eve.pk)
    eve.accept_invite(alice.invite_code)
    with pytest.raises(ValidationError) as refused:
        stale.accept_invite(bob.invite_code if code == "another's" else nobodys())
    assert refused.value.message_dict == ALREADY
    assert (stale.invited_by, stale.mentor) == (None, None)
