"""Signing in."""

from conftest import PASSWORD


def test_a_right_password_gives_both_tokens(anyone, john):
    answer = anyone.post("/api/login", {"username": "john", "password": PASSWORD})
    assert answer.status_code == 200
    assert set(answer.json()) == {"refresh", "access"}
