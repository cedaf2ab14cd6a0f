"""The client of Redis, and how long a process waits for it.

A Redis that does not answer costs one short timeout, and one that is slow a few answers; then the process leaves it alone. A thread
looks every second whether it is well again, so that no request pays for trying.
"""

import contextlib
import logging
import os
import threading
import time
from weakref import WeakKeyDictionary

from redis import Redis
from redis.connection import Connection, ConnectionPool
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisSlow

from mentorship import metrics

_log = logging.getLogger("mentorship.redis")
REST = 1.0  # seconds between two looks whether it is well again
SLOW = 0.05  # seconds: who usually waits longer for it is faster without it, for a worker has one thread


# By pool, the connections at hand, for all threads: to take one off a list's end and to put it back needs no lock.
IDLE: WeakKeyDictionary[ConnectionPool, list[Connection]] = WeakKeyDictionary()


class PatientRedis(Redis):
    """A Redis client that fails at once while its Redis is left alone: what is known of that is known to all threads of the process."""

    away_until = 0.0  # moved on by who looks after it; who forks or dies meanwhile leaves nobody without Redis for good
    usual = 0.0  # seconds that an answer has taken lately
    connections = 0  # made by this process: behind a new one may be a Redis that forgot, or that holds again what it held before
    _looking = threading.Lock()

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.connection_pool.connection_kwargs["redis_connect_func"] = _connected
        self._idle = IDLE.setdefault(self.connection_pool, [])

    def execute_command(self, *args, **options):
        """Redis' answer. Raises redis.exceptions.ConnectionError or TimeoutError."""
        begun = time.monotonic()
        if begun < PatientRedis.away_until:
            raise RedisAway("left alone after a failure")
        try:
            answer = self._ask(*args, **options)
        except (RedisAway, RedisSlow) as trouble:
            self._leave_alone(type(trouble).__name__)
            raise
        taken = min(time.monotonic() - begun, 3 * SLOW)  # one slow answer is none, however slow; two or three are
        PatientRedis.usual += (taken - PatientRedis.usual) / 4
        if PatientRedis.usual > SLOW:
            self._leave_alone("slow")
        return answer

    def _ask(self, *args, **options):
        """As redis-py's, whose way to a connection and back (locks, retries, telemetry) took a quarter of a cached page's time."""
        connection = self._connection()
        try:
            connection.send_command(*args)
            return self.parse_response(connection, args[0], **options)
        except ResponseError:  # is an answer, too
            raise
        except BaseException:
            connection.disconnect()  # its answer may still come, and is nobody's
            raise
        finally:
            if connection.is_connected:
                self._idle.append(connection)
            else:
                self.connection_pool.release(connection)

    def _connection(self) -> Connection:
        """One that lives, as far as it can be known without asking."""
        try:
            connection = self._idle.pop()
        except IndexError:
            return self.connection_pool.get_connection()
        if connection.pid != os.getpid():  # a fork has the sockets of its parent
            return self._connection()
        with contextlib.suppress(RedisError, OSError):
            if not connection.can_read():
                return connection
        connection.disconnect()  # its server has said something unasked: that is how it says goodbye
        return connection

    def _leave_alone(self, reason: str) -> None:
        metrics.failed("redis")
        PatientRedis.away_until = time.monotonic() + 3 * REST
        if self._looking.acquire(blocking=False):
            _log.warning("redis left alone", extra={"reason": reason})
            threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        try:
            time.sleep(REST)
            while not self._is_well():
                PatientRedis.away_until = time.monotonic() + 3 * REST
                time.sleep(REST)
            PatientRedis.usual = PatientRedis.away_until = 0.0
            _log.info("redis is well again")
        finally:
            self._looking.release()

    def _is_well(self) -> bool:
        """Whether the quickest of three answers comes soon: in a busy process this thread waits for others, too."""
        try:
            return min(self._seconds_of_an_answer() for _ in range(3)) < SLOW
        except RedisError:
            return False

    def _seconds_of_an_answer(self) -> float:
        begun = time.monotonic()
        super().execute_command("PING")
        return time.monotonic() - begun


def _connected(connection: Connection) -> None:
    connection.on_connect()
    PatientRedis.connections += 1
