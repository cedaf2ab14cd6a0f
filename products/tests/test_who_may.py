"""Anybody reads; mentors offer; owners change and remove what is theirs; nobody else does."""

import pytest

READS = ["/api/products/", "/api/categories/", "/api/products/{atlas}/"]
NEW = {"name": "Atlas", "regular_price": "10", "stock": 1}


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("header", [None, "Bearer broken", "Bearer", "Basic am9objpqb2hu", "bearer a b", "Bearer é"])
def test_anybody_reads_whatever_token_they_show(anyone, atlas, path, header):
    headers = {"HTTP_AUTHORIZATION": header} if header else {}
    assert anyone.get(path.format(atlas=atlas.pk), **headers).status_code == 200


@pytest.mark.parametrize("path", READS)
def test_a_token_of_an_ended_session_is_ignored_by_reads_and_refused_by_writes(client, atlas, path):
    path = path.format(atlas=atlas.pk)
    client.post("/api/logout", {})
    assert client.get(path).status_code == 200
    assert client.options(path).status_code == 200
    assert (client.delete if "1" in path else client.post)(path, {}).status_code == 401


def test_writes_need_a_token(anyone, atlas):
    path = f"/api/products/{atlas.pk}/"
    answers = [anyone.post("/api/products/", NEW), anyone.patch(path, {"stock": 9}), anyone.put(path, {"stock": 9}), anyone.delete(path)]
    assert [answer.status_code for answer in answers] == [401] * 4
    assert all(answer["WWW-Authenticate"].startswith("Bearer") for answer in answers)
    assert anyone.get(path).json()["stock"] == 3


def test_who_is_no_mentor_offers_nothing(client):
    answer = client.post("/api/products/", NEW)
    assert answer.status_code == 403
    assert answer.json() == {"detail": 'Only mentors offer products; you can become one with PATCH /api/users/me/ {"is_mentor": true}'}


def test_staff_who_are_no_mentors_offer_nothing(sign_in, sam):
    assert sign_in(sam).post("/api/products/", NEW).status_code == 403


def test_who_becomes_a_mentor_offers_at_once(client):
    client.patch("/api/users/me/", {"is_mentor": True})
    assert client.post("/api/products/", NEW).status_code == 201


@pytest.mark.parametrize("who", ["john", "sam", "bob"])
def test_nobody_changes_or_removes_another_s(sign_in, person, john, sam, atlas, who):
    other = sign_in({"john": john, "sam": sam, "bob": person("bob", is_mentor=True)}[who])
    path = f"/api/products/{atlas.pk}/"
    for answer in (other.patch(path, {"stock": 9}), other.put(path, {"stock": "x"}), other.delete(path)):
        assert answer.status_code == 403
    assert other.get(path).json()["stock"] == 3


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/api/products/"), ("DELETE", "/api/products/"), ("DELETE", "/api/categories/"), ("POST", "/api/products/1/")],
)
def test_another_method(seller, method, path):
    assert seller.generic(method, path, "{}", "application/json").status_code == 405


def test_the_index_names_both(client):
    assert client.get("/api/").json().items() >= {"products": "/api/products/", "categories": "/api/categories/"}.items()
