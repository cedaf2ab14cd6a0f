"""Asking for the link once more."""

import re

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from conftest import PASSWORD
from users.models import User
from users.tests.mailbox import delivered, receivers, the_letter

ON_ITS_WAY = {"detail": "If this address is known here, a mail is on its way to it."}


def resend(anyone, email="john@example.com"):
    return anyone.post("/api/email/resend", {"email": email})


@pytest.fixture
def proven(alice):
    """Alice has proven her email."""
    alice.prove_email("alice@example.com", 0)


@pytest.mark.parametrize(
    "email", ["john@example.com", "nobody@example.com", "alice@example.com", "gone@example.com", "ＪＯＨＮ@example.com"]
)
def test_the_answer_is_always_the_same(anyone, john, proven, person, email):
    person("gone", email="gone@example.com", is_active=False)
    answer = resend(anyone, email)
    assert (answer.status_code, answer.json()) == (202, ON_ITS_WAY)


def test_whoever_says_the_address_gets_a_link(anyone, john):
    resend(anyone)
    letter = the_letter()
    assert letter.to == "john@example.com"
    assert anyone.post("/api/email/confirm", {"token": letter.token}).status_code == 200
    assert User.objects.get(pk=john.pk).email_verified


@pytest.mark.parametrize("typed", ["JOHN@EXAMPLE.COM", "John@Example.com", "ｊohn@example.com"])
def test_it_goes_where_the_account_says_and_not_as_it_was_typed(anyone, john, typed):
    resend(anyone, typed)
    assert receivers() == ["john@example.com"]


@pytest.mark.parametrize("email", ["nobody@example.com", "alice@example.com", "gone@example.com"])
def test_nobody_else_gets_anything(anyone, john, proven, person, email):
    person("gone", email="gone@example.com", is_active=False)
    resend(anyone, email)
    assert delivered() == []


def test_a_proven_address_gets_nothing_for_its_copies_either(anyone, proven, person):
    person("copycat")
    User.objects.filter(username="copycat").update(email="ALICE@example.com")
    resend(anyone, "alice@example.com")
    assert delivered() == []


def test_accounts_without_an_email_are_not_found_by_none(anyone, eve):
    assert resend(anyone, "").status_code == 400
    assert not DBTaskResult.objects.exists()


def test_the_links_of_all_accounts_with_one_address_come_in_one_letter(anyone, person):
    for number in range(8):
        person(f"bob{number}", email="bob@example.com")
    resend(anyone, "bob@example.com")
    [letter] = delivered()
    assert letter.to == "bob@example.com"
    assert re.findall(r"account (bob\d)", letter.text) == [f"bob{number}" for number in reversed(range(8))]
    assert len(set(letter.links)) == 8


def test_each_of_those_links_proves_its_own_account(anyone, person):
    person("mallory", email="bob@example.com")
    bob = person("bob", email="bob@example.com")
    resend(anyone, "bob@example.com")
    token = the_letter().links[0].partition("token=")[2]
    assert anyone.post("/api/email/confirm", {"token": token}).status_code == 200
    bob.refresh_from_db()
    assert bob.email_verified
    assert User.objects.get(username="mallory").email == ""


def test_a_mailbox_gets_ten_letters_an_hour_whoever_asks(anyone, john, person, settings):
    settings.THROTTLES = settings.THROTTLES | {"letter": (10, 3600)}
    for number in range(15):
        assert resend(anyone, "JOHN@example.com" if number % 2 else "john@example.com").json() == ON_ITS_WAY
    assert receivers() == ["john@example.com"] * 10
    person("bob", email="bob@example.com")
    resend(anyone, "bob@example.com")
    assert receivers() == ["bob@example.com"]


def test_many_registrations_with_its_address_do_not_bring_a_mailbox_more(anyone, db, settings):
    settings.THROTTLES = settings.THROTTLES | {"letter": (10, 3600)}
    for number in range(12):
        anyone.post("/api/registration", {"username": f"bob{number}", "password": PASSWORD, "email": "bob@example.com"})
    assert receivers() == ["bob@example.com"] * 10


def test_who_registers_after_others_used_up_the_mailboxs_letters_gets_a_link_later(anyone, db, settings):
    settings.THROTTLES = settings.THROTTLES | {"letter": (2, 3600)}
    for name in ("mallory1", "mallory2", "bob"):
        fields = {"username": name, "password": PASSWORD, "email": "bob@example.com"}
        anyone.post("/api/registration", fields, HTTP_ACCEPT_LANGUAGE="ru")
    assert receivers() == ["bob@example.com"] * 2
    settings.THROTTLES = settings.THROTTLES | {"letter": None}
    DBTaskResult.objects.update(run_after=timezone.now())
    assert "учётной записи bob." in the_letter().text


def test_without_a_mail_server_it_is_503_and_nothing_is_queued(anyone, john, settings):
    settings.MAIL_IS_SENT = False
    answer = resend(anyone)
    assert (answer.status_code, answer.json()) == (503, {"detail": "No mail server is set up."})
    assert not DBTaskResult.objects.exists()
