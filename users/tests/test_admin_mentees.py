"""The mentees on a mentor's card: shown by the page, found, taken on and released there."""

import pytest
from django.test import Client

from users.models import User


def card(mentor) -> str:
    return f"/admin/users/user/{mentor.pk}/change/"


@pytest.fixture
def post(staff, alice):
    def send(what: str, *people, mentor=alice, browser=staff, query=""):
        ids = [getattr(one, "pk", one) for one in people]
        return browser.post(f"/admin/users/user/{mentor.pk}/mentees/{query}", {what: "", "people": ids})

    return send


@pytest.fixture
def crowd(alice):
    """120 mentees of alice, m000 to m119."""
    return User.objects.bulk_create([User(username=f"m{number:03}", mentor=alice) for number in range(120)])


def shown(answer) -> list[str]:
    return [mentee.username for mentee in answer.context["mentees"]]


def mentor_of(user):
    return User.objects.select_related("mentor").get(pk=user.pk).mentor


def test_they_are_shown_by_the_page(staff, alice, crowd):
    answer = staff.get(card(alice))
    assert shown(answer) == [f"m{number:03}" for number in range(50)]
    assert "120 mentees" in answer.content.decode()
    assert shown(staff.get(card(alice), {"page": 3})) == [f"m{number:03}" for number in range(100, 120)]


@pytest.mark.parametrize("page", ["0", "99", "abc", "-1", "9" * 30])
def test_a_page_that_is_none_shows_one_that_is(staff, alice, crowd, page):
    assert shown(staff.get(card(alice), {"page": page}))


def test_they_are_found_by_name(staff, alice, crowd):
    assert shown(staff.get(card(alice), {"find": "M11"})) == [f"m{number:03}" for number in range(110, 120)]


def test_a_page_costs_the_same_however_many_there_are(staff, alice, crowd, django_assert_max_num_queries):
    staff.get(card(alice))
    with django_assert_max_num_queries(14):
        staff.get(card(alice))


def test_the_inactive_are_shown_too(staff, alice, john):
    User.objects.filter(pk=john.pk).update(is_active=False)
    assert shown(staff.get(card(alice))) == ["john"]


def test_only_a_mentors_card_has_them(staff, alice, john):
    assert "mentees" not in staff.get(card(john)).context


def test_those_taken_on_have_the_mentors_consent(post, said, alice, eve, john):
    answer = post("take_on", eve, john)
    eve.refresh_from_db()
    john.refresh_from_db()
    alice.refresh_from_db()
    assert (eve.was_taken_on(), john.was_taken_on(), alice.mentees_count) == (True, True, 2)
    assert said(answer) == ["2 users were taken on."]


def test_the_card_is_shown_again_where_it_was(post, alice, eve):
    assert post("take_on", eve, query="?find=m&page=2")["Location"] == f"{card(alice)}?find=m&page=2#mentees"


def test_taking_on_moves_a_mentee_of_another(post, alice, john, person):
    bob = person("bob", is_mentor=True)
    post("take_on", john, mentor=bob)
    alice.refresh_from_db()
    bob.refresh_from_db()
    assert (mentor_of(john), alice.mentees_count, bob.mentees_count) == (bob, 0, 1)


def test_the_released_are_free(post, said, alice, john, person):
    ann = person("ann", mentor=alice)
    answer = post("release", john)
    alice.refresh_from_db()
    assert (mentor_of(john), mentor_of(ann), alice.mentees_count) == (None, alice, 1)
    assert said(answer) == ["1 mentee was released."]


def test_nobody_elses_mentee_is_released(post, said, history, john, person):
    answer = post("release", john, mentor=person("bob", is_mentor=True))
    assert mentor_of(john).username == "alice"
    assert history(john) == []
    assert said(answer) == ["0 mentees were released."]


@pytest.mark.parametrize("what", ["take_on", "release"])
@pytest.mark.parametrize("people", [[], ["abc"], ["9" * 30], ["0"], ["-1"], ["١"]])
def test_forged_ids_change_nothing(post, john, what, people):
    assert post(what, *people).status_code == 302
    assert mentor_of(john).username == "alice"


def test_a_mentor_cannot_be_taken_on_by_themself(post, said, alice, eve):
    assert said(post("take_on", alice, eve)) == ["Nobody can be their own mentor."]
    assert mentor_of(eve) is None


def test_who_is_no_mentor_takes_nobody_on(post, said, history, eve, john):
    assert said(post("take_on", john, mentor=eve)) == ["The chosen user is not a mentor any more."]
    assert mentor_of(john).username == "alice"
    assert history(john) == []


def test_both_sides_histories_tell(post, history, alice, john, eve):
    post("take_on", eve)
    post("release", john, eve)
    assert history(eve) == ["Given a mentor: alice.", "Released by the mentor: alice."]
    assert history(alice) == ["Took on: eve.", "Released: john, eve."]


def test_a_long_list_in_the_mentors_history_is_cut(post, history, alice, crowd):
    post("release", *crowd[:30])
    assert history(alice)[0].endswith("m019 + 10.")


def test_html_in_a_name_is_shown_as_text(staff, alice, person):
    person("<script>alert(1)</script>", mentor=alice)
    page = staff.get(card(alice)).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_a_post_without_the_csrf_token_is_refused(sam, alice, john, post):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(sam)
    assert post("release", john, browser=browser).status_code == 403
    assert mentor_of(john) == alice


def test_looking_changes_nothing(staff, alice, john):
    answer = staff.get(f"/admin/users/user/{alice.pk}/mentees/", {"release": "", "people": john.pk})
    assert answer.status_code == 302
    assert mentor_of(john) == alice


def test_who_may_only_view_sees_them_and_releases_nobody(alice, john, clerk, post):
    browser = clerk("view_user")
    answer = browser.get(card(alice))
    assert shown(answer) == ["john"]
    assert 'name="release"' not in answer.content.decode()
    assert post("release", john, browser=browser).status_code == 403
    assert mentor_of(john) == alice


def test_who_is_no_staff_is_sent_to_the_login(alice, john, post):
    browser = Client()
    browser.force_login(alice)
    assert post("release", john, browser=browser)["Location"].startswith("/admin/login/")
    assert mentor_of(john) == alice


def test_an_unknown_mentor_is_said_to_be_unknown(staff):
    assert staff.post("/admin/users/user/999999/mentees/", {"take_on": ""}, follow=True).status_code == 200
