"""Products and categories in the admin: kept by staff, by the rules of the models."""

import pytest

from products.models import Category, Product
from products.querysets import ProductQuerySet
from users.models import User

PRODUCTS, CATEGORIES = "/admin/products/product/", "/admin/products/category/"
NEW = {"name": "Globe", "regular_price": "20", "stock": "1"}


@pytest.fixture
def save(staff):
    """Saves a product's card as the browser would, with some fields changed."""

    def post(product, **changes):
        form = staff.get(f"{PRODUCTS}{product.pk}/change/").context["adminform"].form
        shown = {name: form[name].value() for name in form.fields}
        fields = {name: value for name, value in (shown | changes).items() if value is not None}
        return staff.post(f"{PRODUCTS}{product.pk}/change/", fields)

    return post


# The list


def names(answer) -> list[str]:
    return [product.name for product in answer.context["cl"].result_list]


def test_the_list_is_searched_by_name_and_filtered_by_category(staff, atlas, product, alice, books):
    product(alice, "ЁЛКА")
    assert names(staff.get(PRODUCTS)) == ["ЁЛКА", "Atlas"]
    assert names(staff.get(f"{PRODUCTS}?q=ёлк")) == ["ЁЛКА"]
    assert names(staff.get(f"{PRODUCTS}?q=LAS")) == ["Atlas"]
    assert names(staff.get(f"{PRODUCTS}?categories__id__exact={books.pk}")) == ["Atlas"]


@pytest.mark.parametrize("query", ["q=%00", "categories__id__exact=x", "q=%25", "o=99"])
def test_a_query_that_is_none_is_no_fault_of_ours(staff, atlas, query):
    assert staff.get(f"{PRODUCTS}?{query}").status_code in (200, 302)


def test_html_in_names_is_shown_as_text(staff, product, category, alice):
    pen = product(alice, "<script>alert(1)</script>", category("<script>alert(2)</script>"))
    for path in (PRODUCTS, CATEGORIES, f"{PRODUCTS}{pen.pk}/change/", f"{PRODUCTS}{pen.pk}/delete/"):
        assert "<script>alert" not in staff.get(path).content.decode()


def test_the_list_costs_no_statement_a_row(staff, atlas, product, alice, person, django_assert_max_num_queries):
    for number in range(10):
        product(person(f"m{number}", is_mentor=True), "Pen")
    with django_assert_max_num_queries(7):
        staff.get(PRODUCTS)


# The card


def test_a_product_is_added_for_a_mentor(staff, alice, books):
    assert staff.post(f"{PRODUCTS}add/", NEW | {"mentor": alice.pk, "categories": [books.pk]}).status_code == 302
    made = Product.objects.get()
    assert (made.mentor, made.name_key, list(made.categories.all())) == (alice, "globe", [books])


@pytest.mark.parametrize("forged", ["eve", "gone", "", "x", "0", "-1", "9" * 30, "１"])
def test_who_is_no_mentor_is_refused_in_the_form(staff, eve, person, forged, errors):
    ids = {"eve": eve.pk, "gone": person("gone", is_mentor=True, is_active=False).pk}
    assert "mentor" in errors(staff.post(f"{PRODUCTS}add/", NEW | {"mentor": ids.get(forged, forged)}))
    assert not Product.objects.exists()


def test_mentors_alone_are_offered(staff, alice, eve):
    asked = "/admin/autocomplete/?app_label=products&model_name=product&field_name=mentor"
    assert [one["text"] for one in staff.get(asked).json()["results"]] == ["alice"]


@pytest.mark.parametrize(
    ("field", "changes"),
    [("discount_price", {"discount_price": "30.01"}), ("discount_price", {"regular_price": "25.49"}), ("discount_price", {"discount_price": "-1"}),
     ("regular_price", {"regular_price": "-1", "discount_price": ""}), ("regular_price", {"regular_price": "NaN"}), ("regular_price", {"regular_price": "1e400"}),
     ("regular_price", {"regular_price": "1.001"}), ("stock", {"stock": "-1"}), ("stock", {"stock": str(2**31)}), ("name", {"name": " "}),
     ("name", {"name": "ﷺ" * 40}), ("name", {"name": "a\0b"}), ("description", {"description": "x" * 5001}), ("categories", {"categories": ["99999999"]}),
     ("categories", {"categories": ["x"]}), ("categories", {"categories": [str(2**63)]})],
)  # fmt: skip
def test_what_the_api_refuses_is_refused_in_the_form(save, atlas, field, changes, errors):
    assert set(errors(save(atlas, **changes))) == {field}
    assert Product.objects.values().get() == Product.objects.values().get(name="Atlas", stock=3, regular_price=30, discount_price="25.50")


def test_only_what_was_changed_is_written(save, atlas, meanwhile):
    meanwhile(Product, lambda: ProductQuerySet(Product).filter(pk=atlas.pk).update(stock=77))
    assert save(atlas, name="Globe").status_code == 302
    atlas.refresh_from_db()
    assert (atlas.name, atlas.name_key, atlas.stock) == ("Globe", "globe", 77)


def test_a_price_lowered_meanwhile_is_a_message(save, said, atlas, meanwhile):
    meanwhile(Product, lambda: Product.objects.filter(pk=atlas.pk).update(regular_price="26"))
    assert said(save(atlas, discount_price="29")) == ["This conflicts with what is stored. Please look and try again."]


def test_a_product_deleted_meanwhile_is_a_message(save, said, atlas, meanwhile):
    meanwhile(Product, lambda: ProductQuerySet(Product).filter(pk=atlas.pk).delete())
    assert said(save(atlas, name="Globe")) == ["This was deleted meanwhile."]


def test_a_mentor_who_steps_down_meanwhile_is_a_message(staff, said, alice, monkeypatch):
    clean = Product.clean
    monkeypatch.setattr(Product, "clean", lambda product: (clean(product), alice.step_down()))
    assert said(staff.post(f"{PRODUCTS}add/", NEW | {"mentor": alice.pk})) == ["Only an active mentor offers products."]


def test_the_card_of_who_is_no_mentor_any_more_can_be_saved(save, atlas, alice, eve):
    alice.step_down()
    assert save(atlas, stock="9", mentor=eve.pk).status_code == 302
    atlas.refresh_from_db()
    assert (atlas.stock, atlas.mentor) == (9, alice)


# Deleting


def test_several_are_deleted_at_once(staff, atlas, product, alice):
    globe = product(alice, "Globe")
    asked = {"action": "delete_selected", "_selected_action": [atlas.pk, globe.pk], "post": "yes"}
    assert staff.post(PRODUCTS, asked).status_code == 302
    assert not Product.objects.exists()


def test_a_mentor_is_deleted_with_what_they_offer(staff, alice, atlas):
    page = staff.get(f"/admin/users/user/{alice.pk}/delete/").content.decode()
    assert "<li>Products: 1</li>" in page
    assert staff.post(f"/admin/users/user/{alice.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Product.objects.exists()


def test_who_may_delete_users_may_delete_those_with_products(alice, atlas, clerk):
    assert clerk("view_user", "delete_user").post(f"/admin/users/user/{alice.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=alice.pk).exists()


# Categories


@pytest.mark.parametrize("name", ["books", "BOOKS", "Ｂooks", " Books "])
def test_a_category_whose_name_exists_is_refused_in_the_form(staff, books, maps, name, errors):
    taken = {"name": ["A category of this name exists already."]}
    assert errors(staff.post(f"{CATEGORIES}add/", {"name": name})) == taken
    assert errors(staff.post(f"{CATEGORIES}{maps.pk}/change/", {"name": name})) == taken


def test_a_category_may_change_its_case(staff, books):
    assert staff.post(f"{CATEGORIES}{books.pk}/change/", {"name": "BOOKS"}).status_code == 302
    assert Category.objects.get().name == "BOOKS"


def test_a_category_taken_meanwhile_is_a_message(staff, said, monkeypatch):
    clean = Category.clean
    monkeypatch.setattr(Category, "clean", lambda one: (clean(one), Category.objects.create(name="books")))
    assert said(staff.post(f"{CATEGORIES}add/", {"name": "Books"})) == ["This conflicts with what is stored. Please look and try again."]


def test_a_category_is_deleted_and_its_products_stay(staff, atlas, books):
    assert staff.post(f"{CATEGORIES}{books.pk}/delete/", {"post": "yes"}).status_code == 302
    assert list(atlas.categories.all()) == []
