"""The proxy of docker-compose.yml, as a real nginx in front of stand-ins for the replicas of the service."""

import http.client
import json
import re
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests import servers
from tests.proxy import MISSING, NGINX, nginx

pytestmark = [pytest.mark.once, pytest.mark.skipif(not NGINX, reason=MISSING)]
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


def serve(*where, addresses=REPLICAS, **options):
    """Yields a function that asks an nginx which runs meanwhile. For `where` and `options` see tests/proxy.py."""
    with nginx(*where, addresses, **options) as port:
        yield lambda *request, **more: _ask(port, *request, **more)


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


def test_each_request_has_a_name_for_the_service_and_for_the_log(tmp_path, replicas):
    for proxy in serve(tmp_path, replicas):
        names = [proxy("GET", "/api/", X_Request_ID=given)[1]["headers"]["X-Request-ID"] for given in ("mine", "mine", "a b", "")]
    assert len(set(names)) == 4 and all(re.fullmatch("[0-9a-f]{32}", name) for name in names)
    assert [line.split()[-1] for line in (tmp_path / "access.log").read_text().splitlines()] == names


def test_another_proxy_in_front_can_name_it_once_it_is_counted(tmp_path, replicas):
    for proxy in serve(tmp_path, replicas, num_proxies="2"):
        assert proxy("GET", "/api/", X_Request_ID="A-b_c.9")[1]["headers"]["X-Request-ID"] == "A-b_c.9"
        assert re.fullmatch("[0-9a-f]{32}", proxy("GET", "/api/", X_Request_ID="x" * 65)[1]["headers"]["X-Request-ID"])


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
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])
        assert body == {"detail": "The service is not available, try again later."}


def test_the_log_has_no_query_string(tmp_path, replicas):
    for proxy in serve(tmp_path, replicas):
        proxy("GET", "/api/email/confirm/?token=secret")
    assert "/api/email/confirm/" in (tmp_path / "access.log").read_text()
    assert "secret" not in (tmp_path / "access.log").read_text()
