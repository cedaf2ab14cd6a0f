"""One load: wrk sends an operation's requests to one server, and what that took is written down."""

import json
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from bench import machine

SCRIPT = Path(__file__).with_name("load.lua")
THREADS, CONNECTIONS = 2, 16


@dataclass(frozen=True)
class Request:
    """One request of a load; `body` is JSON."""

    path: str
    token: str = "-"  # noqa: S105 no token
    method: str = "GET"
    body: str = "-"

    def line(self) -> str:
        return f"{self.method}\t{self.path}\t{self.token}\t{self.body}\n"


@dataclass(frozen=True)
class Taken:
    """What one load took. Times in milliseconds; CPU in milliseconds a request: of the server, and of PostgreSQL and Redis."""

    rate: float
    p50: float
    p99: float
    cpu: float
    stores: float

    @property
    def whole(self) -> float:
        return self.cpu + self.stores


def drive(
    server: machine.Server,
    stores: list[int],
    requests: list[Request],
    seconds: float,
    meanwhile=nullcontext,
    connections: int = CONNECTIONS,
) -> Taken:
    """Load the server for so many seconds, inside the context `meanwhile()`. RuntimeError where any answer was not 2xx."""
    _try_one(server, requests[0])
    pids = [server.pid, *stores]
    machine.drain(*pids)
    before = [machine.cpu(pid) for pid in pids]
    with tempfile.NamedTemporaryFile("w", suffix=".requests") as file:
        file.writelines(request.line() for request in requests)
        file.flush()
        with meanwhile():
            said = _wrk(server.url, file.name, seconds, connections)
            # At once: what is still under way was not counted, and of a few slow answers it would be a tenth.
            spent = [machine.cpu(pid) - start for pid, start in zip(pids, before, strict=True)]
    machine.drain(*pids)
    if said["refused"] or said["broken"] or not said["requests"]:
        raise RuntimeError(f"{server.name}, {requests[0].path}: not all answers were 2xx: {said}\n{server.said()}")
    count = said["requests"]
    return Taken(count / said["seconds"], said["p50"], said["p99"], 1000 * spent[0] / count, 1000 * sum(spent[1:]) / count)


def _wrk(url: str, file: str, seconds: float, connections: int) -> dict:
    wrk = shutil.which("wrk")
    if not wrk:
        sys.exit("The load comes from wrk. On Debian: apt-get install wrk")
    command = [wrk, "-t", str(THREADS), "-c", str(connections), "-d", f"{seconds:g}s", "--timeout", "10s", "-s", str(SCRIPT), url,
               "--", file, str(THREADS)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)  # noqa: S603 our own command
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if done.returncode or not lines:
        raise RuntimeError(f"wrk failed:\n{done.stdout}\n{done.stderr}")
    return json.loads(lines[0].removeprefix("RESULT "))


def _try_one(server: machine.Server, request: Request) -> None:
    """wrk takes a redirect for a success: one answer is looked at first."""
    headers = {"Content-Type": "application/json"} if request.body != "-" else {}
    if request.token != "-":  # noqa: S105 no token
        headers["Authorization"] = f"Bearer {request.token}"
    data = request.body.encode() if request.body != "-" else None
    asked = urllib.request.Request(server.url + request.path, data, headers, method=request.method)  # noqa: S310 our own server
    what = f"{server.name}: {request.method} {request.path}"
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 our own server
            if answer.status // 100 != 2 or answer.geturl() != server.url + request.path:
                raise RuntimeError(f"{what}: {answer.status} {answer.geturl()}")
    except urllib.error.HTTPError as refused:
        raise RuntimeError(f"{what}: {refused.code} {refused.read()[:500]}\n{server.said()}") from None
