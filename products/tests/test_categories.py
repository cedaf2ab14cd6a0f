"""Categories: anybody reads them, mentors and staff add them."""

import pytest

from products.models import Category


def test_all_are_shown_by_name(anyone, category):
    maps, books = category("maps"), category("Books")
    answer = anyone.get("/api/categories/")
    assert (answer.status_code, answer.json()) == (200, [{"id": books.pk, "name": "Books"}, {"id": maps.pk, "name": "maps"}])


def test_without_any_it_is_an_empty_array(anyone, db):
    assert anyone.get("/api/categories").json() == []


def test_a_mentor_adds_one(seller):
    answer = seller.post("/api/categories/", {"name": "Books"})
    assert answer.status_code == 201
    assert answer.json() == {"id": Category.objects.get().pk, "name": "Books"}


def test_staff_add_one(sign_in, sam):
    assert sign_in(sam).post("/api/categories/", {"name": "Books"}).status_code == 201


def test_others_do_not(client, anyone, db):
    assert client.post("/api/categories/", {"name": "Books"}).status_code == 403
    assert anyone.post("/api/categories/", {"name": "Books"}).status_code == 401
    assert not Category.objects.exists()


@pytest.mark.parametrize(
    ("name", "again"), [("Books", "bOOKS"), ("Ёлки", "ёЛКИ"), ("Straße", "STRASSE"), ("Books", "Ｂooks"), ("Books", "Books")]
)
def test_a_name_that_exists_in_any_case_is_refused(seller, category, name, again):
    category(name)
    answer = seller.post("/api/categories/", {"name": again})
    assert (answer.status_code, answer.json()) == (400, {"name": ["A category of this name exists already."]})
    assert Category.objects.count() == 1


@pytest.mark.parametrize(
    "name", ["", " ", "\t\n", "\u3000", None, 7, True, [], {}, ["Books"], "x" * 201, " " + "x" * 200, "ﷺ" * 40, "a\0b"]
)
def test_a_name_that_is_none_is_refused(seller, name):
    answer = seller.post("/api/categories/", {"name": name})
    assert answer.status_code == 400
    assert set(answer.json()) <= {"name", "detail"}
    assert not Category.objects.exists()


def test_a_name_is_kept_as_it_was_sent_but_for_blanks_around_it(seller):
    assert seller.post("/api/categories/", {"name": " <i>Ｂooks</i> "}).json()["name"] == "<i>Ｂooks</i>"


def test_a_rename_in_the_shell_is_compared_too(books):
    Category.objects.filter(pk=books.pk).update(name="MAPS")
    assert Category.objects.named("maps").get() == books


def test_blanks_around_a_name_make_no_second_category(seller, books):
    assert seller.post("/api/categories", {"name": " books "}).status_code == 400
    assert seller.post("/api/categories", {"name": " Sea charts "}).json()["name"] == "Sea charts"
