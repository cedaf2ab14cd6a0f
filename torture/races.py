"""Requests that meet, 64 at once: one winner each, no update lost, no deadlock.

A worker has one thread: on PostgreSQL two instances with eight workers each have 16 of them at work at once, and the others wait to be
accepted; on SQLite the one process serves one after another. What races there are is in torture/race_kinds.py.
"""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests import gateways
from tests.service import Place, Service, Shell, place
from torture.race_arena import Arena
from torture.race_kinds import KINDS, Kind
from torture.report import Row, counted

ROUNDS = 100
INSTANCES, WORKERS = 2, 8
AT_WORK = {"postgres": f"up to {INSTANCES * WORKERS} served at the same time", "sqlite": "served one after another, by the one process"}


def run(scale: float) -> Iterator[Row]:
    rounds = max(2, round(ROUNDS * scale))
    with gateways.webhook() as gateway, place(JWT_ROTATE_REFRESH_TOKENS="true", NUM_PROXIES="1", **gateway.environment) as where:
        with _arena(where, gateway) as arena:
            for kind in KINDS:
                yield _row(arena, kind, rounds)
        if os.environ["TEST_ON"] == "postgres":
            yield _deadlocks(where, rounds)


@contextmanager
def _arena(where: Place, gateway: gateways.Gateway) -> Iterator[Arena]:
    instances, workers = (INSTANCES, WORKERS) if os.environ["TEST_ON"] == "postgres" else (1, 1)
    with ExitStack() as running:
        services = [running.enter_context(Service(where, WORKERS=str(workers))) for _ in range(instances)]
        shells = [running.enter_context(Shell(where)) for _ in range(2)]
        for shell in shells:
            shell.run("from contextlib import suppress; from django.core.exceptions import ValidationError")
        yield Arena(where, services, shells, gateway)


def _row(arena: Arena, kind: Kind, rounds: int) -> Row:
    arena.said.clear()
    arena.failed.clear()
    begun = time.monotonic()
    wrong = [f"round {number}: {fault}" for number in range(rounds) for fault in kind.play(arena)]
    wrong += [f"{what}: {rows}" for what, rows in arena.where.wrong().items()]
    answers = ", ".join(f"{count} × {status or 'no answer'}" for status, count in sorted(arena.said.items()))
    said = f"{answers}, {AT_WORK[os.environ['TEST_ON']]}" if answers else "past the API"
    seen = f"{said}; failed: {counted(arena.failed)}; wrong: {counted(wrong)}; {(time.monotonic() - begun) * 1000 / rounds:.0f} ms a round"
    return Row(kind.done, rounds, kind.promised, seen, not wrong and not arena.failed)


def _deadlocks(where: Place, rounds: int) -> Row:
    """Once the instances have ended: a connection may keep its statistics to itself until then."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and where.rows(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    ):
        time.sleep(0.1)
    [(deadlocks, transactions)] = where.rows(
        "SELECT deadlocks, xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
    )
    seen = f"{deadlocks} deadlocks in {transactions} transactions, by PostgreSQL's own count"
    return Row("all of these races", rounds * len(KINDS), "no deadlock", seen, deadlocks == 0)
