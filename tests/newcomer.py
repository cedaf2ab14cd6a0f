"""What somebody has who has just cloned the project: its files, an environment without settings, and the commands of the README."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

from tests.servers import PROJECT, bare_environment


def make_clone(folder: Path) -> Path:
    """What git would give a newcomer, with what is not committed yet."""
    files = subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard"], cwd=PROJECT, text=True).split("\n")
    for name in filter(None, files):
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((PROJECT / name).read_bytes())
            (folder / name).chmod((PROJECT / name).stat().st_mode)
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "all"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


class Serving:
    """A command in the clone that serves on PORT, a free port; ended with all that it started."""

    def __init__(self, clone: Path, log: Path, *command: str, **settings):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = log
        with log.open("w") as output:
            self.process = subprocess.Popen(
                [word.replace("PORT", str(self.port)) for word in command], cwd=clone, env=bare_environment(PORT=str(self.port), **settings),
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def __enter__(self):
        end = time.monotonic() + 300
        while time.monotonic() < end and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=5)
                return self
            except OSError:
                time.sleep(0.2)
        self.__exit__()
        raise AssertionError(f"It did not serve:\n{self.log.read_text()}")

    def __exit__(self, *failure):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(timeout=30)
