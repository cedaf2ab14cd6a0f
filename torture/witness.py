"""Who looks, on both instances and all the time, whether what is shown is true, and whether limits are kept."""

import itertools
import secrets
import time

import requests

from tests.service import PASSWORD, Service, at_once

AT_ONCE = 1.0  # seconds, for a look that was on its way
CUT_OFF = 30.0  # seconds that the contract gives for what is changed while Redis is cut off from a process
PAUSE = 0.4  # seconds between two looks
LIMIT = 20  # requests a minute of the instances that have limits
_numbers = itertools.count(10**7)


class Witness:
    """Somebody whose phone changes and whose sessions end through one of the services, and who then looks at both.

    One session has ended before all else, and must be over in each look. What ends or changes later may be seen late, by `bound` seconds
    at most; what was once seen to be over must be so in each look from then on. `late` is how late something was seen.
    """

    bound = AT_ONCE

    def __init__(self, services: list[Service]):
        self.services = services
        name = f"witness.{secrets.token_hex(4)}"
        self.living = services[0].sign_up(name, phone=str(next(_numbers)))
        self.sessions = [services[0].sign_in(name) for _ in range(4)]
        mine = services[0].get("/api/users/me/", self.living).json()
        self.list, self.phone, self.changed = f"/api/users/?after={mine['id'] - 1}", mine["phone"], time.monotonic()
        self.ended: dict[str, float] = {}  # tokens, and when
        self.over: set[tuple] = set()  # what was seen to be over, and where
        self.looks, self.late, self.wrong = 0, 0.0, []
        self.keep()
        self.over = {(token, service) for token in self.ended for service in services}

    def change(self) -> None:
        """The phone changes, and a session ends."""
        phone = str(next(_numbers))
        self.services[0].patch({"phone": phone}, self.living)
        self.phone, self.changed = phone, time.monotonic()
        self._end_one()

    def keep(self) -> None:
        """A session ends, so that nothing is known of this person, and all that can be kept of the others is kept anew."""
        self._end_one()
        tokens = [pair["access"] for pair in self.sessions]
        for service, token in itertools.product(self.services * 2, tokens):
            service.get(self.list, token)

    def _end_one(self) -> None:
        pair = self.sessions.pop()
        self.services[0].post("/api/logout", {"refresh": pair["refresh"]})
        self.ended[pair["access"]] = time.monotonic()

    def look_on(self, seconds: float) -> None:
        """Look again and again, for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.look()
            time.sleep(min(PAUSE, max(0, left)))

    def look_until_true(self) -> None:
        """Look until all is true, as long as it may take."""
        until = time.monotonic() + CUT_OFF + 1
        while not self.look() and time.monotonic() < until:
            time.sleep(PAUSE)

    def look(self) -> bool:
        """Whether all is true by now."""
        self.looks += 1
        said = [self._shows(service) for service in self.services]
        said += [self._has_ended(token, service) for token in self.ended for service in self.services]
        return all(said)

    def _shows(self, service: Service) -> bool:
        asked = time.monotonic()
        answer = _ask(service, self.list, self.living)
        shown = {user["phone"] for user in answer.json()} if answer.status_code == 200 else {answer.text[:100]}
        return self._seen(self.phone in shown, ("list", self.changed, service), asked - self.changed, f"{shown} for {self.phone}")

    def _has_ended(self, token: str, service: Service) -> bool:
        asked = time.monotonic()
        status = _ask(service, "/api/users/me/", token).status_code
        return self._seen(status == 401, (token, service), asked - self.ended[token], f"{status} for an ended session")

    def _seen(self, is_so: bool, what: tuple, since: float, said: str) -> bool:
        where = f"on {self.services.index(what[-1])}"
        if is_so:
            self.over.add(what)
        elif what in self.over:
            self.wrong.append(f"{said} {where}, where it had been seen to be over")
        elif since > self.bound:
            self.wrong.append(f"{said} {where} after {since:.0f} s")
        else:
            self.late = max(self.late, since)
        return is_so

    def seen(self) -> str:
        late = f"at the latest {self.late:.1f} s after it" if self.late else "from the next look on"
        return f"on both, in {self.looks} looks, a change and an end were seen {late}; wrong: {self.wrong[:2] or 'none'}"

    def holds(self) -> bool:
        return not self.wrong


class Limited:
    """Somebody who asks both services more often than the limit."""

    def __init__(self, services: list[Service]):
        self.services, name = services, f"hasty.{secrets.token_hex(4)}"
        services[0].post("/api/registration", {"username": name, "password": PASSWORD})
        services[0].post("/api/registration", {"username": f"{name}.first", "password": PASSWORD})
        self.token, self.first = [services[0].sign_in(who)["access"] for who in (name, f"{name}.first")]
        self.asked = self.allowed = 0

    def warm_up(self) -> None:
        """Somebody else asks, so that the services know how it stands with Redis."""
        for service in self.services * 5:
            _ask(service, "/api/users/me/", self.first)

    def try_it(self) -> None:
        for _ in range(LIMIT + 5):
            answers = at_once(*[lambda s=service: _ask(s, "/api/users/me/", self.token) for service in self.services])
            self.asked += len(answers)
            self.allowed += sum(answer.status_code == 200 for answer in answers)


def _ask(service: Service, path: str, token: str) -> requests.Response:
    return requests.get(service.url + path, headers={"Authorization": f"Bearer {token}"}, timeout=30)
