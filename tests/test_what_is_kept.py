"""What a process keeps, and what Redis keeps for it, is never what has ended: whatever happens to Redis between two requests.

A client reads the list and a detail on two processes, so that all that can be kept is kept. Then something ends through one
process, and something happens to Redis. The next requests, on either process, are answered by what is true.
"""

import itertools
import signal
from contextlib import closing

import pytest
import redis

from tests.service import Service, at_once, place
from tests.test_redis_away import back_at_work

pytestmark = [pytest.mark.servers, pytest.mark.slow]
_turns = itertools.count()


@pytest.fixture(scope="module")
def where(valkey):
    with place(REDIS_URL=valkey.url) as somewhere:
        yield somewhere


class Case:
    """John, whom the mentor Alice invited, so that he sees her phone; each in a session, and John in a second one."""

    def __init__(self, both, shell):
        self.one, self.other = both
        self.shell = shell
        turn = next(_turns)
        self.john, self.alice = f"john.{turn}", f"alice.{turn}"
        self.alices = self.one.sign_up(self.alice, is_mentor=True, phone="1234567")
        code = self.one.get("/api/users/me/", self.alices).json()["invite_code"]
        self.one.sign_up(self.john, invite_code=code)
        self.pair, self.second = self.one.sign_in(self.john), self.one.sign_in(self.john)["access"]
        self.token = self.pair["access"]
        self.alice_pk = self.one.get("/api/users/me/", self.alices).json()["id"]
        self.john_pk = self.one.get("/api/users/me/", self.token).json()["id"]
        # The page on which both stand, which is not the same for all cases.
        self.list = f"/api/users/?after={self.alice_pk - 1}"

    def read(self):
        """On both, twice: what can be kept is kept."""
        for _ in range(2):
            assert self.phone_of_alice() == {"1234567"}

    def answers(self):
        return [service.get(path, self.token) for path in (self.list, f"/api/users/{self.alice_pk}/") for service in (self.one, self.other)]

    def statuses(self):
        return {answer.status_code for answer in self.answers()}

    def phone_of_alice(self):
        """As the four answers show it to John."""
        found = [answer.json() for answer in self.answers()]
        rows = [next(row for row in (said if isinstance(said, list) else [said]) if row["id"] == self.alice_pk) for said in found]
        return {row["phone"] for row in rows}


def is_out(case):
    assert case.statuses() == {401}


def is_a_stranger(case):
    assert case.phone_of_alice() == {None}


ENDINGS = {
    "logout": (lambda c: c.one.post("/api/logout", {"refresh": c.pair["refresh"]}), is_out),
    "logout everywhere": (lambda c: c.one.post("/api/logout", {"everywhere": True}, c.second), is_out),
    "all other sessions": (lambda c: c.one.call("DELETE", "/api/sessions/", token=c.second), is_out),
    "a new password": (lambda c: c.one.patch({"password": "another horse, another battery"}, c.second), is_out),
    "deactivation": (lambda c: c.shell.run(f"User.objects.filter(pk={c.john_pk}).update(is_active=False)"), is_out),
    "deletion": (lambda c: c.one.call("DELETE", "/api/users/me/", token=c.second), is_out),
    "the mentor lets go": (lambda c: c.one.call("DELETE", f"/api/users/me/mentees/{c.john_pk}/", token=c.alices), is_a_stranger),
    "the mentor is one no more": (lambda c: c.one.patch({"is_mentor": False}, c.alices), is_a_stranger),
    "the mentee leaves": (lambda c: c.one.patch({"mentor": None}, c.second), is_a_stranger),
    "staff unlink many": (lambda c: c.shell.run(f"User.objects.filter(pk__in=[{c.john_pk}]).update(mentor=None)"), is_a_stranger),
}


@pytest.fixture(params=ENDINGS)
def ending(request):
    return ENDINGS[request.param]


@pytest.fixture
def case(both, shell):
    return Case(both, shell)


def test_with_the_next_request_on_either(case, ending):
    end, is_so = ending
    case.read()
    end(case)
    is_so(case)


def restart(valkey):
    """Killed, as by a crash, and started; nothing was saved."""
    valkey.process.send_signal(signal.SIGKILL)
    valkey.process.wait(30)
    valkey.start()


def empty(valkey):
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()


@pytest.mark.parametrize("trouble", [restart, empty])
def test_after_redis_was_lost(case, ending, trouble, valkey):
    end, is_so = ending
    case.read()
    end(case)
    trouble(valkey)
    is_so(case)
    back_at_work(case.one, case.other)
    is_so(case)


def test_after_redis_was_brought_back_with_what_it_held_before(case, ending, valkey):
    """From a copy of the moment when all was still allowed, which has not had time to expire."""
    end, is_so = ending
    case.read()
    with closing(redis.Redis.from_url(valkey.url)) as client:
        client.save()
    end(case)
    restart(valkey)  # it loads that copy
    try:
        is_so(case)
        back_at_work(case.one, case.other)
        is_so(case)
    finally:
        (valkey.folder / "dump.rdb").unlink()


def test_after_redis_was_frozen_for_a_while(case, ending, valkey):
    end, is_so = ending
    case.read()
    end(case)
    with valkey.frozen():
        is_so(case)
    back_at_work(case.one, case.other)
    is_so(case)


@pytest.mark.parametrize("how", ["frozen", "killed"])
def test_what_ends_while_redis_is_away_is_over_at_once_where_it_ended_and_everywhere_once_that_process_is_back(case, ending, valkey, how):
    end, is_so = ending
    case.read()
    valkey.process.send_signal(signal.SIGSTOP if how == "frozen" else signal.SIGKILL)
    try:
        end(case)
        case.other, both = case.one, case.other
        is_so(case)
    finally:
        valkey.process.send_signal(signal.SIGCONT) if how == "frozen" else restart(valkey)
    case.other = both
    back_at_work(case.one, case.other)
    if how == "frozen" and "shell" in end.__code__.co_names:
        end(case)  # the shell that ended it does not come back to Redis by itself, and 30 s are allowed
    case.one.get("/api/users/me/", case.alices)  # it comes back, and puts right what it could not say before
    is_so(case)


def test_a_limit_is_as_exact_by_what_is_kept(where, valkey):
    with Service(where, THROTTLE_USER="20/min") as one, Service(where, THROTTLE_USER="20/min") as other:
        token = one.sign_up("counted.once")
        said = [service.get("/api/users/", token) for _ in range(15) for service in (one, other)]
    assert [answer.status_code for answer in said] == [200] * 20 + [429] * 10
    assert [int(answer.headers["RateLimit-Remaining"]) for answer in said] == [*range(19, -1, -1)] + [0] * 10


def test_a_session_that_has_ended_does_not_use_up_the_limit_of_the_living_one(where, valkey):
    with Service(where, THROTTLE_USER="20/min") as service:
        ended = service.sign_up("robbed")
        assert service.post("/api/logout", {}, ended).status_code == 205  # that was the first of the twenty
        token = service.sign_in("robbed")["access"]
        assert {service.get("/api/users/", ended).status_code for _ in range(30)} == {401}
        assert [service.get("/api/users/", token).status_code for _ in range(20)] == [200] * 19 + [429]


def test_many_who_are_read_while_they_end_are_out(both):
    """The record of a session is never put back by a reader who read before it ended."""
    one, other = both
    one.sign_up("raced")
    for _turn in range(30):
        pair = one.sign_in("raced")
        readers = [lambda s=s, t=pair["access"]: s.get("/api/users/me/", t) for s in (one, other, one, other)]
        at_once(lambda p=pair: one.post("/api/logout", {"refresh": p["refresh"]}), *readers)
        assert {service.get("/api/users/me/", pair["access"]).status_code for service in both} == {401}
