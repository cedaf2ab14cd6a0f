"""A page of the list is answered by the view, then ahead of it, then at the door: nobody can tell but by the clock."""

import json
from contextlib import contextmanager

import pytest
from django.core.signals import request_started
from django.test import RequestFactory

from mentorship.api import door
from mentorship.wsgi import application
from users import pages
from users.models import User
from users.sessions.tokens import api_settings

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
ORDINARY = {"HTTP_HOST": "testserver", "HTTP_X_REQUEST_ID": "one"}


def get(client, path: str = "/api/users/", **environ) -> tuple[int, dict, bytes]:
    """Status, headers and body, by the WSGI application itself."""
    token = {"HTTP_AUTHORIZATION": client._credentials["HTTP_AUTHORIZATION"]} if client._credentials else {}
    return ask(RequestFactory().get(path).environ, **token | environ)


def post(path: str, body: bytes, kind: str = "application/json", **environ) -> tuple[int, dict, bytes]:
    return ask(RequestFactory().post(path, body, kind).environ, **environ)


def ask(given: dict, **environ) -> tuple[int, dict, bytes]:
    said = []
    given["PATH_INFO"] = given["PATH_INFO"].encode().decode("latin-1")  # as a server gives it
    given |= ORDINARY | environ
    answer = application(given, lambda status, headers, *_: said.extend([int(status.split()[0]), dict(headers)]))
    body = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    return *said, body


@contextmanager
def counted_by_django():
    """How many requests came past the door."""
    seen = []

    def note(**_):
        seen.append(1)

    request_started.connect(note)
    try:
        yield seen
    finally:
        request_started.disconnect(note)


@pytest.fixture
def viewers(sign_in, alice, john, eve, sam, person):
    """Who is on the page, whom somebody on it chose, whom somebody on it took on, staff, and a stranger."""
    taken_on = person("bob")
    alice.take_on(taken_on)
    person("gone", is_active=False)
    return [sign_in(user) for user in (john, alice, taken_on, sam, eve)]


PATHS = [
    "/api/users/me/",
    "/api/v1/users/me",
    "/api/users/",
    "/api/users",
    "/api/v1/users/",
    "/api/users/?page_size=2",
    "/api/users/?after=1&page_size=1",
    "/api/users/?after=1",
    "/api/v1/users?before=0003",
    "/api/users/?is_mentor=true",
]
KINDS = [{}, {"HTTP_ACCEPT_LANGUAGE": "ru"}, {"HTTP_ORIGIN": "https://elsewhere.example"}, {"HTTP_COOKIE": "a=b"}]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_third_answer_is_the_first_one(viewers, path, kind):
    for viewer in viewers:
        first, second, third, fourth = (get(viewer, path, **kind) for _ in range(4))
        assert first[0] == 200 and first[2]
        assert first == second == third == fourth


@pytest.mark.parametrize("path", ["/api/users/", "/api/users/me/"])
def test_each_is_shown_what_the_view_shows_them(viewers, path):
    by_the_door = [[get(viewer, path)[2] for _ in range(3)][-1] for viewer in viewers]
    by_the_view = [viewer.get(path, HTTP_COOKIE="a=b").json() for viewer in viewers]
    assert [json.loads(body) for body in by_the_door] == by_the_view
    assert len(set(by_the_door)) == 5


def test_each_is_shown_of_another_what_the_view_shows_them(viewers, alice):
    get(viewers[0], "/api/users/me/")  # its headers are those of all details
    with counted_by_django() as seen:
        by_the_door = [json.loads(get(viewer, f"/api/users/{alice.pk}/")[2]) for viewer in viewers * 2]
    assert len(seen) < 10
    assert by_the_door == [viewer.get("/api/users/alice/").json() for viewer in viewers * 2]
    assert [shown["phone"] for shown in by_the_door[:5]] == [None, "+79991112233", "+79991112233", "+79991112233", None]


@pytest.mark.parametrize("who", ["0", "00", "999999", "9" * 19, "9" * 30, "%D9%A3", "-1", "1.0", "gone", "nobody", "me2"])
def test_who_is_not_there_is_a_404_behind_one_who_is(viewers, alice, who):
    for _ in range(3):
        assert get(viewers[0], f"/api/users/{alice.pk}/")[0] == 200
    status, headers, body = get(viewers[0], f"/api/users/{who}/")
    assert (status, headers["Content-Type"], set(json.loads(body))) == (404, "application/json", {"detail"})


def test_who_is_inactive_is_shown_to_staff_only(viewers):
    gone = User.objects.get(username="gone")
    for path in ("/api/users/me/", f"/api/users/{gone.pk}/"):
        said = [[get(viewer, path)[0] for _ in range(3)][-1] for viewer in viewers]
    assert said == [404, 404, 404, 200, 404]


def test_the_third_request_does_not_come_as_far_as_django(client):
    get(client), get(client)
    with counted_by_django() as seen:
        assert get(client)[0] == 200
    assert seen == []


@pytest.mark.parametrize(
    "unlike",
    [{"HTTP_HOST": "elsewhere.example"}, {"HTTP_ACCEPT_LANGUAGE": "ru"}, {"HTTP_ORIGIN": "https://a.example"}, {"HTTP_COOKIE": "a=b"},
     {"wsgi.url_scheme": "https"}, {"HTTP_X_FORWARDED_PROTO": "https"}, {"QUERY_STRING": "page_size=1"}],
)  # fmt: skip
def test_a_request_that_is_unlike_the_first_goes_the_long_way(client, unlike):
    get(client), get(client)
    with counted_by_django() as seen:
        get(client, **unlike)
    assert seen == [1]


@pytest.mark.parametrize("token", ["Bearer broken", "Basic abc", "Bearer", ""])
def test_who_shows_no_token_is_not_let_in_behind_one_who_did(client, token):
    get(client), get(client)
    assert get(client, HTTP_AUTHORIZATION=token)[0] == 401


def test_a_wrong_host_is_refused_as_ever(client):
    get(client), get(client)
    assert get(client, HTTP_HOST="elsewhere.example")[0] == 400


def test_the_limit_is_told_and_kept_at_the_door(client, limits):
    limits(user=(5, 60))
    said = [get(client) for _ in range(7)]
    assert [status for status, _headers, _body in said] == [200] * 5 + [429] * 2
    assert [headers["RateLimit-Remaining"] for _status, headers, _body in said] == ["4", "3", "2", "1", "0", "0", "0"]
    assert {headers["RateLimit-Limit"] for _status, headers, _body in said} == {"5"}


def test_what_is_kept_is_bounded(client, monkeypatch):
    monkeypatch.setattr(pages, "MOST", 10_000)
    User.objects.bulk_create([User(username=f"u{number}") for number in range(10)])
    paths = [f"/api/users/?page_size=2&after={start}&junk={start * 'x'}" for start in range(5)]
    first = [get(client, path)[2] for path in paths]
    for number in range(200):  # pages of nobody are something, too
        get(client, f"/api/users/?after={10**12 + number}&junk={'x' * 200}")
    assert pages.KEPT.size <= 10_000 and len(pages.KEPT.pages) <= 5
    assert [get(client, path)[2] for path in paths for _ in range(2)][::2] == first


@pytest.mark.parametrize("where", ["HTTP_ORIGIN", "HTTP_ACCEPT_LANGUAGE", "CONTENT_TYPE"])
def test_the_door_keeps_no_request_that_is_long(client, where):
    for number in range(3):
        assert get(client, "/api/users/me/", **{where: f"{number}{'x' * 5000}"})[0] == 200
    assert not door.KNOWN


def test_a_page_that_nobody_asked_for_is_answered_at_the_door(client, person, monkeypatch):
    """Where it is plain which one: by id, behind a cursor or before it."""
    people = [person(f"u{number}").pk for number in range(3)]
    queries = ["after=0", f"after={people[0]}", f"before={people[1]}", f"before=000{people[2]}", "after=999999999999999999"]
    by_the_view = [get(client, f"/api/users/?{query}", HTTP_COOKIE="a=b") for query in queries]
    monkeypatch.setattr(pages, "KEPT", pages.Kept())
    get(client), get(client)
    with counted_by_django() as seen:
        at_the_door = [get(client, f"/api/users/?{query}") for query in queries]
    assert seen == [] and at_the_door == by_the_view
    assert {headers.get("Link") for _status, headers, _body in at_the_door} != {None}


NOT_PLAIN = ["after=", "after=x", "after=-1", "after=%31", "after=1&before=9", "after=9999999999999999999", "page_size=0", "x=1", "after=٣"]


@pytest.mark.parametrize("query", NOT_PLAIN)
def test_what_is_not_plain_is_judged_by_the_view(client, query):
    get(client), get(client)
    with counted_by_django() as seen:
        status, _headers, body = get(client, QUERY_STRING=query.encode().decode("latin-1"))
    assert seen == [1]
    expected = client.get(f"/api/users/?{query}")
    assert (status, json.loads(body)) == (expected.status_code, expected.json())


def test_no_query_is_kept_with_the_headers(client):
    for number in range(20):
        assert get(client, f"/api/users/me/?junk={number}")[0] == get(client, f"/api/users/?after={number}")[0] == 200
    assert len(door.KNOWN) == 2


def test_the_link_is_that_of_the_page(john, sign_in, sam, eve, person):
    """It belongs to what is shown: to another list, or to staff, it is another."""
    person("gone", is_active=False)
    stranger, staff, path = sign_in(eve), sign_in(sam), "/api/users/?page_size=3"
    for viewer in (staff, stranger, staff, stranger, staff, stranger):
        _status, headers, body = get(viewer, path)
        assert f"after={json.loads(body)[-1]['id']}>" in headers["Link"]
    User.objects.filter(username__in=["john", "gone", "sam"]).delete()
    for _ in range(3):
        assert "Link" not in get(stranger, path)[1]
    User.objects.bulk_create([User(username=f"u{number}") for number in range(3)])
    for _ in range(3):
        _status, headers, body = get(stranger, path)
        assert f"after={json.loads(body)[-1]['id']}>" in headers["Link"]


def test_a_change_is_seen_at_the_door(client):
    get(client), get(client), get(client)
    client.patch("/api/users/me/", {"phone": "7777777"})
    with counted_by_django() as seen:
        assert [json.loads(get(client)[2])[1]["phone"] for _ in range(3)] == ["7777777"] * 3
    assert seen == []


def test_what_is_ended_is_out_at_the_door(client, john):
    get(client), get(client), get(client)
    john.sessions.all().end()
    assert get(client)[0] == 401


def test_head_is_no_get(client):
    get(client), get(client)
    assert client.head("/api/users/").content == b""


def test_a_refresh_answers_as_the_view_does(client, anyone):
    quick = anyone.post("/api/token/refresh/", {"refresh": client.refresh})
    by_the_view = anyone.post("/api/token/refresh/", {"refresh": client.refresh, "beside": "it"})
    assert quick.status_code == by_the_view.status_code == 200
    assert quick.json().keys() == by_the_view.json().keys() == {"access"}
    assert {name: value for name, value in quick.items() if name != "Content-Length"} == {
        name: value for name, value in by_the_view.items() if name != "Content-Length"
    }


def test_a_refresh_is_counted_once_whichever_answers(client, anyone, limits):
    limits(anon=(4, 60))
    bodies = [{"refresh": client.refresh}, {"refresh": client.refresh, "beside": "it"}, {"refresh": "broken"}, {"refresh": 7}, {}]
    said = [anyone.post("/api/token/refresh/", body) for body in bodies]
    assert [answer.status_code for answer in said] == [200, 200, 401, 400, 429]
    assert [answer["RateLimit-Remaining"] for answer in said] == ["3", "2", "1", "0", "0"]


REFRESH = "/api/token/refresh/"


def good(client) -> bytes:
    return json.dumps({"refresh": client.refresh}).encode()


def test_the_second_refresh_does_not_come_as_far_as_django(client):
    first = post(REFRESH, good(client))
    with counted_by_django() as seen:
        second = post(REFRESH, good(client))
    assert seen == [] and first[0] == second[0] == 200 and json.loads(second[2]).keys() == {"access"}
    assert first[1] == second[1]


def test_what_the_door_does_not_answer_is_answered_behind_it_by_the_same_body(client):
    post(REFRESH, good(client))
    beside = json.dumps({"refresh": client.refresh, "beside": "it"}).encode()
    padded = good(client) + b" " * 5000
    for body, status in ((beside, 200), (padded, 200), (b'{"refresh": "broken"}', 401), (b'{"refresh": 7}', 400), (b"{", 400), (b"", 400)):
        assert post(REFRESH, body)[0] == status, body


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"])
def test_what_is_no_json_is_refused_at_the_door_too(client, kind):
    for _ in range(2):
        post(REFRESH, good(client))
        assert post(REFRESH, good(client), kind)[0] == 415


def test_a_refresh_is_counted_once_at_the_door_and_behind_it(client, limits):
    limits(anon=(5, 60))
    bodies = [good(client), good(client), b'{"refresh": "broken"}', b'{"refresh": 7}', good(client), good(client), good(client)]
    said = [post(REFRESH, body) for body in bodies]
    assert [status for status, _headers, _body in said] == [200, 200, 401, 400, 200, 429, 429]
    assert [headers["RateLimit-Remaining"] for _status, headers, _body in said] == ["4", "3", "2", "1", "0", "0", "0"]


def test_a_session_that_ended_gets_no_token_at_the_door(client, john):
    post(REFRESH, good(client)), post(REFRESH, good(client))
    john.sessions.all().end()
    assert post(REFRESH, good(client))[0] == 401


def test_a_spent_token_gets_no_token_at_the_door(client, monkeypatch):
    monkeypatch.setattr(api_settings, "ROTATE_REFRESH_TOKENS", True)
    first = post(REFRESH, good(client))
    newer = json.dumps({"refresh": json.loads(first[2])["refresh"]}).encode()
    assert [post(REFRESH, body)[0] for body in (newer, newer, good(client))] == [200, 401, 401]


def test_the_path_says_what_is_asked_for(client):
    """A body that refreshes is not looked at elsewhere, nor is another method there."""
    post(REFRESH, good(client)), post(REFRESH, good(client))
    assert post("/api/login/", good(client))[0] == 400
    assert ask(RequestFactory().put(REFRESH, good(client), "application/json").environ)[0] == 405
