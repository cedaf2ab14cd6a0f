"""Every setting, read top to bottom; every environment variable of the service is read here and nowhere else.

Values come from the environment, then from `.env` (ENV_FILE names another), which never overrides the environment.
An empty value is an unset one.
With nothing set: SQLite, no Redis, one process, DEBUG on, bound to this machine.
"""

import os
from datetime import timedelta
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from mentorship import environment as env
from mentorship import keys

BASE_DIR = Path(__file__).resolve().parent.parent
for _name, _value in env.from_file("ENV_FILE", BASE_DIR / ".env").items():
    if _value and not os.environ.get(_name):
        os.environ[_name] = _value

# What is this: a trial on one's own machine, or the real thing?
DEBUG = env.flag("DEBUG", True)
HTTPS = env.flag("HTTPS", False)
NUM_PROXIES = env.whole("NUM_PROXIES", 0, 0, 10)

# Keys. With DEBUG off they are given, or kept in a file that was named; see checks.py for what is refused.
KEYS_FILE = env.text("KEYS_FILE")
_kept = keys.read_or_make(Path(KEYS_FILE) if KEYS_FILE else BASE_DIR / ".keys.env") if KEYS_FILE or DEBUG else {}
SECRET_KEY = env.text("SECRET_KEY") or _kept.get("SECRET_KEY") or "unset"
JWT_SIGNING_KEY = env.text("JWT_SIGNING_KEY") or _kept.get("JWT_SIGNING_KEY") or "unset"

# Where it serves
HOST = env.host("HOST", "127.0.0.1")
PORT = env.whole("PORT", 8000, 1, 65535)
ALLOWED_HOSTS = env.served_hosts("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.origins_and_wildcards("CSRF_TRUSTED_ORIGINS")
CORS_ALLOWED_ORIGINS = env.origins("CORS_ALLOWED_ORIGINS")
CORS_EXPOSE_HEADERS = ["Link", "Location", "Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "X-Request-ID"]
CORS_URLS_REGEX = r"^/api/"

# Where it tells a Prometheus what it counts, see mentorship/metrics.py: nowhere, unless a port of its own is given.
METRICS_PORT = env.whole("METRICS_PORT", 0, 0, 65535)
METRICS_HOST = env.host("METRICS_HOST", "127.0.0.1")
PROMETHEUS_MULTIPROC_DIR = env.folder("PROMETHEUS_MULTIPROC_DIR")  # prometheus_client reads it from the environment, too
if METRICS_PORT == PORT:
    raise ImproperlyConfigured("METRICS_PORT must be another port than PORT: what is counted is not for the public")

# Database: PostgreSQL where one is named, else an SQLite file.
_named = any(env.text(name) for name in ("POSTGRES_USER", "POSTGRES_PASSWORD", "DB_HOST", "DB_PORT"))
DB_ENGINE = env.one_of("DB_ENGINE", "django.db.backends.postgresql" if _named else "django.db.backends.sqlite3",
                       "django.db.backends.postgresql", "django.db.backends.sqlite3")  # fmt: skip
if DB_ENGINE == "django.db.backends.postgresql":
    for _needed in ("DB_NAME", "POSTGRES_USER"):
        if not env.text(_needed):
            raise ImproperlyConfigured(f"{_needed} must be set for PostgreSQL")
    _database = {
        "ENGINE": "mentorship.postgresql",  # Django's, see there
        "NAME": env.text("DB_NAME"),
        "USER": env.text("POSTGRES_USER"),
        "PASSWORD": env.text("POSTGRES_PASSWORD"),
        "HOST": env.libpq_host("DB_HOST", "localhost"),
        "PORT": env.whole("DB_PORT", 5432, 1, 65535),
        "CONN_MAX_AGE": None,  # whether it still lives is looked at in mentorship/database.py
        # Whatever waits has a bound: seconds to connect, milliseconds for a lock and for a statement, and 3 s for a network that is silent.
        "OPTIONS": {
            "connect_timeout": 2,
            "options": "-c lock_timeout=3000 -c statement_timeout=4500",
            "tcp_user_timeout": 2500,
            "keepalives_idle": 1,
            "keepalives_interval": 1,
            "keepalives_count": 2,
            "prepare_threshold": 10**9,  # only the statements that ask for it are prepared: those of mentorship/statements.py
        },
    }
else:
    if env.text("DB_HOST"):
        raise ImproperlyConfigured(f"DB_ENGINE={DB_ENGINE} and DB_HOST, which is PostgreSQL's, contradict each other: unset one of them")
    _database = {
        "ENGINE": DB_ENGINE,
        "NAME": BASE_DIR / env.text("DB_NAME", "db.sqlite3"),
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",  # a writer waits for its turn instead of failing half-way
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis: two aliases, see mentorship/caches.py. Without one, nothing is cached and the process counts for itself.
REDIS_URL = env.redis_url("REDIS_URL")
WORKERS = env.whole("WORKERS", (os.cpu_count() or 1) if REDIS_URL else 1, 1, 64)
_redis = {
    "BACKEND": "django_redis.cache.RedisCache",
    "LOCATION": REDIS_URL,
    "OPTIONS": {
        "REDIS_CLIENT_CLASS": "mentorship.patient_redis.PatientRedis",
        "CONNECTION_POOL_KWARGS": {"protocol": 2, "retry": None},
        "SERIALIZER": "mentorship.caches.JSONSerializer",
        "SOCKET_CONNECT_TIMEOUT": 0.25,
        "SOCKET_TIMEOUT": 0.25,
    },
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
if REDIS_URL:
    CACHES = {
        "default": {**_redis, "KEY_PREFIX": "cache", "OPTIONS": {**_redis["OPTIONS"], "IGNORE_EXCEPTIONS": True}},
        "throttle": {**_redis, "KEY_PREFIX": "throttle"},
    }

INSTALLED_APPS = [
    "users.admin_site.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_tasks",
    "django_tasks_db",
    *(["corsheaders"] if CORS_ALLOWED_ORIGINS else []),
    "mentorship",
    "products",  # before users, whose `populate` it extends
    "users",
]
MIDDLEWARE = [
    "mentorship.api.edge.Edge",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    *(["corsheaders.middleware.CorsMiddleware"] if CORS_ALLOWED_ORIGINS else []),
    "mentorship.middleware.PageSession",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "mentorship.middleware.PageCsrf",
    "mentorship.middleware.PageAuthentication",
    "mentorship.middleware.PageMessages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "mentorship.urls"
WSGI_APPLICATION = "mentorship.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "mentorship" / "templates"],
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
# W040: SQLite leaves out the INCLUDE columns of an index, and needs none. W003: PageCsrf is Django's own, for all but the API.
SILENCED_SYSTEM_CHECKS = ["models.W040", "security.W003"]

# People and passwords
AUTH_USER_MODEL = "users.User"
PASSWORD_HASHERS = ["users.hashers.Argon2", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
PASSWORD_VALIDATION = env.flag("PASSWORD_VALIDATION", not DEBUG)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
] if PASSWORD_VALIDATION else []  # fmt: skip
CONTACTS_VISIBLE_TO = env.one_of("CONTACTS_VISIBLE_TO", "related", "everyone")
PHONE_DEFAULT_REGION = env.region("PHONE_DEFAULT_REGION")
AUTH_CODE_DIGITS = env.whole("AUTH_CODE_DIGITS", 6, 4 if DEBUG else 6, 10)
DJANGO_SUPERUSER_USERNAME = env.text("DJANGO_SUPERUSER_USERNAME")
DJANGO_SUPERUSER_PASSWORD = env.text("DJANGO_SUPERUSER_PASSWORD")
DJANGO_SUPERUSER_EMAIL = env.email("DJANGO_SUPERUSER_EMAIL")

# Tokens. What ends a session is said in users/sessions/.
SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "SIGNING_KEY": JWT_SIGNING_KEY,
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=env.whole("JWT_ACCESS_MINUTES", 20, 1, 60 * 24)),
    "REFRESH_TOKEN_LIFETIME": timedelta(minutes=env.whole("JWT_REFRESH_MINUTES", 60, 1, 60 * 24 * 366)),
    "ROTATE_REFRESH_TOKENS": env.flag("JWT_ROTATE_REFRESH_TOKENS", False),
}

# Mail: written down in the database (users/emails/outbox.py), and sent by `manage.py send_mail`.
EMAIL_HOST = env.host("EMAIL_HOST")
EMAIL_PORT = env.whole("EMAIL_PORT", 587, 1, 65535)
EMAIL_USE_SSL = env.flag("EMAIL_USE_SSL", EMAIL_PORT == 465)
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", EMAIL_PORT == 587 and not EMAIL_USE_SSL)
EMAIL_HOST_USER = env.ascii_text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.ascii_text("EMAIL_HOST_PASSWORD")
EMAIL_TIMEOUT = 10  # seconds
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend" if EMAIL_HOST else "users.emails.console.EmailBackend"
MAIL_IS_SENT = bool(EMAIL_HOST) or DEBUG  # to a server, or to the developer's own screen
DEFAULT_FROM_EMAIL = env.sender("DEFAULT_FROM_EMAIL", "Mentorship <noreply@localhost>")
EMAIL_CONFIRMATION = env.one_of("EMAIL_CONFIRMATION", "optional", "required")
_here = f"http://[{HOST}]:{PORT}" if ":" in HOST else f"http://{HOST}:{PORT}"
PUBLIC_URL = env.url("PUBLIC_URL", _here if DEBUG else "").rstrip("/")
PASSWORD_RESET_URL = env.url("PASSWORD_RESET_URL")
PASSWORD_RESET_TIMEOUT = 60 * 60  # seconds
CONFIRMATION_TIMEOUT = 3 * 24 * 60 * 60  # seconds
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["mail"]}}

# Phones and SMS. What each gateway is told is said in users/phones/gateways.py.
SMS_BACKEND = env.one_of("SMS_BACKEND", "console", "twilio", "webhook")
TWILIO_ACCOUNT_SID = env.ascii_text("TWILIO_ACCOUNT_SID", "AC[0-9A-Za-z]+", "AC and 32 digits")
TWILIO_AUTH_TOKEN = env.ascii_text("TWILIO_AUTH_TOKEN", "[!-~]+", "one word of ASCII")
TWILIO_FROM = env.ascii_text(
    "TWILIO_FROM", r"\+?[0-9]{3,15}|[0-9A-Za-z &+_-]{1,11}|MG[0-9A-Za-z]+", "a number such as +15005550006, or MG and 32 digits"
)
TWILIO_API_URL = env.endpoint("TWILIO_API_URL", "https://api.twilio.com")
SMS_WEBHOOK_URL = env.endpoint("SMS_WEBHOOK_URL")
SMS_WEBHOOK_SECRET = env.text("SMS_WEBHOOK_SECRET")

# The API
MAX_BODY = DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024  # bytes
THROTTLES = {  # (requests, seconds) or None, by the name that views give
    "user": env.rate("THROTTLE_USER", "100/min"),
    "anon": env.rate("THROTTLE_ANON", "100/min"),
    "login": env.rate("THROTTLE_LOGIN", "10/min"),
    "registration": env.rate("THROTTLE_REGISTRATION", "30/min"),
    "code_phone": env.rate("THROTTLE_CODE_PHONE", "5/hour"),
    "code_address": env.rate("THROTTLE_CODE_ADDRESS", "20/hour"),
    "invite": (10, 3600),  # wrong invite codes of one user, and of one address
    "letter": (10, 3600),  # letters of one kind to one mailbox: what is beyond is not sent
}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["users.sessions.tokens.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["mentorship.api.throttling.Throttle"],
    "DEFAULT_PARSER_CLASSES": ["mentorship.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["mentorship.api.renderers.FastJSON"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "mentorship.api.renderers.AlwaysTheFirst",
    "DEFAULT_SCHEMA_CLASS": "mentorship.api.schema.Operation",
    "EXCEPTION_HANDLER": "mentorship.api.errors.answer",
    "URL_FORMAT_OVERRIDE": None,
    "NUM_PROXIES": NUM_PROXIES,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "TEST_REQUEST_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Mentorship",
    "DESCRIPTION": "People, who mentors whom, and how they sign in. The slash at the end of a path is optional.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/",
    "PREPROCESSING_HOOKS": ["mentorship.api.schema.only_one_mount"],
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# Languages, time, static files
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ru", _("Russian"))]
TIME_ZONE = "UTC"
USE_TZ = True
LOCALE_PATHS = [BASE_DIR / "mentorship" / "locale"]  # before those of the packages, whose words ours take the place of
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG

# Browsers
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
if HTTPS:  # a name that browsers take from this very host alone
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS and NUM_PROXIES else None
X_FRAME_OPTIONS = "DENY"

# Logs: one JSON object a line. What is passed as `extra` becomes a field: never a password, a token or a code.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "{asctime}{levelname}{name}{message}",
            "style": "{",
            "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
            # Django passes the whole request, whose text holds the query string.
            "reserved_attrs": ["request", "server_time", "args", "created", "exc_info", "exc_text", "filename", "funcName",
                               "levelno", "lineno", "module", "msecs", "msg", "name", "levelname", "pathname", "process", "processName",
                               "relativeCreated", "stack_info", "taskName", "thread", "threadName", "asctime", "message"],
        }
    },
    "filters": {"named": {"()": "mentorship.request_id.Named"}, "host": {"()": "mentorship.logs.HostNotServed"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["named"]}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"django": {"level": "INFO"}, "django_tasks": {"level": "WARNING"}, "django_tasks_db": {"level": "WARNING"},
                "django.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
                "django.security.DisallowedHost": {"filters": ["host"]},
                "twilio": {"level": "WARNING"}, "urllib3": {"level": "ERROR"}},  # their lines hold URLs, and a URL may hold a token
}  # fmt: skip
