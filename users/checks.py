"""What refuses to start, of phones, mail and names: settings that lack what they need, or that would tell secrets to others."""

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.exceptions import ValidationError

from mentorship.checks import errors
from users import names
from users.phones import gateways

SMS_NEEDS = {
    "console": [],
    "twilio": ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"],
    "webhook": ["SMS_WEBHOOK_URL", "SMS_WEBHOOK_SECRET"],
}
SMS_URLS = {"console": [], "twilio": ["TWILIO_API_URL"], "webhook": ["SMS_WEBHOOK_URL"]}


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
    return errors(faults)


@checks.register
def what_would_read_along(app_configs=None, **kwargs) -> list[checks.Error]:
    """With DEBUG off: codes in SMS, and a gateway's secret, that would cross a network in plain sight."""
    if settings.DEBUG:
        return []
    urls = [(name, urlsplit(getattr(settings, name))) for name in SMS_URLS[settings.SMS_BACKEND]]
    plain = [name for name, url in urls if url.scheme == "http" and not _is_loopback(url.hostname)]
    return errors((f"{name} must start with https:// unless it is on this machine", 8) for name in plain)


@checks.register
def what_mail_lacks(app_configs=None, **kwargs) -> list[checks.Error]:
    """Mail that is needed and cannot be sent, or whose links would lead nowhere."""
    sent, for_real = settings.MAIL_IS_SENT, not settings.DEBUG
    unnamed = settings.DEFAULT_FROM_EMAIL.endswith("@localhost>")
    plain = settings.HTTPS and not settings.PUBLIC_URL.startswith("https:")
    half = bool(settings.EMAIL_HOST_USER) != bool(settings.EMAIL_HOST_PASSWORD)
    required = settings.EMAIL_CONFIRMATION == "required"
    faults = [
        (required and not sent, 9, "EMAIL_CONFIRMATION=required needs EMAIL_HOST: nobody could confirm an email"),
        (settings.EMAIL_USE_TLS and settings.EMAIL_USE_SSL, 10,
         "EMAIL_USE_TLS and EMAIL_USE_SSL contradict each other: set one of them to false"),
        (sent and not settings.PUBLIC_URL, 11, "PUBLIC_URL must be set where EMAIL_HOST is: the links in mails start with it"),
        (sent and for_real and unnamed, 12,
         "DEFAULT_FROM_EMAIL must be set where EMAIL_HOST is: mail comes from there, and its readers write to it"),
        (half, 15, "EMAIL_HOST_USER and EMAIL_HOST_PASSWORD need each other"),
        (settings.EMAIL_HOST_USER and not sent, 16, "EMAIL_HOST must be set where EMAIL_HOST_USER is"),
        (sent and for_real and plain, 17, "PUBLIC_URL must start with https:// where HTTPS is true"),
    ]  # fmt: skip
    return errors((message, number) for is_so, number, message in faults if is_so)


@checks.register
def what_nobody_may_be_called(app_configs=None, **kwargs) -> list[checks.Error]:
    """The first admin's name; refused before `prepare` has begun."""
    try:
        names.validate_username(names.nfkc(settings.DJANGO_SUPERUSER_USERNAME or "admin"))
    except ValidationError as refused:
        return errors([(f"DJANGO_SUPERUSER_USERNAME: {refused.messages[0]}", 18)])
    return []


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
