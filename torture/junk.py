"""Junk where no limit stops it, and a Redis that is full: part of the floods."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from tests.servers import PROJECT, start_valkey
from torture.crowd import MIB, Asked, Target, bounded, said, store, times_of
from torture.report import Row

LONG = 55 * 1024 * "x"  # all headers of a request are 64 kB at most
CODES = 200  # asked for by who gets none
PAGES = 64 * MIB  # of pages of the list that Redis may hold for the half minute of each, however they were asked for


@contextmanager
def redis_of_its_own() -> Iterator[dict[str, str]]:
    """The environment that names a Redis to be filled to its brim; none on SQLite."""
    if os.environ["TEST_ON"] != "postgres":
        yield {}
        return
    valkey = start_valkey()
    try:
        yield valkey.environment()
    finally:
        valkey.stop()


def rows(target: Target, token: str, scale: float) -> Iterator[Row]:
    """Pages that nobody asked for before, and requests that nobody makes."""
    kinds = ["junk={n}", "after={n}", "before={n}", "search={n}", "page_size=50&x={n}", "{n}"]
    target.flood(the_list(f"warm={n}", token) for n in range(200))
    times, memory, before = times_of(10_000, scale), target.memory(), store(target)
    statuses, _ = target.flood(the_list(kinds[n % len(kinds)].format(n=n), token) for n in range(times))
    yield bounded("THROTTLE_USER=off, the list by junk query strings", target, memory, before, statuses, {200: times}, PAGES)
    times, memory, before = times_of(4000, scale, 400), target.memory(), store(target)
    statuses, _ = target.flood(_own_card(f"{n}{LONG}", token) for n in range(times))
    yield bounded("THROTTLE_USER=off, one's own card with an Origin of 55 kB", target, memory, before, statuses, {200: times}, MIB)


def full(target: Target, token: str, scale: float) -> Row:
    """What a Redis that is full forgets, as the compose file starts it, may be pages, and no counts."""
    [policy] = re.findall(r"--maxmemory-policy, ([a-z-]+)", (PROJECT / "docker-compose.yml").read_text())
    with redis.Redis.from_url(target.redis_url) as client:
        client.config_set("maxmemory-policy", policy)
        client.config_set("maxmemory", 8 * MIB)
        target.flood(_codes())
        read, _ = target.flood(the_list(f"before={10**9 + n}", token) for n in range(times_of(10_000, scale, 1500)))
        forgotten = client.info("stats")["evicted_keys"]
    statuses, _ = target.flood(_codes())
    return Row(
        f"Redis filled with pages of the list ({policy}), by who is out of codes", read.total() + statuses.total(),
        "no limit is forgotten", f"{forgotten} keys were; reading: {said(read)}; codes afterwards: {said(statuses)}",
        forgotten > 0 and read == {200: read.total()} and statuses == {429: statuses.total()},
    )  # fmt: skip


def the_list(query: str, token: str) -> Asked:
    return "GET", f"/api/users/?{query}", {"headers": {"Authorization": f"Bearer {token}"}}


def _own_card(origin: str, token: str) -> Asked:
    return "GET", "/api/users/me/", {"headers": {"Authorization": f"Bearer {token}", "Origin": origin}}


def _codes() -> Iterator[Asked]:
    """Many more than one address is given."""
    return (("POST", "/api/auth/signup", {"json": {"phone": f"+7998{n:07}"}}) for n in range(CODES))
