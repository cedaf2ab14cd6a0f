"""A load: people who ask as clients do, so many times a second, whatever the answers take.

    people = [Person(service, name) for name in names]
    with Load(services, people, rate=50) as load:
        time.sleep(10)
    worst = max(answer.took for answer in load.answers)

Requests are due at fixed moments: one that waits behind a slow one is late, and that counts (`Answer.late`).
"""

import http.client
import itertools
import json
import math
import random
import secrets
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.service import HOST, PASSWORD, Service

PATIENCE = 15  # seconds for an answer; what takes longer hangs
# Of how many requests how many are of a kind (see KINDS).
MIX = {"list": 12, "detail": 10, "me": 8, "PATCH": 4, "refresh": 4, "login": 1, "registration": 1}
_names = itertools.count(1)


class Person:
    """Somebody signed in, with the tokens of the newest login or refresh."""

    def __init__(self, service: Service, username: str, **fields):
        self.username = username
        service.sign_up(username, **fields)
        self.tokens = service.sign_in(username)

    @property
    def access(self) -> str:
        return self.tokens["access"]

    def learn(self, tokens: dict) -> None:
        self.tokens = self.tokens | tokens


def people(services: list[Service], many: int) -> list[Person]:
    """So many new people."""
    family = secrets.token_hex(4)
    return [Person(services[number % len(services)], f"{family}.{number}", phone="12345") for number in range(many)]


# What a person asks: method, path, body.
KINDS: dict[str, Callable[[Person], tuple[str, str, dict | None]]] = {
    "list": lambda person: ("GET", "/api/users/", None),
    "detail": lambda person: ("GET", "/api/users/1/", None),
    "me": lambda person: ("GET", "/api/users/me/", None),
    "PATCH": lambda person: ("PATCH", "/api/users/me/", {"phone": str(random.randrange(10**6, 10**9))}),  # noqa: S311 any will do
    "refresh": lambda person: ("POST", "/api/token/refresh/", {"refresh": person.tokens["refresh"]}),
    "login": lambda person: ("POST", "/api/login/", {"username": person.username, "password": PASSWORD}),
    "registration": lambda person: ("POST", "/api/registration/", {"username": f"{person.username}.{next(_names)}", "password": PASSWORD}),
    "admin": lambda person: ("GET", "/admin/", None),
}
WITHOUT_TOKEN = {"refresh", "login", "registration", "admin"}
COOKIES = {"admin": f"sessionid={'x' * 32}"}  # of nobody: it is looked up, and then leads to the sign-in


@dataclass(frozen=True)
class Answer:
    """One answer. Moments by time.monotonic(); `status` 0 is none within PATIENCE, or a broken connection."""

    kind: str
    service: int
    due: float
    sent: float
    took: float
    status: int
    form: str = ""  # the media type of its body
    retry_after: str | None = None
    said: str = ""  # the body of a refusal, or what broke

    @property
    def late(self) -> float:
        """Seconds from when it was due to when it was answered."""
        return self.sent - self.due + self.took

    @property
    def at(self) -> float:
        return self.sent + self.took

    def __str__(self):
        return f"{self.kind} on {self.service} after {self.took:.2f} s: {self.status} {self.said}"


class Load:
    """Requests of a mix of kinds, `rate` a second (None: as fast as they are answered), spread over the services, by so many clients."""

    def __init__(self, services: list[Service], cast: list[Person], rate: float | None = None, mix: dict[str, int] = MIX, clients=16):
        self.services, self.cast, self.rate = services, cast, rate
        kinds = list(Counter(mix).elements())
        random.Random(7).shuffle(kinds)  # noqa: S311 the same order each time
        self.kinds, self.answers = kinds, []
        self._turns, self._over = itertools.count(), threading.Event()
        self._clients = [threading.Thread(target=self._ask_on, daemon=True) for _ in range(clients)]

    def __enter__(self):
        self.begun = time.monotonic()
        for client in self._clients:
            client.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for client in self._clients:
            client.join(2 * PATIENCE)

    def due(self, begin: float, end: float = math.inf) -> list[Answer]:
        """The answers to what was due in that time."""
        return [answer for answer in self.answers.copy() if begin <= answer.due < end]

    def _ask_on(self) -> None:
        connections = [http.client.HTTPConnection(HOST, service.port, timeout=PATIENCE) for service in self.services]
        for turn in self._turns:
            due = self.begun + turn / self.rate if self.rate else time.monotonic()
            if self._over.wait(max(0, due - time.monotonic())):
                break
            kind, person = self.kinds[turn % len(self.kinds)], self.cast[turn % len(self.cast)]
            number = turn // 3 % len(connections)  # so that each kind comes to each service
            self.answers.append(_ask(connections[number], number, kind, person, due))
        for connection in connections:
            connection.close()


def _ask(connection: http.client.HTTPConnection, number: int, kind: str, person: Person, due: float) -> Answer:
    method, path, body = KINDS[kind](person)
    headers = {"Content-Type": "application/json"} if body else {}
    if kind not in WITHOUT_TOKEN:
        headers["Authorization"] = f"Bearer {person.access}"
    if kind in COOKIES:
        headers["Cookie"] = COOKIES[kind]
    if connection.sock and _was_closed(connection.sock):  # its end: a server may close what is idle, and clients look
        connection.close()
    sent = time.monotonic()
    try:
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        said = answer.read()
    except (OSError, http.client.HTTPException) as broken:
        connection.close()
        return Answer(kind, number, due, sent, time.monotonic() - sent, 0, said=f"{type(broken).__name__}: {broken}")
    took = time.monotonic() - sent
    if answer.status == 200 and kind in ("login", "refresh"):
        person.learn(json.loads(said))
    refused = said[:200].decode(errors="replace") if answer.status >= 400 else ""
    form = answer.headers.get_content_type()
    return Answer(kind, number, due, sent, took, answer.status, form, answer.headers["Retry-After"], refused)


def _was_closed(sock: socket.socket) -> bool:
    """Whether the other side of an idle connection has ended it."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def capacity(services: list[Service], cast: list[Person], seconds: float, mix: dict[str, int] = MIX) -> float:
    """How many requests a second the services answer at most, as this client can ask."""
    with Load(services, cast, mix=mix) as load:
        time.sleep(seconds)
        done = len(load.answers)
        taken = time.monotonic() - load.begun
    return done / taken


def p99(answers: Iterable[Answer]) -> float:
    """Seconds within which 99 of 100 were answered, from when they were due."""
    late = sorted(answer.late for answer in answers)
    return late[math.ceil(0.99 * len(late)) - 1] if late else math.nan


def by_status(answers: Iterable[Answer]) -> str:
    """How many of the answers had which status."""
    found = Counter(answer.status or "none" for answer in answers)
    return ", ".join(f"{many} × {status}" for status, many in sorted(found.items(), key=str))
