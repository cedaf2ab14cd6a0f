"""`manage.py recount_mentees`, for the day when somebody wrote to the database by hand."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from users.models import User


def test_a_count_that_is_off_is_named_and_put_right(alice, john, capsys):
    User.objects.filter(pk=alice.pk).write(mentees_count=7)
    call_command("recount_mentees")
    assert capsys.readouterr().out == "alice: 7 -> 1\nAll counts are right.\n"
    alice.refresh_from_db()
    assert alice.mentees_count == 1


def test_who_is_inactive_is_not_counted(alice, john, capsys):
    User.objects.filter(pk=john.pk).write(is_active=False)
    call_command("recount_mentees")
    assert capsys.readouterr().out.startswith("alice: 1 -> 0\n")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no statement timeout")
def test_it_may_take_as_long_as_it_takes(alice):
    call_command("recount_mentees")
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


@pytest.mark.django_db(transaction=True)
def test_each_mentor_is_put_right_in_a_transaction_of_their_own(person):
    """In one for all, PostgreSQL ran out of locks where a hundred thousand were off."""
    for number in range(3):
        person(f"mentor{number}", is_mentor=True)
    User.objects.all().write(mentees_count=5)
    with CaptureQueriesContext(connection) as captured:
        call_command("recount_mentees")
    assert [query["sql"] for query in captured.captured_queries].count("COMMIT") == 1 + 3
    assert not User.objects.filter(mentees_count__gt=0).exists()
