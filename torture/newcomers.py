"""Newcomers' business, done without a pause by writers (torture/writers.py) who know what must have come of it."""

from tests.gateways import Gateway
from tests.service import PASSWORD, Place, Service
from torture.writers import Writer, session_of

LETTERS = """
(SELECT args_kwargs->'args'->>0 AS kind, args_kwargs->'args'->>1 AS address, CAST(args_kwargs->'args'->>2 AS bigint) AS person, status
 FROM django_tasks_database_dbtaskresult) letters"""
READY = f"SELECT address FROM {LETTERS} WHERE status = 'READY'"  # noqa: S608 our own text
UNSENT = f"SELECT address FROM {LETTERS} WHERE status <> 'SUCCESSFUL'"  # noqa: S608 our own text
# Business that is done in part, which nobody may ever find. Who is invited here is invited by a mentor, and stays with that mentor.
HALF_DONE = {
    "somebody without a name or an invite code": "SELECT username FROM users_user WHERE username_key = '' OR length(invite_code) <> 6",
    "an email without its letter": f"SELECT email FROM users_user u LEFT JOIN {LETTERS}"  # noqa: S608 our own text
                                   " ON kind = 'confirm' AND person = u.id AND address = u.email WHERE u.email <> '' AND kind IS NULL",
    "a letter that is due to nobody": f"SELECT address FROM {LETTERS} LEFT JOIN users_user u ON u.id = person WHERE u.id IS NULL",  # noqa: S608 our own text
    "an account of a phone without its proof or session": "SELECT username FROM users_user u WHERE substr(username, 1, 5) = 'user_' AND"
                                                          " (proven_phone = '' OR id NOT IN (SELECT user_id FROM users_session))",
    "an invite in part": "SELECT username FROM users_user WHERE (invited_by_id IS NULL) <> (invited_at IS NULL)"
                         " OR invited_by_id IS DISTINCT FROM taken_on_by OR invited_by_id <> mentor_id",
    "registered without the invite": "SELECT username FROM users_user WHERE substr(username, 1, 9) = 'registrar' AND invited_by_id IS NULL",
}  # fmt: skip


class Registrar(Writer):
    """Registers people with an email, by a mentor's invite."""

    def __init__(self, where: Place, services: list[Service]):
        super().__init__(where, services)
        self.names: list[str] = []
        self.code = _invite_of(self.home, self.home.sign_up("inviter.of.registrar", is_mentor=True))

    def turn(self):
        name = self.new_name()
        form = {"username": name, "password": PASSWORD, "email": f"{name}@example.com", "invite_code": self.code}
        if self.send("POST", "/api/registration", form):
            self.names.append(name)

    def lost(self):
        there = {name for (name,) in self.where.rows("SELECT username FROM users_user WHERE substr(username, 1, 9) = 'registrar'")}
        yield from (f"the registration of {name}" for name in self.names if name not in there)


class PhoneOwner(Writer):
    """Signs in by codes to phones that are new."""

    def __init__(self, where: Place, services: list[Service], gateway: Gateway):
        super().__init__(where, services)
        self.gateway = gateway
        self.used: dict[str, int | None] = {}  # the session that a phone's code opened, where that was acknowledged

    def turn(self):
        phone = f"+7999{next(self.numbers):07}"
        if self.send("POST", "/api/auth/signup", {"phone": phone}):
            answer = self.send("POST", "/api/auth/code", {"phone": phone, "code": self.gateway.code_for(phone)})
            self.used[phone] = session_of(answer.json()["access"]) if answer else None

    def lost(self):
        living = {session for (session,) in self.where.rows("SELECT id FROM users_session WHERE ended IS NULL")}
        yield from (f"the sign-in of {phone}" for phone, session in self.used.items() if session and session not in living)

    def half_done(self):
        codes = {phone for (phone,) in self.where.rows("SELECT phone FROM users_phonecode")}
        owners = {phone for (phone,) in self.where.rows("SELECT proven_phone FROM users_user WHERE proven_phone <> ''")}
        for phone in self.used:
            if (phone in codes) == (phone in owners):
                yield f"the code of {phone} is {'unused, and there' if phone in codes else 'used, and not there'} is its account"


class Invitee(Writer):
    """Registers people who then accept an invite."""

    def __init__(self, where: Place, services: list[Service]):
        super().__init__(where, services)
        self.code = _invite_of(self.home, self.home.sign_up("inviter.of.invitees", is_mentor=True))
        self.registered: list[str] = []
        self.invited: list[str] = []

    def turn(self):
        form = {"username": self.new_name(), "password": PASSWORD}
        if not self.send("POST", "/api/registration", form):
            return
        self.registered.append(form["username"])
        pair = self.send("POST", "/api/login", form)
        if pair and self.send("POST", "/api/users/me/invite/", {"invite_code": self.code}, pair.json()["access"]):
            self.invited.append(form["username"])

    def lost(self):
        there = dict(self.where.rows("SELECT username, invited_by_id FROM users_user WHERE substr(username, 1, 7) = 'invitee'"))
        yield from (f"the registration of {name}" for name in self.registered if name not in there)
        yield from (f"the invite of {name}" for name in self.invited if not there.get(name))


def _invite_of(service: Service, token: str) -> str:
    return service.get("/api/users/me/", token).json()["invite_code"]
