"""Limits: how many requests a user, an address or a pair of them may make in a fixed window.

All limits of a request are counted by one script in Redis, which is one round trip and one atomic step for all
processes. Without Redis, and while it is away, the process counts for itself.
"""

import hashlib
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network

from django.conf import settings
from redis.exceptions import RedisError
from rest_framework.throttling import BaseThrottle

from mentorship import caches, metrics

# Counts the limits whose keys and (most, seconds) pairs begin at these places of KEYS and ARGV; for scripts that do more, too.
COUNT_LIMITS = """
local function count_limits(first_key, first_argument)
  local seen = {}
  local exceeded = false
  for i = 1, #KEYS - first_key + 1 do
    local key = KEYS[first_key + i - 1]
    local most = tonumber(ARGV[first_argument + 2 * i - 2])
    local window = tonumber(ARGV[first_argument + 2 * i - 1]) * 1000
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
end
"""
throttled = metrics.counter("throttled", "Requests refused, by the limit that was exceeded first.", "limit")
_count_script = caches.Script(COUNT_LIMITS + "return count_limits(1, 1)")
_give_back_script = caches.Script("""
for _, key in ipairs(KEYS) do
  if redis.call('EXISTS', key) == 1 then
    redis.call('DECR', key)
  end
end
""")


@dataclass(frozen=True)
class Limit:
    """So many requests in so many seconds, by whom."""

    name: str
    most: int
    seconds: int
    who: str

    @property
    def key(self) -> str:
        return f"throttle:{self.name}:{hashlib.blake2b(self.who.encode(), digest_size=12).hexdigest()}"


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


def those_on(*limits: Limit | None) -> list[Limit]:
    """The limits without those that are off."""
    return [limit for limit in limits if limit]


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
    if not limits or not settings.REDIS_URL:
        return own_count(limits)
    try:
        seen = _count_script(*for_script(limits))
    except RedisError:
        return own_count(limits)
    return counted(limits, seen)


def for_script(limits: list[Limit]) -> tuple[list[str], list[int]]:
    """The KEYS and ARGV that COUNT_LIMITS takes."""
    return [limit.key for limit in limits], [number for limit in limits for number in (limit.most, limit.seconds)]


def counted(limits: list[Limit], seen: list[int]) -> list[Count]:
    """What COUNT_LIMITS returned."""
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
        _give_back_script([limit.key for limit in limits], [])
    except RedisError:
        own_count.give_back(limits)


def tell(request, counts: list[Count]) -> None:
    """Leave what the response's headers say, of these and of what was counted before, on the request, where the edge finds it."""
    request = getattr(request, "_request", request)
    before = getattr(request, "least_left", None)
    request.least_left = min([*counts, *([before] if before else [])], key=lambda count: (count.remaining, -count.reset))


def host_of(request) -> str:
    """The client's address, as far as NUM_PROXIES proxies vouch for it; '' where it is none."""
    return _host(BaseThrottle().get_ident(request) or "")


@lru_cache
def _host(given: str) -> str:
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
        if limits := those_on(*limits):
            before = getattr(request._request, "counted", [])  # on the way in, together with who comes
            counts = before if limits == [one.limit for one in before] else count(limits)
            tell(request, counts)
            exceeded = [count for count in counts if count.is_exceeded]
            self.exceeded = max((count.reset for count in exceeded), default=None)
            if exceeded:
                throttled(exceeded[0].limit.name)
        return self.exceeded is None

    def wait(self) -> float | None:
        return self.exceeded


class AddressThrottle(Throttle):
    """Counts by address, whoever it is: what a refused token costs."""

    def limits(self, request, view):
        return [limit("anon", address_of(request))]
