"""The proxy of docker-compose.yml, as a real nginx in front of whatever serves on a port of loopback addresses."""

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import servers

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
MISSING = "nginx is not installed (on Debian: nginx-light)"
NOT_TRIED = f"NOT TRIED: {MISSING}"
PATIENCE = 30  # seconds for it to start, and again to end


@contextmanager
def nginx(folder: Path, replicas_port: int, addresses: list[str], num_proxies: str = "1") -> Iterator[int]:
    """nginx on the template as it stands, but for ports and paths, in front of that port of all `addresses`; yields its own port.

    It writes into `folder`. AssertionError where the template has changed, or it does not start.
    """
    port = servers._free_port()
    with name_server(addresses) as names_port:
        (folder / "nginx.conf").write_text(_configuration(folder, port, names_port, replicas_port, num_proxies))
        command = [NGINX, "-e", folder / "error.log", "-p", folder, "-c", folder / "nginx.conf"]
        subprocess.run([*command, "-t"], check=True, capture_output=True, timeout=PATIENCE)
        with_us = [servers._setpriv(), "--pdeathsig=TERM"] if servers._setpriv() else []
        process = subprocess.Popen([*with_us, *command])
        try:
            _wait_for(port)
            yield port
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _configuration(folder: Path, port: int, names_port: int, replicas_port: int, num_proxies: str) -> str:
    site = (servers.PROJECT / "proxy" / "nginx.conf.template").read_text()
    for there, here in {
        "${NUM_PROXIES}": num_proxies,
        "resolver 127.0.0.11": f"resolver 127.0.0.1:{names_port}",
        "listen 80 ": f"listen 127.0.0.1:{port} ",
        "set $web web:8000": f"set $web web:{replicas_port}",
        "/dev/stdout": str(folder / "access.log"),
    }.items():
        assert there in site
        site = site.replace(there, here)
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "" if os.geteuid() else "user root;"
    events = "events { worker_connections 1024; }"  # as the image's own nginx.conf has it, though for one process instead of one a core
    return f"{user} daemon off; pid {folder}/pid; {events} http {{ {temporary}\n{site} }}"


@contextmanager
def name_server(addresses: list[str]) -> Iterator[int]:
    """Docker's name server, for one name: every question about `web` is answered with all of `addresses`; yields its port."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    here = server.getsockname()

    def answer():
        while True:
            question, client = server.recvfrom(512)
            if question == b"stop":
                return
            records = [b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04" + socket.inet_aton(address) for address in addresses]
            counts = b"\x00\x01" + len(records).to_bytes(2, "big") + b"\x00\x00\x00\x00"
            server.sendto(question[:2] + b"\x81\x80" + counts + question[12:] + b"".join(records), client)

    answering = threading.Thread(target=answer, daemon=True)
    answering.start()
    try:
        yield here[1]
    finally:
        server.sendto(b"stop", here)
        answering.join(PATIENCE)
        server.close()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        with socket.socket() as client:
            if not client.connect_ex(("127.0.0.1", port)):
                return
        assert time.monotonic() < deadline, "nginx did not start"
        time.sleep(0.05)
