"""Errors under /api/: always JSON, in DRF's own shapes, whatever went wrong where."""

import subprocess
import sys
import threading

import pytest
from django.db import connection, transaction
from django.test import Client

from tests.servers import PROJECT, bare_environment

ROUTES = {
    "/api/": ["GET"], "/api/registration": ["POST"], "/api/login": ["POST"], "/api/token/refresh": ["POST"], "/api/logout": ["POST"],
    "/api/change-password": ["POST"], "/api/sessions": ["GET", "DELETE"], "/api/sessions/1": ["DELETE"], "/api/users": ["GET"],
    "/api/users/me": ["GET", "PUT", "PATCH", "DELETE"], "/api/users/me/mentees": ["GET"], "/api/users/me/mentees/1": ["DELETE"], "/api/schema": ["GET"],
}  # fmt: skip


def assert_says_why(answer, status: int) -> None:
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/json"
    assert set(answer.json()) == {"detail"}
    assert answer.json()["detail"]


@pytest.fixture(params=[False, True], ids=["for real", "debug"])
def debug(request, settings):
    settings.DEBUG = request.param


@pytest.mark.parametrize(
    "path", ["/api/nothing", "/api/nothing/", "/api//users", "/api/users//", "/api/v2/users", "/api/v1/nothing", "/api/users/1/2/3",
             "/api/%00", "/api/%ff"],
)  # fmt: skip
def test_an_unknown_path_is_404_for_anybody_and_any_method(debug, anyone, path):
    for method in ("get", "post", "put", "patch", "delete", "options"):
        assert_says_why(getattr(anyone, method)(path), 404)
    assert anyone.head(path).status_code == 404


@pytest.mark.parametrize("path", ROUTES)
def test_another_method_is_405_and_says_which_there_are(debug, client, path):
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - set(ROUTES[path]):
        answer = client.generic(method, path, "{}", content_type="application/json")
        assert_says_why(answer, 405)
        assert set(answer["Allow"].split(", ")) >= set(ROUTES[path])
        assert method not in answer["Allow"].split(", ")


def test_a_host_that_is_not_served_is_400(debug, anyone, settings):
    settings.ALLOWED_HOSTS = ["testserver"]
    for host in ("evil.example", "a b", "testserver.evil.example", "-", "testserver:port"):
        assert_says_why(anyone.get("/api/users/", HTTP_HOST=host), 400)


@pytest.mark.parametrize("path", ["/api/users/", "/api/users/me/mentees/", "/api/sessions/", "/api/products/", "/api/email/confirm/"])
def test_more_parameters_than_are_read_are_400(debug, client, path):
    assert_says_why(client.get(f"{path}?{'x=1&' * 1500}"), 400)


def test_and_so_they_are_where_a_page_is_asked_for(debug, anyone, db):
    assert anyone.get(f"/admin/login/?{'x=1&' * 1500}").status_code == 400


@pytest.mark.parametrize("path", ["/api/registration", "/api/login", "/api/token/refresh", "/api/logout"])
def test_a_body_that_is_too_large_is_413(debug, anyone, db, path):
    assert_says_why(anyone.generic("POST", path, b'{"a": "' + b"x" * 256 * 1024 + b'"}', content_type="application/json"), 413)


def test_a_body_that_is_just_not_too_large_is_read(anyone, db):
    body = b'{"a": "' + b"x" * (256 * 1024 - 9) + b'"}'
    assert len(body) == 256 * 1024
    assert anyone.generic("POST", "/api/login", body, content_type="application/json").status_code == 400
    assert anyone.generic("POST", "/api/login", body + b" ", content_type="application/json").status_code == 413


@pytest.mark.parametrize(
    "media_type", ["text/plain", "text/html", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml",
                   "application/vnd.api+json", "text/json", "json", "application", "/", ";", "application/json, text/plain", "*/*x"],
)  # fmt: skip
def test_another_media_type_is_415_and_says_which_to_send(anyone, db, media_type):
    answer = anyone.generic("POST", "/api/login", b'{"username": "john", "password": "x"}', content_type=media_type)
    assert_says_why(answer, 415)
    assert "Content-Type: application/json" in answer.json()["detail"]


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8"]
)
def test_json_goes_under_any_spelling(anyone, db, media_type):
    assert anyone.generic("POST", "/api/login", b"{}", content_type=media_type).status_code == 400


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "text/html, */*;q=0.1", "nonsense", ""])
def test_whoever_accepts_something_else_gets_json_too(anyone, db, accept):
    assert_says_why(anyone.get("/api/users/me", HTTP_ACCEPT=accept), 401)
    assert_says_why(anyone.get("/api/nothing?format=html", HTTP_ACCEPT=accept), 404)


def test_an_empty_body_is_an_empty_object(anyone, db):
    answer = anyone.generic("POST", "/api/login", b"", content_type="application/json")
    assert (answer.status_code, set(answer.json())) == (400, {"username", "password"})


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", [{"first_name": "J"}, {"is_mentor": True}])
def test_a_database_that_is_busy_is_503_and_says_when_to_come_again(client, john, change):
    locked, done = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM users_user WHERE id = %s FOR UPDATE", [john.pk])
            locked.set()
            done.wait(10)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    locked.wait(10)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")
    answer = client.patch("/api/users/me", change)
    done.set()
    thread.join()
    connection.close()
    assert_says_why(answer, 503)
    assert int(answer["Retry-After"]) > 0
    assert client.patch("/api/users/me", change).status_code == 200


@pytest.mark.servers
def test_what_nobody_foresaw_is_500_and_says_nothing_of_its_inside(client, john):
    client.raise_request_exception = False
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE users_user RENAME TO elsewhere")
        answer = client.get("/api/users/")
        transaction.set_rollback(True)
    assert_says_why(answer, 500)
    assert "users_user" not in answer.content.decode()


AWAY = {
    "sqlite": {"DB_ENGINE": "django.db.backends.sqlite3", "DB_NAME": "/nowhere/at/all/db.sqlite3"},
    "postgres": {"DB_NAME": "x", "POSTGRES_USER": "x", "DB_HOST": "127.0.0.1", "DB_PORT": "1"},
}
ASK = """
import django; django.setup()
from django.test import Client
for method, path in (("post", "/api/login"), ("post", "/api/registration"), ("get", "/health/ready"), ("get", "/health/live"), ("get", "/api/nothing"), ("get", "/admin/")):
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = "x" * 32
    answer = getattr(client, method)(path, {"username": "john", "password": "x"}, content_type="application/json", headers={"host": "localhost"})
    print(path, answer.status_code, answer.headers.get("Retry-After"), answer.headers["Content-Type"])
"""


@pytest.mark.parametrize("database", AWAY)
def test_a_database_that_is_away_is_503_and_health_says_so(database, tmp_path):
    settings = {"KEYS_FILE": str(tmp_path / "keys"), "ENV_FILE": "/dev/null", "DJANGO_SETTINGS_MODULE": "mentorship.settings"} | AWAY[
        database
    ]
    environment = bare_environment() | settings
    done = subprocess.run([sys.executable, "-c", ASK], cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == [
        "/api/login 503 1 application/json", "/api/registration 503 1 application/json", "/health/ready 503 1 application/json",
        "/health/live 200 None application/json", "/api/nothing 404 None application/json",
        "/admin/ 503 1 text/plain; charset=utf-8",
    ], done.stderr  # fmt: skip


def test_beyond_the_api_pages_are_pages(settings):
    settings.DEBUG = False
    answer = Client().get("/nothing")
    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (404, "text/html")
