"""The cached user list: pages that any process may serve, and that no process serves once they are stale.

A page is kept under the generation of its moment, a random value in Redis. Whoever commits a change that the list
shows puts a new generation there before the change is acknowledged, so that from then on no old page is found.
A reader takes the generation before it reads the database: a page read too early is kept under the old one.
"""

import secrets

from django.conf import settings
from django.core.cache import cache
from django.db import transaction

GENERATION = "list:generation"
OLDEST = 30  # seconds a page may live: the bound for a process that could not reach Redis when it changed something
_owed = False  # this process changed something while Redis was away


def changed() -> None:
    """To be called in the transaction of every change that the list shows."""
    transaction.on_commit(renew)


def renew() -> None:
    """Put a new generation; where Redis is away, remember that one is owed."""
    global _owed
    _owed = not cache.set(GENERATION, secrets.token_hex(8), timeout=None) and bool(settings.REDIS_URL)


def page(name: str, read):
    """The page of that name: kept, or as `read()` gives it (any JSON value), which is then kept for OLDEST seconds."""
    if _owed:
        renew()
    generation = cache.get(GENERATION)
    if generation is None:
        cache.add(GENERATION, secrets.token_hex(8), timeout=None)
        generation = cache.get(GENERATION)
    if generation is None:  # no Redis, or away
        return read()
    place = f"list:{generation}:{name}"
    if (kept := cache.get(place)) is None:
        kept = read()
        cache.set(place, kept, timeout=OLDEST)
    return kept
