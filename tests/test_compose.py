"""docker-compose.yml, Dockerfile and .dockerignore: read, linted, and run as far as that goes without Docker."""

import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests import servers

yaml = pytest.importorskip("yaml")
pytest.importorskip("check_jsonschema")
pytestmark = pytest.mark.once

COMPOSE = yaml.safe_load((servers.PROJECT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
DOCKERFILE = (servers.PROJECT / "Dockerfile").read_text()


def run(*command, **options):
    return subprocess.run(command, cwd=servers.PROJECT, capture_output=True, text=True, timeout=120, **options)


FILES = {"compose-spec": "docker-compose.yml", "github-workflows": ".github/workflows/ci.yml"}


@pytest.mark.parametrize("schema", FILES)
def test_the_file_follows_its_specification(schema):
    checked = run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", FILES[schema])
    assert checked.returncode == 0, checked.stdout


def test_hadolint_finds_nothing():
    assert run(Path(sys.executable).with_name("hadolint"), "Dockerfile").stdout == ""


def test_web_can_be_scaled():
    assert not {"ports", "container_name"} & SERVICES["web"].keys()


def test_only_the_proxy_is_reached_from_outside():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert SERVICES["proxy"]["ports"] == ["127.0.0.1:${PORT:-8000}:80"]


def test_web_starts_after_the_keys_and_the_migrations():
    assert SERVICES["web"]["depends_on"]["init"]["condition"] == "service_completed_successfully"
    assert SERVICES["init"]["depends_on"]["db"]["condition"] == "service_healthy"


def test_all_replicas_read_the_keys_that_init_makes():
    assert SERVICES["init"]["volumes"] == ["keys:/keys"]
    assert SERVICES["web"]["volumes"] == SERVICES["cleanup"]["volumes"] == ["keys:/keys:ro"]
    assert SERVICES["web"]["environment"]["KEYS_FILE"].startswith("/keys/")


def test_nothing_but_the_services_own_network_reaches_the_database():
    assert SERVICES["db"]["networks"] == SERVICES["redis"]["networks"] == ["data"]
    assert COMPOSE["networks"]["data"] == {"internal": True}


def test_what_a_service_names_is_there():
    for service in SERVICES.values():
        assert set(service["networks"]) <= COMPOSE["networks"].keys()
        assert set(service.get("depends_on", {})) <= SERVICES.keys()
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (servers.PROJECT / source).is_file()


def test_one_service_builds_the_image_and_the_others_never_pull_it():
    own = {name: service for name, service in SERVICES.items() if service["image"] == "mentorship"}
    assert [name for name, service in own.items() if "build" in service] == ["web"]
    assert {service.get("pull_policy") for name, service in own.items() if name != "web"} == {"never"}


def test_every_other_image_has_a_version():
    named = [service["image"] for service in SERVICES.values() if service["image"] != "mentorship"]
    images = named + re.findall("^FROM (\\S+)", DOCKERFILE, re.M)
    assert all(re.search(r":[0-9]+", image) for image in images)


def test_what_the_environment_leaves_out_has_a_default():
    """`.env` may be absent or a copy of `.env.example`, where every value is empty: `:-` takes care of both."""
    named = re.findall(r"(?<!\$)\$\{([^}]*)\}", (servers.PROJECT / "docker-compose.yml").read_text())
    assert named
    assert all(re.fullmatch("[A-Z_]+:-.+", reference) for reference in named)


def test_every_variable_that_it_sets_is_a_setting():
    assert SERVICES["web"]["environment"].keys() <= set(servers.settings_names())


def test_the_commands_of_the_containers_are_there():
    assert SERVICES["init"]["command"] == ["python", "manage.py", "prepare"]
    assert "python manage.py clear_expired" in SERVICES["cleanup"]["command"][-1]
    assert DOCKERFILE.endswith('CMD ["python", "manage.py", "serve"]\n')
    assert {"prepare", "clear_expired", "serve"} <= get_commands().keys()


def test_the_clean_up_goes_on_and_ends_at_once_when_asked(tmp_path):
    stand_in = tmp_path / "python"
    stand_in.write_text("#!/bin/sh\necho ran $*\nexit 1\n")
    stand_in.chmod(0o755)
    script = [part.replace("$$", "$") for part in SERVICES["cleanup"]["command"]]
    cleanup = subprocess.Popen(script, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, stdout=subprocess.PIPE, text=True)
    assert cleanup.stdout.readline() == "ran manage.py clear_expired\n"
    cleanup.send_signal(signal.SIGTERM)
    assert cleanup.wait(10) == 0
    cleanup.stdout.close()


class Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health/live" and self.server.well else 503)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.mark.parametrize(("well", "result"), [(True, 0), (False, 1)])
def test_the_health_check_says_how_the_service_is(well, result):
    command = json.loads(re.search(r"HEALTHCHECK .*? CMD (\[.*?\])\n(?=CMD)", DOCKERFILE.replace("\\\n", ""), re.S)[1])
    with http.server.HTTPServer(("127.0.0.1", 0), Service) as service:
        service.well = well
        threading.Thread(target=service.handle_request, daemon=True).start()
        checked = run(sys.executable, *command[1:], env={"PORT": str(service.server_port)})
    assert checked.returncode == result, checked.stderr


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The folder that the image would have: what .dockerignore lets through."""
    folder = tmp_path_factory.mktemp("image")
    allowed = re.findall("^!(.*)", (servers.PROJECT / ".dockerignore").read_text(), re.M)
    for source in (servers.PROJECT / name for name in allowed):
        if source.is_dir():
            shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("tests", "__pycache__"))
        elif source.exists():
            shutil.copy(source, folder)
    return folder


def test_the_image_takes_in_nothing_that_is_hidden():
    """No `.git`, no `.env`."""
    all_else, *named = [line for line in (servers.PROJECT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert all_else == "*"
    assert not [name for name in named if name.startswith(("!.", "!*", "!/"))]


def manage(image, *arguments, **environment):
    command = [sys.executable, "manage.py", *arguments]
    settings = {"DEBUG": "false", "ENV_FILE": os.devnull, **environment}
    return subprocess.run(command, cwd=image, env=servers.bare_environment() | settings, capture_output=True, text=True, timeout=120)


def test_the_image_collects_its_static_files_without_any_secret(image):
    collected = manage(image, "collectstatic", "--noinput")
    assert collected.returncode == 0, collected.stderr
    assert (image / "staticfiles" / "staticfiles.json").is_file()


def test_the_image_alone_refuses_to_start_and_says_what_to_set(image):
    refused = manage(image, "prepare")
    assert refused.returncode == 1
    assert all(name in refused.stderr for name in ("SECRET_KEY", "JWT_SIGNING_KEY", "KEYS_FILE", "ALLOWED_HOSTS"))


def test_init_makes_the_keys_once_and_the_admin_once(image, tmp_path):
    settings = {"KEYS_FILE": str(tmp_path / "keys.env"), "DB_NAME": str(tmp_path / "db.sqlite3"), "ALLOWED_HOSTS": "localhost"}
    first = manage(image, "prepare", **settings)
    keys = (tmp_path / "keys.env").read_text()
    second = manage(image, "prepare", **settings)
    assert "password" in first.stdout and "password" not in second.stdout
    assert (tmp_path / "keys.env").read_text() == keys
