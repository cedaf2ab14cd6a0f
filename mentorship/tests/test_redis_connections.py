"""Connections to Redis are at hand for all threads of a process: none is lost, and no answer is read by who did not ask."""

import os
import threading

import pytest
from django.conf import settings
from redis import Redis
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisSlow

from mentorship.caches import client
from mentorship.patient_redis import IDLE, PatientRedis

pytestmark = pytest.mark.servers


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Nobody leaves Redis alone here: what comes next is what is looked at."""
    monkeypatch.setattr(PatientRedis, "_leave_alone", lambda *_: None)
    kept = IDLE[client().connection_pool]
    while kept:
        client().connection_pool.release(kept.pop())
    client().set("whose", "mine")


def in_threads(work, count: int, at_once: bool) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
        if not at_once:
            thread.join()
    for thread in threads:
        thread.join()


def test_threads_that_come_and_go_take_no_connection_with_them():
    before, answers = PatientRedis.connections, []
    in_threads(lambda _: answers.append(client().get("whose")), 150, at_once=False)
    assert answers == [b"mine"] * 150
    assert PatientRedis.connections == before
    assert len(IDLE[client().connection_pool]) == 1


def test_threads_at_once_are_told_what_they_asked():
    wrong = []

    def ask(number: int) -> None:
        for turn in range(200):
            client().set(f"of {number}", f"{number} {turn}")
            if client().get(f"of {number}") != f"{number} {turn}".encode():
                wrong.append((number, turn))

    in_threads(ask, 8, at_once=True)
    assert wrong == []


def test_what_redis_refuses_is_an_answer_and_the_next_one_is_the_next():
    before = PatientRedis.connections
    for _ in range(3):
        with pytest.raises(ResponseError):
            client().lpush("whose", "x")
        assert client().get("whose") == b"mine"
    assert PatientRedis.connections == before


def test_an_answer_that_comes_too_late_is_read_by_nobody():
    with pytest.raises(RedisSlow):
        client().blpop("nothing here", timeout=1)
    client().rpush("nothing here", "late")
    assert [client().get("whose") for _ in range(3)] == [b"mine"] * 3


def test_a_connection_that_the_server_closed_is_made_anew_without_a_failure():
    before = PatientRedis.connections
    with Redis.from_url(settings.REDIS_URL) as another:
        another.client_kill_filter(_type="normal", skipme=True)
    assert [client().get("whose") for _ in range(3)] == [b"mine"] * 3
    assert PatientRedis.connections == before + 1


def test_a_fork_does_not_speak_into_its_parents_connection():
    reading, writing = os.pipe()
    before = PatientRedis.connections
    child = os.fork()
    if not child:
        answers = {client().get("whose") for _ in range(100)}
        os.write(writing, f"{[*answers]} {PatientRedis.connections - before}".encode())
        os._exit(0)
    answers = {client().get("whose") for _ in range(100)}
    os.waitpid(child, 0)
    os.close(writing)
    assert os.read(reading, 1000) == b"[b'mine'] 1"
    os.close(reading)
    assert answers == {b"mine"} and PatientRedis.connections == before
