"""Chunked bodies, well and badly made: each means what it says, or is refused; none is read as empty.

What was made of a body is looked at, not the status alone: an update, a logout and a refusal that an empty body would do otherwise.
A body that breaks off may be taken for what came of it: no JSON object that is cut short is one.
"""

import json
import time
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import NamedTuple

from tests.service import HOST, Service, me
from torture.endpoints import Endpoint, put_together, stride
from torture.report import Row, counted
from torture.sending import Answer, Callers
from torture.values import known

BROKEN = "breaks off"  # in the name of what ends in the middle: the sender then says that no more comes


class Target(NamedTuple):
    """Where a request goes, and whose token it shows."""

    method: str
    path: str
    token: str

    @classmethod
    def of(cls, endpoint: Endpoint, caller: dict) -> "Target":
        return cls(endpoint.method, endpoint.path.format_map(caller), caller["access"])


def head(target: Target, *headers: str, version: str = "HTTP/1.1") -> str:
    own = [f"Host: {HOST}", f"Authorization: Bearer {target.token}", "Content-Type: application/json", "Connection: close"]
    return "\r\n".join([f"{target.method} {target.path} {version}", *own, *headers, "", ""])


def _chunk(part: str, size: str = "{:x}", end: str = "\r\n") -> str:
    return f"{size.format(len(part.encode()))}\r\n{part}{end}"


CHUNKED = "Transfer-Encoding: chunked"
# How a body is sent in chunks as RFC 9112 has it (section 7.1): what stands behind the head.
CHUNKINGS: dict[str, Callable[[str], str]] = {
    "in one chunk": lambda body: f"{_chunk(body)}0\r\n\r\n",
    "in two chunks": lambda body: f"{_chunk(body[:5])}{_chunk(body[5:])}0\r\n\r\n",
    "a byte a chunk": lambda body: "".join(map(_chunk, body)) + "0\r\n\r\n",
    "with sizes in capitals": lambda body: f"{_chunk(body, '{:X}')}0\r\n\r\n",
    "with zeros before the size": lambda body: f"{_chunk(body, '0000{:x}')}000\r\n\r\n",
    "with an extension": lambda body: f"{_chunk(body, '{:x};a=b')}0;c\r\n\r\n",
    "with a quoted extension": lambda body: f"{_chunk(body, '{:x};a=;;')}0\r\n\r\n".replace(";;", '"b;c"'),
    "with a trailer": lambda body: f"{_chunk(body)}0\r\nX-Checksum: 1\r\n\r\n",
    "with a trailer that says it is empty": lambda body: f"{_chunk(body)}0\r\nContent-Length: 0\r\n\r\n",
    "with a trailer that signs out": lambda body: f"{_chunk(body)}0\r\nAuthorization: x\r\n\r\n",
}
# And how it is not: what is made of these is refused, or what they say.
BAD_CHUNKINGS: dict[str, Callable[[str], str]] = {
    "a size that is no number": lambda body: f"{_chunk(body, 'xyz')}0\r\n\r\n",
    "a negative size": lambda body: f"{_chunk(body, '-{:x}')}0\r\n\r\n",
    "a size with a plus": lambda body: f"{_chunk(body, '+{:x}')}0\r\n\r\n",
    "a size with 0x": lambda body: f"{_chunk(body, '0x{:x}')}0\r\n\r\n",
    "a size in other digits": lambda body: f"{_chunk(body, '٣')}0\r\n\r\n",
    "a size with a blank before it": lambda body: f"{_chunk(body, ' {:x}')}0\r\n\r\n",
    "no size": lambda body: f"{_chunk(body, '')}0\r\n\r\n",
    "a size beyond 64 bits": lambda body: f"{_chunk(body, 'f' * 17)}0\r\n\r\n",
    "a size of 1000 digits": lambda body: f"{_chunk(body, 'f' * 1000)}0\r\n\r\n",
    "a size that is too small": lambda body: f"1\r\n{body}\r\n0\r\n\r\n",
    "breaks off before what the size says": lambda body: f"{_chunk(body, '{:x}0')}0\r\n\r\n",
    "no line end behind the data": lambda body: f"{_chunk(body, end='')}0\r\n\r\n",
    "bare line feeds": lambda body: f"{_chunk(body)}0\r\n\r\n".replace("\r\n", "\n"),
    "a NUL in an extension": lambda body: _chunk(body, "{:x};\0") + "0\r\n\r\n",
    "an extension of 40 000": lambda body: f"{_chunk(body, '{:x};' + 'a' * 40_000)}0\r\n\r\n",
    "a trailer that is none": lambda body: f"{_chunk(body)}0\r\nnonsense\r\n\r\n",
    "10 000 trailers": lambda body: f"{_chunk(body)}0\r\n" + "X: y\r\n" * 10_000 + "\r\n",
    "breaks off before the first chunk": lambda body: "",
    "breaks off in a size": lambda body: "1",
    "breaks off in a chunk": lambda body: _chunk(body)[:-4],
    "breaks off behind a chunk": _chunk,
    "breaks off in the last chunk": lambda body: f"{_chunk(body)}0\r\n",
    "breaks off in a trailer": lambda body: f"{_chunk(body)}0\r\nX-Check",
}
# Heads that say in another way, or twice, that chunks follow.
CODINGS = [["Transfer-Encoding: Chunked"], ["Transfer-Encoding:chunked"], ["Transfer-Encoding: \tchunked "], [CHUNKED, "Content-Length: 2"],
           ["Content-Length: 2", CHUNKED], ["Content-Length: 0", CHUNKED], [CHUNKED, "Content-Length: 999999"], [CHUNKED, CHUNKED],
           ["Transfer-Encoding: chunked, chunked"], ["Transfer-Encoding: gzip, chunked"], ["Transfer-Encoding: chunked, gzip"],
           ["Transfer-Encoding: identity"], [CHUNKED, "Transfer-Encoding: identity"], ["Transfer-Encoding: xchunked"],
           ["Transfer-Encoding: \x0bchunked"],
           ["Transfer-Encoding : chunked"], ["Transfer_Encoding: chunked"], ["Transfer-Encoding: chunked\x00"],
           ['Transfer-Encoding: "chunked"'],
           ["Transfer-Encoding:", " chunked"], ["Transfer-Encoding:\r\n chunked"], ["X: y\r\n\tz", CHUNKED],
           ["Transfer-Encoding: chunked;q=1"]]  # fmt: skip


def chunked_bodies() -> dict[str, Callable[[Target, str], str]]:
    """By what is odd about it, what is sent of a body in chunks: target and headers of the request, and the body."""

    def sending(codings: list[str], chunks: Callable[[str], str], version: str = "HTTP/1.1"):
        return lambda target, body: head(target, *codings, version=version) + chunks(body)

    plain = CHUNKINGS["in two chunks"]
    return (
        {what: sending([CHUNKED], chunks) for what, chunks in (CHUNKINGS | BAD_CHUNKINGS).items()}
        | {f"head {number}: {coding}": sending(coding, plain) for number, coding in enumerate(CODINGS)}
        | {"in HTTP/1.0": sending([CHUNKED], plain, "HTTP/1.0")}
    )


def said(service: Service, sent: str, what: str) -> Answer:
    """What the service answers to these bytes: each character one, or else in UTF-8."""
    begun = time.monotonic()
    data = sent.encode("latin-1" if max(sent, default="") < "\u0100" else "utf-8")
    try:
        status, top, body = known.exchange(service.port, data, BROKEN in what)
    except (TimeoutError, ValueError, IndexError):  # for too long nothing, or no HTTP/1.1
        return Answer(None, "", b"", time.monotonic() - begun)
    taken = time.monotonic() - begun
    if status == 100:  # go on: the answer itself comes next
        top, _, body = body.partition("\r\n\r\n")
        status = int(top.split()[1])
    types = [line.partition(":")[2].strip() for line in top.split("\r\n") if line.lower().startswith("content-type:")]
    return Answer(status, "".join(types), body.encode("latin-1"), taken)


class Trial(NamedTuple):
    """One body in chunks at one endpoint: what is wrong with what came of it, and whether it was taken."""

    service: Service
    caller: dict
    what: str
    way: Callable[[Target, str], str]

    def send(self, target: Target, body: str) -> Answer:
        return said(self.service, self.way(target, body), self.what)

    def at_an_update(self, number: int) -> tuple[str | None, bool]:
        """The name that was sent is the name now, where it was taken; else it is what it was."""
        sent, token = f"N{number}", self.caller["access"]
        before = me(self.service, token)["first_name"]
        answer = self.send(Target("PATCH", "/api/users/me/", token), json.dumps({"first_name": sent}))
        now, taken = me(self.service, token)["first_name"], answer.status == 200
        wrong = now != (sent if taken else before) or (answer.status or 400) >= 500
        return f"{answer.status}, and the name is {now!r}, sent {sent!r}" if wrong else None, taken

    def at_a_logout(self, number: int) -> tuple[str | None, bool]:
        """`blacklist: false` ends nothing; an empty body would end the session."""
        answer = self.send(Target("POST", "/api/logout/", self.caller["access"]), '{"blacklist": false}')
        status = self.service.get("/api/users/me/", self.caller["access"]).status_code
        wrong = status != 200 or (answer.status or 400) >= 500
        return f"{answer.status}, and then {status} to the token" if wrong else None, answer.status == 205

    def at(self, number: int, endpoint: Endpoint) -> tuple[str | None, bool]:
        """A field's fault is found as with a length, or the body is refused for its form; never is it answered like an empty one."""
        body, target = put_together({endpoint.fields[0]: '{"no": "value"}'}).decode(), Target.of(endpoint, self.caller)
        told, of_nothing = (said(self.service, head(target, f"Content-Length: {len(sent)}") + sent, "")[:3] for sent in (body, "{}"))
        if told == of_nothing:
            return f"{endpoint.method} {endpoint.path} answers {told} to anything, which tells nothing", False
        answer = self.send(target, body)
        taken = answer[:3] == told
        wrong = not taken and (answer[:3] == of_nothing or not 400 <= (answer.status or 400) < 500)
        return f"{answer.status} {answer.body[:100]!r} of {endpoint.method} {endpoint.path}" if wrong else None, taken


def mean_what_they_say(services: list[Service], callers: Callers, endpoints: list[Endpoint], times: int) -> Row:
    """Every way to send a body in chunks, at an update, at a logout, and at each endpoint that takes a body."""
    ways, caller = chunked_bodies(), callers.take()
    writing = [one for one in endpoints if one.fields and one.path != "/api/logout/"]  # there an empty body would end the session
    at = [Trial.at_an_update, Trial.at_a_logout, *(partial(Trial.at, endpoint=endpoint) for endpoint in writing)]
    taken, wrong, wanted = 0, [], list(product(ways.items(), at))
    for number in range(times):
        (what, way), trial = wanted[number * stride(len(wanted)) % len(wanted)]
        fault, was_taken = trial(Trial(services[number % len(services)], caller, what, way), number=number)
        taken += was_taken
        if fault:
            wrong.append(f"{what}: {fault}")
            caller = callers.take()  # who knows what is left of the other
    seen = f"{taken} taken as they are, {times - taken} refused; otherwise: {counted(wrong)}"
    done = f"bodies in chunks, sent in {len(ways)} ways, {len(BAD_CHUNKINGS)} of them broken"
    return Row(done, times, "a chunked body means what it says, or is refused", seen, not wrong)
