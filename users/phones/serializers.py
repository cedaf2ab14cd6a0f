"""What comes in and what goes out at the phone door."""

import logging
import secrets

from django.core.exceptions import ValidationError as ModelValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from mentorship.api.errors import Unavailable
from mentorship.api.fields import TextField
from mentorship.api.throttling import host_of
from users import proofs
from users.emails import outbox
from users.models import PhoneCode, User
from users.phones import gateways
from users.phones.codes import LIFETIME
from users.serializers import DetailSerializer, PhoneField, own_detail
from users.sessions import counts, tokens

_log = logging.getLogger("mentorship.sessions")


class DoorPhoneField(PhoneField):
    """A number that a message can be sent to: E.164, where it is not a developer's own screen that it goes to."""

    default_error_messages = {"not_e164": gettext_lazy("Give the phone with its country, such as +79991112233.")}

    def __init__(self, **options):
        super().__init__(**{"allow_blank": False, "allow_null": False, **options})

    def normalise(self, text):
        phone = super().normalise(text)
        if not phone.startswith("+") and not gateways.shows_codes():
            self.fail("not_e164")
        return phone


class SignupSerializer(serializers.Serializer):
    phone = DoorPhoneField(write_only=True)
    detail = serializers.CharField(read_only=True)
    expires_in = serializers.IntegerField(read_only=True, help_text="Seconds.")
    activation_code = serializers.CharField(read_only=True, required=False, help_text="The code, on a developer's own machine only.")

    def save(self) -> None:
        """Make a code and send it. Raises Unavailable, with no code left behind, where it cannot be sent."""
        phone = self.validated_data["phone"]
        self.code = PhoneCode.objects.make(phone)
        try:
            gateways.send(phone, _("Your code: {code}").format(code=self.code))
        except gateways.NotSent:
            PhoneCode.objects.take_back(phone, self.code)
            raise Unavailable(_("The message could not be sent. Please try again.")) from None

    def to_representation(self, instance) -> dict:
        shown = {"detail": _("A code is on its way to this phone."), "expires_in": int(LIFETIME.total_seconds())}
        return shown | {"activation_code": self.code} if gateways.shows_codes() else shown


class PhoneCodeSerializer(serializers.Serializer):
    """A phone and the code that was sent to it. Whatever is wrong with them is refused in the same words."""

    phone = DoorPhoneField()
    code = TextField(max_length=64)

    def use(self) -> None:
        """Use up the code, in the transaction of what it is used for. Raises ValidationError."""
        if not PhoneCode.objects.use(**self.validated_data):
            raise self.refusal()

    @staticmethod
    def refusal() -> serializers.ValidationError:
        return serializers.ValidationError({"code": [_("This code is wrong, was used before, or has expired.")]})

    def save(self):
        # Before the transaction, with which the count of the tries would be undone.
        if not PhoneCode.objects.judge(**self.validated_data):
            raise self.refusal()
        return super().save()


class PhoneProofSerializer(PhoneCodeSerializer):
    """For who is signed in: the phone is proven for this account."""

    def update(self, instance: User, validated_data: dict) -> User:
        try:
            with outbox.telling(instance):
                self.use()
                instance.prove_phone(validated_data["phone"])
        except ModelValidationError:
            raise self.refusal() from None
        _log.info("phone proven", extra={"user": instance.pk})
        return instance

    def to_representation(self, instance: User) -> dict:
        return own_detail(instance)


class PhoneSignInSerializer(PhoneCodeSerializer):
    """For anybody: a session of the account on which the phone is proven, which is made where there is none."""

    def save(self) -> dict:
        try:
            entered = super().save()
        except serializers.ValidationError:
            counts.sign_in("code", "refused")
            raise
        counts.sign_in("code", "accepted")
        return entered

    @transaction.atomic
    def create(self, validated_data: dict) -> dict:
        request, phone = self.context["request"], validated_data["phone"]
        self.use()
        proofs.lock(proofs.PHONE, phone)  # nobody else makes the account of this phone now
        user = User.objects.with_proven_phone(phone).first()
        created = not user
        if created:
            user = _newcomer()
            user.prove_phone(phone)
        pair = tokens.sign_in(user, request)
        if not pair:
            raise self.refusal()  # it is inactive
        _log.info("signed in", extra={"user": user.pk, "address": host_of(request), "by": "code"})
        shown = own_detail(user)
        return pair | {"user": shown, "invite_code": shown["invite_code"], "created": created}

    def to_representation(self, instance: dict) -> dict:
        return instance


class SignedInSerializer(serializers.Serializer):
    """Tokens of a new session, and whose it is."""

    refresh = serializers.CharField()
    access = serializers.CharField()
    user = DetailSerializer()
    invite_code = serializers.CharField()
    created = serializers.BooleanField(help_text="Whether the account was made just now.")


def _newcomer() -> User:
    """A new account that only its phone's code opens, for now. Its name tells nothing of the phone."""
    user = User(username=f"user_{secrets.token_hex(6)}")
    user.set_unusable_password()
    user.save()
    return user
