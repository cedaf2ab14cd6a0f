"""All workers killed, PostgreSQL stopped at once, under six writers: nothing acknowledged is lost, and no business is half-done.

PostgreSQL is one of its own here, which keeps what it acknowledged; else the tests' own is faster than that. On SQLite the one worker
is killed.
"""

import itertools
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import requests

from bench.machine import family
from tests import gateways
from tests.mail_server import MailServer
from tests.servers import Postgres, start_postgres
from tests.service import Place, Sender, Service, Shell, place
from torture import newcomers, regulars
from torture.report import Row, counted
from torture.writers import Writer, Writers, at_work

KILLS, STOPS = 20, 10
INSTANCES = {"postgres": (2, 2), "sqlite": (1, 1)}  # and the workers of each
CALM = 6.0  # seconds: granian takes a worker that dies within 5.5 s of its start for one that cannot start, and ends
PATIENCE = 60  # seconds until all is normal again
_numbers = itertools.count(1)
CHANCE = random.Random(7310)  # noqa: S311 when it happens


class Scene(NamedTuple):
    """What there is, and who writes."""

    where: Place
    postgres: Postgres | None
    services: list[Service]
    sender: Sender
    shell: Shell
    mail: MailServer
    writers: Writers


class Seen(NamedTuple):
    """What came of crashes of one kind."""

    seconds: list[float]
    lost: list[str]
    half_done: list[str]
    failed_later: list[str]


def run(scale: float) -> Iterator[Row]:
    kills, stops = max(1, round(KILLS * scale)), max(2, round(STOPS * scale))
    with _scene() as scene:
        yield _row(scene, "kill -9 of all four workers" if scene.postgres else "kill -9 of the one worker", kills, _kill, CALM)
        if scene.postgres:
            yield _row(scene, "PostgreSQL stopped at once, and started again", stops, _stop, 0)
        yield _letters(scene)


@contextmanager
def _scene() -> Iterator[Scene]:
    instances, workers = INSTANCES[os.environ["TEST_ON"]]
    with ExitStack() as stack:
        gateway, mail = stack.enter_context(gateways.webhook()), stack.enter_context(MailServer())
        postgres = start_postgres(durable=True) if os.environ["TEST_ON"] == "postgres" else None
        if postgres:
            stack.callback(postgres.stop)
        settings = {"NUM_PROXIES": "1"} | gateway.environment | mail.environment | (postgres.environment() if postgres else {})
        where = stack.enter_context(place(**settings))
        services = [stack.enter_context(Service(where, WORKERS=str(workers))) for _ in range(instances)]
        sender, shell = stack.enter_context(Sender(where)), stack.enter_context(Shell(where))
        shell.run("from django.db import connection; from django.utils import timezone; from django_tasks_db.models import DBTaskResult")
        shell.run("from users.management.commands.send_mail import LOST_AFTER")
        writers = stack.enter_context(at_work(_six(where, services, gateway)))
        yield Scene(where, postgres, services, sender, shell, mail, writers)


def _six(where: Place, services: list[Service], gateway: gateways.Gateway) -> list[Writer]:
    kinds = (newcomers.Registrar, newcomers.Invitee, regulars.Namer, regulars.Chooser, regulars.Leaver)
    return [*(kind(where, services) for kind in kinds), newcomers.PhoneOwner(where, services, gateway)]


def _row(scene: Scene, done: str, times: int, crash: Callable[[Scene], float], calm: float) -> Row:
    writers, seen = scene.writers, Seen([], [], [], [])
    acknowledged, unanswered, surprised = writers.acknowledged, len(writers.failures()), len(writers.surprises)
    try:
        for number in range(times):
            time.sleep(calm if number else 0)
            _crash_once(scene, crash, seen)
    except RuntimeError as broken:
        seen.failed_later.append(str(broken))
    surprises = writers.surprises[surprised:]
    said = (
        f"{writers.acknowledged - acknowledged} acknowledged, {len(writers.failures()) - unanswered} unanswered;"
        f" lost: {counted(seen.lost)}; half-done: {counted(seen.half_done)}; failed once it was back: {counted(seen.failed_later)};"
        f" other answers: {counted(surprises)}; all back after {max(seen.seconds, default=PATIENCE):.1f} s at most"
    )
    promised = "no acknowledged write is lost, what ended stays ended, no business is half-done; it goes on by itself, without a 500"
    wrong = seen.lost or seen.half_done or seen.failed_later or surprises
    return Row(f"{done}, under six writers", times, promised, said, not wrong)


def _crash_once(scene: Scene, crash: Callable[[Scene], float], seen: Seen) -> None:
    scene.writers.have_written(each=2)
    time.sleep(CHANCE.uniform(0, 0.3))
    token = _deactivated(scene)
    from_when = crash(scene)
    _back(scene)
    back = time.monotonic()
    seen.seconds.append(back - from_when)
    scene.writers.have_written(each=2)
    scene.writers.rest()
    seen.failed_later.extend(scene.writers.failures(since=back))
    seen.lost.extend(_not_ended(scene, token))
    for writer in scene.writers.all:
        seen.lost.extend(writer.lost())
        seen.half_done.extend(writer.half_done())
    for what, sql in newcomers.HALF_DONE.items():
        seen.half_done.extend(f"{what}: {row}" for row in scene.where.rows(sql))
    seen.half_done.extend(f"{what}: {rows[:3]}" for what, rows in scene.where.wrong().items())
    scene.writers.go_on()


def _kill(scene: Scene) -> float:
    """When that was."""
    begun = time.monotonic()
    for pid in [pid for service in scene.services for pid in family(service.process.pid)[1:]]:
        os.kill(pid, signal.SIGKILL)
    return begun


def _stop(scene: Scene) -> float:
    """As `pg_ctl stop -m immediate` does, and start it; gives the time from which on PostgreSQL itself answers again."""
    scene.postgres.process.send_signal(signal.SIGQUIT)
    scene.postgres.process.wait(PATIENCE)
    if not scene.postgres.start():
        raise RuntimeError(f"PostgreSQL does not start any more:\n{scene.postgres.log()}")
    return time.monotonic()


def _back(scene: Scene) -> None:
    """Wait until all instances answer from the database again, and have all their workers."""
    deadline = time.monotonic() + PATIENCE
    while not all(_is_ready(service) for service in scene.services):
        if time.monotonic() > deadline:
            raise RuntimeError(f"The service is not back after {PATIENCE} s:\n{[service.said() for service in scene.services]}")
        time.sleep(0.02)


def _is_ready(service: Service) -> bool:
    try:
        return requests.get(f"{service.url}/health/ready", timeout=5).ok and len(family(service.process.pid)) > int(
            service.environment["WORKERS"]
        )
    except requests.RequestException:
        return False


# What is acknowledged just before, past the writers


def _deactivated(scene: Scene) -> str:
    """A token of somebody who has just been deactivated, by staff."""
    name = f"inactive.{next(_numbers)}"
    token = scene.services[0].sign_up(name)
    scene.shell.run(f"connection.close(); User.objects.filter(username='{name}').update(is_active=False)")
    return token


def _not_ended(scene: Scene, token: str) -> Iterator[str]:
    for service in scene.services:
        if service.get("/api/users/me/", token).status_code != 401:
            yield "a deactivation"


def _letters(scene: Scene) -> Row:
    """Each person who registered gets a letter, in the end, and nobody else; so do those whose letter was with a sender that died."""
    scene.writers.rest()
    _until_no(scene, newcomers.READY)
    taken = _as_if_long_ago(scene)
    expected = {f"{name}@example.com" for writer in scene.writers.all if isinstance(writer, newcomers.Registrar) for name in writer.names}
    with Sender(scene.where):
        took = _until_no(scene, newcomers.UNSENT)
    sent = [address for letter in scene.mail.letters for address in letter.given_to]
    people = {address for (address,) in scene.where.rows("SELECT email FROM users_user WHERE email <> ''")}
    missing, to_nobody = (expected | taken) - set(sent), set(sent) - people
    said = (
        f"{len(set(sent))} people got one, {len(sent) - len(set(sent))} of them twice; {len(taken)} letters, one of them on purpose, were"
        f" with a sender that was no more: once that was long ago, the next one was given {took:.1f} s for them;"
        f" lost: {counted(missing)}; for what never was: {counted(to_nobody)}"
    )
    promised = "none is lost, none is sent for what never was"
    return Row("letters to who registered meanwhile", len(expected | taken), promised, said, not missing | to_nobody)


def _as_if_long_ago(scene: Scene) -> set[str]:
    """Ends the sender. To whom a letter is due that it had taken, and had not sent when all ended; there is one at least."""
    scene.sender.end()
    scene.services[0].sign_up("lost.in.the.mail", email="lost.in.the.mail@example.com")
    taken = {address for (address,) in scene.where.rows(newcomers.UNSENT)}
    letters = "DBTaskResult.objects.exclude(status='SUCCESSFUL')"
    scene.shell.run(f"connection.close(); {letters}.update(status='RUNNING', started_at=timezone.now() - 2 * LOST_AFTER)")
    return taken


def _until_no(scene: Scene, sql: str) -> float:
    """Seconds until there are no such letters, PATIENCE at the most."""
    begun = time.monotonic()
    while scene.where.rows(sql) and time.monotonic() < begun + PATIENCE:
        time.sleep(0.2)
    return time.monotonic() - begun
