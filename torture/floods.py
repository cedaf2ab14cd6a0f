"""Floods: many clients at once send what there is a limit for, and what there is none for: the limits hold, and nothing grows.

On PostgreSQL over two instances of two processes each, which count in one Redis; on SQLite the one process counts for itself.
"""

import itertools
import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from tests import gateways
from tests.servers import PROJECT, start_valkey
from tests.service import PASSWORD, place
from torture.crowd import MIB, Asked, Cost, Store, Target, instances, store
from torture.report import Row

ANON, LOGIN, USER, CODE_PHONE, CODE_ADDRESS, TRIES = 100, 20, 100, 5, 20, 5
LIMITS = {"THROTTLE_ANON": f"{ANON}/hour", "THROTTLE_LOGIN": f"{LOGIN}/hour", "THROTTLE_USER": f"{USER}/hour",
          "THROTTLE_CODE_PHONE": f"{CODE_PHONE}/hour", "THROTTLE_CODE_ADDRESS": f"{CODE_ADDRESS}/hour"}  # fmt: skip
CHEAP = 1 / 5  # of the CPU of a login that computes a hash: what takes less has computed none
GROWN = 24  # MiB that a process may grow by in a flood
A_KEY = 400  # bytes of Redis for one that is counted
ENDLESS = {"list:generation", "callers:era"}  # the keys of Redis that nothing ends: there is one of each
KB = 1024 * "p"
PHONE = "+79991234567"
PAGES = 64 * MIB  # of pages of the list that Redis may hold for the half minute of each, however they were asked for
LONG = 200 * KB
_hosts = itertools.count(1)


def run(scale: float) -> Iterator[Row]:
    with gateways.webhook() as gateway, place(**LIMITS, **gateway.environment) as where:
        with instances(where, NUM_PROXIES="1") as behind_a_proxy:
            yield from _logins(behind_a_proxy, scale)
            yield from _codes(behind_a_proxy, gateway, scale)
            yield from _hops(behind_a_proxy, scale)
            yield _hosts_without_end(behind_a_proxy, scale)
            yield _of_one_user(behind_a_proxy, scale)
        with _redis_of_its_own() as url, instances(where, NUM_PROXIES="0", THROTTLE_USER="off", **url) as bare:
            token = bare.services[0].sign_up("curious")
            where.manage("populate", "--users", "300", "--verbosity", "0")
            yield from _junk(bare, token, scale)
            yield _forwarded_for_by_the_client(bare, scale)
            if url:
                yield _full(bare, token, scale)


@contextmanager
def _redis_of_its_own() -> Iterator[dict[str, str]]:
    """The environment that names a Redis to be filled to its brim; none on SQLite."""
    valkey = start_valkey() if os.environ["TEST_ON"] == "postgres" else None
    yield valkey.environment() if valkey else {}
    if valkey:
        valkey.stop()


def _times(full: int, scale: float, least: int = 60) -> int:
    return max(least, round(full * scale))


# Logins


def _logins(target: Target, scale: float) -> Iterator[Row]:
    cost, host, times = {}, _host(), _times(2000, scale, 2 * ANON)
    statuses, spent = target.flood(_login("admin", host) for _ in range(times))
    yield _limited(f"wrong passwords for one name from one address, to {spent.processes} processes", statuses, {401: LOGIN})
    _, cost["a 429"] = target.flood(_login("admin", host) for _ in range(times))
    crowd = _host()
    statuses, _ = target.flood(_login(f"somebody{n}", crowd) for n in range(times))
    yield _limited("wrong passwords for a name each, from one address", statuses, {401: ANON})
    # A body that is too large is not read, and so names nobody.
    for size, past in ((1000, {413: ANON}), (200, {400: LOGIN})):
        big = _host()
        statuses, cost[f"{size} kB"] = target.flood(_login("admin", big, size * KB) for _ in range(_times(1000, scale, 2 * ANON)))
        yield _limited(f"passwords of {size} kB from one address", statuses, past)
    yield _cost(target, cost, times)


def _cost(target: Target, refused: dict[str, Cost], times: int) -> Row:
    _, hashed = target.flood(_login(f"other{n}", _host()) for n in range(2 * LOGIN))
    shares = {kind: cost.cpu / hashed.cpu for kind, cost in refused.items()}
    return Row(
        "what a refusal takes of the processes' CPU, as against a login that computes a hash",
        times, f"less than {CHEAP:g} of it each: no hash is computed for what is refused",
        f"a hash {hashed.cpu:.1f} ms; " + ", ".join(f"{kind} {refused[kind].cpu:.2f} ms ({share:.2f})" for kind, share in shares.items()),
        all(share < CHEAP for share in shares.values()),
    )  # fmt: skip


def _login(name: str, host: str, password: str = f"not {PASSWORD}") -> Asked:
    """On a connection of its own, since behind a body that it has not read the service closes it."""
    options = {"json": {"username": name, "password": password}}
    return "POST", "/api/login", options | {"headers": {"X-Forwarded-For": host, "Connection": "close"}}


# Codes


def _codes(target: Target, gateway: gateways.Gateway, scale: float) -> Iterator[Row]:
    times = _times(3000, scale)
    statuses, _ = target.flood(_ask(f"+7999{n:07}", host) for host in [_host()] for n in range(times))
    [[written]] = target.where.rows("SELECT count(*) FROM users_phonecode")
    yield _limited(
        "codes for a phone each, from one address", statuses, {200: CODE_ADDRESS}, {"sent": len(gateway.received), "written": written}
    )
    gateway.received.clear()
    statuses, _ = target.flood(_ask(PHONE, _host()) for _ in range(times))
    yield _limited("codes for one phone, from an address each", statuses, {200: CODE_PHONE}, {"sent": len(gateway.received)})
    yield _guesses(target, _code_in(gateway), _times(1000, scale))


def _guesses(target: Target, code: str, times: int) -> Row:
    """Wrong codes from everywhere, then the right one."""
    wrong = (f"{n:06}" for n in itertools.count() if f"{n:06}" != code)
    statuses, _ = target.flood(_use(one) for one in itertools.islice(wrong, times))
    [[judged]] = target.where.rows(f"SELECT tries FROM users_phonecode WHERE phone = '{PHONE}'")  # noqa: S608 our own
    afterwards, _ = target.flood([_use(code)])
    return Row(
        "wrong codes for one phone, from an address each, and then the right one",
        times + 1, f"exactly {TRIES} are judged; the right one comes too late",
        f"{judged} judged; {_said(statuses)}; the right one {_said(afterwards)}",
        judged == TRIES and statuses == {400: times} and afterwards == {400: 1},
    )  # fmt: skip


def _ask(phone: str, host: str) -> Asked:
    return "POST", "/api/auth/signup", _from(host) | {"json": {"phone": phone}}


def _use(code: str) -> Asked:
    return "POST", "/api/auth/code", _from(_host()) | {"json": {"phone": PHONE, "code": code}}


def _code_in(gateway: gateways.Gateway) -> str:
    """The newest: each that was asked for ended the one before."""
    return re.search(r"\d{6}", gateway.received[-1][1])[0]


# Addresses


def _hops(target: Target, scale: float) -> Iterator[Row]:
    """What stands before the last hop was written by the client."""
    times, last = _times(1000, scale), _host()
    statuses, _ = target.flood(_login("admin", f"{_host()}, {_host()}, {last}") for _ in range(times))
    yield _limited("NUM_PROXIES=1, X-Forwarded-For rotated before its last hop", statuses, {401: LOGIN})
    lasts = [_host() for _ in range(3)]
    statuses, _ = target.flood(_login("admin", f"{last}, {lasts[n % 3]}") for n in range(times + 3 * LOGIN))
    yield _limited("NUM_PROXIES=1, X-Forwarded-For with three last hops", statuses, {401: 3 * LOGIN})


def _forwarded_for_by_the_client(target: Target, scale: float) -> Row:
    statuses, _ = target.flood(_login("admin", ", ".join(_host() for _ in range(1 + n % 3))) for n in range(_times(1000, scale)))
    return _limited("NUM_PROXIES=0, X-Forwarded-For rotated", statuses, {401: LOGIN})


def _hosts_without_end(target: Target, scale: float) -> Row:
    """Each is counted; who comes from that many addresses cannot be stopped by their number, but what is kept of each is small."""
    times, memory, before = _times(12_000, scale), target.memory(), store(target)
    statuses, _ = target.flood(("POST", "/api/login", _from(_host()) | {"json": {"username": f"somebody{n}"}}) for n in range(times))
    return _bounded(
        "logins without a password, an address and a name each", target, memory, before, statuses, {400: times}, 2 * A_KEY * times
    )


def _of_one_user(target: Target, scale: float) -> Row:
    token = target.services[0].sign_up("hasty")
    statuses, _ = target.flood(_list(f"junk={n}", token) for n in range(_times(2000, scale, 2 * USER)))
    return _limited("pages of the list by junk query strings, by one user", statuses, {200: USER})


# Junk, where no limit stops it


def _junk(target: Target, token: str, scale: float) -> Iterator[Row]:
    kinds = ["junk={n}", "after={n}", "before={n}", "search={n}", "page_size=50&x={n}", "{n}"]
    target.flood(_list(f"warm={n}", token) for n in range(200))
    times, memory, before = _times(10_000, scale), target.memory(), store(target)
    statuses, _ = target.flood(_list(kinds[n % len(kinds)].format(n=n), token) for n in range(times))
    yield _bounded("THROTTLE_USER=off, the list by junk query strings", target, memory, before, statuses, {200: times}, PAGES)
    times, memory, before = _times(2000, scale, 400), target.memory(), store(target)
    statuses, _ = target.flood(_own_card(f"{n}{LONG[:60_000]}", f"{n}{LONG}", token) for n in range(times))
    yield _bounded(
        "THROTTLE_USER=off, one's own card by 60 kB of query and 200 kB of Origin", target, memory, before, statuses, {200: times}, MIB
    )


def _full(target: Target, token: str, scale: float) -> Row:
    """What a Redis that is full forgets, as the compose file starts it, may be pages, and no counts."""
    [policy] = re.findall(r"--maxmemory-policy, ([a-z-]+)", (PROJECT / "docker-compose.yml").read_text())
    with redis.Redis.from_url(target.redis_url) as client:
        client.config_set("maxmemory-policy", policy)
        client.config_set("maxmemory", 8 * MIB)
        target.flood(_ask(f"+7998{n:07}", "") for n in range(2 * ANON))
        read, _ = target.flood(_list(f"before={10**9 + n}", token) for n in range(_times(10_000, scale, 1500)))
        forgotten = client.info("stats")["evicted_keys"]
    statuses, _ = target.flood(_ask(f"+7998{n:07}", "") for n in range(2 * ANON))
    return Row(
        f"Redis filled with pages of the list ({policy}), by who is out of codes", read.total() + statuses.total(),
        "no limit is forgotten", f"{forgotten} keys were; reading: {_said(read)}; codes afterwards: {_said(statuses)}",
        forgotten > 0 and read == {200: read.total()} and statuses == {429: statuses.total()},
    )  # fmt: skip


def _list(query: str, token: str) -> Asked:
    return "GET", f"/api/users/?{query}", {"headers": {"Authorization": f"Bearer {token}"}}


def _own_card(query: str, origin: str, token: str) -> Asked:
    return "GET", f"/api/users/me/?{query}", {"headers": {"Authorization": f"Bearer {token}", "Origin": origin}}


# What is said of it


def _host() -> str:
    """Another address than any before."""
    number = next(_hosts)
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _from(host: str) -> dict:
    return {"headers": {"X-Forwarded-For": host}}


def _said(statuses: Counter) -> str:
    return ", ".join(f"{number} × {status}" for status, number in statuses.items())


def _limited(done: str, statuses: Counter, past: dict[int, int], also: dict[str, int] | None = None) -> Row:
    """`past` is the status of those who may get past the limit, and how many they are, which is how many of `also` there may be."""
    [(status, most)], times, also = past.items(), statuses.total(), also or {}
    return Row(
        done, times, f"exactly {most} get past the limit",
        ", ".join([_said(statuses), *(f"{number} {what}" for what, number in also.items())]),
        statuses == {status: most, 429: times - most} and all(number == most for number in also.values()),
    )  # fmt: skip


def _bounded(done, target: Target, memory: list[float], before: Store | None, statuses: Counter, wanted: dict, most: int) -> Row:
    """What was held before, and what is held now; `most` are the bytes that Redis may have grown by."""
    grown = max(now - then for then, now in zip(memory, target.memory(), strict=True))
    promised, seen = f"each process grows by less than {GROWN} MiB", f"{_said(statuses)}; at most {grown:.1f} MiB more in a process"
    holds, after = statuses == wanted and grown < GROWN, store(target)
    if before and after:
        more = after.used - before.used
        promised += f"; Redis by less than {most / MIB:.1f} MiB, all of which ends by itself"
        seen += f"; in Redis {more / MIB:.1f} MiB and {after.keys - before.keys} keys more, without an end: {len(after.endless - ENDLESS)}"
        holds = holds and more < most and after.endless <= ENDLESS
    return Row(done, statuses.total(), promised, seen, holds)
