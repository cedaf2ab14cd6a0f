"""Health, as a balancer asks for it. What it says while something is away: test_errors.py, tests/test_redis_away.py."""

import pytest
from django.conf import settings as project_settings

BOTH = pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/health/live/", "/health/ready/"])


def test_a_process_that_runs_is_alive(anyone):
    assert anyone.get("/health/live").status_code == 200


def test_a_service_that_can_work_is_ready(anyone, db):
    answer = anyone.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json() == {"database": "ok", "cache": "ok" if project_settings.REDIS_URL else "none"}


def test_a_cache_that_is_away_is_said_and_stays_200(anyone, db, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    away = {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": settings.REDIS_URL, "OPTIONS": {"IGNORE_EXCEPTIONS": True}}
    settings.CACHES = {"default": away, "throttle": away}
    answer = anyone.get("/health/ready")
    assert (answer.status_code, answer.json()) == (200, {"database": "ok", "cache": "unavailable"})


@BOTH
def test_it_answers_under_any_host(anyone, db, path):
    assert anyone.get(path, HTTP_HOST="10.1.2.3:8000").status_code == 200
    assert anyone.get(path, HTTP_HOST="evil.example").status_code == 200


@BOTH
def test_it_answers_without_a_redirect_to_https(anyone, db, settings, path):
    settings.SECURE_SSL_REDIRECT = True
    assert anyone.get("/api/users/").status_code == 301
    assert anyone.get(path).status_code == 200


@BOTH
def test_it_has_no_limit(anyone, db, settings, path):
    settings.THROTTLES = settings.THROTTLES | {"anon": (1, 60)}
    assert [anyone.get(path).status_code for _ in range(3)] == [200, 200, 200]


@BOTH
@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT"]
)  # a 200 to CONNECT would open a tunnel (RFC 9110)
def test_it_only_reads(anyone, path, method):
    answer = anyone.generic(method, path)
    assert (answer.status_code, answer["Allow"], answer.json()) == (405, "GET, HEAD", {"detail": "Method Not Allowed"})


@BOTH
def test_a_head_has_no_body(anyone, db, path):
    answer = anyone.head(path)
    assert (answer.status_code, answer.content) == (200, b"")
