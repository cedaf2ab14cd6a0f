"""Changing what is one's own, with PATCH or PUT."""

import threading
from contextlib import nullcontext

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Upper
from django.db.models.signals import post_save
from django.utils.translation import gettext_lazy

from conftest import PASSWORD
from users.models import User
from users.saving import _overwrite_texts
from users.tests.truth import assert_links_are_true, mentor_of

every_method = pytest.mark.parametrize("method", ["patch", "put"])


@pytest.fixture
def phone(sign_in, john):
    """John's other session."""
    return sign_in(john)


def stored(user) -> dict:
    return User.objects.filter(pk=user.pk).values().get()


@every_method
@pytest.mark.parametrize(
    ("given", "shown"),
    [({"username": "Johnny"}, {"username": "Johnny"}), ({"username": "JOHN"}, {"username": "JOHN"}), ({"username": "ｊｊ"}, {"username": "jj"}),
     ({"email": "New@Example.com"}, {"email": "New@Example.com"}), ({"email": ""}, {"email": ""}),
     ({"phone": "+7 (999) 999-99-99"}, {"phone": "+79999999999"}), ({"phone": ""}, {"phone": ""}), ({"phone": None}, {"phone": ""}),
     ({"first_name": " John "}, {"first_name": " John "}), ({"last_name": ""}, {"last_name": ""}), ({"is_mentor": True}, {"is_mentor": True}),
     ({"mentor": ""}, {"mentor": None, "mentor_username": None}), ({"mentor": None}, {"mentor": None, "mentor_username": None}),
     ({"mentor_username": None}, {"mentor": None, "mentor_username": None}), ({"mentor": "BOB"}, {"mentor": "bob", "mentor_username": "bob"}),
     ({"mentor_username": "bob"}, {"mentor": "bob", "mentor_username": "bob"}), ({"mentor": "bob", "mentor_username": "Bob"}, {"mentor": "bob"})],
)  # fmt: skip
def test_each_value_of_ones_own_can_be_changed_and_the_rest_stays(client, john, person, method, given, shown):
    person("bob", is_mentor=True)
    before = client.get("/api/users/me/").json()
    answer = getattr(client, method)("/api/users/me/", given)
    assert answer.status_code == 200
    assert answer.json() == before | {"mentor_username": shown.get("mentor", before["mentor"])} | shown
    assert client.get("/api/users/me/").json() == answer.json()
    assert_links_are_true()


@pytest.mark.parametrize("path", ["/api/users/me/", "/api/users/john/", "/api/users/JOHN/", "/api/users/{id}/"])
def test_one_is_oneself_by_any_path(client, john, path):
    assert client.patch(path.format(id=john.pk), {"first_name": "J"}).status_code == 200


@every_method
def test_nothing_sent_changes_nothing(client, john, method):
    before = stored(john)
    assert getattr(client, method)("/api/users/me/", {}).status_code == 200
    assert stored(john) == before


@every_method
def test_ones_own_card_can_be_sent_back_unchanged(client, john, alice, phone, method):
    alice.take_on(john)
    before = stored(john)
    card = client.get("/api/users/me/").json()
    assert getattr(client, method)("/api/users/me/", card).json() == card
    assert stored(john) == before
    assert phone.get("/api/users/me").status_code == 200


@pytest.mark.parametrize(
    "field", ["id", "is_staff", "is_superuser", "is_active", "mentees", "mentees_count", "taken_on_by", "username_key", "last_login", "unknown"],
)  # fmt: skip
def test_what_is_not_ones_own_is_ignored_and_nothing_changes(client, john, field):
    before = stored(john)
    for value in (7, True, False, None, "x", ["eve"], {"a": 1}):
        assert client.patch("/api/users/me/", {field: value}).status_code == 200
    assert stored(john) == before


@every_method
@pytest.mark.parametrize("signed_in_as", ["john", "sam"])
def test_anothers_is_403_and_nothing_changes(sign_in, john, eve, sam, method, signed_in_as):
    before = stored(eve)
    client = sign_in({"john": john, "sam": sam}[signed_in_as])
    for path in (f"/api/users/{eve.pk}/", "/api/users/eve/"):
        answer = getattr(client, method)(path, {"first_name": "Eve"})
        assert answer.status_code == 403
        assert set(answer.json()) == {"detail"}
    assert stored(eve) == before


@pytest.mark.parametrize("nobody", ["999999", "nobody", "gone"])
def test_nobodys_is_404(client, person, nobody):
    person("gone", is_active=False)
    assert client.patch(f"/api/users/{nobody}/", {"first_name": "X"}).status_code == 404


def test_it_needs_a_token(anyone, john):
    assert anyone.patch("/api/users/john/", {"first_name": "X"}).status_code == 401


@pytest.mark.parametrize(
    ("given", "field"),
    [({"username": "ALICE"}, "username"), ({"username": ""}, "username"), ({"username": "me"}, "username"), ({"username": None}, "username"),
     ({"email": "x"}, "email"), ({"email": 7}, "email"), ({"phone": "x"}, "phone"), ({"first_name": None}, "first_name"),
     ({"first_name": "x" * 151}, "first_name"), ({"last_name": ["x"]}, "last_name"), ({"is_mentor": None}, "is_mentor"),
     ({"is_mentor": "perhaps"}, "is_mentor"), ({"password": ""}, "password"), ({"password": None}, "password"), ({"password": "x" * 1025}, "password"),
     ({"mentor": "john"}, "mentor"), ({"mentor": "eve"}, "mentor"), ({"mentor": "nobody"}, "mentor"), ({"mentor": "gone"}, "mentor"),
     ({"mentor": 7}, "mentor"), ({"mentor_username": "eve"}, "mentor_username"), ({"mentor": "alice", "mentor_username": "bob"}, "mentor"),
     ({"mentor": "alice", "mentor_username": None}, "mentor"), ({"old_password": "wrong"}, "old_password"), ({"old_password": 7}, "old_password")],
)  # fmt: skip
def test_a_value_that_will_not_do_is_400_by_its_field_and_nothing_changes(client, john, eve, person, given, field):
    person("bob", is_mentor=True)
    person("gone", is_mentor=True, is_active=False)
    before = stored(john)
    answer = client.patch("/api/users/me/", {"last_name": "Changed"} | given)
    assert answer.status_code == 400
    assert set(answer.json()) == {field}
    assert stored(john) == before


def test_the_refusal_of_a_mentor_says_what_would_help(client, eve):
    [why] = client.patch("/api/users/me/", {"mentor": "EVE"}).json()["mentor"]
    assert why == 'eve is not a mentor; eve can become one with PATCH /api/users/me/ {"is_mentor": true}'


# The password


def test_a_new_password_signs_in_and_ends_all_other_sessions(client, phone, anyone):
    answer = client.patch("/api/users/me/", {"password": " new and long ", "old_password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json()["password"] == "********"
    assert (client.get("/api/users/me").status_code, phone.get("/api/users/me").status_code) == (200, 401)
    assert anyone.post("/api/token/refresh", {"refresh": client.refresh}).status_code == 200
    assert anyone.post("/api/login", {"username": "john", "password": " new and long "}).status_code == 200


def test_the_old_password_need_not_be_given(client):
    assert client.patch("/api/users/me/", {"password": "new and long"}).status_code == 200


def test_a_wrong_old_password_changes_nothing(client, john, phone):
    before = stored(john)
    assert client.patch("/api/users/me/", {"password": "new and long", "old_password": "wrong"}).status_code == 400
    assert stored(john) == before
    assert phone.get("/api/users/me").status_code == 200


def test_the_mask_with_other_changes_leaves_the_password(client, anyone, phone):
    client.patch("/api/users/me/", {"password": "********", "first_name": "J"})
    assert anyone.post("/api/login", {"username": "john", "password": PASSWORD}).status_code == 200
    assert phone.get("/api/users/me").json()["first_name"] == "J"


@pytest.mark.parametrize("nearly", ["*******", "*********", "******** "])
def test_what_is_nearly_the_mask_is_a_password(client, anyone, nearly):
    assert client.patch("/api/users/me/", {"password": nearly}).status_code == 200
    assert anyone.post("/api/login", {"username": "john", "password": nearly}).status_code == 200


def test_another_change_ends_no_session(client, phone):
    client.patch("/api/users/me/", {"username": "johnny", "email": "new@example.com"})
    assert phone.get("/api/users/me").json()["username"] == "johnny"


# Being a mentor


def test_who_ends_being_a_mentor_releases_all(sign_in, alice, john):
    shown = sign_in(alice).patch("/api/users/me/", {"is_mentor": False}).json()
    assert (shown["is_mentor"], shown["mentees"], shown["mentees_count"]) == (False, [], 0)
    assert mentor_of(john) is None


def test_who_said_so_already_changes_nothing(sign_in, alice, john):
    sign_in(alice).patch("/api/users/me/", {"is_mentor": True})
    assert mentor_of(john) == "alice"


# Two at once


def while_another_holds(work, write):
    """What `work()` gives when it starts while another transaction has done `write()` and commits a quarter of a second later."""
    done, wrote = threading.Event(), threading.Event()

    def other():
        with transaction.atomic():
            write()
            wrote.set()
            done.wait(0.25)
        connection.close()

    thread = threading.Thread(target=other)
    thread.start()
    wrote.wait(10)
    outcome = work()
    thread.join()
    return outcome


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", [{"first_name": "J"}, {"mentor": None}, {"password": "new and long"}, {"username": "johnny"}])
def test_who_is_deleted_at_that_moment_is_404(client, john, change):
    answer = while_another_holds(lambda: client.patch("/api/users/me/", change), lambda: User.objects.get(pk=john.pk).delete())
    assert answer.status_code == 404
    assert not User.objects.filter(username__in=["john", "johnny"]).exists()


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("cease", [lambda bob: bob.step_down(), lambda bob: User.objects.get(pk=bob.pk).delete()])
def test_a_mentor_who_ceases_to_be_one_at_that_moment_is_400(client, john, person, cease):
    bob = person("bob", is_mentor=True)
    answer = while_another_holds(lambda: client.patch("/api/users/me/", {"mentor": "bob"}), lambda: cease(bob))
    assert answer.status_code == 400
    assert set(answer.json()) == {"mentor"}
    assert mentor_of(john) == "alice"


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_two_fields_changed_at_once_are_both_kept(client, phone, john):
    while_another_holds(
        lambda: client.patch("/api/users/me/", {"first_name": "J"}),
        lambda: phone.patch("/api/users/me/", {"last_name": "S"}),
    )
    assert (stored(john)["first_name"], stored(john)["last_name"]) == ("J", "S")


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_a_name_taken_at_that_moment_is_the_ordinary_400(client, john):
    answer = while_another_holds(lambda: client.patch("/api/users/me/", {"username": "bob"}), lambda: User.objects.create_user("Bob"))
    assert answer.status_code == 400
    assert answer.json() == {"username": ["A user with that user name already exists."]}


def test_who_listens_to_saves_hears_of_a_change_too(client, john):
    """A change of texts goes past Django's own save() where nobody listens."""
    heard = []

    def listen(instance, **_):
        heard.append(instance.phone)

    post_save.connect(listen, sender=User)
    try:
        assert client.patch("/api/users/me", {"phone": "7777777"}).json()["phone"] == "7777777"
    finally:
        post_save.disconnect(listen, sender=User)
    assert client.patch("/api/users/me", {"phone": "8888888"}).json()["phone"] == "8888888"
    assert heard == ["7777777"]


@pytest.mark.parametrize("odd", [None, 7, Upper("first_name"), gettext_lazy("Yes")], ids=["none", "number", "expression", "lazy text"])
def test_what_is_no_plain_text_is_saved_as_django_does_and_leaves_no_trace(john, odd):
    """Statements for texts are compiled once a process: by what comes first."""
    _overwrite_texts.cache_clear()
    john.first_name = odd
    with pytest.raises(IntegrityError) if odd is None else nullcontext(), transaction.atomic():
        john.save(update_fields=["first_name"])
    for name in ("Good", "Better"):
        john.first_name = name
        john.save(update_fields=["first_name"])
        assert stored(john)["first_name"] == name
