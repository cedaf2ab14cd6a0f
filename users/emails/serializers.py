"""What comes in and what goes out about emails and forgotten passwords."""

import logging

from django.core.exceptions import ValidationError as ModelValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from mentorship.api.fields import TextField
from users.emails import links, outbox
from users.models import User
from users.serializers import NewPasswordField, PersonalEmailField, check_new_password

_log = logging.getLogger("mentorship.sessions")

NOT_VALID = _("This link is not valid, was used before, or has expired.")


class ConfirmSerializer(serializers.Serializer):
    token = TextField(max_length=2048, help_text="From the link in the mail.")

    def save(self) -> None:
        """Prove the address; once more is fine, as long as the account still holds it. Raises ValidationError."""
        account, address = self._account()
        if account.email_verified:
            return
        try:
            account.prove_email(address, account.email_proofs)
        except ModelValidationError as refused:
            if not self._account()[0].email_verified:  # by the same link, at the same moment
                raise serializers.ValidationError({"token": [NOT_VALID]}) from refused
        else:
            _log.info("email proven", extra={"user": account.pk})

    def to_representation(self, instance) -> dict:
        return {"detail": _("The email is confirmed.")}

    def _account(self) -> tuple[User, str]:
        found = links.account_of(self.validated_data["token"])
        if not found:
            raise serializers.ValidationError({"token": [NOT_VALID]})
        return found


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
        account = links.account_to_reset(given["uid"], given["token"], User.objects.select_for_update())
        if not account:
            raise serializers.ValidationError({"token": [NOT_VALID]})
        check_new_password(given["password"], account)
        with outbox.telling(account):
            account.set_password(given["password"])
            account.save(update_fields=["password"])
        _log.info("password reset", extra={"user": account.pk})

    def to_representation(self, instance) -> dict:
        return {"detail": _("The password has been changed. All sessions have ended.")}
