"""Bad input: every one gets its 4xx as JSON, changes nothing, and leaves the service well.

Bodies are put together as text here: what must be refused is mostly what no JSON library would write.
"""

import json
import socket
from urllib.parse import quote

import pytest
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken

from conftest import PASSWORD
from tests.service import Service, place
from users.models import Session, User
from users.tests.forging import bearer, forged

WORDS = json.dumps(PASSWORD)
PERSON = {"username": '"newcomer"', "password": WORDS, "email": '"new@example.com"', "phone": '"+79990001122"', "first_name": '"New"',
          "last_name": '"Comer"', "is_mentor": "true", "mentor": '"alice"', "mentor_username": '"alice"'}  # fmt: skip
ENDPOINTS = {  # a body that would do, by field, as JSON text
    "POST /api/registration/": PERSON | {"repeat_password": WORDS},
    "POST /api/login/": {"username": '"john"', "password": WORDS},
    "POST /api/token/refresh/": {"refresh": '"REFRESH"'},
    "POST /api/logout/": {"refresh": '"REFRESH"', "blacklist": "true", "everywhere": "true"},
    "POST /api/change-password/": {"old_password": WORDS, "new_password": '"another horse"'},
    "PATCH /api/users/me/": PERSON | {"old_password": WORDS},
    "PUT /api/users/me/": PERSON | {"old_password": WORDS},
}
FIELDS = [(endpoint, field) for endpoint, body in ENDPOINTS.items() for field in body]
TRUTHS, NULLABLE = {"is_mentor", "blacklist", "everywhere"}, {"email", "phone", "mentor", "mentor_username"}
DEEP, MANY_DIGITS = "[" * 900 + "]" * 900, "9" * 5000
NEVER = ["0", "7", "1.5", "-1", "[]", "{}", '["x"]', '{"x": "y"}', "NaN", "Infinity", "-Infinity", "1e400", MANY_DIGITS, DEEP,
         r'"a\u0000b"', r'"\ud800"', r'"a\udfffb"', '"\0"', "'x'", "x", ""]  # fmt: skip
NO_TEXT, NO_TRUTH = ["true", "false"], ["null", '""', '"true"', '"yes"', "1"]

BODIES = {
    "nothing": "", "null": "null", "a number": "7", "a fraction": "1.5", "a text": '"text"', "true": "true", "an array": "[]",
    "an array of objects": "[{}]", "no JSON": "username=john", "half an object": "{", "a stray bracket": "{}}", "two objects": "{}{}",
    "single quotes": "{'username': 'john'}", "a comma too many": '{"username": "john",}', "no quotes": "{username: 1}",
    "a byte order mark": "\ufeff{}", "not UTF-8": b'{"username": "\xff"}', "UTF-16": '{"username": "john"}'.encode("utf-16"),
    "a bare NUL": '{"username": "\0"}', "compressed": b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "100 000 open brackets": "[" * 100_000,
    "100 000 brackets": "[" * 100_000 + "]" * 100_000, "40 000 objects": '{"a":' * 40_000 + "1" + "}" * 40_000,
    "900 brackets in a field": f'{{"unknown": {DEEP}}}', "33 levels": '{"unknown": ' + "[" * 33 + "]" * 33 + "}",
    "5000 digits": f'{{"unknown": {MANY_DIGITS}}}', "too large a number": '{"unknown": 1e400}', "NaN": '{"unknown": NaN}',
    "infinite": '{"unknown": -Infinity}', "NUL in a key": r'{"a\u0000b": 1}', "a lone surrogate in a key": r'{"\ud800": 1}',
    "a lone surrogate deep inside": r'{"unknown": [{"\udc00": 1}]}', "3 MB": json.dumps({"unknown": "x" * 3_000_000}),
    "3 MB of brackets": "[" * 3_000_000,
}  # fmt: skip
MEDIA_TYPES = ["*/*", "application/*", "text/plain", "text/html", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data",
               "multipart/form-data; boundary=x", "application/jsonx", "application", "nonsense;;=", "json", ""]  # fmt: skip

NAMES = ["", " ", "a b", "a/b", "a\nb", "a\u200bb", "😀", "<b>", "a,b", "x" * 151, "x" * 100_000, "me", "ME", "ｍｅ", ".", "..", "‥", "․",
         "123", "１２３", "²", "①", "١٢٣", "JOHN", "ｊohn", "ＡＬＩＣＥ", "ﬃ" * 60, "ﷺ" * 150, "ŉ" * 100]  # fmt: skip
NO_IDS = ["", "x", "-1", "+1", "1.5", "1e3", "0x10", " 1", "1 ", "١", "²", "９", "NaN", "true", "\0", "1\0", str(2**63), MANY_DIGITS]
NOBODY = ["0", "99999999", "nobody", str(2**63 - 1), str(2**63), MANY_DIGITS, "-1", "+1", "1.5", "１", "²", "١", " ", "\0", "me\0", "x" * 151,
          "x" * 5000, "😀", "%", "..%2f", "ŉ" * 100]  # fmt: skip


@pytest.fixture
def away(person):
    """A mentor who is inactive."""
    return person("away", is_mentor=True, is_active=False)


@pytest.fixture
def other(sign_in, eve):
    """Eve, signed in."""
    return sign_in(eve)


@pytest.fixture
def deleted(other, eve):
    """Eve's client, after she deleted her account."""
    other.delete("/api/users/me/")
    return other


def put_together(fields: dict[str, str]) -> str:
    return "{" + ", ".join(f'"{name}": {value}' for name, value in fields.items()) + "}"


def state() -> list:
    users = User.objects.order_by("pk").values()
    return [list(users), list(Session.objects.order_by("pk").values()), BlacklistedToken.objects.count()]


@pytest.fixture
def client(client):
    client.handler.raise_request_exception = client.raise_request_exception = False
    return client


@pytest.fixture(autouse=True)
def nothing_changes_and_the_service_is_well(request):
    if "service" in request.fixturenames:
        yield
        return
    client, *_others = [request.getfixturevalue(name) for name in ("client", "eve", "away", "other", "deleted")
                        if name in ("client", "eve", *request.fixturenames)]  # fmt: skip
    before = state()
    yield
    assert state() == before
    assert client.get("/api/users/me/").json()["username"] == "john"
    assert len(client.get("/api/users/").json()) == sum(user["is_active"] for user in before[0])


def send(client, endpoint: str, body: str | bytes, media_type: str = "application/json"):
    method, path = endpoint.split()
    return client.generic(method, path, body.replace("REFRESH", client.refresh) if isinstance(body, str) else body, media_type)


def assert_refused(answer, *statuses: int, of: object = None):
    assert answer.status_code in statuses, (of, answer.status_code, answer.content[:300])
    assert answer["Content-Type"] == "application/json", of
    assert isinstance(answer.json(), dict) and answer.json(), of


# Bodies


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_body_that_is_no_good_json_object(client, endpoint):
    for what, body in BODIES.items():
        if what != "nothing" or endpoint.startswith("POST /api/logi"):
            assert_refused(send(client, endpoint, body), 413 if what.startswith("3 MB") else 400, of=what)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_another_media_type(client, endpoint):
    for media_type in MEDIA_TYPES:
        answer = send(client, endpoint, put_together(ENDPOINTS[endpoint]), media_type)
        assert_refused(answer, 415, of=media_type)
        assert "Content-Type: application/json" in answer.json()["detail"]


@pytest.mark.parametrize(("endpoint", "field"), FIELDS)
def test_a_value_that_the_field_cannot_take(client, endpoint, field):
    values = NEVER + (NO_TRUTH if field in TRUTHS else NO_TEXT) + ([] if field in NULLABLE else ["null"])
    for value in values:
        answer = send(client, endpoint, put_together(ENDPOINTS[endpoint] | {field: value}))
        assert_refused(answer, 400, of=value)
        assert set(answer.json()) <= {field, "detail"}


@pytest.mark.parametrize(("endpoint", "field"), [(e, f) for e, f in FIELDS if f not in TRUTHS])
def test_a_text_that_is_far_too_long(client, endpoint, field):
    answer = send(client, endpoint, put_together(ENDPOINTS[endpoint] | {field: json.dumps("x" * 200_000)}))
    assert_refused(answer, 400)


@pytest.mark.parametrize("endpoint", list(ENDPOINTS)[:3] + list(ENDPOINTS)[4:5])
def test_a_field_that_is_missing(client, endpoint):
    for field in {"username", "password", "refresh", "old_password", "new_password"} & ENDPOINTS[endpoint].keys():
        body = {name: value for name, value in ENDPOINTS[endpoint].items() if name != field}
        answer = send(client, endpoint, put_together(body))
        assert_refused(answer, 400, of=field)
        assert set(answer.json()) == {field}


# Values


@pytest.mark.parametrize("endpoint", ["POST /api/registration/", "PATCH /api/users/me/"])
def test_a_name_that_cannot_be_taken(client, endpoint):
    own = ("JOHN", "ｊohn") if endpoint.startswith("PATCH") else ()  # one's own name in another form is still one's own
    for name in [name for name in NAMES if name not in own]:
        answer = send(client, endpoint, json.dumps({"username": name, "password": PASSWORD}))
        assert_refused(answer, 400, of=name)
        assert set(answer.json()) == {"username"}


@pytest.mark.parametrize("endpoint", ["POST /api/registration/", "PATCH /api/users/me/"])
@pytest.mark.parametrize("field", ["mentor", "mentor_username"])
def test_a_mentor_who_cannot_be_one(client, away, endpoint, field):
    for name in ["newcomer" if "registration" in endpoint else "john", "nobody", "away", "eve", "ＥＶＥ", "7", " alice", "x" * 151]:
        answer = send(client, endpoint, json.dumps({"username": "newcomer", "password": PASSWORD, field: name}))
        assert_refused(answer, 400, of=name)
        assert set(answer.json()) == {field}


@pytest.mark.parametrize("endpoint", ["POST /api/registration/", "PATCH /api/users/me/"])
def test_two_mentors_at_once(client, endpoint):
    for other in ("eve", "", None):
        given = {"username": "newcomer", "password": PASSWORD, "mentor": "alice", "mentor_username": other}
        assert_refused(send(client, endpoint, json.dumps(given)), 400, of=other)


@pytest.mark.parametrize(
    ("endpoint", "field"),
    [("POST /api/registration/", "password"), ("PATCH /api/users/me/", "password"), ("POST /api/change-password/", "new_password")],
)
def test_a_weak_password_where_passwords_are_looked_at(client, settings, endpoint, field):
    where = "django.contrib.auth.password_validation."
    names = ["UserAttributeSimilarity", "MinimumLength", "CommonPassword", "NumericPassword"]
    settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": f"{where}{name}Validator"} for name in names]
    for password in ["short", "password", "6203981756", "x" * 1025, "", "john@example.com"]:
        given = {"username": "john@example.com", "old_password": PASSWORD, field: password}
        answer = send(client, endpoint, json.dumps(given))
        assert_refused(answer, 400, of=password)
        assert set(answer.json()) == {field}


def test_a_masked_password_is_none_to_begin_with(client):
    for endpoint, field in (("POST /api/registration/", "password"), ("POST /api/change-password/", "new_password")):
        given = {"username": "newcomer", "old_password": PASSWORD, field: "********"}
        assert_refused(send(client, endpoint, json.dumps(given)), 400)


@pytest.mark.parametrize("phone", ["1234", "1" * 16, "+", "++12345", "phone", "12345x", "１２３", "1" * 65, "٠١٢٣٤", "12345;ext=1"])
def test_a_phone_that_is_none(client, phone):
    assert_refused(send(client, "PATCH /api/users/me/", json.dumps({"phone": phone})), 400)


@pytest.mark.parametrize(
    "email", ["x", "@", "x@", "@x", "x@y", "a b@example.com", "x@example..com", "x" * 255 + "@example.com", "x@\0.com"]
)
def test_an_email_that_is_none(client, email):
    assert_refused(send(client, "PATCH /api/users/me/", json.dumps({"email": email})), 400)


def test_what_is_not_ones_own_to_change_is_ignored(client, john, eve):
    given = {"id": 1, "is_staff": True, "is_superuser": True, "is_active": False, "mentees": ["eve"], "mentees_count": 9, "mentor_id": eve.pk,
             "taken_on_by": 1, "date_joined": None, "username_key": "x", "groups": [1], "user_permissions": "x", "unknown": {"a": []}}  # fmt: skip
    assert send(client, "PATCH /api/users/me/", json.dumps(given)).status_code == 200


# Paths and parameters


def test_a_user_who_is_not_there(client):
    for name in NOBODY:
        for endpoint in ("GET {}/", "PATCH {}/", "PUT {}/", "DELETE {}/", "GET {}/mentees/"):
            method, ending = endpoint.format(quote(name, safe="")).split(maxsplit=1)
            assert_refused(client.generic(method, f"/api/users/{ending}", "{}", "application/json"), 404, of=(method, name[:20]))


@pytest.mark.parametrize("path", ["/api/users/me/mentees/", "/api/sessions/"])
def test_a_mentee_or_session_that_is_not_there(client, path):
    for name in NOBODY:
        assert_refused(client.delete(f"{path}{quote(name, safe='')}/"), 404, of=name[:20])


@pytest.mark.parametrize("broken", ["%ff", "%ed%a0%80", "%c0%80", "%"])
def test_a_path_that_is_no_utf_8(client, broken):
    assert_refused(client.get(f"/api/users/{broken}/"), 404)


@pytest.mark.parametrize("name", ["alice", "eve"])
def test_somebody_else(client, name):
    for method in ("PATCH", "PUT", "DELETE"):
        assert_refused(client.generic(method, f"/api/users/{name}/", '{"first_name": "X"}', "application/json"), 403, of=method)


@pytest.mark.parametrize("path", ["/api/users/", "/api/users/me/mentees/", "/api/sessions/"])
@pytest.mark.parametrize("parameter", ["after", "before", "page_size"])
def test_a_parameter_that_is_no_number(client, path, parameter):
    for value in [*NO_IDS, *(["0", "1001"] if parameter == "page_size" else [])]:
        answer = client.get(f"{path}?{parameter}={quote(value)}")
        assert_refused(answer, 400, of=value[:20])
        assert set(answer.json()) == {parameter}


@pytest.mark.parametrize("parameter", ["is_mentor", "has_mentor"])
def test_a_parameter_that_is_neither_true_nor_false(client, parameter):
    for value in ["", "2", "-1", "yes", "null", " true", "１", "\0", "x" * 5000]:
        assert_refused(client.get(f"/api/users/?{parameter}={quote(value)}"), 400, of=value[:20])


@pytest.mark.parametrize("query", ["after=1&before=9", "search=a&after=a&before=b", "search=", "mentor=", "search=a&after=", "search=a&before=",
                                   "search=%00", "mentor=%00", "search=a&after=%00", f"search={'x' * 451}", f"mentor={'x' * 5000}", f"mentor={quote('ŉ' * 100)}"])  # fmt: skip
def test_parameters_that_cannot_be_read(client, query):
    assert_refused(client.get(f"/api/users/?{query}"), 400)


@pytest.mark.parametrize("query", ["search=%ff", "search=%ed%a0%80", "search=%25", "search=_", "mentor=nobody", "mentor=" + "x" * 150,
                                   f"after={2**63 - 1}", "before=0", "search=%F0%9F%98%80"])  # fmt: skip
def test_what_nobody_fits_finds_nobody(client, query):
    answer = client.get(f"/api/users/?{query}")
    assert answer.status_code == 200
    assert answer.json() == []


@pytest.mark.parametrize(
    "path", ["/api/nothing", "/api/users/1/nothing/", "/api/v2/users/", "/api/users//", "/api//users/", "/api/login/x"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE", "BREW"])
def test_a_path_that_leads_nowhere(client, path, method):
    assert_refused(client.generic(method, path, "{", "application/json"), 404)


@pytest.mark.parametrize(
    ("methods", "path"),
    [("GET PUT PATCH DELETE TRACE BREW", "/api/login"), ("GET DELETE", "/api/registration"), ("GET", "/api/token/refresh"), ("GET", "/api/logout"),
     ("GET PUT", "/api/change-password"), ("POST PUT PATCH DELETE", "/api/users"), ("POST", "/api/users/me"), ("POST", "/api/users/me/mentees"),
     ("GET POST", "/api/users/me/mentees/1"), ("POST PATCH", "/api/sessions"), ("GET PATCH", "/api/sessions/1"), ("POST", "/api")],
)  # fmt: skip
def test_another_method(client, methods, path):
    for method in methods.split():
        answer = client.generic(method, path, "{}", "application/json")
        assert_refused(answer, 405, of=method)
        assert answer["Allow"]


def test_another_host(client):
    assert_refused(client.get("/api/users/", HTTP_HOST="elsewhere.example.com"), 400)


# Tokens


def bad_tokens(good: str, other_kind: str) -> dict[str, str]:
    return {
        "nonsense": "nonsense", "two dots": "..", "three parts of nothing": "a.b.c", "half": good[: len(good) // 2], "longer": good + "x",
        "of the other kind": other_kind, "another key": forged(good, key="another key, which is long enough for it"),
        "no algorithm": forged(good, key="", algorithm="none"), "expired": forged(good, exp=1), "no session": forged(good, without="sid"),
        "another session": forged(good, sid=99999999), "no number": forged(good, sid="x"), "beyond ids": forged(good, sid=2**63),
        "another user": forged(good, user_id="99999999"), "no user": forged(good, without="user_id"), "no kind": forged(good, without="token_type"),
        "no end": forged(good, without="exp"), "an end that is none": forged(good, exp="soon"), "an end too far": forged(good, exp=10**30),
        "no text": forged(good, jti="x" * 65), "huge": "x" * 2049,
    }  # fmt: skip


@pytest.fixture
def access(client):
    return client._credentials["HTTP_AUTHORIZATION"].removeprefix("Bearer ")


def test_an_access_token_that_is_none(client, access):
    for what, token in bad_tokens(access, client.refresh).items():
        answer = APIClient(raise_request_exception=False).get("/api/users/me/", **bearer(token))
        assert_refused(answer, 401, of=what)
        assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic am9objpqb2hu", "Token x", "Bearer a b", "bearer \x00", "Bearer é", "ünï", "\t"]
)
def test_an_authorization_that_is_none(client, anyone, header):
    assert_refused(anyone.get("/api/users/me/", HTTP_AUTHORIZATION=header), 401)


def test_a_refresh_token_that_is_none(client, anyone, access):
    for what, token in bad_tokens(client.refresh, access).items():
        status = 400 if what == "huge" else 401
        assert_refused(anyone.post("/api/token/refresh", {"refresh": token}), status, of=what)


def test_a_refresh_token_that_ends_nothing(client, anyone, access):
    for what, token in bad_tokens(client.refresh, access).items():
        for who in (client, anyone):
            assert_refused(who.post("/api/logout", {"refresh": token, "everywhere": True}), 400, of=what)


def test_somebody_elses_refresh_token_ends_nothing(client, other):
    assert_refused(client.post("/api/logout", {"refresh": other.refresh, "everywhere": True}), 400)


def test_the_tokens_of_a_deleted_user(client, anyone, deleted):
    assert_refused(deleted.get("/api/users/me/"), 401)
    assert_refused(anyone.post("/api/token/refresh", {"refresh": deleted.refresh}), 401)
    assert_refused(anyone.post("/api/logout", {"refresh": deleted.refresh}), 400)


def test_neither_a_token_nor_a_refresh_token(client, anyone):
    assert_refused(anyone.post("/api/logout", {}), 401)


@pytest.mark.parametrize(
    "given", [("nobody", PASSWORD), ("john", "wrong"), ("john", " " + PASSWORD), ("x" * 1500, PASSWORD), ("١", "x" * 1024)]
)
def test_a_wrong_name_and_a_wrong_password_look_alike(client, anyone, given):
    answer = anyone.post("/api/login", dict(zip(("username", "password"), given, strict=True)))
    assert_refused(answer, 401)
    assert answer.json() == anyone.post("/api/login", {"username": "nobody else", "password": "x"}).json()


# Over HTTP itself


@pytest.fixture(scope="module")
def service():
    with place() as where, Service(where) as one:
        yield one


HEAD = "POST /api/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nConnection: close\r\n"
LOGIN = '{"username": "nobody", "password": "x"}'


def chunked(*chunks: str) -> str:
    return HEAD + "Transfer-Encoding: chunked\r\n\r\n" + "".join(f"{len(chunk):x}\r\n{chunk}\r\n" for chunk in chunks) + "0\r\n\r\n"


RAW = {  # what is sent as it is, and the statuses that may answer; None: the connection ends without one
    "a chunked body": (chunked(LOGIN[:9], LOGIN[9:]), [401]),
    "a chunked body that is no JSON": (chunked("{"), [400]),
    "an empty chunked body": (chunked(), [411]),
    "3 MB in chunks": (chunked(*["x" * 30_000] * 100), [413]),
    "a chunk that is none": (HEAD + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", [411]),
    "a chunked body that breaks off": (HEAD + "Transfer-Encoding: chunked\r\n\r\n5\r\n{", [400, None]),
    "both lengths": (HEAD + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [411]),
    "two lengths": (HEAD + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n{    }", [400, None]),
    "a negative length": (HEAD + "Content-Length: -1\r\n\r\n", [400, None]),
    "a length that is none": (HEAD + "Content-Length: many\r\n\r\n", [400, None]),
    "a body that breaks off": (HEAD + "Content-Length: 500\r\n\r\n{", [400, None]),
    "3 MB": (HEAD + "Content-Length: 3000000\r\n\r\n" + "x" * 3_000_000, [413]),
    "no body": (HEAD + "\r\n", [400]),
    "another encoding": (HEAD + "Transfer-Encoding: gzip\r\n\r\nx", [400, 411, 501, None]),
    "no HTTP": ("nonsense\r\n\r\n", [400, None]),
    "no version": ("GET /api/\r\n\r\n", [400, None]),
    "NUL in the path": ("GET /api/users/\0/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", [400, None]),
    "no host": ("GET /api/ HTTP/1.1\r\nConnection: close\r\n\r\n", [400]),
    "another host": ("GET /api/ HTTP/1.1\r\nHost: elsewhere\r\nConnection: close\r\n\r\n", [400]),
    "a path too long": (f"GET /api/{'x' * 500_000} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", [400, 414, 431, None]),
    "a header too long": (
        f"GET /api/users/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX: {'x' * 500_000}\r\nConnection: close\r\n\r\n",
        [400, 401, 431, None],
    ),
    "many headers": ("GET /api/ HTTP/1.1\r\nHost: 127.0.0.1\r\n" + "X: y\r\n" * 5000 + "Connection: close\r\n\r\n", [400, 431, None]),
    "a header of bytes": (
        "GET /api/users/ HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \xff\xfe\r\nConnection: close\r\n\r\n",
        [400, 401],
    ),
    "an odd method": ("BREW /api/users/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", [401, 405]),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", RAW)
def test_what_is_wrong_with_the_request_itself(service, what):
    sent, statuses = RAW[what]
    status, head, body = exchange(service.port, sent.encode("latin-1"), "breaks off" in what)
    assert status in statuses, (head, body[:300])
    if body:
        assert "content-type: application/json" in head.lower()
        assert isinstance(json.loads(body), dict)
    assert service.post("/api/login", json.loads(LOGIN)).status_code == 401
    assert "Internal Server Error" not in service.said()


def exchange(port: int, sent: bytes, breaks_off: bool) -> tuple[int | None, str, str]:
    """(status, head, body) that the service answers to these bytes; no status where it just closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        try:
            connection.sendall(sent)
            if breaks_off:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has heard enough
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except ConnectionError:
            pass
    head, _, body = answer.decode("latin-1").partition("\r\n\r\n")
    return int(head.split()[1]) if head else None, head, body
