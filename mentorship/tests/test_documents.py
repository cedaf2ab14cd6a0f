"""The schema and its pages, served from here and from nowhere else."""

import os
import re

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command

PAGES = pytest.mark.parametrize("path", ["/api/docs/", "/redoc/"])


@pytest.fixture
def schema(anyone):
    return anyone.get("/api/schema/").json()


def test_the_schema_is_valid_and_nothing_in_it_is_guessed():
    call_command("spectacular", validate=True, fail_on_warn=True, file=os.devnull)


def test_it_is_openapi_3(schema):
    assert schema["openapi"].startswith("3.")


def test_it_needs_no_token_and_ignores_a_broken_one(anyone):
    assert anyone.get("/api/schema/", HTTP_AUTHORIZATION="Bearer broken").status_code == 200


def test_it_shows_every_route_once(schema):
    assert set(schema["paths"]) == {
        "/api/", "/api/registration/", "/api/login/", "/api/token/refresh/", "/api/logout/", "/api/change-password/",
        "/api/auth/signup/", "/api/auth/code/", "/api/users/me/invite/",
        "/api/email/confirm/", "/api/email/resend/", "/api/password/reset/", "/api/password/reset/confirm/",
        "/api/products/", "/api/products/{product}/", "/api/categories/",
        "/api/sessions/", "/api/sessions/{session}/", "/api/users/", "/api/users/{who}/", "/api/users/{who}/mentees/", "/api/users/me/mentees/{mentee}/",
    }  # fmt: skip


def operations(schema):
    return [(f"{method} {path}", operation) for path, item in schema["paths"].items() for method, operation in item.items()]


def test_every_operation_says_what_it_does_and_how_it_fails(schema):
    for name, operation in operations(schema):
        statuses = set(operation["responses"])
        assert {"429", "503"} <= statuses, name
        assert "requestBody" not in operation or {"400", "413", "415"} <= statuses, name
        assert "{" not in name or "404" in statuses, name
        assert operation.get("description"), name


def test_what_needs_a_token_says_so(schema):
    for name, operation in operations(schema):
        free = any(word in name for word in ("registration", "login", "refresh", "signup", "email", "reset"))
        assert ({"bearer": []} in operation.get("security", [])) is not free, name


def test_where_a_route_needs_a_token_401_is_documented(schema):
    assert "401" in schema["paths"]["/api/users/"]["get"]["responses"]
    assert "403" in schema["paths"]["/api/users/{who}/"]["patch"]["responses"]


@PAGES
def test_a_page_is_html_for_anybody(anyone, path):
    answer = anyone.get(path, HTTP_AUTHORIZATION="Bearer broken")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/html")


@PAGES
def test_a_page_names_no_other_host(anyone, path):
    html = anyone.get(path).content.decode()
    assert re.findall(r"""(?:src|href|url)\s*[=(:]\s*["']?(?:https?:)?//[^"'\s)]+""", html) == []
    assert "fonts.g" not in html


@PAGES
def test_a_page_may_fetch_from_here_only(anyone, path):
    policy = anyone.get(path)["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert "*" not in policy


@PAGES
def test_what_a_page_needs_is_here(anyone, path):
    html = anyone.get(path).content.decode()
    files = re.findall(r"""["']/static/([^"']+)["']""", html)
    assert files
    assert [file for file in files if not finders.find(file)] == []
    assert "/api/schema/" in html
