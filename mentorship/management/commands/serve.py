import os
import sys

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Serves the API and the admin with granian, on HOST and PORT, by WORKERS processes."

    def handle(self, *args, **options):
        self.stdout.write(f"Serving on http://{settings.HOST}:{settings.PORT} with {settings.WORKERS} worker(s)")
        self.stdout.flush()
        command = [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--host", settings.HOST, "--port", str(settings.PORT),
            "--workers", str(settings.WORKERS), "--respawn-failed-workers",
            # A database connection belongs to a thread: one a worker on PostgreSQL keeps them few and warm.
            "--blocking-threads", "1", "--backpressure", "256", "--log-level", "warning",
            "--workers-kill-timeout", "8", "mentorship.wsgi:application",
        ]  # fmt: skip
        os.execv(sys.executable, command)  # noqa: S606 no shell is wanted
