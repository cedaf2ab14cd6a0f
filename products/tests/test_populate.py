"""`manage.py populate`: the mentors it makes offer products."""

import pytest
from django.core.management import CommandError, call_command

from products.models import Category, Product
from users.models import User

pytestmark = pytest.mark.django_db


def populate(*options):
    call_command("populate", "--verbosity", "0", *options)


def test_every_mentor_offers_one(alice):
    populate("--users", "100")
    assert User.objects.count() == 101
    mentors = User.objects.mentors().exclude(pk=alice.pk)
    assert sorted(Product.objects.values_list("mentor", flat=True)) == sorted(mentors.values_list("pk", flat=True))


def test_they_are_as_the_service_itself_would_keep_them():
    populate("--users", "100")
    for product in Product.objects.all():
        product.full_clean()
        assert 1 <= product.categories.count() <= 2


def test_how_many_can_be_said():
    populate("--users", "30", "--products", "50")
    assert Product.objects.count() == 50
    populate("--users", "30", "--products", "0")
    assert Product.objects.count() == 50


def test_more_than_fit_into_one_transaction_are_added():
    populate("--users", "20", "--products", "1001")
    assert Product.objects.count() == 1001


def test_categories_that_are_there_are_taken(category):
    category("BOOKS")
    populate("--users", "20")
    populate("--users", "20")
    assert Category.objects.named("books").get().name == "BOOKS"
    assert Category.objects.count() == 6


def test_without_mentors_there_are_no_products():
    populate("--users", "1", "--products", "5")
    assert Product.objects.count() == (5 if User.objects.get().is_mentor else 0)


def test_fewer_than_none_are_refused():
    with pytest.raises(CommandError):
        populate("--users", "10", "--products", "-1")
    assert not User.objects.exists()


def test_the_list_shows_them(anyone):
    populate("--users", "100")
    assert anyone.get("/api/products/").json()["count"] == Product.objects.count()
