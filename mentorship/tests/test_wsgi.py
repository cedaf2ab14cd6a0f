"""The application as a server calls it: bodies that come in chunks."""

import io
import json
from wsgiref.handlers import SimpleHandler

import pytest

from mentorship.wsgi import application

REGISTRATION = {"username": "bob", "password": "mandarin kettle"}


def call(body: bytes, **environ) -> tuple[int, dict]:
    """Status and JSON of a POST to /api/registration that does not say how long it is."""
    said = []
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/api/registration", "SERVER_NAME": "testserver", "SERVER_PORT": "80", "wsgi.url_scheme": "http",
        "CONTENT_TYPE": "application/json", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(),
    } | environ  # fmt: skip
    answer = application(environ, lambda status, headers: said.append(status))
    return int(said[0].split()[0]), json.loads(b"".join(answer))


@pytest.mark.django_db(transaction=True)
def test_a_chunked_body_is_read():
    status, shown = call(json.dumps(REGISTRATION).encode(), **{"wsgi.input_terminated": True})
    assert (status, shown["username"]) == (201, "bob")


def test_a_chunked_body_that_is_too_large_is_413(db):
    status, shown = call(b'{"a": "' + b"x" * 300_000 + b'"}', **{"wsgi.input_terminated": True})
    assert (status, set(shown)) == (413, {"detail"})


@pytest.mark.parametrize("terminated", [{}, {"wsgi.input_terminated": False}])
def test_where_the_server_cannot_tell_its_end_it_is_411(db, terminated):
    status, shown = call(b"{}", **terminated)
    assert (status, set(shown)) == (411, {"detail"})


def test_a_server_of_pythons_own_gives_that_answer_too():
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/api/registration",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "SERVER_PROTOCOL": "HTTP/1.1",
    }
    seen = io.BytesIO()
    SimpleHandler(io.BytesIO(b"2\r\n{}\r\n0\r\n\r\n"), seen, io.StringIO(), environ).run(application)
    assert seen.getvalue().startswith(b"HTTP/1.0 411 ")


def test_one_that_broke_off_before_its_first_chunk_is_not_taken_as_empty(db):
    status, shown = call(b"", **{"wsgi.input_terminated": True})
    assert (status, set(shown)) == (411, {"detail"})
