"""Redis, and how long a process waits for it.

`default` is Django's cache and holds what may be lost; `throttle` is for what needs more of Redis than that: the counts, the callers
and the pages of the user list, who all must say what to do without. Either way a Redis that does not answer costs one short timeout,
and one that is slow a few answers; then the process leaves it alone. A thread looks every second whether it is well again, so that
no request pays for trying.
"""

import contextlib
import hashlib
import logging
import os
import secrets
import threading
import time
from weakref import WeakKeyDictionary

import orjson
from django.conf import settings
from django_redis import get_redis_connection
from django_redis.serializers.base import BaseSerializer
from redis import Redis
from redis.connection import Connection, ConnectionPool
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import NoScriptError, RedisError, ResponseError
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


def client() -> PatientRedis:
    """Redis itself, past Django's cache API, for what needs more than that; its calls raise redis.exceptions.RedisError."""
    return get_redis_connection("throttle")


def shape(row: type[tuple]) -> str:
    """A short name of a named tuple's fields, to keep its rows under: of two versions side by side neither takes the other's."""
    return hashlib.sha256(" ".join(row._fields).encode()).hexdigest()[:8]


class JSONSerializer(BaseSerializer):
    """What is kept is JSON, never pickle: who could write to Redis could else run code here."""

    def dumps(self, value) -> bytes:
        return orjson.dumps(value)

    def loads(self, value: bytes):
        return orjson.loads(value)


class Script:
    """A script that runs in Redis: one round trip, and one atomic step for all processes."""

    def __init__(self, text: str):
        self.text, self.digest = text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: list, arguments: list):
        """What the script returns. Raises redis.exceptions.RedisError."""
        redis = client()
        try:
            return redis.evalsha(self.digest, len(keys), *keys, *arguments)
        except NoScriptError:  # Redis is new, or was emptied of its scripts
            return redis.eval(self.text, len(keys), *keys, *arguments)


class Generation:
    """A random value in Redis under which things are kept, and a new one after each change that makes them stale.

    Random, so that no Redis that was emptied or restored can bring an old one back. A process that changed something while
    Redis was away owes a new value, and so does one that has a new connection, until it has put one there.
    """

    def __init__(self, key: str):
        self.key = key
        self._lock = threading.Lock()
        self._put_after = None  # how many connections this process had made when it last put a value
        self._full_until = 0.0  # by time.monotonic(): there will be no room sooner

    def is_owed(self) -> bool:
        """Whether what Redis holds may be older than the database: to be asked before any of it is read, and once more afterwards."""
        return self._put_after != PatientRedis.connections

    def is_settled(self) -> bool:
        """Whether nothing is owed, by now: what is, is put if it can be."""
        if self.is_owed() and time.monotonic() >= self._full_until:
            self.renew()
        return not self.is_owed()

    def renew(self) -> None:
        """Put a new value; where Redis is away, owe it."""
        with self._lock:
            self._put_after = None
            if settings.REDIS_URL:
                with contextlib.suppress(RedisError):
                    self._put()
                    self._put_after = PatientRedis.connections

    def _put(self) -> None:
        try:
            client().set(self.key, secrets.token_hex(8))
        except ResponseError:  # it is full: what it holds must not be believed any longer, and forgetting needs no room
            self._full_until = time.monotonic() + REST
            client().delete(self.key)
            raise

    def current(self) -> bytes | None:
        """The value now; None where Redis is away, or there is none."""
        if not settings.REDIS_URL or not self.is_settled():
            return None
        try:
            return client().get(self.key) or self._first()
        except RedisError:
            return None

    def _first(self) -> bytes | None:
        client().set(self.key, secrets.token_hex(8), nx=True)
        return client().get(self.key)
