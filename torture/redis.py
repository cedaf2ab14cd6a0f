"""What happens to Redis, while people go on asking: it dies, forgets, hangs, is slow, remembers what is no more, is full."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial

import redis

from tests.servers import Valkey, start_valkey
from tests.service import Service, place
from torture.between import Between
from torture.load import Answer, Load, by_status, capacity, p99, people
from torture.report import Row, counted
from torture.witness import AT_ONCE, CUT_OFF, LIMIT, Limited, Witness

PEOPLE, CLIENTS = 12, 32
DELAYS = [0.15, 0.05, 0.3]  # seconds, each way
FIRST, TWICE = 1, 2  # the second in which it may be slower; how much slower it may be afterwards
GOES_ON = "reads and writes go on: no failure"
AS_FAST = "after the first second p99 at most doubles"
IS_TRUE = "the list is fresh and ended sessions stay ended, within {:.0f} s"
IS_LIMITED = "limits are enforced, at most by each process for itself"


def run(scale: float) -> Iterator[Row]:
    valkey = start_valkey()
    try:
        with Between(valkey.port) as between, ExitStack() as running:
            where = running.enter_context(place(REDIS_URL=valkey.url.replace(f":{valkey.port}/", f":{between.port}/")))
            services = [running.enter_context(Service(where)) for _ in range(2)]
            strict = [running.enter_context(Service(where, THROTTLE_USER=f"{LIMIT}/min")) for _ in range(2)]
            chamber = Chamber(services, strict, scale)
            for what, (fault, bound) in faults(valkey, between, max(1, round(len(DELAYS) * scale))).items():
                yield from chamber.tried(what, fault, bound)
    finally:
        valkey.stop()


class Chamber:
    """Two instances under a third of what they can take, and two that have limits."""

    def __init__(self, services: list[Service], strict: list[Service], scale: float):
        self.services, self.strict = services, strict
        self.cast, self.lasts = people(services, PEOPLE), max(0.8, 10 * scale)  # seconds of each of the times that are compared
        self.before = []  # what was answered while nothing was wrong
        capacity(services, self.cast, 1)  # what is new is slower
        self.most = capacity(services, self.cast, max(1.5, 8 * scale))

    def tried(self, what: str, fault, bound: float) -> Iterator[Row]:
        """That fault, which is a context; the rows of it. What changes under it is seen within `bound` seconds."""
        witness, limited, back = Witness(self.services), Limited(self.strict), Limited(self.strict)
        with Load(self.services, self.cast, self.most / 3, clients=CLIENTS) as load:
            witness.look_on(self.lasts)
            witness.keep()
            untroubled = time.monotonic()
            witness.bound = bound
            with fault():
                begun = time.monotonic()
                witness.change()
                limited.warm_up()
                witness.look_on(FIRST + self.lasts - (time.monotonic() - begun))
                over = time.monotonic()
                limited.try_it()
            returned = time.monotonic()
            witness.look_on(FIRST)
            witness.change()
            witness.look_on(self.lasts)
            end = time.monotonic()
            witness.look_until_true()
        back.try_it()
        times = load.due(0, untroubled), load.due(begun + FIRST, over), load.due(returned + FIRST, end)
        yield self.going_on(what, load.answers)
        yield self.as_fast(what, *times)
        yield Row(f"Redis {what}", witness.looks, IS_TRUE.format(bound), witness.seen(), witness.holds())
        allowed = (
            f"{limited.allowed} of {limited.asked} were let in, by a limit of {LIMIT}, and after its return {back.allowed} of {back.asked}"
        )
        fine = LIMIT <= limited.allowed <= LIMIT * len(self.strict) and back.allowed == LIMIT
        yield Row(f"Redis {what}", limited.asked + back.asked, IS_LIMITED, allowed, fine)

    def going_on(self, what: str, answers: list[Answer]) -> Row:
        failed = [answer for answer in answers if not 200 <= answer.status < 300]
        worst = max(answer.late for answer in answers)
        seen = f"{by_status(answers)}; worst {worst:.1f} s; failed: {counted(failed)}"
        return Row(f"Redis {what}", len(answers), GOES_ON, seen, not failed)

    def as_fast(self, what: str, before: list[Answer], during: list[Answer], after: list[Answer]) -> Row:
        self.before += before
        usual = max(p99(before), p99(self.before))  # of a short time alone the 99th of 100 is an accident
        slower, again = p99(during), p99(after)
        seen = (
            f"at {self.most / 3:.0f} requests a second, a third of what two instances took: {1000 * usual:.0f} ms before,"
            f" {1000 * slower:.0f} ms meanwhile, {1000 * again:.0f} ms after its return"
        )
        return Row(f"Redis {what}", len(during) + len(after), AS_FAST, seen, slower <= TWICE * usual and again <= TWICE * usual)


# The faults: contexts, which begin it and undo it.


def faults(valkey: Valkey, between: Between, delays: int) -> dict:
    """Each, and the seconds within which a change must be seen: one that is slow is left alone, which is as cut off as can be."""
    slow = {f"{1000 * delay:.0f} ms away": (partial(slowed, between, delay), CUT_OFF) for delay in DELAYS[:delays]}
    return {
        "killed, and started again": (partial(killed, valkey), CUT_OFF),
        "emptied": (partial(emptied, valkey), AT_ONCE),
        "frozen": (valkey.frozen, CUT_OFF),
        **slow,
        "killed, and back with what it held before": (partial(remembering, valkey), CUT_OFF),
        "full": (partial(full, valkey), AT_ONCE),
    }


@contextmanager
def killed(valkey: Valkey):
    kill(valkey)
    try:
        yield
    finally:
        valkey.start()


def kill(valkey: Valkey) -> None:
    valkey.process.kill()
    valkey.process.wait(30)


@contextmanager
def emptied(valkey: Valkey):
    with client(valkey) as ours:
        ours.flushall()
    yield


@contextmanager
def slowed(between: Between, seconds: float):
    between.delay(seconds)
    try:
        yield
    finally:
        between.delay(0)


@contextmanager
def remembering(valkey: Valkey):
    """In the end it holds what it held in the beginning."""
    with client(valkey) as ours:
        ours.save()
    yield
    kill(valkey)
    valkey.start()
    (valkey.folder / "dump.rdb").unlink()


@contextmanager
def full(valkey: Valkey):
    """It takes nothing more, and drops nothing for it."""
    with client(valkey) as ours:
        ours.config_set("maxmemory-policy", "noeviction")
        ours.config_set("maxmemory", 1)
        try:
            yield
        finally:
            ours.config_set("maxmemory", 0)


def client(valkey: Valkey):
    return closing(redis.Redis.from_url(valkey.url, socket_timeout=10))
