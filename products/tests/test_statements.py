"""How many statements a request costs: they do not grow with the products."""

import pytest

from products.models import Category, Product
from users.models import User
from users.tests.test_statements import CALLER, assert_costs

LIST, ONE = 3, 2  # how many there are (not asked for one), the rows with their mentors, their categories


@pytest.fixture(params=[3, 150])
def many(request, alice, atlas, books):
    """Few or many products of as many mentors, each in two categories."""
    mentors = User.objects.bulk_create([User(username=f"m{number}", is_mentor=True) for number in range(request.param)])
    made = Product.objects.bulk_create([Product(mentor=mentor, name="Pen", regular_price=1, stock=1) for mentor in mentors])
    for category in (books, Category.objects.create(name="Pens")):
        category.products.add(*made)
    return atlas


PAGES = [
    "/api/products/", "/api/products/?page_size=100", "/api/products/?page=2&page_size=2", "/api/products/?search=pen", "/api/products/?mentor=m1",
    "/api/products/?category=1&in_stock=true&min_price=1&max_price=2&ordering=-price", "/api/products/?ordering=name",
]  # fmt: skip


def test_a_read_of_anybody(anyone, many):
    for path in PAGES:
        assert_costs(LIST, anyone, "get", path)
    assert_costs(ONE, anyone, "get", f"/api/products/{many.pk}/")
    assert_costs(1, anyone, "get", "/api/categories/")


def test_a_read_of_who_is_signed_in(client, seller, many):
    for who, more in ((seller, 0), (client, 1)):  # who is no mentor may have been one, and have products of their own
        for path in PAGES:
            assert_costs(CALLER + more + LIST, who, "get", path)
        assert_costs(CALLER + more + ONE, who, "get", f"/api/products/{many.pk}/")


def test_a_write(seller, many, books):
    new = {"name": "Globe", "regular_price": 1, "stock": 1}
    assert_costs(CALLER + 4, seller, "post", "/api/products/", new, status=201)
    assert_costs(CALLER + 7, seller, "post", "/api/products/", new | {"categories": [books.pk]}, status=201)
    path = f"/api/products/{many.pk}/"
    assert_costs(CALLER + ONE + 5, seller, "patch", path, {"stock": 9})
    assert_costs(CALLER + ONE + 9, seller, "patch", path, {"stock": 8, "categories": []})
    assert_costs(CALLER + ONE + 3, seller, "delete", path)


def test_no_statement_for_a_page_that_cannot_be_read(anyone, db):
    assert_costs(0, anyone, "get", "/api/products/?min_price=x", status=400)
    assert_costs(0, anyone, "get", "/api/products/?page=x", status=400)
    assert_costs(0, anyone, "post", "/api/products/", {}, status=401)
