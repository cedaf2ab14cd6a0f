"""The list comes from a cache, and nobody can tell but by the clock."""

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from users.models import User
from users.tests.pages import names

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def alices(sign_in, alice):
    """Alice's client, who sees john's contacts."""
    return sign_in(alice)


def statements(client, path="/api/users/") -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return [query["sql"] for query in captured.captured_queries]


def test_a_page_that_was_read_costs_nothing(client):
    client.get("/api/users/")
    assert statements(client) == []


def test_a_page_is_kept_for_all_viewers(client, sign_in, eve):
    stranger = sign_in(eve)
    client.get("/api/users/")
    assert len(statements(stranger)) == 1


def test_a_parameter_that_means_nothing_makes_no_page_of_its_own(client):
    client.get("/api/users/?x=1")
    assert statements(client, "/api/users/?x=2&page_size=100") == []


def test_no_page_lives_longer_than_30_seconds(client):
    client.get("/api/users/")
    pages = [key for key in cache.keys("list:*") if key != "list:generation"]
    assert len(pages) == 1
    assert 0 < cache.ttl(pages[0]) <= 30


@pytest.mark.parametrize(
    "path",
    ["/api/users/?page_size=1", "/api/users/?after=1", "/api/users/?search=j", "/api/users/?is_mentor=true", "/api/users/?mentor=alice"],
)
def test_another_page_is_not_taken_for_the_first(client, path):
    everybody = client.get("/api/users/")
    fresh = client.get(path).json()
    assert client.get(path).json() == fresh
    assert client.get("/api/users/").json() == everybody.json()


def test_a_search_for_a_number_is_not_a_page_behind_an_id(client, person, alice):
    by_id, by_name = f"/api/users/?after={alice.pk}", f"/api/users/?search=j&after={alice.pk}"
    assert names(client.get(by_id)) == ["john"]
    assert names(client.get(by_name)) == ["john"]
    assert names(client.get(f"/api/users/?before={alice.pk}")) == []
    assert names(client.get(f"/api/users/?search=j&before={alice.pk}")) == []


# Never stale

CHANGES = {
    "save": lambda john, eve, alice: (setattr(john, "phone", "7777777"), john.save()),
    "save of one field": lambda john, eve, alice: (setattr(john, "email", "j@example.com"), john.save(update_fields=["email"])),
    "a new name": lambda john, eve, alice: User.objects.filter(pk=john.pk).update(username="johnny"),
    "a new phone": lambda john, eve, alice: User.objects.filter(pk=john.pk).update(phone="7777777"),
    "update of many": lambda john, eve, alice: User.objects.update(is_mentor=True),
    "bulk_update": lambda john, eve, alice: (setattr(john, "phone", "7777777"), User.objects.bulk_update([john], ["phone"])),
    "bulk_create": lambda john, eve, alice: User.objects.bulk_create([User(username="bob")]),
    "create": lambda john, eve, alice: User.objects.create_user("bob"),
    "delete": lambda john, eve, alice: john.delete(),
    "delete of a mentor": lambda john, eve, alice: User.objects.get(pk=alice.pk).delete(),
    "delete of many": lambda john, eve, alice: User.objects.filter(username="eve").delete(),
    "deactivation": lambda john, eve, alice: User.objects.filter(pk=eve.pk).update(is_active=False),
    "choosing": lambda john, eve, alice: eve.choose_mentor(alice),
    "leaving": lambda john, eve, alice: john.leave_mentor(),
    "taking on": lambda john, eve, alice: alice.take_on(eve),
    "letting go": lambda john, eve, alice: alice.release(john),
    "letting go by the related manager": lambda john, eve, alice: alice.mentees.clear(),
    "stepping down": lambda john, eve, alice: alice.step_down(),
    "many stepping down": lambda john, eve, alice: User.objects.step_down(),
    "becoming a mentor": lambda john, eve, alice: eve.become_mentor(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_the_next_list_shows_a_change_made_by(sign_in, person, settings, john, eve, alice, change):
    settings.CONTACTS_VISIBLE_TO = "everyone"
    client = sign_in(person("zoe"))
    before = client.get("/api/users/").json()
    change(john, eve, alice)
    after = client.get("/api/users/").json()
    assert after != before
    cache.clear()
    assert client.get("/api/users/").json() == after


@pytest.mark.parametrize(
    "change",
    [{"username": "johnny"}, {"phone": "7777777"}, {"email": "j@example.com"}, {"is_mentor": True}, {"mentor": None}, {"mentor": "bob"}],
)
def test_the_next_list_shows_a_patch(client, person, alices, change):
    person("bob", is_mentor=True)
    alices.get("/api/users/")
    assert client.patch("/api/users/me", change).status_code == 200
    for viewer in (client, alices):
        shown = viewer.get("/api/users/").json()
        cache.clear()
        assert viewer.get("/api/users/").json() == shown
    assert client.get("/api/users/").json()[1] | change == client.get("/api/users/").json()[1]


def test_the_next_list_shows_who_registered_and_not_who_left(client, anyone, sign_in):
    client.get("/api/users/")
    anyone.post("/api/registration", {"username": "bob", "password": "correct horse battery"})
    assert names(client.get("/api/users/")) == ["alice", "john", "bob"]
    sign_in(User.objects.get(username="bob")).delete("/api/users/me")
    assert names(client.get("/api/users/")) == ["alice", "john"]


def test_what_was_rolled_back_is_not_shown(client):
    client.get("/api/users/")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        User.objects.create_user("bob")
        raise ZeroDivisionError
    assert names(client.get("/api/users/")) == ["alice", "john"]


def test_who_reads_in_a_transaction_of_their_own_leaves_no_page_of_it(client):
    with transaction.atomic():
        User.objects.create_user("bob")
        client.get("/api/users/")
        transaction.set_rollback(True)
    User.objects.create_user("carol")
    assert names(client.get("/api/users/")) == ["alice", "john", "carol"]


def test_what_the_list_does_not_show_leaves_its_pages(client):
    client.patch("/api/users/me", {"first_name": "John"})
    client.get("/api/users/")
    client.patch("/api/users/me", {"last_name": "Stone"})
    assert statements(client) == []


def test_signing_in_leaves_its_pages(client, sign_in, john):
    client.get("/api/users/")
    sign_in(john)
    assert statements(client) == []


def test_an_emptied_cache_is_filled_anew(client):
    client.get("/api/users/")
    cache.clear()
    assert names(client.get("/api/users/")) == ["alice", "john"]
    assert statements(client) == []


# The right viewer


def test_staffs_page_is_for_staff(client, sign_in, sam, person):
    person("gone", is_active=False)
    staff = sign_in(sam)
    assert names(staff.get("/api/users/")) == ["alice", "john", "sam", "gone"]
    assert names(client.get("/api/users/")) == ["alice", "john", "sam"]
    assert names(staff.get("/api/users/")) == ["alice", "john", "sam", "gone"]


def test_contacts_in_a_page_are_for_who_may_see_them(client, alices, sign_in, eve):
    stranger = sign_in(eve)
    for viewer, sees in ((alices, "1234567890"), (stranger, None), (client, "1234567890"), (stranger, None), (alices, "1234567890")):
        assert viewer.get("/api/users/").json()[1]["phone"] == sees


def test_who_is_taken_on_sees_the_mentor_at_once_and_who_is_let_go_no_more(client, alice, john):
    assert client.get("/api/users/").json()[0]["phone"] is None
    alice.take_on(john)
    assert client.get("/api/users/").json()[0]["phone"] == alice.phone
    alice.release(john)
    assert client.get("/api/users/").json()[0]["phone"] is None
