"""Django REST Framework and simplejwt as they come: the settings that `startproject` writes, and no more than both manuals ask for.

A database of its own: STOCK_DB_NAME, DB_HOST, DB_PORT, POSTGRES_USER, POSTGRES_PASSWORD. Run with the service's own Python:
python -m bench.stock prepare    makes the database where there is none, its tables, and the users user0, user1, … (STOCK_USERS of them)
python -m mentorship.server --interface wsgi … bench.stock:application    serves POST /api/login/ and /api/token/refresh/
"""

import functools
import os
import sys

# What startproject writes

SECRET_KEY = "for the benchmark only, and as long as it must be: it signs the tokens too"  # noqa: S105 no secret
DEBUG = False
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework_simplejwt",
    "rest_framework_simplejwt.token_blacklist",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "bench.stock"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
STATIC_URL = "static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# What it runs on, as the service does

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["STOCK_DB_NAME"],
        "USER": os.environ["POSTGRES_USER"],
        "PASSWORD": os.environ["POSTGRES_PASSWORD"],
        "HOST": os.environ["DB_HOST"],
        "PORT": os.environ["DB_PORT"],
        "CONN_MAX_AGE": None,
    }
}
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"]}


def __getattr__(name: str):
    """`urlpatterns` and `application` when they are first asked for: by then Django has read the settings above."""
    if name not in ("urlpatterns", "application"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _routes() if name == "urlpatterns" else _application()


@functools.cache
def _routes() -> list:
    from django.urls import path
    from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

    return [path("api/login/", TokenObtainPairView.as_view()), path("api/token/refresh/", TokenRefreshView.as_view())]


@functools.cache
def _application():
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.stock"
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


def prepare(users: int) -> None:
    """The database where there is none, its tables, and so many users, all with one password."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.stock"
    import django
    from django.core.management import call_command

    django.setup()
    _make_database()
    call_command("migrate", verbosity=0)
    _make_users(users)


def _make_database() -> None:
    from django.db import connection

    name = connection.settings_dict["NAME"]
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if not cursor.fetchone():
            cursor.execute(f"CREATE DATABASE {connection.ops.quote_name(name)}")


def _make_users(count: int) -> None:
    from django.contrib.auth.hashers import make_password
    from django.contrib.auth.models import User

    shared = make_password("bench-password-1")  # slow by design: once for all
    User.objects.bulk_create([User(username=f"user{number}", password=shared) for number in range(count)], ignore_conflicts=True)


if __name__ == "__main__":
    if sys.argv[1:] != ["prepare"]:
        sys.exit(__doc__)
    prepare(int(os.environ.get("STOCK_USERS", "100")))
