"""Floods: many clients at once send what there is a limit for, and what there is none for: the limits hold, and nothing grows.

On PostgreSQL over two instances of two processes each, which count in one Redis; on SQLite the one process counts for itself.
"""

import itertools
from collections.abc import Iterator

from tests import gateways
from tests.service import PASSWORD, place
from torture import junk
from torture.addresses import new_address
from torture.crowd import Asked, Cost, Target, bounded, instances, limited, said, store, times_of
from torture.report import Row

ANON, LOGIN, USER, CODE_PHONE, CODE_ADDRESS, TRIES = 100, 20, 100, 5, 20, 5
LIMITS = {"THROTTLE_ANON": f"{ANON}/hour", "THROTTLE_LOGIN": f"{LOGIN}/hour", "THROTTLE_USER": f"{USER}/hour",
          "THROTTLE_CODE_PHONE": f"{CODE_PHONE}/hour", "THROTTLE_CODE_ADDRESS": f"{CODE_ADDRESS}/hour"}  # fmt: skip
CHEAP = 1 / 5  # of the CPU of a login that computes a hash: what takes less has computed none
A_KEY = 400  # bytes of Redis for one that is counted
KB = 1024 * "p"
PHONE = "+79991234567"


def run(scale: float) -> Iterator[Row]:
    with gateways.webhook() as gateway, place(**LIMITS, **gateway.environment) as where:
        with instances(where, NUM_PROXIES="1") as behind_a_proxy:
            yield from _logins(behind_a_proxy, scale)
            yield from _codes(behind_a_proxy, gateway, scale)
            yield from _hops(behind_a_proxy, scale)
            yield _hosts_without_end(behind_a_proxy, scale)
            yield _of_one_user(behind_a_proxy, scale)
        with junk.redis_of_its_own() as url, instances(where, NUM_PROXIES="0", THROTTLE_USER="off", **url) as bare:
            token = bare.services[0].sign_up("curious")
            where.manage("populate", "--users", "300", "--verbosity", "0")
            yield from junk.rows(bare, token, scale)
            yield _forwarded_for_by_the_client(bare, scale)
            if url:
                yield junk.full(bare, token, scale)


# Logins


def _logins(target: Target, scale: float) -> Iterator[Row]:
    cost, host, times = {}, new_address(), times_of(2000, scale, 2 * ANON)
    statuses, spent = target.flood(_login("admin", host) for _ in range(times))
    yield limited(f"wrong passwords for one name from one address, to {spent.processes} processes", statuses, {401: LOGIN})
    _, cost["a 429"] = target.flood(_login("admin", host) for _ in range(times))
    crowd = new_address()
    statuses, _ = target.flood(_login(f"somebody{n}", crowd) for n in range(times))
    yield limited("wrong passwords for a name each, from one address", statuses, {401: ANON})
    # A body that is too large is not read, and so names nobody.
    for size, past in ((1000, {413: ANON}), (200, {400: LOGIN})):
        big = new_address()
        statuses, cost[f"{size} kB"] = target.flood(_login("admin", big, size * KB) for _ in range(times_of(1000, scale, 2 * ANON)))
        yield limited(f"passwords of {size} kB from one address", statuses, past)
    yield _cost(target, cost, times)


def _cost(target: Target, refused: dict[str, Cost], times: int) -> Row:
    _, hashed = target.flood(_login(f"other{n}", new_address()) for n in range(2 * LOGIN))
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
    times = times_of(3000, scale)
    statuses, _ = target.flood(_ask(f"+7999{n:07}", host) for host in [new_address()] for n in range(times))
    [[written]] = target.where.rows("SELECT count(*) FROM users_phonecode")
    yield limited(
        "codes for a phone each, from one address", statuses, {200: CODE_ADDRESS}, {"sent": len(gateway.received), "written": written}
    )
    gateway.received.clear()
    statuses, _ = target.flood(_ask(PHONE, new_address()) for _ in range(times))
    yield limited("codes for one phone, from an address each", statuses, {200: CODE_PHONE}, {"sent": len(gateway.received)})
    yield _guesses(target, gateway.code_for(PHONE), times_of(1000, scale))


def _guesses(target: Target, code: str, times: int) -> Row:
    """Wrong codes from everywhere, then the right one."""
    wrong = (f"{n:06}" for n in itertools.count() if f"{n:06}" != code)
    statuses, _ = target.flood(_use(one) for one in itertools.islice(wrong, times))
    [[judged]] = target.where.rows(f"SELECT tries FROM users_phonecode WHERE phone = '{PHONE}'")  # noqa: S608 our own
    afterwards, _ = target.flood([_use(code)])
    return Row(
        "wrong codes for one phone, from an address each, and then the right one",
        times + 1, f"exactly {TRIES} are judged; the right one comes too late",
        f"{judged} judged; {said(statuses)}; the right one {said(afterwards)}",
        judged == TRIES and statuses == {400: times} and afterwards == {400: 1},
    )  # fmt: skip


def _ask(phone: str, host: str) -> Asked:
    return "POST", "/api/auth/signup", _from(host) | {"json": {"phone": phone}}


def _use(code: str) -> Asked:
    return "POST", "/api/auth/code", _from(new_address()) | {"json": {"phone": PHONE, "code": code}}


# Addresses


def _hops(target: Target, scale: float) -> Iterator[Row]:
    """What stands before the last hop was written by the client."""
    times, last = times_of(1000, scale), new_address()
    statuses, _ = target.flood(_login("admin", f"{new_address()}, {new_address()}, {last}") for _ in range(times))
    yield limited("NUM_PROXIES=1, X-Forwarded-For rotated before its last hop", statuses, {401: LOGIN})
    lasts = [new_address() for _ in range(3)]
    statuses, _ = target.flood(_login("admin", f"{last}, {lasts[n % 3]}") for n in range(times + 3 * LOGIN))
    yield limited("NUM_PROXIES=1, X-Forwarded-For with three last hops", statuses, {401: 3 * LOGIN})


def _forwarded_for_by_the_client(target: Target, scale: float) -> Row:
    statuses, _ = target.flood(_login("admin", ", ".join(new_address() for _ in range(1 + n % 3))) for n in range(times_of(1000, scale)))
    return limited("NUM_PROXIES=0, X-Forwarded-For rotated", statuses, {401: LOGIN})


def _hosts_without_end(target: Target, scale: float) -> Row:
    """Each is counted; who comes from that many addresses cannot be stopped by their number, but what is kept of each is small."""
    times, memory, before = times_of(12_000, scale), target.memory(), store(target)
    statuses, _ = target.flood(("POST", "/api/login", _from(new_address()) | {"json": {"username": f"somebody{n}"}}) for n in range(times))
    return bounded(
        "logins without a password, an address and a name each", target, memory, before, statuses, {400: times}, 2 * A_KEY * times
    )


def _of_one_user(target: Target, scale: float) -> Row:
    token = target.services[0].sign_up("hasty")
    statuses, _ = target.flood(junk.the_list(f"junk={n}", token) for n in range(times_of(2000, scale, 2 * USER)))
    return limited("pages of the list by junk query strings, by one user", statuses, {200: USER})


# By whom


def _from(host: str) -> dict:
    return {"headers": {"X-Forwarded-For": host}}
