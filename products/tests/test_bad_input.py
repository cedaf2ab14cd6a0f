"""Bad input: every one gets its 400 as JSON, names its field, and changes nothing."""

import json

import pytest

from products.models import Category, Product

NEW = {"name": '"Atlas"', "regular_price": '"10"', "stock": "1"}
NEVER = [
    "[]",
    "{}",
    '["1"]',
    '{"x": 1}',
    "true",
    "false",
    "NaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "9" * 5000,
    r'"a\u0000b"',
    r'"\ud800"',
    "x",
    "",
]
NO_NAMES = ["null", "7", "1.5", '""', '" "', r'"\t\n"', '"\u3000"', json.dumps("x" * 201), json.dumps("x" * 100_000), json.dumps("ﷺ" * 40)]
NO_PRICES = ["-1", "-0.01", "0.001", "1e-7", "1.999", "100000000", "99999999.999", "1e22", "9" * 30, '"-1"', '"0.001"', '"1.500"', '"1_000"', '"1,5"', '"１"',
             '"٣"', '"NaN"', '"Infinity"', '"1e3"', '"1e400"', '" 1"', '"1 "', '"+1"', '"1."', '".5"', '"0x10"', '""', '"free"', '"true"',
             '"100000000"', json.dumps("9" * 5000)]  # fmt: skip
NO_STOCK = ["null", "-1", "2147483648", "1.5", "1e30", "9" * 30, '"1"', '"5 "', '"１"', '""', '"many"']
NO_CATEGORIES = ["null", "1", '"1"', "[null]", "[true]", '["1"]', '["１"]', "[1.5]", "[-1]", "[0]", "[{}]", "[[1]]", '[{"id": 1}]', "[9223372036854775808]",
                 f"[{10**30}]", "[99999999]", "[BOOKS, BOOKS]", "[BOOKS, 99999999]", f"[{', '.join(map(str, range(1, 102)))}]"]  # fmt: skip
WRONG = {
    "name": NEVER + NO_NAMES, "description": [*NEVER, "null", "7", json.dumps("x" * 5001)], "regular_price": [*NEVER, *NO_PRICES, "null"],
    "discount_price": [*NEVER, *NO_PRICES], "stock": NEVER + NO_STOCK, "categories": [value for value in NEVER if value != "[]"] + NO_CATEGORIES,
}  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_changes(seller, atlas):
    before = state()
    yield
    assert state() == before
    assert seller.get("/api/products/").json()["count"] == 1


def state() -> list:
    return [list(Product.objects.values()), list(Category.objects.values()), list(Product.categories.through.objects.values())]


@pytest.fixture
def send(seller, atlas, books):
    def give(method: str, fields: dict[str, str]):
        body = "{" + ", ".join(f'"{name}": {value}' for name, value in fields.items()) + "}"
        path = "/api/products/" if method == "POST" else f"/api/products/{atlas.pk}/"
        return seller.generic(method, path, body.replace("BOOKS", str(books.pk)), "application/json")

    return give


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
@pytest.mark.parametrize("field", WRONG)
def test_a_value_that_the_field_cannot_take(send, method, field):
    for value in WRONG[field]:
        answer = send(method, (NEW if method == "POST" else {}) | {field: value, "unknown": "1"})
        assert answer.status_code == 400, (value[:50], answer.content)
        assert set(answer.json()) <= {field, "detail"}


def test_one_wrong_value_keeps_all_others_out(send):
    assert send("PATCH", {"name": '"Globe"', "stock": "9", "categories": "[99999999]"}).json() == {
        "categories": ["There is no category 99999999."]
    }


def test_each_wrong_field_is_named(send):
    answer = send("POST", {"name": "7", "regular_price": "true", "stock": '"x"', "categories": "{}"})
    assert set(answer.json()) == {"name", "regular_price", "stock", "categories"}


def test_a_new_discount_above_the_price(send):
    answer = send("POST", NEW | {"discount_price": '"10.01"'})
    assert answer.json() == {"discount_price": ["The discount price must not be above the regular price."]}


@pytest.mark.parametrize("body", ["", "null", "[]", "7", '"x"', "{", "[{}]", "{}{}"])
def test_a_body_that_is_no_json_object(seller, body):
    for path in ("/api/products/", "/api/categories/"):
        assert seller.generic("POST", path, body, "application/json").status_code == 400


def test_another_media_type(seller):
    for path in ("/api/products/", "/api/categories/"):
        assert seller.generic("POST", path, "name=Atlas", "application/x-www-form-urlencoded").status_code == 415
