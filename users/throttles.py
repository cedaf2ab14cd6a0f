"""Limits beyond those of every request."""

from contextlib import contextmanager

from django.core.exceptions import ValidationError
from rest_framework.exceptions import APIException, Throttled

from mentorship.api.throttling import Limit, Throttle, address_of, count, give_back, limit
from users import names
from users.invites import UnknownInvite


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


class LoginThrottle(BodyThrottle):
    def body_limits(self, body, address):
        return [login_limit(address, body.get(name)) for name in ("username", "email", "phone") if name in body]


class CodeThrottle(BodyThrottle):
    """Codes asked for: each costs money, and a phone's owner a message. However a number is written, it is one."""

    def body_limits(self, body, address):
        return [limit("code_address", address), self._of_phone(body.get("phone"))]

    def _of_phone(self, phone: object) -> Limit | None:
        if not isinstance(phone, str) or len(phone) > names.LONGEST_PHONE:
            return None  # refused for what it is
        try:
            return limit("code_phone", names.normalise_phone(phone))
        except ValidationError:
            return None


class RegistrationThrottle(Throttle):
    def limits(self, request, view):
        return [*super().limits(request, view), limit("registration", address_of(request))]


@contextmanager
def guessing_invites(request):
    """Around the redemption of an invite code: wrong ones are counted, by user and by address, and right ones are not.

    Each is counted before it is judged, so that many at once are not judged beyond the limit. Raises Throttled.
    """
    who = [f"address {address_of(request)}"] + ([f"user {request.user.pk}"] if request.user.is_authenticated else [])
    limits = [found for one in who if (found := limit("invite", one))]
    counts = count(limits) if limits else []
    if exceeded := [count.reset for count in counts if count.is_exceeded]:
        raise Throttled(max(exceeded))
    try:
        yield
    except UnknownInvite:
        raise
    except BaseException:
        give_back(limits)
        raise
    give_back(limits)
