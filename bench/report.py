"""The table of a benchmark: medians, and ratios of the same round."""

import json
import os
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.load import Taken


@dataclass
class Goal:
    """A ratio that is wanted: at least `least`, better `aim`."""

    operation: str
    what: str
    figure: float | None
    least: float
    aim: float | None = None
    unit: str = "×"
    at_most: bool = False

    def row(self) -> str:
        aim = f"{self.aim:g} {self.unit}" if self.aim is not None else ""
        sign = "at most " if self.at_most else ""
        wanted = f"{sign}{self.least:g} {self.unit} | {sign if aim else ''}{aim}"
        return f"| {self.operation} | {self.what} | {self.figure:.2f} {self.unit} | {wanted} | {self._judged()} |"

    def _judged(self) -> str:
        def reached(bound):
            return self.figure <= bound if self.at_most else self.figure >= bound

        if self.aim is not None and reached(self.aim):
            return "aim reached"
        return "reached" if reached(self.least) else "**missed**"


@dataclass
class Report:
    """All that was measured: by operation and target, a Taken of each round."""

    measured: dict[str, dict[str, list[Taken]]]
    hash_cost: dict[str, float]
    memory: float
    machine: str
    users: int
    seconds: float

    def text(self) -> str:
        lines = [f"{datetime.now(UTC):%Y-%m-%d}, {self.machine}; {self.users} users, wrk with 16 connections, {self.seconds:g} s a load, "
                 f"{self.rounds} alternating rounds, medians; ratios are medians of the ratios within a round.", ""]  # fmt: skip
        lines += ["| operation | target | requests/s | p50 ms | p99 ms | CPU ms (server + stores) | ours is, by requests/s | by CPU |",
                  "|---|---|--:|--:|--:|--:|--:|--:|"]  # fmt: skip
        for operation, targets in self.measured.items():
            lines += [self._row(operation, target) for target in targets]
        if goals := [goal.row() for goal in self.goals() if goal.figure is not None]:
            lines += ["", "| operation | measured | figure | goal | aim | |", "|---|---|--:|--:|--:|---|", *goals]
        return "\n".join(lines) + "\n"

    @property
    def rounds(self) -> int:
        return max(len(rounds) for targets in self.measured.values() for rounds in targets.values())

    def _row(self, operation: str, target: str) -> str:
        rounds = self.measured[operation][target]
        rate, p50, p99, cpu, stores = (median(getattr(one, name) for one in rounds) for name in ("rate", "p50", "p99", "cpu", "stores"))
        by_rate, by_cpu = self.ratio(operation, target), self.ratio(operation, target, by_cpu=True)
        ratios = f"{by_rate:.2f} × | {by_cpu:.2f} ×" if by_rate and target != "ours" else "|"
        return f"| {operation} | {target} | {rate:.0f} | {p50:.2f} | {p99:.2f} | {cpu:.2f} + {stores:.2f} | {ratios} |"

    def ratio(self, operation: str, target: str, *, by_cpu: bool = False, ours: str = "") -> float | None:
        """How many times our rate is the target's, or the target's CPU is ours; None where one was not measured."""
        mine, theirs = self.measured.get(ours or operation, {}).get("ours"), self.measured.get(operation, {}).get(target)
        if not mine or not theirs:
            return None
        pairs = zip(mine, theirs, strict=False)
        return median(his.whole / my.whole if by_cpu else my.rate / his.rate for my, his in pairs)

    def goals(self) -> list[Goal]:
        r = self.ratio
        cached, hello = "list, cached", r("list, cached", "hello")
        return [
            Goal(cached, "idiomatic FastAPI", r(cached, "idiomatic"), 10, 20),
            Goal(cached, "tuned, with our checks", r(cached, "checked"), 1),
            Goal(cached, "tuned, without checks", r(cached, "tuned"), 1.2, 1.2),
            Goal(cached, "the bare hello", hello and 100 * hello, 7, 12, "%"),
            Goal("list, new generation", "idiomatic FastAPI, by CPU", r("list, new generation", "idiomatic", by_cpu=True), 4, 6),
            Goal("list, 100 changes/s", "the undisturbed list", self._disturbed(), 60, 70, "%"),
            Goal("detail", "idiomatic FastAPI", r("detail", "idiomatic"), 3, 4),
            Goal("detail", "tuned, with our checks, by CPU", r("detail", "checked", by_cpu=True), 1),
            Goal("detail", "tuned, without checks, by CPU", r("detail", "tuned", by_cpu=True), 1, 1),
            Goal("login", "FastAPI with pwdlib's defaults", r("login", "idiomatic"), 7),
            Goal("login", "Django's PBKDF2 default", r("login", "stock"), 10),
            Goal("login", "share of the hash", self._share("login"), 90, 90, "%"),
            Goal("refresh", "tuned, with our checks", r("refresh", "checked"), 1),
            Goal("refresh", "simplejwt's own view", r("refresh", "stock"), 2, 3),
            Goal("registration", "FastAPI with pwdlib's defaults", r("registration", "idiomatic"), 4),
            Goal("registration", "share of the hash", self._share("registration"), 85, 85, "%"),
            Goal("memory", "the largest worker", self.memory or None, 150, 120, "MiB", at_most=True),
        ]

    def _disturbed(self) -> float | None:
        found = self.ratio("list, cached", "ours", ours="list, 100 changes/s")
        return found and 100 * found

    def _share(self, operation: str) -> float | None:
        rounds = self.measured.get(operation, {}).get("ours")
        return 100 * self.hash_cost[operation] / median(one.whole for one in rounds) if rounds else None

    def write(self, file: str) -> None:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(json.dumps(asdict(self) | {"date": f"{datetime.now(UTC):%Y-%m-%d}"}, default=str))


def machine(place) -> str:
    """The machine and the versions, in one line."""
    [model] = {line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")}
    with place.postgres.connect() as connection:
        [postgres] = connection.execute("SHOW server_version").fetchone()
    versions = f"Python {platform.python_version()}, PostgreSQL {postgres.split()[0]}, Valkey"
    return f"{os.cpu_count()} cores ({model}), {versions}, all on this one machine"
