"""Typed reading of environment variables: an empty value is an unset one, a wrong one is refused by name.

What is refused is shown, except a secret and what has an @, which may be an address with a password in it.
"""

import os
import re
from collections.abc import Callable
from email.utils import getaddresses
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email
from dotenv.parser import parse_stream
from phonenumbers import SUPPORTED_REGIONS

from mentorship import addresses

PERIODS = {"s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400}
YES, NO = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def from_file(name: str, default: Path) -> dict[str, str]:
    """What the file that this variable names says, or the default one, which may be absent. No line of it is shown: it holds secrets."""
    path = Path(text(name, str(default)))
    if not path.exists() and not text(name):
        return {}
    try:
        with path.open(encoding="utf-8") as file:
            lines = [line for line in parse_stream(file) if line.key or line.error]
    except (OSError, UnicodeDecodeError) as wrong:
        raise ImproperlyConfigured(f"{name}: {path} cannot be read: {type(wrong).__name__}") from None
    for wrong in (line for line in lines if line.error or line.value is None):
        raise ImproperlyConfigured(f"{path}, line {wrong.original.line}, must be NAME=value")
    return {line.key: line.value for line in lines}


def hand_down(name: str, value: str) -> None:
    """Set it for the processes that this one starts."""
    os.environ[name] = value


def one_of(name: str, default: str, *others: str) -> str:
    """One of these words. Raises ImproperlyConfigured, as all that follow do, where it is something else."""
    value = text(name, default)
    if value not in (default, *others):
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(dict.fromkeys((default, *others)))}, not {value!r}")
    return value


def flag(name: str, default: bool) -> bool:
    value = text(name).lower()
    if value and value not in YES | NO:
        raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}")
    return value in YES if value else default


def whole(name: str, default: int, least: int, most: int) -> int:
    """A whole number within these bounds, both included."""
    value = text(name, str(default))
    if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
        raise ImproperlyConfigured(f"{name} must be a whole number from {least} to {most}, not {value!r}")
    return int(value)


def words(name: str) -> list[str]:
    return [word.strip() for word in text(name).split(",") if word.strip()]


def ascii_text(name: str, pattern: str = r"[ -~]+", like: str = "ASCII text") -> str:
    """What another service knows us by. It is never shown."""
    value = text(name)
    if value and not re.fullmatch(pattern, value):
        raise ImproperlyConfigured(f"{name} must be {like}")
    return value


def _each(name: str, judge: Callable[[str], bool], like: str) -> list[str]:
    found = words(name)
    for wrong in (word for word in found if not judge(word)):
        raise ImproperlyConfigured(f"{name} must list {like}{_shown(wrong)}")
    return found


def _one(name: str, default: str, judge: Callable[[str], bool], like: str) -> str:
    value = text(name, default)
    if value and not judge(value):
        raise ImproperlyConfigured(f"{name} must {like}{_shown(value)}")
    return value


def _shown(wrong: str) -> str:
    return "" if "@" in wrong else f", not {wrong[:80]!r}"


def served_hosts(name: str) -> list[str]:
    return _each(name, addresses.is_served_host, "host names such as app.example.com, without a port")


def origins(name: str) -> list[str]:
    return _each(name, addresses.is_origin, "origins such as https://app.example.com")


def origins_and_wildcards(name: str) -> list[str]:
    return _each(name, lambda one: addresses.is_origin(one, with_any_subdomain=True), "origins such as https://app.example.com")


def host(name: str, default: str = "") -> str:
    return _one(name, default, addresses.is_host, "be a host name or an IP address")


def libpq_host(name: str, default: str) -> str:
    return _one(name, default, addresses.is_for_libpq, "be a host name, an IP address or a folder of sockets")


def url(name: str, default: str = "") -> str:
    return _one(name, default, addresses.is_page, "look like https://app.example.com/path")


def endpoint(name: str, default: str = "") -> str:
    """A URL that the service calls; other than url(), it may have a query and an account."""
    value = text(name, default)
    if value and not addresses.is_endpoint(value):
        raise ImproperlyConfigured(f"{name} must look like https://host/path")  # not shown: it may hold a token
    return value


def folder(name: str) -> str:
    """The path of a folder that is there, or nothing."""
    return _one(name, "", os.path.isdir, "be a folder that is there")


def email(name: str) -> str:
    return _one(name, "", _is_email, "be one email address")


def sender(name: str, default: str) -> str:
    return _one(name, default, _is_sender, "look like Mentorship <noreply@example.com>")


def _is_sender(value: str) -> bool:
    found = getaddresses([value])
    return value.isprintable() and len(found) == 1 and _is_email(found[0][1])


def _is_email(value: str) -> bool:
    try:
        validate_email(value)
    except ValidationError:
        return False
    return True


def region(name: str) -> str | None:
    value = text(name).upper()
    if value and value not in SUPPORTED_REGIONS:
        raise ImproperlyConfigured(f"{name} must be a country's two letters, such as RU, not {value!r}")
    return value or None


def redis_url(name: str) -> str:
    value = text(name)
    if value and not addresses.is_redis(value):
        raise ImproperlyConfigured(f"{name} must look like redis://host:6379/0")  # not shown: it may hold a password
    return value


def rate(name: str, default: str) -> tuple[int, int] | None:
    """A limit such as `100/min` as (requests, seconds of the window); None for `off`."""
    value = text(name, default)
    if value.lower() in NO:
        return None
    match = re.fullmatch(r"([1-9][0-9]{0,8})/([a-z]+)", value)
    if not match or match[2] not in PERIODS:
        raise ImproperlyConfigured(f"{name} must look like 100/min (s, min, hour, day) or be off, not {value!r}")
    return int(match[1]), PERIODS[match[2]]
