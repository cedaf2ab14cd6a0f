from django.core.management.base import BaseCommand
from django.db import connection, transaction
from django.db.models import Count, F, Q

from users import callers, listing
from users.models import User


class Command(BaseCommand):
    help = "Counts every mentor's mentees anew and says whose count was off, as after raw SQL or a restored backup."

    def handle(self, *args, **options):
        for pk, name in self._off():
            self._recount(pk, name)
        callers.ERA.renew()  # whoever wrote past the models may have changed who may do what, too
        listing.GENERATION.renew()
        self.stdout.write("All counts are right.")

    @transaction.atomic
    def _off(self) -> list[tuple[int, str]]:
        self._take_time()
        counted = User.objects.annotate(counted=Count("mentees", filter=Q(mentees__is_active=True)))
        return list(counted.exclude(mentees_count=F("counted")).values_list("pk", "username"))

    @transaction.atomic
    def _recount(self, pk: int, name: str) -> None:
        """In a transaction of its own: after a restore many are off, and PostgreSQL holds only so many locks at once."""
        self._take_time()
        with User.objects.all().keeping([pk]):  # from here on nobody chooses or leaves this mentor
            mentor = User.objects.filter(pk=pk)
            right, stored = User.objects.active().filter(mentor=pk).count(), mentor.values_list("mentees_count", flat=True).first()
            mentor.write(mentees_count=right)
        self.stdout.write(f"{name}: {stored} -> {right}")

    def _take_time(self) -> None:
        """For a long look at many, as long as the transaction lasts."""
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = 0")
