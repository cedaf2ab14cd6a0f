"""Starting where PostgreSQL is away: `prepare` cannot, `serve` waits for it, and both say so in a line that shows no password."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.servers import PROJECT, bare_environment

pytestmark = pytest.mark.once


@pytest.fixture
def nowhere(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        yield {
            "ENV_FILE": "/dev/null", "KEYS_FILE": str(tmp_path / "keys.env"), "DB_HOST": "127.0.0.1", "DB_PORT": str(free.getsockname()[1]),
            "DB_NAME": "people", "POSTGRES_USER": "john", "POSTGRES_PASSWORD": "hunter2",
        }  # fmt: skip


def is_told(said: str) -> bool:
    settings = ("DB_HOST", "DB_PORT", "DB_NAME", "POSTGRES_USER", "POSTGRES_PASSWORD")
    return "refused" in said and all(name in said for name in settings) and "hunter2" not in said


def test_prepare_says_so_in_one_line(nowhere):
    environment = bare_environment(**nowhere)
    done = subprocess.run(
        [sys.executable, "manage.py", "prepare"], cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    assert is_told(done.stderr)
    assert len(done.stderr.splitlines()) == 1


def test_a_server_says_so_and_waits(nowhere, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command, log = [sys.executable, "manage.py", "serve"], tmp_path / "log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            command, cwd=PROJECT, env=bare_environment(**nowhere, PORT=port), stdout=output, stderr=output, start_new_session=True
        ) as server,
    ):
        deadline = time.monotonic() + 60
        while "Serving on" not in log.read_text() and server.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        lives = server.poll() is None
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(60)
    assert lives
    assert is_told(log.read_text())
