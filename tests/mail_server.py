"""A real mail server for tests, on a socket of this machine: away at first, as long as it is not started.

server = MailServer()
with place(**server.environment) as where, Service(where) as service:
    with server:
        letter = server.letter_to("bob@example.com")
"""

import asyncio
import logging
import re
import time
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller

from tests import servers

logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd's own: a line for each word that is said
PATIENCE = 60  # seconds for a letter to come


class MailServer:
    """`letters` is what it took. It refuses the mailboxes in `unknown`, for good, and thinks about a letter for `slow` seconds."""

    slow = 0

    def __init__(self):
        self.port = servers._free_port()
        self.letters: list[EmailMessage] = []
        self.begun = 0  # letters that it was offered
        self.unknown: set[str] = set()
        self.environment = {
            "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(self.port), "PUBLIC_URL": "http://127.0.0.1", "DEFAULT_FROM_EMAIL": "us@example.com",
        }  # fmt: skip

    def __enter__(self):
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()
        return self

    def __exit__(self, *_):
        self.controller.stop()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.unknown:
            return "550 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.begun += 1
        await asyncio.sleep(self.slow)
        letter = message_from_bytes(envelope.content, policy=policy.default)
        letter.given_to = envelope.rcpt_tos
        self.letters.append(letter)
        return "250 Taken"

    def letter_to(self, address: str) -> EmailMessage:
        """Waits for it, and takes it out."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for letter in self.letters:
                if letter.given_to == [address]:
                    self.letters.remove(letter)
                    return letter
            time.sleep(0.1)
        raise AssertionError(f"No letter came to {address}")


def text_of(letter: EmailMessage, kind: str = "plain") -> str:
    return letter.get_body((kind,)).get_content()


def link_in(letter: EmailMessage) -> str:
    [link] = re.findall(r"http\S+\?\S+", text_of(letter))
    return link
