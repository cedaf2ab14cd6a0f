"""What must be true of the mentor links at any moment, counted anew."""

from django.db.models import Count, F, Q

from users.models import User


def assert_links_are_true() -> None:
    """Only active mentors have mentees, nobody mentors themself, every count is right, agreements are of the present mentor."""
    counted = User.objects.annotate(counted=Count("mentees", filter=Q(mentees__is_active=True)))
    assert list(counted.exclude(mentees_count=F("counted")).values_list("username", "mentees_count", "counted")) == []
    linked = User.objects.exclude(mentor=None)
    assert list(linked.exclude(mentor__in=User.objects.mentors()).values_list("username", flat=True)) == []
    assert list(linked.filter(mentor=F("pk")).values_list("username", flat=True)) == []
    assert list(User.objects.exclude(taken_on_by=None).exclude(taken_on_by=F("mentor")).values_list("username", flat=True)) == []


def mentor_of(user) -> str | None:
    return User.objects.values_list("mentor__username", flat=True).get(pk=user.pk)
