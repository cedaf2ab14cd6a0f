"""The history that Django keeps of what staff did, written for many people at once."""

from collections.abc import Iterable
from itertools import islice

from django.contrib.admin.models import CHANGE, LogEntry

from users.models import User

CHUNK = 1000  # entries in one statement


def names(users) -> list[tuple[int, str]]:
    """Who they are, read before a change that may leave nothing to know them by."""
    return list(users.order_by().values_list("pk", "username"))


def note(request, people: Iterable[tuple[int, str]], what: str) -> None:
    """Write on the card of each of the people, `(id, user name)`, what was done to them."""
    people = iter(people)
    while chunk := [User(pk=pk, username=username) for pk, username in islice(people, CHUNK)]:
        LogEntry.objects.log_actions(request.user.pk, chunk, CHANGE, what)
