"""The code by which a user invites others: six characters, random, each its user's for ever."""

import secrets
import string

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

LENGTH = 6
ALPHABET = string.ascii_uppercase + string.digits  # 36 ** 6 codes: two thousand million


class UnknownInvite(ValidationError):
    """The code is nobody's, or one's own. Only these count as guesses."""

    def __init__(self):
        super().__init__({"invite_code": _("There is no such invite code, or it is your own.")}, code="unknown_invite")


def draw() -> str:
    """A code that nobody is likely to have; that nobody has it, its unique column decides."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def give_codes(users: list, everybody) -> None:
    """Give each of many new users a code that none of `everybody` (a queryset) has: of millions some would collide."""
    without = [user for user in users if not user.invite_code]
    codes: set[str] = set()
    while len(codes) < len(without):
        drawn = {draw() for _ in range(len(without) - len(codes))} - codes
        codes |= drawn.difference(everybody.filter(invite_code__in=drawn).values_list("invite_code", flat=True))
    for user, code in zip(without, codes, strict=True):
        user.invite_code = code
