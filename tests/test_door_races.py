"""Codes and invites that are used at the same moment, on four processes with one database: twenty rounds each."""

import itertools
import os

import pytest

from tests import gateways
from tests.service import PASSWORD, Shell, at_once, me, place, spread, statuses
from users.tests.doors import REFUSED, another, in_text

pytestmark = pytest.mark.slow
ON_POSTGRES = os.environ["TEST_ON"] == "postgres"
ROUNDS = 20 if ON_POSTGRES else 5  # SQLite's writers take turns: there is less to meet
UNKNOWN = {"invite_code": ["There is no such invite code, or it is your own."]}
ALREADY = {"invite_code": ["You have been invited already."]}
# What must never be of a proven phone.
PROVEN_WRONGLY = """
SELECT username, phone, proven_phone FROM users_user WHERE proven_phone <> '' AND proven_phone <> phone
UNION SELECT min(username), proven_phone, count(*) || ' holders' FROM users_user WHERE proven_phone <> '' GROUP BY proven_phone HAVING count(*) > 1
"""


@pytest.fixture(scope="module")
def gateway():
    with gateways.webhook() as one:
        yield one


@pytest.fixture(scope="module")
def where(gateway):
    with place(NUM_PROXIES="1", **gateway.environment) as somewhere:
        yield somewhere


@pytest.fixture(scope="module")
def shells(where):
    with Shell(where) as one, Shell(where) as other:
        for shell in (one, other):
            shell.run("from contextlib import suppress; from django.core.exceptions import ValidationError")
        yield one, other


@pytest.fixture(scope="module")
def numbers():
    return itertools.count(1)


@pytest.fixture
def phones(numbers):
    """New phones, without end."""
    return (f"+7999{number:07}" for number in numbers)


@pytest.fixture
def from_elsewhere(numbers):
    """Headers of a request from another address than any before."""
    return lambda: {"headers": {"X-Forwarded-For": f"10.1.{(number := next(numbers)) // 250}.{number % 250}"}}


@pytest.fixture
def people(services, numbers):
    """Signs up that many new people: [(name, access token), …]."""

    def sign_up(count, **fields):
        names = [f"somebody.{number}" for number in itertools.islice(numbers, count)]
        return [(name, services[0].sign_up(name, **fields)) for name in names]

    return sign_up


@pytest.fixture
def fresh_code(services, gateway):
    """A new code for the phone, as its owner reads it."""

    def ask(phone):
        assert services[0].post("/api/auth/signup", {"phone": phone}).status_code == 200
        return in_text(next(text for to, text in reversed(gateway.received) if to == phone))

    return ask


@pytest.fixture(autouse=True)
def nothing_is_wrong_afterwards(where):
    yield
    assert where.wrong() == {}
    assert where.rows(PROVEN_WRONGLY) == []


def use(service, phone, code, token=None):
    return service.post("/api/auth/code", {"phone": phone, "code": code}, token)


def redeem(service, code, token, **options):
    return service.post("/api/users/me/invite", {"invite_code": code}, token, **options)


def invite_of(service, token):
    return me(service, token)["invite_code"]


def holders(where, phone):
    """The names of those who have the phone written down: (proven, unproven)."""
    rows = where.rows(f"SELECT username, proven_phone FROM users_user WHERE phone = '{phone}'")
    return [name for name, proven in rows if proven], [name for name, proven in rows if not proven]


# Codes


def test_of_60_wrong_codes_at_once_five_are_judged_and_then_not_even_the_right_one(services, where, phones, fresh_code):
    for phone in itertools.islice(phones, ROUNDS):
        code = fresh_code(phone)
        wrong = another(code)
        answers = at_once(*[lambda s=s, p=phone, c=wrong: use(s, p, c) for s in spread(services, 60)])
        assert statuses(answers) == {400: 60}
        assert where.rows(f"SELECT tries FROM users_phonecode WHERE phone = '{phone}'") == [(5,)]
        right = use(services[1], phone, code)
        assert (right.status_code, right.json()) == (400, REFUSED)
        assert holders(where, phone) == ([], [])


def test_of_24_uses_of_one_right_code_at_once_one_wins_and_its_session_lives(services, where, phones, fresh_code):
    for phone in itertools.islice(phones, ROUNDS):
        code = fresh_code(phone)
        answers = at_once(*[lambda s=s, p=phone, c=code: use(s, p, c) for s in spread(services, 24)])
        assert statuses(answers) == {200: 1, 400: 23}
        [won] = [answer.json() for answer in answers if answer.status_code == 200]
        assert won["created"] is True
        assert me(services[2], won["access"])["phone"] == phone
        assert holders(where, phone) == ([won["user"]["username"]], [])
        assert where.rows(f"SELECT count(*) FROM users_session WHERE user_id = {won['user']['id']}") == [(1,)]


def test_one_right_code_signs_in_or_proves_but_not_both(services, where, phones, people, fresh_code):
    tokens = [None, *(token for _, token in people(3))]
    for phone in itertools.islice(phones, ROUNDS):
        code = fresh_code(phone)
        answers = at_once(*[lambda s=s, p=phone, c=code, t=t: use(s, p, c, t) for s, t in zip(services, tokens, strict=True)])
        assert statuses(answers) == {200: 1, 400: 3}
        assert len(holders(where, phone)[0]) == 1


def test_a_code_that_is_asked_for_while_the_old_one_is_guessed_has_five_tries_of_its_own(services, where, phones, fresh_code):
    for phone in itertools.islice(phones, ROUNDS):
        wrong = another(fresh_code(phone))
        guesses = [lambda s=s, p=phone, c=wrong: use(s, p, c) for s in spread(services, 12)]
        new, *answers = at_once(lambda p=phone: fresh_code(p), *guesses)
        if new != wrong:
            assert statuses(answers) == {400: 12}
            [(tries,)] = where.rows(f"SELECT tries FROM users_phonecode WHERE phone = '{phone}'")
            assert use(services[0], phone, new).status_code == (200 if tries < 5 else 400)


# Whose a phone is


def test_two_who_prove_one_phone_at_once_get_one_holder(where, services, people, phones, shells):
    (ann, _), (bob, _) = people(2)
    for phone in itertools.islice(phones, ROUNDS):
        prove = f"with suppress(ValidationError): User.objects.get(username='{{}}').prove_phone('{phone}')"
        at_once(lambda p=prove: shells[0].run(p.format(ann)), lambda p=prove: shells[1].run(p.format(bob)))
        [holder], rest = holders(where, phone)
        assert holder in (ann, bob)
        assert rest == []


def test_two_who_prove_what_the_other_says_at_once_both_get_it(services, where, people, phones, fresh_code):
    (ann, for_ann), (bob, for_bob) = people(2)
    for _ in range(ROUNDS):
        ones, others = next(phones), next(phones)
        services[0].patch({"phone": others}, for_ann)
        services[0].patch({"phone": ones}, for_bob)
        codes = fresh_code(ones), fresh_code(others)
        answers = at_once(
            lambda p=ones, c=codes[0]: use(services[0], p, c, for_ann), lambda p=others, c=codes[1]: use(services[1], p, c, for_bob)
        )
        assert statuses(answers) == {200: 2}
        assert (holders(where, ones), holders(where, others)) == (([ann], []), ([bob], []))


def test_who_proves_a_phone_while_those_with_a_copy_are_released_by_their_mentor_gets_it(services, where, people, phones, fresh_code):
    [(mentor, for_mentor)], mentees = people(1, is_mentor=True), people(4)
    for phone in itertools.islice(phones, ROUNDS):
        services[0].patch({"is_mentor": True}, for_mentor)
        for _, token in mentees:
            services[0].patch({"phone": phone, "mentor": mentor}, token)
        code = fresh_code(phone)
        answers = at_once(
            lambda p=phone, c=code: use(services[0], p, c, mentees[-1][1]), lambda: services[1].patch({"is_mentor": False}, for_mentor)
        )
        assert statuses(answers) == {200: 2}
        assert holders(where, phone) == ([mentees[-1][0]], [])


def test_who_proves_a_phone_and_changes_it_at_once_holds_what_is_said_or_nothing(services, where, people, phones, fresh_code):
    [(name, token)] = people(1)
    for phone in itertools.islice(phones, ROUNDS):
        code = fresh_code(phone)
        answers = at_once(
            lambda p=phone, c=code: use(services[0], p, c, token),
            lambda: services[1].patch({"phone": "12345"}, token),
            lambda p=phone: services[2].patch({"phone": p, "first_name": "Ann"}, token),
        )
        assert statuses(answers) == {200: 3}


# Invites


def test_of_12_invites_that_one_user_redeems_at_once_one_counts(services, where, people, from_elsewhere):
    inviters = people(2, is_mentor=True) + people(2)
    codes = [invite_of(services[0], token) for _, token in inviters] * 3
    for name, token in people(ROUNDS):
        elsewhere = from_elsewhere()
        answers = at_once(
            *[lambda s=s, c=c, t=token, e=elsewhere: redeem(s, c, t, **e) for s, c in zip(spread(services, 12), codes, strict=True)]
        )
        [won] = [answer.json() for answer in answers if answer.status_code == 200]
        assert all(answer.json() == ALREADY for answer in answers if answer.status_code == 400)
        assert set(statuses(answers)) <= {200, 400, 429}  # more than 10 are not judged at once: they might be guesses
        [(inviter,)] = where.rows(
            f"SELECT i.username FROM users_user u JOIN users_user i ON i.id = u.invited_by_id WHERE u.username = '{name}'"
        )
        assert won["mentor"] == (inviter if inviter in (inviters[0][0], inviters[1][0]) else None)
    assert sum(me(services[1], token)["invited_count"] for _, token in inviters) == ROUNDS


def test_an_inviter_who_steps_down_while_being_redeemed_keeps_nobody(services, people, from_elsewhere):
    [(_, mentor)] = people(1, is_mentor=True)
    code = invite_of(services[0], mentor)
    for _ in range(ROUNDS):
        services[0].patch({"is_mentor": True}, mentor)
        invitees = people(3)
        calls = [lambda s=s, t=t: redeem(s, code, t, **from_elsewhere()) for s, (_, t) in zip(services, invitees, strict=False)]
        answers = at_once(*calls, lambda: services[3].patch({"is_mentor": False}, mentor))
        assert statuses(answers) == {200: 4}
        assert {me(services[0], token)["mentor"] for _, token in invitees} == {None}
        assert me(services[1], mentor)["mentees_count"] == 0


def test_an_inviter_who_is_deleted_while_being_redeemed_invites_nobody_or_one_who_stays_invited(services, people, from_elsewhere):
    for _, mentor in people(ROUNDS // 2, is_mentor=True):
        code, [(_, invitee)] = invite_of(services[0], mentor), people(1)
        redeemed, left = at_once(
            lambda c=code, t=invitee: redeem(services[0], c, t, **from_elsewhere()),
            lambda t=mentor: services[1].call("DELETE", "/api/users/me/", token=t),
        )
        assert left.status_code == 204
        assert redeemed.status_code == 200 or redeemed.json() == UNKNOWN
        assert me(services[2], invitee)["mentor"] is None


def test_mentors_who_invite_each_other_and_choose_and_step_down_at_once_all_get_answers(services, people, from_elsewhere, numbers):
    for (_, for_ann), (bob, for_bob) in zip(people(ROUNDS // 2, is_mentor=True), people(ROUNDS // 2, is_mentor=True), strict=True):
        code, other = invite_of(services[0], for_ann), invite_of(services[0], for_bob)
        registration = {"password": PASSWORD, "username": f"somebody.{next(numbers)}", "invite_code": code, "mentor": bob}
        answers = at_once(
            lambda c=other, t=for_ann: redeem(services[0], c, t, **from_elsewhere()),
            lambda c=code, t=for_bob: redeem(services[1], c, t, **from_elsewhere()),
            lambda r=registration: services[2].post("/api/registration", r, **from_elsewhere()),
            lambda t=for_ann, b=bob: services[3].patch({"mentor": b}, t),
            lambda t=for_bob: services[2].patch({"is_mentor": False}, t),
        )
        assert set(statuses(answers)) <= {200, 201, 400}


def test_of_30_wrong_invites_at_once_ten_are_judged(services, people, from_elsewhere):
    """Without Redis each process counts for itself."""
    for _, token in people(ROUNDS):
        elsewhere, asked = from_elsewhere(), services if ON_POSTGRES else services[:1]
        answers = at_once(*[lambda s=s, t=token, e=elsewhere: redeem(s, "QQ0000", t, **e) for s in spread(asked, 30)])
        assert statuses(answers) == {400: 10, 429: 20}
        assert all(answer.json() == UNKNOWN for answer in answers if answer.status_code == 400)
        assert redeem(asked[0], "QQ0000", token, **from_elsewhere()).status_code == 429


def test_right_invites_at_once_leave_the_limit_as_it_was(services, people, from_elsewhere):
    [(_, inviter)], elsewhere, asked = people(1), from_elsewhere(), services[:1]
    code = invite_of(services[0], inviter)
    answers = at_once(*[lambda t=t: redeem(asked[0], code, t, **elsewhere) for _, t in people(16)])
    assert set(statuses(answers)) <= {200, 429}
    [(_, token)] = people(1)
    assert [redeem(asked[0], "QQ0000", token, **elsewhere).status_code for _ in range(11)] == [400] * 10 + [429]


def test_two_who_invited_each_other_and_are_deleted_at_once_both_go(services, where, people):
    for _round in range(ROUNDS):
        (_ann, for_ann), (_bob, for_bob) = people(2)
        codes = [me(services[0], token)["invite_code"] for token in (for_ann, for_bob)]
        assert redeem(services[0], codes[1], for_ann).status_code == redeem(services[1], codes[0], for_bob).status_code == 200
        answers = at_once(
            lambda token=for_ann: services[0].call("DELETE", "/api/users/me/", token=token),
            lambda token=for_bob: services[1].call("DELETE", "/api/users/me/", token=token),
        )
        assert statuses(answers) == {204: 2}
