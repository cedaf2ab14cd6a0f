"""Typed reading of environment variables: an empty value is an unset one, a wrong one is refused by name."""

import os
import re
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from phonenumbers import SUPPORTED_REGIONS

PERIODS = {"s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400}
YES, NO = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def one_of(name: str, default: str, *others: str) -> str:
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
    value = text(name, str(default))
    if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
        raise ImproperlyConfigured(f"{name} must be a whole number from {least} to {most}, not {value!r}")
    return int(value)


def words(name: str) -> list[str]:
    return [word.strip() for word in text(name).split(",") if word.strip()]


def origins(name: str) -> list[str]:
    for origin in (found := words(name)):
        if not re.fullmatch(r"https?://[^/\s]+", origin):
            raise ImproperlyConfigured(f"{name} must list origins such as https://app.example.com, not {origin!r}")
    return found


def url(name: str, default: str = "") -> str:
    value = text(name, default)
    if value and not re.fullmatch(r"https?://[^/\s?#@]+(/[^\s?#]*)?", value):
        raise ImproperlyConfigured(f"{name} must look like https://app.example.com/path, not {value!r}")
    return value


def endpoint(name: str, default: str = "") -> str:
    """A URL that the service calls; other than url(), it may have a query and an account."""
    value = text(name, default)
    if value and not _is_endpoint(value):
        raise ImproperlyConfigured(f"{name} must look like https://host/path")  # not shown: it may hold a token
    return value


def _is_endpoint(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return bool(re.fullmatch(r"https?://[^\s#]+", value) and parts.hostname and parts.port != 0)
    except ValueError:  # of a port or an IPv6 address
        return False


def region(name: str) -> str | None:
    value = text(name).upper()
    if value and value not in SUPPORTED_REGIONS:
        raise ImproperlyConfigured(f"{name} must be a country's two letters, such as RU, not {value!r}")
    return value or None


def redis_url(name: str) -> str:
    value = text(name)
    if value and not re.fullmatch(r"(rediss?|unix)://\S+", value):
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
