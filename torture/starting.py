"""Starting wrong: each setting malformed, missing or contradicting another. It refuses at once, says why, and leaves nothing behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import requests

from tests import servers
from tests.service import HOST, Place, Service
from torture.report import Row, counted
from torture.wrong_settings import CONTRADICTORY, KNOWN_TO_POSTGRES, MALFORMED, MISSING, REAL, RIGHT, SECRET, Wrong, malformed

DOORS = {"serve": ["manage.py", "serve", "--with-mail"], "prepare": ["manage.py", "prepare"], "wsgi": ["-c", "import mentorship.wsgi"]}
AT_ONCE = 2
PATIENCE = 60  # seconds for a start to end by itself; what takes longer is ended
SOON = 10  # seconds, on a machine where much else runs
LINES = 6  # of a refusal: Django puts a frame of three around what its checks found


@dataclass(frozen=True)
class Start:
    """How a start ended: its status (None: it had to be ended), what it said, and what of it was left."""

    door: str
    wrong: Wrong
    status: int | None
    seconds: float
    said: str
    left: tuple[str, ...]

    def why(self) -> list[str]:
        """The lines of the refusal. A server that loads the application shows first how it came to be."""
        _before, mark, after = self.said.rpartition("ImproperlyConfigured: ")
        said = mark and after if self.door == "wsgi" else self.said
        return [line for line in said.splitlines() if line.strip()]

    def faults(self) -> list[str]:
        """What of a refusal is not as promised."""
        why = self.why()
        found = {
            f"status {self.status}": self.status in (0, None),
            f"took {self.seconds:.1f} s": self.seconds > SOON,
            f"does not name {', '.join(self.wrong.named)}": not all(_is_named(name, " ".join(why)) for name in self.wrong.named),
            "shows a secret": SECRET in self.said,
            "a traceback": any("Traceback" in line for line in why),
            f"{len(why)} lines": len(why) > LINES,
        }
        return [what for what, so in found.items() if so]

    def __str__(self) -> str:
        given = {name: self.wrong.settings.get(name) for name in self.wrong.named}
        return f"{self.door} with {given}: {', '.join([*self.faults(), *self.left])}; said {' '.join(self.said.split())[-300:]!r}"


def _is_named(name: str, said: str) -> bool:
    """As a word of its own: METRICS_PORT does not name PORT."""
    return re.search(f"(?<![A-Z_]){name}(?![A-Z_])", said) is not None


def run(scale: float) -> Iterator[Row]:
    yield _all_are_known()
    yield _right_settings()
    kinds = {
        "a value is malformed": list(malformed(scale)),
        "what is needed is missing": MISSING[:: _every(scale)],
        "settings contradict each other": CONTRADICTORY[:: _every(scale)],
    }
    starts = []
    for kind, wrongs in kinds.items():
        for door, some in _by_door(wrongs, scale).items():
            ended = _each(door, some)
            starts += ended
            yield _refusals(f"{door}, where {kind}", ended)
    left = [start for start in starts if start.left]
    yield Row("after all of these", len(starts), "no process, no open port and no file is left", counted(left, "nothing was"), not left)
    yield _a_taken_port()
    yield from _where_only_the_database_knows(scale)


def _every(scale: float) -> int:
    """All, or each third where only a little is asked for."""
    return 1 if scale > 0.1 else 3


def _by_door(wrongs: list[Wrong], scale: float) -> dict[str, list[Wrong]]:
    """In full each is tried at `serve`, and in turn at one of the other doors; else each at one door in turn."""
    serve, *others = DOORS
    if scale < 1:
        return {door: wrongs[number :: len(DOORS)] for number, door in enumerate(DOORS)}
    return {serve: wrongs} | {door: wrongs[number :: len(others)] for number, door in enumerate(others)}


def _all_are_known() -> Row:
    names = servers.settings_names()
    strange = sorted(set(names) ^ (MALFORMED.keys() | KNOWN_TO_POSTGRES.keys()))
    return Row("the variables of .env.example", len(names), "each has wrong values here", counted(strange, "all have"), not strange)


def _right_settings() -> Row:
    """Without this, what refuses everything would look like what refuses what is wrong."""
    ended = _each("wsgi", [Wrong(right, ()) for right in RIGHT.values()])
    refused = [f"{name}: {start.said[-200:]}" for name, start in zip(RIGHT, ended, strict=True) if start.status != 0]
    return Row(f"right settings: {', '.join(RIGHT)}", len(ended), "start", counted(refused, "all did"), not refused)


def _refusals(done: str, starts: list[Start]) -> Row:
    broken = [start for start in starts if start.faults()]
    slowest, longest = max(start.seconds for start in starts), max(len(start.why()) for start in starts)
    seen = f"all refused, the slowest after {slowest:.1f} s, in at most {longest} lines"
    promised = f"refused within {SOON} s: it is named, without a traceback or a secret"
    return Row(done, len(starts), promised, counted(broken, seen), not broken)


def _a_taken_port() -> Row:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        taken = Wrong({"PORT": str(other.getsockname()[1])}, ("HOST", "PORT"))
        return _refusals("serve, where somebody listens on PORT", _each("serve", [taken]))


def _where_only_the_database_knows(scale: float) -> Iterator[Row]:
    server = servers.start_postgres()
    try:
        right = server.environment()
        values = KNOWN_TO_POSTGRES | {"DB_PORT": str(servers._free_port()), "DB_HOST": "nowhere.invalid"}
        wrongs = [Wrong(right | {name: value}, (name,)) for name, value in values.items()]
        where = f"PostgreSQL is away, or does not know what {', '.join(KNOWN_TO_POSTGRES)} say"
        yield _refusals(f"prepare, where {where}", _each("prepare", wrongs))
        yield _serving_without(wrongs[:: _every(scale)], where)
    finally:
        server.stop()


def _serving_without(wrongs: list[Wrong], where: str) -> Row:
    """A database may be back in a moment: the service waits for it, and says so."""
    wrong = [fault for one in wrongs for fault in Waiting.faults_with(one)]
    promised = "serves 503 until it is there, says why in its log, shows no secret, ends when told to"
    return Row(f"serve, where {where}", len(wrongs), promised, counted(wrong, "so it did"), not wrong)


class Waiting(Service):
    """An instance that lives, and has no database."""

    def _is_ready(self) -> bool:
        deadline = time.monotonic() + self.patience
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                return requests.get(f"{self.url}/health/live", timeout=5).ok
            except requests.ConnectionError:
                time.sleep(0.05)
        return False

    @classmethod
    def faults_with(cls, wrong: Wrong) -> list[str]:
        with cls(Place(REAL | wrong.settings), ALLOWED_HOSTS=HOST) as service:
            status = requests.get(f"{service.url}/health/ready", timeout=30).status_code
            said = service.said()
        found = {
            f"ready is {status}": status != 503,
            "says nothing of the database": "database" not in said,
            "shows a secret": SECRET in said or wrong.settings["POSTGRES_PASSWORD"] in said,
            "did not end": service.process.poll() is None,
        }
        return [f"{wrong.named[0]}: {what}; said {said[-300:]!r}" for what, so in found.items() if so]


# One start


def _each(door: str, wrongs: Iterable[Wrong]) -> list[Start]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(partial(_start, door), wrongs))


def _start(door: str, wrong: Wrong) -> Start:
    port = servers._free_port()
    with tempfile.TemporaryDirectory() as folder:
        given = {"DB_NAME": f"{folder}/db.sqlite3", "PORT": str(port)} | REAL | wrong.settings
        begun = time.monotonic()
        process = subprocess.Popen(  # noqa: S603 our own commands
            [sys.executable, *DOORS[door]], cwd=servers.PROJECT, env=servers.bare_environment(**given), text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            said, status = process.communicate(timeout=PATIENCE)[0], process.returncode
        except subprocess.TimeoutExpired:
            said, status = "", None
        seconds = time.monotonic() - begun
        left = (*_processes_left(process), *_listening(port), *(path.name for path in Path(folder).iterdir()))
        if status is None:
            said = process.communicate()[0]
    return Start(door, wrong, status, seconds, said, left)


def _processes_left(process: subprocess.Popen) -> list[str]:
    """Those of its session, which are then ended."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return []
    return ["a process"]


def _listening(port: int) -> list[str]:
    with socket.socket() as probe:
        probe.settimeout(2)
        return ["an open port"] if probe.connect_ex((HOST, port)) == 0 else []
