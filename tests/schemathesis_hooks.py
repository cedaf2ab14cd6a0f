"""Who makes the requests of tests/test_schemathesis.py: a user of its own for each, made and signed in for it.

So no request (a logout, a deletion, a new password) spoils the next. Loaded by schemathesis, in the environment of the service.
"""

import itertools
import os

import django
import schemathesis

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentorship.settings")
django.setup()

from tests import callers  # noqa: E402


@schemathesis.auth(refresh_interval=None)
class OneEach:
    ready = []

    def get(self, case, context) -> tuple[str, int]:
        if not self.ready:
            self.ready.extend(callers.make(100))
        caller = self.ready.pop()
        return caller["access"], caller["product"]

    def set(self, case, data: tuple[str, int], context) -> None:
        """Every other right request for a product is for one of the caller's own."""
        token, product = data
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
        if is_every_other_right_one(case, "product"):
            case.path_parameters["product"] = str(product)


turns = {"product": itertools.count(), "who": itertools.count()}


def is_every_other_right_one(case, name: str) -> bool:
    """Of those whose path has that name; one that failed before is tried again as it was."""
    if name not in (case.path_parameters or {}) or not case.meta or not case.meta.generation.mode.is_positive:
        return False
    return bool(next(turns[name]) % 2)


@schemathesis.hook
def before_call(context, case, **options) -> None:
    """Every other right request for a user is for the caller: no generated name is anybody's."""
    if is_every_other_right_one(case, "who"):
        case.path_parameters["who"] = "me"
