"""What comes in and what goes out about emails and forgotten passwords."""

import logging

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from mentorship.api.fields import TextField
from users.emails import links, outbox
from users.models import User
from users.serializers import NewPasswordField, PersonalEmailField

_log = logging.getLogger("mentorship.mail")

NOT_VALID = _("This link is not valid, was used before, or has expired.")


class ConfirmSerializer(serializers.Serializer):
    token = TextField(max_length=2048, help_text="From the link in the mail.")

    def save(self) -> None:
        """Prove the address; once more is fine, as long as the account still holds it. Raises ValidationError."""
        refusal = serializers.ValidationError({"token": [NOT_VALID]})
        account = links.account_of(self.validated_data["token"])
        if not account:
            raise refusal
        if account.email_verified:
            return
        try:
            account.prove_email(account.email, account.email_proofs)
        except ModelValidationError:
            account = links.account_of(self.validated_data["token"])
            if account and account.email_verified:  # by the same link, at the same moment
                return
            raise refusal from None
        _log.info("email proven", extra={"user": account.pk})


class AddressSerializer(serializers.Serializer):
    """An address as somebody typed it; whether it is known here is not said."""

    email = PersonalEmailField(allow_blank=False, allow_null=False)


class ResetSerializer(serializers.Serializer):
    uid = TextField(max_length=64, help_text="From the link in the mail.")
    token = TextField(max_length=128, help_text="From the link in the mail.")
    password = NewPasswordField()

    @transaction.atomic
    def save(self) -> None:
        """Set the new password; all sessions end. Raises ValidationError."""
        given = self.validated_data
        # Locked, so that of two who use one link at once the second sees the first one's password.
        accounts = User.objects.active().exclude(proven_email="").select_for_update()
        account = accounts.filter(pk=links.read_uid(given["uid"]) or 0).first()
        if not account or not links.reset_tokens.check_token(account, given["token"]):
            raise serializers.ValidationError({"token": [NOT_VALID]})
        try:
            validate_password(given["password"], account)
        except ModelValidationError as refused:
            raise serializers.ValidationError({"password": refused.messages}) from None
        with outbox.telling(account):
            account.set_password(given["password"])
            account.save(update_fields=["password"])
        _log.info("password reset", extra={"user": account.pk})
