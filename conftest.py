"""The cast, and a clean slate for each test: no cached page, no count, no limit."""

import pytest
from django.contrib.auth.hashers import make_password
from django.core.cache import caches
from rest_framework.test import APIClient

from mentorship import database
from mentorship.api import door, throttling
from users import pages
from users.phones import gateways

PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def password_hash():
    return make_password(PASSWORD)


@pytest.fixture(autouse=True)
def clean_slate(settings):
    """Limits are tested where they are the subject, by setting `settings.THROTTLES`."""
    settings.THROTTLES = dict.fromkeys(settings.THROTTLES)
    settings.WHITENOISE_USE_FINDERS = False  # it would look through all static files for each new client
    throttling.own_count.windows.clear()
    door.KNOWN.clear()
    pages.KEPT = pages.Kept()
    gateways.wake()
    database.hurried_until = 0.0
    for alias in settings.CACHES:
        caches[alias].clear()


@pytest.fixture
def limits(settings):
    """Sets these limits and no others: limits(user=(3, 60))."""

    def set_them(**limits):
        settings.THROTTLES = dict.fromkeys(settings.THROTTLES) | limits

    return set_them


@pytest.fixture
def person(db, password_hash):
    """Makes a user whose password is PASSWORD: person("bob", is_mentor=True)."""
    from users.models import User

    def make(username: str, **fields) -> User:
        return User.objects.create(username=username, password=password_hash, **fields)

    return make


@pytest.fixture
def alice(person):
    """A mentor."""
    return person("alice", is_mentor=True, email="alice@example.com", phone="+79991112233")


@pytest.fixture
def john(person, alice):
    """A mentee, who chose alice."""
    return person("john", mentor=alice, email="john@example.com", phone="1234567890")


@pytest.fixture
def eve(person):
    """A stranger."""
    return person("eve")


@pytest.fixture
def sam(person):
    """Staff."""
    return person("sam", is_staff=True, is_superuser=True)


@pytest.fixture
def anyone():
    """A client that is not signed in."""
    return APIClient()


@pytest.fixture
def sign_in():
    """Signs a user in through the API: a client with the access token, and `client.refresh` its refresh token."""

    def enter(user, password: str = PASSWORD) -> APIClient:
        client = APIClient()
        pair = client.post("/api/login", {"username": user.username, "password": password}).json()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
        client.refresh = pair["refresh"]
        return client

    return enter


@pytest.fixture
def client(sign_in, john):
    """The default client: an ordinary user, john."""
    return sign_in(john)
