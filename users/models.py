"""Who people are and who mentors whom: what is kept of a user, what one can do, and what is filled and refused before it is saved.

Every rule that must hold from the API, the admin and the shell is here, or in what this leans on: saving.py (the writes of one user),
querysets.py (of many), links.py, proofs.py and invites/acceptance.py.
"""

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from users import names, proofs
from users.callers import Caller
from users.fields import KeyField
from users.invites import acceptance
from users.invites import codes as invite_codes
from users.phones.codes import PhoneCode
from users.querysets import UserManager
from users.saving import KeepsTheRules
from users.sessions.models import Session

__all__ = ["PhoneCode", "Session", "User"]


class User(KeepsTheRules, AbstractUser):
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

    @classmethod
    def whole(cls, rows: list[tuple]) -> "User":
        """The user whose COLUMNS are the one row. Raises DoesNotExist where there is none."""
        if not rows:
            raise cls.DoesNotExist
        return cls.from_db("default", cls.COLUMNS, rows[0])

    @classmethod
    def of_caller(cls, caller: Caller, session: int) -> "User":
        """Who makes a request in that session; what users/callers.py does not keep is read when it is asked for."""
        known = caller._asdict() | {"id": caller.pk, "is_active": True}
        names = [field.attname for field in cls._meta.concrete_fields if field.attname in known]
        user = cls.from_db("default", names, [known[name] for name in names])
        user.current_session = session
        return user

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
        """Be invited by whose code this is, once in a lifetime. Raises ValidationError; see users/invites/acceptance.py."""
        acceptance.accept_invite(self, code)

    def prove_email(self, address: str, proofs_before: int) -> None:
        """Hold that address, by a link that was made for it before the next proof. Raises ValidationError; see users/proofs.py."""
        proofs.prove_email(self, address, proofs_before)

    def prove_phone(self, phone: str) -> None:
        """Hold that phone, whose code was right. Raises ValidationError; see users/proofs.py."""
        proofs.prove_phone(self, phone)

    # Before saving

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


User.COLUMNS = tuple(field.attname for field in User._meta.concrete_fields)  # in the order in which from_db() takes them
