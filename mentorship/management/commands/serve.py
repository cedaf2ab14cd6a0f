import os
import socket
import subprocess
import sys

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Serves the API and the admin with granian, on HOST and PORT, by WORKERS processes."

    def add_arguments(self, parser):
        parser.add_argument("--with-mail", action="store_true", help="send mail too: start `send_mail`, which ends with this")

    def handle(self, *args, with_mail: bool, **options):
        self._refuse_a_taken_port()
        if with_mail and settings.MAIL_IS_SENT:
            subprocess.Popen([sys.executable, sys.argv[0], "send_mail", "--with-parent", str(os.getpid())])  # noqa: S603 our own command
        self.stdout.write(f"Serving on http://{settings.HOST}:{settings.PORT} with {settings.WORKERS} worker(s)")
        self.stdout.flush()
        command = [
            sys.executable, "-m", "mentorship.server", "--interface", "wsgi", "--host", settings.HOST, "--port", str(settings.PORT),
            "--workers", str(settings.WORKERS), "--respawn-failed-workers",
            # A database connection belongs to a thread: one a worker on PostgreSQL keeps them few and warm.
            "--blocking-threads", "1", "--backpressure", "256", "--log-level", "warning",
            "--workers-kill-timeout", "5", "mentorship.wsgi:application",
        ]  # fmt: skip
        os.execv(sys.executable, command)  # noqa: S606 no shell is wanted

    def _refuse_a_taken_port(self) -> None:
        """Granian shares a port with whoever else shares it: a forgotten service would then answer every other request."""
        family = socket.AF_INET6 if ":" in settings.HOST else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.HOST, settings.PORT))
            except OSError as refused:
                raise CommandError(f"Cannot serve on HOST {settings.HOST}, PORT {settings.PORT}: {refused.strerror}") from None
