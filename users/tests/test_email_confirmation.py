"""Proving an email by the link in a letter."""

import logging

import pytest
from django_tasks_db.models import DBTaskResult

from conftest import PASSWORD
from users.models import User
from users.tests.mailbox import delivered, receivers, the_letter

MESSAGE = "Registration successful. Please check your email to confirm your account."
NOT_VALID = {"token": ["This link is not valid, was used before, or has expired."]}


def register(anyone, username="bob", email="bob@example.com", **fields):
    return anyone.post("/api/registration", {"username": username, "password": PASSWORD, "email": email} | fields)


def confirm(anyone, token):
    return anyone.post("/api/email/confirm", {"token": token})


def is_proven(client) -> bool:
    return client.get("/api/users/me").json()["email_verified"]


@pytest.fixture
def link(anyone, client):
    """The letter with the link by which john can prove his email."""
    anyone.post("/api/email/resend", {"email": "john@example.com"})
    return the_letter()


@pytest.fixture
def proven(anyone, link):
    """John has proven his email."""
    assert confirm(anyone, link.token).status_code == 200


# The letter


def test_who_registers_with_an_email_gets_one_letter_and_is_told(anyone, db):
    answer = register(anyone)
    assert answer.status_code == 201
    assert answer.json()["message"] == MESSAGE
    assert answer.json()["email_verified"] is False
    assert receivers() == ["bob@example.com"]


def test_the_letter_is_text_and_html_with_the_same_link(anyone, db, settings):
    settings.PUBLIC_URL = "https://mentors.example.com"
    register(anyone)
    letter = the_letter()
    assert letter.html_type == "text/html"
    assert letter.link.startswith("https://mentors.example.com/api/email/confirm/?token=")
    assert letter.html.count(letter.link) == 2  # under the button, and to be copied
    assert "bob" in letter.text and "bob" in letter.html


@pytest.mark.parametrize("header", ["HTTP_HOST", "HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED", "HTTP_ORIGIN", "HTTP_REFERER"])
def test_the_link_is_ours_whatever_host_the_request_names(anyone, db, settings, header):
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "https://mentors.example.com", ["*"]
    anyone.defaults[header] = "evil.example.com"
    register(anyone)
    letter = the_letter()
    assert letter.link.startswith("https://mentors.example.com/")
    assert "evil" not in letter.text + letter.html


@pytest.mark.parametrize("email", ["", None])
def test_who_registers_without_an_email_gets_no_letter_and_no_message(anyone, db, email):
    assert "message" not in register(anyone, email=email).json()
    assert delivered() == []


@pytest.mark.parametrize("wrong", [{"username": "me"}, {"repeat_password": "other"}, {"invite_code": "NOBODY"}, {"mentor": "nobody"}])
def test_a_refused_registration_sends_nothing(anyone, db, wrong):
    assert register(anyone, **wrong).status_code == 400
    assert not DBTaskResult.objects.exists()
    assert delivered() == []


def test_who_was_deleted_before_it_was_sent_gets_no_letter(anyone, db):
    register(anyone)
    User.objects.get(username="bob").delete()
    assert delivered() == []


def test_who_was_deactivated_before_it_was_sent_gets_no_letter(anyone, db):
    register(anyone)
    User.objects.filter(username="bob").update(is_active=False)
    assert delivered() == []


def test_an_address_that_was_changed_before_it_was_sent_gets_no_letter(anyone, client):
    client.patch("/api/users/me", {"email": "first@example.com"})
    client.patch("/api/users/me", {"email": "second@example.com"})
    assert receivers() == ["second@example.com"]


def test_without_a_mail_server_registration_goes_on_and_nothing_is_queued(anyone, db, settings):
    settings.MAIL_IS_SENT = False
    answer = register(anyone)
    assert answer.status_code == 201
    assert "message" not in answer.json()
    assert not DBTaskResult.objects.exists()


# The page


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("path", ["/api/email/confirm/", "/api/email/confirm", "/api/v1/email/confirm/"])
def test_opening_the_link_proves_nothing(anyone, client, link, method, path):
    for _ in range(2):
        answer = getattr(anyone, method)(path, {"token": link.token})
        assert answer.status_code == 200
        assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert not is_proven(client)


def test_the_page_names_the_account_and_says_what_to_do_if_it_is_not_yours(anyone, link):
    page = anyone.get(link.link).content.decode()
    assert "<strong>john@example.com</strong>" in page and "<strong>john</strong>" in page
    assert "If this account is not yours, close this page" in page
    assert page.count("<button>") == 1


def test_the_page_is_closed_to_others(anyone, link):
    """In no frame, its address told to nobody, kept by nobody, and no script in it but its own."""
    answer = anyone.get(link.link)
    policy = dict(part.split(" ", 1) for part in answer["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] and policy["script-src"].startswith("'nonce-")
    assert (answer["Referrer-Policy"], answer["Cache-Control"], answer["X-Frame-Options"]) == ("no-referrer", "no-store", "DENY")
    assert anyone.get(link.link)["Content-Security-Policy"] != answer["Content-Security-Policy"]


def test_the_page_of_a_link_that_is_not_valid_names_nobody_and_has_no_button(anyone, link):
    page = anyone.get(link.link[:-1]).content.decode()
    assert "This link is not valid" in page
    assert "john" not in page and "<button>" not in page and "<form" not in page


def test_the_page_of_an_inactive_account_names_nobody(anyone, link):
    User.objects.filter(username="john").update(is_active=False)
    assert "john" not in anyone.get(link.link).content.decode()


def test_the_page_of_a_link_that_another_proof_ended_has_no_button(anyone, client, link, proven):
    client.patch("/api/users/me", {"email": "other@example.com"})
    client.patch("/api/users/me", {"email": "john@example.com"})
    page = anyone.get(link.link).content.decode()
    assert "This link is not valid" in page and "<button>" not in page


# The button


def test_the_button_proves(anyone, client, link):
    answer = confirm(anyone, link.token)
    assert answer.status_code == 200
    assert answer.json() == {"detail": "The email is confirmed."}
    assert is_proven(client)


def test_once_more_is_fine_as_long_as_the_account_holds_it(anyone, client, link):
    assert [confirm(anyone, link.token).status_code for _ in range(3)] == [200, 200, 200]
    assert is_proven(client)


def test_a_second_link_of_the_same_address_is_fine_too(anyone, client, link):
    anyone.post("/api/email/resend", {"email": "john@example.com"})
    second = the_letter().token
    assert confirm(anyone, link.token).status_code == confirm(anyone, second).status_code == 200


def test_it_needs_no_token_of_a_session_and_ignores_a_broken_one(anyone, client, link):
    anyone.credentials(HTTP_AUTHORIZATION="Bearer nonsense")
    assert confirm(anyone, link.token).status_code == 200


def test_who_is_signed_in_as_somebody_else_proves_it_for_the_links_account(client, link, sign_in, eve):
    stranger = sign_in(eve)
    assert confirm(stranger, link.token).status_code == 200
    assert is_proven(client) and not is_proven(stranger)


def test_proving_is_shown_to_oneself_only(anyone, client, proven, sign_in, sam):
    assert is_proven(client)
    assert "email_verified" not in sign_in(sam).get("/api/users/john").json()


def test_a_link_of_an_address_since_changed_is_refused(anyone, client, link):
    client.patch("/api/users/me", {"email": "new@example.com"})
    answer = confirm(anyone, link.token)
    assert (answer.status_code, answer.json()) == (400, NOT_VALID)
    assert not is_proven(client)


def test_a_link_of_an_address_that_another_account_has_proven_since_is_refused(anyone, client, link):
    register(anyone, email="john@example.com")
    bobs = the_letter().token
    assert confirm(anyone, bobs).status_code == 200
    assert (confirm(anyone, link.token).status_code, is_proven(client)) == (400, False)
    assert User.objects.get(username="bob").email_verified


def test_a_link_is_for_the_account_in_it_and_for_no_other(anyone, client, link, eve):
    User.objects.filter(pk=eve.pk).update(email="john@example.com")
    confirm(anyone, link.token)
    eve.refresh_from_db()
    assert not eve.email_verified


def test_one_character_changed_anywhere_in_the_token_is_refused(anyone, client, link):
    assert link.token.count(".") == 2  # what is said, when, and the signature
    for position, old in enumerate(link.token):
        changed = link.token[:position] + ("A" if old != "A" else "B") + link.token[position + 1 :]
        assert confirm(anyone, changed).status_code == 400, position
    assert not is_proven(client)


@pytest.mark.parametrize("change", [str.upper, str.swapcase, lambda t: t[:-1], lambda t: t + "=", lambda t: " " + t, lambda t: t + "\n",
                                    lambda t: t.replace(".", "．"), lambda t: t.replace(".", ":")])  # fmt: skip
def test_what_only_looks_like_the_token_is_refused(anyone, client, link, change):
    assert confirm(anyone, change(link.token)).status_code == 400
    assert not is_proven(client)


def test_an_expired_link_is_refused(anyone, client, link, settings):
    settings.CONFIRMATION_TIMEOUT = -1
    assert confirm(anyone, link.token).json() == NOT_VALID
    assert "<button>" not in anyone.get(link.link).content.decode()
    assert not is_proven(client)


def test_the_token_of_a_new_password_confirms_nothing(anyone, client, proven):
    anyone.post("/api/password/reset", {"email": "john@example.com"})
    reset = the_letter().held
    assert confirm(anyone, reset["token"]).status_code == confirm(anyone, reset["uid"]).status_code == 400


def test_after_a_change_away_and_back_the_old_link_proves_nothing(anyone, client, link, proven):
    client.patch("/api/users/me", {"email": "other@example.com"})
    client.patch("/api/users/me", {"email": "john@example.com"})
    assert confirm(anyone, link.token).status_code == 400
    assert not is_proven(client)


def test_an_inactive_accounts_link_is_refused(anyone, john, link):
    User.objects.filter(pk=john.pk).update(is_active=False)
    assert confirm(anyone, link.token).json() == NOT_VALID
    john.refresh_from_db()
    assert not john.email_verified


def test_a_deleted_accounts_link_is_refused(anyone, client, link):
    client.delete("/api/users/me")
    assert confirm(anyone, link.token).json() == NOT_VALID


# Copies on other accounts


def emails_seen_by(reader) -> dict[str, str]:
    return {user["username"]: user["email"] for user in reader.get("/api/users").json()}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("copy", ["john@example.com", "JOHN@Example.COM"])
def test_unproven_copies_are_cleared_at_that_moment_and_the_list_shows_it(anyone, client, link, person, sign_in, sam, copy):
    person("copycat", email=copy)
    reader = sign_in(sam)
    assert emails_seen_by(reader)["copycat"] == copy
    confirm(anyone, link.token)
    assert emails_seen_by(reader)["copycat"] == ""
    assert emails_seen_by(reader)["john"] == "john@example.com"


def test_nobody_elses_email_is_cleared(anyone, client, link, alice):
    confirm(anyone, link.token)
    alice.refresh_from_db()
    assert alice.email == "alice@example.com"


def test_who_lost_a_copy_can_give_another_address(anyone, client, link, eve, sign_in):
    stranger = sign_in(eve)
    stranger.patch("/api/users/me", {"email": "john@example.com"})
    confirm(anyone, link.token)
    assert stranger.patch("/api/users/me", {"email": "eve@example.com"}).json()["email"] == "eve@example.com"


# A change of address


def test_a_new_address_gets_a_link_and_the_old_proven_one_a_notice(anyone, client, proven):
    assert client.patch("/api/users/me", {"email": "new@example.com"}).json()["email_verified"] is False
    notice, link = sorted(delivered(), key=lambda letter: letter.to)
    assert (notice.to, notice.links) == ("john@example.com", [])
    assert "the email" in notice.text and "new@example.com" not in notice.text
    assert link.to == "new@example.com"
    assert confirm(anyone, link.token).status_code == 200 and is_proven(client)


def test_an_old_address_that_was_not_proven_gets_no_notice(client):
    client.patch("/api/users/me", {"email": "new@example.com"})
    assert receivers() == ["new@example.com"]


def test_an_address_that_is_taken_away_is_told_and_no_link_is_sent(client, proven):
    shown = client.patch("/api/users/me", {"email": ""}).json()
    assert (shown["email"], shown["email_verified"]) == ("", False)
    letter = the_letter()
    assert (letter.to, letter.links) == ("john@example.com", [])


def test_a_proven_address_in_another_case_is_the_same_and_mail_goes_to_it_as_it_was_proven(anyone, client, proven):
    shown = client.patch("/api/users/me", {"email": "John@Example.com"}).json()
    assert (shown["email"], shown["email_verified"]) == ("John@Example.com", True)
    assert delivered() == []
    anyone.post("/api/password/reset", {"email": "JOHN@example.com"})
    assert the_letter().to == "john@example.com"


def test_a_link_proves_the_address_that_it_was_sent_to(anyone, client, john):
    anyone.post("/api/email/resend", {"email": "john@example.com"})
    token = the_letter().token
    client.patch("/api/users/me", {"email": "JOHN@example.com"})
    assert confirm(anyone, token).status_code == 200
    john.refresh_from_db()
    assert (john.email, john.proven_email) == ("JOHN@example.com", "john@example.com")


def test_the_page_names_the_phone_that_signs_in_too(anyone, client, john):
    john.prove_phone("+79991110033")
    page = anyone.get(the_link_for(anyone, "john@example.com")).content.decode()
    assert "ends in 33" in page and "1110033" not in page


def the_link_for(anyone, email: str) -> str:
    anyone.post("/api/email/resend", {"email": email})
    return the_letter().link


@pytest.mark.parametrize("method", ["patch", "put"])
def test_ones_own_card_sent_back_changes_and_sends_nothing(client, proven, method):
    card = client.get("/api/users/me").json()
    assert getattr(client, method)("/api/users/me", card).json() == card
    assert is_proven(client)
    assert delivered() == []


def test_the_same_address_in_another_form_is_no_change(client, proven):
    assert client.patch("/api/users/me", {"email": "ｊohn@example.com"}).json()["email"] == "john@example.com"
    assert is_proven(client)
    assert delivered() == []


@pytest.mark.parametrize("field", ["email_verified", "proven_email", "email_proofs", "email_key"])
def test_nobody_proves_an_email_by_saying_so(anyone, client, field):
    value = {"email_verified": True, "email_proofs": 7}.get(field, "john@example.com")
    client.patch("/api/users/me", {field: value, "email": "john@example.com"})
    register(anyone, **{field: value})
    assert not User.objects.exclude(proven_email="").exists()
    assert not User.objects.exclude(email_proofs=0).exists()


# An address that somebody else holds


def test_a_proven_address_on_another_account_gets_the_same_answer(anyone, client, proven, eve, sign_in):
    taken, free = register(anyone, email="JOHN@example.com"), register(anyone, "carl", "carl@example.com")
    assert taken.status_code == free.status_code == 201
    assert taken.json().keys() == free.json().keys() and taken.json()["message"] == free.json()["message"]
    answer = sign_in(eve).patch("/api/users/me", {"email": "john@example.com"})
    assert (answer.status_code, answer.json()["email"]) == (200, "john@example.com")


def test_its_owner_is_told_that_somebody_tried_and_gets_no_link(anyone, client, proven):
    register(anyone, email="JOHN@example.com")
    letter = the_letter()
    assert letter.to == "john@example.com"
    assert "Somebody gave your address for another account" in letter.text and "john" in letter.text
    assert letter.links == [] and "href" not in letter.html
    assert "bob" not in letter.text + letter.html


def test_it_stays_its_owners(anyone, client, proven, eve, sign_in):
    sign_in(eve).patch("/api/users/me", {"email": "john@example.com"})
    delivered()
    assert is_proven(client)
    eve.refresh_from_db()
    assert not eve.email_verified


def test_a_link_that_was_sent_before_cannot_take_it(anyone, client, link):
    register(anyone, email="john@example.com")
    bobs = the_letter().token
    confirm(anyone, link.token)
    bob = User.objects.get(username="bob")
    User.objects.filter(pk=bob.pk).update(email="john@example.com")  # as if he wrote it down once more
    assert confirm(anyone, bobs).json() == NOT_VALID
    assert is_proven(client)


def test_an_inactive_owner_is_told_nothing_and_keeps_it(anyone, john, proven):
    User.objects.filter(pk=john.pk).update(is_active=False)
    register(anyone, email="john@example.com")
    assert delivered() == []
    assert User.objects.get(pk=john.pk).proven_email == "john@example.com"


def test_once_its_owner_has_left_another_account_can_prove_it(anyone, client, proven):
    client.delete("/api/users/me")
    register(anyone, email="john@example.com")
    assert confirm(anyone, the_letter().token).status_code == 200
    assert User.objects.get(username="bob").email_verified


# Logs


def test_the_logs_hold_no_token_and_no_address(anyone, client, caplog):
    caplog.set_level(logging.DEBUG)
    anyone.post("/api/email/resend", {"email": "john@example.com"})
    letter = the_letter()
    anyone.get(letter.link)
    for token in (letter.token[:-1], letter.token):
        confirm(anyone, token)
    logged = " ".join(str(vars(record)) for record in caplog.records if not record.name.startswith("django.db"))
    assert "email proven" in logged and "letter" in logged
    assert letter.token[:-1] not in logged and "john@example.com" not in logged


def test_the_page_of_a_link_that_was_used_says_so_and_has_no_button(anyone, john):
    link = the_link_for(anyone, "john@example.com")
    confirm(anyone, link.partition("token=")[2])
    page = anyone.get(link).content.decode()
    assert "The email is confirmed." in page and "<button" not in page
