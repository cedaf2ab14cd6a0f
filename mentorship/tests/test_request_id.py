"""Each request has a name: its answer carries it, and so does each line of the log that is written while it is served."""

import contextvars
import io
import json
import logging
import re

import pytest
from django.test import RequestFactory
from pythonjsonlogger.json import JsonFormatter

from conftest import PASSWORD
from mentorship import health
from mentorship.api import door
from mentorship.wsgi import application

pytestmark = pytest.mark.django_db(transaction=True)
NEW = re.compile("[0-9a-f]{16}")


def ask(path: str, method: str = "GET", body: dict | None = None, **environ) -> tuple[int, str]:
    """Status and name of an answer of the WSGI application itself."""
    said = []
    given = RequestFactory().generic(method, path, json.dumps(body) if body else "", "application/json").environ | environ
    answer = application(given, lambda status, headers, *_: said.extend([int(status.split()[0]), headers]))
    b"".join(answer)
    getattr(answer, "close", lambda: None)()
    [name] = [value for header, value in said[1] if header == "X-Request-ID"]
    return said[0], name


@pytest.fixture
def lines():
    """The lines of the log, as they go out."""
    [handler] = [handler for handler in logging.getLogger().handlers if isinstance(handler.formatter, JsonFormatter)]
    written = io.StringIO()
    before = handler.setStream(written)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    handler.setStream(before)


ANSWERS = [
    ("/health/live", {}, 200),
    ("/health/ready", {}, 200),
    ("/api/docs/", {}, 200),
    ("/api/users/", {}, 401),
    ("/api/nowhere", {}, 404),
    ("/nowhere", {}, 404),
    ("/admin/", {}, 302),
    ("/admin/login/", {}, 200),
    ("/", {}, 302),
    ("/api/", {"HTTP_HOST": "elsewhere.example"}, 400),
    ("/api/login/", {"HTTP_TRANSFER_ENCODING": "chunked"}, 411),
]


@pytest.mark.parametrize(("path", "environ", "status"), ANSWERS)
def test_every_answer_carries_a_name_of_its_own(path, environ, status):
    said = [ask(path, **environ) for _ in range(3)]
    assert [found for found, _name in said] == [status] * 3
    assert all(NEW.fullmatch(name) for _status, name in said)
    assert len(set(said)) == 3


@pytest.mark.parametrize("given", ["a", "0123456789abcdef0123456789abcdef", "A-b_c.9", "x" * 64])
def test_a_name_that_a_proxy_gave_stays(given):
    assert ask("/health/live", HTTP_X_REQUEST_ID=given) == (200, given)


@pytest.mark.parametrize(
    "given", ["", " ", "a b", "x" * 65, "x" * 100_000, "a\n", "a\r\nSet-Cookie: b=c", '"', "\x00", "é", "٣", "a,b", "{}"]
)
def test_one_that_is_none_gives_way_to_a_new_one(given):
    assert NEW.fullmatch(ask("/health/live", HTTP_X_REQUEST_ID=given)[1])


@pytest.mark.servers
@pytest.mark.parametrize("path", ["/api/users/", "/api/users/me/"])
def test_what_is_answered_at_the_door_is_named_anew(client, path):
    token = client._credentials
    first = [ask(path, **token)[1] for _ in range(4)]
    assert ask(path, **token, HTTP_X_REQUEST_ID="given") == (200, "given")
    last = [ask(path, **token)[1] for _ in range(2)]
    assert len({*first, *last, "given"}) == 7
    assert door.KNOWN and "X-Request-ID" not in str(door.KNOWN)


def test_a_refusal_in_the_log_has_the_name_of_its_answer(lines):
    _status, name = ask("/nowhere")
    [line] = lines()
    assert (line["logger"], line["level"], line["request_id"]) == ("django.request", "WARNING", name)


def test_a_fault_in_the_log_has_the_name_of_its_answer(lines, monkeypatch):
    monkeypatch.setitem(health.ROUTES, "/health/live", lambda request: 1 / 0)
    status, name = ask("/health/live")
    [line] = lines()
    assert (status, line["level"], line["request_id"]) == (500, "ERROR", name)
    assert "ZeroDivisionError" in line["exc_info"]


def test_a_host_that_is_not_served_is_a_line_without_a_trace(lines, settings):
    settings.ALLOWED_HOSTS = ["mentors.example.com"]
    _status, name = ask("/api/users", HTTP_HOST="evil.example" + "x" * 500)
    [line] = [line for line in lines() if line["message"].startswith("host not served")]
    assert (line["level"], line["request_id"], line["host"][:12], len(line["host"])) == ("WARNING", name, "evil.example", 100)
    assert "exc_info" not in line


def test_our_own_lines_have_it_and_still_hold_no_password(lines, john):
    names = [ask("/api/login/", "POST", {"username": "john", "password": password})[1] for password in (PASSWORD, "wrong horse")]
    ours = [line for line in lines() if line["logger"] == "mentorship.sessions"]
    assert [(line["message"], line["request_id"]) for line in ours] == list(zip(["signed in", "sign-in refused"], names, strict=True))
    assert "horse" not in str(lines())


def test_a_line_outside_of_any_request_has_none(lines):
    contextvars.Context().run(logging.getLogger("mentorship").warning, "as the process starts")
    [line] = lines()
    assert "request_id" not in line
