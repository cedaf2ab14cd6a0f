"""Django's backend for PostgreSQL, which leaves a server alone for a while where it had to wait for a connection in vain.

A machine that is gone, or a firewall, answers nothing: each who needs the database would wait for it (`connect_timeout` in the
settings), one after the other, for a worker has one thread. So one waits, and for a second whoever comes is told at once.
"""

import time

from django.db.backends.postgresql import base

SLOW, REST = 1.0, 1.0  # seconds: what a refusal never takes, and for how long nobody asks again


class DatabaseWrapper(base.DatabaseWrapper):
    silent_until = 0.0  # by time.monotonic(), for all threads of the process

    def get_new_connection(self, conn_params):
        """Raises OperationalError, at once where the server has just been silent."""
        begun = time.monotonic()
        if begun < DatabaseWrapper.silent_until:
            raise self.Database.OperationalError("left alone, for it did not answer")
        try:
            return super().get_new_connection(conn_params)
        except self.Database.OperationalError:
            if time.monotonic() - begun > SLOW:
                DatabaseWrapper.silent_until = time.monotonic() + REST
            raise
