"""The business of those who are here, done without a pause by writers (torture/writers.py) who know what must have come of it."""

import itertools

from tests.service import PASSWORD, Place, Service
from torture.writers import Writer, session_of


class Namer(Writer):
    """Changes one's own first name, to a number that grows."""

    def __init__(self, where: Place, services: list[Service]):
        super().__init__(where, services)
        self.token = self.home.sign_up("namer", first_name="0")
        self.possible = {"0"}  # what it may be by now

    def turn(self):
        name = str(next(self.numbers))
        answer = self.send("PATCH", "/api/users/me/", {"first_name": name}, self.token)
        self.possible = {name} if answer else self.possible | {name}

    def lost(self):
        [(stored,)] = self.where.rows("SELECT first_name FROM users_user WHERE username = 'namer'")
        shown = [service.get("/api/users/me/", self.token).json()["first_name"] for service in itertools.islice(self.services, 2)]
        if stored not in self.possible or set(shown) != {stored}:
            yield f"the name is {stored}, shown as {shown}; it can be {self.possible}"
        self.possible = {stored}


class Chooser(Writer):
    """Chooses Ann, then Bob, then nobody, then Ann, who steps down, and begins again."""

    STEPS = (("chooser", {"mentor": "ann"}), ("chooser", {"mentor": "bob"}), ("chooser", {"mentor": None}), ("chooser", {"mentor": "ann"}),
             ("ann", {"is_mentor": False}), ("ann", {"is_mentor": True}))  # fmt: skip

    def __init__(self, where: Place, services: list[Service]):
        super().__init__(where, services)
        self.home.sign_up("bob", is_mentor=True)
        self.tokens = {"ann": self.home.sign_up("ann", is_mentor=True), "chooser": self.home.sign_up("chooser")}
        self.step, self.possible = 0, {(None, True)}  # whom the chooser has, and whether Ann is a mentor

    def turn(self):
        who, change = self.STEPS[self.step]
        after = {self._changed(state, change) for state in self.possible}
        if self.send("PATCH", "/api/users/me/", change, self.tokens[who]):
            self.possible, self.step = after, (self.step + 1) % len(self.STEPS)
        else:
            self.possible |= after

    @staticmethod
    def _changed(state, change: dict):
        mentor, _is_mentor = state
        if "mentor" in change:
            return change["mentor"], True
        return (mentor if change["is_mentor"] or mentor != "ann" else None), change["is_mentor"]

    def lost(self):
        [stored] = self.where.rows(
            "SELECT m.username, ann.is_mentor FROM users_user ann JOIN users_user u ON u.username = 'chooser'"
            " LEFT JOIN users_user m ON m.id = u.mentor_id WHERE ann.username = 'ann'"
        )
        shown = {
            service.get("/api/users/?search=chooser", self.tokens["chooser"]).json()[0]["mentor"]
            for service in itertools.islice(self.services, 2)
        }
        if stored not in self.possible or not shown <= {mentor for mentor, _ in self.possible}:
            yield f"the chooser's mentor, and whether Ann is one, is {stored}, listed as {shown}; it can be {self.possible}"
        self.possible = {stored}


class Leaver(Writer):
    """Signs in and out, changes the password, and deletes accounts; what has ended stays ended."""

    def __init__(self, where: Place, services: list[Service]):
        super().__init__(where, services)
        self.both = services
        self.home.sign_up("leaver")
        self.passwords = [PASSWORD]  # what it may be by now
        self.refused: list[str] = []  # what it was before
        self.ended: list[str] = []  # access tokens
        self.looked_at = 0  # of these
        self.ways = itertools.cycle([self._out, self._everywhere, self._others, self._new_password, self._delete])

    def turn(self):
        one, two = self._entered(), self._entered()
        if one and two:
            next(self.ways)(one, two)

    def _entered(self) -> dict[str, str] | None:
        while True:
            answer = self.send("POST", "/api/login", {"username": "leaver", "password": self.passwords[-1]}, refused=(401,))
            if answer is None:
                return None
            if answer.ok:
                self.refused += self.passwords[:-1]
                self.passwords = self.passwords[-1:]
                return answer.json()
            self.refused.append(self.passwords.pop())  # it was sent, and its answer lost: it was not set, then
            if not self.passwords:
                raise RuntimeError(f"No password opens any more, refused were {self.refused[-3:]}")

    def _end(self, answer, *tokens: str) -> None:
        if answer:
            self.ended += tokens

    def _out(self, one, two):
        self._end(self.send("POST", "/api/logout", {"refresh": one["refresh"]}), one["access"])

    def _everywhere(self, one, two):
        self._end(self.send("POST", "/api/logout", {"everywhere": True}, one["access"]), one["access"], two["access"])

    def _others(self, one, two):
        self._end(self.send("DELETE", "/api/sessions/", token=one["access"]), two["access"])

    def _new_password(self, one, two):
        old, new = self.passwords[-1], f"the horse of turn {next(self.numbers)}"
        self.passwords.append(new)
        answer = self.send("POST", "/api/change-password", {"old_password": old, "new_password": new}, one["access"])
        self._end(answer, two["access"])
        if answer:
            self.passwords.remove(old)
            self.refused.append(old)

    def _delete(self, one, two):
        form = {"username": self.new_name(), "password": PASSWORD}
        pair = self.send("POST", "/api/registration", form) and self.send("POST", "/api/login", form)
        if pair:
            token = pair.json()["access"]
            self._end(self.send("DELETE", "/api/users/me/", token=token), token)

    def lost(self):
        living = {session for (session,) in self.where.rows("SELECT id FROM users_session WHERE ended IS NULL")}
        yield from (f"the end of session {session}" for session in map(session_of, self.ended) if session in living)
        for token in self.ended[self.looked_at :][-20:]:
            if {service.get("/api/users/me/", token).status_code for service in self.both} != {401}:
                yield f"the end of session {session_of(token)} is not honoured"
        self.looked_at = len(self.ended)
        for password in self.refused[-1:]:
            if self.home.post("/api/login", {"username": "leaver", "password": password}).status_code != 401:
                yield "an old password opens again"
