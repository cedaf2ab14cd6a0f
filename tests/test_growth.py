"""An answer costs the same however many people there are: pages of the database touched, with 1000 people and with 100 000."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from users.models import User

pytestmark = [pytest.mark.servers, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
MENTEES = 10_000


def touched(client, path: str) -> int:
    """The pages (8 KiB) that PostgreSQL touched for the statements of one GET."""
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    return sum(_pages(query["sql"]) for query in seen.captured_queries if query["sql"].startswith("SELECT"))


def _pages(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + sql.replace("%", "%%"))
        plan = cursor.fetchone()[0][0]["Plan"]
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


def rows(client, path: str) -> int:
    """How many users are listed there; none on a card."""
    shown = client.get(path).json()
    return len(shown) if isinstance(shown, list) else 0


def grow_to(size: int) -> None:
    call_command("populate", "--users", str(size - User.objects.count()), "--verbosity", "0")


def settle_down() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def deep() -> int:
    return User.objects.order_by("-pk").values_list("pk", flat=True)[150]


PATHS = {
    "the first page": lambda alice: "/api/users/",
    "a deep page": lambda alice: f"/api/users/?after={deep()}",
    "a page back": lambda alice: f"/api/users/?before={deep()}",
    "mentors only": lambda alice: "/api/users/?is_mentor=true",
    "those without a mentor": lambda alice: f"/api/users/?has_mentor=false&before={deep()}",
    "those of one mentor": lambda alice: f"/api/users/?mentor={alice.username}",
    "a search": lambda alice: "/api/users/?search=m",
    "a detail": lambda alice: f"/api/users/{alice.pk}/",
    "a detail by name": lambda alice: f"/api/users/{alice.username}/",
    "her mentees": lambda alice: f"/api/users/{alice.pk}/mentees/",
}


def test_no_answer_grows_with_the_people_or_with_a_mentor_s_mentees(client, alice):
    grow_to(1000)
    alice.take_on(*User.objects.filter(mentor=None).exclude(pk=alice.pk)[:100])
    settle_down()
    small = {what: touched(client, path(alice)) for what, path in PATHS.items()}
    grow_to(100_000)
    alice.take_on(*User.objects.filter(mentor=None).exclude(pk=alice.pk)[:MENTEES])
    assert User.objects.get(pk=alice.pk).mentees_count > MENTEES
    settle_down()
    large = {what: touched(client, path(alice)) for what, path in PATHS.items()}
    # A hundred times the people make each look-up in an index a level longer and scatter rows that stood side by side: a row of the
    # list is a few look-ups. What grows with the mentees of one would be far more.
    most = {what: max(4 * small[what], 5 * rows(client, path(alice))) for what, path in PATHS.items()}
    grown = {what: (small[what], large[what]) for what in PATHS if large[what] > most[what]}
    assert grown == {}, "pages touched with 1000 and with 100 000"
