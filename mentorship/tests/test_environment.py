"""The settings, as the environment gives them: typed, with defaults, and refused by name where they are wrong."""

import os
import runpy
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.servers import PROJECT, bare_environment


@pytest.fixture
def read(monkeypatch, tmp_path):
    """What mentorship/settings.py makes of an environment in which only these variables are set."""

    def run(**variables: str) -> dict:
        clean = bare_environment() | {"ENV_FILE": os.devnull, "KEYS_FILE": str(tmp_path / "keys")}
        monkeypatch.setattr(os, "environ", clean | variables)
        return runpy.run_path(str(PROJECT / "mentorship" / "settings.py"))

    return run


POSTGRES = {"DB_NAME": "people", "POSTGRES_USER": "john"}


def at(*path):
    def find(settings):
        for step in path:
            settings = settings[step]
        return settings

    return find


DATABASE, JWT = ("DATABASES", "default"), ("SIMPLE_JWT",)

GIVEN = [
    ({}, at("DEBUG"), True),
    ({"DEBUG": "false"}, at("DEBUG"), False),
    ({"DEBUG": "0"}, at("DEBUG"), False),
    ({"DEBUG": "No"}, at("DEBUG"), False),
    ({"DEBUG": " off "}, at("DEBUG"), False),
    ({"DEBUG": "YES"}, at("DEBUG"), True),
    ({}, at("NUM_PROXIES"), 0),
    ({"NUM_PROXIES": "2"}, at("REST_FRAMEWORK", "NUM_PROXIES"), 2),
    ({}, at("HOST"), "127.0.0.1"),
    ({}, at("PORT"), 8000),
    ({"PORT": "9000"}, at("PORT"), 9000),
    ({}, at("WORKERS"), 1),
    ({}, at("ALLOWED_HOSTS"), []),
    ({"ALLOWED_HOSTS": " a.example , b.example,"}, at("ALLOWED_HOSTS"), ["a.example", "b.example"]),
    ({"CSRF_TRUSTED_ORIGINS": "https://a.example"}, at("CSRF_TRUSTED_ORIGINS"), ["https://a.example"]),
    ({"CORS_ALLOWED_ORIGINS": "https://a.example,http://b:3000"}, at("CORS_ALLOWED_ORIGINS"), ["https://a.example", "http://b:3000"]),
    ({}, at(*DATABASE, "ENGINE"), "django.db.backends.sqlite3"),
    ({}, at(*DATABASE, "NAME"), PROJECT / "db.sqlite3"),
    ({"DB_NAME": "/data/people.sqlite3"}, lambda settings: str(settings["DATABASES"]["default"]["NAME"]), "/data/people.sqlite3"),
    (POSTGRES, at(*DATABASE, "ENGINE"), "mentorship.postgresql"),
    (POSTGRES, at(*DATABASE, "PORT"), 5432),
    (POSTGRES, at(*DATABASE, "HOST"), "localhost"),
    (POSTGRES | {"DB_PORT": "6432", "POSTGRES_PASSWORD": "p$HOME"}, at(*DATABASE, "PORT"), 6432),
    (POSTGRES | {"POSTGRES_PASSWORD": "p$HOME"}, at(*DATABASE, "PASSWORD"), "p$HOME"),
    ({}, at("REDIS_URL"), ""),
    ({"REDIS_URL": "redis://127.0.0.1"}, lambda settings: sorted(settings["CACHES"]), ["default", "throttle"]),
    ({}, at(*JWT, "ACCESS_TOKEN_LIFETIME"), timedelta(minutes=20)),
    ({}, at(*JWT, "REFRESH_TOKEN_LIFETIME"), timedelta(hours=1)),
    ({"JWT_ACCESS_MINUTES": "5"}, at(*JWT, "ACCESS_TOKEN_LIFETIME"), timedelta(minutes=5)),
    ({"JWT_REFRESH_MINUTES": "1440"}, at(*JWT, "REFRESH_TOKEN_LIFETIME"), timedelta(days=1)),
    ({}, at(*JWT, "ROTATE_REFRESH_TOKENS"), False),
    ({"JWT_ROTATE_REFRESH_TOKENS": "true"}, at(*JWT, "ROTATE_REFRESH_TOKENS"), True),
    ({}, at("THROTTLES"), {
        "user": (100, 60), "anon": (100, 60), "login": (10, 60), "registration": (30, 60), "code_phone": (5, 3600), "code_address": (20, 3600),
        "invite": (10, 3600), "letter": (10, 3600),
    }),
    ({"THROTTLE_CODE_PHONE": "1/min"}, at("THROTTLES", "code_phone"), (1, 60)),
    ({"THROTTLE_CODE_ADDRESS": "off"}, at("THROTTLES", "code_address"), None),
    ({}, at("EMAIL_HOST"), ""),
    ({}, at("EMAIL_BACKEND"), "users.emails.console.EmailBackend"),
    ({"EMAIL_HOST": "mail.example.com"}, at("EMAIL_BACKEND"), "django.core.mail.backends.smtp.EmailBackend"),
    ({}, lambda settings: [settings[name] for name in ("EMAIL_PORT", "EMAIL_USE_TLS", "EMAIL_USE_SSL")], [587, True, False]),
    ({"EMAIL_PORT": "465"}, lambda settings: [settings[name] for name in ("EMAIL_USE_TLS", "EMAIL_USE_SSL")], [False, True]),
    ({"EMAIL_PORT": "25"}, lambda settings: [settings[name] for name in ("EMAIL_USE_TLS", "EMAIL_USE_SSL")], [False, False]),
    ({"EMAIL_PORT": "2525", "EMAIL_USE_TLS": "true"}, at("EMAIL_USE_TLS"), True),
    ({}, at("MAIL_IS_SENT"), True),
    ({"DEBUG": "false"}, at("MAIL_IS_SENT"), False),
    ({"DEBUG": "false", "EMAIL_HOST": "mail.example.com"}, at("MAIL_IS_SENT"), True),
    ({}, at("EMAIL_CONFIRMATION"), "optional"),
    ({"EMAIL_CONFIRMATION": "required"}, at("EMAIL_CONFIRMATION"), "required"),
    ({}, at("PUBLIC_URL"), "http://127.0.0.1:8000"),
    ({"PORT": "9000"}, at("PUBLIC_URL"), "http://127.0.0.1:9000"),
    ({"DEBUG": "false"}, at("PUBLIC_URL"), ""),
    ({"PUBLIC_URL": "https://mentors.example.com/"}, at("PUBLIC_URL"), "https://mentors.example.com"),
    ({"PASSWORD_RESET_URL": "https://app.example.com/reset"}, at("PASSWORD_RESET_URL"), "https://app.example.com/reset"),
    ({}, at("AUTH_CODE_DIGITS"), 6),
    ({"AUTH_CODE_DIGITS": "4"}, at("AUTH_CODE_DIGITS"), 4),
    ({}, at("SMS_BACKEND"), "console"),
    ({"SMS_BACKEND": "webhook"}, at("SMS_BACKEND"), "webhook"),
    ({}, at("TWILIO_API_URL"), "https://api.twilio.com"),
    ({"TWILIO_API_URL": "https://api.dublin.ie1.twilio.com"}, at("TWILIO_API_URL"), "https://api.dublin.ie1.twilio.com"),
    ({}, at("SMS_WEBHOOK_URL"), ""),
    ({"SMS_WEBHOOK_URL": "https://me:word@a.example:8443/sms?token=x"}, at("SMS_WEBHOOK_URL"), "https://me:word@a.example:8443/sms?token=x"),
    ({"SMS_WEBHOOK_SECRET": "p$HOME of ours"}, at("SMS_WEBHOOK_SECRET"), "p$HOME of ours"),
    ({"THROTTLE_USER": "5/s"}, at("THROTTLES", "user"), (5, 1)),
    ({"THROTTLE_ANON": "7/hour"}, at("THROTTLES", "anon"), (7, 3600)),
    ({"THROTTLE_LOGIN": "1/day"}, at("THROTTLES", "login"), (1, 86400)),
    ({"THROTTLE_REGISTRATION": "off"}, at("THROTTLES", "registration"), None),
    ({}, at("PASSWORD_VALIDATION"), False),
    ({"DEBUG": "false"}, at("PASSWORD_VALIDATION"), True),
    ({"DEBUG": "false", "PASSWORD_VALIDATION": "false"}, at("AUTH_PASSWORD_VALIDATORS"), []),
    ({"PASSWORD_VALIDATION": "true"}, lambda settings: len(settings["AUTH_PASSWORD_VALIDATORS"]), 4),
    ({}, at("CONTACTS_VISIBLE_TO"), "related"),
    ({"CONTACTS_VISIBLE_TO": "everyone"}, at("CONTACTS_VISIBLE_TO"), "everyone"),
    ({}, at("PHONE_DEFAULT_REGION"), None),
    ({"PHONE_DEFAULT_REGION": "ru"}, at("PHONE_DEFAULT_REGION"), "RU"),
    ({"HTTPS": "true"}, at("SECURE_SSL_REDIRECT"), True),
    ({"HTTPS": "true"}, at("SECURE_PROXY_SSL_HEADER"), None),
    ({"HTTPS": "true", "NUM_PROXIES": "1"}, at("SECURE_PROXY_SSL_HEADER"), ("HTTP_X_FORWARDED_PROTO", "https")),
    ({"NUM_PROXIES": "1"}, at("SECURE_PROXY_SSL_HEADER"), None),
]  # fmt: skip


@pytest.mark.parametrize(("given", "find", "found"), GIVEN, ids=[str(given or "nothing set") for given, _find, _found in GIVEN])
def test_what_is_given_arrives_and_what_is_not_has_its_default(read, given, find, found):
    assert find(read(**given)) == found


@pytest.mark.parametrize(
    ("name", "value"),
    [("DEBUG", "maybe"), ("HTTPS", "2"), ("NUM_PROXIES", "-1"), ("NUM_PROXIES", "one"), ("NUM_PROXIES", "11"), ("PORT", "0"), ("PORT", "65536"), ("PORT", "8000.0"),
     ("PORT", "٨"), ("WORKERS", "0"), ("WORKERS", "many"), ("DB_ENGINE", "mysql"), ("CSRF_TRUSTED_ORIGINS", "example.com"), ("CORS_ALLOWED_ORIGINS", "*"),
     ("CORS_ALLOWED_ORIGINS", "https://a.example/path"), ("JWT_ACCESS_MINUTES", "0"), ("JWT_ACCESS_MINUTES", "1h"), ("JWT_REFRESH_MINUTES", "9" * 30),
     ("JWT_ROTATE_REFRESH_TOKENS", "sometimes"), ("THROTTLE_USER", "100"), ("THROTTLE_USER", "0/min"), ("THROTTLE_ANON", "100/fortnight"),
     ("THROTTLE_LOGIN", "/min"), ("THROTTLE_REGISTRATION", "-5/min"), ("PASSWORD_VALIDATION", "weak"), ("CONTACTS_VISIBLE_TO", "nobody"),
     *(("HOST", value) for value in ("two words", "a..b", "127.0.0.1:8000", "http://127.0.0.1", "999.1.1.1", "x" * 300)),
     *(("ALLOWED_HOSTS", value) for value in ("https://a.example", "a.example:80", "*.a.example", "a.example,two words", "münchen.example", "::1")),
     *(("CSRF_TRUSTED_ORIGINS", value) for value in ("https://a.example:99999", "https://*", "https://us:word@a.example", "https://a.example?b")),
     ("CORS_ALLOWED_ORIGINS", "https://*.a.example"), ("PUBLIC_URL", "https://a.example:99999"), ("PASSWORD_RESET_URL", "https://a..b/"),
     *(("REDIS_URL", value) for value in ("redis://:word@h:99999/0", "redis://h:port", "redis://h/people", "redis:///0", "redis://h:0")),
     ("METRICS_HOST", "a.example:9000"), ("PROMETHEUS_MULTIPROC_DIR", "/nowhere"), ("EMAIL_HOST", "a.example:587"), ("EMAIL_HOST", "smtp://us:word@a.example"), ("EMAIL_HOST_USER", "josé"), ("EMAIL_HOST_PASSWORD", "wordß"),
     *(("DEFAULT_FROM_EMAIL", value) for value in ("nobody", "Us <us@>", "us@a.example\nBcc: b@a.example", "a@a.example, b@a.example")),
     ("DJANGO_SUPERUSER_EMAIL", "nobody"), ("DJANGO_SUPERUSER_EMAIL", "a@a.example\nb"),
     ("TWILIO_ACCOUNT_SID", "SK0"), ("TWILIO_ACCOUNT_SID", "AC/../x"), ("TWILIO_AUTH_TOKEN", "two words"), ("TWILIO_AUTH_TOKEN", "word…"),
     ("TWILIO_FROM", "+1 (500) 555-0006"), ("TWILIO_FROM", "us@a.example")],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_name_and_no_password_in_it_is_shown(read, name, value):
    with pytest.raises(ImproperlyConfigured, match=name) as refused:
        read(**{name: value})
    assert "word@" not in str(refused.value) and len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("name", "value"),
    [("HOST", "::1"), ("HOST", "localhost"), ("ALLOWED_HOSTS", ".a.example,[::1],127.0.0.1,my_host,*"), ("CSRF_TRUSTED_ORIGINS", "https://*.a.example"),
     ("CORS_ALLOWED_ORIGINS", "http://[::1]:3000"), ("REDIS_URL", "unix:///run/redis.sock?db=2"), ("REDIS_URL", "rediss://us:p%40w@h:6380/2"),
     ("REDIS_URL", "redis://h"), ("EMAIL_HOST", "mail"), ("EMAIL_HOST_PASSWORD", "with a blank"), ("DEFAULT_FROM_EMAIL", "us@a.example"),
     ("DEFAULT_FROM_EMAIL", '"Us, and them" <us@a.example>'), ("PUBLIC_URL", "http://münchen.example:8000/people"), ("TWILIO_FROM", "Mentors"),
     ("TWILIO_FROM", "MG0123456789abcdef")],
)  # fmt: skip
def test_what_may_look_strange_and_is_right_is_taken(read, name, value):
    assert read(**{name: value})


@pytest.mark.parametrize("host", ["/run/postgresql", "one.example,2001:db8::1", "my_db"])
def test_postgresql_is_reached_as_libpq_says(read, host):
    assert read(**POSTGRES, DB_HOST=host)["DATABASES"]["default"]["HOST"] == host


@pytest.mark.parametrize("host", ["postgres://john:word@db/people", "two words", "db:5432"])
def test_a_wrong_address_of_postgresql_is_refused_by_name_and_not_shown(read, host):
    with pytest.raises(ImproperlyConfigured, match="DB_HOST") as refused:
        read(**POSTGRES, DB_HOST=host)
    assert "word@" not in str(refused.value)


def test_sqlite_and_an_address_of_postgresql_contradict_each_other(read):
    with pytest.raises(ImproperlyConfigured, match="DB_ENGINE.*DB_HOST"):
        read(DB_ENGINE="django.db.backends.sqlite3", DB_HOST="db")


@pytest.mark.parametrize("value", ["sms.example.com", "ftp://a.example/token", "https:///token", "https://a.example:70000/token",
                                   "https://[::1/token", "https://a.example/to ken", "https://a.example/#token"])  # fmt: skip
def test_a_wrong_address_of_a_gateway_is_refused_by_name_and_not_shown(read, value):
    for name in ("SMS_WEBHOOK_URL", "TWILIO_API_URL"):
        with pytest.raises(ImproperlyConfigured, match=name) as refused:
            read(**{name: value})
        assert value not in str(refused.value)


def test_an_unknown_gateway_is_refused_by_name(read):
    with pytest.raises(ImproperlyConfigured, match="SMS_BACKEND must be one of console, twilio, webhook"):
        read(SMS_BACKEND="pigeon")


def test_a_wrong_database_port_is_refused_by_name(read):
    with pytest.raises(ImproperlyConfigured, match="DB_PORT"):
        read(**POSTGRES, DB_PORT="x")


@pytest.mark.parametrize(
    ("given", "missing"),
    [({"DB_HOST": "db", "POSTGRES_USER": "john"}, "DB_NAME"), ({"DB_HOST": "db", "DB_NAME": "people"}, "POSTGRES_USER")],
)
def test_what_postgresql_needs_and_has_not_is_named(read, given, missing):
    with pytest.raises(ImproperlyConfigured, match=missing):
        read(**given)


def test_an_empty_value_is_an_unset_one(read):
    assert read(DEBUG="", PORT="", THROTTLE_USER="", REDIS_URL="", DB_ENGINE="", PHONE_DEFAULT_REGION="")["PORT"] == 8000


def test_the_file_gives_what_the_environment_does_not(read, tmp_path):
    (tmp_path / "env").write_text('PORT=9000\nHOST="0.0.0.0"  # a comment\nWORKERS=\n')
    settings = read(ENV_FILE=str(tmp_path / "env"), PORT="7000")
    assert (settings["PORT"], settings["HOST"], settings["WORKERS"]) == (7000, "0.0.0.0", 1)


def test_an_empty_value_in_the_environment_is_given_by_the_file(read, tmp_path):
    (tmp_path / "env").write_text("PORT=9000\n")
    assert read(ENV_FILE=str(tmp_path / "env"), PORT="")["PORT"] == 9000


@pytest.mark.parametrize("written", [b"PORT: 9000", b"PORT", b"PORT='9000", b"PORT=\xff"])
def test_a_file_that_cannot_be_understood_is_refused_and_not_shown(read, tmp_path, written):
    (tmp_path / "env").write_bytes(b"# settings\n" + written)
    with pytest.raises(ImproperlyConfigured, match=str(tmp_path / "env")) as refused:
        read(ENV_FILE=str(tmp_path / "env"))
    assert "9000" not in str(refused.value)


@pytest.mark.parametrize("name", ["nowhere", ""])
def test_a_file_that_is_named_and_is_none_is_refused(read, tmp_path, name):
    with pytest.raises(ImproperlyConfigured, match="ENV_FILE"):
        read(ENV_FILE=str(tmp_path / name))


def test_with_debug_on_the_keys_are_made_and_kept(read):
    first, second = read(), read()
    assert first["SECRET_KEY"] == second["SECRET_KEY"] != first["JWT_SIGNING_KEY"]


def test_keys_from_the_environment_go_before_those_of_the_file(read):
    assert read(SECRET_KEY="mine")["SECRET_KEY"] == "mine"
