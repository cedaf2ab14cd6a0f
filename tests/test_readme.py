"""A newcomer: clones, types the first command, and pastes the README's examples as they stand."""

import json
import re
import shlex
import subprocess
import urllib.request

import pytest

from tests.newcomer import Serving
from tests.servers import PROJECT, bare_environment

README = (PROJECT / "README.md").read_text()
PASTED = {"paste the link of that mail here": "email/confirm/", "paste the link for a new password here": "password/reset/confirm/"}
SPLIT = "\n=== next example ===\n"
pytestmark = pytest.mark.once


def blocks(section: str) -> list[tuple[str, str]]:
    """The fenced blocks of a section, as (language, text)."""
    text = README.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return re.findall(r"```(\w+)\n(.*?)\n```", text, re.S)


def examples() -> list[tuple[str, str | None]]:
    """(command, what it answers) in their order."""
    found = blocks("One example an endpoint")
    return [(text, found[i + 1][1] if found[i + 1 : i + 2] and found[i + 1][0] == "json" else None)
            for i, (language, text) in enumerate(found) if language == "sh"]  # fmt: skip


def agrees(shown, seen) -> bool:
    """Whether the answer is the one shown, where `…` stands for anything."""
    if isinstance(shown, dict) and isinstance(seen, dict):
        return shown.keys() == seen.keys() and all(agrees(shown[name], seen[name]) for name in shown)
    if isinstance(shown, list) and isinstance(seen, list):
        return len(shown) == len(seen) and all(map(agrees, shown, seen))
    if isinstance(shown, str) and isinstance(seen, str):
        return bool(re.fullmatch(".*".join(map(re.escape, shown.split("…"))), seen, re.S))
    return shown == seen


@pytest.fixture(scope="module")
def served(clone, tmp_path_factory):
    with Serving(clone, tmp_path_factory.mktemp("log") / "first.txt", "make", "run") as service:
        yield service


@pytest.fixture(scope="module")
def seen(served, tmp_path_factory) -> list[str]:
    """What each of the README's examples printed, all pasted into one shell."""
    script = f"\nprintf '%s' '{SPLIT}'\n".join(command for command, _answer in examples())
    script = script.replace("127.0.0.1:8000", f"127.0.0.1:{served.port}")
    for what, page in PASTED.items():  # what a person looks up in the first terminal, where mails are printed
        find = f"until grep -om1 'http.*{page}?.*token=.*' '{served.log}'; do sleep 0.2; done"
        script = script.replace(f"LINK='{what}'", f"LINK=$(timeout 60 bash -c {shlex.quote(find)})")
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path_factory.mktemp("shell"), env=bare_environment(),
                          capture_output=True, text=True, timeout=120)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split(SPLIT)


@pytest.mark.parametrize("number", range(len(examples())))
def test_each_example_answers_what_the_readme_shows(seen, number):
    command, answer = examples()[number]
    assert answer, f"no answer is shown below: {command}"
    assert agrees(json.loads(answer), json.loads(seen[number])), f"{command}\nanswers {seen[number]}"


def test_the_first_run_prints_the_password_of_an_admin_who_can_sign_in(served, seen):  # after the examples, whose first session is number 1
    password = re.search(r"Made the admin admin, password (\S+) ", served.log.read_text())[1]
    body = json.dumps({"username": "admin", "password": password}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{served.port}/api/login", body, {"Content-Type": "application/json"})
    assert urllib.request.urlopen(request, timeout=10).status == 200


def test_a_second_run_installs_nothing_and_makes_no_second_admin(served, clone, tmp_path):
    with Serving(clone, tmp_path / "second.txt", "make", "run") as again:
        assert "Installing" not in again.log.read_text()
        assert "Made the admin" not in again.log.read_text()


def test_running_leaves_nothing_for_git(served, clone):
    assert subprocess.check_output(["git", "status", "--porcelain"], cwd=clone, text=True) == ""
