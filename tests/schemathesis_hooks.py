"""Who makes the requests of tests/test_schemathesis.py: a user of its own for each, made and signed in for it.

So no request (a logout, a deletion, a new password) spoils the next. Loaded by schemathesis, in the environment of the service.
"""

import itertools
import os

import django
import psycopg
import schemathesis

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentorship.settings")
django.setup()

from users.sessions.tokens import RefreshToken  # noqa: E402

MAKE = """
WITH person AS (
  INSERT INTO users_user (username, username_key, email, email_key, proven_email, email_proofs, phone, proven_phone, password, first_name,
                          last_name, is_active, is_staff, is_superuser, is_mentor, mentees_count, invite_code, date_joined)
  VALUES (%(name)s::text, %(name)s::text, '', '', '', 0, '', '', '!', '', '', true, false, false, true, 0, %(code)s, now()) RETURNING id
), product AS (
  INSERT INTO products_product (mentor_id, name, name_key, description, description_key, regular_price, stock)
  SELECT id, 'Atlas', 'atlas', '', '', 30, 3 FROM person RETURNING id
)
INSERT INTO users_session (user_id, created, last_refreshed, expires, address, user_agent)
SELECT person.id, now(), now(), now() + interval '1 hour', '', '' FROM person RETURNING user_id, id, (SELECT id FROM product)
"""


@schemathesis.auth(refresh_interval=None)
class OneEach:
    numbers = itertools.count(1)
    database = None

    def get(self, case, context) -> tuple[str, int]:
        if not self.database:
            given = (
                ("host", "DB_HOST"),
                ("port", "DB_PORT"),
                ("user", "POSTGRES_USER"),
                ("password", "POSTGRES_PASSWORD"),
                ("dbname", "DB_NAME"),
            )
            OneEach.database = psycopg.connect(**{ours: os.environ[name] for ours, name in given}, autocommit=True)
        number = next(self.numbers)
        user, session, product = self.database.execute(MAKE, {"name": f"caller-{number}", "code": f"{number:06}"}).fetchone()
        return str(RefreshToken.of(session, user).access_token), product

    def set(self, case, data: tuple[str, int], context) -> None:
        """Every other right request for a product is for one of the caller's own."""
        token, product = data
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
        if is_every_other_right_one(case) and "product" in (case.path_parameters or {}):
            case.path_parameters["product"] = str(product)


def is_every_other_right_one(case) -> bool:
    if not case.meta:  # one that failed before, and is tried again as it was
        return False
    return case.meta.generation.mode.is_positive and bool(next(OneEach.numbers) % 2)


@schemathesis.hook
def before_call(context, case, **options) -> None:
    """Every other right request for a user is for the caller: no generated name is anybody's."""
    if is_every_other_right_one(case) and "who" in (case.path_parameters or {}):
        case.path_parameters["who"] = "me"
