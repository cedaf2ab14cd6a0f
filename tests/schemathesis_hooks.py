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
  INSERT INTO users_user (username, username_key, email, email_key, phone, password, first_name, last_name, is_active, is_staff,
                          is_superuser, is_mentor, mentees_count, date_joined)
  VALUES (%(name)s::text, %(name)s::text, '', '', '', '!', '', '', true, false, false, true, 0, now()) RETURNING id
)
INSERT INTO users_session (user_id, created, last_refreshed, expires, address, user_agent)
SELECT id, now(), now(), now() + interval '1 hour', '', '' FROM person RETURNING user_id, id
"""


@schemathesis.auth(refresh_interval=None)
class OneEach:
    numbers = itertools.count(1)
    database = None

    def get(self, case, context) -> str:
        if not self.database:
            given = (
                ("host", "DB_HOST"),
                ("port", "DB_PORT"),
                ("user", "POSTGRES_USER"),
                ("password", "POSTGRES_PASSWORD"),
                ("dbname", "DB_NAME"),
            )
            OneEach.database = psycopg.connect(**{ours: os.environ[name] for ours, name in given}, autocommit=True)
        user, session = self.database.execute(MAKE, {"name": f"caller-{next(self.numbers)}"}).fetchone()
        return str(RefreshToken.of(session, user).access_token)

    def set(self, case, data: str, context) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schemathesis.hook
def before_call(context, case, **options) -> None:
    """Every other right request for a user is for the caller: no generated name is anybody's."""
    if case.meta.generation.mode.is_positive and "who" in (case.path_parameters or {}) and next(OneEach.numbers) % 2:
        case.path_parameters["who"] = "me"
