"""Many requests at the same moment: each on a connection of its own, all sent before the first answer is read.

Threads of one Python would send 64 requests over a tenth of a second, by which time the first are answered; this takes a few milliseconds.
"""

import json
import socket
from collections.abc import Iterable
from http.client import HTTPException, HTTPResponse
from typing import NamedTuple

from tests.service import HOST, Service

PATIENCE = 60  # seconds for a connection, and again for each piece of an answer


class Asked(NamedTuple):
    """One request, as it is to be sent."""

    method: str
    path: str
    json: dict | None = None
    token: str | None = None
    headers: dict[str, str] = {}

    def raw(self, port: int) -> bytes:
        body = b"" if self.json is None else json.dumps(self.json).encode()
        headers = {"Host": f"{HOST}:{port}", "Connection": "close", "Content-Type": "application/json", "Content-Length": str(len(body))}
        headers |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in (headers | self.headers).items())]
        return "\r\n".join([*lines, "", ""]).encode() + body


class Answer(NamedTuple):
    status_code: int
    body: bytes

    def json(self):
        return json.loads(self.body)


def volley(requests: Iterable[tuple[Service, Asked]]) -> list[Answer | None]:
    """What each of the requests was answered, in their order; None where there was no answer."""
    shots = [(service.port, asked.raw(service.port)) for service, asked in requests]
    connections = [_connected(port) for port, _raw in shots]
    try:
        for connection, (_port, raw) in zip(connections, shots, strict=True):
            _sent(connection, raw)
        return [_answer(connection) for connection in connections]
    finally:
        for connection in filter(None, connections):
            connection.close()


def _connected(port: int) -> socket.socket | None:
    try:
        return socket.create_connection((HOST, port), timeout=PATIENCE)
    except OSError:
        return None


def _sent(connection: socket.socket | None, raw: bytes) -> None:
    try:
        if connection:
            connection.sendall(raw)
    except OSError:
        connection.close()


def _answer(connection: socket.socket | None) -> Answer | None:
    if not connection or connection.fileno() < 0:
        return None
    response = HTTPResponse(connection)
    try:
        response.begin()
        return Answer(response.status, response.read())
    except (OSError, HTTPException):
        return None
    finally:
        response.close()
