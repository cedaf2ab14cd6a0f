"""How user names, emails and phones are written down and compared. Pure functions and validators, no database."""

import re
import unicodedata
from contextlib import suppress

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

LONGEST = 150  # characters of a user name, after NFKC
LONGEST_KEY = 3 * LONGEST  # case folding makes at most three characters of one
LONGEST_RAW = 10 * LONGEST  # before NFKC: what is longer is not looked at
LONGEST_PHONE = 64  # as it may be typed
_ALLOWED = re.compile(r"[\w.@+-]+")


def nfkc(text: str) -> str:
    """The text in the one form in which it is shown (Unicode normalisation form KC, UAX #15)."""
    return unicodedata.normalize("NFKC", text)


def key(text: str) -> str:
    """What two texts have in common when they differ in case or form only; the same on every database.

    Folding can leave a text that is not normalised, hence the second pass.
    """
    return nfkc(nfkc(text).casefold())


def validate_username(name: str) -> None:
    """Raises ValidationError on a name that could be taken for an id, for oneself or for a path, or that is malformed."""
    if len(name) > LONGEST:
        raise ValidationError(_("A user name has at most %(most)d characters.") % {"most": LONGEST}, code="max_length")
    if not _ALLOWED.fullmatch(name):
        raise ValidationError(_("A user name has letters, digits and @ . + - _ only."), code="invalid")
    if (folded := key(name)) in ("me", ".", ".."):
        raise ValidationError(_("This user name is reserved."), code="reserved")
    if folded.isdigit():
        raise ValidationError(_("A user name must not be digits only: they would be taken for an id."), code="digits")


def normalise_phone(text: str) -> str:
    """The phone as it is kept: E.164 where it is a valid international number, else its 5 to 15 digits; '' for ''.

    Spaces, dots, dashes and brackets are dropped. With PHONE_DEFAULT_REGION a valid national number becomes E.164 too.
    Raises ValidationError. Source: ITU-T E.164, numbering plans by the phonenumbers library.
    """
    if not text:
        return ""
    digits = re.sub(r"[\s.()\[\]\u2010-\u2015-]", "", nfkc(text))
    if not re.fullmatch(r"\+?[0-9]{5,15}", digits):
        raise ValidationError(_("A phone number has 5 to 15 digits, and may start with +."), code="invalid")
    for written in (digits, digits.lstrip("+")):  # the second, so that what is kept as digits is kept the same when it comes again
        with suppress(phonenumbers.NumberParseException):
            number = phonenumbers.parse(written, settings.PHONE_DEFAULT_REGION)
            if phonenumbers.is_valid_number(number):
                return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return digits.lstrip("+")
