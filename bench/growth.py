"""`python -m bench.growth`: the time of each operation with 1 million users and with 5 million, and their ratio.

Both databases stand side by side, and a request to one is followed by the same to the other: what else the machine does
hits both. In each, one mentor has a fifth of all: 200 000 mentees, and a million.
"""

import argparse
import http.client
import itertools
import json
import random
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median, quantiles

from bench.machine import HOST, Server
from bench.report import machine
from bench.targets import PASSWORD, Place, SecondPlace, say

LEAST = 1.5  # what five times the users may cost
NUMBERS = itertools.count(random.SystemRandom().randrange(10**6) * 1000)


# As `manage.py recount_mentees`, which takes mentors one by one, and so hours where nearly all are off.
RECOUNT = """
UPDATE users_user SET mentees_count = right_one.count FROM
  (SELECT m.id, (SELECT count(*) FROM users_user u WHERE u.mentor_id = m.id AND u.is_active) FROM users_user m WHERE m.is_mentor) right_one
WHERE users_user.id = right_one.id AND mentees_count <> right_one.count
"""


@dataclass
class Side:
    """One of the two, and what its requests need to know."""

    server: Server
    people: list[dict]
    last: int
    mentor: dict  # of a fifth of all: {id, username}

    def __post_init__(self):
        self.connection = http.client.HTTPConnection(HOST, self.server.port, timeout=30)
        self.random = random.Random(2)  # noqa: S311 the same requests on both sides

    def ask(self, method: str, path: str, body: dict | None = None, token: str | None = None) -> float:
        """Milliseconds until the answer is there. RuntimeError where it is not 2xx."""
        headers = {"Authorization": f"Bearer {token or self.person()['access']}", "Content-Type": "application/json"}
        data = json.dumps(body) if body is not None else None
        begun = time.perf_counter()
        self.connection.request(method, path, data, headers)
        answer = self.connection.getresponse()
        said = answer.read()
        taken = 1000 * (time.perf_counter() - begun)
        if answer.status // 100 != 2:
            raise RuntimeError(f"{method} {path}: {answer.status} {said[:300]}\n{self.server.said()}")
        return taken

    def person(self) -> dict:
        return self.random.choice(self.people)

    def user(self) -> int:
        return self.random.randint(2, self.last)


def start(side: Side) -> int:
    return side.random.randint(2, max(2, side.last - 2000))


OPERATIONS: dict[str, Callable[[Side], float]] = {
    "list, cached": lambda s: s.ask("GET", "/api/users/"),
    "list, any page": lambda s: s.ask("GET", f"/api/users/?after={start(s)}"),
    "list, the last page": lambda s: s.ask("GET", f"/api/users/?before={max(2, s.last - s.random.randint(0, 900))}"),
    "list, mentors": lambda s: s.ask("GET", f"/api/users/?is_mentor=true&after={start(s)}"),
    "list, without a mentor": lambda s: s.ask("GET", f"/api/users/?has_mentor=false&after={start(s)}"),
    "list, mentees of the mentor of a fifth": lambda s: s.ask("GET", f"/api/users/?mentor={s.mentor['username']}&after={start(s)}"),
    "list, names that begin so": lambda s: s.ask("GET", f"/api/users/?search={s.person()['username'][:9]}"),
    "detail": lambda s: s.ask("GET", f"/api/users/{s.user()}/"),
    "detail by name": lambda s: s.ask("GET", f"/api/users/{s.person()['username']}/"),
    "detail of oneself": lambda s: s.ask("GET", "/api/users/me/"),
    "detail of the mentor of a fifth": lambda s: s.ask("GET", f"/api/users/{s.mentor['id']}/"),
    "their mentees, first page": lambda s: s.ask("GET", f"/api/users/{s.mentor['id']}/mentees/"),
    "their mentees, any page": lambda s: s.ask("GET", f"/api/users/{s.mentor['id']}/mentees/?after={start(s)}"),
    "login": lambda s: s.ask("POST", "/api/login/", {"username": s.person()["username"], "password": PASSWORD}),
    "refresh": lambda s: s.ask("POST", "/api/token/refresh/", {"refresh": s.person()["refresh"]}),
    "registration": lambda s: s.ask("POST", "/api/registration/", {"username": f"new.{next(NUMBERS)}", "password": PASSWORD}),
    "PATCH, a phone": lambda s: s.ask("PATCH", "/api/users/me/", {"phone": f"+7999{next(NUMBERS) % 10**7:07}"}),
    "PATCH, choose the mentor of a fifth": lambda s: choose(s, s.mentor["username"]),
    "PATCH, leave a mentor": lambda s: choose(s, None),
}


def choose(side: Side, mentor: str | None) -> float:
    """Who has the other choice already makes it the other way first, untimed."""
    token = side.person()["access"]
    side.ask("PATCH", "/api/users/me/", {"mentor": None if mentor else side.mentor["username"]}, token)
    return side.ask("PATCH", "/api/users/me/", {"mentor": mentor}, token)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--users", type=int, default=1_000_000, help="of the smaller one")
    parser.add_argument("--times", type=int, default=5, help="how many times as many the larger one has")
    parser.add_argument("--requests", type=int, default=150, help="of each operation to each side, in each of two passes")
    asked = parser.parse_args()
    say(f"Populating {asked.users} users")
    small = Place(asked.users)
    say(f"Populating {asked.users * (asked.times - 1)} more in a copy")
    large = SecondPlace(small, "larger", asked.users * (asked.times - 1))
    with ExitStack() as stack:
        sides = [side(place, stack) for place in (small, large)]
        passes = [measured(sides, asked.requests) for _ in range(2)]
        heading = f"{machine(small)}; {sides[0].last} and {sides[1].last} users; {asked.requests} requests an operation and pass, in turn."
    sys.stdout.write("\n".join([heading, "", *rows(passes)]) + "\n")


def side(place, stack: ExitStack) -> Side:
    with place.connect() as connection:
        [last] = connection.execute("SELECT max(id) FROM users_user").fetchone()
        [pk, name] = connection.execute("SELECT id, username FROM users_user WHERE is_mentor AND id > 2 ORDER BY id LIMIT 1").fetchone()
        say(f"Giving {name} a fifth of {last}")
        connection.execute("UPDATE users_user SET mentor_id = %s, taken_on_by = NULL WHERE id %% 5 = 1 AND id <> %s", [pk, pk])
        connection.execute(RECOUNT)
    place.settle()
    people = [person for person in place.sign_in(200) if person["id"] != pk]  # nobody mentors themself
    return Side(stack.enter_context(place.service()), people, last, {"id": pk, "username": name})


def measured(sides: list[Side], requests: int) -> dict[str, tuple[list[float], list[float]]]:
    found = {}
    for name, operation in OPERATIONS.items():
        for one in sides:
            for _ in range(10):  # each worker connects, compiles and prepares once
                operation(one)
        found[name] = [], []
        for _ in range(requests if "login" not in name and "registration" not in name else max(20, requests // 5)):
            for times, one in zip(found[name], sides, strict=True):
                times.append(operation(one))
        say(f"{name:42} {median(found[name][0]):8.2f} {median(found[name][1]):8.2f} ms")
    return found


def rows(passes: list[dict]) -> list[str]:
    lines = ["| operation | ms with the fewer (p50, p95) | ms with the more (p50, p95) | ratio of the medians, both passes | |",
             "|---|--:|--:|--:|---|"]  # fmt: skip
    for name in OPERATIONS:
        ratios = [median(large) / median(small) for small, large in (one[name] for one in passes)]
        small, large = ([time for one in passes for time in one[name][place]] for place in (0, 1))
        shown = [f"{median(times):.2f}, {quantiles(times, n=20)[-1]:.2f}" for times in (small, large)]
        verdict = "" if median(ratios) <= LEAST else "**more than 1.5 ×**"
        lines.append(f"| {name} | {shown[0]} | {shown[1]} | {' and '.join(f'{ratio:.2f}' for ratio in ratios)} | {verdict} |")
    return lines


if __name__ == "__main__":
    main()
