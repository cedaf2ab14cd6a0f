"""The torture chamber in small: a fiftieth of the chapters that are no matter of seconds, in which every promise must hold.

All of it, and the chapters that need a clock and a machine for themselves: `make torture`.
"""

import importlib
import os

import pytest

from torture import tokens
from torture.__main__ import CHAPTERS, rows_of
from torture.report import Row, broken, counted, table

SCALE = 0.02
WITHOUT_A_CLOCK = ["hostile", "tokens", "races", "crashes", "admin", "starting"]


@pytest.mark.slow
@pytest.mark.parametrize("chapter", WITHOUT_A_CLOCK)
def test_what_is_promised_is_held(chapter):
    if os.environ["TEST_ON"] not in CHAPTERS[chapter]:
        pytest.skip(f"{chapter} is not tried on {os.environ['TEST_ON']}")
    rows = list(importlib.import_module(f"torture.{chapter}").run(SCALE))
    assert rows
    assert not broken({chapter: rows}), table({chapter: rows}, os.environ["TESTS_RUN_ON"])


def test_a_broken_promise_is_told_as_one():
    fine, wrong = Row("asked", 2, "200", "200", was_so=True), Row("asked | twice", 1200, "no 500", counted(["500", "501"]), was_so=False)
    assert broken({"reads": [fine, wrong]}) == [wrong]
    said = table({"reads": [fine, wrong]}, "a database").splitlines()
    assert said[-2:] == [
        "| reads | asked | 2 | 200 | 200 | held |",
        r"| reads | asked \| twice | 1 200 | no 500 | 2, the first: 500 | **broken** |",
    ]


def test_a_promise_that_was_not_tried_is_broken():
    assert broken({"reads": [row := Row("asked", 0, "200", "none", was_so=True)]}) == [row]


def test_a_chapter_that_breaks_off_is_a_broken_promise(monkeypatch):
    monkeypatch.setattr(tokens, "run", lambda scale: 1 / 0)
    [row] = rows_of("tokens", SCALE)
    assert not row.holds
    assert "ZeroDivisionError" in row.seen
