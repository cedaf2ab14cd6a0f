"""Sign-in and the doors beside it: whoever asks in vain, or asks who is here, hears the same in the same time."""

import itertools
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

import requests

from tests import gateways
from tests.mail_server import MailServer
from tests.service import FAR_LIMITS, PASSWORD, Place, Service, place
from torture.report import Row

TIMES, FEWEST, FIRST = 240, 16, 3  # requests of each kind: in full, where only a part is asked for, and before they count
APART = 1.15  # what the medians of two kinds may differ by
WRONG = PASSWORD.replace("horse", "zebra")
# All with PASSWORD, an email and a phone; names, emails and phones are of one length each.
PEOPLE = {"active": 1, "absent": 2, "passwordless": 3, "unproven": 4}
OWN = {"id", "username", "email", "phone", "invite_code"}  # what differs from one account to the next
ITS_OWN = {"location", "content-length"}  # headers that follow from it
EACH_ITS_OWN = ("date", "x-request-id", "ratelimit-remaining", "ratelimit-reset")  # headers that any two answers differ in
_shuffle = secrets.SystemRandom().shuffle
_numbers = itertools.count(100)

Body = Callable[[], dict]  # a new one for each request


@dataclass(frozen=True)
class Group:
    """Requests to one path that must not be told apart, by their kind; `first` is done before each round of them.

    What computes no hash is so quick that whatever else the machine does shows: there are `more` of them.
    """

    done: str
    path: str
    kinds: dict[str, Body]
    method: str = "POST"
    token: str = ""
    first: Callable[[], None] = lambda: None
    more: int = 3


@dataclass
class Heard:
    """The answers to one kind: how long each took, in milliseconds, and what they told."""

    times: list[float] = field(default_factory=list)
    told: set[tuple] = field(default_factory=set)


def run(scale: float) -> Iterator[Row]:
    times = max(FEWEST, round(TIMES * scale))
    with gateways.webhook() as gateway, place(**FAR_LIMITS, **gateway.environment, **MailServer().environment) as where:
        with Service(where) as service:
            token = _people(where, service)
            for group in itertools.chain(_logins(), _letters(), _phones(where), _accounts(token)):
                yield _row(group, _asked(service, group, times * group.more))


def _people(where: Place, service: Service) -> str:
    """Makes those whom the groups ask for; the token of one more."""
    for name in PEOPLE:
        made = service.post(
            "/api/registration", {"username": _name(name), "password": PASSWORD, "email": _email(name), "phone": _phone(name)}
        )
        assert made.status_code == 201, made.text  # noqa: S101 the chapter's own doing
    where.change(f"UPDATE users_user SET proven_email = email, proven_phone = phone WHERE username <> '{_name('unproven')}'")  # noqa: S608 names of ours
    where.change(f"UPDATE users_user SET is_active = false WHERE username = '{_name('absent')}'")  # noqa: S608 names of ours
    where.change(f"UPDATE users_user SET password = '!{secrets.token_hex(20)}' WHERE username = '{_name('passwordless')}'")  # noqa: S608 names of ours
    return service.sign_up("changes.often")


def _name(who: str) -> str:
    return f"{who:_<12}"


def _email(who: str) -> str:
    return f"{_name(who)}@example.com"


def _phone(who: str) -> str:
    return f"+7999111000{PEOPLE.get(who, 9)}"


# What is asked


def _logins() -> Iterator[Group]:
    """By a name everybody may sign in, by what is not proven nobody."""
    for by, form in (("username", _name), ("email", _email), ("phone", _phone)):
        given = {
            "unknown": ("nobody", PASSWORD),
            "wrong password": ("active", WRONG),
            "inactive": ("absent", PASSWORD),
            "inactive, wrong password": ("absent", WRONG),
            "without a password": ("passwordless", PASSWORD),
            "unproven": ("unproven", WRONG if by == "username" else PASSWORD),
        }
        kinds = {kind: _same({by: form(who), "password": password}) for kind, (who, password) in given.items()}
        yield Group(f"login by {by}, refused", "/api/login", kinds, more=1)


def _letters() -> Iterator[Group]:
    kinds = {kind: _same({"email": _email(who)}) for kind, who in _known().items()}
    yield Group("a reset is asked for", "/api/password/reset", kinds)
    yield Group("a confirmation is asked for once more", "/api/email/resend", kinds)


def _phones(where: Place) -> Iterator[Group]:
    numbers = {kind: _phone(who) for kind, who in _known().items()}
    yield Group("a code is asked for", "/api/auth/signup", {kind: _same({"phone": phone}) for kind, phone in numbers.items()})
    guesses = {kind: _same({"phone": phone, "code": "wrong!"}) for kind, phone in numbers.items()}
    yield Group("a wrong code, of phones that wait for one", "/api/auth/code", guesses,
                first=lambda: where.change("UPDATE users_phonecode SET tries = 0"))  # fmt: skip
    where.change("DELETE FROM users_phonecode")
    yield Group("a wrong code, of phones that wait for none", "/api/auth/code", guesses)


def _accounts(token: str) -> Iterator[Group]:
    """An email and a phone may be written down by anybody, whoever has proven them."""
    kinds = {kind: _newcomer(who) for kind, who in _known().items()}
    yield Group("registration with an email and a phone", "/api/registration", kinds, more=1)
    proven = itertools.cycle(["active", "absent", "passwordless"])  # each time another, so that each is a change
    kinds = {"unknown": lambda: _nobodys(next(_numbers)), "proven by others": lambda: _contacts(next(proven))}
    yield Group("an email and a phone changed", "/api/users/me/", kinds, method="PATCH", token=token)


def _known() -> dict[str, str]:
    return {"unknown": "nobody", "proven": "active", "inactive": "absent", "unproven": "unproven"}


def _same(body: dict) -> Body:
    return lambda: body


def _newcomer(who: str) -> Body:
    def body() -> dict:
        number = next(_numbers)
        contacts = _contacts(who) if who in PEOPLE else _nobodys(number)
        return {"username": f"newcomer{number:06}", "password": PASSWORD, **contacts}

    return body


def _contacts(who: str) -> dict:
    return {"email": _email(who), "phone": _phone(who)}


def _nobodys(number: int) -> dict:
    return {"email": f"nobody{number:06}@example.com", "phone": f"+7999222{number:04}"}


# How it is asked, and what is heard


def _asked(service: Service, group: Group, times: int) -> dict[str, Heard]:
    """So many rounds of the group, in each of which every kind comes once, in any order.

    Where a part of them was to be enough, and the medians differ, it goes on, to all of them at most, and judges them together.
    """
    heard = {kind: Heard() for kind in group.kinds}
    with _client(group.token) as client:
        _rounds(client, service, group, {kind: Heard() for kind in group.kinds}, FIRST)  # what is done once is done by then
        done = 0
        while not done or (_ratio(heard) > APART and done < TIMES * group.more):
            _rounds(client, service, group, heard, times)
            done += times
    return heard


@contextmanager
def _client(token: str):
    with requests.Session() as client:
        client.trust_env = False
        client.headers.update({"Authorization": f"Bearer {token}"} if token else {})
        yield client


def _rounds(client: requests.Session, service: Service, group: Group, heard: dict[str, Heard], times: int) -> None:
    for _ in range(times):
        order = list(group.kinds)
        _shuffle(order)
        group.first()
        for kind in order:
            answer = client.request(group.method, service.url + group.path, json=group.kinds[kind](), timeout=30)
            heard[kind].times.append(1000 * answer.elapsed.total_seconds())
            heard[kind].told.add(_told(answer))


def _told(answer: requests.Response) -> tuple:
    """What an answer tells, but for the moment, and for what is an account's own where there is one."""
    body, left_out = answer.text, set()
    if answer.ok and OWN & (said := answer.json()).keys():
        body, left_out = json.dumps(said | dict.fromkeys(OWN & said.keys())), ITS_OWN
    headers = {name: "" if name in EACH_ITS_OWN else value for name, value in answer.headers.lower_items() if name not in left_out}
    return answer.status_code, body, tuple(sorted(headers.items()))


def _ratio(heard: dict[str, Heard]) -> float:
    """Of the largest median to the smallest."""
    medians = [median(one.times) for one in heard.values()]
    return max(medians) / min(medians)


def _row(group: Group, heard: dict[str, Heard]) -> Row:
    told, ratio = set().union(*(one.told for one in heard.values())), _ratio(heard)
    medians = ", ".join(f"{kind} {median(one.times):.2f}" for kind, one in heard.items())
    statuses = "/".join(str(status) for status in sorted({status for status, *_ in told}))
    return Row(
        f"{group.done} ({group.method} {group.path}), {len(next(iter(heard.values())).times)} of each kind",
        sum(len(one.times) for one in heard.values()),
        f"one answer to all kinds, medians within {APART - 1:.0%}",
        f"{len(told)} answer ({statuses}); the largest median is {ratio:.3f} × the smallest; ms: {medians}",
        len(told) == 1 and ratio <= APART,
    )
