from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models import Count, F, Q

from users import listing
from users.models import User


class Command(BaseCommand):
    help = "Counts every mentor's mentees anew and says whose count was off, as after raw SQL or a restored backup."

    @transaction.atomic
    def handle(self, *args, **options):
        counted = User.objects.annotate(counted=Count("mentees", filter=Q(mentees__is_active=True)))
        wrong = counted.exclude(mentees_count=F("counted"))
        for pk, name, stored, right in wrong.values_list("pk", "username", "mentees_count", "counted"):
            User.objects.filter(pk=pk).write(mentees_count=right)
            self.stdout.write(f"{name}: {stored} -> {right}")
        listing.changed()
        self.stdout.write("All counts are right.")
