"""What comes in and what goes out about people, one serializer a reader and purpose."""

from contextlib import nullcontext
from copy import copy

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from mentorship.api.fields import EmailField, NormalisedField, TextField, TruthField
from mentorship.api.serializers import ChecksAgain
from users import cards, names
from users.emails import outbox
from users.invites.guesses import InviteCodeField, guessing_invites
from users.models import User


class NameField(TextField):
    """Somebody's user name, to be looked up."""

    def to_internal_value(self, data):
        text = super().to_internal_value(data)
        if len(text) > names.LONGEST_RAW:  # too long in any form, and normalising can cost its length squared
            self.fail("max_length", max_length=names.LONGEST)
        return names.nfkc(text)


class UsernameField(NameField):
    """A user name to be taken."""

    def __init__(self, **options):
        super().__init__(validators=[names.validate_username], **options)


class PersonalEmailField(NormalisedField, EmailField):
    """An email in the form in which it is kept: that form is what is validated."""

    def __init__(self, **options):
        super().__init__(**{"max_length": 254, "allow_blank": True, "allow_null": True, **options})

    def normalise(self, text):
        return names.nfkc(text)


class PasswordField(TextField):
    """A password, exactly as it was sent; never shown."""

    default_error_messages = {"masked": _("Eight asterisks stand for a password that is not shown. Choose another.")}

    def __init__(self, **options):
        super().__init__(**{"write_only": True, "max_length": 1024, "style": {"input_type": "password"}, **options})


class NewPasswordField(PasswordField):
    def to_internal_value(self, data):
        if data == cards.MASK:
            self.fail("masked")
        return super().to_internal_value(data)


class PhoneField(NormalisedField):
    def __init__(self, **options):
        super().__init__(**{"max_length": names.LONGEST_PHONE, "allow_blank": True, "allow_null": True, **options})

    def normalise(self, text):
        return names.normalise_phone(text)


def mentor_named(name: str, mentee: User | None) -> User:
    """The mentor of that name whom the mentee may choose. Raises ValidationError that says why not."""
    found = User.objects.active().named(name[: names.LONGEST + 1]).first()
    if not found:
        raise serializers.ValidationError(_("There is no user of this name."))
    if mentee and found.pk == mentee.pk:
        raise serializers.ValidationError(_("Nobody can be their own mentor."))
    if not found.is_mentor:
        raise serializers.ValidationError(
            _('{name} is not a mentor; {name} can become one with PATCH /api/users/me/ {{"is_mentor": true}}').format(name=found.username)
        )
    return found


def check_new_password(password: str, user: User) -> None:
    """Raises ValidationError on the field `password`, where it is too weak for that user."""
    try:
        validate_password(password, user)
    except ModelValidationError as refused:
        raise serializers.ValidationError({"password": refused.messages}) from None


def own_detail(user: User) -> dict:
    """The user as they see themself."""
    card = cards.own(user.pk)
    if not card:
        raise User.DoesNotExist
    return cards.detail(card, user)


class BriefSerializer(serializers.Serializer):
    """A user in a list."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    is_mentor = serializers.BooleanField()
    phone = serializers.CharField(allow_null=True, help_text="null where it is not for the reader.")
    email = serializers.CharField(allow_null=True, help_text="null where it is not for the reader.")
    mentees = serializers.ListField(child=serializers.CharField(), help_text="User names, the first 100 by id.")
    mentees_count = serializers.IntegerField()
    mentor = serializers.CharField(allow_null=True)
    mentor_username = serializers.CharField(allow_null=True)

    def to_representation(self, instance: cards.Card) -> dict:
        return cards.brief(instance, self.context["request"].user)


class DetailSerializer(BriefSerializer):
    """A user on their own page."""

    first_name = serializers.CharField()
    last_name = serializers.CharField()
    password = serializers.CharField(required=False, help_text="Eight asterisks. This and what follows is shown to oneself only.")
    email_verified = serializers.BooleanField(required=False)
    phone_verified = serializers.BooleanField(required=False)
    invite_code = serializers.CharField(required=False)
    invited = serializers.ListField(child=serializers.CharField(), required=False, help_text="User names, the first 100 by id.")
    invited_count = serializers.IntegerField(required=False)

    def to_representation(self, instance: cards.Card) -> dict:
        return cards.detail(instance, self.context["request"].user)


class RegisteredSerializer(DetailSerializer):
    """Oneself, just registered."""

    message = serializers.CharField(required=False, help_text="Where a mail is on its way.")


class AccountSerializer(ChecksAgain):
    """What a user says about themself. Shown as the user sees themself."""

    username = UsernameField()
    password = NewPasswordField()
    email = PersonalEmailField(required=False)
    phone = PhoneField(required=False)
    first_name = TextField(max_length=150, allow_blank=True, required=False)
    last_name = TextField(max_length=150, allow_blank=True, required=False)
    is_mentor = TruthField(required=False)
    mentor = NameField(allow_blank=True, allow_null=True, required=False, help_text="A mentor's user name.")
    mentor_username = NameField(allow_blank=True, allow_null=True, required=False, help_text="The same as mentor.")

    def validate_username(self, name: str) -> str:
        taken = User.objects.named(name)
        if (taken.exclude(pk=self.instance.pk) if self.instance else taken).exists():
            raise serializers.ValidationError(User._meta.get_field("username").error_messages["unique"])
        return name

    def validate_email(self, email: str | None) -> str:
        return email or ""

    def validate_phone(self, phone: str | None) -> str:
        return phone or ""

    def validate(self, given: dict) -> dict:
        self._settle_mentor(given)
        if "password" in given:
            told = ("username", "email", "first_name", "last_name")
            described = {name: given.get(name, getattr(self.instance, name, "")) for name in told}
            check_new_password(given["password"], User(**described))
        return given

    def _settle_mentor(self, given: dict) -> None:
        """Put the User, or None, in place of the one or two names by which the mentor was given."""
        named = {field: given.pop(field) or None for field in ("mentor", "mentor_username") if field in given}
        if not named:
            return
        if len({name and names.key(name) for name in named.values()}) > 1:
            raise serializers.ValidationError({"mentor": [_("mentor and mentor_username differ.")]})
        field, name = named.popitem()
        current = self.instance.mentor if self.instance else None
        if current and name and names.key(name) == current.username_key:
            return
        try:
            given["mentor"] = name and mentor_named(name, self.instance)
        except serializers.ValidationError as refused:
            raise serializers.ValidationError({field: refused.detail}) from None

    def update(self, instance: User, validated_data: dict) -> User:
        """Write what changed and nothing else, so that a change of another field at the same moment stays."""
        before, password = copy(instance), validated_data.pop("password", None)
        if password is not None:
            instance.set_password(password)  # slow by design: before the transaction
        with outbox.telling(instance, before):
            changed = {field for field, value in validated_data.items() if getattr(instance, field) != value}
            for field in changed:
                setattr(instance, field, validated_data[field])
            if "mentor" in changed:
                instance.taken_on_by = None
            instance.save(update_fields=changed | ({"password"} if password is not None else set()))
        return instance

    def to_representation(self, instance: User) -> dict:
        return own_detail(instance)


class RegistrationSerializer(AccountSerializer):
    repeat_password = PasswordField(required=False)
    invite_code = InviteCodeField(required=False, allow_null=True, allow_blank=True, write_only=True)

    def validate(self, given: dict) -> dict:
        if given.pop("repeat_password", given["password"]) != given["password"]:
            raise serializers.ValidationError({"repeat_password": [_("The two passwords differ.")]})
        if settings.EMAIL_CONFIRMATION == "required" and not given.get("email"):
            raise serializers.ValidationError({"email": [_("An email is needed here.")]})
        return super().validate(given)

    def create(self, validated_data: dict) -> User:
        code, password = validated_data.pop("invite_code", None), validated_data.pop("password")
        user = User(**validated_data)
        user.set_password(password)  # slow by design: before anything is counted or locked
        with guessing_invites(self.context["request"]) if code else nullcontext(), transaction.atomic():
            inviter = User.objects.filter(invite_code=code).values_list("pk", flat=True) if code else []
            # All who are concerned are locked at once: the mentor now and the inviter later would be out of order.
            with User.objects.all().keeping((), [*inviter, user.mentor_id]) if code or user.mentor_id else nullcontext():
                user.save()
                if code:
                    user.accept_invite(code)
            if user.email:
                outbox.write("confirm", user.email, user.pk)
        return user

    def to_representation(self, instance: User) -> dict:
        shown = super().to_representation(instance)
        if instance.email and settings.MAIL_IS_SENT:
            shown["message"] = _("Registration successful. Please check your email to confirm your account.")
        return shown


class OwnUpdateSerializer(AccountSerializer):
    """PATCH: any value of one's own. A masked password is an unchanged one, so that one's own card can be sent back."""

    password = PasswordField()
    old_password = PasswordField(required=False)

    def validate_email(self, email: str | None) -> str:
        if settings.EMAIL_CONFIRMATION == "required" and self.instance.email and not email:
            raise serializers.ValidationError(_("An email is needed here."))
        return super().validate_email(email)

    def validate(self, given: dict) -> dict:
        old_password = given.pop("old_password", None)
        if old_password is not None and not self.instance.check_password(old_password):
            raise serializers.ValidationError({"old_password": [_("This is not the present password.")]})
        if given.get("password") == cards.MASK:
            del given["password"]
        return super().validate(given)
