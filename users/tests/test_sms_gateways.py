"""How an SMS leaves the service, in real conversations with stand-ins of both gateways."""

import base64
import json
import logging
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import pytest

from tests import gateways as standin
from tests.servers import PROJECT
from users.phones import gateways

pytestmark = pytest.mark.once
PHONE, TEXT = "+79991112233", "Ваш код 482913"
KINDS = [standin.twilio, standin.webhook]
# How a gateway may refuse, and the reason that the log gives; of a webhook with 403.
REFUSALS = {
    "refuse": {"HTTP 400/21211", "HTTP 403"},
    "fail": {"HTTP 500/500", "HTTP 500"},
    "redirect": {"HTTP 307/307", "HTTP 307"},
    "nonsense": {"ConnectionError"},
    "reset": {"ConnectionError"},
}


@pytest.fixture
def join(settings):
    """Sets what the environment of a stand-in says."""

    def use(gateway, **other):
        for name, value in (gateway.environment | other).items():
            setattr(settings, name, value)

    return use


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__.lower())
def gateway(request, join):
    """Each gateway in turn."""
    with request.param() as one:
        join(one)
        yield one


@pytest.fixture
def twilio(join):
    with standin.twilio() as one:
        join(one)
        yield one


@pytest.fixture
def webhook(join):
    with standin.webhook() as one:
        join(one)
        yield one


def reason() -> str:
    with pytest.raises(gateways.NotSent) as refused:
        gateways.send(PHONE, TEXT)
    return str(refused.value)


def test_what_is_sent_arrives_once(gateway):
    gateways.send(PHONE, TEXT)
    assert gateway.received == [(PHONE, TEXT)]
    assert len(gateway.requests) == 1


def test_twilio_is_asked_as_it_documents(twilio):
    gateways.send(PHONE, TEXT)
    [asked] = twilio.requests
    assert asked.path == f"/2010-04-01/Accounts/{twilio.account}/Messages.json"
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(f"{twilio.account}:{twilio.token}".encode()).decode()
    assert parse_qs(asked.body.decode()) == {"To": [PHONE], "From": ["+15005550006"], "Body": [TEXT]}


def test_twilio_may_choose_the_number_by_a_messaging_service(twilio, settings):
    settings.TWILIO_FROM = "MG" + "0" * 32
    gateways.send(PHONE, TEXT)
    assert parse_qs(twilio.requests[0].body.decode()) == {"To": [PHONE], "MessagingServiceSid": ["MG" + "0" * 32], "Body": [TEXT]}


def test_twilio_is_found_by_our_setting_alone(twilio, monkeypatch):
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    gateways.send(PHONE, TEXT)
    assert twilio.received == [(PHONE, TEXT)]


def test_a_wrong_token_is_refused_by_twilio(twilio, settings):
    settings.TWILIO_AUTH_TOKEN = "another"
    assert reason() == "HTTP 401/20003"


@pytest.mark.parametrize("plain", [False, True])
def test_a_receiver_of_standard_webhooks_believes_the_signature(webhook, settings, plain):
    standardwebhooks = pytest.importorskip("standardwebhooks")
    secret = settings.SMS_WEBHOOK_SECRET
    if plain:
        settings.SMS_WEBHOOK_SECRET, secret = "sixteen bytes it", b"sixteen bytes it"
        webhook.key = secret
    gateways.send(PHONE, TEXT)
    [asked] = webhook.requests
    assert standardwebhooks.Webhook(secret).verify(asked.body, asked.headers) == {"phone": PHONE, "text": TEXT}
    assert asked.headers["content-type"] == "application/json"


def test_each_message_has_an_id_of_its_own(webhook):
    gateways.send(PHONE, TEXT)
    gateways.send(PHONE, TEXT)
    assert len({asked.headers["webhook-id"] for asked in webhook.requests}) == 2


def test_a_webhook_signed_with_another_secret_is_refused(webhook, settings):
    settings.SMS_WEBHOOK_SECRET = "another one, as long as it must be"
    assert reason() == "HTTP 403"


@pytest.mark.parametrize("how", REFUSALS)
def test_what_is_refused_is_not_sent_and_not_tried_again(gateway, how):
    gateway.behave = how
    assert reason() in REFUSALS[how]
    assert len(gateway.requests) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_gateway_that_is_not_there_is_told_at_once(join, kind):
    with kind() as gone:
        join(gone)
    assert reason() == "ConnectionError"


@pytest.mark.slow
@pytest.mark.parametrize("how", ["slow", "drip"])
def test_nobody_waits_for_a_slow_answer(gateway, how):
    gateway.behave = how
    assert reason() in {"ReadTimeout", "deadline"}
    assert len(gateway.requests) == 1
    assert not gateway.received  # it is still to answer


@pytest.mark.slow
def test_those_who_wait_at_the_same_time_are_counted(webhook):
    webhook.behave = "slow"
    with ThreadPoolExecutor(40) as crowd:
        reasons = list(crowd.map(lambda _: reason(), range(40)))
    assert 8 <= reasons.count("busy") < 40


@pytest.mark.slow
def test_a_slow_gateway_is_left_alone_for_a_while(webhook):
    webhook.behave = "slow"
    assert reason() in {"ReadTimeout", "deadline"}
    webhook.behave = "ok"
    assert reason() == "resting"
    assert len(webhook.requests) == 1
    gateways.wake()
    gateways.send(PHONE, TEXT)
    assert webhook.received == [(PHONE, TEXT)]


@pytest.mark.parametrize("how", ["ok", *REFUSALS])
def test_no_text_no_secret_and_no_phone_is_logged(gateway, caplog, settings, how):
    caplog.set_level(logging.DEBUG)
    gateway.behave = how
    try:
        gateways.send(PHONE, TEXT)
    except gateways.NotSent as refused:
        logging.getLogger("anybody").exception("refused", exc_info=refused)
        assert traceback.format_exception(refused)[-1].startswith("users.phones.gateways.NotSent: ")
    told = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert "sms" in told
    for hidden in (PHONE, PHONE[-7:], TEXT, "482913", settings.TWILIO_AUTH_TOKEN, settings.SMS_WEBHOOK_SECRET, "of-the-url"):
        assert not hidden or hidden not in told


def test_the_log_says_what_was_sent_how_and_why_not(gateway, caplog):
    caplog.set_level(logging.INFO)
    gateways.send(PHONE, TEXT)
    gateway.behave = "fail"
    why = reason()
    sent, refused = [record for record in caplog.records if record.name == "mentorship.sms"]
    assert (sent.levelname, sent.message, refused.levelname, refused.message) == ("INFO", "sms sent", "WARNING", "sms not sent")
    assert sent.backend == refused.backend == gateway.environment["SMS_BACKEND"]
    assert (sent.phone, refused.reason) == ("*33", why)
    assert isinstance(sent.ms, int)


def test_the_console_prints_with_debug_on(settings, capsys):
    settings.DEBUG = True
    gateways.send(PHONE, TEXT)
    assert capsys.readouterr().out == f"SMS to {PHONE}: {TEXT}\n"


def test_the_console_prints_nothing_with_debug_off(capsys):
    assert reason() == "no gateway"
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("backend", "debug", "is_set_up", "shows_codes"),
    [("console", True, True, True), ("console", False, False, False), ("twilio", True, True, False), ("twilio", False, True, False),
     ("webhook", True, True, False), ("webhook", False, True, False)],
)  # fmt: skip
def test_only_a_trial_shows_codes_and_only_a_gateway_is_one(settings, backend, debug, is_set_up, shows_codes):
    settings.SMS_BACKEND, settings.DEBUG = backend, debug
    assert (gateways.is_set_up(), gateways.shows_codes()) == (is_set_up, shows_codes)


KEY = b"sixteen bytes of"


@pytest.mark.parametrize(
    ("secret", "key"),
    [(KEY.decode(), KEY), ("whsec_" + base64.b64encode(KEY).decode(), KEY), ("whsec_" + base64.b64encode(KEY).decode().rstrip("="), KEY),
     ("ключключ", "ключключ".encode())],
)  # fmt: skip
def test_a_secret_is_base64_where_it_says_so_else_its_own_bytes(secret, key):
    assert gateways.signing_key(secret) == key


@pytest.mark.parametrize(
    "secret", ["", "fifteen bytes o", "whsec_", "whsec_" + base64.b64encode(KEY[1:]).decode(), "whsec_not base64 at all, is it?"]
)
def test_a_secret_that_is_short_or_no_base64_is_none(secret):
    with pytest.raises(ValueError, match="SMS_WEBHOOK_SECRET"):
        gateways.signing_key(secret)


def test_what_is_slow_to_import_is_imported_for_the_gateway_that_needs_it():
    script = """
import json, sys
from django.conf import settings
settings.configure(DEBUG=True, SMS_BACKEND="console")
from users.phones import gateways
gateways.send("+79991112233", "hello")
print(json.dumps(sorted({"requests", "twilio"} & set(sys.modules))))
"""
    said = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True, timeout=60).stdout
    assert json.loads(said.splitlines()[-1]) == []
