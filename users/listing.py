"""The cached user list: pages that any process may serve, and that no process serves once they are stale.

A page is kept under the generation of its moment, a random value in Redis. Whoever commits a change that the list
shows puts a new generation there before the change is acknowledged, so that from then on no old page is found.
A reader takes the generation before it reads the database: a page read too early is kept under the old one.
"""

from contextlib import suppress

from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

from mentorship import metrics
from mentorship.caches import Generation, Script, client

GENERATION = Generation("list:generation")
served_from = metrics.counter("list_pages", "Pages of the user list, by where they were found.", "where")
_find = Script("return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}")
OLDEST = 30  # seconds a page may live: the bound for a process that could not reach Redis when it changed something


def changed() -> None:
    """To be called in the transaction of every change that the list shows."""
    transaction.on_commit(GENERATION.renew)


def place(name: str, generation: bytes) -> str:
    """Where Redis keeps the page of that name in that generation."""
    return cache.make_key(f"list:{generation.decode()}:{name}")


def find(place: str) -> tuple[bytes | None, float]:
    """The page that Redis keeps there, and for how many seconds it may still be served; else None."""
    with suppress(RedisError):
        kept, milliseconds = _find([place], [])
        return kept, max(0, milliseconds) / 1000
    return None, 0


def keep(place: str, page: bytes) -> None:
    """Keep a page that was read after its generation was taken, for OLDEST seconds."""
    with suppress(RedisError):
        client().set(place, page, ex=OLDEST)
