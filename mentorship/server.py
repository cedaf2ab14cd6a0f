"""`python -m mentorship.server [granian's own options]`: granian, which ends however often it is told to.

Granian sets a threading.Event in its signal handler. That takes a plain lock, so a second signal while the first one is
handled (as when a terminal or `make` passes it on too) waits for itself, and the server stays for ever. A lock that its
own thread may take twice is all that is missing.
"""

import threading

from granian.cli import entrypoint
from granian.server.common import AbstractServer

_init = AbstractServer.__init__


def _init_with_a_lock_for_handlers(self, *args, **options) -> None:
    _init(self, *args, **options)
    self.main_loop_interrupt._cond = threading.Condition(threading.RLock())


if __name__ == "__main__":
    AbstractServer.__init__ = _init_with_a_lock_for_handlers
    entrypoint()
