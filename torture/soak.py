"""`python -m torture.soak`: an hour of what people do all day, and whether anything fails, grows or slows down.

On PostgreSQL and Redis, with two instances as `make run` starts them, their mail, and the daily clean-up every few minutes: tokens live
for minutes here, so that the tables see as many ends as beginnings.
"""

import argparse
import os
import statistics
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from bench.machine import memory
from tests import gateways, servers
from tests.mail_server import MailServer
from tests.service import FAR_LIMITS, Sender, Service, place
from torture.mixture import Crowd
from torture.report import Row, broken, counted, table

CROWDS = 6
PAUSE = 0.05  # seconds that a client waits between two requests: a load that leaves the machine air
TABLES = {
    "people": "users_user",
    "sessions": "users_session",
    "spent tokens": "token_blacklist_outstandingtoken",
    "codes": "users_phonecode",
    "products": "products_product",
    "letters due": "django_tasks_database_dbtaskresult WHERE status = 'READY'",
}
SHORT = {"JWT_ACCESS_MINUTES": "1", "JWT_REFRESH_MINUTES": "3", "JWT_ROTATE_REFRESH_TOKENS": "true", "WORKERS": "2"}
REFUSED = {400, 401, 403, 404, 409, 429}  # what people who meet each other may be told


def run(minutes: float) -> list[Row]:
    with ExitStack() as stack:
        gateway = stack.enter_context(gateways.webhook())
        mailboxes = stack.enter_context(MailServer())
        where = stack.enter_context(place(**SHORT, **FAR_LIMITS, **gateway.environment, **mailboxes.environment))
        sender = stack.enter_context(Sender(where))
        services = [stack.enter_context(Service(where)) for _ in range(2)]
        crowds = [Crowd(number, services, gateway) for number in range(CROWDS)]
        watched = Watch(where, [*services, sender], crowds)
        watched.during(minutes * 60)
        return watched.rows()


class Watch:
    """A window of the soak is a twelfth of it; what was so in each of them."""

    WINDOWS = 12

    def __init__(self, where, processes, crowds):
        self.where, self.processes, self.crowds = where, processes, crowds
        self.memory, self.tables, self.marks, self.baffled = [], [], [], []
        self.over = threading.Event()

    def during(self, seconds: float) -> None:
        threads = [threading.Thread(target=self._live, args=[crowd], daemon=True) for crowd in self.crowds]
        for thread in threads:
            thread.start()
        begun = time.monotonic()
        for window in range(1, self.WINDOWS + 1):
            self.over.wait(max(0.0, begun + seconds * window / self.WINDOWS - time.monotonic()))
            self._look()
        self.over.set()
        for thread in threads:
            thread.join(60)

    def _live(self, crowd: Crowd) -> None:
        while not self.over.is_set():
            try:
                crowd.act()
            except Exception as fault:  # an answer that is not what it should be: the crowd goes on, and the row says so
                self.baffled.append(f"crowd {crowd.number}: {fault!r}")
            self.over.wait(PAUSE)

    def _look(self) -> None:
        self.where.manage("clear_expired")
        self.marks.append(time.monotonic())
        self.memory.append(sum(sum(memory(one.process.pid)) for one in self.processes))
        self.tables.append({name: self.where.rows(f"SELECT count(*) FROM {rows}")[0][0] for name, rows in TABLES.items()})  # noqa: S608 ours
        sys.stderr.write(f"window {len(self.marks)}: {self.memory[-1]:.0f} MiB, {self.tables[-1]}\n")
        sys.stderr.flush()

    def rows(self) -> list[Row]:
        asked = [one for crowd in self.crowds for one in crowd.asked]
        wrong = [f"{one.what}: {one.status}" for one in asked if one.status not in REFUSED and not 200 <= one.status < 300] + self.baffled
        broken_rules = self.where.wrong()
        early, late = statistics.median(self.memory[3:6]), statistics.median(self.memory[-3:])
        windows = zip(self.marks, self.marks[1:], strict=False)
        of = [[one.seconds for one in asked if start <= one.at < end] for start, end in windows]
        p99, fewest = [_p99(seconds) for seconds in of], min(map(len, of))
        first, last = statistics.median(p99[2:5]), statistics.median(p99[-3:])
        grown = {name: (self.tables[5][name], self.tables[-1][name]) for name in TABLES}
        worst = {name: pair for name, pair in grown.items() if pair[1] > 1.25 * pair[0] + 50}
        said = ", ".join(f"{name} {before} then {after}" for name, (before, after) in grown.items())
        many = len(asked)
        kinds = Counter(one.what for one in asked)
        done = Counter(one.what for one in asked if 200 <= one.status < 300)
        never = [what for what, times in kinds.items() if done[what] < times / 2]
        return [
            Row("each kind of it", many, "done more often than refused", counted(never, ", ".join(f"{what} {done[what]} of {times}"
                for what, times in kinds.most_common())), not never),
            Row("everything that people do, mixed", many, "no 5xx, no request without an answer", counted(wrong), not wrong),
            Row("the rules of the links, at the end", many, "no row that breaks them", counted(broken_rules.items()), not broken_rules),
            Row("memory of all processes", many, "flat within 5 %", f"{early:.0f} MiB in the second quarter, {late:.0f} at the end"
                f" ({100 * (late / early - 1):+.1f} %)", late <= 1.05 * early),
            Row("rows in the tables, halfway and at the end", many, "bounded", said, not worst),
            Row("p99 of all answers, by windows", many, "flat: at most a quarter more", f"{1000 * first:.0f} ms in the second quarter,"
                f" {1000 * last:.0f} at the end; {fewest} answers in the emptiest window, of {len(asked) // self.WINDOWS} on average",
                last <= 1.25 * first and fewest > len(asked) / self.WINDOWS / 2),
        ]  # fmt: skip


def _p99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98] if len(seconds) > 1 else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m torture.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--write", metavar="FILE", help="write the table there, too")
    asked = parser.parse_args()
    os.environ["TEST_ON"] = "postgres"
    servers.settle(os.environ)
    seen = {"soak": run(asked.minutes)}
    said = table(seen, os.environ["TESTS_RUN_ON"])
    sys.stdout.write(f"{said}\n")
    if asked.write:
        Path(asked.write).write_text(f"{said}\n", encoding="utf-8")
    if found := broken(seen):
        sys.exit(f"{len(found)} promises were broken")


if __name__ == "__main__":
    main()
