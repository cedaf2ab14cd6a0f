"""Who is offered where staff choose a user."""

import pytest
from django.test import Client

PATH = "/admin/autocomplete/"


@pytest.fixture
def offered(staff):
    def ask(field="mentor", model="user", **query) -> list[str]:
        answer = staff.get(PATH, {"app_label": "users", "model_name": model, "field_name": field, **query})
        assert answer.status_code == 200
        return [result["text"] for result in answer.json()["results"]]

    return ask


@pytest.fixture
def bob(person):
    return person("bob", is_mentor=True)


def test_only_active_mentors_are_offered_as_a_mentor(offered, john, eve, bob, person):
    person("gone", is_mentor=True, is_active=False)
    assert offered() == ["alice", "bob"]


def test_nobody_is_offered_to_themself(offered, alice, bob):
    assert offered(but=alice.pk) == ["bob"]


@pytest.mark.parametrize("but", ["", "abc", "9" * 30, "0"])
def test_a_forged_exception_leaves_nobody_out(offered, alice, but):
    assert offered(but=but) == ["alice"]


@pytest.mark.parametrize("term", ["ali", "ALI", "ａｌｉ", " alice ", "ALICE@", "111-22-33", "+7 (999) 111", "\0ali"])
def test_they_are_found_by_name_email_and_phone(offered, alice, bob, term):
    assert offered(term=term) == ["alice"]


def test_anybody_is_offered_as_a_mentee_but_the_mentor(offered, alice, john, eve):
    assert offered("user", "session", but=alice.pk) == ["eve", "john", "sam"]


def test_the_card_asks_for_everybody_but_its_user(staff, alice):
    assert f"{PATH}?but={alice.pk}" in staff.get(f"/admin/users/user/{alice.pk}/change/").content.decode()


def test_who_is_no_staff_is_offered_nobody(john):
    browser = Client()
    browser.force_login(john)
    answer = browser.get(PATH, {"app_label": "users", "model_name": "user", "field_name": "mentor"})
    assert answer.status_code == 302
