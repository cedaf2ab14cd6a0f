"""A user's card in the admin: changed by the rules of the models, and written in the history."""

import pytest
from django.db import OperationalError

from users.models import User
from users.querysets import UserQuerySet


def card(user) -> str:
    return f"/admin/users/user/{user.pk}/change/"


@pytest.fixture
def save(staff):
    """Saves a user's card as the browser would, with some fields changed."""

    def post(user, browser=staff, **changes):
        form = browser.get(card(user)).context["adminform"].form
        shown = {name: form[name].value() for name in form.fields if name not in ("password", "groups", "user_permissions")}
        fields = {name: value for name, value in (shown | changes).items() if value not in (None, False)}
        return browser.post(card(user), fields)

    return post


def test_a_mentor_given_here_has_agreed(save, alice, eve):
    assert save(eve, mentor=alice.pk).status_code == 302
    eve.refresh_from_db()
    alice.refresh_from_db()
    assert (eve.mentor, eve.was_taken_on(), alice.mentees_count) == (alice, True, 1)


def test_a_link_that_stays_is_no_more_agreed_than_it_was(save, john):
    save(john, phone="")
    john.refresh_from_db()
    assert not john.was_taken_on()


def test_a_mentor_taken_away_counts_one_less(save, alice, john):
    save(john, mentor="")
    john.refresh_from_db()
    alice.refresh_from_db()
    assert (john.mentor, alice.mentees_count) == (None, 0)


@pytest.mark.parametrize("forged", ["sam", "gone", "themself", "abc", "0", "-1", "9" * 30, "１"])
def test_who_is_no_mentor_is_refused_in_the_form(save, alice, eve, sam, person, forged, errors):
    ids = {"sam": sam.pk, "gone": person("gone", is_mentor=True, is_active=False).pk, "themself": eve.pk}
    assert "mentor" in errors(save(eve, mentor=ids.get(forged, forged)))
    eve.refresh_from_db()
    assert eve.mentor is None


def test_a_mentor_does_not_become_their_own(save, alice, errors):
    assert "mentor" in errors(save(alice, mentor=alice.pk))


def test_a_mentor_who_steps_down_meanwhile_is_a_message(save, said, alice, eve, meanwhile):
    meanwhile(User, lambda: User.objects.filter(pk=alice.pk).step_down())
    answer = save(eve, mentor=alice.pk, phone="12345")
    assert answer.status_code == 302
    assert said(answer) == ["The chosen user is not a mentor any more."]
    eve.refresh_from_db()
    assert (eve.mentor, eve.phone) == (None, "")


def test_an_account_deleted_meanwhile_is_a_message(save, said, eve, meanwhile):
    meanwhile(User, lambda: UserQuerySet(User).filter(pk=eve.pk).delete())
    assert said(save(eve, phone="12345")) == ["The account was deleted meanwhile."]


def test_a_name_taken_meanwhile_is_a_message(save, said, eve, person, meanwhile):
    meanwhile(User, lambda: person("bob"))
    assert said(save(eve, username="bob")) == ["This conflicts with what is stored. Please look and try again."]


def test_a_busy_database_is_a_message(save, said, eve, meanwhile):
    def wait_too_long():
        raise OperationalError("canceling statement due to lock timeout")

    meanwhile(User, wait_too_long)
    assert said(save(eve, phone="12345")) == ["The service is busy or its database is away. Please try again."]


def test_only_what_was_changed_is_written(save, john, eve, meanwhile):
    meanwhile(User, lambda: User.objects.filter(pk=john.pk).write(first_name="John"))
    save(john, phone="12345")
    john.refresh_from_db()
    assert (john.first_name, john.phone) == ("John", "12345")


def test_what_the_models_keep_cannot_be_forged(save, alice, john, eve):
    save(john, mentees_count=77, taken_on_by=alice.pk, username_key="alice", last_login="2020-01-01", phone="12345")
    john.refresh_from_db()
    assert (john.mentees_count, john.taken_on_by, john.username_key, john.last_login) == (0, None, "john", None)


@pytest.mark.parametrize("taken", ["alice", "ALICE", "ａｌｉｃｅ", " alice "])
def test_a_name_that_is_taken_in_any_form_is_refused_in_the_form(save, alice, eve, taken, errors):
    assert errors(save(eve, username=taken)) == {"username": ["A user with that user name already exists."]}


def test_html_in_a_first_name_is_shown_as_text(staff, person):
    page = staff.get(card(person("bob", first_name='"><script>alert(1)</script>'))).content.decode()
    assert "&quot;&gt;&lt;script&gt;alert" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize("name", ["me", "12", "a b", "<b>", "x" * 151, ".."])
def test_a_name_that_is_none_is_refused_in_the_form(save, eve, name, errors):
    assert set(errors(save(eve, username=name))) == {"username"}


def test_a_name_may_change_its_case(save, eve):
    save(eve, username="Ｅve")
    eve.refresh_from_db()
    assert (eve.username, eve.username_key) == ("Eve", "eve")


def test_a_phone_is_kept_as_the_api_keeps_it(save, eve):
    save(eve, phone="+7 (999) 111-22-33")
    eve.refresh_from_db()
    assert eve.phone == "+79991112233"


def test_a_phone_that_is_none_is_refused_in_the_form(save, eve, errors):
    assert set(errors(save(eve, phone="call me"))) == {"phone"}


@pytest.mark.parametrize("field", ["is_mentor", "is_active"])
def test_who_ends_being_a_mentor_releases_all(save, said, history, alice, john, field):
    answer = save(alice, **{field: False})
    john.refresh_from_db()
    alice.refresh_from_db()
    assert (john.mentor, alice.mentees_count) == (None, 0)
    assert "1 mentee was released." in said(answer)
    assert history(john) == ["Released: the mentor ended being one."]


def test_who_is_deactivated_is_signed_out(save, sign_in, john):
    phone = sign_in(john)
    save(john, is_active=False)
    assert phone.get("/api/users/me").status_code == 401


def test_the_history_names_the_fields(save, history, alice, eve):
    save(eve, phone="12345", mentor=alice.pk)
    assert history(eve) == ["Changed Phone and Mentor."]


def test_the_card_shows_sessions_and_where_to_end_them(staff, sign_in, john):
    sign_in(john)
    assert f'<a href="/admin/users/session/?user__id__exact={john.pk}&amp;alive=yes">1</a>' in staff.get(card(john)).content.decode()


def test_who_may_only_view_can_change_nothing(alice, eve, clerk):
    browser = clerk("view_user")
    assert browser.get(card(alice)).status_code == 200
    assert browser.post(card(eve), {"username": "eva", "mentor": alice.pk}).status_code == 403
