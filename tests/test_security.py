"""What SECURITY.md says is so: each test that it names is there, and what of it is about headers and cookies."""

import json
import re

import pytest
import requests

from tests import servers
from tests.service import PASSWORD, Service, place

SECURITY = (servers.PROJECT / "SECURITY.md").read_text()
OVER_TLS = {"X-Forwarded-Proto": "https"}  # as the proxy says
ELSEWHERE = "https://elsewhere.example"
LEVEL_1 = """
    1.2.1 1.2.2 1.2.3 1.2.4 1.2.5 1.3.1 1.3.2 1.5.1 2.1.1 2.2.1 2.2.2 2.3.1 3.2.1 3.2.2 3.3.1 3.4.1 3.4.2 3.5.1 3.5.2 3.5.3 4.1.1 4.4.1
    5.2.1 5.2.2 5.3.1 5.3.2 6.1.1 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.7 6.3.1 6.4.1 6.4.2 7.2.1 7.2.2 7.2.3 7.2.4 7.4.1 7.4.2 8.1.1 8.2.1
    8.2.2 8.3.1 9.1.1 9.1.2 9.1.3 9.2.1 11.3.1 11.3.2 11.4.1 12.1.1 12.2.1 12.2.2 13.4.1 14.2.1 14.3.1 15.1.1 15.2.1 15.3.1
""".split()


@pytest.fixture(scope="module")
def where():
    with place(DEBUG="true", HTTPS="true", NUM_PROXIES="1", CORS_ALLOWED_ORIGINS="https://app.example") as somewhere:
        yield somewhere


@pytest.fixture(scope="module")
def service(where):
    with Service(where) as one:
        yield one


def ask(service, method: str, path: str, **options) -> requests.Response:
    headers = OVER_TLS | options.pop("headers", {})
    return requests.request(method, service.url + path, headers=headers, timeout=30, allow_redirects=False, **options)


ANSWERS = [
    ("GET", "/api/users/", 401, "application/json"),
    ("GET", "/api/products/", 200, "application/json"),
    ("POST", "/api/login", 400, "application/json"),
    ("PUT", "/api/login", 405, "application/json"),
    ("GET", "/api/nothing", 404, "application/json"),
    ("GET", "/api/schema/", 200, "application/vnd.oai.openapi"),
    ("GET", "/api/docs/", 200, "text/html; charset=utf-8"),
    ("GET", "/admin/login/", 200, "text/html; charset=utf-8"),
    ("GET", "/nothing", 404, "text/html; charset=utf-8"),
    ("GET", "/health/live", 200, "application/json"),
    ("GET", "/health/ready", 200, "application/json"),
]


@pytest.mark.parametrize(("method", "path", "status", "kind"), ANSWERS)
def test_no_answer_may_be_taken_for_another_kind(service, method, path, status, kind):
    answer = ask(service, method, path)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith(kind)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("method", "path", "status", "kind"), [one for one in ANSWERS if not one[1].startswith("/health")])
def test_with_https_browsers_are_told_to_stay_there(service, method, path, status, kind):
    assert ask(service, method, path).headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    plain = ask(service, method, path, headers={"X-Forwarded-Proto": "http"})
    assert plain.status_code == 301 and plain.headers["Location"].startswith("https://")


def test_with_https_cookies_are_bound_to_their_host(service):
    form = ask(service, "GET", "/admin/login/")
    token = form.cookies["__Host-csrftoken"]
    data = {"username": "admin", "password": PASSWORD, "csrfmiddlewaretoken": token}
    headers = {"Cookie": f"__Host-csrftoken={token}", "Referer": service.url.replace("http://", "https://") + "/admin/login/"}
    entered = ask(service, "POST", "/admin/login/", data=data, headers=headers)
    assert entered.status_code == 302
    cookies = [line for answer in (form, entered) for line in answer.raw.headers.getlist("Set-Cookie")]
    assert {line.partition("=")[0] for line in cookies} == {"__Host-csrftoken", "__Host-sessionid"}
    for line in cookies:  # what browsers ask of a cookie of this name: RFC 6265bis, section 4.1.3.2
        assert "Secure" in line and "Path=/" in line and "Domain" not in line


def test_another_origin_is_let_in_only_where_it_is_named(service):
    for path in ("/api/products/", "/api/users/", "/admin/login/"):
        assert "Access-Control-Allow-Origin" not in ask(service, "GET", path, headers={"Origin": ELSEWHERE}).headers
    named = ask(service, "GET", "/api/products/", headers={"Origin": "https://app.example"})
    assert named.headers["Access-Control-Allow-Origin"] == "https://app.example"


def test_nothing_of_the_api_is_kept_by_caches(service):
    for path in ("/api/users/", "/api/products/", "/api/login"):
        assert ask(service, "GET", path).headers["Cache-Control"] == "no-store"


def test_a_host_that_is_not_served_is_a_short_line_in_the_log(service):
    """Scanners send such all day."""
    before = service.said()
    for host in ("elsewhere.example", ""):
        assert ask(service, "GET", "/api/users/", headers={"Host": host}).status_code == 400
    lines = service.said().removeprefix(before).splitlines()
    assert [json.loads(line)["host"] for line in lines] == ["elsewhere.example", ""]
    assert max(map(len, lines)) < 300


@pytest.mark.once
def test_every_requirement_of_level_1_is_there_once():
    named = re.findall(r"^\| (\d+\.\d+\.\d+) \|", SECURITY, re.MULTILINE)
    assert named == LEVEL_1


@pytest.mark.once
def test_every_test_that_is_named_is_there():
    rows = [line for line in SECURITY.splitlines() if line.startswith("| ")]
    named = 0
    for row in rows:
        files = [servers.PROJECT / name for name in re.findall(r"\]\(([^)]+\.py)\)", row)]
        texts = [file.read_text() for file in files]
        for test in re.findall(r"`(test_\w+)`", row):
            assert any(f"def {test}(" in text for text in texts), row
            named += 1
    assert named > 30
