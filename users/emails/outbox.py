"""The outbox: mail is written down in the transaction that causes it, and sent by `manage.py send_mail`.

What is written down says which letter is due to whom. The letter, with its link, is composed when it is sent: no link
that works stands in the database, nobody is written to for what never was, and an address that is known here costs a
request the same as one that is not.
"""

import logging
import smtplib
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language, override
from django_tasks import task

from mentorship.api.throttling import count, limit
from users import names
from users.emails import letters

FIRST_WAIT, LONGEST_WAIT = 2, 600  # seconds before a letter that could not be sent is tried again
MOST_TRIES = 450  # about three days

_log, _of_accounts = logging.getLogger("mentorship.mail"), logging.getLogger("mentorship.accounts")


def write(kind: str, address: str, user: int | None = None, **facts) -> None:
    """Write down that a letter is due: `kind` is a function of users/emails/letters.py, which takes the rest."""
    if settings.MAIL_IS_SENT:
        send.enqueue(kind, address, user, facts, get_language())


@contextmanager
def telling(user, before=None):
    """Around a change of a user (in its transaction, which it opens): a new email gets a link, the old proven one a notice.

    `before` is the user as they were, where `user` has been changed already.
    """
    before = before or user
    told, old = before.proven_email, _what_is_told(before)
    with transaction.atomic():
        yield
        changed = [field for field, value in _what_is_told(user).items() if value != old[field]]
        if changed and told:
            write("changed", told, user.pk, fields=changed)
        if "email" in changed and user.email:
            write("confirm", user.email, user.pk)
    if changed:
        _of_accounts.info("account changed", extra={"user": user.pk, "fields": changed})


def _what_is_told(user) -> dict[str, str]:
    return {"email": user.email_key, "phone": user.phone, "password": user.password}


@task(queue_name="mail")
def send(kind: str, address: str, user: int | None, facts: dict, language: str, tries: int = 0) -> str:
    """Send a letter that is due; where the mail server is away, write it down again for later. What was done, in a word."""
    try:
        with override(language):
            due = getattr(letters, kind)(address, user, **facts)
        if due and not tries and (wait := _too_many(kind, address)):
            return _later(kind, address, user, language, wait)
        if due and not _can_be_written(due):
            return _said("refused", kind, user)
        if due:
            due.send()
    except smtplib.SMTPRecipientsRefused as refused:
        if all(500 <= code < 600 for code, _why in refused.recipients.values()):
            return _said("refused", kind, user)
        return _put_off(kind, address, user, facts, language, tries)
    except Exception as reason:  # whatever it was, the letter is still due
        _log.warning("letter not sent", extra={"kind": kind, "user": user, "reason": type(reason).__name__})
        return _put_off(kind, address, user, facts, language, tries)
    return _said("sent" if due else "nothing to send", kind, user)


def _too_many(kind: str, address: str) -> float:
    """Seconds until the mailbox gets letters of this kind again: whoever asks, it gets only so many. 0: now.

    A notice of what changed is never held back.
    """
    most = None if kind == "changed" else limit("letter", f"{kind} {names.key(address)}")
    counted = count([most])[0] if most else None
    return counted.reset if counted and counted.is_exceeded else 0


def _later(kind: str, address: str, user: int | None, language: str, wait: float) -> str:
    """What was asked for in vain is not sent; but who registers waits for a link, even if others gave the same address
    before, to keep it from coming: it comes with all the others', in one letter, once there may be one."""
    if kind == "confirm":
        send.using(run_after=timezone.now() + timedelta(seconds=wait)).enqueue("resend", address, None, {}, language)
    return _said("too many", kind, user)


def _can_be_written(letter) -> bool:
    """False for an address that mail has no form for, such as a domain that is too long once it is written in ASCII."""
    try:
        letter.message()
    except ValueError:
        return False
    return True


def _put_off(kind, address, user, facts, language, tries: int) -> str:
    if tries >= MOST_TRIES:
        return _said("given up", kind, user)
    wait = min(FIRST_WAIT * 2 ** min(tries, 10), LONGEST_WAIT)
    later = send.using(run_after=timezone.now() + timedelta(seconds=wait))
    later.enqueue(kind, address, user, facts, language, tries + 1)
    return _said("put off", kind, user)


def _said(outcome: str, kind: str, user: int | None) -> str:
    _log.info("letter", extra={"outcome": outcome, "kind": kind, "user": user})
    return outcome
