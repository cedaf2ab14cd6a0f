"""What one statement costs PostgreSQL, and how many bytes a user takes: from both follows how large a machine must be."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from statistics import median

import redis

from bench import machine
from bench.load import Request as Load
from bench.load import drive
from bench.operations import Operations
from bench.targets import Place, say

PEOPLE = (10_000_000, 100_000_000, 1_000_000_000)
ACTIVE = 0.01  # of all, in the busiest hour
HOUR = {"list, read anew": 8, "detail": 8, "refresh": 2, "login": 1, "PATCH": 1}  # what each of them asks for in that hour
CALLERS = 20_000  # more than are answered in a load: of none is it known yet who they are, as of people who come every few minutes
LONGER = 3  # times as long a load, for what is answered few times a second
BUSY = 0.5  # of a core: what is above it is for the moments that are worse than the hour
HOT = ("users_user_pkey", "one_user_a_name", "mentees_by_id", "users_session_pkey")  # what sign-in, callers, cards and pages are found by
# One living session for everybody: more than a service ever has at once.
SESSIONS = """
INSERT INTO users_session (user_id, created, last_refreshed, expires, address, user_agent)
SELECT id, now(), now(), now() + interval '1 hour', '203.0.113.' || id % 250, rpad('Mozilla/5.0 ', 110, 'x') FROM users_user
"""
SIZES = """
SELECT c.relname, coalesce(i.indrelid, c.oid)::regclass::text, pg_relation_size(c.oid)::float / (SELECT count(*) FROM users_user)
FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE coalesce(i.indrelid, c.oid) IN ('users_user'::regclass, 'users_session'::regclass) ORDER BY 2, 3 DESC
"""


@dataclass(frozen=True)
class Cost:
    """Of one execution: CPU of PostgreSQL and time within its executor, in milliseconds, and the pages of 8 KiB that it looks at."""

    cpu: float
    time: float
    pages: float


@dataclass(frozen=True)
class Request:
    """CPU milliseconds of one request, in each."""

    service: float
    postgres: float
    redis: float


def report(place: Place, people: list[dict], asked) -> str:
    requests = {name: request(place, name, load, asked.seconds) for name, load in loads(people, asked.users).items()}
    with place.connect() as connection:
        connection.execute(SESSIONS)
    place.settle()
    statements = costs(place, asked.executions)
    with place.connect() as connection:
        bytes_of = {(table, name): size for name, table, size in connection.execute(SIZES)}
    tables = statement_rows(statements), request_rows(requests), byte_rows(bytes_of), machine_rows(requests, bytes_of)
    return "\n\n".join("\n".join(table) for table in tables)


def loads(people: list[dict], last: int) -> dict[str, list[Load]]:
    """Each request by somebody else: pages and cards that nobody has asked for, sessions and users all over their tables."""
    operations = Operations(people, last)
    starts = Random(4).sample(range(1, last - 200), len(people))  # noqa: S311 the same each time
    tokens = [one["access"] for one in people]
    return {
        "list, read anew": [Load(f"/api/users/?after={start}", token) for start, token in zip(starts, tokens, strict=True)],
        "detail": [Load(f"/api/users/{start}/", token) for start, token in zip(starts, tokens, strict=True)],
        "refresh": operations.refresh("/api/token/refresh/"),
        "login": operations.login("/api/login/"),
        "PATCH": operations.patch("/api/users/me/"),
    }


def request(place: Place, name: str, load: list[Load], seconds: float) -> Request:
    place.settle()
    seconds *= LONGER if name == "login" else 1
    with place.service() as server:
        drive(server, [], load[:100], 1)  # each process connects, compiles and prepares once
        with redis.Redis.from_url(place.valkey.url) as client:
            client.flushdb()
        postgres, valkey = place.stores
        before = machine.cpu(valkey)
        taken = drive(server, [postgres], load, seconds)
        of_redis = 1000 * (machine.cpu(valkey) - before) / (taken.rate * seconds)
        held = max(machine.memory(server.pid))
    say(f"{name:16} {taken.rate:6.0f}/s, a process holds up to {held:.0f} MiB")
    return Request(taken.cpu, taken.stores, of_redis)


def costs(place: Place, executions: int) -> dict[str, Cost]:
    """By statement, as the service itself prepares it: asked from this process, about people all over the table."""
    os.environ.update(place.environment | {"DJANGO_SETTINGS_MODULE": "mentorship.settings"})
    import django

    django.setup()
    found = {}
    for name, (statement, parameters) in statements(place).items():
        given = [parameters() for _ in range(executions)]
        found[name] = Cost(cpu(place, statement, given), *explained(statement, given[:50]))
        say(f"{name:42} {found[name]}")
    return found


def statements(place: Place) -> dict[str, tuple[Callable, Callable[[], tuple]]]:
    from django.utils import timezone

    from mentorship.statements import Update
    from users import callers, cards, pages
    from users.models import User
    from users.sessions import models as sessions

    random, soon = Random(3), timedelta(hours=1)  # noqa: S311 the same people each time
    with place.connect() as connection:
        living = connection.execute("SELECT id, user_id FROM users_session WHERE ended IS NULL").fetchall()

    def now_and_soon():
        now = timezone.now()
        return now, now + soon, *random.choice(living), "none"

    return {
        "who asks (a read, once in 30 s)": (callers._find, lambda: random.choice(living)),
        "who asks (a change, each time)": (sessions._user_of, lambda: random.choice(living)),
        "a detail": (cards._cards, lambda: random.choice(living)[1:]),
        "a page of 100": (pages._plain_page(False, "after"), lambda: random.choice(living)[1:]),
        "refresh: UPDATE of the session": (sessions._keep_alive, now_and_soon),
        "PATCH: UPDATE of a phone": (Update(lambda phone, pk: (User.objects.filter(pk=pk), {"phone": phone})),
                                     lambda: (f"+7998{random.randrange(10**7):07}", random.choice(living)[1])),
    }  # fmt: skip


def cpu(place: Place, statement: Callable, given: list[tuple]) -> float:
    """CPU milliseconds of PostgreSQL for one execution."""
    pid = place.postgres.process.pid
    for parameters in given[:200]:
        statement(*parameters)
    machine.drain(pid)
    before = machine.cpu(pid)
    for parameters in given:
        statement(*parameters)
    machine.drain(pid)
    return 1000 * (machine.cpu(pid) - before) / len(given)


def explained(statement, given: list[tuple]) -> tuple[float, float]:
    """Milliseconds in PostgreSQL's executor, and pages of 8 KiB looked at: medians."""
    from django.db import connection

    plans = []
    for parameters in given:
        values = statement.constants.copy()
        for place, number in statement.places.items():
            values[place] = parameters[number]
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.sql}", values)
            [[plan]] = cursor.fetchone()
        plans.append((plan["Execution Time"], plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]))
    times, pages = zip(*plans, strict=True)
    return median(times), median(pages)


def statement_rows(found: dict[str, Cost]) -> list[str]:
    lines = ["| statement | CPU of PostgreSQL, ms | time in its executor, ms | pages of 8 KiB |", "|---|--:|--:|--:|"]
    return lines + [f"| {name} | {cost.cpu:.3f} | {cost.time:.3f} | {cost.pages:.0f} |" for name, cost in found.items()]


def request_rows(found: dict[str, Request]) -> list[str]:
    lines = ["| request | in that hour | CPU of the service, ms | of PostgreSQL | of Redis |", "|---|--:|--:|--:|--:|"]
    lines += [f"| {name} | {HOUR[name]} | {one.service:.2f} | {one.postgres:.3f} | {one.redis:.3f} |" for name, one in found.items()]
    mean = average(found)
    return [*lines, f"| one of these {sum(HOUR.values())}, on average | | {mean.service:.2f} | {mean.postgres:.3f} | {mean.redis:.3f} |"]


def average(found: dict[str, Request]) -> Request:
    def mean(part: str) -> float:
        return sum(HOUR[name] * getattr(one, part) for name, one in found.items()) / sum(HOUR.values())

    return Request(mean("service"), mean("postgres"), mean("redis"))


def byte_rows(bytes_of: dict[tuple[str, str], float]) -> list[str]:
    lines = ["| of which | bytes a user |", "|---|--:|"]
    for table in ("users_user", "users_session"):
        indexes = {name: size for (of, name), size in bytes_of.items() if of == table != name}
        lines.append(f"| {table}, its rows | {bytes_of[table, table]:.0f} |")
        lines.append(f"| its {len(indexes)} indexes | {sum(indexes.values()):.0f} |")
    return [*lines, f"| of the indexes, the hot ones: {', '.join(HOT)} | {hot(bytes_of):.0f} |"]


def hot(bytes_of: dict[tuple[str, str], float]) -> float:
    return sum(size for (_table, name), size in bytes_of.items() if name in HOT)


def machine_rows(requests: dict[str, Request], bytes_of: dict[tuple[str, str], float]) -> list[str]:
    mean, whole = average(requests), sum(bytes_of.values())
    lines = ["| people | requests/s | cores of the service | cores of PostgreSQL | cores of Redis | disk, GB | hot indexes, GB |",
             "|--:|--:|--:|--:|--:|--:|--:|"]  # fmt: skip
    for people in PEOPLE:
        rate = people * ACTIVE * sum(HOUR.values()) / 3600
        cores = [f"{rate * one / 1000 / BUSY:.1f}" for one in (mean.service, mean.postgres, mean.redis)]
        sizes = [f"{people * size / 1e9:.0f}" for size in (whole, hot(bytes_of))]
        lines.append(f"| {people // 10**6} million | {rate:.0f} | {' | '.join(cores + sizes)} |")
    return lines
