"""What is kept in Redis, and how: values, scripts, and what makes all that is kept stale at once.

`default` is Django's cache and holds what may be lost; `throttle` is for what needs more of Redis than that: the counts, the callers
and the pages of the user list, who all must say what to do without. The client of both is in mentorship/patient_redis.py.
"""

import contextlib
import hashlib
import secrets
import threading
import time

import orjson
from django.conf import settings
from django_redis import get_redis_connection
from django_redis.serializers.base import BaseSerializer
from redis.exceptions import NoScriptError, RedisError, ResponseError

from mentorship.patient_redis import REST, PatientRedis


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
