"""Generated requests over the served schema, right and wrong ones: each answer is one that the schema promises."""

import subprocess
import sys

import pytest

from tests.service import Service, place

pytest.importorskip("schemathesis")
pytestmark = [pytest.mark.servers, pytest.mark.slow]
EXAMPLES = 200  # an operation


def test_every_answer_is_one_that_the_schema_promises():
    with place() as where, Service(where, DEBUG="true") as served:  # DEBUG: codes are made too
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "run", f"{served.url}/api/schema/", "--max-examples", str(EXAMPLES),
             "--generation-deterministic", "--no-color", "--request-timeout", "10", "--continue-on-failure"],
            env=where.environment | {"SCHEMATHESIS_HOOKS": "tests.schemathesis_hooks"}, capture_output=True, text=True, timeout=900,
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{served.said()}"
