"""`make` where there is nothing to install, and where nothing can be."""

import os
import shutil
import subprocess

import pytest

from tests import servers

pytestmark = [pytest.mark.once, pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")]


@pytest.fixture
def clone(tmp_path):
    folder = tmp_path / "a clone"
    folder.mkdir()
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(servers.PROJECT / name, folder)
    return folder


def make(clone, *arguments):
    outside = {"PATH": os.environ["PATH"]}
    return subprocess.run(["make", *arguments], cwd=clone, env=outside, capture_output=True, text=True, timeout=60)


def stand_in(folder, name, script):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_it_lists_its_commands(clone):
    listed = [line.split()[1] for line in make(clone).stdout.splitlines()]
    assert listed == ["run", "test", "lint", "format", "bench", "bench-growth", "bench-scale", "torture", "soak", "messages", "pins"]


def test_a_python_that_is_too_old_is_named(clone):
    stand_in(clone, "old-python", '[ "$1" = --version ] && echo Python 3.9.2 && exit; exit 1')
    made = make(clone, "venv", "PYTHON=./old-python")
    assert made.returncode
    assert "needs Python 3.11 or newer" in made.stderr and "Found: Python 3.9.2" in made.stderr


def test_what_is_installed_is_not_installed_again(clone):
    stand_in(clone, ".venv/bin/python", "echo asked; exit 1")
    shutil.copy(clone / "requirements.txt", clone / ".venv")
    assert make(clone, "venv").stdout == ""


def test_changed_requirements_are_installed(clone):
    stand_in(clone, ".venv/bin/python", '[ "$1" = -c ] || echo "$@"')
    made = make(clone, "venv")
    assert "-m pip install" in made.stdout and "--require-hashes -r requirements.txt" in made.stdout
    assert make(clone, "venv").stdout == ""


def test_run_prepares_then_becomes_the_server_with_the_settings_it_was_given(clone):
    stand_in(clone, ".venv/bin/python", '[ "$1" = -c ] && exit 1; echo "$2 $PORT $$ $PPID"')
    shutil.copy(clone / "requirements.txt", clone / ".venv")
    prepared, served = (line.split() for line in make(clone, "run", "PORT=9000").stdout.splitlines())
    assert prepared[:2] == ["prepare", "9000"] and served[:2] == ["serve", "9000"]


def test_with_debug_off_run_collects_the_static_files_in_between(clone):
    stand_in(clone, ".venv/bin/python", '[ "$1" = -c ] && exit 0; echo "$2"')
    shutil.copy(clone / "requirements.txt", clone / ".venv")
    assert make(clone, "run").stdout.split() == ["prepare", "collectstatic", "serve"]


@pytest.mark.parametrize(("target", "module"), [("bench", "bench --write"), ("bench-growth", "bench.growth")])
def test_make_runs_the_benchmark(target, module):
    """What it does is in tests/test_bench.py."""
    done = subprocess.run(["make", "-n", target], cwd=servers.PROJECT, capture_output=True, text=True, timeout=60)
    assert f"python -m {module}" in done.stdout, done.stderr
