"""Writers: they change something without a pause, and know what must be there whatever happens to the service meanwhile.

What was acknowledged (2xx) stands from then on. What was sent and not acknowledged, because its answer was lost or a 5xx, may stand
wholly or not at all. What each of them does is in torture/newcomers.py and torture/regulars.py.
"""

import base64
import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from tests.service import Place, Service
from torture.addresses import new_address

PATIENCE = 30  # seconds for an answer
PAUSE = 0.05  # seconds, after what failed


class Writer:
    """Takes one `turn` after the other, on the services by turns.

    `failures` are the requests that were not answered, or with 5xx: when each began (time.monotonic()), and how it ended.
    `surprises` are answers that are never right, such as a 500, or a 400 to what is in order.
    """

    def __init__(self, where: Place, services: list[Service]):
        self.name = type(self).__name__
        self.where, self.home, self.services = where, services[0], itertools.cycle(services)
        self.numbers = itertools.count(1)
        self.acknowledged = 0
        self.failures: list[tuple[float, str]] = []
        self.surprises: list[str] = []
        self.may_work, self.at_work, self.is_over = threading.Event(), threading.Lock(), threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def turn(self) -> None:
        raise NotImplementedError

    def lost(self) -> Iterator[str]:
        """What was acknowledged and is not there. To be asked while nobody writes."""
        return iter(())

    def half_done(self) -> Iterator[str]:
        """What is there in part. Likewise."""
        return iter(())

    def new_name(self) -> str:
        return f"{self.name.lower()}.{next(self.numbers)}"

    def send(
        self, method: str, path: str, json: dict | None = None, token: str | None = None, refused: tuple = ()
    ) -> requests.Response | None:
        """The answer where it acknowledges, or refuses with one of the statuses `refused`; None where nobody knows what was done.

        Each comes from an address of its own: a try at a code that a killed worker had counted stays counted there, for an hour.
        """
        begun, headers = time.monotonic(), {"X-Forwarded-For": new_address()}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            answer = requests.request(method, next(self.services).url + path, json=json, headers=headers, timeout=PATIENCE)
        except requests.RequestException as broken:
            return self._failed(begun, type(broken).__name__)
        if answer.status_code >= 500:
            if answer.status_code != 503:
                self.surprises.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
            return self._failed(begun, str(answer.status_code))
        if answer.ok:
            self.acknowledged += 1
        elif answer.status_code not in refused:
            self.surprises.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
            return None
        return answer

    def _failed(self, begun: float, how: str) -> None:
        self.failures.append((begun, how))
        time.sleep(PAUSE)

    def run(self) -> None:
        while not self.is_over.is_set():
            if self.may_work.wait(0.1):
                with self.at_work:
                    self._one_turn()

    def _one_turn(self) -> None:
        try:
            if self.may_work.is_set():
                self.turn()
        except Exception as broken:  # a writer that ends without a word would look like one that lost nothing
            self.surprises.append(f"{self.name}: {broken!r}")
            time.sleep(PAUSE)


class Writers:
    """Several of them, who can be told to rest."""

    def __init__(self, writers: list[Writer]):
        self.all = writers

    def go_on(self) -> None:
        for writer in self.all:
            writer.may_work.set()

    def rest(self) -> None:
        """Each ends what it is at. RuntimeError where one does not in time."""
        for writer in self.all:
            writer.may_work.clear()
        for writer in self.all:
            if not writer.at_work.acquire(timeout=3 * PATIENCE):
                raise RuntimeError(f"{writer.name} does not end its turn")
            writer.at_work.release()

    def have_written(self, each: int, patience: float = 60) -> None:
        """Wait until each has so many more writes acknowledged. RuntimeError where one has not in time."""
        wanted = {writer: writer.acknowledged + each for writer in self.all}
        deadline = time.monotonic() + patience
        while late := [writer for writer, count in wanted.items() if writer.acknowledged < count]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{late[0].name} gets nothing acknowledged: {late[0].failures[-1:]} {late[0].surprises[-1:]}")
            time.sleep(0.01)

    @property
    def acknowledged(self) -> int:
        return sum(writer.acknowledged for writer in self.all)

    @property
    def surprises(self) -> list[str]:
        return [surprise for writer in self.all for surprise in writer.surprises]

    def failures(self, since: float = 0, until: float = float("inf")) -> list[str]:
        """How requests failed that began in this time, by time.monotonic()."""
        return [f"{writer.name}: {how}" for writer in self.all for begun, how in writer.failures if since <= begun < until]


@contextmanager
def at_work(writers: list[Writer]) -> Iterator[Writers]:
    """They write until this ends."""
    all_of_them = Writers(writers)
    for writer in writers:
        writer.thread.start()
    all_of_them.go_on()
    try:
        yield all_of_them
    finally:
        for writer in writers:
            writer.is_over.set()
        for writer in writers:
            writer.thread.join(3 * PATIENCE)


def session_of(token: str) -> int:
    """The session that a token names, unchecked."""
    claims = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sid"]
