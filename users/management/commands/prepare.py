import secrets
import time

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, OperationalError, connection
from psycopg.errors import LockNotAvailable

from mentorship import health
from users.models import User

WAIT, PAUSE, TRIES = 1, 4, 12  # seconds for a table, then seconds for everybody else; a minute in all


class Command(BaseCommand):
    help = (
        "What precedes the first start and every new version: migrates the database, and makes the first admin "
        "(DJANGO_SUPERUSER_USERNAME, _PASSWORD, _EMAIL; else `admin` with a random password, printed once)."
    )

    def handle(self, *args, **options):
        if why := health.why_no_database():
            raise CommandError(why)
        self._migrate(options["verbosity"])
        self._make_admin()

    def _migrate(self, verbosity: int) -> None:
        """While a migration waits for a table whoever comes waits behind it, and a request gives up after 3 s: so it waits only
        a moment at a time."""
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"SET statement_timeout = 0; SET lock_timeout = '{WAIT}s'")
        for left in reversed(range(TRIES)):
            try:
                return call_command("migrate", verbosity=verbosity)
            except OperationalError as reason:
                if not left or not isinstance(reason.__cause__, LockNotAvailable):
                    raise
            self.stderr.write("Somebody holds a table that a migration needs. It is tried again.")
            time.sleep(PAUSE)

    def _make_admin(self) -> None:
        name = settings.DJANGO_SUPERUSER_USERNAME
        if name and User.objects.named(name).exists() or not name and User.objects.filter(is_superuser=True).exists():
            return
        name, given = name or "admin", settings.DJANGO_SUPERUSER_PASSWORD
        password = given or secrets.token_urlsafe(12)
        try:
            User.objects.create_superuser(name, settings.DJANGO_SUPERUSER_EMAIL, password)
        except IntegrityError:
            if User.objects.filter(is_superuser=True).exists():
                return  # another process made it at this moment
            self.stderr.write(f"No admin was made: a user named {name} is there already. Set DJANGO_SUPERUSER_USERNAME to another name.")
            return
        shown = "the password that was set" if given else f"password {password} (shown once)"
        self.stdout.write(f"Made the admin {name}, {shown}", self.style.SUCCESS)
