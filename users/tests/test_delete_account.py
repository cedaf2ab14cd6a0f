"""Deleting one's account."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from conftest import PASSWORD
from users.models import User
from users.sessions.models import Session
from users.tests.truth import assert_links_are_true, mentor_of


@pytest.mark.parametrize("path", ["/api/users/me/", "/api/users/john/", "/api/users/{id}/"])
def test_ones_own_is_gone(client, john, path):
    answer = client.delete(path.format(id=john.pk))
    assert answer.status_code == 204
    assert answer.content == b""
    assert not User.objects.filter(pk=john.pk).exists()


def test_all_its_sessions_end_at_once(client, sign_in, john, anyone):
    phone = sign_in(john)
    client.delete("/api/users/me/")
    assert [each.get("/api/users/me").status_code for each in (client, phone)] == [401, 401]
    assert anyone.post("/api/token/refresh", {"refresh": phone.refresh}).status_code == 401
    assert not Session.objects.exists()


def test_its_password_signs_nobody_in(client, anyone):
    client.delete("/api/users/me/")
    assert anyone.post("/api/login", {"username": "john", "password": PASSWORD}).status_code == 401


def test_its_name_is_free(client, anyone):
    client.delete("/api/users/me/")
    assert anyone.post("/api/registration", {"username": "JOHN", "password": PASSWORD}).status_code == 201


def test_its_mentees_are_released(sign_in, alice, john):
    sign_in(alice).delete("/api/users/me/")
    assert mentor_of(john) is None


def test_its_mentor_counts_it_no_more(client, alice):
    client.delete("/api/users/me/")
    assert client.get("/api/users/me").status_code == 401
    assert_links_are_true()


@pytest.mark.parametrize("signed_in_as", ["john", "alice", "sam"])
def test_anothers_is_403_and_stays(sign_in, alice, john, eve, sam, signed_in_as):
    client = sign_in({"john": john, "alice": alice, "sam": sam}[signed_in_as])
    for path in (f"/api/users/{eve.pk}/", "/api/users/eve/"):
        assert client.delete(path).status_code == 403
    assert User.objects.filter(pk=eve.pk).exists()


def test_nobodys_is_404(client):
    assert client.delete("/api/users/999999/").status_code == 404


def test_it_needs_a_token(anyone, john):
    assert anyone.delete("/api/users/john/").status_code == 401
    assert User.objects.filter(pk=john.pk).exists()


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(12))
def test_signing_in_at_that_moment_does_not_stop_it(client, john, anyone, turn):
    def send(how, *what):
        try:
            return how(*what).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        logins = [pool.submit(send, anyone.post, "/api/login", {"username": "john", "password": PASSWORD}) for _ in range(2)]
        deletion = pool.submit(send, client.delete, "/api/users/me/")
    assert deletion.result() == 204
    assert {login.result() for login in logins} <= {200, 401}
