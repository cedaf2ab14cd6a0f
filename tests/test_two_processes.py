"""Two instances of the service on one PostgreSQL and one Redis are one service."""

import collections
import itertools

import pytest

from tests.service import PASSWORD, Service, at_once

pytestmark = [pytest.mark.servers, pytest.mark.slow]
NEW_PASSWORD = "another horse, another battery"


def the_list(service, token):
    answer = service.get("/api/users/?page_size=1000", token)
    assert answer.status_code == 200
    return {user["username"]: user for user in answer.json()}


def changes(alice, john):
    """Endlessly: a change as (call on a service, what john's list must say of whom afterwards)."""
    for turn in itertools.count():
        yield lambda s, turn=turn: s.patch({"phone": f"+7999{turn:07}"}, john), ("john", {"phone": f"+7999{turn:07}"})
        yield lambda s: s.patch({"mentor": "alice"}, john), ("john", {"mentor": "alice"})
        yield lambda s, turn=turn: s.patch({"email": f"john.{turn}@example.com"}, john), ("john", {"email": f"john.{turn}@example.com"})
        yield lambda s: s.patch({"is_mentor": False}, alice), ("john", {"mentor": None})
        yield lambda s: s.patch({"is_mentor": True}, alice), ("alice", {"is_mentor": True, "mentees_count": 0})
        yield lambda s: s.patch({"mentor_username": "alice"}, john), ("alice", {"mentees": ["john"], "mentees_count": 1})
        yield lambda s: s.patch({"mentor": None}, john), ("alice", {"mentees": []})
        yield (
            lambda s, turn=turn: s.post("/api/registration", {"username": f"new.{turn}", "password": PASSWORD, "mentor": "alice"}),
            (f"new.{turn}", {"mentor": "alice"}),
        )


def test_after_a_change_through_one_the_list_of_the_other_shows_it_200_times(both):
    one, other = both
    alice, john = one.sign_up("alice", is_mentor=True), one.sign_up("john")
    for (change, (whom, seen)), (writer, reader) in zip(
        itertools.islice(changes(alice, john), 200), itertools.cycle([(one, other), (other, one)]), strict=False
    ):
        the_list(reader, john)  # from now on its pages are kept
        assert change(writer).status_code in (200, 201)
        assert the_list(reader, john)[whom].items() >= seen.items()


def test_a_page_that_is_read_during_a_change_is_not_kept_beyond_it(both):
    one, other = both
    busy = one.sign_up("busy")
    for turn in range(50):
        number = f"+7998{turn:07}"
        calls = [lambda s=s: the_list(s, busy) for s in (one, other, one, other)]
        at_once(lambda n=number: one.patch({"phone": n}, busy), *calls)
        assert the_list(one, busy)["busy"]["phone"] == the_list(other, busy)["busy"]["phone"] == number


def test_who_is_deleted_through_one_is_gone_from_the_list_of_the_other(both):
    one, other = both
    reader, leaver = one.sign_up("reader"), one.sign_up("leaver")
    assert "leaver" in the_list(other, reader)
    assert one.call("DELETE", "/api/users/me/", token=leaver).status_code == 204
    assert "leaver" not in the_list(other, reader)


def test_what_is_done_in_the_shell_shows_on_both(both, shell):
    one, other = both
    reader, _hidden = one.sign_up("shell.reader"), one.sign_up("hidden")
    assert "hidden" in the_list(one, reader) and "hidden" in the_list(other, reader)
    shell.run("User.objects.filter(username='hidden').update(is_active=False)")
    assert "hidden" not in the_list(one, reader) and "hidden" not in the_list(other, reader)


ENDINGS = {
    "logout": lambda s, shell, pair, name: s.post("/api/logout", {"refresh": pair["refresh"]}),
    "logout everywhere": lambda s, shell, pair, name: s.post("/api/logout", {"everywhere": True}, s.sign_in(name)["access"]),
    "all other sessions": lambda s, shell, pair, name: s.call("DELETE", "/api/sessions/", token=s.sign_in(name)["access"]),
    "a new password": lambda s, shell, pair, name: s.post(
        "/api/change-password", {"old_password": PASSWORD, "new_password": NEW_PASSWORD}, s.sign_in(name)["access"]
    ),
    "a new password by PATCH": lambda s, shell, pair, name: s.patch({"password": NEW_PASSWORD}, s.sign_in(name)["access"]),
    "deletion": lambda s, shell, pair, name: s.call("DELETE", "/api/users/me/", token=pair["access"]),
    "deactivation": lambda s, shell, pair, name: shell.run(
        f"user = User.objects.get(username='{name}'); user.is_active = False; user.save()"
    ),
    "deactivation of many": lambda s, shell, pair, name: shell.run(f"User.objects.filter(username='{name}').update(is_active=False)"),
}


@pytest.mark.parametrize("how", ENDINGS)
def test_a_session_that_ends_on_one_is_over_on_the_other_with_the_next_request(both, shell, how):
    one, other = both
    name = how.replace(" ", ".")
    one.sign_up(name)
    pair = one.sign_in(name)
    assert other.get("/api/users/me/", pair["access"]).status_code == 200
    ENDINGS[how](one, shell, pair, name)
    assert other.get("/api/users/me/", pair["access"]).status_code == 401
    assert other.post("/api/token/refresh", {"refresh": pair["refresh"]}).status_code == 401


def test_of_80_requests_at_once_over_both_a_limit_of_50_lets_exactly_50_through(where):
    with Service(where, THROTTLE_USER="50/min") as one, Service(where, THROTTLE_USER="50/min") as other:
        token = one.sign_up("hasty")
        answers = at_once(*[lambda s=s: s.get("/api/users/me/", token) for s in (one, other) for _ in range(40)])
    assert collections.Counter(answer.status_code for answer in answers) == {200: 50, 429: 30}
    assert all(0 < int(answer.headers["Retry-After"]) <= 60 for answer in answers if answer.status_code == 429)
    assert sorted(int(a.headers["RateLimit-Remaining"]) for a in answers if a.status_code == 200) == list(range(50))
