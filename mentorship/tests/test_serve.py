"""Starting the server: what stands in its way is said in one line."""

import http.client
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from bench import machine
from mentorship.server import START
from tests.newcomer import Serving
from tests.servers import PROJECT, bare_environment

pytestmark = pytest.mark.once
SCRIPT = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"  # 1.5 MB, the largest answer there is


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


def test_a_port_for_metrics_that_is_taken_is_refused(keys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = serve(METRICS_PORT=port, **keys)
    assert done.returncode != 0
    assert done.stderr.strip() == f"CommandError: Cannot serve on METRICS_HOST 127.0.0.1, METRICS_PORT {port}: Address already in use"


def test_metrics_are_never_on_the_services_own_port(keys):
    done = serve(PORT="8123", METRICS_PORT="8123", **keys)
    assert done.returncode != 0
    assert done.stderr.strip() == "METRICS_PORT must be another port than PORT: what is counted is not for the public"


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "abc"), ("METRICS_PORT", "65536"), ("DB_ENGINE", "oracle"), ("REDIS_URL", "foo"), ("PHONE_DEFAULT_REGION", "Russia")],
)
def test_a_wrong_setting_is_named_in_one_line(keys, name, value):
    done = serve(**keys, **{name: value})
    assert done.returncode != 0
    assert done.stderr.startswith(f"{name} must ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_host_may_have_a_name(keys, tmp_path):
    settings = {"ENV_FILE": "/dev/null", "HOST": "localhost", **keys}
    with Serving(PROJECT, tmp_path / "log", sys.executable, "manage.py", "serve", **settings) as serving:
        assert urllib.request.urlopen(f"http://localhost:{serving.port}/health/live", timeout=10).status == 200


@pytest.mark.slow
@pytest.mark.parametrize(("host", "is_told"), [("0.0.0.0", True), ("127.0.0.1", False)])
def test_debug_that_others_can_reach_is_told(keys, tmp_path, host, is_told):
    settings = {"ENV_FILE": "/dev/null", "HOST": host, **keys}
    with Serving(PROJECT, tmp_path / "log", sys.executable, "manage.py", "serve", **settings) as serving:
        assert ("set DEBUG=false" in serving.log.read_text()) == is_told


@pytest.fixture(params=[1])
def server(request, keys, tmp_path):
    """On SQLite, with DEBUG, by one process."""
    settings = {"ENV_FILE": "/dev/null", "WORKERS": str(request.param), **keys}
    subprocess.run([sys.executable, "manage.py", "prepare"], cwd=PROJECT, env=bare_environment(**settings), check=True, timeout=120)
    with Serving(PROJECT, tmp_path / "log", sys.executable, "manage.py", "serve", **settings) as serving:
        yield serving


def status(server) -> int:
    return urllib.request.urlopen(f"http://127.0.0.1:{server.port}/health/ready", timeout=10).status


def register(server) -> int:
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    with closing(client):
        client.request(
            "POST", "/api/registration", '{"username": "bob", "password": "mandarin kettle"}', {"Content-Type": "application/json"}
        )
        return client.getresponse().status


def connect(server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=30)


@pytest.mark.slow
def test_a_server_that_is_told_to_end_again_and_again_ends(server):
    for number in range(100):
        server.process.send_signal([signal.SIGTERM, signal.SIGINT][number % 2])
    server.process.wait(timeout=30)


@pytest.mark.slow
@pytest.mark.parametrize("server", [1, 2], indirect=True)
@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_all_its_processes_as_of_ctrl_c_is_no_crash(server, told):
    os.killpg(server.process.pid, told)
    assert server.process.wait(timeout=30) == 0
    assert "Unexpected" not in server.log.read_text()


@pytest.mark.slow
def test_what_it_has_accepted_is_answered_before_it_ends_even_if_that_takes_a_while(server, keys):
    with closing(sqlite3.connect(keys["DB_NAME"], isolation_level=None)) as database, ThreadPoolExecutor(1) as pool:
        database.execute("BEGIN IMMEDIATE")  # the registration waits for it
        answer = pool.submit(register, server)
        time.sleep(1)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(7)
        assert not answer.done()
        database.execute("ROLLBACK")
        assert answer.result() == 201
    assert server.process.wait(timeout=30) == 0


@pytest.mark.slow
def test_clients_wait_while_the_only_worker_that_was_killed_is_replaced(server):
    [worker] = machine.family(server.process.pid)[1:]
    os.kill(worker, signal.SIGKILL)
    assert status(server) == 200


@pytest.mark.slow
@pytest.mark.parametrize("server", [2], indirect=True)
def test_clients_go_to_the_other_worker_while_one_that_was_killed_is_replaced(server):
    time.sleep(START + 1)  # until then a worker is not relied on
    [_main, *_other, worker] = machine.family(server.process.pid)
    os.kill(worker, signal.SIGKILL)
    time.sleep(0.3)  # until that has been seen: who came to it meanwhile is cut off
    assert [status(server) for _ in range(100)] == [200] * 100
    assert len(machine.family(server.process.pid)) == 3


@pytest.mark.slow
def test_nobody_waits_for_a_server_that_has_ended(server):
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=30) == 0
    with pytest.raises(ConnectionRefusedError):
        connect(server)


@pytest.mark.slow
def test_connections_that_say_nothing_keep_nobody_waiting_and_are_ended(server):
    with ExitStack() as opened:
        silent = [opened.enter_context(connect(server)) for _ in range(600)]
        assert status(server) == 200
        assert silent[0].recv(1) == b""


@pytest.mark.slow
def test_clients_that_do_not_read_keep_nobody_waiting(server):
    with ExitStack() as opened:
        for _ in range(3):
            deaf = opened.enter_context(socket.socket())
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)  # or loopback takes all of the answer into its buffers
            deaf.connect(("127.0.0.1", server.port))
            deaf.sendall(f"GET {SCRIPT} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            assert deaf.recv(12) == b"HTTP/1.1 200"
        assert status(server) == 200
