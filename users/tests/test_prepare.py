"""The step before the first start: it makes the first admin, once."""

import re

import pytest
from django.core.management import call_command

from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def prepare(capsys):
    def run() -> str:
        call_command("prepare", verbosity=0)
        return capsys.readouterr().out

    return run


def test_an_admin_is_made_with_a_random_password_shown_once(prepare, anyone):
    shown = re.fullmatch(r"Made the admin admin, password (\S{16,}) \(shown once\)\n", prepare())
    admin = User.objects.get()
    assert (admin.username, admin.is_superuser, admin.is_staff, admin.is_active) == ("admin", True, True, True)
    assert anyone.post("/api/login", {"username": "admin", "password": shown[1]}).status_code == 200


def test_two_services_do_not_share_a_password(prepare):
    first = prepare()
    User.objects.all().delete()
    assert prepare() != first


def test_a_second_run_makes_and_says_nothing(prepare):
    prepare()
    before = User.objects.values().get()
    assert prepare() == ""
    assert User.objects.values().get() == before


def test_where_there_is_a_superuser_none_is_made(prepare, sam):
    assert prepare() == ""
    assert User.objects.get() == sam


def test_the_admin_is_made_as_the_settings_say(prepare, settings, anyone):
    settings.DJANGO_SUPERUSER_USERNAME, settings.DJANGO_SUPERUSER_EMAIL = "Root", "root@example.com"
    settings.DJANGO_SUPERUSER_PASSWORD = "mandarin kettle"
    assert prepare() == "Made the admin Root, the password that was set\n"
    assert User.objects.get().email == "root@example.com"
    assert anyone.post("/api/login", {"username": "root", "password": "mandarin kettle"}).status_code == 200


def test_a_named_admin_is_made_beside_other_superusers(prepare, settings, sam):
    settings.DJANGO_SUPERUSER_USERNAME = "root"
    prepare()
    assert User.objects.filter(username="root", is_superuser=True).exists()


@pytest.mark.parametrize("name", ["sam", "SAM"])
def test_a_named_admin_who_is_there_is_left_as_they_are(prepare, settings, sam, name):
    settings.DJANGO_SUPERUSER_USERNAME, settings.DJANGO_SUPERUSER_PASSWORD = name, "mandarin kettle"
    assert prepare() == ""
    assert User.objects.get().password == sam.password


def test_an_ordinary_user_of_that_name_is_not_raised(prepare, settings, eve):
    settings.DJANGO_SUPERUSER_USERNAME = "eve"
    prepare()
    assert not User.objects.get().is_superuser


@pytest.mark.django_db(transaction=True)
def test_where_the_name_admin_is_somebody_elses_it_goes_on_and_says_what_to_set(person, capsys):
    person("Admin")
    call_command("prepare", verbosity=0)
    assert "DJANGO_SUPERUSER_USERNAME" in capsys.readouterr().err
    assert not User.objects.get().is_superuser
