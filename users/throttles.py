"""Limits beyond those of every request."""

from contextlib import contextmanager

from django.core.exceptions import ValidationError
from rest_framework.exceptions import APIException, Throttled

from mentorship.api.throttling import Count, Limit, Throttle, address_of, count, give_back, limit
from users import names
from users.invites import UnknownInvite
from users.phones import gateways


def login_limit(address: str, name: object) -> Limit | None:
    """The limit on guesses at one name from one address. Who guesses cannot lock the owner out elsewhere."""
    return limit("login", f"{address} {names.key(name[: names.LONGEST_RAW])}") if isinstance(name, str) else None


class BodyThrottle(Throttle):
    """Counts by what the body names, too."""

    def body_limits(self, body: dict, address: str) -> list[Limit | None]:
        raise NotImplementedError

    def allow_request(self, request, view) -> bool:
        try:
            body = request.data
        except APIException:
            if super().allow_request(request, view):
                raise  # counted, and the body is refused for what it is
            return False
        return self.counted(request, [*self.limits(request, view), *self.body_limits(body, address_of(request))])


def _phone_in(body: dict) -> str | None:
    """The phone that the body names: however a number is written, it is one. None where it is none: that is refused for what it is."""
    phone = body.get("phone")
    if not isinstance(phone, str) or len(phone) > names.LONGEST_PHONE:
        return None
    try:
        return names.normalise_phone(phone) or None
    except ValidationError:
        return None


class LoginThrottle(BodyThrottle):
    def body_limits(self, body, address):
        return [login_limit(address, name) for name in (body.get("username"), body.get("email"), _phone_in(body))]


class CodeThrottle(BodyThrottle):
    """Codes asked for: each costs money, and a phone's owner a message. Where none can be sent, none is counted."""

    def body_limits(self, body, address):
        if not gateways.is_set_up():
            return []
        phone = _phone_in(body)
        return [limit("code_address", address), phone and limit("code_phone", phone)]


class RegistrationThrottle(Throttle):
    def limits(self, request, view):
        return [*super().limits(request, view), limit("registration", address_of(request))]


@contextmanager
def guessing_invites(request):
    """Around the redemption of an invite code: wrong ones are counted, by user and by address, and right ones are not.

    Each is counted before it is judged, so that many at once are not judged beyond the limit. Raises Throttled.
    What is not judged is not counted either.
    """
    who = [f"address {address_of(request)}"] + ([f"user {request.user.pk}"] if request.user.is_authenticated else [])
    limits = [found for one in who if (found := limit("invite", one))]
    counts = count(limits) if limits else []
    if exceeded := [count.reset for count in counts if count.is_exceeded]:
        give_back(counts)
        _say(request, counts)
        raise Throttled(max(exceeded))
    try:
        yield
    except UnknownInvite:
        _say(request, counts)
        raise
    except BaseException:
        give_back(counts)
        raise
    give_back(counts)


def _say(request, counts: list[Count]) -> None:
    """In the answer's headers, with the limits that were counted before."""
    before = getattr(request._request, "least_left", None)
    least = [*counts, before] if before else counts
    request._request.least_left = min(least, key=lambda count: (count.remaining, -count.reset), default=None)
