"""The proxy of docker-compose.yml, as a real nginx in front of stand-ins for the replicas of the service."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests import servers

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
pytestmark = [pytest.mark.once, pytest.mark.skipif(not NGINX, reason="nginx is not installed (on Debian: nginx-light)")]
REPLICAS = ["127.0.0.1", "127.0.0.2"]


class Replica(BaseHTTPRequestHandler):
    """Answers with what reached it."""

    def do_GET(self):
        body = json.dumps({"at": self.server.server_address[0], "headers": dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *args):
        pass


def name_server(addresses):
    """Docker's name server, for one name: every question about `web` is answered with all of `addresses`."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def answer():
        while True:
            question, client = server.recvfrom(512)
            if question == b"stop":
                return server.close()
            records = [b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04" + socket.inet_aton(address) for address in addresses]
            counts = b"\x00\x01" + len(records).to_bytes(2, "big") + b"\x00\x00\x00\x00"
            server.sendto(question[:2] + b"\x81\x80" + counts + question[12:] + b"".join(records), client)

    threading.Thread(target=answer, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def replicas():
    port = servers._free_port()
    running = [ThreadingHTTPServer((address, port), Replica) for address in REPLICAS]
    for server in running:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield port
    for server in running:
        server.shutdown()
        server.server_close()


def serve(folder, replicas_port, num_proxies="1", addresses=REPLICAS):
    """nginx on the template as it stands, but for ports and paths; yields a function that asks it."""
    port, names = servers._free_port(), name_server(addresses)
    site = (servers.PROJECT / "proxy" / "nginx.conf.template").read_text()
    for there, here in {
        "${NUM_PROXIES}": num_proxies,
        "resolver 127.0.0.11": f"resolver 127.0.0.1:{names.getsockname()[1]}",
        "listen 80 ": f"listen 127.0.0.1:{port} ",
        "set $web web:8000": f"set $web web:{replicas_port}",
        "/dev/stdout": str(folder / "access.log"),
    }.items():
        assert there in site
        site = site.replace(there, here)
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "" if os.geteuid() else "user root;"
    (folder / "nginx.conf").write_text(f"{user} daemon off; pid {folder}/pid; events {{}} http {{ {temporary}\n{site} }}")
    command = [NGINX, "-e", folder / "error.log", "-p", folder, "-c", folder / "nginx.conf"]
    subprocess.run([*command, "-t"], check=True, capture_output=True, timeout=30)
    process = subprocess.Popen(command)
    _wait_for(port)
    yield lambda *request, **more: _ask(port, *request, **more)
    process.terminate()
    process.wait(30)
    names.sendto(b"stop", names.getsockname())


def _wait_for(port):
    deadline = time.monotonic() + 30
    with socket.socket() as client:
        while client.connect_ex(("127.0.0.1", port)):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def _ask(port, method, path, body=None, **headers):
    service = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    service.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = service.getresponse()
    text = answer.read().decode()
    service.close()
    assert answer.headers["Content-Type"] is None or "html" not in answer.headers["Content-Type"]
    return answer, json.loads(text)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory, replicas):
    yield from serve(tmp_path_factory.mktemp("proxy"), replicas)


def test_requests_go_to_all_replicas(proxy):
    counted = Counter(proxy("GET", "/api/")[1]["at"] for _ in range(60))
    assert min(counted[replica] for replica in REPLICAS) >= 10


def test_the_last_forwarded_address_is_the_one_that_the_proxy_saw(proxy):
    _, seen = proxy("GET", "/api/", X_Forwarded_For="203.0.113.9")
    assert seen["headers"]["X-Forwarded-For"] == "203.0.113.9, 127.0.0.1"


def test_the_host_keeps_its_port(proxy):
    _, seen = proxy("GET", "/admin/", Host="localhost:8000")
    assert seen["headers"]["Host"] == "localhost:8000"


def test_a_client_cannot_say_that_it_came_by_https(proxy):
    _, seen = proxy("GET", "/api/", X_Forwarded_Proto="https")
    assert seen["headers"]["X-Forwarded-Proto"] == "http"


def test_another_proxy_in_front_can_once_it_is_counted(tmp_path, replicas):
    for proxy in serve(tmp_path, replicas, num_proxies="2"):
        _, seen = proxy("GET", "/api/", X_Forwarded_Proto="https")
        assert seen["headers"]["X-Forwarded-Proto"] == "https"


def test_what_the_service_itself_refuses_as_too_large_reaches_it(proxy):
    answer, _ = proxy("POST", "/api/login", b"x" * (256 * 1024 + 1))
    assert answer.status == 200


def test_far_too_large_is_413_in_json(proxy):
    answer, body = proxy("POST", "/api/login", b"x" * 3_000_000)
    assert (answer.status, body) == (413, {"detail": "The request is too large."})


def test_too_large_is_said_in_russian(proxy):
    _, body = proxy("POST", "/api/login", b"x" * 3_000_000, Accept_Language="ru")
    assert body == {"detail": "Запрос слишком велик."}


def test_headers_that_are_too_large_are_400_in_json(proxy):
    answer, _ = proxy("GET", "/api/", Authorization="Bearer " + "x" * 40_000)
    assert answer.status == 400


def test_a_path_that_is_too_long_is_414_in_json(proxy):
    answer, _ = proxy("GET", "/api/" + "x" * 40_000)
    assert answer.status == 414


def test_a_replica_that_is_gone_is_passed_over(tmp_path, replicas):
    for proxy in serve(tmp_path, replicas, addresses=["127.0.0.1", "127.0.0.3"]):
        assert {proxy("GET", "/api/")[1]["at"] for _ in range(20)} == {"127.0.0.1"}


def test_without_any_replica_it_is_502_in_json_with_a_time_to_retry(tmp_path):
    for proxy in serve(tmp_path, servers._free_port()):
        answer, body = proxy("GET", "/api/")
        assert (answer.status, answer.headers["Retry-After"]) == (502, "5")
        assert body == {"detail": "The service is not available, try again later."}


def test_the_log_has_no_query_string(tmp_path, replicas):
    for proxy in serve(tmp_path, replicas):
        proxy("GET", "/api/email/confirm/?token=secret")
    assert "/api/email/confirm/" in (tmp_path / "access.log").read_text()
    assert "secret" not in (tmp_path / "access.log").read_text()
