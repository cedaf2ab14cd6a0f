"""The kinds of race. Each plays one round in the arena, and yields what was wrong afterwards."""

import itertools
import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.service import at_once
from torture.race_arena import MANY, Arena, Somebody, ids
from torture.volley import Answer, Asked

CHANCE = random.Random(7310)  # noqa: S311 who meets whom


class Kind(NamedTuple):
    done: str
    promised: str
    play: Callable[[Arena], Iterator[str]]


def one_name(arena: Arena) -> Iterator[str]:
    name = f"wanted.{next(arena.numbers)}"
    forms = itertools.cycle([name, name.upper(), name.title(), name.replace("w", "ｗ")])
    sent = [{"username": next(forms), "password": f"the horse of number {number}"} for number in range(MANY)]
    answers = arena.at_once(*[Asked("POST", "/api/registration", form) for form in sent])
    yield from arena.one_won(answers, 201, 400)
    yield from arena.finds("count(*)", f"username_key = '{name}'", (1,))
    for number in _winners(answers, 201):
        yield from arena.lives(arena.services[-1].sign_in(name, sent[number]["password"])["access"])


def one_phone(arena: Arena) -> Iterator[str]:
    people, phone = arena.people[:2], _new_phone(arena)
    arena.prepare(*[arena.patch(one, phone=phone) for one in people])
    used = {"phone": phone, "code": arena.code_for(phone)}
    answers = arena.at_once(*[Asked("POST", "/api/auth/code", used, one.token) for one in people * (MANY // 2)])
    yield from arena.one_won(answers, 200, 400)
    won = [people[number % 2] for number in _winners(answers, 200)]
    yield from arena.finds("id, proven_phone", f"phone = '{phone}'", *[(one.pk, phone) for one in won])
    for one in won:
        yield from arena.lives(one.token)


def one_phone_in_the_models(arena: Arena) -> Iterator[str]:
    """Past the API, which has one code for a phone, the proofs themselves meet; and 62 more say the phone."""
    people, phone = arena.people[:2], _new_phone(arena)
    arena.prepare(*[arena.patch(one, phone=phone) for one in arena.people])
    proofs = [f"with suppress(ValidationError): User.objects.get(pk={one.pk}).prove_phone('{phone}')" for one in people]
    try:
        at_once(*[lambda s=shell, p=proof: s.run(p) for shell, proof in zip(arena.shells, proofs, strict=True)])
    except (RuntimeError, OSError) as broken:
        yield f"a proof failed: {broken}"
    yield from arena.finds("count(*)", f"proven_phone = '{phone}' AND id IN ({ids(people)})", (1,))
    yield from arena.finds("count(*)", f"phone = '{phone}'", (1,))


def one_code(arena: Arena) -> Iterator[str]:
    phone = _new_phone(arena)
    used = {"phone": phone, "code": arena.code_for(phone)}
    answers = arena.at_once(*[Asked("POST", "/api/auth/code", used)] * MANY)
    yield from arena.one_won(answers, 200, 400)
    yield from arena.finds("(SELECT count(*) FROM users_session s WHERE s.user_id = users_user.id)", f"phone = '{phone}'", (1,))
    for number in _winners(answers, 200):
        yield from arena.lives(answers[number].json()["access"])


def one_newcomer(arena: Arena) -> Iterator[str]:
    newcomer, inviters, mentors = arena.people[0], arena.people[1:5], arena.people[1:3]
    _unlink(arena, mentors)
    codes = dict(arena.users("id, invite_code", f"id IN ({ids(inviters)})"))
    elsewhere = arena.from_elsewhere()
    invites = [
        Asked("POST", "/api/users/me/invite/", {"invite_code": codes[one.pk]}, newcomer.token, elsewhere) for one in inviters * (MANY // 4)
    ]
    answers = arena.at_once(*invites)
    yield from arena.one_won(answers, 200, 400, 429)
    for number in _winners(answers, 200):
        inviter = inviters[number % 4]
        taken_on = [one for one in mentors if one == inviter]
        yield from arena.finds("invited_by_id, mentor_id", f"id = {newcomer.pk}", (inviter.pk, inviter.pk if taken_on else None))
        counts = [(one.pk, int(one in taken_on)) for one in inviters]
        yield from arena.finds("id, mentees_count", f"id IN ({ids(inviters)})", *counts)
    yield from arena.lives(newcomer.token)


def one_invite(arena: Arena) -> Iterator[str]:
    mentor, newcomers = arena.people[0], arena.people[1:]
    _unlink(arena, [mentor])
    [(code,)] = arena.users("invite_code", f"id = {mentor.pk}")
    twice = newcomers[:1]
    answers = arena.at_once(
        *[Asked("POST", "/api/users/me/invite/", {"invite_code": code}, one.token, arena.from_elsewhere()) for one in newcomers + twice]
    )
    yield from arena.all_were(answers[1:-1], 200)
    yield from arena.one_won([answers[0], answers[-1]], 200, 400)
    yield from arena.finds("count(*), count(mentor_id)", f"invited_by_id = {mentor.pk}", (len(newcomers), len(newcomers)))
    yield from arena.finds("mentees_count", f"id = {mentor.pk}", (len(newcomers),))


def one_refresh_token(arena: Arena) -> Iterator[str]:
    refresh = arena.services[0].sign_in(CHANCE.choice(arena.people).name)["refresh"]
    answers = arena.at_once(*[Asked("POST", "/api/token/refresh", {"refresh": refresh})] * MANY)
    yield from arena.one_won(answers, 200, 401)
    for number in _winners(answers, 200):
        won = answers[number].json()
        yield from arena.lives(won["access"])
        yield from arena.all_were(arena.prepare(Asked("POST", "/api/token/refresh", {"refresh": won["refresh"]})), 200)


def different_fields(arena: Arena) -> Iterator[str]:
    turn, people = next(arena.numbers), arena.people[:16]
    given = {one: {"first_name": f"First{turn}", "last_name": f"Last{turn}", "phone": f"1{one.pk:06}{turn:06}",
                   "email": f"at{one.pk}.{turn}@example.com"} for one in people}  # fmt: skip
    changes = [(one, field, value) for one, fields in given.items() for field, value in fields.items()]
    answers = arena.at_once(*[arena.patch(one, **{field: value}) for one, field, value in changes])
    yield from arena.all_were(answers, 200)
    for (_one, field, value), answer in zip(changes, answers, strict=True):
        if answer.status_code == 200 and answer.json()[field] != value:
            yield f"{field} was answered as {answer.json()[field]!r}, not {value!r}"
    stored = [(one.pk, *fields.values()) for one, fields in given.items()]
    yield from arena.finds("id, first_name, last_name, phone, email", f"id IN ({ids(people)})", *stored)


def chosen_while_stepping_down(arena: Arena) -> Iterator[str]:
    mentor, mentees = arena.people[0], arena.people[1:]
    _unlink(arena, [mentor])
    changes = [arena.patch(one, mentor=mentor.name) for one in mentees]
    changes.insert(CHANCE.randrange(MANY), arena.patch(mentor, is_mentor=False))
    yield from arena.all_were(arena.at_once(*changes), 200, 400)
    yield from arena.finds("is_mentor, mentees_count", f"id = {mentor.pk}", (False, 0))
    yield from arena.finds("count(*)", f"mentor_id = {mentor.pk}", (0,))


def each_other(arena: Arena) -> Iterator[str]:
    _unlink(arena, arena.people)
    pairs = list(zip(arena.people[::2], arena.people[1::2], strict=True))
    links = pairs + [(bob, ann) for ann, bob in pairs]
    links.sort(key=lambda link: min(link))  # the two choices of a pair meet
    yield from arena.all_were(arena.at_once(*[arena.patch(one, mentor=other.name) for one, other in links]), 200)
    stored = [(one.pk, other.pk, 1) for one, other in links]
    yield from arena.finds("id, mentor_id, mentees_count", f"id IN ({ids(arena.people)})", *stored)


def all_of_it(arena: Arena) -> Iterator[str]:
    people = arena.people[:8]
    _unlink(arena, people)
    codes = dict(arena.users("id, invite_code", f"id IN ({ids(people)})"))

    def requests(one: Somebody) -> Iterator[Asked]:
        others = [other for other in people if other != one]
        yield from (arena.patch(one, mentor=CHANCE.choice(others).name) for _ in range(4))
        yield from (arena.patch(one, mentor=None), arena.patch(one, is_mentor=False), arena.patch(one, is_mentor=True))
        invite = {"invite_code": codes[CHANCE.choice(others).pk]}
        yield Asked("POST", "/api/users/me/invite/", invite, one.token, arena.from_elsewhere())

    changes = [asked for one in people for asked in requests(one)]
    CHANCE.shuffle(changes)
    yield from arena.all_were(arena.at_once(*changes), 200, 400)
    yield from (f"{what}: {rows[:2]}" for what, rows in arena.where.wrong().items())


def _winners(answers: list[Answer], status: int) -> list[int]:
    return [number for number, answer in enumerate(answers) if answer.status_code == status]


def _new_phone(arena: Arena) -> str:
    return f"+7999{next(arena.numbers):07}"


def _unlink(arena: Arena, mentors: list[Somebody]) -> None:
    """The 64 are linked to nobody, and only these are mentors. By SQL: it is no part of the race."""
    arena.where.change(
        "UPDATE users_user SET mentor_id = NULL, taken_on_by = NULL, mentees_count = 0, invited_by_id = NULL, invited_at = NULL,"  # noqa: S608 our ids
        f" is_mentor = (id IN ({ids(mentors)})) WHERE id IN ({ids(arena.people)})"
    )


KINDS = [
    Kind("64 registrations of one name at once, in four forms", "one gets it and signs in, the others 400", one_name),
    Kind("two prove one phone by its one code, 64 times at once", "one use counts; one holder, the other's copy is cleared", one_phone),
    Kind("two prove one phone at once in the models; 62 more say it", "one holder, all copies are cleared", one_phone_in_the_models),
    Kind("64 uses of one code at once", "one account, one session, which lives; the others 400", one_code),
    Kind(
        "one newcomer accepts the invites of four, 64 times at once", "one counts, a mentor's takes on; the others 400 (429)", one_newcomer
    ),
    Kind("63 accept one invite at once, one of them twice", "each is invited once, the count is true", one_invite),
    Kind("64 uses of one refresh token at once, with rotation", "one gets tokens, whose session lives; the others 401", one_refresh_token),
    Kind("16 people change four fields each, 64 changes at once", "all 200, no update is lost", different_fields),
    Kind("63 choose a mentor who steps down at once", "nobody is mentee of who is no mentor", chosen_while_stepping_down),
    Kind("32 pairs choose each other, all at once", "all 200, and linked", each_other),
    Kind("8 choose each other, leave, step down, begin, invite each other: 64 at once", "200 or 400; links and counts true", all_of_it),
]
