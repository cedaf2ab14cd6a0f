"""The real service for tests: `manage.py serve` in processes of its own, on a database of its own.

    with place() as where, Service(where) as one, Service(where, THROTTLE_USER="50/min") as other:
        one.post("/api/login", {"username": "alice", "password": PASSWORD})

On what the run is on (tests/servers.py): a database in its PostgreSQL and a number of its Redis, or an SQLite file and no Redis.
"""

import collections
import itertools
import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import redis
import requests

from tests import servers

PASSWORD = "correct horse battery"
HOST = "127.0.0.1"
FOR_REAL = {"DEBUG": "false", "ALLOWED_HOSTS": HOST, "WORKERS": "1",
            "DJANGO_SUPERUSER_USERNAME": "admin", "DJANGO_SUPERUSER_PASSWORD": PASSWORD}  # fmt: skip
LIMITS = ("THROTTLE_USER", "THROTTLE_ANON", "THROTTLE_LOGIN", "THROTTLE_REGISTRATION", "THROTTLE_CODE_PHONE", "THROTTLE_CODE_ADDRESS")
NO_LIMITS = dict.fromkeys(LIMITS, "off")
FAR_LIMITS = dict.fromkeys(LIMITS, "1000000/min")  # counted, and reached by nobody
# Of all links and sessions, those that must never be.
WRONG = {
    "a mentor who is none": "SELECT u.username, m.username FROM users_user u JOIN users_user m ON m.id = u.mentor_id"
                            " WHERE NOT (m.is_mentor AND m.is_active)",
    "a wrong count": "SELECT m.username, m.mentees_count FROM users_user m WHERE m.mentees_count <>"
                     " (SELECT count(*) FROM users_user u WHERE u.mentor_id = m.id AND u.is_active)",
    "a living session of somebody inactive": "SELECT u.username FROM users_session s JOIN users_user u ON u.id = s.user_id"
                                             " WHERE s.ended IS NULL AND NOT u.is_active",
}  # fmt: skip
_numbers = itertools.count(1)


class Place:
    """Where instances of the service work: the environment that they share, with a prepared database."""

    def __init__(self, environment: dict[str, str]):
        self.environment = os.environ | FOR_REAL | NO_LIMITS | environment

    def manage(self, *arguments: str, patience: float = 120) -> str:
        """What a command of manage.py prints. RuntimeError with its errors where it fails."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=servers.PROJECT, env=self.environment, capture_output=True, text=True, timeout=patience)
        if done.returncode:
            raise RuntimeError(f"{arguments} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def rows(self, sql: str) -> list[tuple]:
        with closing(self.connected()) as connection:
            return connection.execute(sql).fetchall()

    def change(self, sql: str) -> None:
        with closing(self.connected()) as connection:
            connection.execute(sql)

    def connected(self):
        """A connection of one's own to the database, past Django; each statement stands at once."""
        name = self.environment["DB_NAME"]
        return _postgres(name, self.environment) if _on_postgres() else sqlite3.connect(name, timeout=20, isolation_level=None)

    def wrong(self) -> dict[str, list]:
        """Rows that break a rule which holds whatever runs at the same time, by the rule."""
        return {what: found for what, sql in WRONG.items() if (found := self.rows(sql))}


@contextmanager
def place(**environment: str):
    """A Place with a database of its own, which is gone afterwards."""
    with database() as settings:
        where = Place(settings | environment)
        where.manage("prepare", "--verbosity", "0")
        yield where


@contextmanager
def database():
    """The settings of a new, empty database, which is gone afterwards."""
    if not _on_postgres():
        with tempfile.TemporaryDirectory() as folder:
            yield {"DB_NAME": str(Path(folder) / "db.sqlite3")}
        return
    settings = _new_database()
    try:
        yield settings
    finally:
        with _postgres("postgres") as connection:
            connection.execute(f"DROP DATABASE {settings['DB_NAME']} WITH (FORCE)")


class Process:
    """A process of ours with its log, ended with all its children."""

    patience = 60  # seconds to start, and again to end
    pipes = {}

    def __init__(self, where: Place, **environment: str):
        self.place, self.environment = where, where.environment | environment
        self.log = tempfile.NamedTemporaryFile("w+", prefix="service-", suffix=".log")
        found = servers._setpriv()
        self.process = subprocess.Popen(
            [*([found, "--pdeathsig=TERM"] if found else []), sys.executable, *self.command()],
            cwd=servers.PROJECT, env=self.environment, stderr=self.log, start_new_session=True, **{"stdout": self.log, **self.pipes},
        )  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
        self.log.close()

    def end(self, how=signal.SIGTERM):
        try:
            os.killpg(self.process.pid, how)
            self.process.wait(self.patience)
        except ProcessLookupError:
            self.process.wait(self.patience)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(self.patience)

    def said(self) -> str:
        """The end of its log."""
        return Path(self.log.name).read_text(errors="replace")[-4000:]


class Service(Process):
    """One instance of the service, at `url`, on `port` or any free one; whatever it answers with 5xx is an error here, with its log."""

    def __init__(self, where: Place, host: str = HOST, port: int = 0, **environment: str):
        self.host = host
        for _ in range(3):  # a port that was free a moment ago may be taken by now
            self.port = port or servers._free_port()
            super().__init__(where, **environment, HOST=host, PORT=str(self.port))
            if self._is_ready():
                return
            self.end()
        raise RuntimeError(f"The service did not start:\n{self.said()}")

    def command(self):
        return ["manage.py", "serve"]

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def _is_ready(self) -> bool:
        deadline = time.monotonic() + self.patience
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                if requests.get(f"{self.url}/health/ready", timeout=2).ok:
                    return True
            except requests.RequestException:
                time.sleep(0.05)
        return False

    def call(self, method: str, path: str, json=None, token: str | None = None, **options) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = requests.request(method, self.url + path, json=json, headers=headers | options.pop("headers", {}), timeout=30, **options)
        assert answer.status_code < 500, f"{method} {path}: {answer.status_code} {answer.text[:500]}\n{self.said()}"
        return answer

    def get(self, path: str, token: str | None = None, **options) -> requests.Response:
        return self.call("GET", path, token=token, **options)

    def post(self, path: str, json=None, token: str | None = None, **options) -> requests.Response:
        return self.call("POST", path, json, token, **options)

    def patch(self, json: dict, token: str) -> requests.Response:
        return self.call("PATCH", "/api/users/me/", json, token)

    def sign_up(self, username: str, **fields) -> str:
        """The access token of somebody new."""
        made = self.post("/api/registration", {"username": username, "password": PASSWORD, **fields})
        assert made.status_code == 201, made.text
        return self.sign_in(username)["access"]

    def sign_in(self, username: str, password: str = PASSWORD) -> dict[str, str]:
        answer = self.post("/api/login", {"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        return answer.json()


class Sender(Process):
    """`manage.py send_mail`, until it is told to end."""

    def command(self):
        return ["manage.py", "send_mail"]


class Shell(Process):
    """`manage.py shell`, kept open: what is done there is done on the same database, past the API."""

    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    LOOP = "import sys\nfrom users.models import Session, User\nfor line in sys.stdin: exec(line); print('done', flush=True)"

    def command(self):
        return ["manage.py", "shell", "--verbosity", "0", "-c", self.LOOP]

    def run(self, line: str) -> None:
        """Do that one line of Python, to its end."""
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()
        if self.process.stdout.readline() != b"done\n":
            raise RuntimeError(self.said())

    def end(self, how=signal.SIGTERM):
        self.process.stdin.close()
        super().end(how)
        self.process.stdout.close()


def at_once(*calls) -> list:
    """What each of the calls gives, in their order; all begin at the same moment."""
    start = threading.Barrier(len(calls))

    def begin(call):
        start.wait(10)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(begin, calls))


def spread(services: list[Service], times: int):
    """So many turns of the services."""
    return itertools.islice(itertools.cycle(services), times)


def statuses(answers) -> collections.Counter:
    """How many of the answers had which status; None where there was none."""
    return collections.Counter(answer.status_code for answer in answers if answer is not None)


def me(service: Service, token: str) -> dict:
    return service.get("/api/users/me/", token).json()


def _on_postgres() -> bool:
    return os.environ["TEST_ON"] == "postgres"


def _new_database() -> dict[str, str]:
    """A database in the PostgreSQL of this run, and a number of its Redis, which the caches of other tests are not cleared with."""
    name, number = f"service_{secrets.token_hex(6)}", 1 + next(_numbers) % 15
    with _postgres("postgres") as connection:
        connection.execute(f"CREATE DATABASE {name}")
    cache = f"{os.environ['REDIS_URL'].rpartition('/')[0]}/{number}"
    with redis.Redis.from_url(cache) as client:
        client.flushdb()
    given = {name: os.environ[name] for name in ("DB_HOST", "DB_PORT", "POSTGRES_USER", "POSTGRES_PASSWORD") if os.environ.get(name)}
    return given | {"DB_NAME": name, "REDIS_URL": cache}


def _postgres(name: str, environment=os.environ):
    account = {"user": environment.get("POSTGRES_USER"), "password": environment.get("POSTGRES_PASSWORD"), "dbname": name}
    return psycopg.connect(host=environment["DB_HOST"], port=environment.get("DB_PORT"), **account, connect_timeout=5, autocommit=True)
