"""What is installed is what was looked at: each package in one version, known by its hashes."""

import re

import pytest

from tests.servers import PROJECT

pytestmark = pytest.mark.once
FILES = ["requirements", "requirements-dev", "bench/requirements"]
PIN = re.compile(r"[a-z0-9._-]+(\[[a-z,_-]+\])?==[^\s;]+( ; [^\\]+)?( --hash=sha256:[0-9a-f]{64})+")


def lines(name: str) -> list[str]:
    """Without comments, each with what continues it."""
    text = (PROJECT / name).read_text().replace("\\\n", " ")
    return [" ".join(line.split()) for line in re.sub(r"(^|\s)#.*", "", text, flags=re.MULTILINE).splitlines() if line.strip()]


@pytest.mark.parametrize("file", FILES)
def test_each_package_has_one_version_and_its_hashes(file):
    assert [line for line in lines(f"{file}.txt") if not PIN.fullmatch(line)] == []


@pytest.mark.parametrize("file", FILES)
def test_what_is_asked_for_is_pinned(file):
    asked = {re.split(r"[\[=<>~; ]", line)[0].lower() for line in lines(f"{file}.in") if not line.startswith("-")}
    assert asked <= {re.split(r"[\[=]", line)[0] for line in lines(f"{file}.txt")}


def test_what_develops_and_what_serves_have_the_same_versions():
    served, developed = (set(lines(f"{file}.txt")) for file in FILES[:2])
    assert {line.split(" ")[0] for line in served} <= {line.split(" ")[0] for line in developed}
