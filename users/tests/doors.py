"""The phone door as a client uses it: a code is asked for, read on the phone, and used."""

import re

from rest_framework.test import APIClient

PHONE = "+79991112234"
FIVE_WAYS = [PHONE, "+7 (999) 111-22-34", "+7.999.111.22.34", "[+7] 999 111 22 34", "＋７９９９１１１２２３４"]
REFUSED = {"code": ["This code is wrong, was used before, or has expired."]}


def ask(client: APIClient, phone=PHONE, **headers):
    return client.post("/api/auth/signup", {"phone": phone}, **headers)


def use(client: APIClient, code, phone=PHONE, **headers):
    return client.post("/api/auth/code", {"phone": phone, "code": code}, **headers)


def fresh_code(client: APIClient, phone: str = PHONE) -> str:
    """A new code for the phone, where the answer shows it: with DEBUG on and the console."""
    answer = ask(client, phone)
    assert answer.status_code == 200, answer.content
    return answer.json()["activation_code"]


def in_text(text: str) -> str:
    """The code that an SMS brought."""
    [code] = re.findall(r"[0-9]+", text)
    return code


def another(code: str) -> str:
    """A wrong code that looks like the right one."""
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"
