import logging
import os
import signal
import time
from datetime import timedelta

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection
from django.utils import timezone
from django.utils.crypto import get_random_string
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult, TaskResultStatus

PAUSE = 1  # seconds between two looks into the outbox
SEARCH_PAUSE = 60  # seconds between two searches for lost letters: each reads all the mail there is
LOST_AFTER = timedelta(minutes=5)  # a letter that a sender took and neither sent nor put off: the sender died, or the database was away
DUE_FOR = timedelta(days=3)

_log = logging.getLogger("mentorship.mail")


class Command(BaseCommand):
    help = "Sends the mail that was written down, until it is told to end. As many of them as wanted may run at the same time."

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="send what is due now, and end")
        parser.add_argument("--with-parent", type=int, metavar="PID", help="end when the process that started this one, PID, has ended")

    def handle(self, *args, once: bool, with_parent: int | None, **options):
        self.next_search = 0.0  # by time.monotonic(): the first round always searches
        worker = Worker(queue_names=["mail"], interval=0, batch=True, backend_name="default", startup_delay=False, max_tasks=None,
                        worker_id=get_random_string(32), excluded_queue_names=[])  # fmt: skip
        if not settings.MAIL_IS_SENT:
            self.stdout.write("No mail server is set up (EMAIL_HOST): no mail is written down, and none is sent.")
        elif once:
            self._round(worker)
        if once:
            return
        for number in (signal.SIGINT, signal.SIGTERM):  # the letter that is being sent is sent to its end, however often it is told
            signal.signal(number, lambda *_: setattr(worker, "running", False))
        while worker.running and with_parent in (None, os.getppid()):
            if settings.MAIL_IS_SENT:
                self._patient_round(worker)
            time.sleep(PAUSE)

    def _patient_round(self, worker: Worker) -> None:
        try:
            self._round(worker)
        except Exception as reason:  # nobody would notice that mail ended: whatever it was, look again
            _log.error("mail not looked at", extra={"reason": type(reason.__cause__ or reason).__name__})
            connection.close()

    def _round(self, worker: Worker) -> None:
        if time.monotonic() >= self.next_search:
            self._take_up_what_was_lost()
            self.next_search = time.monotonic() + SEARCH_PAUSE
        worker.run()

    def _take_up_what_was_lost(self) -> None:
        now = timezone.now()
        mail = DBTaskResult.objects.filter(queue_name="mail", started_at__lt=now - LOST_AFTER, enqueued_at__gt=now - DUE_FOR)
        mail.filter(status__in=[TaskResultStatus.RUNNING, TaskResultStatus.FAILED]).update(status=TaskResultStatus.READY)
