"""Bad input at the phone door and to invites: refused as JSON, nothing changed, nothing sent, nobody signed in."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from users.models import PhoneCode, Session, User
from users.tests.doors import PHONE, REFUSED, another, fresh_code

OTHER = "+79990000001"
CODE = "482913"
ENDLESS_MARKS = "a" + "\u0300" * 60_000 + "\u0316" * 60_000  # normalising it would take half a minute
BODIES = {  # what would do, by field, as JSON text
    "/api/auth/signup/": {"phone": json.dumps(PHONE)},
    "/api/auth/code/": {"phone": json.dumps(PHONE), "code": json.dumps(CODE)},
    "/api/users/me/invite/": {"invite_code": '"QQ0000"'},
    "/api/registration/": {"username": '"bob"', "password": '"correct horse battery"', "invite_code": '"QQ0000"'},
    "/api/login/": {"phone": json.dumps(PHONE), "password": '"correct horse battery"'},
}
FIELDS = [(path, field) for path, body in BODIES.items() for field in body if field in ("phone", "code", "invite_code")]
NEVER = ["0", "7", "482913", "1.5", "-1", "1e400", "NaN", "Infinity", "9" * 5000, "true", "false", "[]", "{}", '["482913"]', '{"x": "y"}', "[" * 900 + "]" * 900,
         r'"a\u0000b"', r'"\ud800"', r'"a\udfffb"', '"\0"', "'x'", "x", "", json.dumps("x" * 100_000), json.dumps("1" * 100_000),
         json.dumps(" " * 100_000), json.dumps(ENDLESS_MARKS, ensure_ascii=False)]  # fmt: skip
NO_PHONES = ["1234", "1" * 16, "+", "++79991112234", "7+9991112234", "phone", "+7999111223x", "+7 999 111-22-34 ext 5", "+٧٩٩٩١١١٢٢٣٤", "+७९९९१११२२३४",
             "٠١٢٣٤٥٦", "+79991112234;ext=1", "tel:+79991112234", "+79991112234,+79990000001", "+79991112234\n;1", "1" * 65, " ", "()", "😀"]  # fmt: skip
NO_INVITES = [
    "QQ000",
    "QQ00000",
    "QQ 000",
    "QQ-000",
    "QQ00\u0660\u0660",
    "ЙЙ0000",
    "😀",
    "%",
    "' OR 1=1 --",
    "*",
    "______",
    "QQ0000\u200b",
    "x" * 64,
]


@pytest.fixture(autouse=True)
def nothing_changes(trial, client, eve):
    before = state()
    yield
    assert state() == before
    assert client.get("/api/users/me/").json()["username"] == "john"


@pytest.fixture(params=["anyone", "client"])
def visitor(request):
    """Somebody who is not signed in, and john, who is."""
    found = request.getfixturevalue(request.param)
    found.raise_request_exception = found.handler.raise_request_exception = False
    return found


@pytest.fixture
def code(visitor, anyone):
    """The code that is on PHONE; it is still there afterwards."""
    yield fresh_code(anyone)
    assert PhoneCode.objects.get().phone == PHONE
    PhoneCode.objects.all().delete()


def state() -> list:
    return [list(User.objects.order_by("pk").values()), Session.objects.count(), list(PhoneCode.objects.values())]


def send(client, path: str, **instead: str):
    body = ", ".join(f'"{name}": {value}' for name, value in (BODIES[path] | instead).items() if value is not None)
    return client.generic("POST", path, f"{{{body}}}", "application/json")


def use(client, code: object, phone: object = PHONE):
    return send(client, "/api/auth/code/", phone=json.dumps(phone), code=json.dumps(code))


def assert_refused(answer, *fields: str, of: object = None):
    assert answer.status_code == 400, (of, answer.status_code, answer.content[:300])
    assert answer["Content-Type"] == "application/json", of
    assert answer.json() and set(answer.json()) <= set(fields), (of, answer.json())


# What no field can take


@pytest.mark.parametrize(("path", "field"), FIELDS)
def test_a_value_that_the_field_cannot_take(visitor, path, field):
    if "invite/" in path and not visitor._credentials:
        return
    for value in NEVER:
        assert_refused(send(visitor, path, **{field: value}), field, "detail", of=value[:40])


@pytest.mark.parametrize(("path", "field"), [(path, field) for path, field in FIELDS if path not in ("/api/registration/", "/api/login/")])
def test_a_field_that_is_missing_null_or_empty(client, path, field):
    for nothing in (None, "null", '""'):
        assert_refused(send(client, path, **{field: nothing}), field, of=nothing)


def test_a_body_that_is_no_object(client):
    for path in ("/api/auth/signup/", "/api/auth/code/", "/api/users/me/invite/"):
        for body in (
            "",
            "null",
            "7",
            '"+79991112234"',
            "[]",
            '[{"phone": "+79991112234"}]',
            "{",
            "phone=+79991112234",
            "{}{}",
            '{"phone": 1,}',
        ):
            answer = client.generic("POST", path, body, "application/json")
            assert_refused(answer, "phone", "code", "invite_code", "detail", "non_field_errors", of=(path, body))


@pytest.mark.parametrize("path", ["/api/auth/signup/", "/api/auth/code/", "/api/users/me/invite/"])
def test_another_method_or_media_type(client, path):
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        assert client.generic(method, path, "{}", "application/json").status_code == 405
    for media_type in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"):
        assert client.generic("POST", path, "phone=+79991112234", media_type).status_code == 415


# Phones


@pytest.mark.parametrize("phone", NO_PHONES)
def test_a_phone_that_is_none(visitor, phone):
    for path in ("/api/auth/signup/", "/api/auth/code/", "/api/login/"):
        assert_refused(send(visitor, path, phone=json.dumps(phone)), "phone", of=path)


# Codes


@pytest.mark.parametrize(
    "write",
    [lambda code: f" {code}", lambda code: f"{code} ", lambda code: f"{code[:3]} {code[3:]}", lambda code: f"{code[:3]}-{code[3:]}", lambda code: f"{code}\n",
     lambda code: f"0{code}", lambda code: code[:-1], lambda code: code * 2, lambda code: "".join(chr(0xFF10 + int(digit)) for digit in code),
     lambda code: "".join(chr(0x660 + int(digit)) for digit in code), lambda code: f"{code}\u200b", lambda code: f"+{code}", another],
)  # fmt: skip
def test_a_code_that_is_not_written_as_it_was_sent(visitor, code, write):
    answer = use(visitor, write(code))
    assert (answer.status_code, answer.json()) == (400, REFUSED)


@pytest.mark.parametrize("write", [int, float, lambda code: [code], lambda code: {"code": code}, bool])
def test_a_code_that_is_no_text(visitor, code, write):
    assert_refused(use(visitor, write(code)), "code")


def test_a_code_without_its_phone(visitor, code):
    assert_refused(send(visitor, "/api/auth/code/", phone=None, code=json.dumps(code)), "phone")


def test_a_phone_without_its_code(visitor, code):
    assert_refused(send(visitor, "/api/auth/code/", code=None), "code")


def test_a_code_of_another_phone(visitor, code):
    answer = use(visitor, code, OTHER)
    assert (answer.status_code, answer.json()) == (400, REFUSED)


def test_a_code_of_another_phone_that_has_one_too(visitor, anyone):
    codes = fresh_code(anyone), fresh_code(anyone, OTHER)
    if codes[0] != codes[1]:
        assert use(visitor, codes[0], OTHER).json() == use(visitor, codes[1]).json() == REFUSED
    PhoneCode.objects.all().delete()


def test_a_code_of_yesterday(visitor, code):
    PhoneCode.objects.update(expires=timezone.now() - timedelta(days=1) + timedelta(minutes=5))
    answer = use(visitor, code)
    assert (answer.status_code, answer.json()) == (400, REFUSED)


def test_a_code_under_another_name(visitor, code):
    for name in ("activation_code", "otp", "Code", "code ", "codes"):
        body = json.dumps({"phone": PHONE, name: code})
        assert_refused(visitor.generic("POST", "/api/auth/code/", body, "application/json"), "code", of=name)


# Invites


@pytest.mark.parametrize("invite", NO_INVITES)
def test_an_invite_that_is_none(client, anyone, invite):
    assert_refused(send(client, "/api/users/me/invite/", invite_code=json.dumps(invite)), "invite_code")
    assert_refused(send(anyone, "/api/registration/", invite_code=json.dumps(invite)), "invite_code")
