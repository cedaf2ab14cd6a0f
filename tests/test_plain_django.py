"""The plain Django way of the README, in a fresh virtual environment with `requirements.txt` only."""

import subprocess

import pytest

from tests.newcomer import Serving
from tests.servers import bare_environment
from tests.test_readme import blocks

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def run(clone):
    """Runs a line in the clone, with its virtual environment active where there is one."""

    def bash(line: str) -> str:
        active = "if [ -f venv/bin/activate ]; then . venv/bin/activate; fi; "
        admin = {
            "DJANGO_SUPERUSER_USERNAME": "boss",
            "DJANGO_SUPERUSER_PASSWORD": "a-long-password",
            "DJANGO_SUPERUSER_EMAIL": "b@example.com",
        }
        done = subprocess.run(
            ["bash", "-c", active + line], cwd=clone, env=bare_environment(**admin), capture_output=True, text=True, timeout=600
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    return bash


@pytest.fixture(scope="module")
def commands() -> list[str]:
    return blocks("The plain Django way")[0][1].splitlines()


@pytest.fixture(scope="module")
def said(run, commands) -> str:
    """What all commands but the last, which serves, said. A superuser's name is asked for on a terminal only."""
    return "".join(run(command.replace("createsuperuser", "createsuperuser --noinput")) for command in commands[:-1])


def test_the_commands_make_a_superuser(said):
    assert "Superuser created successfully" in said


def test_runserver_serves(said, clone, commands, tmp_path):
    command = ["bash", "-c", f". venv/bin/activate && exec {commands[-1]} PORT"]
    with Serving(clone, tmp_path / "log.txt", *command) as service:
        assert service.process.poll() is None


def test_no_migration_is_missing(said, run):
    assert "No changes detected" in run("python manage.py makemigrations")


def test_collectstatic_gathers_the_static_files(said, run):
    assert "static files copied" in run("python manage.py collectstatic --noinput")


def test_pytest_runs_on_sqlite_and_says_so(said, run):
    assert "SQLite" in run("pytest users/tests/test_login.py")


def test_nothing_is_left_for_git(said, run):
    assert run("git status --porcelain") == ""
