"""Where the races are run: a place with its instances, and 64 people who are signed in."""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.gateways import Gateway
from tests.service import PASSWORD, Place, Service, Shell, statuses
from torture.addresses import new_address
from torture.volley import Answer, Asked, volley

MANY = 64  # requests at once


class Somebody(NamedTuple):
    pk: int
    name: str
    token: str


class Arena:
    """It writes down how all requests at once were answered (`said`), and which of them failed."""

    def __init__(self, where: Place, services: list[Service], shells: list[Shell], gateway: Gateway):
        self.where, self.services, self.shells, self.gateway = where, services, shells, gateway
        self.numbers = itertools.count(1)
        self.said: Counter[int] = Counter()
        self.failed: list[str] = []
        self.people = self.sign_up(MANY)

    def at_once(self, *requests: Asked) -> list[Answer]:
        """What they were answered. One that was answered with 5xx, or not at all, has failed; in place of no answer stands a 0."""
        answers = self.prepare(*requests)
        self.said += statuses(answers)
        return answers

    def prepare(self, *requests: Asked) -> list[Answer]:
        """The same, for what is no part of the race."""
        answers = [answer or Answer(0, b"") for answer in volley(zip(itertools.cycle(self.services), requests, strict=False))]
        for asked, answer in zip(requests, answers, strict=True):
            if not 0 < answer.status_code < 500:
                self.failed.append(f"{asked.method} {asked.path}: {answer.status_code} {answer.body[:100].decode(errors='replace')}")
        return answers

    def sign_up(self, count: int, **fields) -> list[Somebody]:
        """So many new people."""
        forms = [{"username": f"somebody.{next(self.numbers)}", "password": PASSWORD} for _ in range(count)]
        made = self.prepare(*[Asked("POST", "/api/registration", form | fields) for form in forms])
        entered = self.prepare(*[Asked("POST", "/api/login", form) for form in forms])
        return [
            Somebody(one.json()["id"], form["username"], two.json()["access"]) for form, one, two in zip(forms, made, entered, strict=True)
        ]

    def patch(self, somebody: Somebody, **fields) -> Asked:
        return Asked("PATCH", "/api/users/me/", fields, somebody.token)

    def code_for(self, phone: str) -> str:
        """A new code for the phone, as its owner reads it."""
        answer = self.services[0].post("/api/auth/signup", {"phone": phone})
        if answer.status_code != 200:
            raise RuntimeError(f"No code was sent: {answer.text}")
        return self.gateway.code_for(phone)

    def from_elsewhere(self) -> dict[str, str]:
        """Headers of a request from another address than any before: what invites are tried is counted by address."""
        return {"X-Forwarded-For": new_address()}

    def users(self, columns: str, condition: str) -> list[tuple]:
        """As SQL: what of whom."""
        return self.where.rows(f"SELECT {columns} FROM users_user WHERE {condition}")  # noqa: S608 our own texts

    # What is looked at afterwards: each says what is wrong

    def one_won(self, answers: list[Answer], status: int, *refused: int) -> Iterator[str]:
        """One was answered with that status, and all others with one of `refused`."""
        counts = statuses(answers)
        if counts[status] != 1 or set(counts) - {status, *refused}:
            yield f"not one winner, but {dict(counts)}"

    def all_were(self, answers: list[Answer], *allowed: int) -> Iterator[str]:
        if unlike := {code: count for code, count in statuses(answers).items() if code not in allowed}:
            yield f"answered {unlike}"

    def lives(self, token: str) -> Iterator[str]:
        """The session of that access token lives, on every instance."""
        for service in self.services:
            if (status := service.get("/api/users/me/", token).status_code) != 200:
                yield f"the winner's session does not live: {status}"

    def finds(self, columns: str, condition: str, *expected: tuple) -> Iterator[str]:
        """These users have these columns, in whatever order."""
        if (found := sorted(self.users(columns, condition), key=str)) != sorted(expected, key=str):
            yield f"{columns}: {found[:5]} in place of {sorted(expected, key=str)[:5]}"


def ids(people: Iterable[Somebody]) -> str:
    """As SQL takes them."""
    return ", ".join(str(one.pk) for one in people)
