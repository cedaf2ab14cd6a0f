"""Products on the shelf, and how they are offered."""

import pytest

from products.models import Category, Product
from users.tests.conftest import clerk, errors, meanwhile, said, staff  # noqa: F401 the admin as staff use it


@pytest.fixture
def product(db):
    """Makes a product: product(alice, "Atlas", regular_price="20")."""

    def make(mentor, name: str, *categories: Category, **fields) -> Product:
        made = Product.objects.create(mentor=mentor, name=name, **({"regular_price": "10", "stock": 1} | fields))
        made.categories.set(categories)
        return made

    return make


@pytest.fixture
def category(db):
    """Makes a category: category("Books")."""
    return lambda name: Category.objects.create(name=name)


@pytest.fixture
def books(category):
    return category("Books")


@pytest.fixture
def maps(category):
    return category("Maps")


@pytest.fixture
def atlas(product, alice, books):
    """What alice offers."""
    return product(alice, "Atlas", books, description="All of the world.", regular_price="30", discount_price="25.50", stock=3)


@pytest.fixture
def seller(sign_in, alice):
    """Alice, signed in."""
    return sign_in(alice)
