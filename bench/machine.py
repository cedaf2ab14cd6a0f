"""Processes of the benchmark, and what they cost: CPU seconds and memory, as Linux counts them."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
PATIENCE = 60  # seconds for a server to start, to become idle and to end
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A server of the benchmark: a command that serves on a port of its own, ended with all of its children."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], ready: str = "/"):
        self.name, self.port = name, free_port()
        self.log = tempfile.NamedTemporaryFile("w+", prefix=f"bench-{name}-", suffix=".log")
        command = [part.replace("{port}", str(self.port)) for part in command]
        if setpriv := shutil.which("setpriv"):
            command = [setpriv, "--pdeathsig=TERM", *command]
        self.process = subprocess.Popen(  # noqa: S603 our own commands
            command, cwd=PROJECT, env=environment | {"PORT": str(self.port)}, stdout=self.log, stderr=self.log, start_new_session=True
        )
        self._wait_for(ready)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(PATIENCE)
        except ProcessLookupError:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(PATIENCE)
        self.log.close()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        return self.process.pid

    def said(self) -> str:
        """The end of its log."""
        return Path(self.log.name).read_text(errors="replace")[-4000:]

    def _wait_for(self, path: str) -> None:
        """Until it answers anything at all on that path."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                with socket.create_connection((HOST, self.port), timeout=5) as connection:
                    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
                    if connection.recv(16).startswith(b"HTTP/1.1"):
                        return
            except OSError:
                pass
            time.sleep(0.1)
        raise RuntimeError(f"{self.name} did not start:\n{self.said()}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def family(pid: int) -> list[int]:
    """The process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (stat := _stat(int(entry))):
            children.setdefault(int(stat[1]), []).append(int(entry))
    found, new = [], [pid]
    while new:
        found += new
        new = [child for parent in new for child in children.get(parent, [])]
    return found


def cpu(pid: int) -> float:
    """CPU seconds that the process and its descendants have taken, those that have ended included."""
    total = 0
    for one in family(pid):
        if stat := _stat(one):
            total += int(stat[11]) + int(stat[12]) + int(stat[13]) + int(stat[14])
    return total / TICKS


def memory(pid: int) -> list[float]:
    """MiB that each of the descendants holds in memory (resident, shared pages counted in full)."""
    held = []
    for one in family(pid):
        try:
            [line] = [line for line in Path(f"/proc/{one}/status").read_text().splitlines() if line.startswith("VmRSS")]
        except (OSError, ValueError):
            continue
        held.append(int(line.split()[1]) / 1024)
    return held


def drain(*pids: int) -> None:
    """Wait until they are idle: what a load left in their queues would be paid by the next one. RuntimeError where they stay busy."""
    deadline, quiet = time.monotonic() + PATIENCE, 0
    before = sum(cpu(pid) for pid in pids)
    while quiet < 2:
        if time.monotonic() > deadline:
            raise RuntimeError("A server is still busy long after its load ended")
        time.sleep(0.15)
        now = sum(cpu(pid) for pid in pids)
        quiet = quiet + 1 if now - before <= 0.02 else 0
        before = now


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat behind the command's name: state, parent, …"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
