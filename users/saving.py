"""How one user is written: every save and deletion keeps the rules of the links, and what others change meanwhile.

Writes of many users at once are in users/querysets.py.
"""

from functools import lru_cache

from django.db import DatabaseError, IntegrityError, models, transaction
from django.db.models import Case, F, Value, When

from mentorship.statements import Update
from users import callers, links, listing
from users.invites import codes as invite_codes
from users.querysets import COMPUTED, SHOWN

TEXTS = frozenset({"username", "username_key", "email", "email_key", "phone", "first_name", "last_name"})
NOT_IN_A_FULL_SAVE = {"id", "mentees_count", "invite_code", "invited_by_id", "invited_at", "email_proofs", "proven_email", "proven_phone"}


def _proofs(said: dict) -> dict[str, Case]:
    """What stays proven of an email and a phone that are written: that of a row, whatever an object in memory knows of it, as long as
    the row says the same as before.
    """
    proofs = {}
    if "email" in said:
        proofs["proven_email"] = _as_long_as("proven_email", email_key=said["email_key"])
    if "phone" in said:
        proofs["proven_phone"] = _as_long_as("proven_phone", phone=said["phone"])
    return proofs


def _as_long_as(proven: str, **said) -> Case:
    return Case(When(**said, then=F(proven)), default=Value(""))


@lru_cache
def _overwrite_texts(model, fields: tuple[str, ...]) -> Update:
    """The UPDATE of these fields of one user, in their order behind the id. To compile it anew was a tenth of a PATCH."""

    def build(pk: int, *texts: str):
        values = dict(zip(fields, texts, strict=True))
        return model.objects.filter(pk=pk), values | _proofs(values)

    return Update(build)


def _is_listened_to(model) -> bool:
    """Whether somebody wants to hear of Django's own save()."""
    return any(signal.has_listeners(model) for signal in (models.signals.pre_save, models.signals.post_save))


class KeepsTheRules(models.Model):
    """How a User is saved and deleted; the fields, and `tidy`, which fills what follows from others, are User's own.

    A change of a link is made within users/links.py's `kept`, so that mentors, mentees and counts stay true. The compared
    forms and the proofs follow what they are of; a new user gets an invite code; a new password ends the sessions; the
    cached list learns of what it shows.
    """

    class Meta:
        abstract = True

    current_session = None  # the id of the session in which this user object came with a request: it survives a new password

    def save(self, *args, update_fields=None, **options):
        """As Django's; keeps the rules of the links, and ends the sessions of who gets a new password.

        A full save leaves alone what others change meanwhile: the count of mentees, invites and proofs. Raises ValidationError where the
        mentor is none, and DoesNotExist where the account was deleted meanwhile.
        """
        self.tidy()
        fields = self._to_write(update_fields)
        # What the rules refuse leaves a transaction around this as it was. Else it is as Django's own: a savepoint is two more round trips.
        with transaction.atomic(savepoint=self._state.adding or bool(fields & links.FIELDS)):
            if self._state.adding and self.pk and not options.get("force_insert"):
                # Django would overwrite a row of this id: that is a change of it like any other.
                self._state.adding = not type(self).objects.filter(pk=self.pk).exists()
            if self._state.adding:
                self._insert(*args, update_fields=update_fields, **options)
            else:
                self._change(fields, *args, **options)

    save.alters_data = True

    def _insert(self, *args, **options) -> None:
        listing.changed()
        if not self.mentor_id:
            return self._insert_with_a_code(*args, **options)
        with self._keeping() as change:
            self._insert_with_a_code(*args, **options)
            change.made([self.pk])

    def _insert_with_a_code(self, *args, **options) -> None:
        for attempt in range(5):
            self.invite_code = self.invite_code or invite_codes.draw()
            try:
                with transaction.atomic():
                    return super().save(*args, **options)
            except IntegrityError as refused:
                if "invite_code" not in str(refused) or attempt == 4:
                    raise
                self.invite_code = ""  # drawn by somebody else before: draw again

    def _change(self, fields: set[str], *args, **options) -> None:
        new_password = self._password is not None
        if fields & links.FIELDS:
            with self._keeping() as change:
                self._overwrite(fields, *args, **options)
            if change.released:
                self.mentees_count = 0
        elif fields:
            self._overwrite(fields, *args, **options)
        if fields & SHOWN:
            listing.changed()
        if fields & callers.Caller.CHANGED_BY:
            callers.forget([self.pk])
        if new_password:
            self.sessions.exclude(pk=self.current_session).end()

    def _overwrite(self, fields, *args, **options) -> None:
        if fields <= TEXTS and not (args or options or _is_listened_to(type(self))):
            texts = {field: getattr(self, field) for field in sorted(fields)}
            if all(type(text) is str for text in texts.values()):  # else Django knows what to make of it
                if not _overwrite_texts(type(self), (*texts,))(self.pk, *texts.values()):
                    raise self.DoesNotExist
                return
        proofs = _proofs({field: getattr(self, field) for field in fields & {"email", "email_key", "phone"}})
        known = {proven: getattr(self, proven) for proven in proofs}
        for proven, stays in proofs.items():
            setattr(self, proven, stays)
        try:
            super().save(*args, update_fields=fields | known.keys(), **options)
        except DatabaseError as refused:
            if type(refused) is DatabaseError:  # Django's own, not the database's: there was no such row
                raise self.DoesNotExist from None
            raise
        finally:
            for proven, value in known.items():
                setattr(self, proven, value)

    def _to_write(self, update_fields) -> set[str]:
        if update_fields is None:
            every = {field.attname for field in self._meta.concrete_fields} - self.get_deferred_fields()
            return every - NOT_IN_A_FULL_SAVE
        fields = set(update_fields)
        for field, followers in COMPUTED.items():
            if field in fields:
                fields.update(followers)
        return fields

    def _keeping(self):
        return type(self).objects.all().keeping([self.pk] if self.pk else [], [self.mentor_id])

    def delete(self, *args, **options):
        """As Django's; mentees and invited ones are released first, and the mentor's count is put right."""
        inviter = type(self).objects.filter(pk=self.pk).values_list("invited_by", flat=True)
        # Two who invited each other and are deleted at once would wait for each other's row.
        with type(self).objects.all().keeping([self.pk], [self.mentor_id, *inviter]):
            links.part(type(self).objects.all(), [self.pk])  # before Django does it, row by row
            listing.changed()
            callers.forget([self.pk])
            return super().delete(*args, **options)

    delete.alters_data = True

    def set_unusable_password(self):
        """No password will do from now on; saving it ends the sessions."""
        super().set_unusable_password()
        self._password = ""  # for save(): it ends the sessions as any other new password does
