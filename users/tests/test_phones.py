"""Phone numbers, as they are kept."""

import pytest

from conftest import PASSWORD
from users.models import User

ANYWHERE = [
    ("+79999999999", "+79999999999"), ("+7 (999) 999-99-99", "+79999999999"), ("+7.999.999.99.99", "+79999999999"), ("+1 650-253-0000", "+16502530000"),
    ("+44 20 7946 0958", "+442079460958"), ("+７９９９９９９９９９９", "+79999999999"), ("+7\u2011999\u2013999\u00a09999", "+79999999999"),
    ("123-456-7890", "1234567890"), ("123456789", "123456789"), ("12345", "12345"), ("1" * 15, "1" * 15), ("(12) 3.4-5", "12345"),
    ("+12345", "12345"), ("+999123456789", "999123456789"), ("00000", "00000"), ("[12] 345", "12345"), ("", ""), (None, ""),
]  # fmt: skip
NOWHERE = ["1234", "+1234", "1" * 16, "+" + "1" * 16, "call me", "12345x", "12345 ext 6", "++79999999999", "7+9999999999", "79999999999+", "١٢٣٤٥٦٧", "12345;6",
           "12345/6", "12_345", "#12345", "+", "-", " ", "()", "1" * 100, "12345" + " " * 100, "12345" + " " * 60 + "678", "e\u0301", 12345678, 1.5, True, [], {}]  # fmt: skip


def kept(client, phone):
    answer = client.patch("/api/users/me", {"phone": phone})
    assert answer.status_code == 200, answer.content
    return answer.json()["phone"]


@pytest.mark.parametrize(("given", "stored"), ANYWHERE)
def test_how_it_is_kept(client, given, stored):
    assert kept(client, given) == stored
    assert client.get("/api/users/me").json()["phone"] == stored


@pytest.mark.parametrize(
    ("given", "stored"), [("89298284301", "89298284301"), ("8 (929) 828-43-01", "89298284301"), ("9298284301", "9298284301")]
)
def test_without_a_region_a_national_number_is_its_digits(client, given, stored):
    assert kept(client, given) == stored


@pytest.mark.parametrize(
    ("region", "given", "stored"),
    [("RU", "89298284301", "+79298284301"), ("RU", "8 (929) 828-43-01", "+79298284301"), ("RU", "9298284301", "+79298284301"), ("RU", "+16502530000", "+16502530000"),
     ("RU", "123456789", "123456789"), ("RU", "12345", "12345"), ("US", "650 253 0000", "+16502530000"), ("GB", "020 7946 0958", "+442079460958")],
)  # fmt: skip
def test_with_a_region_a_valid_national_number_becomes_international(client, settings, region, given, stored):
    settings.PHONE_DEFAULT_REGION = region
    assert kept(client, given) == stored


@pytest.mark.parametrize("given", NOWHERE)
@pytest.mark.parametrize("region", [None, "RU"])
def test_the_rest_is_400(anyone, db, settings, region, given):
    settings.PHONE_DEFAULT_REGION = region
    answer = anyone.post("/api/registration", {"username": "bob", "password": PASSWORD, "phone": given})
    assert answer.status_code == 400
    assert set(answer.json()) == {"phone"}
    assert not User.objects.exists()


def test_the_rest_changes_nothing(client):
    for phone in NOWHERE:
        assert client.patch("/api/users/me", {"phone": phone}).status_code == 400
    assert client.get("/api/users/me").json()["phone"] == "1234567890"


def test_registration_keeps_it_the_same_way(anyone, db):
    body = {"username": "bob", "password": PASSWORD, "phone": "123-456-7890"}
    assert anyone.post("/api/registration", body).json()["phone"] == "1234567890"


def test_what_is_kept_can_be_sent_back(client, settings):
    for region in (None, "RU", "US"):
        settings.PHONE_DEFAULT_REGION = region
        for given, stored in ANYWHERE:
            once = kept(client, given)
            assert kept(client, once) == once, (region, given, stored)
