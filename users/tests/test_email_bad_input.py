"""Bad input at the doors of emails and forgotten passwords: refused as JSON, nothing changed, nothing sent."""

import json

import pytest
from django_tasks_db.models import DBTaskResult

from users.models import Session, User

FIELDS = [
    ("/api/email/confirm/", "token"),
    ("/api/email/resend/", "email"),
    ("/api/password/reset/", "email"),
    ("/api/password/reset/confirm/", "uid"),
    ("/api/password/reset/confirm/", "token"),
    ("/api/password/reset/confirm/", "password"),
    ("/api/login/", "email"),
]
BODIES = {
    "/api/email/confirm/": {"token": '"a.b.c"'},
    "/api/email/resend/": {"email": '"john@example.com"'},
    "/api/password/reset/": {"email": '"john@example.com"'},
    "/api/password/reset/confirm/": {"uid": '"MQ"', "token": '"abc-def"', "password": '"a new horse"'},
    "/api/login/": {"email": '"john@example.com"', "password": '"correct horse battery"'},
}
LONG = json.dumps("x" * 100_000)
NEVER = ["null", "0", "7", "1.5", "-1", "true", "false", "[]", "{}", '["x"]', '{"x": "y"}', '["john@example.com"]', '""', "NaN", "1e400",
         "[" * 900 + "]" * 900, "9" * 5000, r'"a\u0000b"', r'"\ud800"', r'"a\udfffb"', '"\0"', "x", "", LONG]  # fmt: skip
NO_EMAILS = ["john", "john@", "@example.com", "john@example", "john@exam ple.com", "john@@example.com", "a@b@c.com", " john@example.com",
             "john@example.com ", "john@example.com\n", "john@example.com\r\nBcc: eve@example.com", "john@example.com,eve@example.com",
             "john@example.com;eve@example.com", "<john@example.com>", "John <john@example.com>", "mailto:john@example.com", "john@.com",
             "john@-example.com", "john@example..com", ".@example.com", "иван@example.com", "john\u200b@example.com", "john@[127.0.0.1",
             "😀@example.com", "x" * 65_000 + "@example.com", "john@" + "x" * 250 + ".com", "a@\ufdfa.com",
             "a" + "\u0300" * 60_000 + "\u0316" * 60_000 + "@example.com"]  # fmt: skip
PAGES = ["/api/email/confirm/", "/api/password/reset/confirm/"]
QUERIES = ["", "?", "?token", "?token=", "?uid=", "?token=x", "?uid=x&token=y", "?token=a.b.c", "?token=%00", "?token=%ff%fe", "?token=%ed%a0%80",
           "?token[]=a&token[]=b", "?token=a&token=b", "?uid=MQ&uid=Mg&token=a", "?token[a]=b", "?uid=%D9%A3&token=1-2", "?uid=" + "9" * 5000,
           "?token=" + "a" * 5000, "?token=" + "." * 3000, "?uid=MQ&token=" + "-" * 3000, "?uid=MQ&token=" + "z" * 13 + "-a",
           "?token=<script>alert(1)</script>", "?uid=%22><script>alert(1)</script>&token=%22%3E", "?token=%F0%9F%98%80", "?a=b&" * 300]  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_is_changed_or_sent(john):
    john.prove_email("john@example.com", 0)
    before = state()
    yield
    assert state() == before


@pytest.fixture
def anyone(anyone):
    anyone.raise_request_exception = anyone.handler.raise_request_exception = False
    return anyone


def state() -> list:
    return [list(User.objects.order_by("pk").values()), Session.objects.count(), DBTaskResult.objects.count()]


def send(anyone, path: str, **instead):
    fields = {name: value for name, value in (BODIES[path] | instead).items() if value is not None}
    body = "{" + ", ".join(f'"{name}": {value}' for name, value in fields.items()) + "}"
    return anyone.generic("POST", path, body.encode(), content_type="application/json")


def assert_refused(answer):
    assert answer.status_code == 400, answer.content[:300]
    assert answer["Content-Type"] == "application/json" and isinstance(answer.json(), dict)


@pytest.mark.parametrize(("path", "field"), FIELDS)
@pytest.mark.parametrize("value", NEVER, ids=lambda value: value[:20])
def test_what_is_no_text_or_cannot_be_stored_is_refused(anyone, path, field, value):
    assert_refused(send(anyone, path, **{field: value}))


@pytest.mark.parametrize(("path", "field"), FIELDS)
def test_what_is_missing_is_named(anyone, path, field):
    answer = send(anyone, path, **{field: None})
    assert_refused(answer)
    assert field in answer.json() or path == "/api/login/"


@pytest.mark.parametrize("path", ["/api/email/resend/", "/api/password/reset/", "/api/login/"])
@pytest.mark.parametrize("email", NO_EMAILS, ids=lambda email: email[:30])
def test_what_is_no_email_is_refused_by_its_field(anyone, path, email):
    answer = send(anyone, path, email=json.dumps(email, ensure_ascii=False))
    assert_refused(answer)
    assert set(answer.json()) == {"email"}


@pytest.mark.parametrize("email", NO_EMAILS, ids=lambda email: email[:30])
def test_what_is_no_email_is_refused_of_an_account_too(anyone, john, email):
    answers = [anyone.post("/api/registration/", {"username": "bob", "password": "a new horse", "email": email})]
    anyone.force_authenticate(john)
    answers.append(anyone.patch("/api/users/me/", {"email": email}))
    for answer in answers:
        assert_refused(answer)
        assert set(answer.json()) == {"email"}


@pytest.mark.parametrize("path", [path for path in BODIES if path != "/api/login/"])
@pytest.mark.parametrize("body", ["", "null", "[]", "7", "{", "token=x", '{"token": "\0"}', "[" * 100_000])
def test_what_is_no_object_is_refused(anyone, path, body):
    assert_refused(anyone.generic("POST", path, body.encode(), content_type="application/json"))


@pytest.mark.parametrize("path", [path for path in BODIES if path != "/api/login/"])
@pytest.mark.parametrize("media_type", ["text/html", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_what_is_no_json_is_415(anyone, path, media_type):
    """A form on somebody else's page cannot press the button."""
    answer = anyone.generic("POST", path, b"token=x&uid=MQ&password=y&email=john@example.com", content_type=media_type)
    assert answer.status_code == 415
    assert answer["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query[:30])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_page_is_a_page_whatever_its_parameters_are(anyone, path, query, method):
    answer = anyone.generic(method, path + query)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/html; charset=utf-8")
    page = answer.content.decode()
    assert "<button>" not in page and "alert(1)" not in page
    assert method == "HEAD" or "This link is not valid" in page


@pytest.mark.parametrize("path", ["/api/email/resend/", "/api/password/reset/"])
def test_where_there_is_no_page_get_is_405(anyone, path):
    answer = anyone.get(path)
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/json")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_another_method_is_405(anyone, path, method):
    assert anyone.generic(method, path, b"{}", content_type="application/json").status_code == 405


@pytest.mark.parametrize(
    "token", ["..", "a.b", "a.b.c.d", "WzEsImEiLDBd.1xUg6m.AAAA", "W10.1xUg6m.AAAA", "x" * 2048, ".", "́" * 2000, "😀.😀.😀"]
)
def test_a_token_that_is_none_is_refused_by_its_field(anyone, token):
    answer = send(anyone, "/api/email/confirm/", token=json.dumps(token))
    assert_refused(answer)
    assert set(answer.json()) == {"token"}
