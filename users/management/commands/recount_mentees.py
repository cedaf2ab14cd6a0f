from django.core.management.base import BaseCommand
from django.db import connection, transaction
from django.db.models import Count, F, Q

from users import listing
from users.models import User


class Command(BaseCommand):
    help = "Counts every mentor's mentees anew and says whose count was off, as after raw SQL or a restored backup."

    @transaction.atomic
    def handle(self, *args, **options):
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:  # one long look at everybody
                cursor.execute("SET LOCAL statement_timeout = 0")
        counted = User.objects.annotate(counted=Count("mentees", filter=Q(mentees__is_active=True)))
        for pk, name in counted.exclude(mentees_count=F("counted")).values_list("pk", "username"):
            self._recount(pk, name)
        listing.changed()
        self.stdout.write("All counts are right.")

    def _recount(self, pk: int, name: str) -> None:
        with User.objects.all().keeping([pk]):  # from here on nobody chooses or leaves this mentor
            mentor = User.objects.filter(pk=pk)
            right, stored = User.objects.active().filter(mentor=pk).count(), mentor.values_list("mentees_count", flat=True).get()
            mentor.write(mentees_count=right)
        self.stdout.write(f"{name}: {stored} -> {right}")
