"""How the letters are written: in the reader's language, as text and as HTML, with nothing in them but what belongs there."""

import pytest
from django.utils.translation import gettext, override

from conftest import PASSWORD
from users.models import User
from users.tests.mailbox import delivered, send, the_letter

RUSSIAN = {"HTTP_ACCEPT_LANGUAGE": "ru-RU,ru;q=0.9,en;q=0.5"}
SUBJECTS = {
    "confirm": "Please confirm your email",
    "tried": "Somebody else gave your address",
    "reset": "A new password",
    "changed": "Your account was changed",
}
PARTS = {  # a sentence of each letter without a name in it
    "confirm": "The link works once, within three days.",
    "tried": "If it was you, sign in to that account, or ask for a new password.",
    "reset": "The link works once, within an hour. If it was not you, do nothing: the password stays as it is.",
    "changed": "the phone",
}


@pytest.fixture
def caused(anyone, client, john):
    """The letter of a kind, caused by a request with these headers."""

    def cause(kind: str, **headers):
        if kind != "confirm":
            john.prove_email("john@example.com", 0)
        if kind == "changed":
            client.patch("/api/users/me", {"phone": "54321"}, **headers)
        elif kind == "reset":
            anyone.post("/api/password/reset", {"email": "john@example.com"}, **headers)
        elif kind == "tried":
            anyone.post("/api/registration", {"username": "bob", "password": PASSWORD, "email": "john@example.com"}, **headers)
        else:
            anyone.post("/api/email/resend", {"email": "john@example.com"}, **headers)
        return the_letter()

    return cause


@pytest.mark.parametrize("kind", SUBJECTS)
def test_it_is_in_english_unless_asked_otherwise(caused, kind):
    letter = caused(kind)
    assert letter.subject == SUBJECTS[kind]
    assert PARTS[kind] in letter.text and PARTS[kind] in letter.html
    assert '<html lang="en">' in letter.html


@pytest.mark.parametrize("kind", SUBJECTS)
def test_it_is_in_russian_where_the_request_was(caused, kind):
    letter = caused(kind, **RUSSIAN)
    with override("ru"):
        subject, part = gettext(SUBJECTS[kind]), gettext(PARTS[kind])
    assert letter.subject == subject != SUBJECTS[kind]
    assert part in letter.text and part in letter.html and part != PARTS[kind]
    assert '<html lang="ru">' in letter.html


@pytest.mark.parametrize("kind", SUBJECTS)
def test_no_english_is_left_in_a_russian_one(caused, kind):
    letter = caused(kind, **RUSSIAN)
    said = [line for line in letter.text.splitlines() if "://" not in line and "@" not in line and line.strip(" -")]
    assert all(any("а" <= character.lower() <= "я" for character in line) for line in said), letter.text


def test_of_two_requests_in_two_languages_each_gets_its_own(anyone, john, alice):
    anyone.post("/api/email/resend", {"email": "john@example.com"}, **RUSSIAN)
    anyone.post("/api/email/resend", {"email": "alice@example.com"})
    languages = {letter.to: letter.html.partition('lang="')[2][:2] for letter in delivered()}
    assert languages == {"john@example.com": "ru", "alice@example.com": "en"}


@pytest.mark.parametrize("path", ["/api/email/confirm/", "/api/password/reset/confirm/"])
def test_the_pages_are_in_the_readers_language(anyone, db, path):
    english, russian = anyone.get(path).content.decode(), anyone.get(path, **RUSSIAN).content.decode()
    assert "This link is not valid, was used before, or has expired." in english and '<html lang="en">' in english
    assert "This link is not valid" not in russian and '<html lang="ru">' in russian


@pytest.mark.parametrize("kind", SUBJECTS)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_subject_is_one_short_line(caused, kind, language):
    letter = caused(kind, HTTP_ACCEPT_LANGUAGE=language)
    assert letter.subject.strip() == letter.subject and letter.subject.isprintable()
    assert 0 < len(letter.subject) < 70


@pytest.mark.parametrize("kind", SUBJECTS)
def test_it_comes_from_us_and_goes_to_one(caused, kind, settings):
    settings.DEFAULT_FROM_EMAIL = "Mentors <hello@mentors.example.com>"
    message = caused(kind).message
    assert message.from_email == "Mentors <hello@mentors.example.com>"
    assert (message.to, message.cc, message.bcc, message.reply_to) == (["john@example.com"], [], [], [])


@pytest.mark.parametrize("kind", SUBJECTS)
def test_it_names_the_service(caused, kind, settings):
    settings.PUBLIC_URL = "https://mentors.example.com"
    letter = caused(kind)
    assert "https://mentors.example.com" in letter.text and "https://mentors.example.com" in letter.html


@pytest.mark.parametrize("kind", SUBJECTS)
def test_it_loads_nothing_from_anywhere(caused, kind):
    """No picture, no script, no style sheet: nothing that tells somebody that it was read."""
    html = caused(kind).html.lower()
    assert not any(word in html for word in ("<img", "<script", "<link", "<iframe", "src=", "url(", "@import"))


def test_what_would_be_html_is_escaped(anyone, db):
    """No such name can be registered; one may stand in the database from before."""
    User.objects.create(username="placeholder", email="bob@example.com")
    User.objects.filter(username="placeholder").write(username="<b>&'\"")
    anyone.post("/api/email/resend", {"email": "bob@example.com"})
    letter = the_letter()
    assert "the account <b>&'\"." in letter.text
    assert "&lt;b&gt;&amp;&#x27;&quot;" in letter.html and "<b>" not in letter.html
    page = anyone.get(letter.link).content.decode()
    assert "&lt;b&gt;&amp;&#x27;&quot;" in page and "<b>" not in page


@pytest.mark.parametrize("kind", ["confirm", "reset"])
def test_the_button_and_the_text_lead_to_the_same_place(caused, kind):
    letter = caused(kind)
    assert f'href="{letter.link.replace("&", "&amp;")}"' in letter.html


@pytest.mark.parametrize("kind", ["tried", "changed"])
def test_what_needs_no_answer_has_no_link(caused, kind):
    letter = caused(kind)
    assert letter.links == [] and "<a " not in letter.html


@pytest.mark.parametrize("kind", SUBJECTS)
def test_it_can_be_put_on_the_wire(caused, kind):
    message = caused(kind, **RUSSIAN).message.message()
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert all(len(line) < 998 for line in message.as_bytes().splitlines())


def test_on_the_developers_own_screen_a_letter_is_read_as_it_is(anyone, db, settings, capsys):
    settings.EMAIL_BACKEND = "users.emails.console.EmailBackend"
    anyone.post("/api/registration", {"username": "bob", "password": PASSWORD, "email": "bob@example.com"}, HTTP_ACCEPT_LANGUAGE="ru")
    send()
    printed = capsys.readouterr().out
    assert printed.startswith("Mail to bob@example.com: Подтвердите, пожалуйста, вашу почту\n")
    assert "/api/email/confirm/?token=" in printed and "<html" not in printed
