"""`python -m mentorship.server [granian's own options]`: granian, which ends however often it is told to.

Granian's main process waits for a threading.Event, which its signal handlers set. Events take locks, and a handler that
runs while the same thread holds one waits for itself: on two signals at once (as when `make` or a terminal passes on
what a service manager sends, too) one in six servers stayed for ever. A flag that is looked at ten times a second takes none.

On Linux each of its workers makes a socket of its own and listens: who waits to be accepted by one that is replaced is reset, and
where none is left clients are refused until another has started. Here the main process makes these sockets and keeps them, one for each
worker: whoever comes meanwhile waits for the next worker on that socket.
"""

import os
import socket
import sys
import threading
import time

from granian.cli import entrypoint
from granian.net import SocketHolder, SocketSpec
from granian.server.common import AbstractServer
from granian.server.mp import MPServer, WorkerProcess

TICK = 0.1  # seconds
START = 5  # seconds that a worker may take until it listens
forking = threading.Lock()  # no socket is half closed when a worker is forked: it would keep it, and nobody would answer there


class Flag:
    """What granian needs of a threading.Event, without a lock."""

    def __init__(self, server: AbstractServer):
        self.server, self.is_up = server, False

    def set(self) -> None:
        self.is_up = True

    def clear(self) -> None:
        self.is_up = False

    def wait(self) -> None:
        while not (self.is_up or self.server.interrupt_signal):
            time.sleep(TICK)


def _init_with_a_flag(init):
    def initialize(self, *args, **options) -> None:
        init(self, *args, **options)
        if not hasattr(self, "main_loop_interrupt"):
            raise RuntimeError("This granian waits for something else: see whether mentorship/server.py is still needed")
        self.main_loop_interrupt = Flag(self)

    return initialize


def _make_sockets(_original):
    def make(self) -> None:
        def in_child() -> None:
            forking.release()
            _close(self, but=self._sso)

        self.sockets = [_listening(self) for _ in range(self.workers)]
        os.register_at_fork(before=forking.acquire, after_in_parent=forking.release, after_in_child=in_child)

    return make


def _listening(server) -> tuple[SocketHolder, socket.socket]:
    holder = SocketSpec(server.bind_addr, server.bind_port, server.backlog).build()
    return holder, socket.socket(fileno=holder.get_fd())


def _close(server, but: socket.socket | None = None) -> None:
    """In the main process all, at its end; in a worker all but its own: else clients would wait on one whose worker has ended."""
    for _, listening in server.sockets:
        if listening is not but:
            listening.close()


def _spawn_on_its_socket(spawn):
    def spawn_worker(self, idx, target, callback_loader):
        if self.sockets[idx][1].fileno() < 0:
            self.sockets[idx] = _listening(self)
        self._shd, self._sso = self.sockets[idx]
        return spawn(self, idx, target, callback_loader)

    return spawn_worker


def _leave_to_others(watch):
    def watcher(worker) -> None:
        """Where one has died, whoever comes goes to the others at once, if there are any. Who ends as all were told to has not died."""
        worker.inner.join()
        server = worker.parent
        if not worker.inner.exitcode:
            time.sleep(TICK)  # a signal to all, as of Ctrl-C, may come to the worker first
        worker.interrupt_by_parent |= server.interrupt_signal
        if not worker.interrupt_by_parent and any(_serves(other) for other in server.wrks if other is not worker):
            with forking:
                server.sockets[worker.idx][1].close()
        watch(worker)

    return watcher


def _serves(worker) -> bool:
    return worker.is_alive() and time.monotonic() - worker.birth > START


def _patch(owner: type, name: str, wrap) -> None:
    if not hasattr(owner, name):
        raise RuntimeError(f"This granian has no {owner.__name__}.{name}: see whether mentorship/server.py is still needed")
    setattr(owner, name, wrap(getattr(owner, name)))


if __name__ == "__main__":
    _patch(AbstractServer, "__init__", _init_with_a_flag)
    if sys.platform == "linux":
        _patch(MPServer, "_init_shared_socket", _make_sockets)
        _patch(MPServer, "_drop_shared_socket", lambda _original: _close)
        _patch(MPServer, "_spawn_worker", _spawn_on_its_socket)
        _patch(WorkerProcess, "_watcher", _leave_to_others)
    entrypoint()
