import contextlib
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.multiprocess import MultiProcessCollector

TICK = 0.1  # seconds between two looks whether the parent is there
PATIENCE = 3  # seconds for a client to ask and to take its answer, however it dawdles: the next one waits

_log = logging.getLogger("mentorship.metrics")


class Command(BaseCommand):
    help = "Tells a Prometheus, on METRICS_HOST and METRICS_PORT, what the workers count in PROMETHEUS_MULTIPROC_DIR."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--with-parent", type=int, metavar="PID", help="end when the process that started this one, PID, has ended")

    def handle(self, *args, with_parent: int | None, **options):
        if not (settings.METRICS_PORT and settings.PROMETHEUS_MULTIPROC_DIR):
            raise CommandError("Set METRICS_PORT and PROMETHEUS_MULTIPROC_DIR")
        for number in (signal.SIGINT, signal.SIGTERM):  # they reach the whole group, and the workers still count
            signal.signal(number, signal.SIG_IGN if with_parent else signal.SIG_DFL)
        signal.signal(signal.SIGALRM, _time_is_up)
        registry = CollectorRegistry()
        MultiProcessCollector(registry, settings.PROMETHEUS_MULTIPROC_DIR)
        with Server(_only_metrics(make_wsgi_app(registry))) as server:
            while with_parent in (None, os.getppid()):
                server.handle_request()
        _clean_up(Path(settings.PROMETHEUS_MULTIPROC_DIR))


class Handler(WSGIRequestHandler):
    def handle(self):
        signal.alarm(PATIENCE)
        try:
            super().handle()
        finally:
            signal.alarm(0)

    def log_message(self, *args):
        pass


class Server(WSGIServer):
    """One scrape at a time, each by the one process that this is."""

    address_family = socket.AF_INET6 if ":" in settings.METRICS_HOST else socket.AF_INET
    timeout = TICK

    def __init__(self, application):
        super().__init__((settings.METRICS_HOST, settings.METRICS_PORT), Handler)
        self.set_app(application)

    def handle_error(self, request, client_address):
        _log.warning("metrics not told", extra={"reason": sys.exc_info()[0].__name__})


def _time_is_up(*_) -> None:
    raise TimeoutError


def _only_metrics(metrics):
    def answer(environ, start_response):
        if environ["PATH_INFO"] == "/metrics":
            return metrics(environ, start_response)
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"There is only /metrics here.\n"]

    return answer


def _clean_up(folder: Path) -> None:
    """Nobody counts any more. What is not a count is not ours, and stays."""
    for counts in folder.glob("*.db"):
        counts.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()
