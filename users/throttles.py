"""Limits beyond those of every request."""

from django.core.exceptions import ValidationError
from rest_framework.exceptions import APIException

from mentorship.api.throttling import Limit, Throttle, address_of, limit
from users import names
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
