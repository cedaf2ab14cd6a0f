"""The README's line that serves on PostgreSQL and Redis with several processes."""

import json
import re
import urllib.request

import pytest

from tests import service
from tests.newcomer import Serving
from tests.test_readme import blocks

pytestmark = [pytest.mark.servers, pytest.mark.once]


@pytest.fixture
def database():
    with service.database() as settings:
        yield settings


@pytest.fixture
def settings_of_the_readme(database) -> dict[str, str]:
    """The settings in the README's line, with the addresses and names of the tests."""
    line = blocks("Running it for real")[1][1]
    assert line.endswith("make run")
    named = dict(re.findall(r"(\w+)=(\S+)", line))
    return named | {name: database[name] for name in named if name in database} | {"DB_PORT": database["DB_PORT"]}


def test_make_run_serves_on_postgresql_and_redis(clone, settings_of_the_readme, tmp_path):
    with Serving(clone, tmp_path / "log.txt", "make", "run", **settings_of_the_readme) as serving:
        answer = urllib.request.urlopen(f"http://127.0.0.1:{serving.port}/health/ready", timeout=10)
        assert json.load(answer) == {"database": "ok", "cache": "ok"}
        assert f"with {settings_of_the_readme['WORKERS']} worker" in serving.log.read_text()
        page = urllib.request.urlopen(f"http://127.0.0.1:{serving.port}/api/docs/", timeout=10).read().decode()
        script = re.search(r'src="(/static/[^"]+swagger-ui-bundle[^"]*)"', page)[1]
        assert urllib.request.urlopen(f"http://127.0.0.1:{serving.port}{script}", timeout=10).status == 200


def test_the_line_is_for_real(settings_of_the_readme):
    assert settings_of_the_readme["DEBUG"] == "false"
