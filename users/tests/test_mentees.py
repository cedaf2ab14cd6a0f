"""Whom somebody mentors: all of them in pages, and letting one go."""

import pytest

from users.models import User
from users.tests.pages import links_of, names, walk
from users.tests.truth import assert_links_are_true, mentor_of


def test_they_look_as_in_the_list(client, alice):
    answer = client.get(f"/api/users/{alice.pk}/mentees/")
    assert answer.status_code == 200
    assert answer.json() == client.get("/api/users/?mentor=alice").json()


@pytest.mark.parametrize("path", ["/api/users/alice/mentees/", "/api/users/ALICE/mentees/", "/api/users/me/mentees/"])
def test_the_mentor_goes_by_name_too(sign_in, alice, john, path):
    assert names(sign_in(alice).get(path)) == ["john"]


def test_all_of_them_come_in_pages_by_id(client, alice):
    User.objects.bulk_create([User(username=f"m{number}", mentor=alice) for number in range(210)])
    pages = walk(client, "/api/users/alice/mentees/")
    assert [len(page) for page in pages] == [100, 100, 11]
    assert [shown["username"] for page in pages for shown in page] == ["john", *(f"m{number}" for number in range(210))]


def test_the_pages_link_to_each_other(client, alice, person):
    bob = person("bob", mentor=alice)
    answer = client.get(f"/api/users/alice/mentees/?page_size=1&before={bob.pk + 1}")
    assert names(answer) == ["bob"]
    assert links_of(answer)["prev"] == f"/api/users/alice/mentees/?page_size=1&before={bob.pk}"


def test_the_inactive_are_not_named(client, alice, person):
    person("gone", mentor=alice, is_active=False)
    assert names(client.get("/api/users/alice/mentees/")) == ["john"]


def test_who_has_none_has_an_empty_list(client):
    assert client.get("/api/users/me/mentees/").json() == []


@pytest.mark.parametrize("nobody", ["999999", "nobody", "gone", "9" * 100, "%00"])
def test_nobodys_are_404(client, person, nobody):
    person("gone", is_active=False)
    assert client.get(f"/api/users/{nobody}/mentees/").status_code == 404


@pytest.mark.parametrize("query", ["after=x", "after=1&before=2", "page_size=0", "page_size=1001"])
def test_a_parameter_that_cannot_be_read_is_400(client, query):
    assert client.get(f"/api/users/alice/mentees/?{query}").status_code == 400


def test_they_need_a_token(anyone, alice):
    assert anyone.get("/api/users/alice/mentees/").status_code == 401


# Letting go


@pytest.mark.parametrize("path", ["/api/users/me/mentees/{id}/", "/api/users/me/mentees/john/"])
def test_a_mentor_lets_a_mentee_go(sign_in, alice, john, path):
    answer = sign_in(alice).delete(path.format(id=john.pk))
    assert answer.status_code == 204
    assert answer.content == b""
    assert mentor_of(john) is None
    assert_links_are_true()


def test_only_that_one_goes(sign_in, alice, john, person):
    bob = person("bob", mentor=alice)
    sign_in(alice).delete(f"/api/users/me/mentees/{john.pk}/")
    assert mentor_of(bob) == "alice"


def test_nobody_goes_twice(sign_in, alice, john):
    client = sign_in(alice)
    assert [client.delete(f"/api/users/me/mentees/{john.pk}/").status_code for _ in range(2)] == [204, 404]


@pytest.mark.parametrize("who", ["eve", "me", "alice", "999999", "nobody", "9" * 100, "%00"])
def test_who_is_not_ones_mentee_is_404(sign_in, alice, john, eve, who):
    assert sign_in(alice).delete(f"/api/users/me/mentees/{who}/").status_code == 404
    assert mentor_of(john) == "alice"


def test_anothers_mentee_is_404_and_stays(sign_in, john, person):
    bob = person("bob", is_mentor=True)
    assert sign_in(bob).delete(f"/api/users/me/mentees/{john.pk}/").status_code == 404
    assert mentor_of(john) == "alice"


def test_nobody_lets_go_for_another(sign_in, john, sam):
    assert sign_in(sam).delete(f"/api/users/alice/mentees/{john.pk}/").status_code == 404
    assert mentor_of(john) == "alice"


def test_letting_go_needs_a_token(anyone, john):
    assert anyone.delete(f"/api/users/me/mentees/{john.pk}/").status_code == 401
    assert mentor_of(john) == "alice"
