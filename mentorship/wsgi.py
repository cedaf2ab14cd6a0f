"""The WSGI application, for granian, gunicorn and runserver alike. Refuses to load where a check finds an error."""

import os
from collections.abc import Iterable
from io import BytesIO

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentorship.settings")

from django.conf import settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

django_application = get_wsgi_application()

from mentorship import metrics, request_id  # noqa: E402 Django must have been set up
from mentorship.api import door  # noqa: E402 likewise
from mentorship.postgresql.base import DatabaseWrapper  # noqa: E402 likewise

DatabaseWrapper.patience = 4.8  # a little more than statement_timeout in the settings, which a PostgreSQL that hangs does not keep

if faults := [fault.msg for fault in run_checks() if fault.is_serious()]:
    raise ImproperlyConfigured("; ".join(faults))


@metrics.measured
@request_id.named
def application(environ: dict, start_response):
    """Django, with a length for chunked bodies, which it would read as empty: up to the limit, or 411 (RFC 9112).

    One that breaks off before its first chunk ends looks empty here, so an empty one is a 411 too.
    """
    if "HTTP_TRANSFER_ENCODING" in environ:
        body = environ["wsgi.input"].read(settings.MAX_BODY + 1) if environ.get("wsgi.input_terminated") else b""
        if not body:
            start_response("411 Length Required", [("Content-Type", "application/json"), ("X-Content-Type-Options", "nosniff")])
            return [b'{"detail": "Send a Content-Length."}']
        environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    return door.answer(environ, start_response) or _whole(django_application(environ, start_response))


def _whole(answer: Iterable[bytes]) -> list[bytes]:
    """In one piece, which granian takes off a worker's hands: piece by piece, the worker would wait for a client that does not read."""
    try:
        return [b"".join(answer)]
    finally:
        answer.close()
