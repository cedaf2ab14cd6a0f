"""What is asked of whom: each operation's requests, to each target that has it."""

import itertools
import json
import random
import secrets
from collections.abc import Callable
from functools import partial

from bench.load import Request
from bench.machine import Server
from bench.targets import PASSWORD

MANY = 8000  # requests of a load that must differ from each other: more than any target answers in one
NUMBERS = itertools.count(random.SystemRandom().randrange(10**6) * 1000)

# By target, the server and the paths of each family of the FastAPI peers.
FAMILIES = {
    "idiomatic": ("fastapi", "/api"),
    "tuned": ("fastapi", "/tuned"),
    "checked": ("fastapi", "/checked"),
    "pushed": ("pushed", "/pushed"),
    "pushed, checked": ("pushed", "/pushed-checked"),
}


class Operations:
    """The loads. `people` are signed in at our service, whose tokens the peers read too; `last` is the highest id."""

    def __init__(self, people: list[dict], last: int):
        self.people, self.last = people, last
        self.random = random.Random(1)  # noqa: S311 the same load for everybody
        self.stock_refresh: list[str] = []

    def callers(self, count: int) -> list[str]:
        return [one["access"] for one in itertools.islice(itertools.cycle(self.people), count)]

    def users(self, path: str) -> list[Request]:
        return [Request(path, token) for token in self.callers(len(self.people))]

    def pages(self, path: str) -> list[Request]:
        """A page that nobody has asked for since the list changed: each begins elsewhere."""
        starts = self.random.sample(range(1, self.last - 200), min(MANY, self.last - 300))
        return [Request(f"{path}?after={start}", token) for start, token in zip(starts, self.callers(len(starts)), strict=True)]

    def detail(self, path: str) -> list[Request]:
        return [Request(f"{path}{self.random.randint(2, self.last)}/", token) for token in self.callers(MANY)]

    def login(self, path: str, names: list[str] | None = None) -> list[Request]:
        names = names or [one["username"] for one in self.people]
        return [post(path, username=name, password=PASSWORD) for name in names]

    def refresh(self, path: str, tokens: list[str] | None = None) -> list[Request]:
        return [post(path, refresh=token) for token in tokens or [one["refresh"] for one in self.people]]

    def registration(self, path: str) -> list[Request]:
        names = (f"new.{next(NUMBERS)}" for _ in range(MANY // 4))
        return [post(path, username=name, password=secrets.token_urlsafe(12), email=f"{name}@example.com") for name in names]

    def patch(self, path: str) -> list[Request]:
        bodies = (json.dumps({"phone": f"+7999{next(NUMBERS) % 10**7:07}"}) for _ in range(MANY))
        return [Request(path, token, "PATCH", body) for token, body in zip(self.callers(MANY), bodies, strict=True)]


def post(path: str, **body: str) -> Request:
    return Request(path, method="POST", body=json.dumps(body))


def table(operations: Operations, servers: dict[str, Server]) -> dict[str, dict[str, tuple[Server, Callable[[], list[Request]]]]]:
    """By operation and target, where it is and what makes its requests."""
    ours, stock, hello = (servers.get(name) for name in ("ours", "stock", "hello"))

    def peers(kind, path, *families):
        return {family: peer(family, kind, path) for family in families or FAMILIES}

    def peer(family, kind, path):
        server, prefix = FAMILIES[family]
        return servers.get(server), partial(kind, prefix + path)

    def us(kind, path):
        return {"ours": (ours, partial(kind, path))}

    o = operations
    found = {
        "list, cached": us(o.users, "/api/users/") | peers(o.users, "/users/") | {"hello": (hello, lambda: [Request("/")])},
        "list, new generation": us(o.pages, "/api/users/")
        | peers(o.pages, "/users/", "idiomatic")
        | peers(o.pages, "/uncached/", "tuned", "pushed"),
        "list, 100 changes/s": us(o.users, "/api/users/"),
        "detail": us(o.detail, "/api/users/") | peers(o.detail, "/users/"),
        "login": us(o.login, "/api/login/")
        | peers(o.login, "/login/", "idiomatic")
        | {"stock": (stock, lambda: o.login("/api/login/", [f"user{number}" for number in range(16)]))},
        "refresh": us(o.refresh, "/api/token/refresh/")
        | peers(o.refresh, "/token/refresh/")
        | {"stock": (stock, lambda: o.refresh("/api/token/refresh/", o.stock_refresh))},
        "registration": us(o.registration, "/api/registration/") | peers(o.registration, "/registration/", "idiomatic"),
        "PATCH": us(o.patch, "/api/users/me/") | peers(o.patch, "/users/me/"),
    }
    return {name: {target: pair for target, pair in targets.items() if pair[0]} for name, targets in found.items()}
