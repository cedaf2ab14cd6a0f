"""What happens to PostgreSQL, while people go on asking: it restarts, is away, has no connection left, or somebody holds its locks."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial

import psycopg

from tests.servers import Postgres, start_postgres
from tests.service import Service, place
from torture.load import MIX, Answer, Load, by_status, people
from torture.report import Row, counted

RATE, PEOPLE = 40, 8  # requests a second
ALSO_STAFF = MIX | {"admin": 2}
SOON, NORMAL = 5, 1  # seconds: for a 503 to come, and from the return until all is well
SETTLES = 2  # seconds of load before a fault, and after
IDLE = "no failure after a restart while idle"
AWAY = f"503 with Retry-After within {SOON} s, never another failure, never a hang; normal within {NORMAL} s of its return"


def run(scale: float) -> Iterator[Row]:
    postgres = start_postgres()
    try:
        with place(**postgres.environment()) as where, Service(where) as one, Service(where) as other:
            services = [one, other]
            chamber = Chamber(postgres, services, scale)
            yield chamber.idle(max(2, round(10 * scale)))
            yield chamber.tried("restarted while busy", partial(restarted, postgres), max(1, round(10 * scale)))
            for what, fault in chamber.faults().items():
                yield chamber.tried(what, fault, 1)
    finally:
        postgres.stop()


class Chamber:
    """Two instances on that PostgreSQL, and their people."""

    def __init__(self, postgres: Postgres, services: list[Service], scale: float):
        self.postgres, self.services = postgres, services
        self.cast, self.seconds = people(services, PEOPLE), max(4, 10 * scale)
        self.settles = max(1.2, SETTLES * min(1, 2 * scale))

    def faults(self) -> dict[str, Callable[[], None]]:
        rows = "SELECT FROM users_user FOR UPDATE; SELECT FROM users_session FOR UPDATE"
        table = "LOCK TABLE users_user IN ACCESS EXCLUSIVE MODE"
        found = {
            "away": partial(away, self.postgres, self.seconds),
            "away, and its address silent": partial(silent, self.postgres, self.seconds),
            "frozen": partial(frozen, self.postgres, self.seconds),
            "without a connection left": partial(full, self.postgres, self.seconds),
            "ACCESS EXCLUSIVE on users_user held": partial(locked, self.postgres, self.seconds, table),
            "the rows of all people and sessions locked": partial(locked, self.postgres, self.seconds, rows),
        }
        return {f"{what} for {self.seconds:g} s": fault for what, fault in found.items()}

    def idle(self, times: int) -> Row:
        """Restarts that nobody notices; the first requests after each, of every kind, are what is looked at."""
        answers = []
        for _ in range(times):
            answers += self.burst()
            self.postgres.end()
            self.postgres.start()
            answers += self.burst()
        failed = [answer for answer in answers if not 200 <= answer.status < 400]
        seen = f"{by_status(answers)}; failed: {counted(failed)}"
        return Row("PostgreSQL restarted while idle", times, IDLE, seen, not failed)

    def burst(self) -> list[Answer]:
        with Load(self.services, self.cast, 2 * RATE, ALSO_STAFF, clients=8) as load:
            time.sleep(0.6)
        return load.answers

    def tried(self, what: str, fault: Callable[[], None], times: int) -> Row:
        """That fault under load, so often; `fault()` returns when it is over."""
        answers, returns = [], []
        for _ in range(times):
            with Load(self.services, self.cast, RATE, ALSO_STAFF) as load:
                time.sleep(self.settles)
                fault()
                returns.append(time.monotonic())
                time.sleep(NORMAL + self.settles)
            answers.append(load.answers)
        return judged(what, answers, returns)


def judged(what: str, answers: list[list[Answer]], returns: list[float]) -> Row:
    """A fault's row, by the answers of each time and when it was over."""
    everything = [answer for some in answers for answer in some]
    worst = max(everything, key=lambda answer: answer.took)
    wrong = [answer for answer in everything if not is_fine(answer)]
    failed = [
        (answer, back) for some, back in zip(answers, returns, strict=True) for answer in some if answer.status >= 400 or not answer.status
    ]
    until = max((answer.sent - back for answer, back in failed if answer.sent >= back), default=0.0)
    seen = (
        f"{by_status(everything)}; worst {worst.took:.1f} s ({worst.kind}); normal {until:.1f} s after its return; wrong: {counted(wrong)}"
    )
    return Row(f"PostgreSQL {what}", len(answers), AWAY, seen, not wrong and worst.took <= SOON and until <= NORMAL)


def is_fine(answer: Answer) -> bool:
    """Done, or put off as promised."""
    form = "text/plain" if answer.kind == "admin" else "application/json"
    put_off = answer.status == 503 and answer.form == form and (answer.retry_after or "").isdigit()
    return 200 <= answer.status < 400 or put_off


# The faults: each returns when it is over.


def restarted(postgres: Postgres) -> None:
    postgres.end()
    postgres.start()


def away(postgres: Postgres, seconds: float) -> None:
    postgres.end()
    time.sleep(seconds)
    postgres.start()


def silent(postgres: Postgres, seconds: float) -> None:
    """Who connects gets no answer at all, as of a machine that is gone: so it is on Linux where too many wait to be accepted."""
    postgres.end()
    with closing(socket.socket()) as deaf, ExitStack() as waiting:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        deaf.bind((postgres.host, postgres.port))
        deaf.listen(0)
        for _ in range(4):
            one = waiting.enter_context(closing(socket.socket()))
            one.setblocking(False)
            one.connect_ex((postgres.host, postgres.port))
        time.sleep(seconds)
    postgres.start()


def frozen(postgres: Postgres, seconds: float) -> None:
    with postgres.frozen():
        time.sleep(seconds)


def full(postgres: Postgres, seconds: float) -> None:
    """All connections are ours, those that are kept for superusers too: the services, which come as one, lose theirs."""
    with taken(postgres) as connections:
        time.sleep(seconds)
        if others := connections[0].execute(OTHERS, [pids(connections)]).fetchall():
            raise RuntimeError(f"Connections of others were left: {others}")


def locked(postgres: Postgres, seconds: float, statement: str) -> None:
    with postgres.connect() as connection, connection.transaction():
        connection.execute(statement)
        time.sleep(seconds)


OTHERS = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> ALL(%s)"


@contextmanager
def taken(postgres: Postgres):
    """All its connections; whoever else has one loses it."""
    ours = [postgres.connect()]
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                ours.append(postgres.connect())
            except psycopg.OperationalError:
                ended = ours[0].execute(f"SELECT pg_terminate_backend(pid) FROM ({OTHERS}) AS o", [pids(ours)]).fetchall()  # noqa: S608 ours
                if not ended:
                    break
        yield ours
    finally:
        for connection in ours:
            connection.close()


def pids(connections: list[psycopg.Connection]) -> list[int]:
    return [connection.info.backend_pid for connection in connections]
