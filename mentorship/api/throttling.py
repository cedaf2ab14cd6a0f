"""Limits: how many requests a user, an address or a pair of them may make in a fixed window.

All limits of a request are counted by one script in Redis, which is one round trip and one atomic step for all
processes. Without Redis, and while it is away, the process counts for itself.
"""

import hashlib
import threading
import time
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from django.conf import settings
from django_redis import get_redis_connection
from redis.exceptions import RedisError
from rest_framework.throttling import BaseThrottle

_COUNT = """
local seen = {}
local exceeded = false
for i, key in ipairs(KEYS) do
  local most, window = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i]) * 1000
  local left = redis.call('PTTL', key)
  local count
  if exceeded then
    count = tonumber(redis.call('GET', key) or 0)
    if left < 0 then left = window end
  else
    count = redis.call('INCR', key)
    exceeded = count > most
    if left < 0 then
      left = window
      redis.call('PEXPIRE', key, left)
    end
  end
  seen[2 * i - 1] = count
  seen[2 * i] = left
end
return seen
"""

_GIVE_BACK = """
for _, key in ipairs(KEYS) do
  if redis.call('EXISTS', key) == 1 then
    redis.call('DECR', key)
  end
end
"""


@dataclass(frozen=True)
class Limit:
    """So many requests in so many seconds, by whom."""

    name: str
    most: int
    seconds: int
    who: str

    @property
    def key(self) -> str:
        return f"{self.name}:{hashlib.blake2b(self.who.encode(), digest_size=12).hexdigest()}"


@dataclass(frozen=True)
class Count:
    """Where a limit stands after this request: how many came in the window, and seconds until it ends."""

    limit: Limit
    requests: int
    reset: float

    @property
    def remaining(self) -> int:
        return max(0, self.limit.most - self.requests)

    @property
    def is_exceeded(self) -> bool:
        return self.requests > self.limit.most


def limit(name: str, who: object) -> Limit | None:
    """The limit of that name in settings.THROTTLES for somebody; None where it is off."""
    rate = settings.THROTTLES[name]
    return rate and Limit(name, *rate, str(who))


class _OwnCount:
    """Counts in this process, bounded in memory: when full, those that end soonest are forgotten."""

    MOST = 10_000

    def __init__(self):
        self.windows: dict[str, tuple[float, int]] = {}  # key: (end, requests)
        self.lock = threading.Lock()

    def __call__(self, limits: list[Limit]) -> list[Count]:
        now, counts = time.monotonic(), []
        with self.lock:
            for limit in limits:
                counts.append(self._one(limit, now, counted=not any(count.is_exceeded for count in counts)))
        return counts

    def _one(self, limit: Limit, now: float, *, counted: bool) -> Count:
        end, requests = self.windows.get(limit.key, (0.0, 0))
        if end <= now:
            end, requests = now + limit.seconds, 0
            if len(self.windows) >= self.MOST:
                self._forget(now)
        if counted:
            requests += 1
            self.windows[limit.key] = end, requests
        return Count(limit, requests, end - now)

    def give_back(self, limits: list[Limit]) -> None:
        with self.lock:
            for limit in limits:
                if limit.key in self.windows:
                    end, requests = self.windows[limit.key]
                    self.windows[limit.key] = end, max(0, requests - 1)

    def _forget(self, now: float) -> None:
        running = sorted((end, key) for key, (end, _requests) in self.windows.items() if end > now)
        kept = {key for _end, key in running[-self.MOST // 2 :]}
        self.windows = {key: window for key, window in self.windows.items() if key in kept}


own_count = _OwnCount()


def count(limits: list[Limit]) -> list[Count]:
    """Count this request against the limits, in their order, and say where each stands.

    Behind one that is exceeded nothing is counted any more: who is refused may not use up what is another's.
    """
    if not settings.REDIS_URL:
        return own_count(limits)
    try:
        script = get_redis_connection("throttle").register_script(_COUNT)
        seen = script(
            keys=[f"throttle:{limit.key}" for limit in limits], args=[number for limit in limits for number in (limit.most, limit.seconds)]
        )
    except RedisError:
        return own_count(limits)
    return [Count(limit, seen[2 * i], seen[2 * i + 1] / 1000) for i, limit in enumerate(limits)]


def give_back(counts: list[Count]) -> None:
    """Uncount one request that turned out not to be of the kind that is limited."""
    limits = []
    for count in counts:
        limits.append(count.limit)
        if count.is_exceeded:  # what is behind it was not counted
            break
    if not limits or not settings.REDIS_URL:
        return own_count.give_back(limits)
    try:
        script = get_redis_connection("throttle").register_script(_GIVE_BACK)
        script(keys=[f"throttle:{limit.key}" for limit in limits])
    except RedisError:
        own_count.give_back(limits)


def tell(request, counts: list[Count]) -> None:
    """Leave what the response's headers say, of these and of what was counted before, on the request, where the edge finds it."""
    before = getattr(request._request, "least_left", None)
    request._request.least_left = min([*counts, *([before] if before else [])], key=lambda count: (count.remaining, -count.reset))


def host_of(request) -> str:
    """The client's address, as far as NUM_PROXIES proxies vouch for it; '' where it is none."""
    given = BaseThrottle().get_ident(request) or ""
    try:
        address = ip_address(given.strip().partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)


def address_of(request) -> str:
    """The address to count by: of IPv6 the /64, which is what one subscriber gets."""
    host = host_of(request)
    return str(ip_network(f"{host}/64", strict=False)) if ":" in host else host


class Throttle(BaseThrottle):
    """Counts a request by its user, or by its address where nobody is signed in. Views with more limits subclass it."""

    def limits(self, request, view) -> list[Limit | None]:
        if request.user and request.user.is_authenticated:
            return [limit("user", request.user.pk)]
        return [limit("anon", address_of(request))]

    def allow_request(self, request, view) -> bool:
        return self.counted(request, self.limits(request, view))

    def counted(self, request, limits: list[Limit | None]) -> bool:
        """Count, and say where the limits stand."""
        self.exceeded = None
        if limits := [limit for limit in limits if limit]:
            counts = count(limits)
            tell(request, counts)
            self.exceeded = max((count.reset for count in counts if count.is_exceeded), default=None)
        return self.exceeded is None

    def wait(self) -> float | None:
        return self.exceeded


class AddressThrottle(Throttle):
    """Counts by address, whoever it is: what a refused token costs."""

    def limits(self, request, view):
        return [limit("anon", address_of(request))]
