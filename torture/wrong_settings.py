"""What torture/starting.py tries: settings that are malformed, that are needed and missing, or that contradict each other."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

SECRET = "hunter2"  # noqa: S105 every secret here holds it: no message may

# What starts as it stands, each on top of REAL. Nothing listens there.
REAL = {
    "DEBUG": "false", "ENV_FILE": os.devnull, "ALLOWED_HOSTS": "people.example.com", "DJANGO_SUPERUSER_PASSWORD": f"{SECRET} of the admin",
    "SECRET_KEY": f"{SECRET}, but as long as a key must be", "JWT_SIGNING_KEY": f"as long as a key must be, and {SECRET}",
}  # fmt: skip
POSTGRES = {"DB_HOST": "127.0.0.1", "DB_PORT": "1", "DB_NAME": "people", "POSTGRES_USER": "john", "POSTGRES_PASSWORD": SECRET}
MAIL = {
    "EMAIL_HOST": "127.0.0.1", "EMAIL_HOST_USER": "us", "EMAIL_HOST_PASSWORD": SECRET, "DEFAULT_FROM_EMAIL": "Us <us@example.com>",
    "PUBLIC_URL": "https://people.example.com", "HTTPS": "true",
}  # fmt: skip
TWILIO = {"SMS_BACKEND": "twilio", "TWILIO_ACCOUNT_SID": f"AC{'0' * 32}", "TWILIO_AUTH_TOKEN": SECRET, "TWILIO_FROM": "+15005550006"}
WEBHOOK = {"SMS_BACKEND": "webhook", "SMS_WEBHOOK_URL": f"https://127.0.0.1:1/{SECRET}", "SMS_WEBHOOK_SECRET": f"sixteen bytes: {SECRET}"}
RIGHT = {"nothing more": {}, "PostgreSQL": POSTGRES, "mail": MAIL, "Twilio": TWILIO, "a webhook": WEBHOOK,
         "Redis": {"REDIS_URL": f"rediss://us:{SECRET}@127.0.0.1:1/2", "WORKERS": "2"}}  # fmt: skip

RATES = ["100", "0/min", "100/fortnight"]
ORIGINS = [
    "people.example.com",
    "*",
    "https://people.example.com/path",
    "https://people.example.com:99999",
    f"https://us:{SECRET}@example.com",
]
URLS = [f"https://us:{SECRET}@people.example.com", "people.example.com", "ftp://people.example.com", "https://people.example.com:99999",
        "https://people.example.com/?a=b", "https://two words"]  # fmt: skip
GATEWAYS = [f"https://127.0.0.1:99999/{SECRET}", f"ftp://127.0.0.1/{SECRET}", SECRET, f"http://people.example.com/{SECRET}"]
# Values by the variable. An empty value is an unset one, see MISSING.
MALFORMED = {
    "DEBUG": ["maybe", "2"],
    "HTTPS": ["maybe", "https"],
    "NUM_PROXIES": ["-1", "one", "11"],
    "SECRET_KEY": [f"{SECRET}, too short"],
    "JWT_SIGNING_KEY": [f"{SECRET}, too short"],
    "KEYS_FILE": ["/nowhere/at/all/keys.env", "/", "/bin/sh"],
    "HOST": ["two words", "a..b", "127.0.0.1:8000", "http://127.0.0.1", "999.1.1.1", "x" * 300],
    "PORT": ["0", "65536", "abc", "٨"],
    "WORKERS": ["0", "65", "many", "1.5"],
    "ALLOWED_HOSTS": ["*", "example.com,*", "https://example.com", "example.com:8000", "*.example.com", "two words", "пример.example"],
    "CSRF_TRUSTED_ORIGINS": ORIGINS,
    "CORS_ALLOWED_ORIGINS": [*ORIGINS, "https://*.example.com"],
    "METRICS_PORT": ["-1", "65536", "x"],
    "METRICS_HOST": ["two words", "127.0.0.1:9000"],
    "PROMETHEUS_MULTIPROC_DIR": ["/nowhere/at/all", "/bin/sh"],
    "DB_ENGINE": ["mysql", "postgresql", "django.db.backends.oracle"],
    "DB_NAME": ["/nowhere/at/all/db.sqlite3", "/"],
    "DB_HOST": [f"postgres://john:{SECRET}@127.0.0.1/people", "two words", "127.0.0.1:5432"],
    "DB_PORT": ["0", "65536", "x"],
    "REDIS_URL": [f"http://:{SECRET}@127.0.0.1:6379/0", f"redis://:{SECRET}@127.0.0.1:99999/0", f"redis://:{SECRET}@127.0.0.1:port/0",
                  f"redis://:{SECRET}@127.0.0.1/people", "redis:///0", "127.0.0.1:6379"],
    "JWT_ACCESS_MINUTES": ["0", "1h", "1441"],
    "JWT_REFRESH_MINUTES": ["0", "1.5", "9" * 30],
    "JWT_ROTATE_REFRESH_TOKENS": ["sometimes"],
    "THROTTLE_USER": RATES,
    "THROTTLE_ANON": RATES,
    "THROTTLE_LOGIN": RATES,
    "THROTTLE_REGISTRATION": RATES,
    "THROTTLE_CODE_PHONE": RATES,
    "THROTTLE_CODE_ADDRESS": RATES,
    "PASSWORD_VALIDATION": ["weak"],
    "CONTACTS_VISIBLE_TO": ["nobody", "Everyone"],
    "PHONE_DEFAULT_REGION": ["Russia", "XX", "7"],
    "SMS_BACKEND": ["pigeon", "Twilio"],
    "TWILIO_ACCOUNT_SID": ["SK0123456789", "AC/../x"],
    "TWILIO_AUTH_TOKEN": [f"{SECRET} in two words", f"{SECRET}…"],
    "TWILIO_FROM": ["+1 (500) 555-0006", "us@example.com"],
    "TWILIO_API_URL": GATEWAYS,
    "SMS_WEBHOOK_URL": GATEWAYS,
    "SMS_WEBHOOK_SECRET": [f"{SECRET}, short", f"whsec_{SECRET} is no base64, long as it is"],
    "AUTH_CODE_DIGITS": ["3", "4", "11", "six"],
    "EMAIL_HOST": [f"smtp://us:{SECRET}@127.0.0.1", "two words", "127.0.0.1:587"],
    "EMAIL_PORT": ["0", "65536", "smtp"],
    "EMAIL_USE_TLS": ["maybe"],
    "EMAIL_USE_SSL": ["maybe"],
    "EMAIL_HOST_USER": ["josé"],
    "EMAIL_HOST_PASSWORD": [f"{SECRET}ß"],
    "DEFAULT_FROM_EMAIL": ["nobody", "Us <us@>", "us@example.com\nBcc: all@example.com", "a@example.com, b@example.com"],
    "PUBLIC_URL": URLS,
    "PASSWORD_RESET_URL": URLS,
    "EMAIL_CONFIRMATION": ["yes", "Required"],
    "DJANGO_SUPERUSER_USERNAME": ["me", "12", "two words", "x" * 151],
    "DJANGO_SUPERUSER_PASSWORD": ["admin"],
    "DJANGO_SUPERUSER_EMAIL": ["nobody", "a@example.com\nb"],
}  # fmt: skip
# Of these any text may be right, and who knows is PostgreSQL: starting.py asks a real one.
KNOWN_TO_POSTGRES = {"POSTGRES_USER": "nobody_here", "POSTGRES_PASSWORD": f"not {SECRET}", "DB_NAME": "nowhere"}
# What must be set beside a variable for it to mean something.
AROUND = {
    "KEYS_FILE": {"SECRET_KEY": "", "JWT_SIGNING_KEY": ""},
    **dict.fromkeys(("DB_HOST", "DB_PORT"), POSTGRES),
    **dict.fromkeys((name for name in MALFORMED if name.startswith("TWILIO_")), TWILIO),
    **dict.fromkeys((name for name in MALFORMED if name.startswith("SMS_WEBHOOK_")), WEBHOOK),
    **dict.fromkeys((name for name in MALFORMED if name.startswith("EMAIL_HOST") or name in ("DEFAULT_FROM_EMAIL", "PUBLIC_URL")), MAIL),
}


@dataclass(frozen=True)
class Wrong:
    """Settings on top of REAL that must not start, and the variables that the message must name."""

    settings: dict[str, str]
    named: tuple[str, ...]


def malformed(share: float) -> Iterator[Wrong]:
    """That share of the values of each variable, and one of each at least."""
    for name, values in MALFORMED.items():
        for value in values[: max(1, round(share * len(values)))]:
            yield Wrong(AROUND.get(name, {}) | {name: value}, (name,))


MISSING = [
    Wrong({"SECRET_KEY": "", "JWT_SIGNING_KEY": "", "ALLOWED_HOSTS": ""}, ("SECRET_KEY", "JWT_SIGNING_KEY", "ALLOWED_HOSTS")),
    *(Wrong({name: ""}, (name,)) for name in ("SECRET_KEY", "JWT_SIGNING_KEY", "ALLOWED_HOSTS")),
    *(Wrong(POSTGRES | {name: ""}, (name,)) for name in ("DB_NAME", "POSTGRES_USER")),
    *(Wrong(TWILIO | {name: ""}, (name,)) for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM")),
    *(Wrong(WEBHOOK | {name: ""}, (name,)) for name in ("SMS_WEBHOOK_URL", "SMS_WEBHOOK_SECRET")),
    *(Wrong(MAIL | {name: ""}, (name,)) for name in ("EMAIL_HOST", "DEFAULT_FROM_EMAIL", "PUBLIC_URL")),
    Wrong({"ENV_FILE": "/nowhere/at/all/.env"}, ("ENV_FILE",)),
    # A trial makes its keys itself: where it cannot, it must not go on with none.
    Wrong({"DEBUG": "true", "SECRET_KEY": "", "JWT_SIGNING_KEY": "", "KEYS_FILE": "/nowhere/at/all/keys.env"}, ("KEYS_FILE",)),
]
CONTRADICTORY = [
    Wrong({"PORT": "8000", "METRICS_PORT": "8000"}, ("METRICS_PORT", "PORT")),
    Wrong({"WORKERS": "2"}, ("WORKERS", "REDIS_URL")),
    Wrong({"EMAIL_CONFIRMATION": "required"}, ("EMAIL_CONFIRMATION", "EMAIL_HOST")),
    Wrong(MAIL | {"EMAIL_USE_TLS": "true", "EMAIL_USE_SSL": "true"}, ("EMAIL_USE_TLS", "EMAIL_USE_SSL")),
    Wrong(MAIL | {"EMAIL_PORT": "465", "EMAIL_USE_TLS": "true"}, ("EMAIL_USE_TLS", "EMAIL_USE_SSL")),
    Wrong(MAIL | {"EMAIL_HOST_USER": ""}, ("EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD")),
    Wrong(MAIL | {"EMAIL_HOST_PASSWORD": ""}, ("EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD")),
    Wrong(MAIL | {"PUBLIC_URL": "http://people.example.com"}, ("PUBLIC_URL", "HTTPS")),
    Wrong({"JWT_ACCESS_MINUTES": "61", "JWT_REFRESH_MINUTES": "60"}, ("JWT_ACCESS_MINUTES", "JWT_REFRESH_MINUTES")),
    Wrong({"DB_ENGINE": "django.db.backends.postgresql", "DB_NAME": ""}, ("DB_NAME",)),
    Wrong(POSTGRES | {"DB_ENGINE": "django.db.backends.sqlite3"}, ("DB_ENGINE", "DB_HOST")),
]
