"""A user made in the admin, and passwords given there."""

import re

import pytest
from django.test import Client

from conftest import PASSWORD
from users.models import User

ADD = "/admin/users/user/add/"


def make(staff, username="bob", password1="a long enough one", password2="a long enough one", **more):
    return staff.post(ADD, {"username": username, "usable_password": "true", "password1": password1, "password2": password2, **more})


def test_one_is_made_and_can_sign_in(staff, anyone):
    answer = make(staff, "Bob")
    bob = User.objects.get_by_natural_key("bob")
    assert answer["Location"] == f"/admin/users/user/{bob.pk}/change/"
    assert anyone.post("/api/login", {"username": "bob", "password": "a long enough one"}).status_code == 200


def test_making_one_is_written_in_the_history(staff, history):
    make(staff)
    assert history(User.objects.get(username="bob")) == ["Added."]


@pytest.mark.parametrize("taken", ["john", "JOHN", "ｊohn"])
def test_a_name_that_is_taken_is_refused_once(staff, john, taken):
    assert make(staff, taken).context["adminform"].form.errors == {"username": ["A user with that user name already exists."]}


def test_a_new_password_ends_the_users_sessions(staff, sign_in, john, anyone):
    phone = sign_in(john)
    path = f"/admin/users/user/{john.pk}/password/"
    answer = staff.post(
        path, {"usable_password": "true", "password1": "another long one", "password2": "another long one", "set-password": "1"}
    )
    assert answer.status_code == 302
    assert phone.get("/api/users/me").status_code == 401
    assert anyone.post("/api/login", {"username": "john", "password": "another long one"}).status_code == 200


def test_a_password_taken_away_ends_the_users_sessions_too(staff, sign_in, john, anyone):
    phone = sign_in(john)
    staff.post(f"/admin/users/user/{john.pk}/password/", {"usable_password": "false", "unset-password": "1"})
    assert phone.get("/api/users/me").status_code == 401
    assert anyone.post("/api/login", {"username": "john", "password": PASSWORD}).status_code == 401


def test_passwords_that_differ_change_nothing(staff, john, anyone):
    staff.post(
        f"/admin/users/user/{john.pk}/password/", {"usable_password": "true", "password1": "one", "password2": "two", "set-password": "1"}
    )
    assert anyone.post("/api/login", {"username": "john", "password": PASSWORD}).status_code == 200


def test_no_form_shows_a_password_that_is_typed(staff, john):
    forms = [
        (Client(), "/admin/login/", 1),
        (staff, ADD, 2),
        (staff, f"/admin/users/user/{john.pk}/password/", 2),
        (staff, "/admin/password_change/", 3),
    ]
    for browser, path, many in forms:
        fields = re.findall(r'<input[^>]* name="\w*password\w*"[^>]*>', browser.get(path).content.decode())
        assert len([field for field in fields if 'type="password"' in field]) == many
        assert {re.search(r'type="(\w+)"', field)[1] for field in fields} <= {"password", "radio"}  # whether there is one at all


@pytest.mark.parametrize("codenames", [["view_user"], ["view_user", "change_user"]])
def test_nothing_of_a_hash_is_shown(john, clerk, codenames):
    page = clerk(*codenames).get(f"/admin/users/user/{john.pk}/change/").content.decode()
    assert "A password is set." in page
    assert not [part for part in john.password.split("$")[-2:] if part[:6] in page]


def test_it_is_shown_where_there_is_no_password(staff, db):
    bob = User.objects.create_user("bob")
    assert "No password is set." in staff.get(f"/admin/users/user/{bob.pk}/change/").content.decode()
