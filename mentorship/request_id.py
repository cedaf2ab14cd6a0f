"""A name for each request: the answer carries it as X-Request-ID, and each log line that is written meanwhile as `request_id`.

A proxy may have given the request its name already, and then has it in a log of its own; what is none to be logged as it
stands gives way to a new one.
"""

import logging
import re
import secrets
from collections.abc import Callable, Iterable
from contextvars import ContextVar

HARMLESS = re.compile("[A-Za-z0-9._-]{1,64}")
_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def named(application: Callable) -> Callable:
    """The WSGI application, for requests with names."""

    def answer(environ: dict, start_response: Callable) -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID")
        name = given if given and HARMLESS.fullmatch(given) else secrets.token_hex(8)
        _current.set(name)  # until the next request of this thread: what is done as the answer is closed belongs to it, too

        def start(status: str, headers: list[tuple[str, str]], *trouble):
            return start_response(status, [*headers, ("X-Request-ID", name)], *trouble)

        return application(environ, start)

    return answer


class Named(logging.Filter):
    """Lets every line pass, with the name of the request in which it is written."""

    def filter(self, record: logging.LogRecord) -> bool:
        if name := _current.get():
            record.request_id = name
        return True
