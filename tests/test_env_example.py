import os
import re
import subprocess
import sys

import pytest

from tests import servers

pytestmark = pytest.mark.once
SETTINGS = (servers.PROJECT / "mentorship" / "settings.py").read_text()


def test_it_lists_every_variable_that_the_settings_read_and_no_other():
    read = set(re.findall(r'\benv\.\w+\(\s*"([A-Z_]+)"', SETTINGS)) - {"ENV_FILE"}
    assert set(servers.settings_names()) == read


def test_each_is_there_once_and_has_a_line_on_it():
    lines = (servers.PROJECT / ".env.example").read_text().splitlines()
    named = [number for number, line in enumerate(lines) if re.match("[A-Z]", line)]
    assert len({lines[number] for number in named}) == len(named)
    assert all(lines[number - 1].startswith("# ") for number in named)


def test_copied_as_it_is_it_changes_nothing(tmp_path):
    def settings(env_file):
        environment = servers.bare_environment() | {"ENV_FILE": env_file, "KEYS_FILE": str(tmp_path / "keys.env")}
        command = [sys.executable, "manage.py", "diffsettings", "--all"]
        return subprocess.run(command, cwd=servers.PROJECT, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout

    assert settings(str(servers.PROJECT / ".env.example")) == settings(os.devnull)


def test_nothing_but_the_settings_reads_the_environment():
    wiring = {"settings.py", "environment.py", "wsgi.py"}
    sources = [path for app in ("mentorship", "users") for path in (servers.PROJECT / app).rglob("*.py") if path.name not in wiring]
    assert not [path for path in sources if re.search(r"os\.environ|getenv", path.read_text())]
