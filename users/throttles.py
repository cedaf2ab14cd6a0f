"""Limits beyond those of every request."""

from rest_framework.exceptions import APIException

from mentorship.api.throttling import Limit, Throttle, address_of, limit
from users import names


def login_limit(address: str, name: object) -> Limit | None:
    """The limit on guesses at one name from one address. Who guesses cannot lock the owner out elsewhere."""
    return limit("login", f"{address} {names.key(name[: names.LONGEST_RAW])}") if isinstance(name, str) else None


class LoginThrottle(Throttle):
    def allow_request(self, request, view) -> bool:
        address = address_of(request)
        try:
            name = request.data.get("username")
        except APIException:
            if super().allow_request(request, view):
                raise  # counted, and the body is refused for what it is
            return False
        return self.counted(request, [limit("anon", address), login_limit(address, name)])


class RegistrationThrottle(Throttle):
    def limits(self, request, view):
        return [*super().limits(request, view), limit("registration", address_of(request))]
