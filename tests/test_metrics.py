"""What a Prometheus is told: of all workers together, at a place of its own, and only where it is asked for."""

import os
import re
import signal
import socket
import time
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests import servers
from tests.service import HOST, PASSWORD, Service, at_once, place

pytestmark = pytest.mark.slow
two_workers = pytest.mark.servers  # they need Redis


class Metered(Service):
    """A service that is asked what it counts."""

    def __init__(self, where, **environment):
        self.metrics_port = servers._free_port()
        super().__init__(where, METRICS_PORT=str(self.metrics_port), **environment)

    def scrape(self) -> requests.Response:
        return requests.get(f"http://{HOST}:{self.metrics_port}/metrics", timeout=10)

    def counted(self, name: str, **labels: str) -> dict[tuple, float]:
        """The samples of that name with those labels, by the other labels' values in the order of their names."""
        families = text_string_to_metric_families(self.scrape().text)
        samples = [sample for family in families for sample in family.samples if sample.name == f"mentorship_{name}"]
        found = [sample for sample in samples if labels.items() <= sample.labels.items()]
        return {tuple(sample.labels[other] for other in sorted(sample.labels.keys() - labels)): sample.value for sample in found}

    @cached_property
    def folder(self) -> Path:
        """Where its workers count."""
        [exporter] = [pid for pid in processes(self) if "serve_metrics" in command(pid)]
        environment = Path(f"/proc/{exporter}/environ").read_text().split("\0")
        return Path(dict(pair.split("=", 1) for pair in environment if "=" in pair)["PROMETHEUS_MULTIPROC_DIR"])

    def workers(self) -> list[int]:
        """Those that have counted something."""
        return sorted(int(re.search("[0-9]+", path.name)[0]) for path in self.folder.glob("counter_*.db"))


def processes(service: Service) -> list[int]:
    """All of its process group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            group = int(stat.read_text().rpartition(")")[2].split()[2])
        except (FileNotFoundError, ProcessLookupError):
            continue
        found += [int(stat.parent.name)] if group == service.process.pid else []
    return found


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return ""


def listens_on(service: Service) -> set[tuple[str, int]]:
    """Hexadecimal addresses, and ports, of all its processes."""
    sockets = set()
    for pid in processes(service):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                sockets.add(os.readlink(descriptor))
            except FileNotFoundError:
                continue
    rows = [line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    local = [row[1].split(":") for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets]
    return {(address, int(port, 16)) for address, port in local}


LOOPBACK = "0100007F"


def eventually(true) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@contextmanager
def metered(where, **environment):
    with Metered(where, **environment) as service:
        eventually(lambda: any("serve_metrics" in command(pid) for pid in processes(service)) and is_told(service))
        yield service


def is_told(service: Metered) -> bool:
    try:
        return service.scrape().ok
    except requests.ConnectionError:
        return False


def test_off_as_it_is_by_default_nothing_listens_but_the_service(where):
    with Service(where) as service:
        assert listens_on(service) == {(LOOPBACK, service.port)}
        assert not [pid for pid in processes(service) if "serve_metrics" in command(pid)]
        assert service.get("/metrics").status_code == service.get("/nowhere").status_code == 404


@two_workers
def test_the_numbers_are_those_of_all_workers(where):
    with metered(where, WORKERS="2") as service:
        token = service.sign_up("counted")
        for _ in range(60):
            assert service.get("/api/users/", token).status_code == 200
        for number in range(20):
            assert service.get(f"/api/v1/users/{number + 10**9}", token).status_code == 404
        assert service.patch({"phone": "12345"}, token).status_code == 200
        assert len(service.workers()) == 2
        assert service.counted("requests_total", route="users") == {("GET", "200"): 60}
        assert service.counted("requests_total", route="user") == {("GET", "404"): 20, ("PATCH", "200"): 1}
        assert service.counted("requests_total", route="login") == {("POST", "200"): 1}
        assert service.counted("request_duration_seconds_count", route="users") == {(): 60}
        assert service.counted("request_duration_seconds_bucket", route="users", le="+Inf") == {(): 60}
        assert 0 < service.counted("request_duration_seconds_sum", route="users")[()] < 60
        pages = service.counted("list_pages_total")
        assert sum(pages.values()) == 60
        assert 1 <= pages[("database",)] <= 2 and pages[("process",)] >= 50


def test_sign_ins_are_counted_by_their_way_and_their_outcome(where):
    with metered(where, DEBUG="true") as service:
        service.sign_up("comes.in")
        for _ in range(3):
            assert service.post("/api/login", {"username": "comes.in", "password": "wrong"}).status_code == 401
        phone = "+79990000001"
        code = service.post("/api/auth/signup", {"phone": phone}).json()["activation_code"]
        wrong = "000000" if code != "000000" else "111111"
        assert [service.post("/api/auth/code", {"phone": phone, "code": one}).status_code for one in (wrong, code, code)] == [400, 200, 400]
        admin = requests.Session()
        admin.get(f"{service.url}/admin/login/", timeout=10)
        for password in ("wrong", PASSWORD):
            form = {"username": "admin", "password": password, "csrfmiddlewaretoken": admin.cookies["csrftoken"]}
            assert admin.post(f"{service.url}/admin/login/", form, timeout=10, allow_redirects=False).ok
        expected = {("password", "accepted"): 1, ("password", "refused"): 3, ("code", "accepted"): 1, ("code", "refused"): 2}
        assert service.counted("sign_ins_total") == expected | {("admin", "accepted"): 1, ("admin", "refused"): 1}


def test_what_a_limit_refuses_is_counted_by_the_limit(where):
    with metered(where, THROTTLE_USER="5/min", THROTTLE_LOGIN="3/min") as service:
        token = service.sign_up("hasty")
        assert [service.get("/api/users/me/", token).status_code for _ in range(9)] == [200] * 5 + [429] * 4
        again = [service.post("/api/login", {"username": "hasty", "password": PASSWORD}).status_code for _ in range(4)]
        assert again == [200, 200, 429, 429]
        assert service.counted("throttled_total") == {("user",): 4, ("login",): 2}
        assert service.counted("requests_total", status="429") == {("GET", "user"): 4, ("POST", "login"): 2}


def test_what_a_client_makes_up_makes_no_label(where):
    with metered(where) as service:
        for number in range(30):
            assert service.get(f"/api/nowhere/{number}").status_code == 404
            assert service.get(f"/nowhere/{number}?{number}={number}").status_code == 404
            assert service.get(f"/api/users/nobody{number}").status_code == 401
            assert service.call(f"MADEUP{number}", "/api/").status_code == 401
        seen = service.counted("requests_total")
        assert {key: value for key, value in seen.items() if key[1] != "health"} == {
            ("GET", "other", "404"): 60, ("GET", "user", "401"): 30, ("other", "index", "401"): 30,
        }  # fmt: skip


@two_workers
def test_a_worker_that_is_killed_takes_nothing_with_it(where):
    with metered(where, WORKERS="2") as service:
        token = service.sign_up("survivor")
        for _ in range(40):
            service.get("/api/users/me/", token)
        first, second = service.workers()
        os.kill(first, signal.SIGKILL)
        assert service.counted("requests_total", route="user") == {("GET", "200"): 40}
        answered = 0
        deadline = time.monotonic() + 60
        while len(service.workers()) < 3:  # the one that takes its place has counted
            assert time.monotonic() < deadline
            try:
                answered += service.get("/api/users/me/", token).ok
            except requests.ConnectionError:  # it was on its way to the one that died
                continue
        assert second in service.workers()
        assert service.counted("requests_total", route="user") == {("GET", "200"): 40 + answered}


@two_workers
def test_a_redis_that_is_away_is_counted(valkey):
    with place(REDIS_URL=valkey.url) as elsewhere, metered(elsewhere) as service:
        token = service.sign_up("alone")
        assert service.counted("failures_total") == {}
        valkey.end()
        assert service.get("/api/users/", token).status_code == 200
        assert service.counted("failures_total").keys() == {("redis",)}


def test_it_has_a_place_of_its_own_on_this_machine_only(where):
    with metered(where) as service:
        assert listens_on(service) == {(LOOPBACK, service.port), (LOOPBACK, service.metrics_port)}
        assert service.get("/metrics").status_code == 404
        assert service.get("/api/metrics").status_code == 404
        for path in ("/", "/api/", "/metrics/", "/favicon.ico"):
            assert requests.get(f"http://{HOST}:{service.metrics_port}{path}", timeout=10).status_code == 404
        at_once(*[service.scrape] * 8)


def test_who_dawdles_is_not_waited_for(where):
    def dawdle(service):
        with socket.create_connection((HOST, service.metrics_port)) as client, suppress(OSError):
            for _ in range(100):
                client.send(b"G")
                time.sleep(0.1)
            raise AssertionError("It was waited for")

    with metered(where) as service:
        at_once(lambda: dawdle(service), lambda: time.sleep(0.2) or service.scrape())
        assert service.scrape().ok


def test_it_ends_with_the_service_and_leaves_nothing(where):
    with metered(where) as service:
        folder = service.folder
        assert list(folder.iterdir())
        service.process.terminate()  # it alone, as a service manager may
        service.process.wait(30)
        eventually(lambda: not folder.exists())
        assert not is_told(service)
