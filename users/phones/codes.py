"""The codes that are sent to phones: one a phone, used once, guessed at a few times at most."""

import secrets
from datetime import timedelta

from django.conf import settings
from django.db import models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

LIFETIME = timedelta(minutes=5)
TRIES = 5


def _digest(phone: str, code: str) -> str:
    """Keyed with SECRET_KEY: a million codes are hashed in a second, so a plain hash in a stolen database would hide nothing."""
    return salted_hmac("users.phones.codes", f"{phone} {code}", algorithm="sha256").hexdigest()


class PhoneCodeQuerySet(models.QuerySet):
    def make(self, phone: str) -> str:
        """A new code for the phone, in digits; it ends the old one. What is stored does not tell it."""
        code = "".join(secrets.choice("0123456789") for _ in range(settings.AUTH_CODE_DIGITS))
        new = self.model(phone=phone, digest=_digest(phone, code), expires=timezone.now() + LIFETIME)
        self.bulk_create([new], update_conflicts=True, unique_fields=["phone"], update_fields=["digest", "expires", "tries"])
        return code

    def take_back(self, phone: str, code: str) -> None:
        """It could not be sent."""
        self.filter(phone=phone, digest=_digest(phone, code)).delete()

    @transaction.atomic
    def judge(self, phone: str, code: str) -> bool:
        """Whether this is the right code, and may be tried once more. Not to be called in a transaction that may yet be undone.

        The count is written down before the code is judged, and the row stays locked in between, so that however many try at
        once, while new codes are asked for too, TRIES of a code are judged.
        """
        tried = self.filter(phone=phone, expires__gt=timezone.now(), tries__lt=TRIES).update(tries=F("tries") + 1)
        return bool(tried) and self.filter(phone=phone, digest=_digest(phone, code)).exists()

    def use(self, phone: str, code: str) -> bool:
        """Whether this is still the right code and this call the one that used it up: of many at once one is."""
        return bool(self.filter(phone=phone, digest=_digest(phone, code)).delete()[0])

    def expired(self):
        return self.filter(expires__lte=timezone.now())


class PhoneCode(models.Model):
    phone = models.CharField(max_length=16, primary_key=True)
    digest = models.CharField(max_length=64)
    expires = models.DateTimeField(db_index=True)
    tries = models.PositiveSmallIntegerField(default=0)

    objects = PhoneCodeQuerySet.as_manager()

    def __str__(self):
        return f"a code until {self.expires:%H:%M:%S}"
