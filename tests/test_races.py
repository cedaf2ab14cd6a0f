"""Requests that meet: what must hold whatever runs at the same time, on four processes with one database.

With or without Redis, on PostgreSQL and on SQLite alike.
"""

import itertools

import pytest

from tests.service import PASSWORD, at_once, me, place, spread, statuses

pytestmark = pytest.mark.slow
NEW_PASSWORD = "another horse, another battery"


@pytest.fixture(scope="module")
def where():
    with place(JWT_ROTATE_REFRESH_TOKENS="true") as somewhere:
        yield somewhere


@pytest.fixture(scope="module")
def fresh_name():
    numbers = itertools.count(1)
    return lambda word: f"{word}.{next(numbers)}"


@pytest.fixture
def people(services, fresh_name):
    """Signs up that many new people: [(name, access token), …]."""

    def sign_up(count, **fields):
        names = [fresh_name("somebody") for _ in range(count)]
        return [(name, services[0].sign_up(name, **fields)) for name in names]

    return sign_up


@pytest.fixture(autouse=True)
def nothing_is_wrong_afterwards(where):
    yield
    assert where.wrong() == {}


# Names and tokens


def test_of_32_who_register_one_name_at_once_one_gets_it(services, fresh_name):
    name = fresh_name("wanted")
    forms = [name, name.upper(), name.title(), name.replace("w", "ｗ")]
    calls = [lambda s=s, n=n: s.post("/api/registration", {"username": n, "password": PASSWORD})
             for s, n in zip(spread(services, 32), itertools.cycle(forms), strict=False)]  # fmt: skip
    answers = at_once(*calls)
    assert statuses(answers) == {201: 1, 400: 31}
    assert all(a.json() == {"username": ["A user with that user name already exists."]} for a in answers if a.status_code == 400)


def test_of_8_who_rename_themselves_alike_at_once_one_gets_the_name(services, people, fresh_name):
    name = fresh_name("renamed")
    answers = at_once(*[lambda s=s, t=t: s.patch({"username": name}, t)
                        for s, (_, t) in zip(spread(services, 8), people(8), strict=True)])  # fmt: skip
    assert statuses(answers) == {200: 1, 400: 7}
    assert all(a.json() == {"username": ["A user with that user name already exists."]} for a in answers if a.status_code == 400)


def test_of_24_uses_of_one_refresh_token_at_once_one_wins_and_its_session_lives(services, people):
    [(name, _)] = people(1)
    refresh = services[0].sign_in(name)["refresh"]
    answers = at_once(*[lambda s=s: s.post("/api/token/refresh", {"refresh": refresh}) for s in spread(services, 24)])
    assert statuses(answers) == {200: 1, 401: 23}
    [won] = [answer.json() for answer in answers if answer.status_code == 200]
    assert services[1].get("/api/users/me/", won["access"]).status_code == 200
    assert services[2].post("/api/token/refresh", {"refresh": won["refresh"]}).status_code == 200


def test_a_refresh_at_the_moment_of_a_logout_brings_no_living_token(services, people):
    for name, _ in people(5):
        pair = services[0].sign_in(name)
        leave, *rest = at_once(
            lambda t=pair["access"]: services[0].post("/api/logout", token=t, json={}),
            *[lambda s=s, r=pair["refresh"]: s.post("/api/token/refresh", {"refresh": r}) for s in services[1:]],
        )
        assert leave.status_code == 205
        for answer in rest:
            assert answer.status_code in (200, 401)
            assert answer.status_code == 401 or services[0].get("/api/users/me/", answer.json()["access"]).status_code == 401


# Mentors


def test_who_steps_down_while_many_choose_keeps_nobody(services, people):
    [(mentor, token)], mentees = people(1, is_mentor=True), people(12)
    for _ in range(10):
        services[0].patch({"is_mentor": True}, token)
        calls = [lambda s=s, t=t: s.patch({"mentor": mentor}, t) for s, (_, t) in zip(spread(services, 12), mentees, strict=True)]
        calls.insert(6, lambda: services[1].patch({"is_mentor": False}, token))
        assert set(statuses(at_once(*calls))) <= {200, 400}
        assert me(services[2], token)["mentees_count"] == 0
        assert {me(services[3], t)["mentor"] for _, t in mentees} == {None}


def test_two_who_choose_each_other_at_once_both_get_an_answer(services, people):
    (ann, for_ann), (bob, for_bob) = people(2, is_mentor=True)
    for _ in range(20):
        answers = at_once(lambda: services[0].patch({"mentor": bob}, for_ann), lambda: services[1].patch({"mentor": ann}, for_bob))
        assert statuses(answers) == {200: 2}
        assert (me(services[2], for_ann)["mentor"], me(services[3], for_bob)["mentor"]) == (bob, ann)
        at_once(lambda: services[2].patch({"mentor": None}, for_ann), lambda: services[3].patch({"mentor": None}, for_bob))


def test_two_who_mentor_each_other_step_down_at_once(services, people):
    (ann, for_ann), (bob, for_bob) = people(2, is_mentor=True)
    for _ in range(20):
        for given, token in (({"is_mentor": True}, for_ann), ({"is_mentor": True, "mentor": ann}, for_bob), ({"mentor": bob}, for_ann)):
            assert services[0].patch(given, token).status_code == 200
        answers = at_once(
            lambda: services[0].patch({"is_mentor": False}, for_ann), lambda: services[1].patch({"is_mentor": False}, for_bob)
        )
        assert statuses(answers) == {200: 2}
        assert me(services[2], for_ann)["mentor"] is me(services[2], for_bob)["mentor"] is None


def test_who_chooses_and_leaves_and_chooses_another_is_counted_where_they_end(services, people):
    (ann, for_ann), (bob, for_bob) = people(2, is_mentor=True)
    [(_, mentee)] = people(1)
    for _ in range(10):
        at_once(*[lambda s=s, m=m: s.patch({"mentor": m}, mentee) for s, m in zip(services, (ann, bob, None, ann), strict=True)])
        counted = me(services[0], for_ann)["mentees_count"] + me(services[0], for_bob)["mentees_count"]
        assert counted == (me(services[0], mentee)["mentor"] is not None)


def test_who_is_deactivated_while_many_choose_keeps_nobody(services, people, shell):
    mentees = people(6)
    for mentor, _ in people(5, is_mentor=True):
        at_once(
            lambda m=mentor: shell.run(f"User.objects.filter(username='{m}').update(is_active=False)"),
            *[lambda s=s, t=t, m=mentor: s.patch({"mentor": m}, t) for s, (_, t) in zip(spread(services, 6), mentees, strict=True)],
        )
        assert {me(services[0], t)["mentor"] for _, t in mentees} <= {None}


def test_who_is_deleted_while_many_choose_keeps_nobody(services, people):
    mentees = people(6)
    for mentor, token in people(5, is_mentor=True):
        leave, *rest = at_once(
            lambda t=token: services[0].call("DELETE", "/api/users/me/", token=t),
            *[lambda s=s, t=t, m=mentor: s.patch({"mentor": m}, t) for s, (_, t) in zip(spread(services, 6), mentees, strict=True)],
        )
        assert leave.status_code == 204
        assert set(statuses(rest)) <= {200, 400}
        assert {me(services[0], t)["mentor"] for _, t in mentees} == {None}


def test_who_is_deleted_while_signing_in_and_changing_gets_answers(services, people):
    for name, token in people(5):
        answers = at_once(
            lambda t=token: services[0].call("DELETE", "/api/users/me/", token=t),
            lambda n=name: services[1].post("/api/login", {"username": n, "password": PASSWORD}),
            lambda t=token: services[2].patch({"first_name": "Late", "is_mentor": True}, t),
            lambda t=token: services[3].call("DELETE", "/api/users/me/", token=t),
        )
        assert set(statuses(answers)) <= {200, 204, 401, 404}
        assert services[0].get("/api/users/me/", token).status_code == 401


# Oneself


def test_two_changes_of_different_fields_at_once_lose_nothing(services, people):
    [(_, token)] = people(1)
    for turn in range(20):
        given = [
            {"first_name": f"First{turn}"},
            {"last_name": f"Last{turn}"},
            {"phone": f"1234{turn:04}"},
            {"email": f"at{turn}@example.com"},
        ]
        answers = at_once(*[lambda s=s, g=g: s.patch(g, token) for s, g in zip(services, given, strict=True)])
        assert statuses(answers) == {200: 4}
        seen = me(services[0], token)
        assert all(seen.items() >= one.items() for one in given)


def test_a_sign_in_during_a_deactivation_leaves_no_living_session(services, people, shell):
    for name, _ in people(6):
        _, *answers = at_once(
            lambda n=name: shell.run(f"User.objects.filter(username='{n}').update(is_active=False)"),
            *[lambda s=s, n=name: s.post("/api/login", {"username": n, "password": PASSWORD}) for s in spread(services, 8)],
        )
        assert set(statuses(answers)) <= {200, 401}
        for won in (answer.json() for answer in answers if answer.status_code == 200):
            assert services[0].get("/api/users/me/", won["access"]).status_code == 401
            assert services[0].post("/api/token/refresh", {"refresh": won["refresh"]}).status_code == 401


def test_a_sign_in_with_the_old_password_during_its_change_leaves_no_living_session(services, people):
    for name, token in people(6):
        change, *answers = at_once(
            lambda t=token: services[0].post("/api/change-password", {"old_password": PASSWORD, "new_password": NEW_PASSWORD}, t),
            *[lambda s=s, n=name: s.post("/api/login", {"username": n, "password": PASSWORD}) for s in spread(services, 6)],
        )
        assert change.status_code == 200
        assert services[0].get("/api/users/me/", token).status_code == 200
        for won in (answer.json() for answer in answers if answer.status_code == 200):
            assert services[0].get("/api/users/me/", won["access"]).status_code == 401
