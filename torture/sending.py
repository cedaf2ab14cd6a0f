"""Sending requests from several threads, on connections that are kept, and judging what comes back."""

import http.client
import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

from tests import callers
from tests.service import HOST, Place, Service
from torture.endpoints import Kind, Request
from torture.report import Row, counted

THREADS = 6
SLOWEST = 2.0  # seconds that an answer may take
PATIENCE = 15  # seconds after which none is waited for
UNREAD = 64 * 1024  # bytes: who sends more than is read may be cut off before the answer is there (RFC 9112, 9.6)
CLOSING = 0.5  # seconds within which it shows that a kept connection was about to be closed
PAGES = ("/api/docs", "/api/email/confirm", "/api/password/reset/confirm")  # under /api/, and HTML by contract where the status is 200
SAFE = {"GET", "HEAD", "OPTIONS"}
PROMISED = "no 5xx, under /api/ no HTML, none over 2 s"


class Answer(NamedTuple):
    status: int | None  # None: the connection was closed instead
    content_type: str
    body: bytes
    seconds: float


class Callers:
    """People to send as, each until something that they sent was done: who knows what is left of them then."""

    def __init__(self, where: Place, at_first: int):
        self.where, self.lock, self.fresh = where, threading.Lock(), []
        self.batch = at_first

    def take(self) -> dict:
        with self.lock:
            self.stock(1)
            return self.fresh.pop()

    def stock(self, least: int) -> None:
        """Make some where fewer are left."""
        if len(self.fresh) < least:
            self.fresh += json.loads(self.where.manage("shell", "--verbosity", "0", "-c", callers.TELL.format(self.batch)))


@dataclass
class Tally:
    """What came back of requests of a kind."""

    statuses: Counter = field(default_factory=Counter)
    worst: float = 0.0
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, request: str, answer: Answer, fault: str | None) -> None:
        with self.lock:
            self.statuses[answer.status] += 1
            self.worst = max(self.worst, answer.seconds)
            if fault:
                self.wrong.append(f"{fault}: {request[:400]}")

    def row(self, done: str, promised: str = PROMISED) -> Row:
        seen = ", ".join(f"{status or 'closed'} × {count}" for status, count in sorted(self.statuses.items(), key=lambda one: one[0] or 0))
        seen += f"; worst {self.worst:.2f} s; wrong: {counted(sorted(self.wrong))}"
        return Row(done, self.statuses.total(), promised, seen, not self.wrong)


def fault_of(path: str, answer: Answer, promised: tuple[int, ...] = ()) -> str | None:
    """What is wrong with an answer; None where nothing is."""
    if promised and answer.status not in promised:
        return f"{answer.status}, not {promised}: {answer.body[:100]!r}"
    if answer.seconds > SLOWEST:
        return f"took {answer.seconds:.2f} s"
    if answer.status is None:
        return f"no answer: {answer.body.decode()}"
    if answer.status >= 500:
        return f"{answer.status} {answer.body[:200]!r}"
    path = unquote(path.partition("?")[0]).rstrip("/").replace("/api/v1", "/api", 1)
    if path != "/api" and not path.startswith("/api/") or (answer.status == 200 and path in PAGES):
        return None
    if "html" in answer.content_type or answer.body[:1] == b"<":
        return f"{answer.status} as {answer.content_type}"
    if answer.status >= 400 and answer.body and not _is_said_in_json(answer):
        return f"{answer.status} as {answer.content_type}: {answer.body[:200]!r}"
    return None


def _is_said_in_json(answer: Answer) -> bool:
    with suppress(ValueError):
        return answer.content_type == "application/json" and isinstance(json.loads(answer.body), dict)
    return False


class Client:
    """One thread's: a kept connection to each service, and who it is signed in as."""

    def __init__(self, services: list[Service], callers: Callers):
        self.callers, self.caller = callers, callers.take()
        self.connections = [http.client.HTTPConnection(HOST, service.port, timeout=PATIENCE) for service in services]

    def close(self) -> None:
        for connection in self.connections:
            connection.close()

    def send(self, request: Request, number: int) -> Answer:
        path = request.path
        for name in ("who", "session", "mentee", "product"):
            path = path.replace(f"{{{name}}}", str(self.caller[name]))
        body = request.body
        if body and len(body) < 100_000:
            body = body.replace(b"NUMBER", b"%d" % number).replace(b"REFRESH", self.caller["refresh"].encode())
        answer = self._exchange(self.connections[number % len(self.connections)], request, path, body)
        if answer.status and answer.status < 300 and request.method not in SAFE:
            self.caller = self.callers.take()
        return answer

    def _exchange(self, connection, request: Request, path: str, body: bytes | None) -> Answer:
        """On a new connection where the kept one was closed meanwhile, as any client would."""
        begun, was_kept = time.monotonic(), connection.sock is not None
        answer = self._said(connection, request, path, body)
        if answer.status is None and was_kept and time.monotonic() - begun < CLOSING:
            answer = self._said(connection, request, path, body)
        return answer._replace(seconds=time.monotonic() - begun)

    def _said(self, connection, request: Request, path: str, body: bytes | None) -> Answer:
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # it has heard enough, and may have answered
                self._put(connection, request, path, body)
            got = connection.getresponse()
            return Answer(got.status, got.headers.get("Content-Type", ""), got.read(), 0)
        except (OSError, http.client.HTTPException) as broken:
            connection.close()
            return Answer(None, "", repr(broken).encode(), 0)

    def _put(self, connection, request: Request, path: str, body: bytes | None) -> None:
        headers = {"Host": f"{HOST}:{connection.port}"}
        if body is not None:
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        if request.signed_in:
            headers["Authorization"] = f"Bearer {self.caller['access']}"
        instead = {name.lower() for name, _value in request.headers}
        connection.putrequest(request.method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in [*headers.items(), *request.headers]:
            if name.lower() not in instead or (name, value) in request.headers:
                connection.putheader(name, value.encode("latin-1") if value.isascii() or max(value) < "\u0100" else value.encode())
        connection.endheaders(body)


class Sent(NamedTuple):
    """A request that was sent: its kind and number, and what was answered."""

    kind: Kind
    number: int
    status: int | None

    @property
    def again(self) -> tuple[Kind, int]:
        return self.kind, self.number

    @property
    def may_change(self) -> bool:
        """Whether something may have changed by it: it was not refused, and does not only read."""
        return not self.status or (self.status < 400 and self.kind.request(self.number).method not in SAFE)


class Senders:
    """As many clients as there are threads."""

    def __init__(self, services: list[Service], callers: Callers):
        self.callers, self.clients = callers, [Client(services, callers) for _ in range(THREADS)]

    def send(self, requests: list[tuple[Kind, int]], tally: Tally) -> list[Sent]:
        """Send these: the kind and the number of each."""

        def one_thread(first: int) -> list[Sent]:
            sent = []
            for kind, number in requests[first::THREADS]:
                request = kind.request(number)
                answer = self.clients[first].send(request, number)
                said = f"{request.method} {request.path} {request.headers} {(request.body or b'')[:80]!r}, {kind.name} {number}"
                is_cut_off = answer.status is None and len(request.body or b"") > UNREAD
                tally.add(said, answer, None if is_cut_off else fault_of(request.path, answer, request.promised))
                sent.append(Sent(kind, number, answer.status))
            return sent

        try:
            with ThreadPoolExecutor(THREADS) as pool:
                return [one for some in pool.map(one_thread, range(THREADS)) for one in some]
        finally:
            for client in self.clients:
                client.close()
