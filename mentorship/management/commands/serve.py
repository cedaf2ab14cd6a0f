import os
import resource
import socket
import subprocess
import sys
import tempfile
from ipaddress import ip_address
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from mentorship import environment, health

MEMORY = Path("/dev/shm")  # noqa: S108 the folder made there is nobody else's
CONNECTIONS = 4096  # of a worker, as far as open files are allowed
OTHER_FILES = 256


class Command(BaseCommand):
    help = "Serves the API and the admin with granian, on HOST and PORT, by WORKERS processes."

    def add_arguments(self, parser):
        parser.add_argument("--with-mail", action="store_true", help="send mail too: start `send_mail`, which ends with this")

    def handle(self, *args, with_mail: bool, **options):
        address = self._free_address("HOST", "PORT")
        if settings.METRICS_PORT:
            self._free_address("METRICS_HOST", "METRICS_PORT")
        if why := health.why_no_database():
            self.stderr.write(f"{why}. Until it does, what needs it is answered 503.")
        if settings.DEBUG and not ip_address(address).is_loopback:
            self.stderr.write(f"DEBUG is on, and whoever reaches HOST {settings.HOST} is shown codes and links: set DEBUG=false.")
        if not settings.DEBUG and not staticfiles_storage.manifest_hash:
            self.stderr.write("There are no static files, and so no pages of the admin: run `python manage.py collectstatic` first.")
        connection.close()
        if with_mail and settings.MAIL_IS_SENT:
            self._start_beside("send_mail")
        if settings.METRICS_PORT:
            # A full disk would end who counts there.
            folder = tempfile.mkdtemp(prefix="mentorship-metrics-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None)
            environment.hand_down("PROMETHEUS_MULTIPROC_DIR", folder)
            self._start_beside("serve_metrics")
        self.stdout.write(f"Serving on http://{settings.HOST}:{settings.PORT} with {settings.WORKERS} worker(s)")
        self.stdout.flush()
        command = [
            sys.executable, "-m", "mentorship.server", "--interface", "wsgi", "--host", address, "--port", str(settings.PORT),
            "--workers", str(settings.WORKERS), "--respawn-failed-workers",
            # A database connection belongs to a thread: one a worker on PostgreSQL keeps them few and warm.
            "--blocking-threads", "1", "--log-level", "warning",
            # To answer what they have accepted; Docker and Kubernetes have to be as patient.
            "--workers-kill-timeout", "20",
            # Idle connections count as well. Without a fixed version of HTTP it would wait for the first byte of one for ever.
            "--backpressure", str(_room_for_connections()), "--http", "1", "--http1-header-read-timeout", "10000",
            "--http1-buffer-size", "65536", "mentorship.wsgi:application",
        ]  # fmt: skip
        os.execv(sys.executable, command)  # noqa: S606 no shell is wanted

    def _start_beside(self, command: str) -> None:
        subprocess.Popen([sys.executable, sys.argv[0], command, "--with-parent", str(os.getpid())])  # noqa: S603 our own command

    def _free_address(self, host_setting: str, port_setting: str) -> str:
        """The IP address of that host: granian takes no names. CommandError where somebody serves there.

        Granian shares a port with whoever else shares it: a forgotten service would then answer every other request.
        """
        host, port = getattr(settings, host_setting), getattr(settings, port_setting)
        try:
            family, _type, _protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
        except OSError as refused:
            raise CommandError(f"Cannot serve on {host_setting} {host}, {port_setting} {port}: {refused.strerror}") from None
        return address[0]


def _room_for_connections() -> int:
    """How many connections a worker can hold; raises the limit of open files, which it inherits, as far as that goes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + OTHER_FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return CONNECTIONS
    allowed = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))
    return max(1, allowed - OTHER_FILES)
