"""The list of products: pages by number, filters, search, order."""

from urllib.parse import quote

import pytest

from products.models import Product


@pytest.fixture
def shelf(product, atlas, maps, books, alice, person):
    """Four products of two mentors, in the order in which they came."""
    product(alice, "globe", maps, regular_price="99.99", stock=0)
    product(person("bob", is_mentor=True), "Compass", maps, books, regular_price="25", description="Points north.")
    product(alice, "ЁЛКА", regular_price="5", stock=7)
    return ["Atlas", "globe", "Compass", "ЁЛКА"]


def found(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [shown["name"] for shown in answer.json()["results"]]


def test_a_page_looks_like_this(anyone, atlas, books):
    answer = anyone.get("/api/products/")
    assert answer.status_code == 200
    assert answer.json() == {
        "count": 1, "next": None, "previous": None,
        "results": [{"id": atlas.pk, "name": "Atlas", "description": "All of the world.", "regular_price": "30.00", "discount_price": "25.50",
                     "stock": 3, "categories": [books.pk], "mentor": "alice"}],
    }  # fmt: skip


def test_one_looks_the_same(anyone, atlas):
    assert anyone.get(f"/api/products/{atlas.pk}/").json() == anyone.get("/api/products").json()["results"][0]


def test_without_products_it_is_empty(anyone, db):
    assert anyone.get("/api/products/").json() == {"count": 0, "next": None, "previous": None, "results": []}


def test_the_newest_come_first(anyone, shelf):
    assert found(anyone.get("/api/products/")) == shelf[::-1]


def test_it_answers_the_same_as_version_1(anyone, shelf):
    assert anyone.get("/api/v1/products").json() == anyone.get("/api/products/").json()


# Pages


def test_a_page_has_twenty(anyone, product, alice):
    for number in range(21):
        product(alice, f"P{number}")
    first = anyone.get("/api/products/").json()
    assert (first["count"], len(first["results"]), first["previous"]) == (21, 20, None)
    last = anyone.get(first["next"]).json()
    assert ([one["name"] for one in last["results"]], last["next"]) == (["P0"], None)
    assert anyone.get(last["previous"]).json() == first


def test_a_page_may_have_a_hundred(anyone, product, alice):
    Product.objects.bulk_create([Product(mentor=alice, name="Pen", regular_price=1, stock=1) for _ in range(101)])
    assert len(found(anyone.get("/api/products/?page_size=100"))) == 100


def test_pages_keep_their_filters(anyone, shelf):
    first = anyone.get("/api/products/?mentor=alice&ordering=name&page_size=2")
    assert found(first) == ["Atlas", "globe"]
    assert found(anyone.get(first.json()["next"])) == ["ЁЛКА"]


@pytest.mark.parametrize("page", ["2", "99999", "9223372036854775807"])
def test_behind_the_last_page_there_is_nothing(anyone, shelf, page):
    assert anyone.get(f"/api/products/?page={page}").status_code == 404


# Filters


@pytest.mark.parametrize(
    ("query", "names"),
    [("category={books}", ["Atlas", "Compass"]), ("category={maps}", ["Compass", "globe"]), ("category=99999999", []), ("category=0", []),
     ("mentor=alice", ["Atlas", "globe", "ЁЛКА"]), ("mentor=ＡLICE", ["Atlas", "globe", "ЁЛКА"]), ("mentor=john", []), ("mentor=nobody", []),
     ("in_stock=true", ["Atlas", "Compass", "ЁЛКА"]), ("in_stock=1", ["Atlas", "Compass", "ЁЛКА"]), ("in_stock=false", ["globe"]),
     ("in_stock=0", ["globe"]), ("min_price=25.5", ["Atlas", "globe"]), ("min_price=25.51", ["globe"]), ("max_price=25.50", ["Atlas", "Compass", "ЁЛКА"]),
     ("max_price=5", ["ЁЛКА"]), ("max_price=4.99", []), ("min_price=6&max_price=25", ["Compass"]), ("min_price=9&max_price=1", []),
     ("category={maps}&in_stock=true&mentor=bob", ["Compass"]), ("unknown=1", ["Atlas", "Compass", "globe", "ЁЛКА"])],
)  # fmt: skip
def test_filters(anyone, john, shelf, books, maps, query, names):
    query = query.format(books=books.pk, maps=maps.pk)
    assert found(anyone.get(f"/api/products/?ordering=name&{query}")) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [("atlas", ["Atlas"]), ("LAS", ["Atlas"]), ("ａtl", ["Atlas"]), ("NORTH", ["Compass"]), ("the world.", ["Atlas"]), ("ёлка", ["ЁЛКА"]), ("ёл", ["ЁЛКА"]),
     ("o", ["Atlas", "Compass", "globe"]), ("%", []), ("_", []), ("\\", []), ("alice", []), ("x" * 150, []), (" ", ["Atlas", "Compass"])],
)  # fmt: skip
def test_search_looks_for_a_part_of_name_or_description_in_any_case_and_form(anyone, shelf, text, names):
    assert found(anyone.get(f"/api/products/?ordering=name&search={quote(text)}")) == names


@pytest.mark.parametrize(
    ("order", "names"),
    [("price", ["ЁЛКА", "Compass", "Atlas", "globe"]), ("-price", ["globe", "Atlas", "Compass", "ЁЛКА"]),
     ("name", ["Atlas", "Compass", "globe", "ЁЛКА"]), ("-name", ["ЁЛКА", "globe", "Compass", "Atlas"]),
     ("regular_price", ["ЁЛКА", "Compass", "Atlas", "globe"]), ("stock", ["globe", "Compass", "Atlas", "ЁЛКА"]),
     ("id", ["Atlas", "globe", "Compass", "ЁЛКА"]), ("-id", ["ЁЛКА", "Compass", "globe", "Atlas"])],
)  # fmt: skip
def test_it_may_go_by(anyone, shelf, order, names):
    assert found(anyone.get(f"/api/products/?ordering={order}")) == names


@pytest.mark.parametrize(("order", "names"), [("price", ["a", "b", "c"]), ("-price", ["c", "b", "a"])])
def test_what_costs_the_same_goes_by_id(anyone, product, alice, order, names):
    for name in "abc":
        product(alice, name)
    assert found(anyone.get(f"/api/products/?ordering={order}")) == names


# What cannot be read


NO_NUMBERS = ["", "x", "-1", "1.5", "1e3", " 1", "１", "true", "%00", "9" * 5000]
NO_PRICES = [
    "",
    "x",
    "-1",
    "1.555",
    "1e3",
    "1_000",
    " 1",
    "１",
    "NaN",
    "Infinity",
    "1e400",
    "100000000",
    "9" * 5000,
    "1,5",
    ".5",
    "5.",
    "%2B5",
    "%00",
]
NO_FLAGS = ["", "2", "yes", "null", "%00"]
NO_TEXTS = ["", "%00", "x" * 151]
UNREADABLE = {
    "page": [*NO_NUMBERS, "0", "last"], "page_size": [*NO_NUMBERS, "0", "101"], "category": NO_NUMBERS, "min_price": NO_PRICES, "max_price": NO_PRICES,
    "in_stock": NO_FLAGS, "search": NO_TEXTS, "mentor": [*NO_TEXTS, "x" * 5000], "ordering": ["", "x", "mentor", "--price", "price,name", "password", "%00"],
}  # fmt: skip


@pytest.mark.parametrize(("parameter", "value"), [(parameter, value) for parameter, values in UNREADABLE.items() for value in values])
def test_a_parameter_that_cannot_be_read_is_400(anyone, db, parameter, value):
    answer = anyone.get(f"/api/products/?{parameter}={value}")
    assert answer.status_code == 400
    assert set(answer.json()) == {parameter}


@pytest.mark.parametrize("broken", ["search=%ff", "search=%ED%A0%80", "mentor=%C3", "search=a&search=b"])
def test_bytes_that_are_no_text_are_no_fault_of_ours(anyone, db, broken):
    assert anyone.get(f"/api/products/?{broken}").status_code == 200
