from django.core.management.base import BaseCommand
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from users.sessions.models import Session

BATCH = 5000  # rows in one transaction: each must end well within the statement timeout


class Command(BaseCommand):
    help = "Deletes the sessions that are over and the records of tokens that have expired. To be run daily."

    def handle(self, *args, **options):
        sessions = self._clear(Session.objects.over())
        tokens = self._clear(OutstandingToken.objects.filter(expires_at__lte=timezone.now()))
        self.stdout.write(f"Deleted {sessions} sessions and {tokens} records of tokens.")

    def _clear(self, rows) -> int:
        cleared = 0
        while batch := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
            rows.model.objects.filter(pk__in=batch).delete()
            cleared += len(batch)
        return cleared
