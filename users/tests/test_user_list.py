"""The list of users: pages by id, filters, search by the start of a name."""

from urllib.parse import quote

import pytest

from users.models import User
from users.tests.pages import links_of, names, walk


@pytest.fixture
def seven(person, client):
    """With alice and john: seven people, whose ids go up."""
    for name in ("bob", "carol", "dave", "erin", "frank"):
        person(name)
    return ["alice", "john", "bob", "carol", "dave", "erin", "frank"]


def test_a_user_looks_like_this(client, john, alice):
    answer = client.get("/api/users/")
    assert answer.status_code == 200
    assert answer.json()[1] == {
        "id": john.pk, "username": "john", "is_mentor": False, "phone": "1234567890", "email": "john@example.com",
        "mentees": [], "mentees_count": 0, "mentor": "alice", "mentor_username": "alice",
    }  # fmt: skip


def test_a_mentor_is_shown_with_their_mentees(client, alice):
    shown = client.get("/api/users/").json()[0]
    assert (shown["username"], shown["mentees"], shown["mentees_count"]) == ("alice", ["john"], 1)


def test_it_goes_by_id(client, seven):
    assert names(client.get("/api/users/")) == seven


def test_it_needs_a_token(anyone, db):
    assert anyone.get("/api/users/").status_code == 401


def test_the_inactive_are_not_shown(client, person, alice):
    person("gone", mentor=alice, is_active=False)
    answer = client.get("/api/users/")
    assert names(answer) == ["alice", "john"]
    assert (answer.json()[0]["mentees"], answer.json()[0]["mentees_count"]) == (["john"], 1)


def test_staff_see_the_inactive(sign_in, sam, person):
    person("gone", is_active=False)
    assert names(sign_in(sam).get("/api/users/")) == ["sam", "gone"]


def test_one_page_links_nowhere(client, seven):
    assert "Link" not in client.get("/api/users/")


def test_no_more_than_a_hundred_mentees_are_named_and_all_are_counted(client, alice):
    User.objects.bulk_create([User(username=f"m{number}", mentor=alice) for number in range(120)])
    shown = client.get("/api/users/?page_size=1").json()[0]
    assert shown["mentees"] == ["john", *(f"m{number}" for number in range(99))]
    assert shown["mentees_count"] == 121


# Pages


def test_a_page_has_a_hundred_users(client):
    User.objects.bulk_create([User(username=f"u{number}") for number in range(100)])
    assert [len(page) for page in walk(client, "/api/users/")] == [100, 2]


def test_a_page_may_have_a_thousand(client):
    User.objects.bulk_create([User(username=f"u{number}") for number in range(1001)])
    assert [len(page) for page in walk(client, "/api/users/?page_size=1000")] == [1000, 3]


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8])
def test_the_links_walk_through_all_both_ways(client, seven, size):
    forth = walk(client, f"/api/users/?page_size={size}")
    assert [shown["username"] for page in forth for shown in page] == seven
    last = f"/api/users/?page_size={size}&after={forth[-1][0]['id'] - 1}"
    back = walk(client, last, "prev")
    assert [shown["username"] for page in reversed(back) for shown in page] == seven


def test_the_links_of_a_page_in_the_middle(client, seven):
    ids = {shown["username"]: shown["id"] for shown in client.get("/api/users/").json()}
    answer = client.get(f"/api/users/?page_size=2&after={ids['john']}")
    assert names(answer) == ["bob", "carol"]
    assert links_of(answer) == {
        "next": f"/api/users/?page_size=2&after={ids['carol']}",
        "prev": f"/api/users/?page_size=2&before={ids['bob']}",
    }


def test_a_page_before_another_ends_there(client, seven):
    ids = {shown["username"]: shown["id"] for shown in client.get("/api/users/").json()}
    answer = client.get(f"/api/users/?page_size=2&before={ids['dave']}")
    assert names(answer) == ["bob", "carol"]
    assert set(links_of(answer)) == {"next", "prev"}


def test_the_first_and_the_last_page_have_one_link(client, seven):
    assert set(links_of(client.get("/api/users/?page_size=3"))) == {"next"}
    assert set(links_of(client.get(f"/api/users/?after={User.objects.get(username='john').pk}"))) == {"prev"}
    assert set(links_of(client.get(f"/api/users/?before={User.objects.get(username='bob').pk}"))) == {"next"}


@pytest.mark.parametrize("beyond", ["after=9223372036854775807", "before=0"])
def test_beyond_the_ends_there_is_nobody(client, beyond):
    answer = client.get(f"/api/users/?{beyond}")
    assert (answer.status_code, answer.json()) == (200, [])


def test_who_comes_between_two_pages_moves_nobody(client, seven, person):
    first = client.get("/api/users/?page_size=3")
    User.objects.get(username="alice").delete()
    assert names(client.get(links_of(first)["next"])) == ["carol", "dave", "erin"]


# Filters


@pytest.mark.parametrize(
    ("query", "found"),
    [("is_mentor=true", ["alice"]), ("is_mentor=1", ["alice"]), ("is_mentor=false", ["john", "eve"]), ("is_mentor=0", ["john", "eve"]),
     ("is_mentor=True", ["alice"]), ("has_mentor=true", ["john"]), ("has_mentor=false", ["alice", "eve"]), ("mentor=alice", ["john"]),
     ("mentor=ALICE", ["john"]), ("mentor=ａlice", ["john"]), ("mentor=nobody", []), ("mentor=john", []),
     ("is_mentor=false&has_mentor=false", ["eve"]), ("is_mentor=true&mentor=alice", []), ("search=J&is_mentor=false", ["john"]),
     ("unknown=1", ["alice", "john", "eve"])],
)  # fmt: skip
def test_filters(client, eve, query, found):
    answer = client.get(f"/api/users/?{query}")
    assert answer.status_code == 200
    assert names(answer) == found


def test_pages_keep_their_filters(client, person, alice):
    for number in range(4):
        person(f"m{number}", mentor=alice)
        person(f"u{number}")
    pages = walk(client, "/api/users/?mentor=alice&page_size=2")
    assert [[shown["username"] for shown in page] for page in pages] == [["john", "m0"], ["m1", "m2"], ["m3"]]


# Search


@pytest.fixture
def choir(person, client):
    for name in ("Ивана", "иван", "ИВАНОВ", "Ian", "ｉris", "ivo", "STRASSE", "straße1", "a_b", "a+b", "axb"):
        person(name)


@pytest.mark.parametrize(
    ("start", "found"),
    [("и", ["иван", "Ивана", "ИВАНОВ"]), ("ИВАНА", ["Ивана"]), ("i", ["Ian", "iris", "ivo"]), ("Ｉ", ["Ian", "iris", "ivo"]), ("IR", ["iris"]),
     ("strass", ["STRASSE", "straße1"]), ("straß", ["STRASSE", "straße1"]), ("a_", ["a_b"]), ("a%", []), ("a\\", []), ("ohn", []), ("zzz", [])],
)  # fmt: skip
def test_search_is_by_the_start_of_a_name_in_any_case_and_form(client, choir, start, found):
    assert names(client.get(f"/api/users/?search={quote(start)}")) == found


def test_found_pages_go_by_name_and_walk_both_ways(client, person):
    for name in ("Иван", "ИВА", "иванка", "Ивар", "иво"):
        person(name)
    in_order = ["ИВА", "Иван", "иванка", "Ивар", "иво"]
    forth = walk(client, f"/api/users/?search={quote('ив')}&page_size=2")
    assert [[shown["username"] for shown in page] for page in forth] == [in_order[:2], in_order[2:4], in_order[4:]]
    back = walk(client, f"/api/users/?search={quote('ив')}&page_size=2&after={quote('Ивар')}", "prev")
    assert [shown["username"] for page in reversed(back) for shown in page] == in_order


def test_found_pages_carry_names(client, person):
    person("josef")
    answer = client.get("/api/users/?search=JO&page_size=1")
    assert links_of(answer) == {"next": "/api/users/?search=JO&page_size=1&after=john"}


def test_the_cursor_of_a_search_may_be_a_name_that_nobody_has(client, person):
    person("josef")
    assert names(client.get("/api/users/?search=jo&after=JOK")) == ["josef"]


def test_a_search_pages_on_behind_a_name_that_grows_when_folded(client, person):
    longest = [person("ß" * 149 + last).username for last in "ab"]  # 299 characters to compare by
    first = client.get("/api/users/?search=ß&page_size=1")
    assert names(first) == longest[:1]
    assert names(client.get(first["Link"].partition(">")[0].lstrip("<"))) == longest[1:]


# What cannot be read


@pytest.mark.parametrize(
    ("query", "fields"),
    [("page_size=0", {"page_size"}), ("page_size=1001", {"page_size"}), ("page_size=-1", {"page_size"}), ("page_size=", {"page_size"}),
     ("page_size=ten", {"page_size"}), ("page_size=1.0", {"page_size"}), ("page_size=٣", {"page_size"}), ("page_size=" + "9" * 5000, {"page_size"}),
     ("after=", {"after"}), ("after=john", {"after"}), ("after=-1", {"after"}), ("after=1e3", {"after"}), ("after=٣", {"after"}),
     ("after=9223372036854775808", {"after"}), ("before=x", {"before"}), ("after=1&before=2", {"non_field_errors"}),
     ("search=j&after=a&before=b", {"non_field_errors"}), ("is_mentor=perhaps", {"is_mentor"}), ("is_mentor=", {"is_mentor"}),
     ("has_mentor=2", {"has_mentor"}), ("has_mentor=none", {"has_mentor"}), ("mentor=", {"mentor"}), ("search=", {"search"}),
     ("search=%00", {"search"}), ("mentor=a%00b", {"mentor"}), ("search=" + "x" * 1600, {"search"}), ("search=j&after=%00", {"after"}),
     ("is_mentor=x&has_mentor=y&page_size=z", {"is_mentor", "has_mentor", "page_size"})],
)  # fmt: skip
def test_a_parameter_that_cannot_be_read_is_400(client, query, fields):
    answer = client.get(f"/api/users/?{query}")
    assert answer.status_code == 400
    assert set(answer.json()) == fields


@pytest.mark.parametrize("broken", ["search=%ff", "search=%ED%A0%80", "mentor=%C3"])
def test_bytes_that_are_no_text_are_no_fault_of_ours(client, broken):
    assert client.get(f"/api/users/?{broken}").status_code in (200, 400)
