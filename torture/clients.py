"""Ordinary clients, who ask all the while that something is done to the service, and what they saw of it."""

import http.client
import itertools
import json
import select
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

from tests.service import HOST, PASSWORD

PATIENCE = 120  # seconds for the clients to make a number of requests, and again to end
LOST = (OSError, http.client.HTTPException)


@dataclass(frozen=True)
class Asked:
    """One request: what was asked, when it began and ended (time.monotonic), and the status or what became of it instead."""

    what: str
    began: float
    ended: float
    answer: int | str

    @property
    def took(self) -> float:
        return self.ended - self.began

    def __str__(self):
        return f"{self.what}: {self.answer} after {self.took:.2f} s"


class Clients:
    """So many threads that ask a port for `requests` in turn, request after request, until the block ends.

    Each request has a connection of its own, or with `kept` a client keeps its connection, as HTTP libraries do: it takes another where
    it finds the kept one closed, and sends a GET once more on a new one where the kept one breaks (RFC 9110, 9.2.2); `again` counts these.
    """

    def __init__(self, port: int, requests: list[tuple], number: int = 8, kept: bool = False, patience: float = 30, pause: float = 0):
        self.port, self.requests, self.kept, self.patience, self.pause = port, requests, kept, patience, pause
        self.asked: list[Asked] = []
        self.again = 0
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._go_on, args=[place], daemon=True) for place in range(number)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def wait_for(self, times: int) -> None:
        """Until they have made that many requests in all. RuntimeError after PATIENCE."""
        deadline = time.monotonic() + PATIENCE + times / 50
        while len(self.asked) < times:
            if time.monotonic() > deadline:
                raise RuntimeError(f"Only {len(self.asked)} of {times} requests were answered, or failed, in time")
            time.sleep(0.01)

    @property
    def failed(self) -> list[Asked]:
        return [one for one in self.asked if one.answer != 200]

    @property
    def worst(self) -> float:
        """Seconds that the slowest request took, answered or not."""
        return max(one.took for one in self.asked)

    def _go_on(self, place: int) -> None:
        connection = None
        for method, path, token, body in itertools.islice(itertools.cycle(self.requests), place, None):
            if self._over.is_set():
                break
            connection = self._ask(connection, method, path, token, body)
            self._over.wait(self.pause)
        if connection:
            connection.close()

    def _ask(self, connection, method: str, path: str, token: str | None, body: dict | None):
        """Notes what came of it; gives the connection for the next request, or None."""
        began = time.monotonic()
        if connection and (not connection.sock or select.select([connection.sock], [], [], 0)[0]):  # closed by the service
            connection.close()
            connection = None
        try:
            try:
                connection, answer = self._send(connection, method, path, token, body)
            except LOST:
                if not connection or method != "GET":
                    raise
                self.again += 1
                connection, answer = self._send(None, method, path, token, body)
        except LOST as lost:
            connection, answer = None, repr(lost)
        self.asked.append(Asked(f"{method} {path}", began, time.monotonic(), answer))
        return connection

    def _send(self, connection, method: str, path: str, token: str | None, body: dict | None):
        connection = connection or http.client.HTTPConnection(HOST, self.port, timeout=self.patience)
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        try:
            connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            answer.read()
        except LOST:
            connection.close()
            raise
        if not self.kept:
            connection.close()
        return (connection if self.kept else None), answer.status


def reads(token: str) -> list[tuple]:
    """What is asked most: the list, and one's own card."""
    return [("GET", "/api/users/", token, None), ("GET", "/api/users/me/", token, None)]


def changes(token: str) -> list[tuple]:
    return [("PATCH", "/api/users/me/", token, {"first_name": "Constant"})]


def sign_ins(username: str) -> list[tuple]:
    return [("POST", "/api/login", None, {"username": username, "password": PASSWORD})]


def one_by_one(requests: Iterable[tuple], port: int, seconds: float, patience: float = 10) -> Clients:
    """What one client sees that asks so long, a new connection each time."""
    with Clients(port, list(requests), number=1, patience=patience, pause=0.02) as client:
        time.sleep(seconds)
    return client
