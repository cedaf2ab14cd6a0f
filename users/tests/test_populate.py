"""`manage.py populate`: a population to try the service with."""

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from users.models import User

pytestmark = pytest.mark.django_db


def populate(*options):
    call_command("populate", "--verbosity", "0", *options)


def test_it_adds_as_many_as_asked_all_active():
    populate("--users", "150")
    assert User.objects.active().count() == 150


def test_every_tenth_is_a_mentor_and_most_of_the_others_have_one():
    populate("--users", "300")
    assert User.objects.mentors().count() == 30
    assert 150 < User.objects.filter(is_mentor=False, mentor__isnull=False).count() < 270
    assert not User.objects.filter(mentor__isnull=False).exclude(mentor__is_mentor=True).exists()


def test_one_mentor_has_a_tenth_of_all_mentees_and_the_counts_are_right(capsys):
    populate("--users", "300")
    assert User.objects.order_by("-mentees_count").first().mentees.count() > 30
    call_command("recount_mentees")
    assert capsys.readouterr().out.splitlines()[-1] == "All counts are right."


def test_some_were_taken_on_and_some_chose_alone():
    populate("--users", "300")
    with_mentor = User.objects.filter(mentor__isnull=False)
    assert 0 < with_mentor.filter(taken_on_by=F("mentor_id")).count() < with_mentor.count()


def test_emails_and_phones_are_as_the_service_itself_would_keep_them():
    populate("--users", "50")
    for user in User.objects.all():
        user.full_clean()
        assert user.phone == "" or user.phone.startswith("+7999")


def test_it_can_be_run_again():
    populate("--users", "40")
    populate("--users", "40")
    assert User.objects.count() == 80


def test_people_made_by_it_can_sign_in_with_the_password_that_it_prints(anyone, capsys):
    populate("--users", "3")
    password = capsys.readouterr().out.split()[-1]
    given = {"username": User.objects.first().username, "password": password}
    assert anyone.post("/api/login", given).status_code == 200


def test_the_password_can_be_given(anyone):
    populate("--users", "1", "--password", "correct horse")
    assert User.objects.get().check_password("correct horse")


def test_it_shows_how_far_it_is(capsys):
    call_command("populate", "--users", "30")
    assert "30/30" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["0", "-1"])
def test_nobody_is_no_population(number):
    with pytest.raises(CommandError):
        populate("--users", number)
