"""A connection to PostgreSQL is kept from request to request; one whose server has gone is noticed without asking it.

Django's own health check sends a SELECT 1 before each request's first statement: a third of a detail's round trips to it. Here it is
made only of a connection that has been idle for a while: a firewall may have forgotten it without a word.

Who waits for a lock keeps all those waiting that stand behind in the queue of the same worker. So once a lock was waited for in vain
(`lock_timeout` in the settings) this process waits hardly at all, until for some seconds nobody has.
"""

import select
import time
from contextlib import suppress

from django.core.signals import request_started
from django.db import DEFAULT_DB_ALIAS, Error, InterfaceError, OperationalError, connection, connections
from psycopg.errors import LockNotAvailable, ReadOnlySqlTransaction

IDLE = 30  # seconds
HURRY, HURRIED_WAIT = 5, 50  # seconds, and milliseconds for a lock meanwhile
hurried_until = 0.0  # by time.monotonic()


def begin(**_) -> None:
    """Before a request's first statement, and before another try: close a kept connection that has died; one that lives is told how long
    to wait for locks."""
    database = connections[DEFAULT_DB_ALIAS]  # once: through `connection` it is looked up for each attribute
    kept = database.connection
    if kept is None or database.vendor != "postgresql" or database.in_atomic_block:
        return
    now = time.monotonic()
    idle, database.looked_at = now - getattr(database, "looked_at", now), now
    if kept.closed or _has_something_to_read(kept.fileno()) or (idle > IDLE and not database.is_usable()):
        database.close()  # its server has said something unasked: that is how it says goodbye (or restarts, or fails over)
    else:
        _wait_for_locks(kept, hurried=now < hurried_until)


def _has_something_to_read(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def is_away(trouble: Exception) -> bool:
    """Whether the database is away or busy, or one that cannot be written to: a replica that is not promoted yet."""
    return isinstance(trouble, (OperationalError, InterfaceError)) or isinstance(trouble.__cause__, ReadOnlySqlTransaction)


def note(trouble: Exception) -> None:
    """To be told of whatever went wrong with the database, outside of a transaction."""
    global hurried_until
    if isinstance(trouble.__cause__, LockNotAvailable) and time.monotonic() >= hurried_until:  # else hurry would make for hurry
        hurried_until = time.monotonic() + HURRY
    if isinstance(trouble.__cause__, ReadOnlySqlTransaction):
        connection.close()  # the next one may lead to the primary


def _wait_for_locks(kept, *, hurried: bool) -> None:
    if getattr(kept, "is_hurried", False) != hurried:
        with suppress(Error), connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {HURRIED_WAIT}" if hurried else "RESET lock_timeout")
            kept.is_hurried = hurried


def watch() -> None:
    """To be called once a process, as Django starts."""
    request_started.connect(begin)
