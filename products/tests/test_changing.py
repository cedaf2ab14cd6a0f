"""A mentor changes what they offer. PUT is taken as PATCH."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from products.models import Product


@pytest.fixture
def path(atlas):
    return f"/api/products/{atlas.pk}/"


@pytest.mark.parametrize("method", ["patch", "put"])
def test_what_is_not_sent_stays(seller, path, method):
    before = seller.get(path).json()
    answer = getattr(seller, method)(path, {"stock": 9})
    assert (answer.status_code, answer.json()) == (200, before | {"stock": 9})
    assert seller.get(path).json() == before | {"stock": 9}


def test_everything_can_be_changed(seller, path, maps):
    given = {"name": "Globe", "description": "", "regular_price": "20.00", "discount_price": None, "stock": 0, "categories": [maps.pk]}
    assert seller.patch(path, given).json().items() >= given.items()
    assert seller.get(path).json().items() >= given.items()


def test_ones_own_card_can_be_sent_back(seller, path):
    before = seller.get(path).json()
    assert seller.put(path, before).json() == before


def test_categories_are_replaced_only_when_sent(seller, path, books, maps):
    assert seller.patch(path, {"name": "Globe"}).json()["categories"] == [books.pk]
    assert seller.patch(path, {"categories": [maps.pk]}).json()["categories"] == [maps.pk]
    assert seller.patch(path, {"categories": []}).json()["categories"] == []


def test_a_new_name_is_found_and_the_old_is_not(seller, path):
    seller.patch(path, {"name": "ГЛОБУС", "description": "Round."})
    assert seller.get("/api/products/?search=глобус").json()["count"] == 1
    assert seller.get("/api/products/?search=round").json()["count"] == 1
    assert seller.get("/api/products/?search=atlas").json()["count"] == 0


@pytest.mark.parametrize("given", [{"discount_price": "30.01"}, {"regular_price": "25.49"}, {"regular_price": 1, "discount_price": 2}])
def test_a_discount_above_the_price_is_refused_whichever_is_sent(seller, path, given):
    before = seller.get(path).json()
    answer = seller.patch(path, given)
    assert answer.status_code == 400
    assert answer.json() == {"discount_price": ["The discount price must not be above the regular price."]}
    assert seller.get(path).json() == before


def test_both_prices_may_go_down_together(seller, path):
    assert seller.patch(path, {"regular_price": "2", "discount_price": "1"}).status_code == 200


def test_a_new_price_moves_it_in_the_list(seller, path, product, alice):
    product(alice, "Globe", regular_price="20")
    assert [one["name"] for one in seller.get("/api/products/?ordering=price").json()["results"]] == ["Globe", "Atlas"]
    seller.patch(path, {"discount_price": "19"})
    assert [one["name"] for one in seller.get("/api/products/?ordering=price").json()["results"]] == ["Atlas", "Globe"]


def test_nothing_but_what_changed_is_written(seller, path):
    with CaptureQueriesContext(connection) as captured:
        seller.patch(path, {"stock": 9, "name": "Atlas", "regular_price": 30})
    [written] = [query["sql"] for query in captured.captured_queries if query["sql"].startswith("UPDATE")]
    assert written.split(" WHERE ")[0] == 'UPDATE "products_product" SET "stock" = 9'


def test_what_is_no_change_writes_nothing(seller, path):
    with CaptureQueriesContext(connection) as captured:
        assert seller.patch(path, {"stock": 3}).status_code == 200
    assert not [query for query in captured.captured_queries if query["sql"].startswith(("UPDATE", "INSERT", "DELETE"))]


def test_the_mentor_cannot_be_changed(seller, path, eve, atlas):
    seller.patch(path, {"mentor": "eve", "mentor_id": eve.pk})
    assert Product.objects.get(pk=atlas.pk).mentor.username == "alice"


@pytest.mark.parametrize("name", ["0", "99999999", "x", "-1", "1.5", "１", "me", "9" * 30, "%00", "%ff", "9223372036854775808"])
def test_what_is_not_there_is_404(seller, atlas, name):
    for method in ("get", "patch", "put", "delete"):
        answer = getattr(seller, method)(f"/api/products/{name}/")
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})
