"""Who sees whose phone and email, in the list and in the detail alike."""

import pytest

from users.models import User

HIDDEN = (None, None)


@pytest.fixture
def cast(alice, john, eve, sam, person):
    """Carl is a mentee whom alice took on; eve is a stranger; sam is staff."""
    carl = person("carl", email="carl@example.com", phone="5555555")
    alice.take_on(carl)
    return {user.username: user for user in (alice, john, eve, sam, carl)}


def contacts(client, user) -> tuple:
    """(phone, email) as the client sees them: the list and the detail agree."""
    [listed] = [shown for shown in client.get("/api/users/").json() if shown["id"] == user.pk]
    detailed = client.get(f"/api/users/{user.pk}").json()
    assert (listed["phone"], listed["email"]) == (detailed["phone"], detailed["email"])
    return listed["phone"], listed["email"]


@pytest.mark.parametrize(
    ("viewer", "owner", "sees"),
    [("john", "john", True), ("alice", "alice", True), ("alice", "john", True), ("alice", "carl", True), ("sam", "alice", True), ("sam", "john", True),
     ("carl", "alice", True), ("john", "alice", False), ("john", "carl", False), ("carl", "john", False), ("eve", "alice", False),
     ("eve", "john", False), ("eve", "carl", False)],
)  # fmt: skip
def test_who_sees_whose(cast, sign_in, viewer, owner, sees):
    owner = cast[owner]
    assert contacts(sign_in(cast[viewer]), owner) == ((owner.phone, owner.email) if sees else HIDDEN)


def test_a_mentors_list_of_mentees_shows_them_to_the_mentor_alone(cast, sign_in):
    path = f"/api/users/{cast['alice'].pk}/mentees"
    assert [shown["phone"] for shown in sign_in(cast["alice"]).get(path).json()] == ["1234567890", "5555555"]
    assert [shown["phone"] for shown in sign_in(cast["carl"]).get(path).json()] == [None, "5555555"]
    assert [shown["phone"] for shown in sign_in(cast["eve"]).get(path).json()] == [None, None]


def test_a_former_mentor_sees_them_no_more(cast, sign_in):
    alice = sign_in(cast["alice"])
    cast["john"].leave_mentor()
    assert contacts(alice, cast["john"]) == HIDDEN


def test_who_was_let_go_and_chooses_again_was_not_taken_on(cast, sign_in):
    carl = sign_in(cast["carl"])
    cast["alice"].release(cast["carl"])
    assert contacts(carl, cast["alice"]) == HIDDEN
    assert carl.patch("/api/users/me", {"mentor": "alice"}).status_code == 200
    assert contacts(carl, cast["alice"]) == HIDDEN


def test_who_leaves_and_chooses_again_was_not_taken_on(cast, sign_in):
    carl = sign_in(cast["carl"])
    carl.patch("/api/users/me", {"mentor": None})
    carl.patch("/api/users/me", {"mentor": "alice"})
    assert contacts(carl, cast["alice"]) == HIDDEN


def test_who_names_the_same_mentor_again_stays_taken_on(cast, sign_in):
    carl = sign_in(cast["carl"])
    assert carl.patch("/api/users/me", {"mentor": "ALICE"}).status_code == 200
    assert contacts(carl, cast["alice"]) == (cast["alice"].phone, cast["alice"].email)


def test_an_agreement_does_not_pass_to_the_next_mentor(cast, sign_in, person):
    bob = person("bob", is_mentor=True, phone="77777777", email="bob@example.com")
    carl = sign_in(cast["carl"])
    carl.patch("/api/users/me", {"mentor": "bob"})
    assert contacts(carl, bob) == contacts(carl, cast["alice"]) == HIDDEN


def test_a_mentor_who_steps_down_and_returns_is_not_seen(cast, sign_in):
    alice, carl = sign_in(cast["alice"]), sign_in(cast["carl"])
    for is_mentor in (False, True):
        alice.patch("/api/users/me", {"is_mentor": is_mentor})
    carl.patch("/api/users/me", {"mentor": "alice"})
    assert contacts(carl, cast["alice"]) == HIDDEN


def test_two_who_chose_each_other_see_each_other(alice, person, sign_in):
    bob = person("bob", is_mentor=True, mentor=alice, phone="77777777")
    alice.choose_mentor(bob)
    assert contacts(sign_in(alice), bob) == ("77777777", "")
    assert contacts(sign_in(bob), alice) == (alice.phone, alice.email)


def test_nothing_is_hidden_where_the_setting_says_everyone(cast, sign_in, settings):
    settings.CONTACTS_VISIBLE_TO = "everyone"
    assert contacts(sign_in(cast["eve"]), cast["john"]) == ("1234567890", "john@example.com")


def test_contacts_that_were_not_given_are_empty_and_hidden_ones_null(cast, sign_in):
    assert contacts(sign_in(cast["eve"]), cast["eve"]) == ("", "")
    assert contacts(sign_in(cast["john"]), cast["eve"]) == HIDDEN


def test_contacts_cannot_be_searched_for(client, alice):
    queries = ("email=alice@example.com", "phone=nobody", "search=alice@example.com")
    assert [len(client.get(f"/api/users/?{query}").json()) for query in queries] == [2, 2, 0]


def test_a_cached_page_shows_each_viewer_their_own(cast, sign_in):
    clients = {name: sign_in(user) for name, user in cast.items()}
    for _ in range(2):
        listed = {name: client.get("/api/users/").json() for name, client in clients.items()}
        seen = {name: {shown["username"] for shown in page if shown["phone"] is not None} for name, page in listed.items()}
        assert seen == {"alice": {"alice", "john", "carl"}, "john": {"john"}, "eve": {"eve"}, "carl": {"carl", "alice"}, "sam": set(cast)}
    assert User.objects.count() == 5
