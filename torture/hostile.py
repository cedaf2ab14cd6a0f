"""Hostile requests, 100 000 in all: what the service's own schema names × everything bad, raw bytes, and schemathesis.

With DEBUG on, where Django would show its own HTML; on PostgreSQL the second instance is as for real: behind a proxy, with limits that
are counted, a gateway and a mail server. So no endpoint of either may say 503.

Nothing that is refused may change anything. What must be refused is not foretold, field by field: everything is sent a first time; and
then what was refused, and what only reads, is sent once more, alone, between two looks at every row of every table.
"""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

from bench.machine import family
from tests import gateways
from tests.mail_server import MailServer
from tests.service import FAR_LIMITS, Place, Service, me, place
from torture import chunked, raw_http
from torture.endpoints import kinds, read
from torture.report import Row, counted
from torture.sending import PATIENCE, PROMISED, SLOWEST, THREADS, Callers, Senders, Sent, Tally

ALL, RAW, CHUNKS, EXAMPLES = 100_000, 6_000, 2_000, 200  # requests; the last: schemathesis's, an operation
BATCH, MOST_TAKEN = 1_000, 100
FIRST = 0.55  # of the rest is sent a first time
FOR_REAL = {"DEBUG": "false", "NUM_PROXIES": "1", **FAR_LIMITS}
SHARES = {"fields": 0.42, "bodies": 0.08, "headers": 0.13, "methods": 0.07, "paths": 0.14, "query strings": 0.16}


def run(scale: float) -> Iterator[Row]:
    on_postgres = os.environ["TEST_ON"] == "postgres"
    settings = {"DEBUG": "true", "PASSWORD_VALIDATION": "true", "WORKERS": "2" if on_postgres else "1"}
    settings |= dict.fromkeys(("JWT_ACCESS_MINUTES", "JWT_REFRESH_MINUTES"), "600")  # longer than all of this takes
    with place(**settings) as where, ExitStack() as stack:
        services = [stack.enter_context(Service(where))]
        if on_postgres:
            Place(where.environment | FOR_REAL).manage("collectstatic", "--noinput", "--verbosity", "0")  # as `make run` does
            others = stack.enter_context(gateways.webhook()).environment | stack.enter_context(MailServer()).environment
            services.append(stack.enter_context(Service(where, **FOR_REAL, **others)))
        yield from _of(where, services, scale)


def _of(where: Place, services: list[Service], scale: float) -> Iterator[Row]:
    services[0].sign_up("alice", is_mentor=True)
    workers = [set(family(service.process.pid)) for service in services]
    endpoints = read(services[0].get("/api/schema/").json())
    callers, left = Callers(where, int(1500 * scale) + 30), int(ALL * scale)

    yield (generated := _schemathesis(where, services[0], scale))
    yield (raw := raw_http.all_shapes(services, callers, endpoints, int(RAW * scale)))
    yield (chunks := chunked.mean_what_they_say(services, callers, endpoints, int(CHUNKS * scale)))
    left -= generated.times + raw.times + chunks.times

    sent, senders = [], Senders(services, callers)
    for kind in kinds(endpoints):
        tally, times = Tally(), int(left * FIRST * SHARES[kind.name])
        # New names first: who is refused because nobody has a name yet would be taken the second time.
        numbers = sorted(range(times), key=lambda number: "registration" not in kind.request(number).path)
        sent += senders.send([(kind, number) for number in numbers], tally)
        yield tally.row(f"{kind.name}: {min(times, len(kind.things))} of {kind.what}")
    yield _nothing_changed(where, senders, sent, left - len(sent))
    yield _well_afterwards(services, workers)


def _schemathesis(where: Place, service: Service, scale: float) -> Row:
    """As tests/test_schemathesis.py has it: each answer is one that the schema promises."""
    # Its `coverage` has a size of its own, of 1600 requests.
    phases = "examples,coverage,fuzzing,stateful" if scale > 0.1 else "examples,fuzzing"
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{service.url}/api/schema/",
               "--max-examples", str(max(1, int(EXAMPLES * scale))),
               "--generation-deterministic", "--no-color", "--request-timeout", str(PATIENCE), "--max-response-time", str(SLOWEST),
               "--continue-on-failure", "--phases", phases]  # fmt: skip
    environment = where.environment | {"SCHEMATHESIS_HOOKS": "tests.schemathesis_hooks"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1800)  # noqa: S603 our own command
    generated = re.search(r"(\d+) generated", done.stdout)
    failed = re.search(r"=+ FAILURES =+.*", done.stdout, re.DOTALL)
    said = f"{generated[0]}, {failed[0][:1500]}" if generated and failed else (generated or ["nothing generated"])[0]
    seen, promised = f"{said}; ended with {done.returncode}", "each answer is one that the schema promises, none over 2 s"
    return Row("schemathesis", int(generated[1]) if generated else 0, promised, seen, done.returncode == 0)


def _nothing_changed(where: Place, senders: Senders, sent: list[Sent], times: int) -> Row:
    """In batches, each between two looks at the tables. A batch in which something was taken that had been refused before (a mentor of a
    name that was nobody's then, say) tells nothing: it goes to the end once more, without that.
    """
    again = [one.again for one in sent if not one.may_change]
    waiting, tally, changed, taken = list(islice(cycle(again), times)), Tally(), set(), set()
    before = _tables(where)
    while waiting and len(taken) <= MOST_TAKEN:
        if len(senders.callers.fresh) < THREADS:  # none is to be made while it is looked whether anything changed
            senders.callers.stock(THREADS)
            before = _tables(where)
        batch, waiting = waiting[:BATCH], waiting[BATCH:]
        now = {one.again for one in senders.send(batch, tally) if one.may_change}
        after = _tables(where)
        if now:
            taken |= now
            waiting = [one for one in waiting + batch if one not in now]
        else:
            changed |= {table for table in before.keys() | after.keys() if before.get(table) != after.get(table)}
        before = after
    row = tally.row("what was refused, and what only reads, once more and alone")
    rows = sum(count for count, _digest in before.values())
    seen = f"{row.seen}; tables changed: {counted(sorted(changed))}, of {len(before)} with {rows} rows; "
    seen += f"sent no more because taken this time: {counted(f'{kind.request(number)}' for kind, number in taken)}"
    return replace(row, promised=f"{PROMISED}, and nothing changed", seen=seen, was_so=row.was_so and not changed and not waiting)


def _tables(where: Place) -> dict[str, tuple[int, str]]:
    """Of every table how many rows it has, and a digest of all that stands in them."""
    names = ("SELECT tablename FROM pg_tables WHERE schemaname = 'public'" if os.environ["TEST_ON"] == "postgres" else
             "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")  # fmt: skip
    tables = {}
    for (name,) in where.rows(names):
        # The wrong tries at a code are counted, and are to be.
        columns = "phone, digest, expires" if name == "users_phonecode" else "*"
        rows = sorted(map(repr, where.rows(f'SELECT {columns} FROM "{name}"')))  # noqa: S608 our own tables
        tables[name] = len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return tables


def _well_afterwards(services: list[Service], workers: list[set[int]]) -> Row:
    """Each instance signs somebody up and in, lists and changes them; and all processes are those that began."""
    wrong = []
    for number, (service, began) in enumerate(zip(services, workers, strict=True)):
        name = f"afterwards-{number}"
        token = service.sign_up(name)
        service.patch({"first_name": "Well"}, token)
        listed = [user["username"] for user in service.get(f"/api/users/?search={name}", token).json()]
        ready = service.get("/health/ready")
        if (listed, me(service, token)["first_name"], ready.status_code) != ([name], "Well", 200):
            wrong.append(f"{service.url}: {listed}, {ready.status_code}")
        if set(family(service.process.pid)) != began:
            wrong.append(f"{service.url}: other processes than before")
        log = Path(service.log.name).read_text(errors="replace")
        if "Traceback" in log or "panicked" in log:
            wrong.append(f"{service.url} logged an error: {log[max(log.find('Traceback'), log.find('panicked')) :][:1500]}")
    done = "afterwards: a sign-up, a sign-in, a change, a list and the health of each instance"
    seen = f"{len(services)} instances, {sum(map(len, workers))} processes; not well: {counted(wrong)}"
    return Row(done, len(services), "the service is well, and no process has died", seen, not wrong)
