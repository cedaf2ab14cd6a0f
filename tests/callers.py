"""People to call the API, made many at once past it: mentors who are signed in, each with a mentee and a product; their password is PASSWORD.

In a Django that is set up: `make(100)`; for a place of tests/service.py: `json.loads(where.manage("shell", …, "-c", TELL.format(100)))`.
"""

import json
import secrets
from datetime import timedelta

from tests.service import PASSWORD

TELL = "from tests import callers; callers.tell({})"


def make(count: int) -> list[dict]:
    """Of each the user name, the two tokens, and the ids of the user, the session, the mentee and the product."""
    from django.contrib.auth.hashers import make_password
    from django.utils import timezone

    from products.models import Product
    from users.models import Session, User
    from users.sessions.tokens import RefreshToken

    now, password = timezone.now(), make_password(PASSWORD)

    def people(**fields):
        return User(username=f"caller-{secrets.token_hex(6)}", password=password, **fields)

    mentors = User.objects.bulk_create(people(is_mentor=True) for _ in range(count))
    mentees = User.objects.bulk_create(people(mentor=mentor) for mentor in mentors)
    products = Product.objects.bulk_create(Product(mentor=mentor, name="Atlas", regular_price=30, stock=3) for mentor in mentors)
    sessions = Session.objects.bulk_create(
        Session(user=mentor, created=now, last_refreshed=now, expires=now + timedelta(days=1)) for mentor in mentors
    )
    made = []
    for mentor, mentee, product, session in zip(mentors, mentees, products, sessions, strict=True):
        token = RefreshToken.of(session.pk, mentor.pk)
        made.append({"username": mentor.username, "access": str(token.access_token), "refresh": str(token),
                     "who": mentor.pk, "session": session.pk, "mentee": mentee.pk, "product": product.pk})  # fmt: skip
    return made


def tell(count: int) -> None:
    print(json.dumps(make(count)))  # noqa: T201 to whoever started this shell
