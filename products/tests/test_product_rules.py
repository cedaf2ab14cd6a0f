"""Rules that hold past the API, from the shell: constraints, and the forms by which names are compared."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, NotSupportedError, transaction

from products.models import Category, Product

BROKEN = [
    {"regular_price": -1, "discount_price": None},
    {"discount_price": -1},
    {"discount_price": 31},
    {"regular_price": 25},
    {"stock": -1},
]


@pytest.mark.parametrize("values", BROKEN)
def test_the_database_refuses(atlas, values):
    with pytest.raises(IntegrityError), transaction.atomic():
        Product.objects.filter(pk=atlas.pk).update(**values)


@pytest.mark.parametrize(
    "values", [*BROKEN, {"name": ""}, {"name": " "}, {"name": "ﷺ" * 40}, {"stock": 2**31}, {"description": "x" * 5001}]
)
def test_full_clean_refuses(atlas, values):
    for field, value in values.items():
        setattr(atlas, field, value)
    with pytest.raises(ValidationError):
        atlas.full_clean()


def test_what_is_right_is_clean(atlas, books):
    atlas.full_clean()
    books.full_clean()


def test_only_an_active_mentor_offers_products(eve, product, alice):
    with pytest.raises(ValidationError):
        product(eve, "Atlas")
    alice.delete()
    with pytest.raises(ValidationError):
        product(alice, "Atlas")


def test_what_was_deleted_meanwhile_is_not_written(atlas):
    Product.objects.all().delete()
    atlas.stock = 9
    with pytest.raises(Product.DoesNotExist):
        atlas.save(update_fields=["stock"])


def test_two_categories_of_one_name_are_refused(books):
    with pytest.raises(IntegrityError), transaction.atomic():
        Category.objects.bulk_create([Category(name="BOOKS")])


def test_compared_forms_follow_writes_of_many(atlas, product, alice):
    globe = product(alice, "Globe")
    Product.objects.filter(pk=atlas.pk).update(name="MAP", description="BIG")
    globe.name = "SPHERE"
    Product.objects.bulk_update([globe], ["name"])
    Product.objects.bulk_create([Product(mentor=alice, name="COMPASS", regular_price=1, stock=1)])
    assert set(Product.objects.values_list("name_key", "description_key")) == {("map", "big"), ("sphere", ""), ("compass", "")}


def test_a_name_that_only_the_database_knows_is_not_taken(atlas):
    with pytest.raises(NotSupportedError):
        Product.objects.update(name=Product.objects.values("description")[:1])


def test_a_price_is_the_discount_price_where_there_is_one(atlas, product, alice):
    product(alice, "Globe", regular_price="20")
    assert [str(price) for price in Product.objects.order_by("price").values_list("price", flat=True)] == ["20.00", "25.50"]
