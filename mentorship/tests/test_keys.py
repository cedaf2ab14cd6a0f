"""The file that keeps the keys."""

import stat
import subprocess
import sys

from mentorship.keys import read_or_make
from tests.servers import PROJECT

MAKE = "import pathlib, sys; from mentorship.keys import read_or_make as make; sys.stdin.read(); print(make(pathlib.Path(sys.argv[1])))"


def test_both_are_made_once_and_differ(tmp_path):
    made = read_or_make(tmp_path / "keys")
    assert set(made) == {"SECRET_KEY", "JWT_SIGNING_KEY"}
    assert len(set(made.values())) == 2
    assert min(len(key.encode()) for key in made.values()) >= 32
    assert read_or_make(tmp_path / "keys") == made


def test_two_services_have_keys_of_their_own(tmp_path):
    assert read_or_make(tmp_path / "one") != read_or_make(tmp_path / "other")


def test_processes_that_start_together_have_the_same(tmp_path):
    file = tmp_path / "keys"
    command = [sys.executable, "-c", MAKE, str(file)]
    processes = [subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    for process in processes:  # they wait for the end of their input, with everything imported
        process.stdin.close()
    seen = {process.stdout.read() for process in processes}
    for process in processes:
        process.stdout.close()
        assert process.wait(30) == 0
    assert seen == {f"{read_or_make(file)}\n"}
    assert list(tmp_path.iterdir()) == [file]


def test_only_the_owner_reads_them(tmp_path):
    read_or_make(tmp_path / "keys")
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o600


def test_what_somebody_wrote_there_stays(tmp_path):
    file = tmp_path / "keys"
    file.write_text("SECRET_KEY=mine $HOME #1\nOTHER=x\nJWT_SIGNING_KEY=\n")
    assert read_or_make(file) == {"SECRET_KEY": "mine $HOME"}
    assert "OTHER=x" in file.read_text()


def test_where_no_file_can_be_there_are_none(tmp_path):
    assert read_or_make(tmp_path / "nowhere" / "keys") == {}


def test_in_a_file_that_holds_something_else_there_are_none(tmp_path):
    (tmp_path / "keys").write_bytes(b"\xff\x00")
    assert read_or_make(tmp_path / "keys") == read_or_make(tmp_path) == {}
