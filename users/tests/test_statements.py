"""How many statements a request costs: upper bounds, which do not grow with the data."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from users.models import User

ON_POSTGRES = connection.vendor == "postgresql"
ONE_READ = 1 if ON_POSTGRES else 2  # SQLite has no arrays: a second statement is allowed
CALLER = 1  # the caller and their session


def assert_costs(most: int, client, method: str, path: str, body=None, status: int = 200) -> None:
    with CaptureQueriesContext(connection) as captured:
        answer = getattr(client, method)(path, body)
    assert answer.status_code == status, answer.content
    made = [query["sql"] for query in captured.captured_queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(made) <= most, "\n".join([f"{method} {path}: {len(made)} statements where {most} will do:", *made])


@pytest.fixture(params=[3, 150])
def crowd(request, client, alice):
    """John's client, where alice has few or many mentees who are mentors of each other's friends."""
    User.objects.bulk_create([User(username=f"m{number}", mentor=alice, is_mentor=True) for number in range(request.param)])
    mentors = list(User.objects.filter(username__startswith="m"))
    User.objects.bulk_create([User(username=f"u{number}", mentor=mentor) for number, mentor in enumerate(mentors)])
    return client


PAGES = [
    "/api/users/", "/api/users/?page_size=1000", "/api/users/?after=1", "/api/users/?before=100000", "/api/users/?search=m",
    "/api/users/?is_mentor=true&has_mentor=true",
]  # fmt: skip


def test_a_read(crowd):
    for path in [*PAGES, "/api/users/me/", "/api/users/alice/"]:
        assert_costs(CALLER + ONE_READ, crowd, "get", path)


@pytest.mark.servers
def test_a_cached_page(crowd):
    for path in PAGES:
        crowd.get(path)
        assert_costs(CALLER, crowd, "get", path)


@pytest.mark.parametrize("path", ["/api/users/alice/mentees/", "/api/users/?mentor=alice"])
def test_the_mentees_of_one_whose_id_is_asked_for_first(crowd, path):
    assert_costs(CALLER + 1 + ONE_READ, crowd, "get", path)


def test_ones_sessions(crowd):
    assert_costs(CALLER + 1, crowd, "get", "/api/sessions/")


def test_no_statement_for_who_shows_no_token_or_a_broken_one(anyone, db):
    assert_costs(0, anyone, "get", "/api/users/", status=401)
    anyone.credentials(HTTP_AUTHORIZATION="Bearer broken")
    assert_costs(0, anyone, "get", "/api/users/", status=401)


def test_no_statement_for_what_is_not_there_or_malformed(anyone, db):
    assert_costs(0, anyone, "get", "/api/nothing", status=404)
    assert_costs(0, anyone, "post", "/api/registration", {}, status=400)
    assert_costs(0, anyone, "post", "/api/token/refresh", {"refresh": "broken"}, status=401)


WRITES = [
    ({"first_name": "J"}, 4), ({"username": "johnny"}, 5), ({"is_mentor": True}, 8), ({"mentor": None}, 10), ({"mentor": "m1"}, 13),
]  # fmt: skip


@pytest.mark.parametrize(("change", "most"), WRITES)
def test_a_change_of_oneself(crowd, change, most):
    assert_costs(most, crowd, "patch", "/api/users/me/", change)


def test_leaving_a_crowd_behind(crowd, sign_in, alice):
    assert_costs(11, sign_in(alice), "patch", "/api/users/me/", {"is_mentor": False})


def test_signing_in_and_out(crowd, anyone):
    assert_costs(8, anyone, "post", "/api/login", {"username": "john", "password": "correct horse battery"})
    assert_costs(6, anyone, "post", "/api/token/refresh", {"refresh": crowd.refresh})
    assert_costs(3, crowd, "post", "/api/logout", {}, status=205)
