"""`python -m bench`: loads our service and its peers in alternating rounds, and prints one table.

python -m bench --rounds 5 --seconds 4
python -m bench --only ours --operation detail      what a step bought: before and after
"""

import argparse
import itertools
import json
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, nullcontext
from functools import partial
from http.client import HTTPConnection
from statistics import mean

from bench import machine, report
from bench.load import drive
from bench.operations import Operations, table
from bench.targets import PASSWORD, WORKERS, Place, say, start_all

CHANGES, CHANGERS = 100, 8  # a second; at once, so that one slow answer does not hold up the rest
CALLERS = 200
HASHING = {"login", "registration"}  # of whose answers there are few a second
LONGER = 3  # times as long a load


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4, help="of each load")
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--only", default="ours,fastapi,pushed,stock,hello", help="which servers")
    parser.add_argument("--operation", action="append", help="which operations; all where none is named")
    parser.add_argument("--write", metavar="FILE", help="write all measurements there, as JSON, for `python -m bench.picture`")
    asked = parser.parse_args()
    say(f"Starting PostgreSQL and Valkey, with {asked.users} users")
    place = Place(asked.users)
    with ExitStack() as stack:
        servers = start_all(place, set(asked.only.split(",")), stack)
        measured = measure(place, servers, asked)
        found = report.Report(
            measured, hash_cost(place), memory=max(machine.memory(servers["ours"].pid)) if "ours" in servers else 0,
            machine=report.machine(place), users=asked.users, seconds=asked.seconds,
        )  # fmt: skip
    sys.stdout.write(found.text())
    if asked.write:
        found.write(asked.write)


def measure(place: Place, servers: dict, asked) -> dict:
    """By operation and target, what each round took."""
    people = place.sign_in(CALLERS)
    operations = Operations(people, last=asked.users)
    if "stock" in servers:
        operations.stock_refresh = [stock_token(servers["stock"], f"user{number}") for number in range(8)]
    loads = {name: targets for name, targets in table(operations, servers).items() if not asked.operation or name in asked.operation}
    measured = {name: {target: [] for target in targets} for name, targets in loads.items()}
    for number in range(asked.rounds):
        for name, targets in loads.items():
            # There and back, so that nobody is always the first, or always behind the same one.
            for target, (server, requests) in list(targets.items())[:: -1 if number % 2 else 1]:
                meanwhile = partial(changes, server, people) if "changes" in name else nullcontext
                seconds = asked.seconds * (LONGER if name in HASHING else 1)
                measured[name][target].append(drive(server, place.stores, requests(), seconds, meanwhile))
                say(f"round {number + 1}/{asked.rounds}  {name:20} {target:10} {measured[name][target][-1].rate:9.0f}/s")
        place.settle()
    return measured


@contextmanager
def changes(server: machine.Server, people: list[dict]):
    """CHANGES times a second, evenly, one of the people changes their phone through the API, while the body runs.

    By clients that keep their connections, as wrk does: what a new one costs is nothing that the list has to bear.
    """
    done, numbers, made = threading.Event(), itertools.count(), []

    def change_one(connection: HTTPConnection, number: int) -> None:
        body = json.dumps({"phone": f"+7998{time.time_ns() // 1000 % 10**7:07}"})
        headers = {"Authorization": f"Bearer {people[number % len(people)]['access']}", "Content-Type": "application/json"}
        connection.request("PATCH", "/api/users/me/", body, headers)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"a change was not made: {answer.status} {said[:300]}")

    def go_on() -> None:
        with closing(HTTPConnection(machine.HOST, server.port, timeout=10)) as connection:
            while not done.is_set():
                number = next(numbers)
                if not done.wait(max(0, begun + number / CHANGES - time.monotonic())):
                    change_one(connection, number)
                    made.append(number)

    begun = time.monotonic()
    threads = [threading.Thread(target=go_on) for _ in range(CHANGERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join(10)
    if (rate := len(made) / (time.monotonic() - begun)) < 0.9 * CHANGES:
        say(f"!! only {rate:.0f} changes a second were made")


def stock_token(server: machine.Server, name: str) -> str:
    body = json.dumps({"username": name, "password": PASSWORD}).encode()
    asked = urllib.request.Request(f"{server.url}/api/login/", body, {"Content-Type": "application/json"})  # noqa: S310 our own server
    with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 our own server
        return json.load(answer)["refresh"]


HASH = """
import os, time
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentorship.settings")
import django; django.setup()
from django.contrib.auth.hashers import check_password, make_password
made = make_password("bench-password-1")
def cost(call, times=60):
    begun = time.process_time()
    for _ in range(times): call()
    return 1000 * (time.process_time() - begun) / times
print(cost(lambda: make_password("bench-password-1")), cost(lambda: check_password("bench-password-1", made)))
"""


def hash_cost(place: Place) -> dict[str, float]:
    """CPU milliseconds of the password hash alone, to make one and to check one: in as many processes at once as serve.

    It works through 19 MiB, and so costs more where another does the same beside it.
    """
    with ThreadPoolExecutor(int(WORKERS)) as pool:
        costs = [said.split() for said in pool.map(lambda _: place.run("-c", HASH), range(int(WORKERS)))]
    made, checked = (mean(float(cost) for cost in column) for column in zip(*costs, strict=True))
    return {"registration": made, "login": checked}


if __name__ == "__main__":
    main()
