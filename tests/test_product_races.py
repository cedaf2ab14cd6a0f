"""Products that change at the same moment: what must hold whatever runs at once, on four processes with one database."""

import collections
import itertools

import pytest

from tests.service import Shell, at_once

pytestmark = pytest.mark.slow
NEW = {"name": "Atlas", "regular_price": "20", "discount_price": "10", "stock": 1}
ABOVE = {"discount_price": ["The discount price must not be above the regular price."]}


@pytest.fixture(scope="module")
def shell(where):
    with Shell(where) as open_shell:
        open_shell.run("from products.models import Category")
        yield open_shell


@pytest.fixture(scope="module")
def newcomer(services):
    """Signs up a new mentor: their access token."""
    numbers = itertools.count(1)
    return lambda: services[0].sign_up(f"mentor.{next(numbers)}", is_mentor=True)


@pytest.fixture(scope="module")
def seller(newcomer):
    return newcomer()


@pytest.fixture
def offer(services, seller):
    """Offers something new: its path."""

    def post(token=seller, **fields) -> str:
        answer = services[0].post("/api/products/", NEW | fields, token)
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    return post


@pytest.fixture(autouse=True)
def nothing_is_wrong_afterwards(where):
    yield
    assert where.wrong() == {}
    assert where.rows("SELECT id FROM products_product WHERE discount_price > regular_price OR stock < 0") == []
    assert where.rows("SELECT name_key FROM products_category GROUP BY name_key HAVING count(*) > 1") == []


def statuses(answers):
    return collections.Counter(answer.status_code for answer in answers)


def test_a_discount_raised_while_the_price_is_lowered_is_never_above_it(services, seller, offer):
    path = offer()
    for _ in range(20):
        assert services[0].call("PATCH", path, {"regular_price": "20", "discount_price": "10"}, seller).status_code == 200
        changes = [{"discount_price": "18"}, {"regular_price": "12"}]
        answers = at_once(*[lambda s=s, c=c: s.call("PATCH", path, c, seller) for s, c in zip(services, changes, strict=False)])
        assert statuses(answers) == {200: 1, 400: 1}
        assert all(answer.json() == ABOVE for answer in answers if answer.status_code == 400)
        [won] = [answer.json() for answer in answers if answer.status_code == 200]
        assert services[2].get(path).json() == won


def test_changes_of_different_fields_at_once_lose_nothing(services, seller, offer):
    path = offer()
    for turn in range(20):
        changes = [{"stock": turn}, {"name": f"Atlas {turn}"}, {"description": f"Edition {turn}"}, {"regular_price": f"{turn + 30}.00"}]
        answers = at_once(*[lambda s=s, c=c: s.call("PATCH", path, c, seller) for s, c in zip(services, changes, strict=True)])
        assert statuses(answers) == {200: 4}
        shown = services[0].get(path).json()
        assert all(shown.items() >= change.items() for change in changes)


def test_of_8_who_add_one_category_at_once_one_does(services, newcomer):
    token = newcomer()
    for turn in range(5):
        names = [f"Books {turn}", f"BOOKS {turn}", f"bOOKs {turn}", f"Ｂooks {turn}"] * 2
        answers = at_once(
            *[lambda s=s, n=n: s.post("/api/categories/", {"name": n}, token) for s, n in zip(services * 2, names, strict=True)]
        )
        assert statuses(answers) == {201: 1, 400: 7}
        refused = [answer.json() for answer in answers if answer.status_code == 400]
        assert refused == [{"name": ["A category of this name exists already."]}] * 7


def test_categories_set_at_once_are_those_of_one_of_them(services, seller, offer):
    ids = [services[0].post("/api/categories/", {"name": f"Kind {number}"}, seller).json()["id"] for number in range(8)]
    path, sets = offer(), [ids[:2], ids[2:4], ids[4:6], ids[6:]]
    for _ in range(10):
        answers = at_once(*[lambda s=s, c=c: s.call("PATCH", path, {"categories": c}, seller) for s, c in zip(services, sets, strict=True)])
        assert statuses(answers) == {200: 4}
        assert services[0].get(path).json()["categories"] in sets


def test_what_is_removed_while_it_changes_is_gone_and_removed_once(services, seller, offer):
    kind = services[0].post("/api/categories/", {"name": "Removed"}, seller).json()["id"]
    for _ in range(10):
        path = offer()
        answers = at_once(
            lambda p=path: services[0].call("DELETE", p, token=seller),
            lambda p=path: services[1].call("DELETE", p, token=seller),
            lambda p=path: services[2].call("PATCH", p, {"categories": [kind]}, seller),
            lambda p=path: services[3].call("PATCH", p, {"stock": 7, "categories": [kind]}, seller),
        )
        assert sorted(answer.status_code for answer in answers[:2]) == [200, 404]
        assert set(statuses(answers[2:])) <= {200, 404}
        assert services[0].get(path).status_code == 404


def test_an_account_deleted_while_it_offers_and_changes_leaves_nothing(services, newcomer, offer, where):
    for _ in range(10):
        token = newcomer()
        path = offer(token)
        kind = services[0].post("/api/categories/", {"name": path}, token).json()["id"]
        leave, *rest = at_once(
            lambda t=token: services[0].call("DELETE", "/api/users/me/", token=t),
            lambda t=token: services[1].post("/api/products/", NEW, t),
            lambda t=token, p=path, k=kind: services[2].call("PATCH", p, {"categories": [k], "stock": 9}, t),
            lambda t=token, p=path: services[3].call("DELETE", p, token=t),
        )
        assert leave.status_code == 204
        assert set(statuses(rest)) <= {200, 201, 400, 401, 404}
        assert where.rows("SELECT p.id FROM products_product p LEFT JOIN users_user u ON u.id = p.mentor_id WHERE u.id IS NULL") == []
        assert services[0].get(path).status_code == 404


def test_a_category_deleted_while_products_take_it_is_on_none(services, seller, offer, shell):
    paths = [offer() for _ in services]
    for turn in range(20):
        kind = services[0].post("/api/categories/", {"name": f"Fleeting {turn}"}, seller).json()["id"]
        _, *answers = at_once(
            lambda k=kind: shell.run(f"Category.objects.filter(pk={k}).delete()"),
            *[lambda s=s, p=p, k=kind: s.call("PATCH", p, {"categories": [k]}, seller) for s, p in zip(services, paths, strict=True)],
        )
        refused = [answer.json() for answer in answers if answer.status_code != 200]
        assert all(answer == {"categories": [f"There is no category {kind}."]} for answer in refused)
        assert [services[0].get(path).json()["categories"] for path in paths] == [[]] * 4
