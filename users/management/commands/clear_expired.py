from datetime import timedelta

from django.core.management.base import BaseCommand
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from users.models import PhoneCode, Session

LETTERS_KEPT = timedelta(days=1)  # to be looked at in the admin: what became of them
BATCH = 5000  # rows in one transaction: each must end well within the statement timeout


class Command(BaseCommand):
    help = "Deletes the sessions that are over, and the records of tokens, codes and letters that are done with. To be run daily."

    def handle(self, *args, **options):
        sessions = self._clear(Session.objects.over())
        tokens = self._clear(OutstandingToken.objects.filter(expires_at__lte=timezone.now()))
        codes = self._clear(PhoneCode.objects.expired())
        letters = self._clear(DBTaskResult.objects.finished().filter(finished_at__lte=timezone.now() - LETTERS_KEPT))
        self.stdout.write(f"Deleted {sessions} sessions and the records of {tokens} tokens, {codes} codes and {letters} letters.")

    def _clear(self, rows) -> int:
        cleared = 0
        while batch := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
            rows.model.objects.filter(pk__in=batch).delete()
            cleared += len(batch)
        return cleared
