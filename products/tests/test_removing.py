"""A product is taken away; categories stay."""

from products.models import Category, Product


def test_it_says_so_and_is_gone(seller, anyone, atlas):
    answer = seller.delete(f"/api/products/{atlas.pk}/")
    assert (answer.status_code, answer.json()) == (200, {"message": "Product deleted successfully"})
    assert anyone.get(f"/api/products/{atlas.pk}/").status_code == 404
    assert anyone.get("/api/products/").json()["count"] == 0


def test_it_says_so_in_russian(seller, atlas):
    answer = seller.delete(f"/api/products/{atlas.pk}", HTTP_ACCEPT_LANGUAGE="ru")
    assert answer.json() == {"message": "Товар удалён"}


def test_a_second_time_there_is_nothing(seller, atlas):
    seller.delete(f"/api/products/{atlas.pk}/")
    assert seller.delete(f"/api/products/{atlas.pk}/").status_code == 404


def test_its_categories_and_the_others_stay(seller, product, alice, atlas, books):
    product(alice, "Globe", books)
    seller.delete(f"/api/products/{atlas.pk}/")
    assert Category.objects.get() == books
    assert Product.objects.get().name == "Globe"


def test_a_category_that_goes_leaves_the_product(anyone, atlas, books):
    books.delete()
    assert anyone.get(f"/api/products/{atlas.pk}/").json()["categories"] == []
