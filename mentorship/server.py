"""`python -m mentorship.server [granian's own options]`: granian, which ends however often it is told to.

Granian's main process waits for a threading.Event, which its signal handlers set. Events take locks, and a handler that
runs while the same thread holds one waits for itself: on two signals at once (as when `make` or a terminal passes on
what a service manager sends, too) one in six servers stayed for ever. A flag that is looked at ten times a second takes none.

On Linux each of its workers makes a socket of its own and listens: who waits to be accepted by one that is replaced is reset, and
where none is left clients are refused until another has started. Here the main process makes these sockets and keeps them, one for each
place: whoever comes meanwhile waits for the next worker of that place.
"""

import os
import socket
import sys
import time

from granian.cli import entrypoint
from granian.net import SocketHolder, SocketSpec
from granian.server.common import AbstractServer
from granian.server.mp import MPServer, WorkerProcess

TICK = 0.1  # seconds
START = 5  # seconds that a worker may take until it listens


class Flag:
    """What granian needs of a threading.Event, without a lock."""

    def __init__(self):
        self.is_up = False

    def set(self) -> None:
        self.is_up = True

    def clear(self) -> None:
        self.is_up = False

    def wait(self) -> None:
        while not self.is_up:
            time.sleep(TICK)


_init = AbstractServer.__init__
_spawn_worker, _watcher = MPServer._spawn_worker, WorkerProcess._watcher


def _init_with_a_flag(self, *args, **options) -> None:
    _init(self, *args, **options)
    if not hasattr(self, "main_loop_interrupt"):
        raise RuntimeError("This granian waits for something else: see whether mentorship/server.py is still needed")
    self.main_loop_interrupt = Flag()


def _make_sockets(self) -> None:
    self.places = [_place(self) for _ in range(self.workers)]
    os.register_at_fork(after_in_child=lambda: _close_sockets(self, but=self._sso))


def _place(server) -> tuple[SocketHolder, socket.socket]:
    holder = SocketSpec(server.bind_addr, server.bind_port, server.backlog).build()
    return holder, socket.socket(fileno=holder.get_fd())


def _spawn_worker_at_its_place(self, idx, target, callback_loader):
    self._shd, self._sso = self.places[idx]
    return _spawn_worker(self, idx, target, callback_loader)


def _close_sockets(self, but: socket.socket | None = None) -> None:
    """In the main process all, at its end; in a worker all but its own: else clients would wait at the place of one that has ended."""
    for _, place in self.places:
        if place is not but:
            place.close()


def _watch(worker) -> None:
    """Where one has died, whoever comes goes to the others at once, if there are any."""
    worker.inner.join()
    server = worker.parent
    if not worker.interrupt_by_parent and any(_serves(other) for other in server.wrks if other is not worker):
        server.places[worker.idx][1].close()
        server.places[worker.idx] = _place(server)
    _watcher(worker)


def _serves(worker) -> bool:
    return worker.is_alive() and time.monotonic() - worker.birth > START


if __name__ == "__main__":
    AbstractServer.__init__ = _init_with_a_flag
    if sys.platform == "linux":
        MPServer._init_shared_socket = _make_sockets
        MPServer._spawn_worker = _spawn_worker_at_its_place
        MPServer._drop_shared_socket = _close_sockets
        WorkerProcess._watcher = _watch
    entrypoint()
