from django.core.management.base import BaseCommand
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from users.sessions import Session


class Command(BaseCommand):
    help = "Deletes the sessions that are over and the records of tokens that have expired. To be run daily."

    def handle(self, *args, **options):
        sessions, _by_model = Session.objects.over().delete()
        tokens, _by_model = OutstandingToken.objects.filter(expires_at__lte=timezone.now()).delete()
        self.stdout.write(f"Deleted {sessions} sessions and {tokens} records of tokens.")
