"""A database that has people in it already comes along to the next version."""

from tests.service import Service, place

PEOPLE = 6000  # more than the migration takes at once
OLD = """
INSERT INTO users_user (password, is_superuser, first_name, last_name, email, is_staff, is_active, date_joined, username, username_key,
                        email_key, phone, is_mentor, mentees_count)
SELECT '!', false, '', '', '', false, true, '2026-01-01', 'old-' || number, 'old-' || number, '', '', false, 0
FROM (WITH RECURSIVE numbers(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < {people}) SELECT number FROM numbers) AS many
"""


def test_who_was_here_before_invites_gets_a_code():
    with place() as where:
        where.manage("migrate", "users", "0001", "--verbosity", "0")
        where.change(OLD.format(people=PEOPLE))
        where.manage("prepare", "--verbosity", "0")
        assert where.rows("SELECT count(*), count(DISTINCT invite_code), min(length(invite_code)) FROM users_user") == [
            (PEOPLE + 1, PEOPLE + 1, 6)
        ]
        with Service(where) as served:
            code = where.rows("SELECT invite_code FROM users_user WHERE username = 'old-1'")[0][0]
            assert (
                served.post("/api/registration", {"username": "new", "password": "looking-glass", "invite_code": code}).status_code == 201
            )
