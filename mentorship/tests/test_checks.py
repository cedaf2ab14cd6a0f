"""What refuses to start with DEBUG off, and says what to set."""

import os
import subprocess
import sys

import pytest

from tests.servers import PROJECT, bare_environment

KEY = "thirty-two bytes at the very least"
FOR_REAL = {"DEBUG": "false", "SECRET_KEY": KEY, "JWT_SIGNING_KEY": KEY, "ALLOWED_HOSTS": "example.com", "ENV_FILE": os.devnull}


def start(*arguments: str, **settings: str) -> subprocess.CompletedProcess:
    """`python …` in the environment of somebody who set what is FOR_REAL, and these."""
    environment = bare_environment() | FOR_REAL | {"DB_ENGINE": "django.db.backends.sqlite3", "DB_NAME": "/nowhere/db.sqlite3"} | settings
    return subprocess.run([sys.executable, *arguments], cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60)


WRONG = [
    ({"SECRET_KEY": ""}, "SECRET_KEY"),
    ({"JWT_SIGNING_KEY": "x" * 31}, "JWT_SIGNING_KEY"),
    ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS"),
    ({"ALLOWED_HOSTS": "example.com,*"}, "ALLOWED_HOSTS"),
    ({"WORKERS": "2"}, "REDIS_URL"),
    ({"DJANGO_SUPERUSER_PASSWORD": "admin"}, "DJANGO_SUPERUSER_PASSWORD"),
]


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


def test_with_debug_on_nothing_of_this_is_asked(tmp_path):
    unset = dict.fromkeys(["SECRET_KEY", "JWT_SIGNING_KEY", "ALLOWED_HOSTS"], "")
    started = start("manage.py", "check", DEBUG="true", KEYS_FILE=str(tmp_path / "keys"), **unset)
    assert started.returncode == 0, started.stderr
