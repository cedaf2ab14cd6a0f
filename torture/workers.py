"""Workers that are killed, reloaded, restarted and ended under load: who is asking meanwhile."""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from bench import machine
from tests import servers
from tests.proxy import NGINX, NOT_TRIED, nginx
from tests.service import HOST, Place, Service, place
from torture.clients import Asked, Clients, changes, reads, sign_ins
from torture.report import Row, counted

REQUESTS = 10_000
WORKERS = 2
PATIENCE = 60  # seconds for workers to come and go
CLIENTS = 8
LIMIT = 5.0  # seconds for an answer, whatever happens to a worker
LOOP = "Worker crash loop detected"  # granian's words, where a worker dies within 5.5 s of its start
A_MOMENT = 0.1  # seconds after the end of a worker, in which clients may still be taken to it
REPLICAS = (HOST, "127.0.0.2")
HOW = ("a new connection each", "kept connections")


def run(scale: float) -> Iterator[Row]:
    times, rounds = max(int(REQUESTS * scale), 200), 2 if scale >= 0.5 else 1
    with place() as where:
        with Service(where, WORKERS=str(WORKERS)) as service:
            token = service.sign_up("constant")
            for kept in (False, True):
                yield _killed(service, reads(token), times, kept)
            yield from _reloaded(service, token, times)
        yield _all_killed(where)
        yield _crash_loop(where)
        yield _ended(where, max(int(100 * scale), 10))
        yield _rolling(where, times, rounds)


def workers(service: Service) -> set[int]:
    return {pid for pid in machine.family(service.process.pid)[1:] if not _is_gone(pid)}


def _is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def _wait_until(true) -> float:
    """Seconds that it took. RuntimeError after PATIENCE."""
    begun = time.monotonic()
    while not true():
        if time.monotonic() - begun > PATIENCE:
            raise RuntimeError(f"It did not come to be within {PATIENCE} s")
        time.sleep(0.005)
    return time.monotonic() - begun


def _killed(service: Service, asked: list[tuple], times: int, kept: bool) -> Row:
    with Clients(service.port, asked, CLIENTS, kept) as clients:
        clients.wait_for(times // 3)
        victim, *others = sorted(workers(service))
        killed = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        _wait_until(lambda: _is_gone(victim))
        gone = time.monotonic()
        back = _wait_until(lambda: len(workers(service)) == WORKERS)
        clients.wait_for(times)
    in_flight, soon, others_failed = _by_time(clients.failed, killed, gone + A_MOMENT)
    anew = _answers_without(service, others)
    seen = (
        f"{in_flight} requests of {CLIENTS} clients failed that were in flight at the kill, {soon} begun until {A_MOMENT} s after it was"
        f" gone, others: {counted(others_failed)}; {clients.again} reads were sent again on a new connection;"
        f" the slowest took {clients.worst:.2f} s; another worker had been started after {back:.1f} s,"
        f" and {'answers' if anew else 'DOES NOT ANSWER'}"
    )
    promised = (
        "only requests fail that the killed worker has, or that are taken to it before its end is noticed: at most one of each client"
        f" of either kind; none takes over {LIMIT:g} s; a new worker answers"
    )
    holds = max(in_flight, soon) <= CLIENTS and not others_failed and clients.worst <= LIMIT and anew and set(others) <= workers(service)
    return Row(f"one of {WORKERS} workers killed (-9) under load, {HOW[kept]}", len(clients.asked), promised, seen, holds)


def _by_time(failed: list[Asked], killed: float, over: float) -> tuple[int, int, list[Asked]]:
    """How many were in flight as it was killed, how many began until it was over; and those of another time."""
    in_flight = [one for one in failed if one.began < killed <= one.ended]
    soon = [one for one in failed if killed <= one.began <= over]
    return len(in_flight), len(soon), [one for one in failed if one not in in_flight + soon]


def _answers_without(service: Service, others: list[int]) -> bool:
    """Whether anybody answers while these stand still; whom the kernel takes to one of these asks again."""
    for pid in others:
        os.kill(pid, signal.SIGSTOP)
    try:
        return any(_status(service, "GET", "/health/live", None, None, patience=1) == 200 for _ in range(20))
    finally:
        for pid in others:
            os.kill(pid, signal.SIGCONT)


def _crash_loop(where: Place) -> Row:
    """Each worker of one place is killed as soon as it is there, as if it could not start; the other worker is well meanwhile."""
    killed = []
    with Service(where, WORKERS=str(WORKERS)) as service:
        _victim, *others = sorted(workers(service))
        begun = time.monotonic()
        while service.process.poll() is None and time.monotonic() < begun + PATIENCE:
            for pid in (new := workers(service).difference(others)):
                os.kill(pid, signal.SIGKILL)
                _wait_until(lambda gone=pid: _is_gone(gone))
            killed += new
            time.sleep(0.05)
        took, status, said = time.monotonic() - begun, service.process.poll(), LOOP in service.said()
        left = {pid for pid in others if not _is_gone(pid)}
    seen = (
        f"{'it had to be ended' if status is None else f'it ended with status {status}'} after {took:.1f} s and {len(killed)} kills,"
        f" {'says' if said else 'DOES NOT SAY'} {LOOP!r} in its log, and {len(left)} of its processes were left"
    )
    promised = "it ends by itself with a status above 0, for a service manager to see, says why in its log, and leaves no worker"
    holds = status is not None and status > 0 and said and not left
    return Row("a worker killed (-9) again and again, as soon as it is started", len(killed), promised, seen, holds)


def _reloaded(service: Service, token: str, times: int) -> Iterator[Row]:
    """Both kinds of clients see the same reload. A change is not sent again where a kept connection breaks, so those only read."""
    asked, before = reads(token) * 10, workers(service)
    fresh = Clients(service.port, asked + changes(token) + sign_ins("constant"))
    with fresh, Clients(service.port, asked, kept=True) as keeping:
        for clients in (fresh, keeping):
            clients.wait_for(times // 3)
        service.process.send_signal(signal.SIGHUP)
        took = _wait_until(lambda: not before & workers(service) and len(workers(service)) == WORKERS)
        for clients in (fresh, keeping):
            clients.wait_for(times)
    for kept, clients in enumerate((fresh, keeping)):
        seen = (
            f"failed: {counted(clients.failed)}; the slowest took {clients.worst:.2f} s;"
            f" {clients.again} reads were sent again on a new connection; all {WORKERS} workers are others after {took:.1f} s"
        )
        yield Row(f"reload (SIGHUP) under load, {HOW[kept]}", len(clients.asked), "no request fails", seen, not clients.failed)


def _all_killed(where: Place) -> Row:
    with Service(where, WORKERS=str(WORKERS)) as service:
        token = service.sign_in("constant")["access"]
        for victim in (victims := workers(service)):
            os.kill(victim, signal.SIGKILL)
        _wait_until(lambda: all(_is_gone(victim) for victim in victims))
        with Clients(service.port, reads(token)) as clients:
            clients.wait_for(100)
    seen = f"failed: {counted(clients.failed)}; the slowest took {clients.worst:.2f} s"
    return Row(
        f"all {WORKERS} workers killed (-9)", len(clients.asked), "requests begun afterwards wait for others", seen, not clients.failed
    )


def _ended(where: Place, number: int) -> Row:
    """Requests that wait for a lock of ours, and sign-ins behind them, when it is told to end."""
    waiting = 2 * WORKERS
    with Service(where, WORKERS=str(WORKERS)) as service, ThreadPoolExecutor(waiting + number) as pool, where.connected() as database:
        names = [f"waiting.{place}" for place in range(waiting)]
        tokens = [service.sign_up(name) for name in names]
        with database.transaction():
            database.execute("SELECT 1 FROM users_user WHERE username = ANY(%s) FOR UPDATE", [names])
            asked = [changes(token)[0] for token in tokens] + sign_ins("constant") * number
            under_way = [pool.submit(_status, service, *one) for one in asked]
            time.sleep(1)  # all have been accepted
            early = sum(one.done() for one in under_way)
            service.process.send_signal(signal.SIGTERM)
            time.sleep(1)
            new = [_status(service, *one) for one in sign_ins("constant") * 10]
        said = [one.result(PATIENCE) for one in under_way]
        took = _wait_until(lambda: service.process.poll() is not None)
        status = service.process.returncode
    failed, refused = [answer for answer in said if answer != 200], sum("refused" in str(answer) for answer in new)
    seen = (
        f"{early} were answered before and {len(said) - len(failed) - early} afterwards, failed: {counted(failed)};"
        f" {refused} of {len(new)} new ones were refused; it ended with status {status}, {took:.1f} s after the last answer"
    )
    holds = not failed and early < len(said) and refused == len(new) and not status
    done = f"SIGTERM with {waiting} changes that wait for a lock and {number} sign-ins under way"
    return Row(done, len(said), "accepted requests are answered, new ones refused, and it ends", seen, holds)


def _status(service: Service, method: str, path: str, token: str | None, body: dict | None, patience: float = PATIENCE) -> int | str:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        return requests.request(method, service.url + path, json=body, headers=headers, timeout=patience).status_code
    except requests.RequestException as lost:
        return repr(lost)


def _rolling(where: Place, times: int, rounds: int) -> Row:
    """Two instances behind the compose file's proxy; each is told to end and started again, while the other serves."""
    done, promised = "rolling restart: two instances behind the proxy, one after the other, a new connection each", "no request fails"
    if not NGINX:
        return Row(done, 0, promised, NOT_TRIED, False)
    port = servers._free_port()
    settings = {"WORKERS": "1", "ALLOWED_HOSTS": ",".join(REPLICAS), "NUM_PROXIES": "1"}
    running = {}
    with tempfile.TemporaryDirectory(prefix="torture-proxy-") as folder:
        try:
            for address in REPLICAS:
                running[address] = Service(where, address, port, **settings)
            asked = reads(running[HOST].sign_in("constant")["access"]) * 10
            asked += changes(asked[0][2]) * 2 + sign_ins("constant")
            with nginx(Path(folder), port, list(REPLICAS)) as balancer, Clients(balancer, asked) as clients:
                for address in REPLICAS * rounds:
                    clients.wait_for(len(clients.asked) + times // (4 * rounds))
                    running[address].process.send_signal(signal.SIGTERM)  # as Docker does, to the first process only
                    _wait_until(lambda ended=running[address].process: ended.poll() is not None)
                    running[address].__exit__()
                    running[address] = Service(where, address, port, **settings)
                clients.wait_for(times)
        finally:
            for service in running.values():
                service.__exit__()
    seen = f"failed: {counted(clients.failed)}; the slowest took {clients.worst:.2f} s; each was restarted {rounds} times"
    return Row(done, len(clients.asked), promised, seen, not clients.failed)
