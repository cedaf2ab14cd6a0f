import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from django.core.cache import caches
from django.db import connection

from tests import servers


def test_the_database_is_the_one_that_the_run_asked_for(db):
    assert connection.vendor == {"sqlite": "sqlite", "postgres": "postgresql"}[os.environ["TEST_ON"]]


def test_redis_is_there_exactly_where_postgres_is():
    assert type(caches["default"]).__module__.startswith("django_redis") == (os.environ["TEST_ON"] == "postgres")


def test_the_developers_own_settings_are_gone():
    environment = {"TEST_ON": "sqlite", "DB_HOST": "elsewhere", "REDIS_URL": "redis://elsewhere", "THROTTLE_LOGIN": "1/day"}
    servers.settle(environment)
    assert set(environment) == {"TEST_ON", "TESTS_RUN_ON", *servers.FIXED}


def test_an_unknown_choice_is_refused():
    with pytest.raises(pytest.UsageError, match="sqlite or postgres"):
        servers.choose({"TEST_ON": "mysql"})


@pytest.mark.parametrize("asked", ["", "sqlite"])
def test_without_the_packages_it_is_sqlite(monkeypatch, asked):
    monkeypatch.setattr(servers, "PACKAGES", {"DB_HOST": "not_there", "REDIS_URL": "not_there_either"})
    assert servers.choose({"TEST_ON": asked})[0] == "sqlite"


@pytest.mark.parametrize("environment", [{"TEST_ON": "postgres"}, {"DB_HOST": "db"}, {"REDIS_URL": "redis://redis"}])
def test_half_of_what_postgres_needs_is_an_error_and_not_sqlite(monkeypatch, environment):
    monkeypatch.setattr(servers, "PACKAGES", {"DB_HOST": "not_there", "REDIS_URL": "not_there_either"})
    with pytest.raises(pytest.UsageError, match="not installed"):
        servers.choose(environment)


@pytest.mark.servers
def test_a_server_keeps_its_data_while_it_is_down_and_none_after_it_stops():
    server = servers.start_postgres()
    with server.connect() as connection:
        connection.execute("CREATE TABLE kept ()")
    server.end()
    server.start()
    with server.connect() as connection:
        connection.execute("SELECT * FROM kept")
    server.stop()
    assert not server.folder.exists()


@pytest.mark.servers
def test_servers_end_with_the_process_that_started_them():
    program = "import os; from tests import servers; print(servers.start_valkey().port, flush=True); os.kill(os.getpid(), 9)"
    with tempfile.TemporaryDirectory() as left_behind:
        Path(left_behind).chmod(0o755)
        command, environment = [sys.executable, "-c", program], os.environ | {"TMPDIR": left_behind}
        port = int(subprocess.run(command, env=environment, cwd=servers.PROJECT, stdout=subprocess.PIPE, timeout=60).stdout)
    deadline = time.monotonic() + servers.PATIENCE
    while _listens(port):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.servers
def test_a_command_can_be_run_on_servers_of_its_own():
    program = "import os, redis; print(os.environ['DB_HOST'], redis.Redis.from_url(os.environ['REDIS_URL']).ping())"
    command = [sys.executable, "-m", "tests.servers", "--", sys.executable, "-c", program]
    assert subprocess.run(command, cwd=servers.PROJECT, capture_output=True, text=True, timeout=120).stdout == "127.0.0.1 True\n"


def _listens(port):
    with socket.socket() as client:
        return client.connect_ex((servers.Server.host, port)) == 0
