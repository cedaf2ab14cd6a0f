"""Django's backend for PostgreSQL, but a server that is silent keeps nobody waiting.

A machine that is gone, or a firewall, answers nothing, and one that hangs takes a statement and does not answer it. Each who needs the
database would wait for it, one after the other, for a worker has one thread. So one waits, and for a second whoever comes is told at once.
"""

import time
from functools import partial

from django.db.backends.postgresql import base

SLOW, REST = 1.0, 1.0  # seconds: what a refusal never takes, and for how long nobody asks again


class DatabaseWrapper(base.DatabaseWrapper):
    patience: float | None = None  # seconds for the answer to a statement; None: for ever, as commands may need to
    silent_until = 0.0  # by time.monotonic(), for all threads of the process

    def get_new_connection(self, conn_params):
        """Raises OperationalError, at once where the server has just been silent."""
        begun = time.monotonic()
        if begun < DatabaseWrapper.silent_until:
            raise self.Database.OperationalError("left alone, for it did not answer")
        try:
            connection = super().get_new_connection(conn_params)
        except self.Database.OperationalError:
            self._leave_alone_if_silent(begun, SLOW)
            raise
        if self.patience:
            connection.wait = partial(self._answer, connection, connection.wait)
        return connection

    def _answer(self, connection, wait, *args, **options):
        """What psycopg waits for. Raises OperationalError where there is none; nobody knows then what became of the statement."""
        begun = time.monotonic()
        try:
            return wait(*args, **options | {"timeout": self.patience})
        except self.Database.OperationalError:
            if self._leave_alone_if_silent(begun, self.patience):
                connection.close()
            raise

    def _leave_alone_if_silent(self, since: float, seconds: float) -> bool:
        now = time.monotonic()
        if now - since < seconds:
            return False
        DatabaseWrapper.silent_until = now + REST
        return True
