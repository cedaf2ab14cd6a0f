"""User names: which are names, which are one name, and how they are shown."""

import pytest

from conftest import PASSWORD
from users.models import User


def register(anyone, username):
    return anyone.post("/api/registration", {"username": username, "password": PASSWORD})


@pytest.mark.parametrize(
    ("given", "shown"),
    [("bob", "bob"), ("Bob", "Bob"), ("ｂob", "bob"), ("Иван", "Иван"), ("ﬁn", "fin"), ("e\u0301va", "éva"), ("Ⅷ", "VIII"), ("straße", "straße"),
     ("a.b@c+d-e_f", "a.b@c+d-e_f"), ("1a", "1a"), ("...", "..."), ("…", "..."), ("m", "m"), ("mee", "mee"), ("me.", "me."), ("名前", "名前"),
     ("x" * 150, "x" * 150), ("e\u0301" * 150, "é" * 150), ("ß" * 150, "ß" * 150), ("ΐ" * 150, "ΐ" * 150)],
)  # fmt: skip
def test_a_name_is_shown_as_it_was_given_in_its_normal_form(anyone, db, given, shown):
    answer = register(anyone, given)
    assert answer.status_code == 201
    assert answer.json()["username"] == shown
    assert anyone.post("/api/login", {"username": given, "password": PASSWORD}).status_code == 200


@pytest.mark.parametrize(
    "name",
    ["", " ", "a b", " bob", "bob ", "bob\n", "a/b", "a?b", "a#b", "a%b", "a\\b", "a,b", "a:b", "a'b", "😀", "a\u200bb", "a\u202eb", "½", "a\u00a0b",
     "me", "ME", "Me", "ｍe", "ＭＥ", "ᵐᵉ", ".", "．", "․", "..", "．．", "‥", "1", "123", "１２３", "²", "①", "١٢٣", "१२३", "1٣",
     "x" * 151, "ﬁ" * 76, "ﷺ" * 9, "x" * 100_000, "e\u0301" * 151],
)  # fmt: skip
def test_what_is_no_name(anyone, db, name):
    answer = register(anyone, name)
    assert answer.status_code == 400
    assert set(answer.json()) == {"username"}
    assert not User.objects.exists()


ONE_NAME = [("john", "JOHN"), ("john", "ｊohn"), ("Иван", "ИВАН"), ("иван", "иВаН"), ("straße", "STRASSE"), ("straße", "ſtrasse"), ("ﬁn", "FIN"),
            ("éva", "E\u0301VA"), ("σίσυφος", "ΣΊΣΥΦΟΣ"), ("Kelvin", "\u212aelvin"), ("ǆ", "ǅ"), ("ⅷ", "viii"), ("ŉa", "ʼna"), ("ẞ", "ss")]  # fmt: skip


@pytest.mark.parametrize(("first", "second"), ONE_NAME)
def test_who_registers_the_one_holds_the_other_too(anyone, person, first, second):
    person(first)
    answer = register(anyone, second)
    assert answer.status_code == 400
    assert answer.json() == {"username": ["A user with that user name already exists."]}


@pytest.mark.parametrize(("first", "second"), ONE_NAME)
def test_either_signs_in_and_finds(anyone, sign_in, person, first, second):
    one = person(first)
    assert anyone.post("/api/login", {"username": second, "password": PASSWORD}).status_code == 200
    client = sign_in(one)
    assert client.get(f"/api/users/{second}/").json()["id"] == one.pk
    assert [shown["id"] for shown in client.get("/api/users/", {"search": second}).json()] == [one.pk]


@pytest.mark.parametrize(("one", "other"), [("john", "jonh"), ("иван", "ivan"), ("ı", "i"), ("bo", "b0"), ("e", "é"), ("a", "а")])
def test_two_that_only_look_alike_are_two(anyone, person, one, other):
    person(one)
    assert register(anyone, other).status_code == 201


def test_ones_own_name_can_be_written_otherwise(client):
    assert client.patch("/api/users/me", {"username": "JOHN"}).json()["username"] == "JOHN"
    assert client.patch("/api/users/me", {"username": "ｊohn"}).json()["username"] == "john"


@pytest.mark.parametrize("name", ["ALICE", "ａlice"])
def test_anothers_name_cannot_be_taken_in_any_form(client, name):
    answer = client.patch("/api/users/me", {"username": name})
    assert answer.status_code == 400
    assert set(answer.json()) == {"username"}


def test_a_name_that_is_no_text_is_no_name(anyone, db):
    for value in (True, False, None, [], {}, ["bob"], {"a": "b"}, 1.5):
        assert set(register(anyone, value).json()) == {"username"}
    assert not User.objects.exists()


def test_the_shell_stores_the_normal_form_and_its_key(db):
    user = User.objects.create_user("Ｉvan", email="Ｉvan@Example.com")
    assert (user.username, user.username_key, user.email, user.email_key) == ("Ivan", "ivan", "Ivan@Example.com", "ivan@example.com")
    assert User.objects.get_by_natural_key("IVAN") == user
