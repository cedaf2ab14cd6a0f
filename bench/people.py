"""`python -m bench.people 200`: signs in so many people, spread evenly over all, and prints them as JSON with their tokens.

Run with the environment of the service.
"""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentorship.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.utils import timezone  # noqa: E402

from users.models import Session, User  # noqa: E402
from users.sessions.tokens import RefreshToken  # noqa: E402


def sign_in(user: User) -> dict:
    session = Session.objects.open(user, expires=timezone.now() + settings.SIMPLE_JWT["REFRESH_TOKEN_LIFETIME"])
    token = RefreshToken.of(session.pk, user.pk)
    return {"id": user.pk, "username": user.username, "refresh": str(token), "access": str(token.access_token)}


def main(count: int) -> None:
    first, last = (User.objects.filter(is_superuser=False).order_by(order).values_list("pk", flat=True)[0] for order in ("pk", "-pk"))
    ids = [first + (last - first) * number // count for number in range(count)]
    json.dump([sign_in(user) for user in User.objects.filter(pk__in=ids)], sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]))
