"""Redis, and how long a process waits for it.

`default` holds what may be lost (the cached user list); `throttle` holds the counts, and who uses it must say what
to do without. Either way a Redis that does not answer costs one short timeout, then the process leaves it alone for
a second instead of paying that timeout on each request.
"""

import time

from redis import Redis
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import TimeoutError as RedisSlow

REST = 1.0  # seconds


class PatientRedis(Redis):
    """A Redis client that, after a failure, fails at once for REST seconds. Shared by all threads of the process."""

    away_until = 0.0

    def execute_command(self, *args, **options):
        """Redis' answer. Raises redis.exceptions.ConnectionError or TimeoutError."""
        if time.monotonic() < PatientRedis.away_until:
            raise RedisAway("left alone after a failure")
        try:
            return super().execute_command(*args, **options)
        except (RedisAway, RedisSlow):
            PatientRedis.away_until = time.monotonic() + REST
            raise
