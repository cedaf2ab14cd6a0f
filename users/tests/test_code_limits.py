"""How many codes may be asked for: of one phone, and from one address."""

import pytest

from conftest import PASSWORD
from users.models import PhoneCode
from users.tests.doors import FIVE_WAYS, PHONE, another, ask, fresh_code, use

pytestmark = pytest.mark.usefixtures("db", "trial")
HOUR = 3600


@pytest.fixture(autouse=True, params=[pytest.param("redis", marks=pytest.mark.servers), "process"])
def counted_by(request, settings):
    if request.param == "process":
        settings.REDIS_URL = ""


def phone_of(number: int) -> str:
    return f"+7999111{number:04}"


def test_so_many_codes_a_phone_and_no_more(anyone, limits):
    limits(code_phone=(3, HOUR))
    assert [ask(anyone).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    assert ask(anyone, phone_of(1)).status_code == 200


def test_so_many_codes_an_address_and_no_more(anyone, limits):
    limits(code_address=(3, HOUR))
    assert [ask(anyone, phone_of(number)).status_code for number in range(5)] == [200, 200, 200, 429, 429]
    assert ask(anyone, REMOTE_ADDR="10.0.0.2").status_code == 200


def test_a_phone_is_limited_from_all_addresses_together(anyone, limits):
    limits(code_phone=(3, HOUR), code_address=(100, HOUR))
    assert [ask(anyone, REMOTE_ADDR=f"10.0.0.{number}").status_code for number in range(5)] == [200, 200, 200, 429, 429]


def test_a_phone_is_one_however_it_is_written(anyone, limits):
    limits(code_phone=(4, HOUR))
    assert [ask(anyone, phone).status_code for phone in FIVE_WAYS] == [200, 200, 200, 200, 429]


def test_a_national_number_is_counted_with_its_international_form(anyone, limits, settings):
    settings.PHONE_DEFAULT_REGION = "RU"
    limits(code_phone=(1, HOUR))
    assert [ask(anyone, phone).status_code for phone in ("89991112234", "+79991112234", "9991112234")] == [200, 429, 429]


def test_the_refusal_says_when_to_come_again(anyone, limits):
    limits(code_phone=(1, HOUR), code_address=(9, 60))
    ask(anyone)
    refused = ask(anyone)
    assert HOUR - 5 <= int(refused["Retry-After"]) == int(refused["RateLimit-Reset"]) <= HOUR
    assert (refused["RateLimit-Limit"], refused["RateLimit-Remaining"]) == ("1", "0")
    assert set(refused.json()) == {"detail"}


def test_an_answer_says_what_is_left_of_the_limit_with_the_least(anyone, limits):
    limits(anon=(100, 60), code_phone=(5, HOUR), code_address=(20, HOUR))
    said = [ask(anyone) for _ in range(2)]
    assert [(answer["RateLimit-Limit"], answer["RateLimit-Remaining"]) for answer in said] == [("5", "4"), ("5", "3")]


def test_a_forwarded_address_helps_nobody(anyone, limits):
    limits(code_address=(2, HOUR))
    answers = [ask(anyone, phone_of(number), HTTP_X_FORWARDED_FOR=f"10.0.0.{number}") for number in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]


def test_nor_does_v1_or_a_slash_or_a_token(client, anyone, limits):
    limits(code_phone=(1, HOUR))
    assert ask(anyone).status_code == 200
    for path in ("/api/v1/auth/signup", "/api/auth/signup/", "/api/v1/auth/signup/"):
        assert client.post(path, {"phone": PHONE}).status_code == 429


def test_beyond_a_limit_no_code_is_made_and_nothing_sent(anyone, limits, gateway):
    limits(code_phone=(1, HOUR))
    ask(anyone)
    before = PhoneCode.objects.values().get()
    assert ask(anyone).status_code == 429
    assert PhoneCode.objects.values().get() == before
    assert len(gateway.requests) == 1


def test_beyond_a_limit_the_last_code_still_works(anyone, limits):
    limits(code_phone=(1, HOUR))
    code = fresh_code(anyone)
    assert ask(anyone).status_code == 429
    assert use(anyone, code).status_code == 200


@pytest.mark.parametrize("nonsense", ["", " ", None, 7, [], {}, "1234", "nonsense", "+", "1" * 16, "1" * 65, "x" * 10_000])
def test_what_is_no_phone_counts_for_its_address_and_for_no_phone(anyone, limits, nonsense):
    limits(code_phone=(1, HOUR), code_address=(3, HOUR))
    assert [ask(anyone, nonsense).status_code for _ in range(4)] == [400, 400, 400, 429]
    assert ask(anyone, REMOTE_ADDR="10.0.0.2").status_code == 200


def test_a_body_that_cannot_be_read_is_counted_by_its_address(anyone, limits):
    limits(anon=(1, HOUR), code_address=(9, HOUR))
    for status in (400, 429):
        assert anyone.post("/api/auth/signup", "{", content_type="application/json").status_code == status


def test_asking_leaves_other_requests_alone(anyone, limits, john):
    limits(code_phone=(1, HOUR), code_address=(1, HOUR))
    assert [ask(anyone).status_code for _ in range(2)] == [200, 429]
    assert anyone.post("/api/login", {"username": "john", "password": PASSWORD}).status_code == 200


def test_using_codes_is_counted_with_all_other_requests_of_an_address(anyone, limits):
    code = fresh_code(anyone)
    limits(anon=(2, HOUR))
    assert [use(anyone, another(code)).status_code for _ in range(2)] == [400, 400]
    assert use(anyone, code).status_code == 429
    assert PhoneCode.objects.get().tries == 2


def test_where_nothing_can_be_sent_nothing_is_counted(anyone, limits, settings):
    limits(code_phone=(1, HOUR), code_address=(1, HOUR))
    settings.DEBUG = False
    assert [ask(anyone).status_code for _ in range(3)] == [503, 503, 503]
    settings.DEBUG = True
    assert ask(anyone).status_code == 200


def test_a_limit_that_is_off_limits_nobody(anyone, limits):
    limits()
    answers = [ask(anyone) for _ in range(8)]
    assert {answer.status_code for answer in answers} == {200}
    assert "RateLimit-Limit" not in answers[0]


def test_guesses_at_a_password_by_phone_are_limited_however_the_phone_is_written(anyone, limits, john):
    john.prove_phone(PHONE)
    limits(login=(4, HOUR))
    given = [{"phone": phone, "password": "wrong"} for phone in FIVE_WAYS]
    assert [anyone.post("/api/login", body).status_code for body in given] == [401, 401, 401, 401, 429]
