"""`python -m mentorship.server [granian's own options]`: granian, which ends however often it is told to.

Granian's main process waits for a threading.Event, which its signal handlers set. Events take locks, and a handler that
runs while the same thread holds one waits for itself: on two signals at once (as when `make` or a terminal passes on
what a service manager sends, too) one in six servers stayed for ever. A flag that is looked at ten times a second takes none.
"""

import time

from granian.cli import entrypoint
from granian.server.common import AbstractServer

TICK = 0.1  # seconds


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


def _init_with_a_flag(self, *args, **options) -> None:
    _init(self, *args, **options)
    if not hasattr(self, "main_loop_interrupt"):
        raise RuntimeError("This granian waits for something else: see whether mentorship/server.py is still needed")
    self.main_loop_interrupt = Flag()


if __name__ == "__main__":
    AbstractServer.__init__ = _init_with_a_flag
    entrypoint()
