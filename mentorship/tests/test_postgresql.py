"""A PostgreSQL that does not answer, or whose locks somebody holds, keeps nobody waiting for long; for real in tests/test_database_away.py."""

import socket
import time

import pytest
from django.db import OperationalError, connection, connections
from psycopg.errors import LockNotAvailable, ReadOnlySqlTransaction

from mentorship import database
from mentorship.postgresql import base

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    for name in ("patience", "silent_until"):
        monkeypatch.setattr(base.DatabaseWrapper, name, getattr(base.DatabaseWrapper, name))
    monkeypatch.setattr(database, "hurried_until", 0.0)
    yield
    connection.close()


@pytest.fixture
def another():
    """A connection beside the one of the tests."""
    found = connections["default"].copy()
    yield found
    found.close()


def is_left_alone() -> bool:
    return time.monotonic() < base.DatabaseWrapper.silent_until


def trouble(cause: type[Exception]) -> OperationalError:
    found = OperationalError()
    found.__cause__ = cause()
    return found


def test_a_statement_without_an_answer_is_given_up_and_the_server_left_alone(another):
    base.DatabaseWrapper.patience = 0.2
    with another.cursor() as cursor, pytest.raises(OperationalError):
        cursor.execute("SELECT pg_sleep(60)")
    assert another.connection.closed
    assert is_left_alone()


def test_a_statement_that_fails_leaves_nobody_alone(another):
    base.DatabaseWrapper.patience = 60
    with another.cursor() as cursor, pytest.raises(OperationalError):
        cursor.execute("SET LOCAL statement_timeout = 1; SELECT pg_sleep(60)")
    assert not another.connection.closed
    assert not is_left_alone()


def test_one_that_is_left_alone_is_not_asked(another):
    base.DatabaseWrapper.silent_until = time.monotonic() + 60
    with pytest.raises(OperationalError, match="left alone"):
        another.ensure_connection()


@pytest.mark.parametrize(("slow", "left_alone"), [(1.0, False), (0.0, True)])
def test_one_that_refuses_is_asked_again_at_once_and_one_that_was_slow_to_is_not(another, monkeypatch, slow, left_alone):
    monkeypatch.setattr(base, "SLOW", slow)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        another.settings_dict = another.settings_dict | {"HOST": "127.0.0.1", "PORT": nobody.getsockname()[1]}
        with pytest.raises(OperationalError):
            another.ensure_connection()
    assert is_left_alone() == left_alone


def lock_timeout() -> str:
    database.begin()
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        return cursor.fetchone()[0]


def test_after_a_lock_that_was_waited_for_in_vain_nobody_waits_long_for_a_while(monkeypatch):
    connection.ensure_connection()
    usual = lock_timeout()
    database.note(trouble(LockNotAvailable))
    assert (usual, lock_timeout()) == ("3s", "50ms")
    until = database.hurried_until
    database.note(trouble(LockNotAvailable))
    assert database.hurried_until == until  # hurry makes for no hurry
    monkeypatch.setattr(database, "hurried_until", 0.0)
    assert lock_timeout() == "3s"


def test_a_connection_to_what_takes_no_changes_is_not_kept():
    connection.ensure_connection()
    database.note(trouble(ReadOnlySqlTransaction))
    assert connection.connection is None


def test_a_kept_connection_that_its_server_ended_is_not_used(another):
    connection.ensure_connection()
    with another.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
    time.sleep(0.2)
    database.begin()
    assert connection.connection is None
