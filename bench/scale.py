"""`python -m bench.scale`: what more processes bring, and from what one statement and one user cost, how large a machine must be.

Two cores are all that this machine may have, so more processes are tried where the cores are free: with PostgreSQL FAR milliseconds
away, as on another machine, a process mostly waits. Beside it, what keeps the cores busy, which no third process makes faster.
docs/operations.md shows what it prints.
"""

import argparse
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from statistics import median

import psycopg

from bench import sizes
from bench.load import Taken, drive
from bench.operations import Operations
from bench.report import machine
from bench.targets import Place, say
from torture.between import Between

PROCESSES = (1, 2, 4)
FAR = 5  # milliseconds of a round trip
CALLERS = 200
CONNECTIONS = 64  # so many that each process gets some of them


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--users", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6, help="of each load")
    parser.add_argument("--executions", type=int, default=20_000, help="of each statement")
    parser.add_argument("--only", choices=("processes", "sizes"))
    asked = parser.parse_args()
    say(f"Starting PostgreSQL and Valkey, with {asked.users} users")
    place = Place(asked.users)
    people = place.sign_in(min(sizes.CALLERS, asked.users // 2))
    operations = Operations(people[:: len(people) // CALLERS], last=asked.users)
    sys.stdout.write(f"{machine(place)}; {asked.users} users.\n\n")
    if asked.only != "sizes":
        sys.stdout.write(f"With {FAR} ms on the way a round trip to PostgreSQL takes {round_trip(place):.1f} ms.\n\n")
        sys.stdout.write("\n".join(rows(measured(place, operations, asked))) + "\n\n")
    if asked.only != "processes":
        sys.stdout.write(sizes.report(place, people, asked) + "\n")


def loads(operations: Operations) -> dict[str, tuple[float, Callable]]:
    """By operation, how far away the database is, and what makes the requests."""
    return {
        "detail": (FAR, lambda: operations.detail("/api/users/")),
        "refresh": (FAR, lambda: operations.refresh("/api/token/refresh/")),
        "PATCH": (FAR, lambda: operations.patch("/api/users/me/")),
        "login": (0, lambda: operations.login("/api/login/")),
    }


@contextmanager
def service(place: Place, away: float, processes: int):
    with Between(place.postgres.port) as between:
        between.delay(away / 2000)  # seconds, of each direction
        port = between.port if away else place.postgres.port
        with place.service(WORKERS=str(processes), DB_PORT=str(port)) as server:
            yield server


def round_trip(place: Place) -> float:
    """Milliseconds that one really takes on that way."""
    at, taken = place.postgres, []
    with Between(at.port) as between:
        between.delay(FAR / 2000)
        with psycopg.connect(host=at.host, port=between.port, user=at.user, password=at.password, dbname=at.name) as connection:
            for _ in range(200):
                begun = time.perf_counter()
                connection.execute("SELECT 1")
                taken.append(time.perf_counter() - begun)
    return 1000 * median(taken)


def measured(place: Place, operations: Operations, asked) -> dict[str, dict[int, list[Taken]]]:
    """By operation and number of processes, what each round took."""
    found = {name: {number: [] for number in PROCESSES} for name in loads(operations)}
    for turn in range(asked.rounds):
        for name, (away, requests) in loads(operations).items():
            for number in PROCESSES[:: -1 if turn % 2 else 1]:
                with service(place, away, number) as server:
                    load = partial(drive, server, place.stores, connections=CONNECTIONS)
                    load(requests(), 1)  # each process connects, compiles and prepares once
                    found[name][number].append(load(requests(), asked.seconds))
                say(f"round {turn + 1}/{asked.rounds}  {name:10} {number} processes {found[name][number][-1].rate:9.1f}/s")
    return found


def rows(found: dict[str, dict[int, list[Taken]]]) -> list[str]:
    lines = ["| operation | PostgreSQL is away | 1 process, requests/s | 2 | 4 | 2 against 1 | 4 against 1 | cores busy with 4 |",
             "|---|--:|--:|--:|--:|--:|--:|--:|"]  # fmt: skip
    for name, by_number in found.items():
        away, _requests = loads(None)[name]
        rates = [f"{median(one.rate for one in by_number[number]):.0f}" for number in PROCESSES]
        one, *more = (by_number[number] for number in PROCESSES)
        ratios = [f"{median(a.rate / b.rate for a, b in zip(many, one, strict=True)):.2f} ×" for many in more]
        busy = median(taken.rate * taken.whole / 1000 for taken in more[-1])
        lines.append(f"| {name} | {away:g} ms | {' | '.join(rates + ratios)} | {busy:.1f} |")
    return lines


if __name__ == "__main__":
    main()
