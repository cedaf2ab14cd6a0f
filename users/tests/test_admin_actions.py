"""What staff do to a selection of users, and to all that a search found."""

import pytest
from django.test import Client

from users.models import User

USERS = "/admin/users/user/"


@pytest.fixture
def act(staff):
    """Chooses an action for some users; further fields are what its own page asks."""

    def post(action: str, *people, browser=staff, query="", **more):
        return browser.post(USERS + query, {"action": action, "_selected_action": [one.pk for one in people], **more})

    return post


def fresh(*people):
    return [User.objects.get(pk=one.pk) for one in people]


def test_several_become_mentors(act, said, alice, john, eve):
    answer = act("make_mentors", alice, john, eve)
    assert all(one.is_mentor for one in fresh(john, eve))
    assert said(answer) == ["2 users became mentors."]


def test_becoming_a_mentor_is_in_the_history_of_those_who_did(act, history, alice, eve):
    act("make_mentors", alice, eve)
    assert (history(alice), history(eve)) == ([], ["Made a mentor."])


def test_before_mentors_end_it_is_said_how_many_are_released(act, alice, john, eve):
    page = act("end_being_mentors", alice, eve).content.decode()
    assert "1 user will end being a mentor. 1 mentee will be released." in page
    assert fresh(alice)[0].is_mentor


def test_mentors_end_and_their_mentees_are_free(act, said, alice, john, eve):
    answer = act("end_being_mentors", alice, eve, sure="1")
    alice, john = fresh(alice, john)
    assert (alice.is_mentor, alice.mentees_count, john.mentor) == (False, 0, None)
    assert said(answer) == ["1 user ended being a mentor. 1 mentee was released."]


def test_both_histories_tell_of_the_end(act, history, alice, john):
    act("end_being_mentors", alice, sure="1")
    assert (history(alice), history(john)) == (["Ended being a mentor."], ["Released: the mentor ended being one."])


def test_a_mentor_is_asked_for_and_given(act, said, alice, john, eve):
    assert 'name="mentor"' in act("give_a_mentor", eve).content.decode()
    answer = act("give_a_mentor", eve, john, mentor=alice.pk, sure="1")
    alice, john, eve = fresh(alice, john, eve)
    assert (john.was_taken_on(), eve.was_taken_on(), alice.mentees_count) == (True, True, 2)
    assert said(answer) == ["2 users now have the mentor alice."]


def test_giving_a_mentor_is_in_the_history(act, history, alice, eve):
    act("give_a_mentor", eve, mentor=alice.pk, sure="1")
    assert history(eve) == ["Given a mentor: alice."]


@pytest.mark.parametrize("forged", ["sam", "", "abc", "9" * 30])
def test_who_is_no_mentor_is_not_given(act, sam, alice, eve, forged):
    answer = act("give_a_mentor", eve, mentor=sam.pk if forged == "sam" else forged, sure="1")
    assert answer.context["form"].errors
    assert fresh(eve)[0].mentor is None


def test_the_mentor_is_left_out_of_those_who_get_them(act, alice, eve):
    act("give_a_mentor", alice, eve, mentor=alice.pk, sure="1")
    assert [one.mentor_id for one in fresh(alice, eve)] == [None, alice.pk]


def test_several_are_released(act, said, history, alice, john, eve):
    answer = act("release_from_the_mentor", john, eve)
    assert (fresh(john)[0].mentor, fresh(alice)[0].mentees_count) == (None, 0)
    assert (history(john), history(eve)) == (["Released from the mentor."], [])
    assert said(answer) == ["1 user was released."]


def test_all_sessions_of_a_user_end(act, said, history, sign_in, john, eve):
    phone, laptop, hers = sign_in(john), sign_in(john), sign_in(eve)
    answer = act("end_all_sessions", john)
    assert [one.get("/api/users/me").status_code for one in (phone, laptop, hers)] == [401, 401, 200]
    assert (said(answer), history(john)) == (["2 sessions were ended."], ["All sessions ended."])


@pytest.mark.parametrize("action", ["make_mentors", "release_from_the_mentor", "end_all_sessions"])
def test_all_that_a_search_found_are_acted_on(act, said, alice, person, action):
    crowd = [person(f"u{number}", mentor=alice) for number in range(60)]
    answer = act(action, crowd[0], query="?q=u", select_across="1")
    assert said(answer)[0].split()[0] == ("60" if action != "end_all_sessions" else "0")
    assert fresh(alice)[0].is_mentor


def test_a_page_that_asks_remembers_that_all_are_meant(act, staff, alice, person):
    crowd = [person(f"u{number}") for number in range(60)]
    page = act("give_a_mentor", crowd[0], query="?q=u", select_across="1").content.decode()
    assert '<input type="hidden" name="select_across" value="1">' in page
    assert page.count('name="_selected_action"') == 1
    assert "and 40 more" in page
    act("give_a_mentor", crowd[0], query="?q=u", select_across="1", mentor=alice.pk, sure="1")
    assert fresh(alice)[0].mentees_count == 60


def test_more_people_cost_no_more_statements(act, alice, person, django_assert_max_num_queries):
    crowd = [person(f"u{number}") for number in range(30)]
    act("make_mentors", crowd[0])
    with django_assert_max_num_queries(32):
        act("give_a_mentor", *crowd, mentor=alice.pk, sure="1")


def test_html_in_a_name_is_shown_as_text(act, person):
    page = act("give_a_mentor", person("<b>bold</b>")).content.decode()
    assert "<b>bold" not in page
    assert "&lt;b&gt;bold" in page


def test_who_may_only_view_has_no_actions(act, clerk, eve):
    act("make_mentors", eve, browser=clerk("view_user"))
    assert not fresh(eve)[0].is_mentor


def test_a_post_without_the_csrf_token_is_refused(act, sam, eve):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(sam)
    assert act("make_mentors", eve, browser=browser).status_code == 403
