"""Which users qualify, and writes of many users at once that keep the same rules as the writes of one."""

from collections import Counter

from django.contrib.auth.models import UserManager as DjangoUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import NotSupportedError, connection, models, transaction
from django.db.models import Case, F, OuterRef, Value, When
from django.db.models.functions import Coalesce

from mentorship.statements import Select
from users import callers, links, listing, names
from users.invites.codes import give_codes

MENTEES_SHOWN = 100  # names on a card; GET …/mentees/ pages through all
INVITED_SHOWN = 100  # likewise, on one's own card
SHOWN = links.FIELDS | {"username", "phone", "email"}  # what the list shows: a change makes its cached pages stale
COMPUTED = {"username": ("username_key",), "email": ("email_key",), "mentor": ("taken_on_by",), "mentor_id": ("taken_on_by",)}
PROVEN = {"email": "proven_email", "phone": "proven_phone"}
# The columns of a card, in the order of users/cards.py; on one's own card those of OWN_CARD follow.
CARD = ("id", "username", "is_mentor", "phone", "email", "mentee_names", "mentees_count", "mentor_name", "mentor_id",
        "first_name", "last_name")  # fmt: skip
OWN_CARD = ("invite_code", "invited_names", "invited_count", "proven_email", "proven_phone")


class FirstNames(models.Subquery):
    """The first column of a subquery as one list: an array on PostgreSQL, a JSON array on SQLite, which has no arrays."""

    template = "ARRAY(%(subquery)s)"

    @property
    def output_field(self):
        return models.JSONField() if connection.vendor == "sqlite" else ArrayField(models.TextField())

    def as_sqlite(self, compiler, connection, **extra):
        return self.as_sql(compiler, connection, template="(SELECT json_group_array(username) FROM (%(subquery)s))", **extra)


class UserQuerySet(models.QuerySet):
    # Which ones

    def active(self):
        return self.filter(is_active=True)

    def mentors(self):
        """Those who may be chosen as a mentor."""
        return self.filter(is_active=True, is_mentor=True)

    def visible_to(self, viewer):
        """Ordinary users do not see accounts that are inactive."""
        return self if viewer.is_staff else self.active()

    def named(self, username: str):
        return self.filter(username_key=names.key(username))

    def with_proven_email(self, address: str):
        return self.filter(email_key=names.key(address)).exclude(proven_email="")

    def with_proven_phone(self, phone: str):
        return self.filter(proven_phone=phone).exclude(proven_phone="")

    def starting_with(self, text: str):
        return self.filter(username_key__startswith=names.key(text))

    def cards(self):
        """What readers are shown of each user (users/cards.py), in one statement however many mentees there are."""
        mentees = self.model._base_manager.filter(mentor=OuterRef("pk"), is_active=True).order_by("pk")
        shown = FirstNames(mentees.values("username")[:MENTEES_SHOWN])
        # Who is no mentor has no mentees (links.py): not to look for them takes a quarter off PostgreSQL's share of a page.
        shown = Case(When(is_mentor=True, then=shown), default=Value([], output_field=shown.output_field))
        return self.annotate(mentor_name=F("mentor__username"), mentee_names=shown).values_list(*CARD)

    def own_cards(self):
        """What people are shown of themselves: their card, and what is beside it for nobody else; one statement too."""
        invited = self.model._base_manager.filter(invited_by=OuterRef("pk"), is_active=True)
        count = invited.order_by().values("invited_by").annotate(count=models.Count("pk")).values("count")
        cards = self.cards().annotate(
            invited_names=FirstNames(invited.order_by("pk").values("username")[:INVITED_SHOWN]),
            invited_count=Coalesce(models.Subquery(count), 0),
        )
        return cards.values_list(*CARD, *OWN_CARD)

    # Verbs

    def become_mentors(self) -> int:
        return self.update(is_mentor=True)

    def step_down(self) -> tuple[int, int]:
        """End being mentors. How many people did, and how many mentees they released."""
        mentors = self.filter(is_mentor=True)
        people = set(mentors.order_by().values_list("pk", flat=True))
        with self.keeping(people) as change:
            changed = mentors._write_to(people, {"is_mentor": False})
            listing.changed()
            callers.forget(people)
        return changed, change.released

    def take_mentor(self, mentor, *, agreed: bool) -> int:
        """Give them all that mentor, or none; `agreed` where staff or the mentor did it, not the mentee alone.

        Raises ValidationError where the mentor is none, or is one of them.
        """
        return self.update(mentor=mentor, taken_on_by=mentor.pk if mentor and agreed else None)

    # Writes

    def everybody(self):
        return self.model._base_manager.using(self.db)

    def write(self, **values) -> int:
        """Django's own update(), for callers that keep the rules themselves."""
        return super().update(**values)

    write.queryset_only = True

    def keeping(self, people, choosing=()):
        return links.kept(self.everybody().all(), people, choosing)

    def update(self, **values) -> int:
        """As Django's, and the rules of the links are kept, the compared forms follow, and a new password ends sessions."""
        values = self._with_what_follows(values)
        if self.query.is_sliced:
            raise TypeError("Cannot update a query once a slice has been taken.")
        with transaction.atomic(using=self.db):
            if values.keys() & SHOWN:
                listing.changed()
            if not values.keys() & (links.FIELDS | {"password"}):
                if values.keys() & callers.Caller.CHANGED_BY:
                    callers.forget_everybody()
                return super().update(**values)
            people = set(self.order_by().values_list("pk", flat=True))
            mentor = values.get("mentor", values.get("mentor_id"))
            with self.keeping(people, [getattr(mentor, "pk", mentor)]):
                changed = self._write_to(people, values)
            callers.forget(people)
            if "password" in values:
                self._end_sessions(people)
        return changed

    update.alters_data = True

    def _write_to(self, people, values) -> int:
        """Write to those of the people, locked by now, who still qualify."""
        return sum(self.order_by().filter(pk__in=chunk).write(**values) for chunk in links.chunks(people))

    def _end_sessions(self, people) -> None:
        for chunk in links.chunks(people):
            self.model.sessions.rel.related_model.objects.filter(user__in=chunk).end()

    @staticmethod
    def _with_what_follows(values: dict) -> dict:
        for field in ("username", "email"):
            if field in values:
                if not isinstance(values[field], str):
                    raise NotSupportedError(f"update({field}=…) takes a plain text: its compared form follows from it")
                values |= {field: names.nfkc(values[field]), f"{field}_key": names.key(values[field])}
        for field in values.keys() & {"email", "phone"}:
            values.setdefault(PROVEN[field], "")
        for field in values.keys() & {"mentor", "mentor_id"}:
            if hasattr(values[field], "resolve_expression"):
                raise NotSupportedError(f"update({field}=…) takes a user, an id or None: who is chosen must be locked first")
            values.setdefault("taken_on_by", None)
        return values

    def bulk_update(self, objs, fields, batch_size=None) -> int:
        objs, fields = list(objs), set(fields)
        for user in objs:
            user.tidy()
        fields |= {follower for field in fields for follower in COMPUTED.get(field, ())} | {
            PROVEN[field] for field in fields & PROVEN.keys()
        }
        with transaction.atomic(using=self.db):
            if fields & links.FIELDS:
                with self.keeping((user.pk for user in objs), (user.mentor_id for user in objs)):
                    changed = self._bulk_write(objs, fields, batch_size)
            else:
                changed = self._bulk_write(objs, fields, batch_size)
            if "password" in fields:
                self._end_sessions(user.pk for user in objs)
            if fields & SHOWN:
                listing.changed()
            callers.forget([user.pk for user in objs])
        return changed

    bulk_update.alters_data = True

    def _bulk_write(self, objs, fields, batch_size) -> int:
        # Django's bulk_update() ends in update(), which must not keep the rules a second time, batch by batch.
        plain = PlainQuerySet(self.model, using=self.db)
        return plain.bulk_update(objs, sorted(fields), batch_size)

    def bulk_create(self, objs, batch_size=None, ignore_conflicts=False, update_conflicts=False, **options):
        if ignore_conflicts or update_conflicts:
            raise NotSupportedError("Users are not created over conflicts: which rows changed would not be known")
        objs = list(objs)
        for user in objs:
            user.tidy()
            user.mentees_count = 0
        with self.keeping((), (user.mentor_id for user in objs)) as change:
            give_codes(objs, self.everybody())
            created = super().bulk_create(objs, batch_size)
            change.made(user.pk for user in created)
            listing.changed()
        return created

    def delete(self):
        inviters = dict(self.order_by().values_list("pk", "invited_by"))
        people, deleted = set(inviters), Counter()
        with self.keeping(people, inviters.values()):
            links.part(self.everybody(), people)  # before Django does it, row by row
            for chunk in links.chunks(people):  # by id: who was just released may not fit this queryset any more
                deleted.update(models.QuerySet.delete(self.everybody().filter(pk__in=chunk))[1])
            listing.changed()
            callers.forget(people)
        return deleted.total(), dict(deleted)

    delete.alters_data = True
    delete.queryset_only = True


class PlainQuerySet(models.QuerySet):
    """Django's own, whose writes keep no rule."""


@Select
def _by_key(key: str):
    from users.models import User

    return User.objects.filter(username_key=key).values_list(*User.COLUMNS)


class UserManager(DjangoUserManager.from_queryset(UserQuerySet)):
    use_in_migrations = False

    def get_by_natural_key(self, username: str):
        return self.model.whole(_by_key(names.key(username)))

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """As it was given (NFKC): no case is changed, for what is compared is its key."""
        return names.nfkc(email or "")
