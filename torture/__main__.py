"""`python -m torture`: what the service promises, tried by force; prints a table, and fails where a promise was broken.

On loopback, on servers that it starts, and it ends by itself. TEST_ON=postgres (PostgreSQL and Redis, two instances of the service
as `make run` starts them) or TEST_ON=sqlite (nothing set): `make torture` does both. `--only CHAPTER` tries one chapter,
`--scale 0.1` a tenth of it.
"""

import argparse
import importlib
import os
import sys
import time
import traceback

from tests import servers
from torture.report import Row, broken, table

# By the databases that a chapter is about: each is a module here with `run(scale)`, which gives rows.
CHAPTERS = {
    "hostile": ("postgres", "sqlite"),
    "tokens": ("postgres", "sqlite"),
    "races": ("postgres", "sqlite"),
    "crashes": ("postgres", "sqlite"),
    "database": ("postgres",),
    "redis": ("postgres",),
    "workers": ("postgres",),
    "slow_clients": ("postgres",),
    "floods": ("postgres", "sqlite"),
    "sign_in": ("postgres", "sqlite"),
    "admin": ("postgres", "sqlite"),
    "starting": ("sqlite",),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    parser.add_argument("--only", action="append", choices=CHAPTERS, metavar="CHAPTER", help=", ".join(CHAPTERS))
    parser.add_argument("--scale", type=float, default=1.0, help="how much of it, 1 being all")
    parser.add_argument("--write", metavar="FILE", help="write the table there, too")
    asked = parser.parse_args()
    servers.settle(os.environ)
    on = os.environ["TEST_ON"]
    seen = {name: rows_of(name, asked.scale) for name in asked.only or CHAPTERS if on in CHAPTERS[name]}
    said = table(seen, os.environ["TESTS_RUN_ON"])
    sys.stdout.write(f"{said}\n")
    if asked.write:
        with open(asked.write, "a", encoding="utf-8") as file:
            file.write(f"{said}\n\n")
    if found := broken(seen):
        sys.exit(f"{len(found)} promises were broken")


def rows_of(chapter: str, scale: float) -> list[Row]:
    """What a chapter saw; each row is said as it comes. A chapter that breaks off is a broken promise, and the others go on."""
    begun, rows = time.monotonic(), []
    try:
        for row in importlib.import_module(f"torture.{chapter}").run(scale):
            rows.append(row)
            _say(f"{chapter:12} {time.monotonic() - begun:6.0f} s  {'held' if row.holds else 'BROKEN'}  {row.done}: {row.seen}")
    except Exception as fault:
        _say(traceback.format_exc())
        rows.append(Row("all that follows", 0, "it is tried", f"the chapter broke off: {fault!r}"[:500], False))
    return rows


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
