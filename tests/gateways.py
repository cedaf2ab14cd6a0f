"""Stand-ins for the gateways that SMS leave by, on real sockets of this machine.

    with gateways.twilio() as gateway, Service(where, **gateway.environment) as service:
        ...
        assert gateway.received == [("+79991112233", "Your code is 123456")]
        gateway.behave = "refuse"

How they may behave: ok; refuse, fail and redirect answer 4xx, 5xx and 3xx; nonsense is no HTTP; reset cuts the connection; slow
answers after PATIENCE; drip answers a byte a second, for longer than that.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import socket
import socketserver
import struct
import sys
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple
from urllib.parse import parse_qs

PATIENCE = 20  # seconds that a slow one takes to answer


class Request(NamedTuple):
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes


class Gateway(socketserver.ThreadingTCPServer):
    """`environment` joins the service to it; `received` is what it took and said so, as (phone, text); `requests` all that it was asked."""

    daemon_threads = True
    request_queue_size = 100
    behave = "ok"

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Conversation)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.received: list[tuple[str, str]] = []
        self.requests: list[Request] = []
        self.closed = threading.Event()
        self.environment = self.join()

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=[0.05], daemon=True).start()
        return self

    def __exit__(self, *_):
        self.closed.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), ConnectionError):  # a client that has given up
            super().handle_error(request, client_address)

    def code_for(self, phone: str) -> str:
        """The code that the last message to this phone brought."""
        return next(re.search("[0-9]+", text)[0] for to, text in reversed(self.received) if to == phone)

    def join(self) -> dict[str, str]:
        raise NotImplementedError

    def take(self, request: Request) -> tuple[int, dict | None]:
        """Status and JSON of the answer; what is right goes to `received`."""
        raise NotImplementedError

    def refuse(self, request: Request) -> tuple[int, dict | None]:
        raise NotImplementedError


class Twilio(Gateway):
    """Twilio's Messages resource, version 2010-04-01, with the answers that its documentation shows."""

    def join(self):
        self.account, self.token = f"AC{secrets.token_hex(16)}", secrets.token_hex(16)
        return {"SMS_BACKEND": "twilio", "TWILIO_ACCOUNT_SID": self.account, "TWILIO_AUTH_TOKEN": self.token,
                "TWILIO_FROM": "+15005550006", "TWILIO_API_URL": self.url}  # fmt: skip

    def take(self, request):
        known = base64.b64encode(f"{self.account}:{self.token}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {known}":
            return self.error(401, 20003, "Authenticate")
        if request.path != f"/2010-04-01/Accounts/{self.account}/Messages.json":
            return self.error(404, 20404, f"The requested resource {request.path} was not found")
        form = {name: value for name, [value] in parse_qs(request.body.decode()).items()}
        if not form.get("To"):
            return self.error(400, 21604, "A 'To' phone number is required.")
        self.received.append((form["To"], form["Body"]))
        return 201, self.message(form)

    def refuse(self, request):
        to = parse_qs(request.body.decode())["To"][0]
        return self.error(400, 21211, f"The 'To' number {to} is not a valid phone number.")

    def error(self, status: int, code: int, message: str) -> tuple[int, dict]:
        return status, {"code": code, "message": message, "more_info": f"https://www.twilio.com/docs/errors/{code}", "status": status}

    def message(self, form: dict[str, str]) -> dict:
        sid, now = f"SM{secrets.token_hex(16)}", time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())
        uri = f"/2010-04-01/Accounts/{self.account}/Messages/{sid}"
        return {
            "account_sid": self.account, "api_version": "2010-04-01", "body": form["Body"], "date_created": now, "date_sent": None,
            "date_updated": now, "direction": "outbound-api", "error_code": None, "error_message": None, "from": form.get("From"),
            "messaging_service_sid": form.get("MessagingServiceSid"), "num_media": "0", "num_segments": "1", "price": None,
            "price_unit": "USD", "sid": sid, "status": "queued", "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": form["To"], "uri": f"{uri}.json",
        }  # fmt: skip


class Webhook(Gateway):
    """A receiver of Standard Webhooks that sends on what it gets."""

    def join(self):
        self.key = secrets.token_bytes(32)
        secret = f"whsec_{base64.b64encode(self.key).decode()}"
        return {"SMS_BACKEND": "webhook", "SMS_WEBHOOK_URL": f"{self.url}/sms?token=of-the-url", "SMS_WEBHOOK_SECRET": secret}

    def take(self, request):
        signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
        right = base64.b64encode(hmac.digest(self.key, signed, hashlib.sha256)).decode()
        if request.headers["webhook-signature"] != f"v1,{right}":
            return self.refuse(request)
        message = json.loads(request.body)
        self.received.append((message["phone"], message["text"]))
        return 202, {}

    def refuse(self, request):
        return 403, None


twilio, webhook = Twilio, Webhook  # as they are called: the names of SMS_BACKEND


class Conversation(BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = Request(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        self.server.requests.append(request)
        with suppress(ConnectionError):
            getattr(self, self.server.behave)(request)

    def ok(self, request):
        self.wfile.write(_http(*self.server.take(request)))

    def refuse(self, request):
        self.wfile.write(_http(*self.server.refuse(request)))

    def fail(self, request):
        self.wfile.write(_http(500))

    def redirect(self, request):
        self.wfile.write(_http(307, Location=self.server.url + request.path))

    def nonsense(self, request):
        self.wfile.write(b"220 mail.example.com ESMTP\r\n")

    def reset(self, request):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def slow(self, request):
        if not self.server.closed.wait(PATIENCE):
            self.ok(request)

    def drip(self, request):
        for byte in _http(202):
            self.wfile.write(bytes([byte]))
            if self.server.closed.wait(1):
                return
        self.server.take(request)

    def log_message(self, *_):
        pass


def _http(status: int, answer: dict | None = None, **headers: str) -> bytes:
    body = b"" if answer is None else json.dumps(answer).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close", **headers}
    head = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*head, "", ""]).encode() + body
