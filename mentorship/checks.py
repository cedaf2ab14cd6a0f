"""What refuses to start; of phones and mail see users/checks.py. Django runs these checks at each command, wsgi.py for every server."""

from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.core import checks

SHORT = 32  # bytes: RFC 7518 section 3.2 wants a key as long as HS256's digest
KEYS = ((1, "SECRET_KEY"), (2, "JWT_SIGNING_KEY"))
KEY = f"set it to at least {SHORT} random bytes, or KEYS_FILE to a file that keeps the keys, or where `prepare` may make one"


@checks.register
def what_cannot_be(app_configs=None, **kwargs) -> list[checks.Error]:
    """Whatever DEBUG is: keys that nobody has, a file that could not be there, times that contradict each other."""
    faults = [(f"{name} is not set: {KEY}", number) for number, name in KEYS if getattr(settings, name) == "unset"]
    database, tokens = settings.DATABASES["default"], settings.SIMPLE_JWT
    if database["ENGINE"].endswith("sqlite3") and (Path(database["NAME"]).is_dir() or not Path(database["NAME"]).parent.is_dir()):
        faults.append((f"DB_NAME must be a file in a folder that is there, not {database['NAME']}", 13))
    if tokens["ACCESS_TOKEN_LIFETIME"] > tokens["REFRESH_TOKEN_LIFETIME"]:
        faults.append(("JWT_ACCESS_MINUTES must not be more than JWT_REFRESH_MINUTES: a session ends with its refresh token", 14))
    return errors(faults)


@checks.register
def what_is_unsafe_for_real(app_configs=None, **kwargs) -> list[checks.Error]:
    """With DEBUG off: keys that are short, hosts that are open, counts that are not shared."""
    if settings.DEBUG:
        return []
    given = [(number, name, getattr(settings, name)) for number, name in KEYS]
    faults = [(f"{name} is too short: {KEY}", number) for number, name, key in given if key != "unset" and len(key.encode()) < SHORT]
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        faults.append(("ALLOWED_HOSTS must name the hosts that are served, without *", 3))
    if settings.WORKERS > 1 and not settings.REDIS_URL:
        faults.append(("WORKERS above 1 needs REDIS_URL: without Redis each process would count for itself", 4))
    if settings.DJANGO_SUPERUSER_PASSWORD == "admin":  # noqa: S105 the one that is refused
        faults.append(("DJANGO_SUPERUSER_PASSWORD must not be admin", 5))
    return errors(faults)


def errors(faults: Iterable[tuple[str, int]]) -> list[checks.Error]:
    """What a check returns, of (message, number) of each fault; a number means one kind of fault in all checks."""
    return [checks.Error(message, id=f"mentorship.E{number:03}") for message, number in faults]
