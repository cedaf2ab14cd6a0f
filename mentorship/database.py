"""A connection to PostgreSQL is kept from request to request; one whose server has gone is noticed without asking it.

Django's own health check sends a SELECT 1 before each request's first statement: a third of a detail's round trips to it. Here it is
made only of a connection that has been idle for a while: a firewall may have forgotten it without a word.
"""

import select
import time

from django.core.signals import request_started
from django.db import connection

IDLE = 30  # seconds


def drop_a_dead_connection(**_) -> None:
    """Close the kept connection where its server has said something unasked: that is how it says goodbye (or restarts, or fails over)."""
    kept = connection.connection
    if kept is None or connection.vendor != "postgresql" or connection.in_atomic_block:
        return
    now = time.monotonic()
    idle, connection.looked_at = now - getattr(connection, "looked_at", now), now
    if kept.closed or _has_something_to_read(kept.fileno()) or (idle > IDLE and not connection.is_usable()):
        connection.close()


def _has_something_to_read(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def watch() -> None:
    request_started.connect(drop_a_dead_connection)
