"""What people send who come from two services beside this one: one of phones and invites, one of emails and a catalogue.

Their documented requests, with our names of fields where they differ, and our answers in full shape; once with the slash at the end
of each path and once without.
"""

import re

import pytest
from rest_framework.test import APIClient

from users.tests.mailbox import Letter, the_letter

IN_A_LIST = {"id", "username", "is_mentor", "phone", "email", "mentees", "mentees_count", "mentor", "mentor_username"}
SOMEBODY = IN_A_LIST | {"first_name", "last_name"}
ONESELF = SOMEBODY | {"password", "email_verified", "phone_verified", "invite_code", "invited", "invited_count"}


class WithoutSlash(APIClient):
    def generic(self, method, path, *args, **options):
        return super().generic(method, path.removesuffix("/"), *args, **options)


@pytest.fixture(params=[APIClient, WithoutSlash])
def new_client(request, db):
    return request.param


@pytest.fixture
def anyone(new_client):
    return new_client()


def signed_in(client, access: str):
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client


def answered(answer, status: int) -> dict | list:
    assert answer.status_code == status, answer.content
    return answer.json()


# Phones and invites


@pytest.fixture
def trial(settings):
    """A developer's own machine, in Russia, with the neighbour's short codes."""
    settings.DEBUG, settings.AUTH_CODE_DIGITS, settings.PHONE_DEFAULT_REGION = True, 4, "RU"


@pytest.fixture
def enter(anyone, trial):
    """Signs in by a phone: what is answered to its code."""

    def by_phone(phone: str) -> dict:
        code = answered(anyone.post("/api/v1/auth/signup/", {"phone": phone}), 200)["activation_code"]
        return answered(anyone.post("/api/v1/auth/code/", {"phone": phone, "code": code}), 200)

    return by_phone


@pytest.fixture
def ivan(enter, new_client):
    """Somebody who came by a phone, signed in."""
    return signed_in(new_client(), enter("89298284301")["access"])


@pytest.fixture
def olga(enter, new_client):
    """Another one."""
    return signed_in(new_client(), enter("89161234567")["access"])


def card(client) -> dict:
    return answered(client.get("/api/v1/users/me/"), 200)


@pytest.mark.parametrize("phone", ["89298284301", "+7 929 828-43-01", "9298284301", "12345"])
def test_a_number_as_people_write_it_is_answered_with_a_code_of_four_digits(anyone, trial, phone):
    answer = answered(anyone.post("/api/v1/auth/signup/", {"phone": phone}), 200)
    assert answer.keys() == {"detail", "expires_in", "activation_code"}
    assert re.fullmatch("[0-9]{4}", answer["activation_code"])


def test_no_country_needs_to_be_set_on_a_trial(enter, settings):
    settings.PHONE_DEFAULT_REGION = None
    assert enter("89298284301")["user"]["phone"] == "89298284301"


def test_the_code_is_answered_with_tokens_and_the_invite_code(enter):
    answer = enter("89298284301")
    assert answer.keys() == {"refresh", "access", "user", "invite_code", "created"}
    assert answer["user"].keys() == ONESELF
    assert (answer["user"]["phone"], answer["user"]["phone_verified"], answer["created"]) == ("+79298284301", True, True)
    assert re.fullmatch("[A-Z0-9]{6}", answer["invite_code"])


def test_the_same_phone_is_the_same_account(enter):
    first, second = enter("89298284301"), enter("+7 (929) 828-43-01")
    assert (second["user"], second["invite_code"], second["created"]) == (first["user"], first["invite_code"], False)


def test_a_code_works_once(anyone, trial):
    sent = {"phone": "89298284301"}
    sent["code"] = answered(anyone.post("/api/v1/auth/signup/", sent), 200)["activation_code"]
    answered(anyone.post("/api/v1/auth/code/", sent), 200)
    assert answered(anyone.post("/api/v1/auth/code/", sent), 400).keys() == {"code"}


def test_the_users_are_an_array(ivan, olga):
    users = answered(ivan.get("/api/v1/users/"), 200)
    assert [user["username"] for user in users] == [card(ivan)["username"], card(olga)["username"]]
    assert all(user.keys() == IN_A_LIST for user in users)


def test_the_phones_of_others_are_not_shown(ivan, olga):
    assert [user["phone"] for user in answered(ivan.get("/api/v1/users/"), 200)] == ["+79298284301", None]


def test_the_profile_is_at_the_user_name(ivan, olga):
    name, other = card(ivan)["username"], card(olga)["username"]
    assert answered(ivan.get(f"/api/v1/users/{name}/"), 200).keys() == ONESELF
    assert answered(ivan.get(f"/api/v1/users/{other}/"), 200).keys() == SOMEBODY


@pytest.mark.parametrize("method", ["patch", "put"])
def test_the_profile_is_edited_at_the_user_name(ivan, method):
    edit = getattr(ivan, method)
    new = {"username": "ivan", "first_name": "Иван", "last_name": "Петров"}
    answer = answered(edit(f"/api/v1/users/{card(ivan)['username']}/", new), 200)
    assert answer.keys() == ONESELF
    assert answer == answered(ivan.get("/api/v1/users/ivan/"), 200)
    assert answer.items() >= (new | {"phone": "+79298284301", "phone_verified": True}).items()


def test_a_profile_is_not_edited_by_post(ivan):
    answered(ivan.post("/api/v1/users/me/", {"first_name": "Иван"}), 405)
    assert card(ivan)["first_name"] == ""


def test_the_profile_of_somebody_else_is_not_edited(ivan, olga):
    answered(ivan.patch(f"/api/v1/users/{card(olga)['username']}/", {"first_name": "Иван"}), 403)


def test_who_is_invited_gets_their_card_and_the_inviter_sees_who_came(ivan, olga):
    answer = answered(olga.post("/api/v1/users/me/invite/", {"invite_code": card(ivan)["invite_code"]}), 200)
    assert answer == card(olga)
    assert answer.keys() == ONESELF
    assert card(ivan).items() >= {"invited": [answer["username"]], "invited_count": 1}.items()


def test_nobody_is_invited_twice(ivan, olga, enter, new_client):
    vera = signed_in(new_client(), enter("89031112233")["access"])
    answered(olga.post("/api/v1/users/me/invite/", {"invite_code": card(ivan)["invite_code"]}), 200)
    second = answered(olga.post("/api/v1/users/me/invite/", {"invite_code": card(vera)["invite_code"]}), 400)
    assert second == {"invite_code": ["You have been invited already."]}
    assert (card(ivan)["invited_count"], card(vera)["invited_count"]) == (1, 0)


def test_a_code_that_nobody_has_and_ones_own_are_refused(ivan):
    for code in ("nobody's", card(ivan)["invite_code"]):
        refused = answered(ivan.post("/api/v1/users/me/invite/", {"invite_code": code}), 400)
        assert refused == {"invite_code": ["There is no such invite code, or it is your own."]}


# Emails and a catalogue

BOB = {"username": "bob", "email": "bob@example.com", "password": "a long pass phrase"}
LOGIN = {"email": "bob@example.com", "password": "a long pass phrase"}
ON_ITS_WAY = {"detail": "If this address is known here, a mail is on its way to it."}
PRODUCT = {
    "name": "Laptop",
    "regular_price": "1000.00",
    "discount_price": "900.00",
    "stock": 10,
    "description": "Thin and light.",
    "categories": [],
}


@pytest.fixture
def letter(anyone) -> Letter:
    """What bob finds in his mail when he has registered."""
    answered(anyone.post("/api/registration/", BOB), 201)
    return the_letter()


@pytest.fixture
def bob(anyone, letter):
    """Bob has confirmed his email."""
    answered(anyone.post("/api/email/confirm/", {"token": letter.token}), 200)


@pytest.fixture
def tokens(anyone, bob) -> dict:
    return answered(anyone.post("/api/login/", LOGIN), 200)


@pytest.fixture
def seller(anyone, new_client):
    """Carol, signed in, who is a mentor: here only mentors offer products."""
    carol = {"username": "carol", "password": "a long pass phrase"}
    answered(anyone.post("/api/registration/", carol | {"is_mentor": True}), 201)
    return signed_in(new_client(), answered(anyone.post("/api/login/", carol), 200)["access"])


@pytest.fixture
def laptop(seller) -> dict:
    category = answered(seller.post("/api/categories/", {"name": "Electronics"}), 201)
    return answered(seller.post("/api/products/", PRODUCT | {"categories": [category["id"]]}), 201)


def test_who_registers_is_told_to_look_into_the_mail(anyone):
    answer = answered(anyone.post("/api/registration/", BOB), 201)
    assert answer.keys() == ONESELF | {"message"}
    assert answer["message"] == "Registration successful. Please check your email to confirm your account."


def test_the_link_in_the_mail_is_a_page_whose_button_confirms(anyone, letter):
    assert letter.to == "bob@example.com"
    page = anyone.get("/" + letter.link.split("/", 3)[3])
    assert (page.status_code, page["Content-Type"]) == (200, "text/html; charset=utf-8")
    answered(anyone.post("/api/login/", LOGIN), 401)  # opening it confirmed nothing
    assert answered(anyone.post("/api/email/confirm/", {"token": letter.token}), 200) == {"detail": "The email is confirmed."}
    answered(anyone.post("/api/login/", LOGIN), 200)


def test_the_email_signs_in(tokens):
    assert tokens.keys() == {"refresh", "access"}


def test_the_refresh_token_gets_an_access_token(anyone, tokens, new_client):
    answer = answered(anyone.post("/api/token/refresh/", {"refresh": tokens["refresh"]}), 200)
    assert answer.keys() == {"access"}
    assert answered(signed_in(new_client(), answer["access"]).get("/api/users/me/"), 200)["email_verified"] is True


def test_logout_takes_the_refresh_token_and_ends_the_session(anyone, tokens, new_client):
    client = signed_in(new_client(), tokens["access"])
    assert answered(client.post("/api/logout/", {"refresh": tokens["refresh"]}), 205) == {"message": "Successfully logged out"}
    answered(client.get("/api/users/me/"), 401)
    answered(anyone.post("/api/token/refresh/", {"refresh": tokens["refresh"]}), 401)


def test_the_mail_is_sent_once_more(anyone, letter):
    assert answered(anyone.post("/api/email/resend/", {"email": "bob@example.com"}), 202) == ON_ITS_WAY
    again = the_letter()
    assert (again.to, again.subject) == (letter.to, letter.subject)
    answered(anyone.post("/api/email/confirm/", {"token": again.token}), 200)


def test_a_forgotten_password_is_set_anew_by_the_link_in_the_mail(anyone, bob):
    assert answered(anyone.post("/api/password/reset/", {"email": "bob@example.com"}), 202) == ON_ITS_WAY
    held = the_letter().held
    assert held.keys() == {"uid", "token"}
    answer = answered(anyone.post("/api/password/reset/confirm/", held | {"password": "another pass phrase"}), 200)
    assert answer == {"detail": "The password has been changed. All sessions have ended."}
    answered(anyone.post("/api/login/", LOGIN), 401)
    answered(anyone.post("/api/login/", LOGIN | {"password": "another pass phrase"}), 200)


def test_the_products_are_pages_that_anybody_reads(anyone, laptop):
    assert answered(anyone.get("/api/products/"), 200) == {"count": 1, "next": None, "previous": None, "results": [laptop]}


def test_what_is_offered_is_answered_as_it_is_shown(anyone, laptop):
    [category] = answered(anyone.get("/api/categories/"), 200)
    assert laptop == PRODUCT | {"id": laptop["id"], "categories": [category["id"]], "mentor": "carol"}
    assert answered(anyone.get(f"/api/products/{laptop['id']}/"), 200) == laptop


def test_prices_may_be_numbers(seller):
    answer = answered(seller.post("/api/products/", PRODUCT | {"regular_price": 1000, "discount_price": 899.5}), 201)
    assert (answer["regular_price"], answer["discount_price"]) == ("1000.00", "899.50")


def test_a_product_is_put_and_patched(seller, laptop):
    path, new = f"/api/products/{laptop['id']}/", PRODUCT | {"name": "Laptop 2", "stock": 5}
    assert answered(seller.put(path, new), 200) == laptop | new
    assert answered(seller.patch(path, {"discount_price": "850.00"}), 200) == laptop | new | {"discount_price": "850.00"}


def test_a_product_is_deleted_with_a_message(seller, laptop, anyone):
    path = f"/api/products/{laptop['id']}/"
    assert answered(seller.delete(path), 200) == {"message": "Product deleted successfully"}
    assert answered(anyone.get(path), 404) == {"detail": "Not found."}


def test_the_categories_are_an_array(seller, anyone):
    made = [answered(seller.post("/api/categories/", {"name": name}), 201) for name in ("Toys", "Books")]
    assert all(category.keys() == {"id", "name"} for category in made)
    assert answered(anyone.get("/api/categories/"), 200) == made[::-1]


def test_nobody_offers_without_signing_in(anyone):
    answered(anyone.post("/api/products/", PRODUCT), 401)
    answered(anyone.post("/api/categories/", {"name": "Toys"}), 401)


def test_only_mentors_offer(seller):
    answered(seller.patch("/api/users/me/", {"is_mentor": False}), 200)
    answered(seller.post("/api/products/", PRODUCT), 403)
    answered(seller.post("/api/categories/", {"name": "Toys"}), 403)


def test_a_product_of_somebody_else_is_not_changed(laptop, sign_in, alice):
    stranger, path = sign_in(alice), f"/api/products/{laptop['id']}/"
    for answer in (stranger.put(path, PRODUCT), stranger.patch(path, {"stock": 0}), stranger.delete(path)):
        answered(answer, 403)
    assert answered(stranger.get(path), 200) == laptop
