"""The Postman collection: newman runs it from top to bottom against the service, twice on one database.

A failing example is renewed by sending the request and saving its answer in place of the old one, tokens as `eyJ…`.
"""

import json
import re
import shutil
import subprocess
import sys

import pytest
from django.urls import resolve

from products.urls import urlpatterns as of_products
from tests import newcomer, servers
from tests.service import database as new_database
from users.urls import urlpatterns as of_users

pytestmark = pytest.mark.once
COLLECTION = servers.PROJECT / "postman" / "mentorship.postman_collection.json"
ENVIRONMENT = servers.PROJECT / "postman" / "local.postman_environment.json"
PINNED = servers.PROJECT / "tests" / "node"
INSTALLED = servers.PROJECT / "build" / "node"
OFFLINE = r"npm (?:error|ERR!) code (E(?:NOTFOUND|AI_AGAIN|CONN\w+|NETUNREACH|HOSTUNREACH|TIMEDOUT|RR_SOCKET_TIMEOUT|403|5\d\d))"
DOCUMENTS = ["The page that confirms an email", "The page for a new password", "The OpenAPI schema", "Swagger UI", "Redoc"]


def requests() -> list[dict]:
    return [item for folder in json.loads(COLLECTION.read_text())["item"] for item in folder["item"]]


def skip_loudly(config, why: str):
    with config.pluginmanager.get_plugin("capturemanager").global_and_fixture_disabled():
        config.get_terminal_writer().line(f"\n!! The Postman collection is not run: {why}", yellow=True)
    pytest.skip(why)


@pytest.fixture(scope="module")
def newman(pytestconfig):
    """The command that is newman: the pinned one, installed where it is not yet."""
    if not shutil.which("node") or not shutil.which("npm"):
        skip_loudly(pytestconfig, "Node is not installed (node and npm)")
    lock, done = PINNED / "package-lock.json", INSTALLED / "installed.json"
    if not done.exists() or done.read_bytes() != lock.read_bytes():
        shutil.rmtree(INSTALLED, ignore_errors=True)
        shutil.copytree(PINNED, INSTALLED)
        npm_ci = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
        try:
            installed = subprocess.run(npm_ci, cwd=INSTALLED, capture_output=True, text=True, timeout=300)
        except subprocess.TimeoutExpired:
            skip_loudly(pytestconfig, "npm took longer than 300 s to install newman")
        if installed.returncode and (reason := re.search(OFFLINE, installed.stderr)):
            skip_loudly(pytestconfig, f"npm's registry cannot be reached ({reason[1]})")
        assert installed.returncode == 0, installed.stderr
        shutil.copy(lock, done)
    return ["node", INSTALLED / "node_modules" / "newman" / "bin" / "newman.js"]


@pytest.fixture(scope="module")
def database():
    with new_database() as settings:
        yield settings


@pytest.fixture(scope="module")
def service(database, tmp_path_factory):
    settings = servers.FIXED | database
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "prepare"], cwd=servers.PROJECT, env=servers.bare_environment(**settings), check=True, timeout=120)
    with newcomer.Serving(servers.PROJECT, tmp_path_factory.mktemp("log") / "serve.txt", *manage, "serve", **settings) as serving:
        yield serving


@pytest.fixture(scope="module")
def runs(newman, service, tmp_path_factory) -> list[dict]:
    """What newman reports of two runs, one after the other."""
    report = tmp_path_factory.mktemp("newman") / "report.json"
    where = ["--environment", ENVIRONMENT, "--env-var", f"base_url=http://127.0.0.1:{service.port}"]
    command = [*newman, "run", COLLECTION, *where, "--reporters", "json", "--reporter-json-export", report]
    reports = []
    for _ in range(2):
        subprocess.run(command, env=servers.bare_environment(), capture_output=True, timeout=120)
        reports.append(json.loads(report.read_text())["run"])
        report.unlink()
    return reports


def shape(value):
    """The keys of a JSON value, all the way down."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(inner) for inner in value[:1]] if isinstance(value, list) else ...


def body(text: str):
    return shape(json.loads(text)) if text else None


@pytest.mark.slow
def test_every_check_passes_in_the_first_run_and_in_the_next(runs):
    failed = [f"{failure['source']['name']}: {failure['error']['message']}" for run in runs for failure in run["failures"]]
    assert failed == []


@pytest.mark.slow
def test_every_request_is_sent_and_checked(runs):
    for run in runs:
        checked = [sent["item"]["name"] for sent in run["executions"] if "response" in sent and sent.get("assertions")]
        assert checked == [item["name"] for item in requests()]


@pytest.mark.slow
def test_each_saved_example_is_what_the_service_answers(runs):
    for item, sent in zip(requests(), runs[-1]["executions"], strict=True):
        answer = bytes(sent["response"].get("stream", {}).get("data", []))
        for example in item["response"][:1]:  # those behind it are of other bodies, which are refused or need a mail
            assert (example["code"], body(example["body"])) == (sent["response"]["code"], body(answer.decode())), item["name"]


def test_every_request_has_an_example_but_those_for_whole_documents():
    assert [item["name"] for item in requests() if not item["response"]] == DOCUMENTS


def test_every_request_is_described():
    assert [item["name"] for item in requests() if not item["request"]["description"]] == []


def test_each_route_and_method_has_a_request():
    routes = {(route.name, method) for route in [*of_users, *of_products] for method in route.callback.cls().allowed_methods}
    asked = {
        (resolve("/" + "/".join(filter(None, item["request"]["url"]["path"])) + "/").url_name, item["request"]["method"])
        for item in requests()
        if item["request"]["url"]["path"][0] == "api"
    }
    assert {route for route in routes if route[1] not in ("HEAD", "OPTIONS")} <= asked


def test_no_token_and_no_password_is_saved():
    assert not re.search(r"eyJ\w", COLLECTION.read_text())
    variables = json.loads(COLLECTION.read_text())["variable"] + json.loads(ENVIRONMENT.read_text())["values"]
    assert {variable["key"] for variable in variables if variable["value"]} == {"base_url"}


def test_the_lock_file_names_no_registry():
    assert '"resolved"' not in (PINNED / "package-lock.json").read_text()
