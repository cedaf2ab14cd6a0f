"""The one door for input: a JSON object, strictly read."""

import json

import pytest

UNREADABLE = {
    "nothing but spaces": b"   ",
    "half an object": b'{"username": "john"',
    "two objects": b"{}{}",
    "single quotes": b"{'username': 'john'}",
    "a comma too many": b'{"username": "john",}',
    "a comment": b"{} // hi",
    "a list": b"[]",
    "a list of objects": b'[{"username": "john"}]',
    "a text": b'"john"',
    "a number": b"7",
    "true": b"true",
    "null": b"null",
    "NaN": b'{"username": NaN}',
    "infinity": b'{"username": Infinity}',
    "infinity below": b'{"a": [-Infinity]}',
    "a number beyond all floats": b'{"a": 1e999}',
    "a number beyond all floats, deep inside": b'{"a": {"b": [1, -1e999]}}',
    "a number of 5000 digits": b'{"a": ' + b"7" * 5000 + b"}",
    "100 000 brackets": b"[" * 100_000,
    "100 000 objects": b'{"a":' * 50_000,
    "900 brackets in a field": b'{"username": ' + b"[" * 900 + b"]" * 900 + b"}",
    "33 levels": b'{"a": ' + b"[" * 32 + b"]" * 32 + b"}",
    "NUL in a value": b'{"username": "jo\\u0000hn"}',
    "NUL in a key": b'{"user\\u0000name": "john"}',
    "NUL deep inside": b'{"a": [{"b": "\\u0000"}]}',
    "half a character in a value": b'{"username": "\\ud800"}',
    "half a character in a key": b'{"\\udfff": 1}',
    "halves in the wrong order": b'{"username": "\\ude00\\ud83d"}',
    "half a character as bytes": b'{"username": "\xed\xa0\x80"}',
    "a raw control character": b'{"username": "jo\nhn"}',
    "bytes that are no UTF-8": b'{"username": "\xff"}',
    "UTF-16": '{"username": "john"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
}


def post(anyone, body: bytes):
    return anyone.generic("POST", "/api/registration", body, content_type="application/json")


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
@pytest.mark.parametrize("path", ["/api/registration", "/api/login"])
def test_what_cannot_be_read_is_400(anyone, db, path, body):
    answer = anyone.generic("POST", path, body, content_type="application/json")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/json"
    assert set(answer.json()) == {"detail"}


def test_nor_is_anything_changed_by_it(client):
    before = client.get("/api/users/me").json()
    for what, body in UNREADABLE.items():
        assert client.generic("PATCH", "/api/users/me", body, content_type="application/json").status_code == 400, what
    assert client.get("/api/users/me").json() == before


@pytest.mark.parametrize(
    "field", [b'"\\ud83d\\ude00"', '"😀"'.encode(), b"1e300", b"-0.0", b"12345678901234567890", b"[" * 31 + b"]" * 31, b'""', b"null"],
)  # fmt: skip
def test_what_can_be_read_is_judged_by_its_field(anyone, db, field):
    answer = post(anyone, b'{"password": "x", "first_name": ' + field + b"}")
    assert answer.status_code == 400
    assert "username" in answer.json()


def test_an_unknown_field_of_any_kind_is_ignored(anyone, db):
    body = {"username": "bob", "password": "x", "unknown": [1, {"a": None}], "": "", "__proto__": {}, "is_staff": True}
    assert post(anyone, json.dumps(body).encode()).status_code == 201


def test_the_last_of_two_equal_keys_counts(anyone, db):
    assert post(anyone, b'{"username": "me", "username": "bob", "password": "x"}').json()["username"] == "bob"


def test_a_body_that_comes_with_a_read_is_not_looked_at(client):
    assert client.generic("GET", "/api/users/me", b"{", content_type="application/json").status_code == 200
    assert client.generic("GET", "/api/users/me", b"a=b", content_type="text/plain").status_code == 200
