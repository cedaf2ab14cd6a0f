"""Requests that no client library would send, byte by byte: lengths that contradict each other, chunks, folded headers, halves."""

from collections.abc import Callable
from itertools import product

from tests.service import HOST, Service
from torture.chunked import Target, chunked_bodies, head, said
from torture.endpoints import Endpoint, stride
from torture.report import Row
from torture.sending import Callers, Tally, fault_of
from torture.values import known


def _sized(*lengths: str) -> Callable[[Target, str], str]:
    return lambda target, body: head(target, *(f"Content-Length: {length}" for length in lengths)) + body


def _with(*headers: str) -> Callable[[Target, str], str]:
    return lambda target, body: head(target, f"Content-Length: {len(body)}", *headers) + body


def _line(form: str) -> Callable[[Target, str], str]:
    """A request whose first line is of that form: {m} the method, {p} the path."""

    def made(target: Target, _body: str) -> str:
        return f"{form.format(m=target.method, p=target.path)}\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"

    return made


# By what is odd about it: what is sent, of the target (a method and a path) and a body.
SHAPES: dict[str, Callable[[Target, str], str]] = {
    **chunked_bodies(),
    **{f"length {length[:20]!r}": _sized(length) for length in ("", "-1", "+2", "0x2", "2.0", "2e0", "two", "2 2", "2,2", "2, 3", "٢",
                                                                "9" * 30, "00", "\0")},
    **{f"lengths {one} and {other}": _sized(one, other) for one, other in (("2", "2"), ("2", "3"), ("0", "2"), ("2", ""), ("x", "2"))},
    "breaks off in the body": lambda target, body: head(target, "Content-Length: 5000") + body,
    "breaks off behind the length": lambda target, body: head(target, "Content-Length: 5000"),
    "breaks off in the headers": lambda target, body: head(target)[:-2],
    "breaks off in a header": lambda target, body: head(target)[:-20],
    "breaks off in the line": lambda target, body: f"{target.method} {target.path[:5]}",
    "breaks off at once": lambda target, body: "",
    **{f"header {header[:20]!r}": _with(header) for header in (
        "X: a\r\n b", "X: a\r\n\tb", "Authorization: Bearer\r\n x", "Content-Type: application/json;\r\n charset=utf-8", "X : y", " X: y",
        "X", ":", ": y", "X:",
        "X(): y", "X\0: y", "X: \0", "X: a\rb", "X: a\nY: b", "Ы: y", "X: \x7f", "X: " + "y" * 70_000, "y" * 70_000 + ": x",
        "Host: evil.example",
        "Expect: 100-continue", "Expect: nonsense", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
        "Upgrade: websocket\r\nSec-WebSocket-Key: x",
        "Content-Type: text/plain", "Authorization: Basic x\r\nAuthorization: Bearer x", "Connection: keep-alive, close, upgrade",
        "Connection: Host")},
    "2000 headers": _with(*("X: y",) * 2000), "99 headers": _with(*(f"X-{number}: y" for number in range(99))),
    **{f"line {form[:20]!r}": _line(form) for form in (
        "{m} {p} HTTP/1.0", "{m} {p} HTTP/0.9", "{m} {p} HTTP/1.2", "{m} {p} HTTP/2.0", "{m} {p} HTTP/9.9", "{m} {p} http/1.1",
        "{m} {p} HTTP/1.1 ", "{m} {p} HTTP/",
        "{m} {p} X", "{m} {p}", "{m}", " {m} {p} HTTP/1.1", "{m}  {p} HTTP/1.1", "{m}\t{p}\tHTTP/1.1", "\r\n{m} {p} HTTP/1.1",
        "\r\n\r\n\r\n{m} {p} HTTP/1.1",
        "{m} http://evil.example{p} HTTP/1.1", "{m} http://127.0.0.1{p} HTTP/1.1", "{m} //evil.example{p} HTTP/1.1", "{m} * HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "CONNECT 127.0.0.1:1 HTTP/1.1", "CONNECT {p} HTTP/1.1", "{m} x{p} HTTP/1.1", "{m} {p}#x HTTP/1.1", "{m} {p} x HTTP/1.1",
        "{m} {p}\0 HTTP/1.1", "{m} {p}\x7f HTTP/1.1",
        "{m} {p}é HTTP/1.1", "{m} {p}\xff HTTP/1.1", "{m} {p}?\xff HTTP/1.1", "{m}\0 {p} HTTP/1.1", "Ы {p} HTTP/1.1", "{m} \\{p} HTTP/1.1",
        "{m} {p}?" + "a" * 70_000 + " HTTP/1.1",
        "{m}" * 9000 + " {p} HTTP/1.1", "PRI * HTTP/2.0")},
    "TLS": lambda target, body: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\0" * 300,
    "HTTP/2, which breaks off": lambda target, body: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
    "only blank lines, and breaks off": lambda target, body: "\r\n" * 5000, "only NULs": lambda target, body: "\0" * 5000,
    "SSH": lambda target, body: "SSH-2.0-x\r\n",
}  # fmt: skip


def all_shapes(services: list[Service], callers: Callers, endpoints: list[Endpoint], times: int) -> Row:
    """Every shape at every endpoint, thinned to so many; and those of the tests, whose answers are known."""
    tally, caller, wanted = Tally(), callers.take(), list(product(SHAPES.items(), endpoints))
    for number in range(times - len(known.RAW)):
        (what, shape), endpoint = wanted[number * stride(len(wanted)) % len(wanted)]
        answer = said(services[number % len(services)], shape(Target.of(endpoint, caller), (endpoint.body or b"{}").decode()), what)
        is_its_own = not what.startswith("line") or " {p}" in what  # else the line names another path
        fault = fault_of(endpoint.path if is_its_own else "/", answer)
        tally.add(f"{what} at {endpoint.method} {endpoint.path}", answer, None if answer.status is None else fault)
        if answer.status and answer.status < 300 and endpoint.method != "GET":
            caller = callers.take()
    for number, (what, (sent, statuses)) in enumerate(known.RAW.items()):
        answer = said(services[number % len(services)], sent, what)
        tally.add(what, answer, None if answer.status in statuses else f"{answer.status}, not one of {statuses}")
    return tally.row(f"raw HTTP: {len(SHAPES)} broken forms × {len(endpoints)} endpoints, and {len(known.RAW)} whose answer is known")
