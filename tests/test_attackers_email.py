"""The attacker's table for emails, each row tried. What they get: nothing."""

import pytest
from rest_framework.test import APIClient

from conftest import PASSWORD
from users.emails import links
from users.models import User
from users.tests.mailbox import delivered, receivers, the_letter

NEW = "a new horse, a new battery"


@pytest.fixture
def evil():
    """Somebody who is not signed in."""
    return APIClient()


@pytest.fixture
def lying_in_wait(evil, db):
    """An account on which the attacker wrote somebody else's email before its owner came."""
    register(evil, "evil", "bob@example.com")
    delivered()
    return evil


def register(client, username, email, **fields):
    return client.post("/api/registration", {"username": username, "password": PASSWORD, "email": email} | fields)


def login(client, password=PASSWORD, **who):
    return client.post("/api/login", who | {"password": password})


def confirm(client, token):
    return client.post("/api/email/confirm", {"token": token})


def the_owner_comes(anyone):
    """Bob registers and proves his email."""
    register(anyone, "bob", "bob@example.com")
    assert confirm(anyone, the_letter().token).status_code == 200


def told(answer) -> tuple:
    """What an answer tells: all of it but who was made by it, and when."""
    body = {name: value for name, value in answer.json().items() if name not in ("id", "invite_code", "username", "email")}
    return answer.status_code, body, {name for name in answer.headers if name != "Location"}


# Registers another's email first, and waits


def test_who_waits_signs_in_by_it_neither_before_nor_after(lying_in_wait, anyone):
    assert login(lying_in_wait, email="bob@example.com").status_code == 401
    the_owner_comes(anyone)
    access = login(lying_in_wait, email="bob@example.com").json()["access"]  # the owner's account, had they the owner's password
    assert anyone.get("/api/users/me", HTTP_AUTHORIZATION=f"Bearer {access}").json()["username"] == "bob"


def test_who_waits_loses_the_address_when_its_owner_proves_it(lying_in_wait, anyone, sign_in):
    the_owner_comes(anyone)
    evil = sign_in(User.objects.get(username="evil"))
    seen = evil.get("/api/users/me").json()
    assert (seen["email"], seen["email_verified"]) == ("", False)


def test_who_waits_gets_no_letter_of_the_owners(lying_in_wait, anyone):
    the_owner_comes(anyone)
    anyone.post("/api/password/reset", {"email": "bob@example.com"})
    letter = the_letter()
    assert letter.to == "bob@example.com" and "bob" in letter.text and "evil" not in letter.text
    anyone.post("/api/password/reset/confirm", letter.held | {"password": NEW})
    assert login(anyone, NEW, username="bob").status_code == 200
    assert login(anyone, NEW, username="evil").status_code == 401


def test_the_owner_who_asks_for_a_new_password_before_is_not_led_into_the_waiting_account(lying_in_wait, anyone):
    anyone.post("/api/password/reset", {"email": "bob@example.com"})
    assert delivered() == []


def test_the_owner_who_opens_the_waiting_accounts_link_is_told_whose_it_is(evil, anyone, db):
    register(evil, "evil", "bob@example.com")
    letter = the_letter()
    assert "the account evil" in letter.text and "If this account is not yours, do nothing" in letter.text
    page = anyone.get(letter.link).content.decode()
    assert "<strong>evil</strong>" in page and "If this account is not yours, close this page" in page


def test_an_old_link_of_the_waiting_account_takes_nothing_back(evil, anyone, sign_in, db):
    register(evil, "evil", "bob@example.com")
    old = the_letter().token
    the_owner_comes(anyone)
    sign_in(User.objects.get(username="evil")).patch("/api/users/me", {"email": "bob@example.com"})
    assert [letter.links for letter in delivered()] == [[]]  # to bob, who reads that somebody tried
    assert confirm(evil, old).status_code == 400
    assert User.objects.get(username="bob").email_verified


def test_a_proven_address_written_down_again_signs_nobody_in_and_resets_nothing(evil, anyone, db):
    the_owner_comes(anyone)
    register(evil, "evil", "BOB@example.com")
    delivered()
    evil.post("/api/password/reset", {"email": "BOB@example.com"})
    letter = the_letter()
    assert letter.to == "bob@example.com" and "account bob" in letter.text
    assert not User.objects.get(username="evil").email_verified


def test_a_look_alike_address_is_another_address(evil, anyone, db):
    """Cyrillic о; only what is the same after NFKC and case folding is one address."""
    the_owner_comes(anyone)
    for look_alike in ("bob@exаmple.com", "b0b@example.com", "bob@example.com.evil.org"):
        anyone.post("/api/password/reset", {"email": look_alike})
        assert delivered() == []


# Opens links


@pytest.mark.parametrize("method", ["get", "head", "options"])
@pytest.mark.parametrize("agent", ["", "Mozilla/5.0 (compatible; ScannerBot)", "curl/8"])
def test_a_scanner_that_opens_links_proves_and_uses_up_nothing(anyone, john, method, agent):
    anyone.post("/api/email/resend", {"email": "john@example.com"})
    letter = the_letter()
    for _ in range(3):
        getattr(anyone, method)(letter.link, HTTP_USER_AGENT=agent)
    assert not User.objects.get(pk=john.pk).email_verified
    assert confirm(anyone, letter.token).status_code == 200


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_a_scanner_that_opens_a_link_for_a_new_password_ends_nothing(anyone, client, john, method):
    john.prove_email("john@example.com", 0)
    anyone.post("/api/password/reset", {"email": "john@example.com"})
    letter = the_letter()
    for _ in range(3):
        getattr(anyone, method)(letter.link)
    assert client.get("/api/users/me").status_code == 200
    assert anyone.post("/api/password/reset/confirm", letter.held | {"password": NEW}).status_code == 200


def test_a_form_on_another_page_presses_no_button(anyone, john):
    """A browser posts across sites without asking only what a form could: not JSON. And no other site may read or ask."""
    anyone.post("/api/email/resend", {"email": "john@example.com"})
    token = the_letter().token
    for media_type in ("application/x-www-form-urlencoded", "text/plain"):
        body = f'{{"token": "{token}"}}'.encode()
        answer = anyone.generic("POST", "/api/email/confirm/", body, media_type, HTTP_ORIGIN="https://evil.example.com")
        assert answer.status_code == 415
        assert "Access-Control-Allow-Origin" not in answer
    assert not User.objects.get(pk=john.pk).email_verified


# Guesses


def test_tokens_of_other_keys_and_purposes_open_nothing(anyone, client, john, settings):
    real = links.confirmation_token(john)
    settings.SECRET_KEY = "another key, of somebody who does not know ours"
    forged = links.confirmation_token(john)
    settings.SECRET_KEY = "and a third one, so that neither is ours any more"
    for token in (real, forged, client.refresh, f"{john.pk}", "none", "null", "eyJhbGciOiJub25lIn0.e30."):
        assert confirm(anyone, token).status_code == 400
    assert not User.objects.get(pk=john.pk).email_verified


def test_two_accounts_tokens_cannot_be_put_together(anyone, john, alice):
    for email in ("john@example.com", "alice@example.com"):
        anyone.post("/api/email/resend", {"email": email})
    one, other = ((letter.token.rsplit(".", 2)) for letter in delivered())
    for mixed in ([one[0], *other[1:]], [*one[:2], other[2]], [other[0], *one[1:]], [*other[:2], one[2]]):
        assert confirm(anyone, ".".join(mixed)).status_code == 400
    assert not User.objects.exclude(proven_email="").exists()


def test_guesses_are_counted_by_address(anyone, john, settings):
    settings.THROTTLES = settings.THROTTLES | {"anon": (20, 60)}
    statuses = {confirm(anyone, f"guess{number}").status_code for number in range(20)}
    answer = confirm(anyone, "guess")
    assert (statuses, answer.status_code) == ({400}, 429)
    assert int(answer["Retry-After"]) > 0
    assert anyone.post("/api/password/reset/confirm", {"uid": "MQ", "token": "a-b", "password": NEW}).status_code == 429


# Asks who is here


@pytest.fixture
def who_is_here(john, alice, person):
    """Of each kind one: proven, unproven, inactive, unknown."""
    john.prove_email("john@example.com", 0)
    person("gone", email="gone@example.com").prove_email("gone@example.com", 0)
    User.objects.filter(username="gone").update(is_active=False)
    return ["john@example.com", "alice@example.com", "gone@example.com", "nobody@example.com"]


def test_registration_tells_nobody(evil, who_is_here):
    answers = [told(register(evil, f"evil{number}", email)) for number, email in enumerate(who_is_here)]
    assert answers == [answers[0]] * len(answers)


def test_a_change_of_ones_own_address_tells_nobody(sign_in, eve, who_is_here):
    evil = sign_in(eve)
    answers = [told(evil.patch("/api/users/me", {"email": email})) for email in who_is_here]
    assert answers == [answers[0]] * len(answers)


@pytest.mark.parametrize("path", ["/api/email/resend", "/api/password/reset"])
def test_asking_for_a_letter_tells_nobody(evil, who_is_here, path):
    answers = [told(evil.post(path, {"email": email})) for email in who_is_here]
    assert answers == [answers[0]] * len(answers)


def test_a_wrong_password_tells_nobody(evil, who_is_here):
    answers = [told(login(evil, "wrong", email=email)) for email in who_is_here]
    assert answers == [answers[0]] * len(answers)


def test_where_an_email_is_required_login_tells_nobody_either(evil, who_is_here, settings):
    settings.EMAIL_CONFIRMATION = "required"
    answers = [told(login(evil, "wrong", email=email)) for email in who_is_here]
    answers += [told(login(evil, "wrong", username=name)) for name in ("john", "alice", "gone", "nobody")]
    assert answers == [answers[0]] * len(answers)


def test_a_link_of_nobody_and_of_somebody_are_refused_alike(evil, who_is_here, john):
    guesses = [{"uid": uid, "token": "abc-def", "password": NEW} for uid in (links.uid_of(john), links.uid_of(User(pk=10**9)), "!")]
    answers = [told(evil.post("/api/password/reset/confirm", guess)) for guess in guesses]
    assert answers == [answers[0]] * len(answers)


def test_the_limit_on_letters_is_told_to_nobody(evil, who_is_here, settings):
    settings.THROTTLES = settings.THROTTLES | {"letter": (1, 3600)}
    answers = []
    for email in who_is_here * 3:
        answers.append(told(evil.post("/api/password/reset", {"email": email})))
    assert answers == [answers[0]] * len(answers)
    assert receivers() == ["john@example.com"]


# Sets hosts


@pytest.mark.parametrize("headers", [{"HTTP_HOST": "evil.example.com"}, {"HTTP_X_FORWARDED_HOST": "evil.example.com"},
                                     {"HTTP_FORWARDED": "host=evil.example.com;proto=https"}, {"HTTP_X_FORWARDED_PROTO": "https"},
                                     {"HTTP_X_ORIGINAL_URL": "https://evil.example.com/"}, {"HTTP_X_FORWARDED_PREFIX": "/evil"},
                                     {"SERVER_NAME": "evil.example.com"}, {"HTTP_REFERER": "https://evil.example.com/"}])  # fmt: skip
def test_no_header_leads_a_link_elsewhere(anyone, john, settings, headers):
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "https://mentors.example.com", ["*"]
    anyone.post("/api/email/resend", {"email": "john@example.com"}, **headers)
    john.prove_email("john@example.com", 0)
    anyone.post("/api/password/reset", {"email": "john@example.com"}, **headers)
    User.objects.filter(pk=john.pk).update(email="john@example.com")
    for letter in delivered():
        assert letter.link.startswith("https://mentors.example.com/api/")
        assert "evil" not in letter.text + letter.html + str(letter.message.message())


def test_a_host_that_is_not_ours_is_refused_and_sends_nothing(anyone, john, settings):
    settings.ALLOWED_HOSTS = ["mentors.example.com"]
    answer = anyone.post("/api/email/resend", {"email": "john@example.com"}, HTTP_HOST="evil.example.com")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/json")
    assert delivered() == []


# Writes into letters


@pytest.mark.parametrize("email", ["john@example.com\nBcc: evil@example.com", "john@example.com\r\nSubject: x", "john@example.com, evil@example.com",
                                   "John <john@example.com>", "john@example.com%0aBcc:evil@example.com", '"<b>"@example.com\n',
                                   "john@example.com\u2028Bcc: evil@example.com", "john@example.com\x0bBcc: evil@example.com"])  # fmt: skip
@pytest.mark.parametrize("path", ["/api/registration", "/api/email/resend", "/api/password/reset"])
def test_an_address_brings_no_header_and_no_second_reader(evil, john, path, email):
    john.prove_email("john@example.com", 0)
    assert evil.post(path, {"username": "evil", "password": PASSWORD, "email": email}).status_code == 400
    assert delivered() == []


@pytest.mark.parametrize(
    "name", ["<b>bob</b>", "bob\nBcc: evil@example.com", "http://evil.example.com", "bob evil.example.com/win", "bob\u202e"]
)
def test_a_user_name_brings_no_html_no_header_and_no_link(evil, db, name):
    assert register(evil, name, "victim@example.com").status_code == 400
    assert delivered() == []


def test_other_names_stand_in_no_letter(evil, db):
    """What an attacker may write freely is not put into a letter to somebody else's address."""
    freely = "You have won http://evil.example.com <b>"
    register(evil, "evil", "victim@example.com", first_name=freely, last_name=freely)
    letter = the_letter()
    assert "You have won" not in letter.text + letter.html and "You have won" not in letter.subject


def test_a_quoted_local_part_stays_one_address(evil, db):
    odd = '"very.(),:;<>[]@unusual"@example.com'
    assert register(evil, "evil", odd).status_code == 201
    letter = the_letter()
    assert letter.message.recipients() == [odd]
    assert letter.message.message()["To"].count("@example.com") == 1


@pytest.mark.parametrize("language", ["ru\r\nBcc: evil@example.com", "../../etc", "x" * 5000, "ru;q=NaN"])
def test_a_language_brings_nothing_but_a_language(evil, db, language):
    evil.post("/api/registration", {"username": "bob", "password": PASSWORD, "email": "bob@example.com"}, HTTP_ACCEPT_LANGUAGE=language)
    letter = the_letter()
    assert letter.to == "bob@example.com" and "evil" not in str(letter.message.message())
