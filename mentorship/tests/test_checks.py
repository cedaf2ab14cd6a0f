"""What refuses to start with DEBUG off, and says what to set."""

import os
import re
import subprocess
import sys

import pytest
from django.core.checks import run_checks

from tests.servers import PROJECT, bare_environment

pytestmark = pytest.mark.once
KEY = "thirty-two bytes at the very least"
FOR_REAL = {"DEBUG": "false", "SECRET_KEY": KEY, "JWT_SIGNING_KEY": KEY, "ALLOWED_HOSTS": "example.com", "ENV_FILE": os.devnull}


def start(*arguments: str, **settings: str) -> subprocess.CompletedProcess:
    """`python …` in the environment of somebody who set what is FOR_REAL, and these."""
    environment = bare_environment() | FOR_REAL | {"DB_ENGINE": "django.db.backends.sqlite3", "DB_NAME": "nowhere.sqlite3"} | settings
    return subprocess.run([sys.executable, *arguments], cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60)


MAIL = {"EMAIL_HOST": "mail.example.com", "DEFAULT_FROM_EMAIL": "us@example.com", "PUBLIC_URL": "https://example.com"}
WRONG = [
    ({"SECRET_KEY": ""}, "SECRET_KEY"),
    ({"JWT_SIGNING_KEY": "x" * 31}, "JWT_SIGNING_KEY"),
    ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS"),
    ({"ALLOWED_HOSTS": "example.com,*"}, "ALLOWED_HOSTS"),
    ({"WORKERS": "2"}, "REDIS_URL"),
    ({"DJANGO_SUPERUSER_PASSWORD": "admin"}, "DJANGO_SUPERUSER_PASSWORD"),
    ({"EMAIL_CONFIRMATION": "required"}, "EMAIL_HOST"),
    ({"EMAIL_HOST": "mail.example.com", "DEFAULT_FROM_EMAIL": "us@example.com"}, "PUBLIC_URL"),
    ({"EMAIL_HOST": "mail.example.com", "PUBLIC_URL": "https://example.com"}, "DEFAULT_FROM_EMAIL"),
    ({"EMAIL_USE_TLS": "true", "EMAIL_USE_SSL": "true"}, "EMAIL_USE_TLS"),
    (MAIL | {"HTTPS": "true", "PUBLIC_URL": "http://example.com"}, "PUBLIC_URL"),
    (MAIL | {"EMAIL_HOST_USER": "us"}, "EMAIL_HOST_PASSWORD"),
    (MAIL | {"EMAIL_HOST_PASSWORD": "word"}, "EMAIL_HOST_USER"),
    ({"EMAIL_HOST_USER": "us", "EMAIL_HOST_PASSWORD": "word"}, "EMAIL_HOST must be set"),
    ({"JWT_ACCESS_MINUTES": "61"}, "JWT_REFRESH_MINUTES"),
    ({"DB_NAME": "/nowhere/db.sqlite3"}, "DB_NAME"),
    ({"DB_NAME": "/"}, "DB_NAME"),
    *(({"DJANGO_SUPERUSER_USERNAME": name}, "DJANGO_SUPERUSER_USERNAME") for name in ("me", "12", "two words", "x" * 151)),
]

TWILIO = {"SMS_BACKEND": "twilio", "TWILIO_ACCOUNT_SID": "AC0", "TWILIO_AUTH_TOKEN": "token", "TWILIO_FROM": "+15005550006"}
WEBHOOK = {"SMS_BACKEND": "webhook", "SMS_WEBHOOK_URL": "https://sms.example.com/send", "SMS_WEBHOOK_SECRET": "x" * 16}
# What a gateway lacks, with DEBUG on too
SMS_WRONG = [
    *((TWILIO | {name: ""}, name) for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM")),
    *((WEBHOOK | {name: ""}, name) for name in ("SMS_WEBHOOK_URL", "SMS_WEBHOOK_SECRET")),
    (WEBHOOK | {"SMS_WEBHOOK_SECRET": "x" * 15}, "SMS_WEBHOOK_SECRET"),
    (WEBHOOK | {"SMS_WEBHOOK_SECRET": "whsec_no base64, long as it is"}, "SMS_WEBHOOK_SECRET"),
]
# What would be read on the way, with DEBUG off
SMS_PLAIN = [
    (TWILIO | {"TWILIO_API_URL": "http://twilio.example.com"}, "TWILIO_API_URL"),
    (WEBHOOK | {"SMS_WEBHOOK_URL": "http://sms.example.com/send"}, "SMS_WEBHOOK_URL"),
    (WEBHOOK | {"SMS_WEBHOOK_URL": "http://10.0.0.1:8080/"}, "SMS_WEBHOOK_URL"),
]
HERE = [WEBHOOK | {"SMS_WEBHOOK_URL": f"http://{host}/sms"} for host in ("localhost:9", "127.0.0.2", "[::1]:9")]
SMS_RIGHT = [{}, TWILIO, WEBHOOK, *HERE]


@pytest.fixture
def sms_faults(settings):
    """What these settings are refused for, of what is about SMS."""

    def check(given: dict[str, str], debug: bool) -> list[str]:
        unset = dict.fromkeys(TWILIO | WEBHOOK, "") | {"SMS_BACKEND": "console", "TWILIO_API_URL": "https://api.twilio.com"}
        for name, value in (unset | given | {"DEBUG": debug}).items():
            setattr(settings, name, value)
        return [fault.msg for fault in run_checks() if re.search("SMS|TWILIO", fault.msg)]

    return check


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(("wrong", "named"), SMS_WRONG)
def test_a_gateway_without_what_it_needs_is_refused(sms_faults, wrong, named, debug):
    [fault] = sms_faults(wrong, debug)
    assert named in fault


@pytest.mark.parametrize(("wrong", "named"), SMS_PLAIN)
def test_codes_and_secrets_cross_no_network_in_plain_sight(sms_faults, wrong, named):
    [fault] = sms_faults(wrong, False)
    assert named in fault
    assert not sms_faults(wrong, True)


@pytest.mark.parametrize("right", SMS_RIGHT)
def test_a_gateway_with_what_it_needs_is_not(sms_faults, right):
    assert not sms_faults(right, False)


@pytest.mark.parametrize("debug", ["true", "false"])
def test_a_server_refuses_a_gateway_without_what_it_needs(debug):
    refused = start("-c", "import mentorship.wsgi", SMS_BACKEND="twilio", TWILIO_FROM="+15005550006", DEBUG=debug)
    assert refused.returncode != 0
    assert "SMS_BACKEND=twilio needs TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN" in refused.stderr


@pytest.mark.parametrize(("wrong", "named"), WRONG)
def test_a_command_refuses(wrong, named):
    refused = start("manage.py", "check", **wrong)
    assert refused.returncode != 0
    assert named in refused.stderr


def test_a_server_refuses_too_and_says_all_that_is_wrong_at_once():
    refused = start("-c", "import mentorship.wsgi", SECRET_KEY="x" * 31, JWT_SIGNING_KEY="", ALLOWED_HOSTS="*")
    assert refused.returncode != 0
    assert all(name in refused.stderr for name in ("SECRET_KEY", "JWT_SIGNING_KEY", "ALLOWED_HOSTS"))


def test_what_is_right_starts_and_so_do_several_processes_with_redis():
    started = start("-c", "import mentorship.wsgi", WORKERS="2", REDIS_URL="redis://127.0.0.1:1/0")
    assert started.returncode == 0, started.stderr


def test_keys_from_a_file_will_do(tmp_path):
    started = start("manage.py", "check", SECRET_KEY="", JWT_SIGNING_KEY="", KEYS_FILE=str(tmp_path / "keys"))
    assert started.returncode == 0, started.stderr


def test_keys_that_could_not_be_made_are_no_keys_with_debug_on_either():
    refused = start("manage.py", "check", DEBUG="true", SECRET_KEY="", KEYS_FILE="/nowhere/keys")
    assert refused.returncode != 0
    assert "SECRET_KEY" in refused.stderr and "KEYS_FILE" in refused.stderr


def test_with_debug_on_nothing_of_this_is_asked(tmp_path):
    unset = dict.fromkeys(["SECRET_KEY", "JWT_SIGNING_KEY", "ALLOWED_HOSTS"], "")
    started = start("manage.py", "check", DEBUG="true", KEYS_FILE=str(tmp_path / "keys"), **unset)
    assert started.returncode == 0, started.stderr
