"""Messages in the reader's language: English, or Russian where `Accept-Language` asks for it."""

import pytest
from django.utils.translation import gettext, override

RUSSIAN = {"HTTP_ACCEPT_LANGUAGE": "ru-RU,ru;q=0.9,en;q=0.5"}


@pytest.mark.parametrize(
    ("path", "body", "field", "message"),
    [
        ("/api/registration", {"username": "JOHN", "password": "x"}, "username", "Пользователь с таким именем уже существует."),
        ("/api/registration", {"username": "me", "password": "x"}, "username", "Это имя пользователя зарезервировано."),
        ("/api/registration", {"username": "1", "password": "x"}, "username",
         "Имя пользователя не может состоять только из цифр: его приняли бы за id."),
        ("/api/registration", {"username": "bob", "password": "********"}, "password",
         "Восемь звёздочек обозначают скрытый пароль. Выберите другой."),
        ("/api/registration", {"username": "bob", "password": "x", "repeat_password": "y"}, "repeat_password", "Пароли не совпадают."),
        ("/api/registration", {"username": "bob", "password": "x", "mentor_username": "ghost"}, "mentor_username",
         "Пользователя с таким именем нет."),
        ("/api/registration", {"username": "bob", "password": "x", "phone": "12"}, "phone",
         "Номер телефона состоит из 5–15 цифр и может начинаться с +."),
        ("/api/registration", {"password": "x"}, "username", "Обязательное поле."),
        ("/api/token/refresh", {"refresh": "x"}, "detail", "Токен обновления недействителен или истёк."),
        ("/api/login", {"username": "john", "password": "x"}, "detail", "Активная учётная запись с такими данными не найдена"),
        ("/api/nowhere", {}, "detail", "Не найдено."),
    ],
)  # fmt: skip
def test_a_refusal_is_in_russian(anyone, john, path, body, field, message):
    said = anyone.post(path, body, **RUSSIAN).json()[field]
    assert (said[0] if isinstance(said, list) else said) == message


WRONG = {"is_mentor": "q", "first_name": 1, "mentor": 5, "phone": [], "email": {}, "password": 5, "username": True}


def in_english(answer, body: dict) -> list[str]:
    assert answer.json().keys() == body.keys()
    return [message for messages in answer.json().values() for message in messages if message.isascii()]


def test_no_refusal_of_a_wrong_type_is_left_in_english(client):
    assert in_english(client.patch("/api/users/me", WRONG, **RUSSIAN), WRONG) == []


def test_nor_is_one_of_a_product(sign_in, alice):
    wrong = {"name": 1, "regular_price": "x", "stock": "x", "categories": "x"}
    assert in_english(sign_in(alice).post("/api/products", wrong, **RUSSIAN), wrong) == []


def test_whoever_asks_for_no_language_reads_english(anyone):
    assert anyone.get("/api/users").json()["detail"] == "Authentication credentials were not provided."


def test_an_answer_says_its_language(anyone):
    answer = anyone.get("/api/users", **RUSSIAN)
    assert answer["Content-Language"] == "ru"
    assert "Accept-Language" in answer["Vary"]


def test_a_mentor_who_is_none_is_explained_in_russian(client, eve):
    said = client.patch("/api/users/me", {"mentor": "eve"}, **RUSSIAN).json()["mentor"][0]
    assert said == 'eve не наставник; eve может стать им запросом PATCH /api/users/me/ {"is_mentor": true}'


def test_one_reader_s_language_is_not_the_next_one_s(anyone):
    anyone.get("/api/users", **RUSSIAN)
    assert anyone.get("/api/users")["Content-Language"] == "en"


@pytest.mark.parametrize("message", ["This is not the present password.", "The body is not valid JSON.", "Give after or before, not both."])
def test_the_compiled_catalogues_are_those_in_use(message):
    with override("ru"):
        assert gettext(message) != message
