"""Starting the server: what stands in its way is said in one line."""

import signal
import socket
import subprocess
import sys

import pytest

from tests.newcomer import Serving
from tests.servers import PROJECT, bare_environment

pytestmark = pytest.mark.once


def serve(**settings) -> subprocess.CompletedProcess:
    environment = bare_environment(ENV_FILE="/dev/null", **settings)
    return subprocess.run([sys.executable, "manage.py", "serve"], cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60)


@pytest.fixture
def keys(tmp_path) -> dict[str, str]:
    return {"KEYS_FILE": str(tmp_path / "keys.env"), "DB_NAME": str(tmp_path / "db.sqlite3")}


def test_a_port_that_somebody_serves_on_is_not_shared(keys):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # as granian does
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = serve(PORT=port, **keys)
    assert done.returncode != 0
    assert done.stderr.strip() == f"CommandError: Cannot serve on HOST 127.0.0.1, PORT {port}: Address already in use"


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "abc"), ("DB_ENGINE", "oracle"), ("REDIS_URL", "foo"), ("PHONE_DEFAULT_REGION", "Russia")]
)
def test_a_wrong_setting_is_named_in_one_line(keys, name, value):
    done = serve(**keys, **{name: value})
    assert done.returncode != 0
    assert done.stderr.startswith(f"{name} must ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_server_that_is_told_to_end_again_and_again_ends(keys, tmp_path):
    subprocess.run(
        [sys.executable, "manage.py", "prepare"], cwd=PROJECT, env=bare_environment(ENV_FILE="/dev/null", **keys), check=True, timeout=120
    )
    with Serving(PROJECT, tmp_path / "log", sys.executable, "manage.py", "serve", ENV_FILE="/dev/null", **keys) as server:
        for number in range(100):
            server.process.send_signal([signal.SIGTERM, signal.SIGINT][number % 2])
        server.process.wait(timeout=30)
