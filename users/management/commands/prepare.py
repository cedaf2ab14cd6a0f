import secrets

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, connection

from users import names
from users.models import User


class Command(BaseCommand):
    help = (
        "What precedes the first start and every new version: migrates the database, and makes the first admin "
        "(DJANGO_SUPERUSER_USERNAME, _PASSWORD, _EMAIL; else `admin` with a random password, printed once)."
    )

    def handle(self, *args, **options):
        if connection.vendor == "postgresql":
            connection.ensure_connection()
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = 0; SET lock_timeout = '60s'")
        call_command("migrate", verbosity=options["verbosity"])
        self._make_admin()

    def _make_admin(self) -> None:
        name = settings.DJANGO_SUPERUSER_USERNAME
        if name and User.objects.named(name).exists() or not name and User.objects.filter(is_superuser=True).exists():
            return
        name, given = name or "admin", settings.DJANGO_SUPERUSER_PASSWORD
        try:
            names.validate_username(names.nfkc(name))
        except ValidationError as refused:
            raise CommandError(f"DJANGO_SUPERUSER_USERNAME: {refused.messages[0]}") from None
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
