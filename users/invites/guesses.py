"""Invite codes as they come in: each that is wrong is a guess, and only so many are judged."""

from contextlib import contextmanager

from rest_framework.exceptions import Throttled

from mentorship.api.fields import NormalisedField
from mentorship.api.throttling import address_of, count, give_back, limit, tell, those_on, throttled
from users import names
from users.invites.codes import UnknownInvite


class InviteCodeField(NormalisedField):
    """Somebody's invite code, in either case. What could be none is unknown: all that is wrong counts as a guess."""

    def __init__(self, **options):
        super().__init__(**{"max_length": 64, **options})

    def normalise(self, text):
        return names.key(text).strip().upper()


@contextmanager
def guessing_invites(request):
    """Around the redemption of an invite code: wrong ones are counted, by user and by address, and right ones are not.

    Each is counted before it is judged, so that many at once are not judged beyond the limit. Raises Throttled.
    What is not judged is not counted either.
    """
    who = [f"address {address_of(request)}"] + ([f"user {request.user.pk}"] if request.user.is_authenticated else [])
    limits = those_on(*(limit("invite", one) for one in who))
    counts = count(limits) if limits else []
    if exceeded := [count.reset for count in counts if count.is_exceeded]:
        give_back(counts)
        tell(request, counts)
        throttled("invite")
        raise Throttled(max(exceeded))
    try:
        yield
    except UnknownInvite:
        if counts:
            tell(request, counts)
        raise
    except BaseException:
        give_back(counts)
        raise
    give_back(counts)
