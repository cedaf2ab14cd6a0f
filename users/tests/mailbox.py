"""Letters as people get them: sent by `manage.py send_mail`, and read."""

import re
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.core.management import call_command


class Letter:
    """A letter in someone's mailbox."""

    def __init__(self, message: EmailMultiAlternatives):
        self.message = message
        [self.to], self.subject, self.text = message.to, message.subject, message.body
        [(self.html, self.html_type)] = message.alternatives

    @property
    def links(self) -> list[str]:
        """What leads somewhere with a token, in the plain text."""
        return re.findall(r"\S+\?\S+", self.text)

    @property
    def link(self) -> str:
        [link] = self.links
        return link

    @property
    def held(self) -> dict[str, str]:
        """What the link holds: `token`, and `uid` for a new password."""
        return dict(parse_qsl(urlsplit(self.link).query, strict_parsing=True))

    @property
    def token(self) -> str:
        return self.held["token"]


def connection_stays_open():
    """Around a sender. As in Django's own test client: the connection holds the test's transaction."""
    return mock.patch("django_tasks_db.management.commands.db_worker.close_old_connections")


def send() -> None:
    """Sends what is due."""
    with connection_stays_open():
        call_command("send_mail", "--once")


def delivered() -> list[Letter]:
    """Sends what is due, and gives the letters that came since the last look."""
    send()
    letters = [Letter(message) for message in mail.outbox]
    mail.outbox.clear()
    return letters


def the_letter() -> Letter:
    """The only letter that came since the last look."""
    [letter] = delivered()
    return letter


def receivers() -> list[str]:
    """Who got a letter since the last look."""
    return sorted(letter.to for letter in delivered())
