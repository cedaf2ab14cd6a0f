"""What refuses to start; of phones and mail see users/checks.py. Django runs these checks at each command, wsgi.py for every server."""

from collections.abc import Iterable

from django.conf import settings
from django.core import checks

SHORT = 32  # bytes: RFC 7518 section 3.2 wants a key as long as HS256's digest


@checks.register
def what_is_unsafe_for_real(app_configs=None, **kwargs) -> list[checks.Error]:
    """With DEBUG off: keys that are missing or short, hosts that are open, counts that are not shared."""
    if settings.DEBUG:
        return []
    faults = []
    for number, name in ((1, "SECRET_KEY"), (2, "JWT_SIGNING_KEY")):
        if len((key := getattr(settings, name)).encode()) < SHORT:
            what = "not set" if key == "unset" else "too short"
            faults.append((f"{name} is {what}: set it to at least {SHORT} random bytes, or KEYS_FILE to keep the keys in", number))
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        faults.append(("ALLOWED_HOSTS must name the hosts that are served, without *", 3))
    if settings.WORKERS > 1 and not settings.REDIS_URL:
        faults.append(("WORKERS above 1 needs REDIS_URL: without Redis each process would count for itself", 4))
    if settings.DJANGO_SUPERUSER_PASSWORD == "admin":  # noqa: S105
        faults.append(("DJANGO_SUPERUSER_PASSWORD must not be admin", 5))
    return errors(faults)


def errors(faults: Iterable[tuple[str, int]]) -> list[checks.Error]:
    """What a check returns, of (message, number) of each fault; a number means one kind of fault in all checks."""
    return [checks.Error(message, id=f"mentorship.E{number:03}") for message, number in faults]
