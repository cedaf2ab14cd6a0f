"""The list of users in the admin: found, filtered, and as cheap with many as with few."""

import pytest
from django.test import Client

USERS = "/admin/users/user/"


def names_in(answer) -> list[str]:
    assert answer.status_code == 200
    return sorted(user.username for user in answer.context["cl"].result_list)


@pytest.fixture
def ivan(person):
    return person("Иван", email="Ivan@Example.com", phone="+79995556677")


@pytest.mark.parametrize(
    "text", ["Иван", "ИВАН", "ива", "ivan@example", "IVAN@", "+79995556677", "5556677", "+7 (999) 555-66-77", "ｉｖａｎ@"]
)
def test_a_user_is_found_by_a_part_of_name_email_or_phone(staff, ivan, john, text):
    assert names_in(staff.get(USERS, {"q": text})) == ["Иван"]


@pytest.mark.parametrize("text", ["nobody", "%", "_", "' OR 1=1", "иван petrov"])
def test_what_nobody_is_called_finds_nobody(staff, ivan, text):
    assert names_in(staff.get(USERS, {"q": text})) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [({"is_mentor__exact": 1}, ["alice"]), ({"is_mentor__exact": 0}, ["gone", "john", "sam"]),
     ({"has_mentor": "yes"}, ["john"]), ({"has_mentor": "no"}, ["alice", "gone", "sam"]), ({"has_mentor": "?"}, ["alice", "gone", "john", "sam"]),
     ({"is_active__exact": 0}, ["gone"]), ({"is_staff__exact": 1}, ["sam"]), ({"mentor__id__exact": 10**30}, [])],
)  # fmt: skip
def test_they_are_filtered(staff, john, person, query, found):
    person("gone", is_active=False)
    assert names_in(staff.get(USERS, query)) == found


def test_each_row_shows_the_mentor_and_how_many_mentees(staff, john):
    page = staff.get(USERS).content.decode()
    assert '<td class="field-mentor nowrap">alice</td>' in page
    assert '<td class="field-mentees_count">1</td>' in page


def test_many_rows_cost_as_many_statements_as_few(staff, alice, person, django_assert_max_num_queries):
    for number in range(40):
        person(f"u{number}", mentor=alice)
    with django_assert_max_num_queries(4):  # Django's session, its user, the count, the page
        assert len(names_in(staff.get(USERS))) == 42


def test_html_in_a_name_is_shown_as_text(staff, person):
    person("<b>bold</b>", phone="<i>")
    page = staff.get(USERS).content.decode()
    assert "&lt;b&gt;bold" in page
    assert "<b>bold" not in page
    assert "<i>" not in page


@pytest.mark.parametrize(
    "path", [USERS, "/admin/users/session/", "/admin/token_blacklist/outstandingtoken/", "/admin/auth/group/", "/admin/"]
)
def test_who_is_no_staff_is_sent_to_the_login(john, path):
    browser = Client()
    assert browser.get(path)["Location"].startswith("/admin/login/")
    browser.force_login(john)
    assert browser.get(path)["Location"].startswith("/admin/login/")


def test_staff_without_permissions_see_nobody(clerk):
    assert clerk().get(USERS).status_code == 403


def test_a_search_that_no_text_could_hold_is_refused_politely(staff, ivan):
    assert staff.get(USERS, {"q": "ван\0"}).status_code == 200
