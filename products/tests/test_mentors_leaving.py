"""Products follow their mentor: off the list while the mentor is none, back with the mentor, gone with the account."""

import pytest

from products.models import Product
from users.models import User


@pytest.fixture
def path(atlas):
    return f"/api/products/{atlas.pk}/"


def count(client) -> int:
    return client.get("/api/products/").json()["count"]


def test_who_stops_being_a_mentor_takes_them_off_the_list_and_brings_them_back(seller, client, anyone, path):
    seller.patch("/api/users/me/", {"is_mentor": False})
    assert [(count(one), one.get(path).status_code) for one in (client, anyone)] == [(0, 404)] * 2
    assert client.patch(path, {"stock": 9}).status_code == 404
    seller.patch("/api/users/me/", {"is_mentor": True})
    assert [(count(one), one.get(path).status_code) for one in (client, anyone)] == [(1, 200)] * 2


def test_who_is_inactive_is_not_listed(alice, anyone, path):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert (count(anyone), anyone.get(path).status_code) == (0, 404)


def test_staff_see_them_all_the_same(alice, sign_in, sam, path):
    alice.step_down()
    staff = sign_in(sam)
    assert (count(staff), staff.get(path).status_code) == (1, 200)


def test_who_is_no_mentor_any_more_sees_changes_and_removes_their_own(seller, alice, path):
    alice.step_down()
    assert (count(seller), seller.get(path).status_code) == (1, 200)
    assert seller.patch(path, {"stock": 9}).json()["stock"] == 9
    assert seller.post("/api/products/", {"name": "Globe", "regular_price": 1, "stock": 1}).status_code == 403
    assert seller.delete(path).status_code == 200


def test_an_account_takes_them_along(seller, anyone, product, alice, eve, atlas, person):
    product(person("bob", is_mentor=True), "Globe")
    assert seller.delete("/api/users/me/").status_code == 204
    assert [one["name"] for one in anyone.get("/api/products/").json()["results"]] == ["Globe"]


def test_accounts_deleted_together_take_them_along(alice, atlas, eve):
    User.objects.filter(pk__in=[alice.pk, eve.pk]).delete()
    assert not Product.objects.exists()


def test_a_renamed_mentor_is_shown_and_found_by_the_new_name(seller, anyone, path):
    seller.patch("/api/users/me/", {"username": "Alicia"})
    assert anyone.get(path).json()["mentor"] == "Alicia"
    assert anyone.get("/api/products/?mentor=alicia").json()["count"] == 1
    assert anyone.get("/api/products/?mentor=alice").json()["count"] == 0
