"""How an SMS leaves the service: by the gateway that SMS_BACKEND names, within five seconds, or not at all."""

import base64
import binascii
import hmac
import json
import logging
import sys
import threading
import time
import uuid
from collections.abc import Callable

from django.conf import settings

_log = logging.getLogger("mentorship.sms")

DEADLINE = 4.5  # seconds for a whole conversation: it leaves something of the five that are promised
PATIENCE = 4  # seconds for a connection, and again for each piece of an answer
TOO_SLOW = ("deadline", "ReadTimeout", "ConnectTimeout")
SHORT = 16  # bytes: below that a signing key could be guessed
REST = 10  # seconds that a gateway which was too slow is left alone
_lines = threading.BoundedSemaphore(32)  # conversations at once, see _in_time()
_resting_until = 0.0


class NotSent(Exception):
    """The gateway refused the message, was away, or was too slow: then it may arrive all the same.

    Its text is a reason for the log, such as `HTTP 403` or `ReadTimeout`, and tells nothing of the message.
    """


def send(phone: str, text: str) -> None:
    """Hands one SMS to the gateway, without a second try. `phone` is in E.164. Raises NotSent, within five seconds."""
    started = time.monotonic()
    backend = _BACKENDS[settings.SMS_BACKEND]
    reason = backend(phone, text) if backend is _console else _in_time(backend, phone, text)
    # Never more than this: the text holds a code, and a number is personal.
    told = {"backend": settings.SMS_BACKEND, "phone": f"*{phone[-2:]}", "ms": round(1000 * (time.monotonic() - started))}
    if reason:
        _log.warning("sms not sent", extra=told | {"reason": reason})
        raise NotSent(reason)
    _log.info("sms sent", extra=told)


def wake() -> None:
    """Ask the gateway again at once, however slow it was."""
    global _resting_until
    _resting_until = 0.0


def is_set_up() -> bool:
    """False where no SMS could leave: with DEBUG off the console is nobody's phone."""
    return settings.DEBUG or settings.SMS_BACKEND != "console"


def shows_codes() -> bool:
    """Whether this is a trial on a developer's own machine, where a code may be shown to whoever asks for it."""
    return settings.DEBUG and settings.SMS_BACKEND == "console"


def signing_key(secret: str) -> bytes:
    """The key that SMS_WEBHOOK_SECRET stands for: `whsec_` and base64, else the bytes of the text itself, in UTF-8.

    Raises ValueError where that is less than 16 bytes, or is not base64. Source: Standard Webhooks, "Signature scheme".
    """
    encoded = secret.removeprefix("whsec_")
    try:
        key = secret.encode() if encoded == secret else base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error:
        key = b""
    if len(key) < SHORT:
        raise ValueError(f"SMS_WEBHOOK_SECRET must hold at least {SHORT} bytes, as plain text or as whsec_ and base64")
    return key


def _in_time(backend: Callable[[str, str], str], phone: str, text: str) -> str:
    """What the backend answers, or why there is no answer by the DEADLINE.

    The timeouts of `requests` are for each read: a gateway that drips its answer byte by byte never runs into them, nor
    does a slow name server. So the conversation has a thread of its own, which is left alone when the time is up;
    and since it may then stay for as long as the gateway drips, there are only so many of them.
    """
    global _resting_until
    if time.monotonic() < _resting_until:
        return "resting"  # or every message would hold up a process, and all that it serves, until the deadline
    if not _lines.acquire(blocking=False):
        return "busy"
    outcome = ["deadline"]

    def talk() -> None:
        try:
            outcome[0] = backend(phone, text)
        except Exception as exc:  # whatever it is, nothing was sent; and its message may hold the number or the URL
            outcome[0] = type(exc).__name__
        finally:
            _lines.release()

    thread = threading.Thread(target=talk, name="sms", daemon=True)
    thread.start()
    thread.join(DEADLINE)
    if outcome[0] in TOO_SLOW:
        _resting_until = time.monotonic() + REST
    return outcome[0]


# The backends: each gives "" where the message is sent, else the reason why not; what it raises is a reason too.


def _console(phone: str, text: str) -> str:
    if not settings.DEBUG:
        return "no gateway"
    sys.stdout.write(f"SMS to {phone}: {text}\n")
    sys.stdout.flush()
    return ""


def _twilio(phone: str, text: str) -> str:
    # Imported here: slow to import, and most services have another gateway.
    from twilio.base.exceptions import TwilioException
    from twilio.http.http_client import TwilioHttpClient
    from twilio.rest import Client

    http = TwilioHttpClient(timeout=PATIENCE, max_retries=0)
    # An environment of its own (an empty one would not count), or TWILIO_REGION and TWILIO_EDGE would bend the URL.
    client = Client(settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, http_client=http, environment={"TWILIO_REGION": ""})
    client.api.base_url = settings.TWILIO_API_URL
    sender = "messaging_service_sid" if settings.TWILIO_FROM.startswith("MG") else "from_"
    with http.session:
        try:
            client.messages.create(to=phone, body=text, **{sender: settings.TWILIO_FROM})
        except TwilioException as refused:  # its message may repeat the phone: only the status and Twilio's own code are told
            return "HTTP " + "/".join(str(number) for number in (refused.status, refused.code) if isinstance(number, int))
    return ""


def _webhook(phone: str, text: str) -> str:
    import requests  # as above

    body = json.dumps({"phone": phone, "text": text}).encode()
    headers = {"Content-Type": "application/json", **_signature(body)}
    url = settings.SMS_WEBHOOK_URL
    # A stream, whose body nobody reads: the status says it all.
    with requests.post(url, body, headers=headers, timeout=PATIENCE, allow_redirects=False, stream=True) as answer:
        return "" if 200 <= answer.status_code < 300 else f"HTTP {answer.status_code}"


def _signature(body: bytes) -> dict[str, str]:
    """The headers by which the receiver knows us. Source: Standard Webhooks, "Webhook Headers" and "Signature scheme"."""
    message, moment = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
    digest = hmac.digest(signing_key(settings.SMS_WEBHOOK_SECRET), f"{message}.{moment}.".encode() + body, "sha256")
    return {"webhook-id": message, "webhook-timestamp": moment, "webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}


_BACKENDS = {"console": _console, "twilio": _twilio, "webhook": _webhook}
