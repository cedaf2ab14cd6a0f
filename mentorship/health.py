"""Is the process alive, and can it do its work? Answered ahead of redirects, host checks and limits."""

import contextlib

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import HttpRequest, JsonResponse


def live(request: HttpRequest) -> JsonResponse:
    """200 while the process runs."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """200 while the database answers, else 503; a cache that is away is said, and costs nothing but speed."""
    database, cached = _database(), _cache()
    response = JsonResponse({"database": database, "cache": cached}, status=200 if database == "ok" else 503)
    if database != "ok":
        response["Retry-After"] = "1"
    return response


def why_no_database() -> str:
    """One line on why PostgreSQL does not answer, which names the settings to look at and shows no password; empty where it does."""
    if connection.vendor == "postgresql":
        try:
            connection.ensure_connection()
        except OperationalError as away:
            where = "DB_HOST, DB_PORT, DB_NAME, POSTGRES_USER, POSTGRES_PASSWORD"
            return f"The database does not answer, see {where}: {' '.join(str(away).split())}"
    return ""


METHODS = ("GET", "HEAD")
ROUTES = {"/health/live": live, "/health/ready": ready}


def _database() -> str:
    with contextlib.suppress(DatabaseError, InterfaceError), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return "ok"
    return "unavailable"


def _cache() -> str:
    if not settings.REDIS_URL:
        return "none"
    cache.set("health", "ok", timeout=5)
    return "ok" if cache.get("health") == "ok" else "unavailable"
