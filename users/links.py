"""The rules of the mentor links, kept over any change of users, whoever makes it and whatever runs at the same time.

Nobody who is not an active mentor has a mentee; nobody mentors themself; `mentees_count` says how many active
mentees there are; who was deactivated has no session left. The models and querysets wrap every write that could
break one of these in `kept`, so that it holds from the API, the admin and the shell alike.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, connection, models, transaction
from django.utils.translation import gettext_lazy as _

from users import callers

FIELDS = frozenset({"mentor", "mentor_id", "is_mentor", "is_active"})  # a change of these goes through `kept`
MANY = 500  # people; a change of more takes one lock for all instead of one each
CHUNK = 5000  # ids in one statement


class Link(NamedTuple):
    mentor: int | None
    is_active: bool
    is_mentor: bool

    @property
    def counted(self) -> int | None:
        """The mentor in whose `mentees_count` this person stands."""
        return self.mentor if self.is_active else None

    @property
    def takes_mentees(self) -> bool:
        return self.is_active and self.is_mentor


class Change:
    """What `kept` gives to its body: the people as they were, and a place to name those who were just made."""

    def __init__(self, before: dict[int, Link]):
        self.before = before
        self.people = set(before)
        self.released = 0

    def made(self, people: Iterable[int]) -> None:
        self.people.update(people)


class _MovedMeanwhile(Exception):
    pass


@contextmanager
def kept(users: models.QuerySet, people: Iterable[int], choosing: Iterable[int | None] = ()) -> Iterator[Change]:
    """Hold the rules over the changes that the body makes to `people` (ids), who may choose the mentors `choosing`.

    One transaction. Everybody concerned is locked first: the people, their mentors and the mentors they choose,
    in the order of ids, so that two who choose each other wait for each other in turn. These are advisory locks
    on PostgreSQL, not row locks: releasing a mentor's mentees writes rows that nobody could have locked in order.
    SQLite's transactions take turns anyway. Raises ValidationError where somebody chose a mentor who is none, or
    themself.
    """
    people, choosing = set(people), {int(mentor) for mentor in choosing if mentor}
    for _attempt in range(10):
        try:
            with transaction.atomic():
                change = Change(_locked(users, people, choosing))
                yield change
                _settle(users, change)
            return
        except _MovedMeanwhile:
            continue
        except IntegrityError as refused:
            if "nobody_mentors_themself" in str(refused):
                raise ValidationError({"mentor": _("Nobody can be their own mentor.")}, code="own_mentor") from None
            raise
    raise OperationalError("The links kept changing")


def _locked(users, people: set[int], choosing: set[int]) -> dict[int, Link]:
    """The links of the people, after which nobody else changes them until the transaction ends."""
    links = _read(users, people)
    if connection.vendor != "postgresql":
        return links
    concerned = people | choosing | {link.mentor for link in links.values() if link.mentor}
    with connection.cursor() as cursor:
        # Lock 0 says that single people are being locked (shared) or that all are (alone). Ids are positive.
        if len(concerned) > MANY:
            cursor.execute("SELECT pg_advisory_xact_lock(0)")
            return _read(users, people)
        cursor.execute(
            "SELECT pg_advisory_xact_lock_shared(0) UNION ALL SELECT pg_advisory_xact_lock(-id) FROM unnest(%s::bigint[]) AS id",
            [sorted(concerned)],
        )
    links = _read(users, people)
    if any(link.mentor and link.mentor not in concerned for link in links.values()):
        raise _MovedMeanwhile  # lock anew: taking one more lock now would be out of order
    return links


def _read(users, people: Iterable[int]) -> dict[int, Link]:
    found = {}
    for chunk in chunks(people):
        rows = users.filter(pk__in=chunk).order_by().values_list("pk", "mentor_id", "is_active", "is_mentor")
        found |= {pk: Link(*link) for pk, *link in rows}
    return found


def chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    ids = sorted(ids)
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


def _settle(users, change: Change) -> None:
    before, after = change.before, _read(users, change.people)
    chosen = {link.mentor for pk, link in after.items() if link.mentor and (pk not in before or before[pk].mentor != link.mentor)}
    _refuse_what_is_no_mentor(users, chosen)
    stepped_down = [pk for pk, link in after.items() if pk in before and before[pk].takes_mentees and not link.takes_mentees]
    change.released = release(users, stepped_down)
    gone = before.keys() - after.keys()
    _recount(users, before, after, leave=gone.union(stepped_down))
    for chunk in chunks(pk for pk, link in after.items() if pk in before and before[pk].is_active and not link.is_active):
        users.model.sessions.rel.related_model.objects.filter(user__in=chunk).end()


def _refuse_what_is_no_mentor(users, chosen: set[int]) -> None:
    mentors = sum(users.filter(pk__in=chunk).mentors().count() for chunk in chunks(chosen))
    if mentors != len(chosen):
        raise ValidationError({"mentor": _("The chosen user is not a mentor any more.")}, code="no_mentor")


def release(users, mentors: Collection[int]) -> int:
    """Take all mentees from the mentors (ids), who must be locked. How many were released, the inactive ones too."""
    released = 0
    if mentors and connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # a mentor of a million may step down too: that is one long statement
            cursor.execute("SET LOCAL statement_timeout = '5min'")
    for chunk in chunks(mentors):
        released += users.filter(mentor__in=chunk).write(mentor=None, taken_on_by=None)
        users.filter(pk__in=chunk, mentees_count__gt=0).write(mentees_count=0)
    if released:
        callers.forget_everybody()  # whom they were is not known here
    return released


def part(users, people: Collection[int]) -> None:
    """Prepare people (ids), who must be locked, for their deletion: their mentees are released, and nobody signs in as them any more.

    Their rows are locked for that: a session that began between the deletion of the sessions and of its user would stop it.
    """
    release(users, people)
    for chunk in chunks(people):
        list(users.filter(pk__in=chunk).order_by("pk").select_for_update().values_list("pk"))


def _recount(users, before: dict[int, Link], after: dict[int, Link], leave: set[int]) -> None:
    """Move the counts by what the change moved: counting a mentor's mentees anew would cost as many rows as they have."""
    moved = Counter(link.counted for link in after.values())
    moved.subtract(link.counted for link in before.values())
    for step in sorted({moves for mentor, moves in moved.items() if moves and mentor and mentor not in leave}):
        for chunk in chunks(mentor for mentor, moves in moved.items() if moves == step and mentor and mentor not in leave):
            users.filter(pk__in=chunk).write(mentees_count=models.F("mentees_count") + step)
