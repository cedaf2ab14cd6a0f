"""Slow and silent clients by the hundred: others are answered meanwhile, by the service alone and behind the compose file's proxy."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.proxy import NGINX, NOT_TRIED, nginx
from tests.service import HOST, Service, place
from torture import clients, dribble
from torture.dribble import Dribblers
from torture.report import Row

PROMISED = "others are answered within 1 s"
LIMIT = 1.0  # seconds
SOON = 3.0  # seconds: what was held up is answered first
SCRIPT = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"  # the largest answer there is
SLOW, IDLE, SECONDS = 200, 2000, 20  # longer than the patience of the service and of the proxy
ROOM = 1024  # connections that the proxy holds at a time; of more it ends some
deafness = dribble.deafness(SCRIPT)
STAYING = {dribble.silence, dribble.idleness, deafness}  # they are held until they have been silent for too long
CHEAP = {dribble.headers, dribble.bodies, dribble.silence, dribble.idleness, dribble.half_a_body}


def run(scale: float) -> Iterator[Row]:
    slow, idle, seconds = max(int(SLOW * scale), 10), max(int(IDLE * scale), 40), max(SECONDS * scale, 1)
    crowds = [
        ("clients that dribble their headers", dribble.headers, slow),
        ("connections that say nothing", dribble.silence, idle),
        ("kept connections without another request", dribble.idleness, idle),
        ("clients that closed their side in the middle of a body", dribble.half_a_body, slow),
        ("clients that do not read a script of 1.5 MB", deafness, slow),
    ]
    dribble.room_for(2 * idle + 500)
    # With DEBUG it finds the script where it lies; without, `collectstatic` would have to have been run in this tree.
    with place() as where, Service(where, WORKERS="2", DEBUG="true") as service:
        if len(service.get(SCRIPT).content) < 1_500_000:
            raise RuntimeError(f"{SCRIPT} is not what it was: another large answer is needed")
        asked = clients.reads(service.sign_up("ordinary")) + clients.sign_ins("ordinary")
        for what, behave, number in crowds:
            yield _others(f"alone: {number} {what}", service.port, _come(service.port, number, behave), asked, seconds)
        yield _bodies_alone(service.port, slow, asked, seconds)
        crowds.append(("clients that dribble their bodies", dribble.bodies, slow))
        if not NGINX:
            for what, _, number in crowds:
                yield Row(f"behind the proxy ({ROOM} connections): {number} {what}", 0, PROMISED, NOT_TRIED, False)
            return
        with tempfile.TemporaryDirectory(prefix="torture-proxy-") as folder, nginx(Path(folder), service.port, [HOST]) as port:
            for what, behave, number in crowds:
                there = min(number, 0.8 * ROOM)
                yield _others(
                    f"behind the proxy ({ROOM} connections): {number} {what}", port, _come(port, number, behave), asked, seconds, there
                )


def _come(port: int, number: int, behave) -> Dribblers:
    """Those who ask for a large answer one by one: what is tried is that they do not read it, not that they are many."""
    return Dribblers(port, number, behave, seconds=0 if behave in CHEAP else number / 20)


def _others(done: str, port: int, slow: Dribblers, asked: list[tuple], seconds: float, wanted: float = 0) -> Row:
    """`wanted` of the slow ones have to be there, all but a tenth; unless said otherwise, each of them."""
    with slow, clients.Clients(port, asked, number=1, patience=10, pause=0.02) as others:
        held = _held(slow, seconds)
    usual = held[len(held) // 2]
    seen = f"{_of(others)}; {usual} connections were held half of the time, {held[0]} at the least, and {slow.ended} were ended"
    # Clients that are not there any more would prove nothing. Who breaks off a request is ended, and comes back.
    there = usual if slow.behave in STAYING else usual + slow.ended
    return Row(done, slow.number, PROMISED, seen, not others.failed and others.worst < LIMIT and there >= 0.9 * (wanted or slow.number))


def _held(slow: Dribblers, seconds: float) -> list[int]:
    """How many there were all the while, the fewest first."""
    held, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        held.append(slow.held)
        time.sleep(0.05)
    return sorted(held)


def _bodies_alone(port: int, number: int, asked: list[tuple], seconds: float) -> Row:
    """Alone, a worker waits for the body that it reads. What is promised is that it is over when they go."""
    with Dribblers(port, number, dribble.bodies):
        during = clients.one_by_one(asked, port, seconds, patience=2)
    with clients.Clients(port, asked, number=1, patience=10) as first:
        first.wait_for(1)
    after = clients.one_by_one(asked, port, 2)
    seen = f"meanwhile {_of(during)}; as they had gone one in {first.asked[0].took:.2f} s, and then {_of(after)}"
    promised = f"none while they stay (it belongs behind the proxy); {SOON:.0f} s after they have gone {PROMISED}"
    holds = not first.failed and first.asked[0].took < SOON and not after.failed and after.worst < LIMIT
    return Row(f"alone: {number} clients that dribble their bodies", number, promised, seen, holds)


def _of(others: clients.Clients) -> str:
    asked = len(others.asked)
    return f"{asked - len(others.failed)} of {asked} lists, cards and sign-ins of others were answered, the slowest in {others.worst:.2f} s"
