"""The benchmark runs, and believes no answer that is not 2xx. What it measures is not judged here."""

import itertools
import json
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench import load, machine, report, scale
from bench.load import Request, Taken
from tests.servers import PROJECT, bare_environment

pytestmark = [pytest.mark.servers, pytest.mark.slow, pytest.mark.once]
needs_wrk = pytest.mark.skipif(not shutil.which("wrk"), reason="needs wrk")


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=PROJECT, env=bare_environment(), capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_wrk
def test_it_loads_each_operation_and_prints_a_table(tmp_path):
    written = tmp_path / "a folder that is not there yet" / "bench.json"
    said = run("bench", "--only", "ours,hello", "--rounds", "1", "--seconds", "1", "--users", "900", "--write", str(written))
    for operation in ("list, cached", "list, new generation", "list, 100 changes/s", "detail", "login", "refresh", "registration", "PATCH"):
        assert f"| {operation} | ours |" in said
    assert "| list, cached | hello |" in said
    assert "| memory | the largest worker |" in said
    measured = json.loads(written.read_text())["measured"]
    assert all(one["rate"] > 0 and one["cpu"] > 0 for targets in measured.values() for rounds in targets.values() for one in rounds)


def test_growth_asks_each_operation_of_both_sizes():
    said = run("bench.growth", "--users", "900", "--times", "2", "--requests", "20")
    assert "901 and 1801 users" in said
    assert sum(line.startswith("| ") for line in said.splitlines()) >= 20


@needs_wrk
def test_scale_says_what_requests_statements_and_users_cost_and_how_large_a_machine_that_makes():
    said = run("bench.scale", "--only", "sizes", "--users", "900", "--seconds", "1", "--executions", "20")
    for row in ("| a detail |", "| login | 1 |", "| users_user, its rows |", "| 1000 million | 55556 |"):
        assert row in said


def test_scale_compares_more_processes_with_one_round_by_round():
    taken = {number: [Taken(rate * number, 1, 1, 0.5, 0.5) for rate in (90, 100, 300)] for number in scale.PROCESSES}
    assert scale.rows({"detail": taken})[-1] == "| detail | 5 ms | 100 | 200 | 400 | 2.00 × | 4.00 × | 0.4 |"


class Fickle(BaseHTTPRequestHandler):
    """The first answer is 200, and then each `then`."""

    protocol_version = "HTTP/1.1"
    then = 200
    answers = itertools.count()

    def do_GET(self):
        self.send_response(self.then if next(self.answers) else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Target:
    name, pid = "fickle", 1

    def __init__(self, port: int):
        self.url = f"http://127.0.0.1:{port}"

    def said(self):
        return ""


@needs_wrk
@pytest.mark.parametrize(("status", "is_believed"), [(200, True), (204, True), (404, False), (429, False), (500, False)])
def test_a_load_with_an_answer_that_is_not_2xx_is_a_failure(monkeypatch, status, is_believed):
    monkeypatch.setattr(machine, "drain", lambda *_: None)
    Fickle.then, Fickle.answers = status, itertools.count()
    with ThreadingHTTPServer(("127.0.0.1", 0), Fickle) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            if is_believed:
                assert load.drive(Target(server.server_port), [], [Request("/"), Request("/b")], 1).rate > 0
            else:
                with pytest.raises(RuntimeError, match="not all answers were 2xx"):
                    load.drive(Target(server.server_port), [], [Request("/"), Request("/b")], 1)
        finally:
            server.shutdown()


def taken(rate: float, cpu: float) -> Taken:
    return Taken(rate=rate, p50=1, p99=2, cpu=cpu, stores=0)


def test_a_ratio_is_the_median_of_those_of_the_same_round():
    rounds = {"ours": [taken(100, 1), taken(10, 1), taken(300, 1)], "tuned": [taken(50, 4), taken(1, 8), taken(100, 9)]}
    found = report.Report({"detail": rounds}, {}, 0, "a machine", 10, 1)
    assert found.ratio("detail", "tuned") == 3
    assert found.ratio("detail", "tuned", by_cpu=True) == 8
    assert found.ratio("detail", "idiomatic") is None


@pytest.mark.parametrize(("figure", "verdict"), [(0.9, "**missed**"), (1.0, "reached"), (1.9, "reached"), (2.0, "aim reached")])
def test_a_goal_says_whether_it_is_reached(figure, verdict):
    assert report.Goal("detail", "tuned", figure, 1, 2).row().endswith(f"| {verdict} |")


@pytest.mark.parametrize(("figure", "verdict"), [(160, "**missed**"), (150, "reached"), (120, "aim reached")])
def test_a_goal_may_be_a_limit(figure, verdict):
    assert report.Goal("memory", "a worker", figure, 150, 120, "MiB", at_most=True).row().endswith(f"| {verdict} |")
