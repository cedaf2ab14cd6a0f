"""The phone door, and the admin as staff use it."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.db.models.signals import pre_save
from django.test import Client

from tests import gateways


@pytest.fixture
def trial(settings):
    """A developer's own machine, where the answer shows the code."""
    settings.DEBUG = True


@pytest.fixture
def gateway(settings):
    """A gateway that takes messages: `gateway.received`."""
    with gateways.webhook() as one:
        for name, value in one.environment.items():
            setattr(settings, name, value)
        yield one


@pytest.fixture
def staff(sam):
    """Sam's browser, signed in to the admin."""
    browser = Client()
    browser.force_login(sam)
    return browser


@pytest.fixture
def clerk(person):
    """The browser of staff who may do this and no more, signed in to the admin: clerk("view_user", "change_user")."""

    def enter(*codenames: str) -> Client:
        somebody, browser = person("clerk", is_staff=True), Client()
        somebody.user_permissions.set(Permission.objects.get(codename=codename) for codename in codenames)
        browser.force_login(somebody)
        return browser

    return enter


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


@pytest.fixture
def errors():
    """The errors of the form that an answer shows again."""

    def shown(answer) -> dict:
        assert answer.status_code == 200
        return answer.context["adminform"].form.errors

    return shown


@pytest.fixture
def meanwhile():
    """Does something, once, at the moment when one of this model is about to be written: meanwhile(User, do_it)."""
    waiting = {}

    def before(sender, **_signal):
        waiting.pop(sender, lambda: None)()

    pre_save.connect(before)
    yield waiting.__setitem__
    pre_save.disconnect(before)
