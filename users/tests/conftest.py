"""The admin as staff use it."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.test import Client


@pytest.fixture
def staff(sam):
    """Sam's browser, signed in to the admin."""
    browser = Client()
    browser.force_login(sam)
    return browser


@pytest.fixture
def history():
    """What the history says was done to a user, the newest last."""

    def told(user) -> list[str]:
        entries = LogEntry.objects.filter(object_id=str(user.pk), content_type__model="user").order_by("pk")
        return [entry.get_change_message() for entry in entries]

    return told


@pytest.fixture
def said():
    """The messages that an answer's page will show."""
    return lambda answer: [str(message) for message in get_messages(answer.wsgi_request)]
