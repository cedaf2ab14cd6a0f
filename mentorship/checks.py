"""What refuses to start. Django's commands run these checks by themselves; wsgi.py runs them for every server."""

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

from users.phones import gateways

SHORT = 32  # bytes: RFC 7518 section 3.2 wants a key as long as HS256's digest
SMS_NEEDS = {
    "console": [],
    "twilio": ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"],
    "webhook": ["SMS_WEBHOOK_URL", "SMS_WEBHOOK_SECRET"],
}
SMS_URLS = {"console": [], "twilio": ["TWILIO_API_URL"], "webhook": ["SMS_WEBHOOK_URL"]}


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
    return [checks.Error(message, id=f"mentorship.E{number:03}") for message, number in faults]


@checks.register
def what_the_sms_gateway_lacks(app_configs=None, **kwargs) -> list[checks.Error]:
    """A gateway that was chosen and has not what it needs is a contradiction, with DEBUG on too."""
    unset = [name for name in SMS_NEEDS[settings.SMS_BACKEND] if not getattr(settings, name)]
    faults = [(f"SMS_BACKEND={settings.SMS_BACKEND} needs {', '.join(unset)}", 6)] if unset else []
    if settings.SMS_BACKEND == "webhook" and settings.SMS_WEBHOOK_SECRET:
        try:
            gateways.signing_key(settings.SMS_WEBHOOK_SECRET)
        except ValueError as too_short:
            faults.append((str(too_short), 7))
    return [checks.Error(message, id=f"mentorship.E{number:03}") for message, number in faults]


@checks.register
def what_would_read_along(app_configs=None, **kwargs) -> list[checks.Error]:
    """With DEBUG off: codes and secrets that would cross a network in plain sight."""
    if settings.DEBUG:
        return []
    urls = [(name, urlsplit(getattr(settings, name))) for name in SMS_URLS[settings.SMS_BACKEND]]
    plain = [name for name, url in urls if url.scheme == "http" and not _is_loopback(url.hostname)]
    return [checks.Error(f"{name} must start with https:// unless it is on this machine", id="mentorship.E008") for name in plain]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
