"""Who people are and who mentors whom. Every rule that must hold from the API, the admin and the shell is here."""

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, models, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from users import links, listing, names, proofs
from users.invites import codes as invite_codes
from users.phones.codes import PhoneCode
from users.querysets import COMPUTED, PROVEN, SHOWN, UserManager
from users.sessions.models import Session

NOT_IN_A_FULL_SAVE = {"id", "mentees_count", "invite_code", "invited_by_id", "invited_at", "email_proofs", "proven_email", "proven_phone"}

__all__ = ["PhoneCode", "Session", "User"]


class KeyField(models.TextField):
    """A text by which others are found and ordered, code point by code point, whatever the database's locale is."""

    def db_parameters(self, connection):
        return super().db_parameters(connection) | {"collation": "C" if connection.vendor == "postgresql" else None}


def _as_long_as(proven: str, **said) -> Case:
    """What is proven of a row, whatever an object in memory knows of it, as long as the row says the same as before."""
    return Case(When(**said, then=F(proven)), default=Value(""))


class User(AbstractUser):
    username = models.CharField(
        _("user name"),
        max_length=names.LONGEST,
        unique=True,
        validators=[names.validate_username],
        error_messages={"unique": _("A user with that user name already exists.")},
    )
    username_key = KeyField(editable=False)
    email_key = KeyField(editable=False, blank=True, default="")
    phone = models.CharField(_("phone"), max_length=16, blank=True, default="")
    is_mentor = models.BooleanField(_("is a mentor"), default=False, help_text=_("May be chosen as a mentor."))
    mentor = models.ForeignKey(
        "self",
        verbose_name=_("mentor"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="mentees",
        limit_choices_to={"is_mentor": True, "is_active": True},
    )
    # The id of the mentor who agreed to the link (staff or the mentor made it). It counts only while it equals
    # mentor_id: a plain yes would outlive a deleted mentor and pass to the next.
    taken_on_by = models.BigIntegerField(null=True, blank=True, editable=False)
    mentees_count = models.PositiveIntegerField(_("mentees"), default=0, editable=False)
    # What was proven stands beside what is said, and only while it is the same (an email in whatever case): no change of
    # the one leaves the other behind. '' where nothing is proven. Mail goes to an address as it was proven. See users/proofs.py.
    proven_email = models.CharField(max_length=254, blank=True, default="", editable=False)
    proven_phone = models.CharField(max_length=16, blank=True, default="", editable=False)
    email_proofs = models.PositiveIntegerField(default=0, editable=False)  # a link is for the next of them, so it works once
    invite_code = models.CharField(_("invite code"), max_length=invite_codes.LENGTH, editable=False)
    invited_by = models.ForeignKey(
        "self",
        verbose_name=_("invited by"),
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="invited",
        db_index=False,
    )
    invited_at = models.DateTimeField(_("invited at"), null=True, editable=False)  # stays when who invited is deleted: once is once

    objects = UserManager()

    class Meta(AbstractUser.Meta):
        verbose_name, verbose_name_plural = _("user"), _("users")
        base_manager_name = "objects"  # what Django itself updates and deletes keeps the rules too
        constraints = [
            models.UniqueConstraint(fields=["username_key"], name="one_user_a_name"),
            models.CheckConstraint(condition=~Q(username_key=""), name="user_has_a_name"),
            models.CheckConstraint(
                condition=Q(mentor=None) | ~Q(mentor=F("id")),
                name="nobody_mentors_themself",
                violation_error_message=_("Nobody can be their own mentor."),
            ),
            models.UniqueConstraint(fields=["invite_code"], name="one_user_an_invite_code"),
            models.UniqueConstraint(fields=["email_key"], condition=~Q(proven_email=""), name="one_user_a_proven_email"),
            models.UniqueConstraint(fields=["proven_phone"], condition=~Q(proven_phone=""), name="one_user_a_proven_phone"),
            models.CheckConstraint(condition=Q(proven_phone="") | Q(proven_phone=F("phone")), name="proven_phone_is_the_phone"),
        ]
        indexes = [
            models.Index(
                fields=["mentor", "id"], name="mentees_by_id", include=["username"], condition=Q(mentor__isnull=False, is_active=True)
            ),
            models.Index(fields=["id"], name="mentors_by_id", condition=Q(is_mentor=True, is_active=True)),
            models.Index(fields=["id"], name="with_mentor_by_id", condition=Q(mentor__isnull=False, is_active=True)),
            models.Index(fields=["id"], name="without_mentor_by_id", condition=Q(mentor__isnull=True, is_active=True)),
            models.Index(fields=["invited_by", "id"], name="invited_by_id", condition=Q(invited_by__isnull=False)),
            # Unproven copies, which are cleared when somebody proves what they say.
            models.Index(fields=["email_key"], name="users_by_email", condition=~Q(email_key="")),
            models.Index(fields=["phone"], name="users_by_phone", condition=~Q(phone="")),
        ]

    # Predicates

    @property
    def takes_mentees(self) -> bool:
        return self.is_active and self.is_mentor

    def was_taken_on(self) -> bool:
        """Whether the mentor agreed: staff or the mentor made the link."""
        return self.mentor_id is not None and self.taken_on_by == self.mentor_id

    @property
    def email_verified(self) -> bool:
        return bool(self.proven_email)

    @property
    def phone_verified(self) -> bool:
        return bool(self.proven_phone)

    # Verbs

    def become_mentor(self) -> None:
        self.is_mentor = True
        self.save(update_fields=["is_mentor"])

    def step_down(self) -> int:
        """End being a mentor, releasing all mentees. How many they were."""
        self.is_mentor, self.mentees_count = False, 0
        return type(self).objects.filter(pk=self.pk).step_down()[1]

    def choose_mentor(self, mentor: "User") -> None:
        """As the mentee alone can: the mentor is not asked. Raises ValidationError where that user is no mentor."""
        self.mentor, self.taken_on_by = mentor, None
        self.save(update_fields=["mentor"])

    def leave_mentor(self) -> None:
        self.mentor = None
        self.save(update_fields=["mentor"])

    def take_on(self, *mentees: "User") -> int:
        """As a mentor, or staff for them: from now on the mentees see this mentor's contacts. How many were taken on."""
        return type(self).objects.filter(pk__in=[mentee.pk for mentee in mentees]).take_mentor(self, agreed=True)

    def release(self, *mentees: "User") -> int:
        """Let those go who are this mentor's mentees. How many were."""
        return self.mentees.filter(pk__in=[mentee.pk for mentee in mentees]).take_mentor(None, agreed=False)

    def accept_invite(self, code: str) -> None:
        """Be invited by whose code this is: once in a lifetime, at registration or later.

        A mentor who invites somebody without a mentor takes them on; so does one whom the invitee has chosen before.
        Raises ValidationError where somebody invited this user already, and UnknownInvite where the code is nobody's or one's own.
        """
        users = type(self).objects
        uninvited = users.filter(pk=self.pk, invited_at=None)
        already = ValidationError({"invite_code": _("You have been invited already.")}, code="already_invited")
        if not uninvited.exists():
            raise already  # whatever the code is: who was invited may not go on asking which codes there are
        others = users.active().filter(invite_code=code).exclude(pk=self.pk)
        with users.all().keeping([self.pk], others.values_list("pk", flat=True)):
            inviter = others.first()  # nobody changes or deletes them now
            if not inviter:
                raise invite_codes.UnknownInvite
            if not uninvited.write(invited_by=inviter, invited_at=timezone.now()):
                raise already
            if inviter.is_mentor:
                free = users.filter(Q(mentor=None) | Q(mentor=inviter), pk=self.pk)
                free.write(mentor=inviter, taken_on_by=inviter.pk)
                listing.changed()

    def prove_email(self, address: str, proofs_before: int) -> None:
        """Hold that address, by a link that was made for it before the next proof. Raises ValidationError; see users/proofs.py."""
        proofs.prove_email(self, address, proofs_before)

    def prove_phone(self, phone: str) -> None:
        """Hold that phone, whose code was right. Raises ValidationError; see users/proofs.py."""
        proofs.prove_phone(self, phone)

    # Saving

    def set_unusable_password(self):
        super().set_unusable_password()
        self._password = ""  # for save(): it ends the sessions as any other new password does

    def tidy(self) -> None:
        """Fill what follows from other fields."""
        self.username, self.email = names.nfkc(self.username), names.nfkc(self.email or "")
        self.username_key, self.email_key = names.key(self.username), names.key(self.email)
        if self.taken_on_by != self.mentor_id:
            self.taken_on_by = None
        if names.key(self.proven_email) != self.email_key:
            self.proven_email = ""
        if self.proven_phone != self.phone:
            self.proven_phone = ""

    def clean_fields(self, exclude=None):
        self.tidy()
        super().clean_fields(exclude)

    def clean(self):
        super().clean()
        try:
            self.phone = names.normalise_phone(self.phone or "")
        except ValidationError as refused:
            raise ValidationError({"phone": refused}) from None
        if type(self).objects.named(self.username).exclude(pk=self.pk).exists():
            raise ValidationError({"username": self.unique_error_message(type(self), ["username"])})

    @transaction.atomic
    def save(self, *args, update_fields=None, **options):
        """As Django's; keeps the rules of the links, and ends the sessions of who gets a new password.

        A full save leaves alone what others change meanwhile: the count of mentees, invites and proofs. Raises ValidationError where the
        mentor is none, and DoesNotExist where the account was deleted meanwhile.
        """
        self.tidy()
        if self._state.adding and self.pk and not options.get("force_insert"):
            # Django would overwrite a row of this id: that is a change of it like any other.
            self._state.adding = not type(self).objects.filter(pk=self.pk).exists()
        if self._state.adding:
            self._insert(*args, update_fields=update_fields, **options)
        else:
            self._change(self._to_write(update_fields), *args, **options)

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
        if new_password:
            self.sessions.exclude(pk=self.current_session).end()

    save.alters_data = True
    current_session = None  # the id of the session in which this user object came with a request: it survives a new password

    def _overwrite(self, fields, *args, **options) -> None:
        known = {proven: getattr(self, proven) for field, proven in PROVEN.items() if field in fields}
        if "email" in fields:
            self.proven_email = _as_long_as("proven_email", email_key=self.email_key)
        if "phone" in fields:
            self.proven_phone = _as_long_as("proven_phone", phone=self.phone)
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
        inviter = type(self).objects.filter(pk=self.pk).values_list("invited_by", flat=True)
        # Two who invited each other and are deleted at once would wait for each other's row.
        with type(self).objects.all().keeping([self.pk], [self.mentor_id, *inviter]):
            links.part(type(self).objects.all(), [self.pk])  # before Django does it, row by row
            listing.changed()
            return super().delete(*args, **options)

    delete.alters_data = True
