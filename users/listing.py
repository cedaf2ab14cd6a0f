"""The cached user list: pages that any process may serve, and that no process serves once they are stale.

A page is kept under the generation of its moment, a random value in Redis. Whoever commits a change that the list
shows puts a new generation there before the change is acknowledged, so that from then on no old page is found.
A reader takes the generation before it reads the database: a page read too early is kept under the old one.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

from mentorship import metrics
from mentorship.caches import Generation

GENERATION = Generation("list:generation")
served_from = metrics.counter("list_pages", "Pages of the user list, by where they were found.", "where")
T = TypeVar("T")
OLDEST = 30  # seconds a page may live: the bound for a process that could not reach Redis when it changed something


def changed() -> None:
    """To be called in the transaction of every change that the list shows."""
    transaction.on_commit(GENERATION.renew)


def page(name: str, read: Callable[[], T], generation: bytes | None) -> tuple[T, float]:
    """The page of that name and generation: kept, or as `read()` gives it (any JSON value), which is then kept for OLDEST seconds.

    And for how many seconds it may still be served. Without a generation (no Redis, or it is away) nothing is kept.
    """
    if generation is None:
        served_from("database")
        return read(), 0
    place = f"list:{generation.decode()}:{name}"
    if (kept := cache.get(place)) is not None:
        served_from("redis")
        return kept, _seconds_left(place)
    served_from("database")
    kept = read()
    cache.set(place, kept, timeout=OLDEST)
    return kept, OLDEST


def _seconds_left(place: str) -> float:
    with suppress(RedisError):  # which django-redis hands on here, though it is to ignore it
        return (cache.pttl(place) or 0) / 1000
    return 0
