"""Word to the proven address that something in the account was changed."""

import pytest

from conftest import PASSWORD
from users.models import User
from users.tests.mailbox import delivered, receivers, the_letter

NEW = "a new horse, a new battery"
CHANGES = {"email": "new@example.com", "phone": "+79990001122", "password": NEW}


@pytest.fixture
def john(john):
    """Here he has proven his email."""
    john.prove_email("john@example.com", 0)
    return john


@pytest.fixture
def unproven(client, john):
    """John, signed in, who has proven nothing."""
    User.objects.filter(pk=john.pk).update(email="john@example.com")
    return client


@pytest.fixture
def prove_phone(client, settings):
    """John proves a phone by its code, which a developer's screen shows."""
    settings.DEBUG = True

    def prove():
        code = client.post("/api/auth/signup", {"phone": "+79990001122"}).json()["activation_code"]
        assert client.post("/api/auth/code", {"phone": "+79990001122", "code": code}).json()["phone_verified"] is True

    return prove


def notices() -> list:
    """The letters of this kind: those without a link."""
    return [letter for letter in delivered() if not letter.links]


def the_notice():
    [notice] = notices()
    assert notice.to == "john@example.com"
    return notice


@pytest.mark.parametrize("field", CHANGES)
def test_a_change_is_told_to_the_proven_address(client, field):
    assert client.patch("/api/users/me", {field: CHANGES[field]}).status_code == 200
    notice = the_notice()
    assert f"This was changed in your account john: the {field}." in notice.text
    assert f"<strong>john</strong>: the {field}." in notice.html


@pytest.mark.parametrize("field", CHANGES)
def test_it_does_not_say_what_it_was_changed_to(client, field):
    client.patch("/api/users/me", {field: CHANGES[field]})
    notice = the_notice()
    assert CHANGES[field] not in notice.subject + notice.text + notice.html


def test_it_says_whom_to_write_to(client, settings):
    settings.DEFAULT_FROM_EMAIL = "Mentors <help@mentors.example.com>"
    client.patch("/api/users/me", {"phone": "54321"})
    notice = the_notice()
    assert "write to Mentors <help@mentors.example.com> at once" in notice.text
    assert "Mentors &lt;help@mentors.example.com&gt;" in notice.html


def test_several_changes_at_once_are_one_notice(client):
    client.patch("/api/users/me", CHANGES)
    assert "the email, the phone, the password." in the_notice().text


def test_a_new_password_for_the_old_one_is_told(client):
    client.post("/api/change-password", {"old_password": PASSWORD, "new_password": NEW})
    assert "the password" in the_notice().text


def test_a_forgotten_password_set_anew_is_told(anyone, john):
    anyone.post("/api/password/reset", {"email": "john@example.com"})
    anyone.post("/api/password/reset/confirm", the_letter().held | {"password": NEW})
    assert "the password" in the_notice().text


def test_another_phone_proven_by_a_code_is_told(client, prove_phone):
    prove_phone()
    assert "the phone" in the_notice().text


def test_a_phone_that_is_proven_as_it_stands_is_no_change(client, prove_phone):
    client.patch("/api/users/me", {"phone": "+79990001122"})
    delivered()
    prove_phone()
    assert notices() == []


@pytest.mark.parametrize("change", [{"first_name": "Jack"}, {"last_name": "Stone"}, {"username": "jack"}, {"is_mentor": True}, {"mentor": None},
                                    {"phone": "123-456-7890"}, {"email": "john@example.com"}, {"password": "********"}, {}])  # fmt: skip
def test_nothing_is_told_of_other_fields_and_of_what_stays(client, change):
    assert client.patch("/api/users/me", change).status_code == 200
    assert delivered() == []


@pytest.mark.parametrize("change", [{"phone": "54321", "email": "nobody"}, {"phone": "54321", "old_password": "wrong"}, {"password": ""},
                                    {"phone": "54321", "mentor": "nobody"}, {"phone": "54321", "username": "alice"}])  # fmt: skip
def test_a_refused_change_is_not_told(client, change):
    assert client.patch("/api/users/me", change).status_code == 400
    assert delivered() == []


def test_a_wrong_old_password_is_not_told(client):
    client.post("/api/change-password", {"old_password": "wrong", "new_password": NEW})
    assert delivered() == []


@pytest.mark.parametrize("field", ["phone", "password"])
def test_where_nothing_is_proven_nobody_is_told(unproven, field):
    assert unproven.patch("/api/users/me", {field: CHANGES[field]}).status_code == 200
    assert delivered() == []


def test_each_change_is_told_however_many_they_are(client, settings):
    settings.THROTTLES = settings.THROTTLES | {"letter": (10, 3600)}
    for number in range(14):
        client.patch("/api/users/me", {"phone": f"5432{number:02}"})
    assert receivers() == ["john@example.com"] * 14


def test_who_takes_an_account_over_cannot_keep_its_owner_from_knowing(client):
    """The address is changed last or first: the old one hears of all that came before it went."""
    client.patch("/api/users/me", {"password": NEW})
    client.patch("/api/users/me", {"email": "evil@example.com"})
    client.patch("/api/users/me", {"phone": "66666"})
    told = [letter.text for letter in delivered() if letter.to == "john@example.com"]
    assert ["the password" in told[0], "the email" in told[1]] == [True, True]
    assert len(told) == 2


def test_who_was_deleted_meanwhile_is_told_nothing(client):
    client.patch("/api/users/me", {"phone": "54321"})
    client.delete("/api/users/me")
    assert delivered() == []


@pytest.mark.parametrize("change", [{"phone": "54321"}, {"email": "new@example.com"}])
def test_a_change_by_staff_in_the_admin_is_told(staff, john, change):
    page = f"/admin/users/user/{john.pk}/change/"
    form = staff.get(page).context["adminform"].form
    shown = {name: form[name].value() for name in form.fields if name not in ("password", "groups", "user_permissions")}
    assert staff.post(page, {name: value for name, value in (shown | change).items() if value not in (None, False)}).status_code == 302
    [field] = change
    assert f"the {field}" in the_notice().text


def test_a_password_set_by_staff_in_the_admin_is_told(staff, john):
    answer = staff.post(f"/admin/users/user/{john.pk}/password/", {"password1": NEW, "password2": NEW, "usable_password": "true"})
    assert answer.status_code == 302
    assert "the password" in the_notice().text
