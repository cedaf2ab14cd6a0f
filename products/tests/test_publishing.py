"""A mentor offers something."""

import pytest

from products.models import Product


def test_a_product_is_shown_as_it_was_taken(seller, anyone, books, maps):
    given = {
        "name": "Atlas",
        "description": "All of it.",
        "regular_price": "30",
        "discount_price": "25.5",
        "stock": 3,
        "categories": [maps.pk, books.pk],
    }
    answer = seller.post("/api/products/", given)
    assert answer.status_code == 201
    shown = answer.json()
    assert shown == given | {
        "id": shown["id"], "regular_price": "30.00", "discount_price": "25.50", "categories": [books.pk, maps.pk], "mentor": "alice",
    }  # fmt: skip
    assert answer["Location"] == f"/api/products/{shown['id']}/"
    assert anyone.get(answer["Location"]).json() == shown


def test_a_name_a_price_and_a_stock_will_do(seller):
    answer = seller.post("/api/products", {"name": "Atlas", "regular_price": "0", "stock": 0})
    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["description"], shown["discount_price"], shown["categories"], shown["regular_price"]) == ("", None, [], "0.00")


@pytest.mark.parametrize(
    ("price", "shown"),
    [("5", "5.00"), ("5.5", "5.50"), ("0.01", "0.01"), (5, "5.00"), (5.5, "5.50"), (19.99, "19.99"), (0, "0.00"), (-0.0, "0.00"), ("-0", "0.00"),
     ("99999999.99", "99999999.99"), (99999999.99, "99999999.99"), (1e7, "10000000.00")],
)  # fmt: skip
def test_a_price_may_be_a_string_or_a_number(seller, price, shown):
    answer = seller.post("/api/products/", {"name": "Atlas", "regular_price": price, "stock": 1})
    assert answer.status_code == 201
    assert seller.get(answer["Location"]).json()["regular_price"] == shown


def test_a_discount_may_be_the_price_itself_or_nothing_or_null(seller):
    for discount in ("10", "0", None):
        answer = seller.post("/api/products/", {"name": "Atlas", "regular_price": "10", "discount_price": discount, "stock": 1})
        assert answer.status_code == 201


def test_texts_are_kept_exactly_as_sent(seller):
    given = {"name": " <b>Ａtlas</b> ", "description": " 'x'; --\n"}
    answer = seller.post("/api/products/", given | {"regular_price": "1", "stock": 2**31 - 1})
    assert answer.json().items() >= (given | {"stock": 2**31 - 1}).items()


def test_what_is_not_a_mentors_to_say_is_ignored(seller, eve):
    given = {"id": 7, "mentor": "eve", "mentor_id": eve.pk, "price": "1", "name_key": "x", "unknown": {}}
    shown = seller.post("/api/products/", given | {"name": "Atlas", "regular_price": "10", "stock": 1}).json()
    assert shown["mentor"] == "alice"
    assert set(shown) == {"id", "name", "description", "regular_price", "discount_price", "stock", "categories", "mentor"}
    assert Product.objects.get().name_key == "atlas"


@pytest.mark.parametrize("missing", ["name", "regular_price", "stock"])
def test_what_is_needed_is_named(seller, missing):
    given = {"name": "Atlas", "regular_price": "10", "stock": 1}
    answer = seller.post("/api/products/", {field: value for field, value in given.items() if field != missing})
    assert (answer.status_code, answer.json()) == (400, {missing: ["This field is required."]})
