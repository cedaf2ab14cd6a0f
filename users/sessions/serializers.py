"""What comes in and what goes out about signing in and out."""

import logging
from copy import copy

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.exceptions import TokenError

from mentorship.api.fields import TextField, TruthField
from mentorship.api.throttling import host_of
from users.emails import outbox
from users.models import User
from users.serializers import NameField, NewPasswordField, PasswordField, PersonalEmailField, PhoneField
from users.sessions import counts, tokens
from users.sessions.models import Session

_log = logging.getLogger("mentorship.sessions")

EMAIL_NOT_VERIFIED = _("Please confirm your email first: the link is in the mail that we sent.")
NO_EMAIL = _("This account needs an email before it can be signed in to by a password. A code sent to its phone signs in, too.")


class TokenField(TextField):
    """A token as text; longer than any of ours is none."""

    def __init__(self, **options):
        super().__init__(**{"max_length": tokens.LONGEST, **options})


class LoginSerializer(serializers.Serializer):
    """A user name and a password; an email or a phone that was proven may stand in place of the name."""

    username = NameField(required=False, write_only=True)
    email = PersonalEmailField(
        required=False, write_only=True, allow_blank=False, allow_null=False, help_text="In place of the user name, where it was proven."
    )
    phone = PhoneField(required=False, write_only=True, allow_blank=False, allow_null=False, help_text="Likewise.")
    password = PasswordField()
    refresh = serializers.CharField(read_only=True)
    access = serializers.CharField(read_only=True)

    def to_internal_value(self, data: dict) -> dict:
        self.fields["username"].required = not data.keys() & {"email", "phone"}
        return super().to_internal_value(data)

    def validate(self, given: dict) -> dict:
        request = self.context["request"]
        user = authenticate(request, username=self._name(given), password=given["password"])
        if user and settings.EMAIL_CONFIRMATION == "required" and not user.email_verified:
            counts.sign_in("password", "refused")
            _log.info("sign-in refused", extra={"address": host_of(request), "reason": "email not verified"})
            raise AuthenticationFailed({"detail": EMAIL_NOT_VERIFIED if user.email else NO_EMAIL, "code": "email_not_verified"})
        pair = user and tokens.sign_in(user, request)
        if not pair:
            counts.sign_in("password", "refused")
            _log.info("sign-in refused", extra={"address": host_of(request)})
            raise AuthenticationFailed(_("No active account found with the given credentials"), "no_active_account")
        counts.sign_in("password", "accepted")
        _log.info("signed in", extra={"user": user.pk, "address": host_of(request), "by": "password"})
        return pair

    @staticmethod
    def _name(given: dict) -> str:
        """The user name of whom the one name, email or phone means; '' (nobody's) where an email or phone is not proven."""
        if len(given.keys() & {"username", "email", "phone"}) > 1:
            raise serializers.ValidationError(_("Give one of username, email and phone."))
        if "username" in given:
            return given["username"]
        proven = User.objects.with_proven_email(given["email"]) if "email" in given else User.objects.with_proven_phone(given["phone"])
        return proven.values_list("username", flat=True).first() or ""


class RefreshedSerializer(serializers.Serializer):
    """The new access token."""

    access = serializers.CharField()
    refresh = serializers.CharField(required=False, help_text="Only where rotation is on.")


class RefreshSerializer(serializers.Serializer):
    refresh = TokenField(help_text="In the answer only where rotation is on.")
    access = serializers.CharField(read_only=True)

    def validate(self, given: dict) -> dict:
        return tokens.refresh(given["refresh"])


class LogoutSerializer(serializers.Serializer):
    refresh = TokenField(required=False, help_text="Ends this token's session; without it, the access token's.")
    blacklist = TruthField(default=True, help_text="false: the client only forgets its tokens, nothing is revoked.")
    everywhere = TruthField(default=False, help_text="true: all sessions end.")

    @transaction.atomic
    def save(self) -> None:
        """End what was asked for. Raises ValidationError, with nothing ended, on a refresh token that will not do."""
        request, given = self.context["request"], self.validated_data
        user, session = request.user.pk, request.auth and request.auth.session_id
        if "refresh" in given:
            try:
                token = tokens.end_session_of(given["refresh"], only_user=user, revoke=given["blacklist"])
            except TokenError as refused:
                raise serializers.ValidationError({"refresh": [refused.args[0]]}) from None
            user = token.user_id
        if given["blacklist"]:
            if given["everywhere"] or "refresh" not in given:  # else it has ended by now
                Session.objects.filter(user=user, **({} if given["everywhere"] else {"pk": session})).end()
            _log.info("signed out", extra={"user": user, "everywhere": given["everywhere"]})


class ChangePasswordSerializer(serializers.Serializer):
    old_password = PasswordField()
    new_password = NewPasswordField()

    def validate_old_password(self, password: str) -> str:
        if not self.instance.check_password(password):
            raise serializers.ValidationError(_("This is not the present password."))
        return password

    def validate_new_password(self, password: str) -> str:
        validate_password(password, self.instance)
        return password

    def update(self, instance, validated_data):
        before = copy(instance)
        instance.set_password(validated_data["new_password"])  # slow by design: before the transaction
        with outbox.telling(instance, before):
            instance.save(update_fields=["password"])
        return instance

    def to_representation(self, instance) -> dict:
        return {"detail": _("The password has been changed. All other sessions have ended.")}


class SessionSerializer(serializers.ModelSerializer):
    current = serializers.SerializerMethodField()

    class Meta:
        model = Session
        fields = ["id", "created", "last_refreshed", "address", "user_agent", "current"]

    def get_current(self, session: Session) -> bool:
        return session.pk == self.context["request"].auth.session_id
