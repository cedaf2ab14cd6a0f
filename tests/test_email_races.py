"""Links that are used at the same moment: what must hold on four processes with one database, twenty rounds each."""

import itertools
import os
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.service import PASSWORD, at_once, me, place, spread, statuses

pytestmark = pytest.mark.slow
ROUNDS = 20 if os.environ["TEST_ON"] == "postgres" else 5  # SQLite's writers take turns: there is less to meet
NOT_PROVEN_AS_SAID = """
SELECT username, email, proven_email FROM users_user WHERE proven_email <> '' AND lower(proven_email) <> email_key
UNION SELECT min(username), email_key, count(*) || ' owners' FROM users_user WHERE proven_email <> '' GROUP BY email_key HAVING count(*) > 1
UNION SELECT u.username, u.email, 'a copy' FROM users_user u JOIN users_user o ON o.email_key = u.email_key AND o.proven_email <> ''
      WHERE u.proven_email = ''
"""


@pytest.fixture(scope="module")
def where():
    nobody_sends = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": "9"}  # links are asked for here
    with place(**nobody_sends, PUBLIC_URL="http://127.0.0.1", DEFAULT_FROM_EMAIL="us@example.com") as somewhere:
        yield somewhere


@pytest.fixture(scope="module")
def numbers():
    return itertools.count(1)


@pytest.fixture
def people(services, numbers):
    """Signs up that many new people with an email each, or all with one: [(name, access token, email), …]."""

    def sign_up(count, email=""):
        found = []
        for number in itertools.islice(numbers, count):
            said = email or f"somebody{number}@example.com"
            found.append((f"somebody.{number}", services[0].sign_up(f"somebody.{number}", email=said), said))
        return found

    return sign_up


@pytest.fixture
def held_by_links(where):
    """What the links of these people hold, as the letters would bring them: kind is confirmation_link or reset_link."""

    def held(kind, names) -> list[dict[str, str]]:
        code = f"from users.emails import links\nfor name in {list(names)!r}: print(links.{kind}(User.objects.get(username=name)))"
        printed = where.manage("shell", "--verbosity", "0", "-c", f"from users.models import User\n{code}")
        return [dict(parse_qsl(urlsplit(link).query)) for link in printed.split()]

    return held


@pytest.fixture
def proven(services, people, held_by_links):
    """Signs up that many people who have proven their emails."""

    def sign_up(count):
        found = people(count)
        for link in held_by_links("confirmation_link", [name for name, *_ in found]):
            assert services[0].post("/api/email/confirm", link).status_code == 200
        return found

    return sign_up


@pytest.fixture(autouse=True)
def nothing_is_wrong_afterwards(where):
    yield
    assert where.wrong() == {}
    assert where.rows(NOT_PROVEN_AS_SAID) == []


def test_of_two_who_prove_one_address_at_once_one_does(services, people, held_by_links):
    pairs = [people(2, f"wanted{turn}@example.com") for turn in range(ROUNDS)]
    links = held_by_links("confirmation_link", [name for pair in pairs for name, *_ in pair])
    for turn, pair in enumerate(pairs):
        answers = at_once(*[lambda s=s, k=k: s.post("/api/email/confirm", k)
                            for s, k in zip(services, links[2 * turn : 2 * turn + 2], strict=False)])  # fmt: skip
        assert statuses(answers) == {200: 1, 400: 1}
        seen = [me(services[2], token) for _, token, _ in pair]
        assert sorted((one["email"], one["email_verified"]) for one in seen) == [("", False), (f"wanted{turn}@example.com", True)]


def test_of_8_who_prove_one_address_at_once_one_does(services, people, held_by_links):
    for turn in range(5):
        found = people(8, f"wanted.by.8.{turn}@example.com")
        links = held_by_links("confirmation_link", [name for name, *_ in found])
        answers = at_once(*[lambda s=s, k=k: s.post("/api/email/confirm", k) for s, k in zip(spread(services, 8), links, strict=True)])
        assert statuses(answers) == {200: 1, 400: 7}


def test_one_confirmation_link_used_by_8_at_once_is_fine_for_all(services, people, held_by_links):
    found = people(ROUNDS)
    for (_, token, _), link in zip(found, held_by_links("confirmation_link", [name for name, *_ in found]), strict=True):
        answers = at_once(*[lambda s=s, k=link: s.post("/api/email/confirm", k) for s in spread(services, 8)])
        assert statuses(answers) == {200: 8}
        assert me(services[0], token)["email_verified"] is True


def test_one_reset_link_used_by_8_at_once_sets_one_password(services, proven, held_by_links):
    found = proven(ROUNDS)
    for (name, _, _), link in zip(found, held_by_links("reset_link", [name for name, *_ in found]), strict=True):
        passwords = [f"the horse of number {number}" for number in range(8)]
        answers = at_once(*[lambda s=s, p=p, k=link: s.post("/api/password/reset/confirm", k | {"password": p})
                            for s, p in zip(spread(services, 8), passwords, strict=True)])  # fmt: skip
        assert statuses(answers) == {200: 1, 400: 7}
        won = [answer.status_code == 200 for answer in answers].index(True)
        entered = [services[0].post("/api/login", {"username": name, "password": p}).status_code == 200 for p in passwords]
        assert entered == [number == won for number in range(8)]


def test_an_address_that_changes_while_its_link_is_used_is_never_proven(services, people, held_by_links):
    found = people(ROUNDS)
    for (_, token, _), link in zip(found, held_by_links("confirmation_link", [name for name, *_ in found]), strict=True):
        change, confirm, *_ = at_once(
            lambda t=token, n=link["token"][:12]: services[0].patch({"email": f"new-{n}@example.com"}, t),
            lambda k=link: services[1].post("/api/email/confirm", k),
            lambda k=link: services[2].post("/api/email/confirm", k),
        )
        assert change.status_code == 200 and confirm.status_code in (200, 400)
        seen = me(services[3], token)
        assert seen["email"].startswith("new-") and seen["email_verified"] is False


def test_a_sign_in_with_the_old_password_during_a_reset_leaves_no_living_session(services, proven, held_by_links):
    found = proven(ROUNDS)
    for (name, _, _), link in zip(found, held_by_links("reset_link", [name for name, *_ in found]), strict=True):
        reset, *answers = at_once(
            lambda k=link: services[0].post("/api/password/reset/confirm", k | {"password": "another horse"}),
            *[lambda s=s, n=name: s.post("/api/login", {"username": n, "password": PASSWORD}) for s in spread(services, 5)],
        )
        assert reset.status_code in (200, 400)  # a sign-in that came first ends the link
        if reset.status_code == 200:
            for won in (answer.json() for answer in answers if answer.status_code == 200):
                assert services[0].get("/api/users/me/", won["access"]).status_code == 401


def test_who_is_deleted_while_their_links_are_used_gets_answers(services, proven, held_by_links):
    found = proven(5)
    names = [name for name, *_ in found]
    for (_, token, _), reset, confirm in zip(
        found, held_by_links("reset_link", names), held_by_links("confirmation_link", names), strict=True
    ):
        answers = at_once(
            lambda t=token: services[0].call("DELETE", "/api/users/me/", token=t),
            lambda k=reset: services[1].post("/api/password/reset/confirm", k | {"password": "another horse"}),
            lambda k=confirm: services[2].post("/api/email/confirm", k),
        )
        assert set(statuses(answers)) <= {200, 204, 400, 401, 404}
