"""What people do all day, mixed: signing up and in, looking, changing, leaving."""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import requests

from tests.gateways import Gateway
from tests.service import PASSWORD, Service

PATIENCE = 30  # seconds for an answer
NEW_ONES_BODY = {"password": PASSWORD, "first_name": "New"}


@dataclass
class Asked:
    """What was asked, the status of the answer (0: there was none), and the seconds that it took."""

    what: str
    status: int
    seconds: float
    at: float


@dataclass
class Person:
    """Somebody with one session, on one instance at a time."""

    name: str
    pair: dict[str, str]
    id: int
    is_mentor: bool = False
    products: list[int] = field(default_factory=list)


class Crowd:
    """People who act one after the other, as one thread of clients does; `asked` is what came of it."""

    def __init__(self, number: int, services: list[Service], gateway: Gateway, most: int = 30):
        self.number, self.services, self.gateway, self.most = number, services, gateway, most
        self.random = random.Random(number)  # noqa: S311 the same day again
        self.http = requests.Session()
        self.people: list[Person] = []
        self.asked: list[Asked] = []
        self.born = 0

    def act(self) -> None:
        """One thing that somebody does."""
        if not self.people:
            return self.sign_up(None)
        weights = [weight for _act, weight in ACTS]
        [act] = self.random.choices([act for act, _weight in ACTS], weights)
        act(self, self.random.choice(self.people))

    def ask(self, what: str, method: str, path: str, body: dict | None = None, who: Person | None = None) -> dict | list | None:
        """The answer's JSON, where it is 2xx."""
        service = self.random.choice(self.services)
        headers = {"Authorization": f"Bearer {who.pair['access']}"} if who else {}
        begun, status, said = time.monotonic(), 0, None
        with suppress(requests.RequestException, ValueError):
            answer = self.http.request(method, service.url + path, json=body, headers=headers, timeout=PATIENCE)
            status = answer.status_code
            said = answer.json() if answer.ok and answer.content else None
        self.asked.append(Asked(what, status, time.monotonic() - begun, begun))
        if status == 401 and who and what != "refresh":
            self.refresh(who)
        return said

    # What there is to do

    def sign_up(self, _who: Person | None) -> None:
        self.born += 1
        name = f"soak-{self.number}-{self.born}"
        email = f"{name}@example.com"
        made = self.ask("registration", "POST", "/api/registration", {"username": name, "email": email, **NEW_ONES_BODY})
        if made:
            self.sign_in(Person(name, {}, made["id"]))
        if len(self.people) > self.most:
            self.leave(self.random.choice(self.people))

    def sign_in(self, who: Person) -> None:
        pair = self.ask("login", "POST", "/api/login", {"username": who.name, "password": PASSWORD})
        if pair:
            who.pair = pair
            if who not in self.people:
                self.people.append(who)
        elif who in self.people:
            self.people.remove(who)

    def refresh(self, who: Person) -> None:
        pair = self.ask("refresh", "POST", "/api/token/refresh", {"refresh": who.pair["refresh"]})
        if pair:
            who.pair = who.pair | pair
        else:
            self.sign_in(who)

    def sign_out(self, who: Person) -> None:
        self.ask("logout", "POST", "/api/logout", {"refresh": who.pair["refresh"]}, who)
        self.sign_in(who)

    def leave(self, who: Person) -> None:
        self.ask("deletion", "DELETE", "/api/users/me", who=who)
        if self.asked[-1].status == 204:
            self.people.remove(who)

    def look(self, who: Person) -> None:
        self.ask("list", "GET", "/api/users/", who=who)

    def leaf(self, who: Person) -> None:
        self.ask("page", "GET", f"/api/users/?after={self.random.randint(1, max(one.id for one in self.people))}&page_size=20", who=who)

    def search(self, who: Person) -> None:
        self.ask("search", "GET", f"/api/users/?search=soak-{self.random.randint(0, 9)}", who=who)

    def read(self, who: Person) -> None:
        self.ask("detail", "GET", f"/api/users/{self.random.choice(self.people).id}", who=who)

    def read_oneself(self, who: Person) -> None:
        self.ask("oneself", "GET", "/api/users/me", who=who)

    def change(self, who: Person) -> None:
        self.ask("change", "PATCH", "/api/users/me", {"first_name": f"N{self.random.randint(0, 99)}"}, who)

    def become_mentor(self, who: Person) -> None:
        who.is_mentor = self.random.random() < 0.7
        self.ask("mentor or not", "PATCH", "/api/users/me", {"is_mentor": who.is_mentor}, who)

    def choose(self, who: Person) -> None:
        mentors = [one.name for one in self.people if one.is_mentor and one is not who]
        self.ask("choice of a mentor", "PATCH", "/api/users/me", {"mentor": self.random.choice([*mentors, None])}, who)

    def use_a_code(self, _who: Person) -> None:
        phone = f"+7999{self.number:02}{self.random.randint(0, 19):05}"
        if not self.ask("code asked for", "POST", "/api/auth/signup", {"phone": phone}):
            return
        texts = [text for sent_to, text in self.gateway.received[-200:] if sent_to == phone]
        if texts:
            code = "".join(character for character in texts[-1].split(".")[0] if character.isdigit())
            self.ask("code used", "POST", "/api/auth/code", {"phone": phone, "code": code})

    def offer(self, who: Person) -> None:
        if not who.is_mentor:
            return self.become_mentor(who)
        product = {"name": "Ten hours", "regular_price": "100.00", "stock": 5}
        made = self.ask("product", "POST", "/api/products", product, who)
        who.products += [made["id"]] if made else []
        if len(who.products) > 3:
            self.ask("product removed", "DELETE", f"/api/products/{who.products.pop(0)}", who=who)

    def browse(self, _who: Person) -> None:
        self.ask("products", "GET", "/api/products/?ordering=-price")

    def see_sessions(self, who: Person) -> None:
        self.ask("sessions", "GET", "/api/sessions", who=who)


ACTS: list[tuple[Callable[[Crowd, Person], None], int]] = [
    (Crowd.look, 30), (Crowd.leaf, 8), (Crowd.search, 4), (Crowd.read, 20), (Crowd.read_oneself, 8), (Crowd.change, 8), (Crowd.refresh, 6),
    (Crowd.become_mentor, 2), (Crowd.choose, 4), (Crowd.sign_up, 2), (Crowd.sign_out, 2), (Crowd.use_a_code, 2), (Crowd.offer, 2),
    (Crowd.browse, 4), (Crowd.see_sessions, 2),
]  # fmt: skip
