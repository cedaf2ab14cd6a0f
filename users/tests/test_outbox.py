"""The outbox: what is due stands in the database, and is sent outside the request, once."""

import json
import logging
import smtplib
import socket
import threading
from datetime import timedelta
from types import SimpleNamespace
from unittest import mock

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from conftest import PASSWORD
from users.emails import outbox
from users.management.commands import send_mail
from users.models import User
from users.tests.mailbox import connection_stays_open, delivered, receivers, send, the_letter

HERE = "users.tests.test_outbox"
RUNNING, READY = "RUNNING", "READY"


class Refusing(EmailBackend):
    """A mail server that knows no such mailbox."""

    def send_messages(self, messages):
        raise smtplib.SMTPRecipientsRefused({to: (550, b"no such mailbox") for to in messages[0].to})


class Busy(EmailBackend):
    """A mail server that greylists."""

    def send_messages(self, messages):
        raise smtplib.SMTPRecipientsRefused({to: (451, b"try again later") for to in messages[0].to})


class Disconnecting(EmailBackend):
    def send_messages(self, messages):
        raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")


class Broken(EmailBackend):
    """It fails for one address; that is no reason to stop."""

    def send_messages(self, messages):
        if messages[0].to == ["alice@example.com"]:
            raise RuntimeError("what nobody foresaw")
        return super().send_messages(messages)


@pytest.fixture
def due(anyone, john):
    """A letter to john is due."""
    anyone.post("/api/email/resend", {"email": "john@example.com"})


@pytest.fixture
def server(settings):
    """Puts one of these mail servers in place, and the good one back by server(None)."""
    good = settings.EMAIL_BACKEND

    def put(backend):
        settings.EMAIL_BACKEND = f"{HERE}.{backend}" if backend else good

    return put


@pytest.fixture
def nobody_listens(settings):
    """The address of a mail server that is away."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and not listened on
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = taken.getsockname()
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield


def rows(**of):
    return DBTaskResult.objects.filter(**of)


def let_time_pass():
    """What was put off is due now."""
    rows(status=READY).update(run_after=timezone.now())


# Written down


def test_what_is_rolled_back_was_never_written_down(db):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        outbox.write("reset", "john@example.com")
        raise ZeroDivisionError
    assert not rows().exists()


def test_a_change_that_is_rolled_back_tells_nobody(john):
    john.prove_email("john@example.com", 0)
    with pytest.raises(ZeroDivisionError), outbox.telling(john):
        john.phone = "54321"
        john.save(update_fields=["phone"])
        raise ZeroDivisionError
    assert not rows().exists()
    assert User.objects.get(pk=john.pk).phone == "1234567890"


def test_nothing_is_sent_in_the_request(anyone, john, due):
    assert mail.outbox == []
    assert rows(status=READY).count() == 1


def test_known_and_unknown_cost_a_request_the_same_statements(anyone, john, django_assert_num_queries):
    john.prove_email("john@example.com", 0)
    for path in ("/api/password/reset", "/api/email/resend"):
        for email in ("john@example.com", "nobody@example.com"):
            with django_assert_num_queries(1):
                anyone.post(path, {"email": email})


def test_no_row_holds_a_link_a_token_or_a_password(anyone, client, john):
    anyone.post("/api/registration", {"username": "bob", "password": PASSWORD, "email": "bob@example.com"})
    john.prove_email("john@example.com", 0)
    anyone.post("/api/password/reset", {"email": "john@example.com"})
    client.patch("/api/users/me", {"password": "a new horse", "email": "new@example.com"})
    before = json.dumps(list(rows().values()), default=str)
    letters = delivered()
    stored = before + json.dumps(list(rows().values()), default=str)
    assert len(letters) == 3  # and no reset: the password has changed meanwhile
    secrets = [PASSWORD, "a new horse", User.objects.get(pk=john.pk).password, "argon2", "://", "token"]
    secrets += [part for letter in letters for link in letter.links for part in link.partition("token=")[2].split(".")]
    assert not [secret for secret in secrets if secret in stored]


def test_the_log_says_what_was_done_and_to_whom_it_was_not_said(anyone, due, caplog):
    caplog.set_level(logging.INFO)
    send()
    [record] = [record for record in caplog.records if record.name == "mentorship.mail"]
    assert (record.outcome, record.kind) == ("sent", "resend")
    assert "@" not in str(vars(record))


# Sent


def test_once_sends_what_is_due_and_no_letter_twice(due):
    assert receivers() == ["john@example.com"]
    assert receivers() == []
    assert not rows(status=READY).exists()


def test_it_tells_where_no_mail_server_is_set_up(due, settings, capsys):
    settings.MAIL_IS_SENT = False
    send()
    assert "EMAIL_HOST" in capsys.readouterr().out
    assert mail.outbox == []


def test_what_is_not_due_yet_waits(due):
    rows().update(run_after=timezone.now() + timedelta(minutes=5))
    assert delivered() == []
    let_time_pass()
    assert receivers() == ["john@example.com"]


def test_a_letter_that_cannot_be_written_does_not_stop_the_others(anyone, john, alice, server, caplog):
    server("Broken")
    for email in ("alice@example.com", "john@example.com"):
        anyone.post("/api/email/resend", {"email": email})
    assert receivers() == ["john@example.com"]
    logged = " ".join(str(vars(record)) for record in caplog.records)
    assert "letter not sent" in logged and "alice@example.com" not in logged


class SetUpWrongly(EmailBackend):
    """What the standard library raises for a host or a password that it cannot write is a ValueError, too."""

    def send_messages(self, messages):
        "smtp..example.com".encode("idna")


def test_a_mail_server_that_is_set_up_wrongly_loses_no_letter(anyone, alice, server):
    server("SetUpWrongly")
    anyone.post("/api/email/resend", {"email": "alice@example.com"})
    assert receivers() == []
    assert sorted(letter.status for letter in rows()) == ["READY", "SUCCESSFUL"]


def test_a_letter_that_failed_while_the_database_was_away_is_taken_up_again(due):
    rows().update(status="FAILED", started_at=timezone.now() - timedelta(minutes=6))
    assert receivers() == ["john@example.com"]


def test_a_letter_that_has_failed_for_days_is_not(due):
    long_ago = timezone.now() - timedelta(days=4)
    rows().update(status="FAILED", started_at=long_ago, enqueued_at=long_ago)
    assert receivers() == []


def test_a_letter_that_failed_for_whatever_reason_is_still_due(anyone, alice, server):
    server("Broken")
    anyone.post("/api/email/resend", {"email": "alice@example.com"})
    assert receivers() == []
    assert sorted(letter.status for letter in rows()) == ["READY", "SUCCESSFUL"]


@pytest.mark.parametrize("domain", ["ü" * 63 + ".com", "bücher.example", "xn--a.example", "пример.рф"])
def test_domains_that_mail_writes_otherwise_stop_nothing(anyone, john, domain):
    anyone.post("/api/registration", {"username": "bob", "password": PASSWORD, "email": f"bob@{domain}"})
    anyone.post("/api/email/resend", {"email": "john@example.com"})
    assert "john@example.com" in receivers()
    for letter in rows():
        assert letter.status == "SUCCESSFUL"


# A mail server that is away


@pytest.mark.parametrize("trouble", ["Busy", "Disconnecting", "nobody listens"])
def test_what_cannot_be_sent_now_is_put_off_and_sent_later(due, server, request, settings, trouble):
    good = settings.EMAIL_BACKEND
    server(trouble) if trouble != "nobody listens" else request.getfixturevalue("nobody_listens")
    for _ in range(3):
        before = timezone.now()
        assert delivered() == []
        assert rows(status=READY).get().run_after > before
        let_time_pass()
    settings.EMAIL_BACKEND = good
    assert receivers() == ["john@example.com"]
    assert not rows(status=READY).exists()


def test_each_wait_is_longer_up_to_ten_minutes(due, server):
    server("Disconnecting")
    waits = []
    for _ in range(14):
        now = timezone.now()
        send()
        waits.append(rows(status=READY).get().run_after - now)
        let_time_pass()
    assert waits[0] < waits[3] < waits[6] < waits[9]
    assert waits[-1] < 1.5 * waits[-2] and waits[-1] < timedelta(minutes=15)


def test_a_link_that_was_put_off_is_made_when_it_is_sent(anyone, due, server, client):
    server("Disconnecting")
    send()
    let_time_pass()
    server(None)
    assert anyone.post("/api/email/confirm", {"token": the_letter().token}).status_code == 200


def test_what_was_put_off_is_not_sent_where_its_reason_has_gone(due, server, john):
    server("Disconnecting")
    send()
    john.delete()
    let_time_pass()
    server(None)
    assert delivered() == []


def test_what_was_put_off_stays_in_its_language(anyone, john, server):
    anyone.post("/api/email/resend", {"email": "john@example.com"}, HTTP_ACCEPT_LANGUAGE="ru")
    server("Disconnecting")
    send()
    let_time_pass()
    server(None)
    assert '<html lang="ru">' in the_letter().html


def test_a_server_that_is_away_counts_a_letter_once(anyone, john, server, settings):
    settings.THROTTLES = settings.THROTTLES | {"letter": (2, 3600)}
    server("Disconnecting")
    for _ in range(2):
        anyone.post("/api/email/resend", {"email": "john@example.com"})
    for _ in range(5):
        send()
        let_time_pass()
    server(None)
    assert receivers() == ["john@example.com"] * 2


def test_a_mailbox_that_is_none_is_given_up(due, server):
    server("Refusing")
    assert delivered() == []
    assert not rows(status=READY).exists()
    assert rows().get().return_value == "refused"


def test_after_three_days_it_is_given_up(due, server):
    server("Disconnecting")
    row = rows().get()
    row.args_kwargs["kwargs"], row.args_kwargs["args"] = {}, [*row.args_kwargs["args"], outbox.MOST_TRIES]
    row.save()
    assert delivered() == []
    assert rows().get().return_value == "given up"


# A sender that died


def test_what_a_dead_sender_had_taken_is_taken_again(due):
    rows().update(status=RUNNING, started_at=timezone.now() - timedelta(hours=1))
    assert receivers() == ["john@example.com"]


def test_a_sender_at_work_searches_for_it_once_a_minute(due, monkeypatch):
    """Each second the letter is lost again; the searches are told by when it is sent."""
    now, sent_at = 1000, []

    def sleep(seconds):
        nonlocal now
        sent_at.extend(now - 1000 for _ in mail.outbox)
        mail.outbox.clear()
        rows().update(status=RUNNING, started_at=timezone.now() - timedelta(hours=1))
        now += seconds

    monkeypatch.setattr(send_mail, "time", SimpleNamespace(monotonic=lambda: now, sleep=sleep))
    monkeypatch.setattr(send_mail, "os", SimpleNamespace(getppid=lambda: int(now < 1130)))
    monkeypatch.setattr(send_mail, "signal", mock.MagicMock())
    with connection_stays_open():
        call_command("send_mail", "--with-parent", "1")
    assert sent_at == [0, 60, 120]


def test_what_a_living_sender_has_taken_is_left_to_it(due):
    rows().update(status=RUNNING, started_at=timezone.now())
    assert delivered() == []
    assert rows(status=RUNNING).count() == 1


def test_other_tasks_are_not_touched(due):
    rows().update(queue_name="another", status=RUNNING, started_at=timezone.now() - timedelta(hours=1))
    assert delivered() == []
    assert rows(status=RUNNING).count() == 1


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_of_several_senders_at_once_each_letter_is_sent_by_one(person):
    for number in range(40):
        person(f"bob{number}", email=f"bob{number}@example.com")
        outbox.write("resend", f"bob{number}@example.com")
    ready = threading.Barrier(4)

    def work():
        ready.wait(10)
        call_command("send_mail", "--once")
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(message.to[0] for message in mail.outbox) == sorted(f"bob{number}@example.com" for number in range(40))
