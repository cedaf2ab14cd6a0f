"""What a Prometheus is told, counted by its own library; off unless METRICS_PORT is set, and then nothing is counted at all.

Each worker counts in files of its own in one folder, PROMETHEUS_MULTIPROC_DIR; `manage.py serve_metrics`, a process beside them,
adds up what all have counted, those too that have died, and answers on METRICS_PORT. `manage.py serve` makes the folder, starts
that process and ends it. With another server, runserver too, name a folder that is empty at each start, and start both:

    export METRICS_PORT=9100 PROMETHEUS_MULTIPROC_DIR=$(mktemp -d)
    python manage.py serve_metrics &
    gunicorn mentorship.wsgi
"""

from collections.abc import Callable, Iterable
from functools import cache
from time import perf_counter

from django.conf import settings
from django.http import HttpRequest

ON = bool(settings.METRICS_PORT and settings.PROMETHEUS_MULTIPROC_DIR)
if ON:
    from prometheus_client import Counter, Histogram  # where it is imported, it begins to write files

ROUTE = "mentorship.route"  # in the WSGI environment
OTHER = "other"  # whatever has no name of ours: a client can make no label
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


def _nothing(*values: str) -> None:
    pass


def counter(name: str, what: str, *labels: str) -> Callable[..., None]:
    """What to call, with a value for each label, whenever it happens. Only values of which there are few."""
    if not ON:
        return _nothing
    child = cache(Counter(name, what, labels, namespace="mentorship").labels)
    return lambda *values: child(*values).inc()


failed = counter("failures", "Times that something the service needs gave no answer, by what it is.", "of")


def measured(application: Callable) -> Callable:
    """The WSGI application, its requests counted and timed."""
    if not ON:
        return application
    requests = counter("requests", "Requests answered.", "method", "route", "status")
    what = "Seconds from the request's coming to the application to its answer."
    seconds = cache(Histogram("request_duration_seconds", what, ["route"], namespace="mentorship", buckets=SECONDS).labels)

    def answer(environ: dict, start_response: Callable) -> Iterable[bytes]:
        begun, status = perf_counter(), "500"  # which the server says where the application raises

        def start(line: str, *headers_and_trouble):
            nonlocal status
            status = line[:3]
            return start_response(line, *headers_and_trouble)

        try:
            return application(environ, start)
        finally:
            method, route = environ["REQUEST_METHOD"], environ.get(ROUTE, OTHER)
            requests(method if method in METHODS else OTHER, route, status)
            seconds(route).observe(perf_counter() - begun)

    return answer


def note_route(request: HttpRequest) -> None:
    """Leave the name of the route that the request took, where `counted` finds it."""
    if ON and (match := request.resolver_match) and match.url_name:
        request.META[ROUTE] = match.view_name
