"""Who a caller is, is asked of the database once in a while, and believed no longer than it is true."""

import threading
import time

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mentorship import caches
from users import callers, pages
from users.models import Session, User

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
PATHS = ["/api/users/", "/api/users/me/", "/api/users/alice/", "/api/sessions/", "/api/products/"]


def statements(client, path: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return [query["sql"] for query in captured.captured_queries]


@pytest.mark.parametrize("path", PATHS)
def test_the_second_read_asks_nothing_about_the_caller(client, path):
    first, second = statements(client, path), statements(client, path)
    assert len(second) < len(first)
    assert not any('"users_session"."ended" IS NULL AND "users_session"."id"' in sql for sql in second)


def test_a_change_reads_the_caller_from_the_database(client):
    client.get("/api/users/me/")
    with CaptureQueriesContext(connection) as captured:
        client.patch("/api/users/me/", {"first_name": "John"})
    assert "users_session" in captured.captured_queries[0]["sql"]


def test_nothing_is_kept_longer_than_30_seconds(client):
    client.get("/api/users/")
    kept = [key for key in caches.client().keys("*") if key.startswith(b"callers:") and key != b"callers:era"]
    assert len(kept) == 1
    assert 0 < caches.client().pttl(kept[0]) <= 30_000


def test_neither_a_token_nor_a_contact_is_kept(client):
    client.get("/api/users/me/")
    [kept] = [key for key in caches.client().keys("callers:*") if key != b"callers:era"]
    for record in caches.client().hgetall(kept).values():
        assert b"example.com" not in record and b"1234567890" not in record and b"ey" not in record


def just_after(words: str, do_it):
    """Does it in another connection, once, as soon as this one has run a statement with these words."""
    left = [do_it]

    def wrapper(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if words in sql and left:
            thread = threading.Thread(target=_and_close, args=[left.pop()])
            thread.start()
            thread.join(10)
        return result

    return connection.execute_wrapper(wrapper)


def _and_close(do_it):
    do_it()
    connection.close()


ENDINGS = {
    "one session": lambda john: Session.objects.filter(user=john).end(),
    "a session by hand": lambda john: Session.objects.filter(user=john).update(ended=timezone.now()),
    "a session's deletion": lambda john: Session.objects.filter(user=john).delete(),
    "deactivation": lambda john: User.objects.filter(pk=john.pk).update(is_active=False),
    "deletion": lambda john: User.objects.get(pk=john.pk).delete(),
    "everybody is forgotten": lambda john: User.objects.filter(pk__gt=0).update(is_active=False),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_reader_who_read_before_the_end_does_not_bring_back_what_ended(client, john, ending):
    with just_after('FROM "users_session"', lambda: ENDINGS[ending](john)):
        client.get("/api/users/")
    assert client.get("/api/sessions/").status_code == 401


def test_who_is_unlinked_while_a_reader_reads_does_not_stay_linked(sign_in, person, alice):
    bob = person("bob", mentor=alice)
    alice.take_on(bob)
    client = sign_in(bob)
    with just_after('FROM "users_session"', lambda: alice.step_down()):
        client.get("/api/users/alice/")
    assert client.get(f"/api/users/{alice.pk}/").json()["phone"] is None


def test_an_emptied_redis_knows_nobody_and_learns_anew(client):
    client.get("/api/sessions/")
    cache.clear()
    assert len(statements(client, "/api/sessions/")) == 2
    assert len(statements(client, "/api/sessions/")) == 1


def test_what_another_version_keeps_of_a_caller_or_a_page_is_not_taken(client, monkeypatch):
    monkeypatch.setattr(callers, "SHAPE", "older")
    monkeypatch.setattr(pages, "SHAPE", "older")
    first, second = statements(client, "/api/users/"), statements(client, "/api/users/")
    assert (len(first), len(second)) == (2, 0)
    monkeypatch.undo()
    monkeypatch.setattr(pages, "KEPT", pages.Kept())
    assert statements(client, "/api/users/") == first


def test_an_era_that_redis_dropped_does_not_come_back(client, john):
    """As it may where its policy is to drop whatever it likes."""
    redis = caches.client()
    for _ in range(2):
        redis.delete(callers.ERA.key)
        statements(client, "/api/users/me/")
        assert redis.get(callers.ERA.key)
        callers.forget_everybody()
    assert any("users_session" in sql for sql in statements(client, "/api/users/me/"))


def test_many_who_change_at_once_are_all_forgotten(client, alice, john):
    User.objects.bulk_create([User(username=f"m{number}", mentor=alice) for number in range(600)])
    alice.take_on(john)
    assert client.get(f"/api/users/{alice.pk}/").json()["phone"] == "+79991112233"
    User.objects.filter(mentor=alice).update(mentor=None)
    assert client.get(f"/api/users/{alice.pk}/").json()["phone"] is None


def test_staff_who_are_none_any_more_see_what_others_see(sign_in, sam, person):
    person("gone", is_active=False)
    client = sign_in(sam)
    assert "gone" in [user["username"] for user in client.get("/api/users/").json()]
    User.objects.filter(pk=sam.pk).update(is_staff=False)
    assert "gone" not in [user["username"] for user in client.get("/api/users/").json()]
    sam.refresh_from_db()
    sam.is_staff = True
    sam.save()
    assert "gone" in [user["username"] for user in client.get("/api/users/").json()]


@pytest.mark.parametrize("how", ["save", "delete"])
def test_a_session_that_is_ended_by_hand_is_over_too(client, john, how):
    assert client.get("/api/users/").status_code == 200
    session = john.sessions.get()
    session.ended = timezone.now()
    getattr(session, how)()
    assert client.get("/api/users/").status_code == 401


def test_a_new_connection_to_redis_counts_no_request_twice(client, limits):
    limits(user=(50, 60))
    left = []
    for _ in range(6):
        left.append(int(client.get("/api/users/me/")["RateLimit-Remaining"]))
        caches.client().client_kill_filter(_type="normal", skipme=False)
        time.sleep(0.05)  # it answers before it closes
    assert left == list(range(49, 43, -1))


def test_a_change_of_a_column_s_type_is_survived(client):
    for _ in range(3):
        assert client.get("/api/users/me/").status_code == 200
    try:
        elsewhere("ALTER TABLE users_user ALTER COLUMN last_name TYPE varchar(160)")
        assert [client.get("/api/users/me/").status_code for _ in range(3)] == [200] * 3
        assert client.patch("/api/users/me/", {"first_name": "J"}).status_code == 200
    finally:
        elsewhere("ALTER TABLE users_user ALTER COLUMN last_name TYPE varchar(150)")


def elsewhere(sql: str) -> None:
    """In another connection."""
    thread = threading.Thread(target=_and_close, args=[lambda: connection.cursor().execute(sql)])
    thread.start()
    thread.join(10)
