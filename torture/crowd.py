"""A crowd of clients at instances of the service, and what it costs them."""

import itertools
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import redis
import requests

from bench import machine
from tests.service import Place, Service
from torture.report import Row

CLIENTS = 8
MIB = 2**20
GROWN = 24  # MiB that a process may grow by in a flood
ENDLESS = {"list:generation", "callers:era"}  # the keys of Redis that nothing ends: there is one of each

Asked = tuple[str, str, dict]  # method, path, and what `requests` takes besides


@dataclass
class Cost:
    """Of a request: milliseconds of CPU; and how many processes took part."""

    cpu: float
    processes: int


class Target:
    """Instances of the service on one place, for many clients at once."""

    def __init__(self, where: Place, services: list[Service]):
        self.where, self.services = where, services
        self.redis_url = services[0].environment.get("REDIS_URL", "")

    def flood(self, asked: Iterable[Asked]) -> tuple[Counter, Cost]:
        """Send them all, spread over the instances: the statuses of the answers (None where there was none), and what one cost."""
        every, before = list(asked), self._cpu()
        with ThreadPoolExecutor(CLIENTS) as clients:
            statuses = Counter(itertools.chain(*clients.map(self._client, [every[turn::CLIENTS] for turn in range(CLIENTS)])))
        spent = [now - then for then, now in zip(before, self._cpu(), strict=True)]
        return statuses, Cost(1000 * sum(spent) / len(every), sum(one > 0 for one in spent))

    def memory(self) -> list[float]:
        """MiB that each process holds."""
        return [held for service in self.services for held in machine.memory(service.process.pid)]

    def _cpu(self) -> list[float]:
        """CPU seconds of each process that answers: granian's main one only watches over them."""
        return [machine.cpu(pid) for service in self.services for pid in machine.family(service.process.pid)[1:]]

    def _client(self, share: list[Asked]) -> list[int | None]:
        with requests.Session() as session:
            session.trust_env = False
            return [_status(session, service, one) for service, one in zip(itertools.cycle(self.services), share, strict=False)]


def _status(session: requests.Session, service: Service, asked: Asked) -> int | None:
    method, path, options = asked
    try:
        return session.request(method, service.url + path, timeout=30, **options).status_code
    except requests.ConnectionError:
        return None


@contextmanager
def instances(where: Place, **environment: str) -> Iterator[Target]:
    """Two instances of two processes each on PostgreSQL and Redis; on SQLite the one process that there may be."""
    number, workers = (2, "2") if os.environ["TEST_ON"] == "postgres" else (1, "1")
    with ExitStack() as running:
        yield Target(where, [running.enter_context(Service(where, WORKERS=workers, **environment)) for _ in range(number)])


@dataclass
class Store:
    """What Redis holds: bytes in all; keys; and those of them that no time will end."""

    used: int
    keys: int
    endless: set[str]


def store(target: Target) -> Store | None:
    """None where there is no Redis."""
    if not target.redis_url:
        return None
    with redis.Redis.from_url(target.redis_url, decode_responses=True) as client:
        endless = {key for key in client.scan_iter(count=1000) if client.ttl(key) == -1}
        return Store(client.info("memory")["used_memory"], client.dbsize(), endless)


# What is said of a flood


def times_of(full: int, scale: float, least: int = 60) -> int:
    return max(least, round(full * scale))


def said(statuses: Counter) -> str:
    return ", ".join(f"{number} × {status}" for status, number in statuses.items())


def limited(done: str, statuses: Counter, past: dict[int, int], also: dict[str, int] | None = None) -> Row:
    """`past` is the status of those who may get past the limit, and how many they are, which is how many of `also` there may be."""
    [(status, most)], times, also = past.items(), statuses.total(), also or {}
    return Row(
        done, times, f"exactly {most} get past the limit",
        ", ".join([said(statuses), *(f"{number} {what}" for what, number in also.items())]),
        statuses == {status: most, 429: times - most} and all(number == most for number in also.values()),
    )  # fmt: skip


def bounded(done, target: Target, memory: list[float], before: Store | None, statuses: Counter, wanted: dict, most: int) -> Row:
    """What was held before, and what is held now; `most` are the bytes that Redis may have grown by."""
    grown = max(now - then for then, now in zip(memory, target.memory(), strict=True))
    promised, seen = f"each process grows by less than {GROWN} MiB", f"{said(statuses)}; at most {grown:.1f} MiB more in a process"
    holds, after = statuses == wanted and grown < GROWN, store(target)
    if before and after:
        more = after.used - before.used
        promised += f"; Redis by less than {most / MIB:.1f} MiB, all of which ends by itself"
        seen += f"; in Redis {more / MIB:.1f} MiB and {after.keys - before.keys} keys more, without an end: {len(after.endless - ENDLESS)}"
        holds = holds and more < most and after.endless <= ENDLESS
    return Row(done, statuses.total(), promised, seen, holds)
