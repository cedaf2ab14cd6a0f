"""The admin: redirects that lead away, guesses at passwords. See admin_doors.py, admin_pages.py and admin_sessions.py, too.

With DEBUG on, as in tests/test_browser_admin.py: with it off the pages need what `collectstatic` puts into the project's folder.
"""

import itertools
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import quote, urlsplit

import requests

from tests.service import PASSWORD, Place, Service, place
from torture import admin_doors, admin_pages, admin_sessions
from torture.browser import Browser, leads_to
from torture.report import Row, counted

AWAY = "evil.example"
# Where `next` should not lead; HERE is the service's own host and port.
TARGETS = [
    "//AWAY", "///AWAY", "////AWAY", "https://AWAY", "http://AWAY/admin/", "HTTPS://AWAY", "https:AWAY", "https:/AWAY", "http:///AWAY",
    "http:AWAY", "\\\\AWAY", "\\AWAY", "/\\AWAY", "\\/AWAY", "/\\/AWAY", "https:\\\\AWAY", "/\t/AWAY", "/\n/AWAY", "/\r\n/AWAY", "\t//AWAY",
    " //AWAY", "\x00//AWAY", "\x01//AWAY", "/\x00/AWAY", "\x1fhttps://AWAY", "//HERE@AWAY", "http://HERE@AWAY", "http://HERE.AWAY",
    "http://HERE\\@AWAY", "http://AWAY\\@HERE", "http://AWAY#@HERE", "http://AWAY?@HERE", "//AWAY/%2f..", "//AWAY/..;/admin/",
    "/admin/..//AWAY", "/..//AWAY", "/%2fAWAY", "/%5cAWAY", "/%09/AWAY", "%2f%2fAWAY", "／／AWAY", "/／AWAY", "//AWAY%E3%80%82com",
    "//AWAY\u3002com", "//[::1]", "//[", "http://[::1", "//127.0.0.1:99999999", "//2130706433", "javascript:alert(1)",
    "JaVaScRiPt:alert(1)//", "java\tscript:alert(1)",
    "\x01javascript:alert(1)", "javascript://HERE/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x", "ftp://AWAY", "file:///etc/passwd", "//AWAY\r\nSet-Cookie: sessionid=x", "/\r\nX-Evil: 1",
]  # fmt: skip
PATHS = [
    "//AWAY", "//AWAY/", "//AWAY/admin", "//AWAY/admin/", "/\\AWAY/", "/%5cAWAY/admin", "/%2f%2fAWAY", "/admin//AWAY",
    "/admin/login//AWAY", "//AWAY/%2e%2e", "/admin/users/user//AWAY", "/api//AWAY", "/redoc//AWAY", "/AWAY:80/../..//AWAY", "/admin/r/1/1/",
    "/admin/jsi18n//AWAY",
]  # fmt: skip
RIGHT = "/admin/users/session/"
MOST = 10  # guesses in an hour, in what is about them


def run(scale: float) -> Iterator[Row]:
    with place(DEBUG="true") as where, Service(where) as one, _another(where, one) as other:
        yield from redirects(one.url, scale)
        yield from admin_sessions.rows(where, one, other, scale)
        yield from admin_doors.rows(where, one)
        yield admin_doors.cookies(where)
        yield from admin_pages.rows(where, one, scale)
    with place(DEBUG="true", THROTTLE_LOGIN=f"{MOST}/hour") as where, Service(where) as one, _another(where, one) as other:
        yield from guesses(one, other, scale)


@contextmanager
def _another(where: Place, one: Service) -> Iterator[Service]:
    """A second instance where there is a Redis to share; SQLite is for one process."""
    if os.environ["TEST_ON"] == "sqlite":
        yield one
        return
    with Service(where) as other:
        yield other


# Redirects


def redirects(url: str, scale: float) -> Iterator[Row]:
    here = urlsplit(url).netloc
    targets = [form for target in TARGETS for form in _forms(target.replace("AWAY", AWAY).replace("HERE", here))]
    some = targets[:: max(1, round(0.2 / scale))]
    answers = list(itertools.chain.from_iterable(_in_and_out(url, target, place) for target in some for place in ("query", "form")))
    wrong = [f"{what}: {answer.status_code} {answer.headers.get('Location')!r}" for what, answer in answers if _leads_away(answer)]
    followed = leads_to(Browser(url).sign_in("admin", next=RIGHT)) == url + RIGHT
    seen = counted(wrong, f"none did; to {RIGHT} it {'did' if followed else 'did not'}")
    done = f"?next= at the admin's login and logout, {len(some)} forms of other places, in the query and in the form"
    yield Row(done, len(answers), "leads to no other place", seen, not wrong and followed)
    staff = Browser(url)
    staff.sign_in("admin")
    paths = [path.replace("AWAY", AWAY) for path in PATHS]
    answers = [(path, browser.get(path)) for browser in (Browser(url), staff) for path in paths]
    wrong = [f"{path}: {answer.status_code} {answer.headers.get('Location')!r}" for path, answer in answers if _leads_away(answer)]
    yield Row("paths that look like other places", len(answers), "lead to no other place", counted(wrong), not wrong)


def _forms(target: str) -> list[str]:
    once = quote(target, safe="")
    return list(dict.fromkeys([target, once, quote(once)]))


def _in_and_out(url: str, target: str, where: str) -> Iterator[tuple[str, requests.Response]]:
    browser = Browser(url)
    query, form = (f"?next={quote(target, safe='')}", {}) if where == "query" else ("", {"next": target})
    yield f"login, in the {where} {target!r}", browser.sign_in("admin", path=f"/admin/login/{query}", **form)
    yield f"logout, in the {where} {target!r}", browser.submit(f"/admin/logout/{query}", **form)


def _leads_away(answer: requests.Response) -> bool:
    """Also where it is no redirect: the header decides, and a failure is no answer."""
    here, there = urlsplit(answer.url), urlsplit(leads_to(answer))
    return answer.status_code >= 500 or (here.scheme, here.netloc) != (there.scheme, there.netloc) or "X-Evil" in answer.headers


# Guessing


def guesses(one: Service, other: Service, scale: float) -> Iterator[Row]:
    times = max(30, round(600 * scale))
    tries = itertools.islice(itertools.cycle(itertools.product((one, other), ("admin", "ADMIN", "ａdmin"), ("page", "API"))), times)
    with ThreadPoolExecutor(8) as pool:
        judged = sum(pool.map(lambda one_try: _is_judged(*one_try), tries))
    refused = Browser(one.url).sign_in("admin")
    fast = other.post("/api/login", {"username": "admin", "password": PASSWORD}).status_code
    elsewhere = Browser(one.url, address="127.0.0.2").sign_in("admin")
    seen = (
        f"{judged} were; then the right password: {refused.status_code} there, {fast} at the API, "
        f"and from another address {elsewhere.status_code}"
    )
    holds = (judged, refused.status_code, fast, elsewhere.status_code) == (MOST, 429, 429, 302) and "sessionid" not in refused.cookies
    where = "by two instances" if one is not other else "by one instance"
    done = f"wrong passwords of one name in three spellings, at the admin's login and the API's in turn, {where}, 8 at once"
    yield Row(done, times, f"{MOST} are judged; then not even the right one gets in, but from elsewhere", seen, holds)


def _is_judged(service: Service, name: str, door: str) -> bool:
    forged = {"X-Forwarded-For": "10.0.0.7", "X-Real-IP": "10.0.0.7", "Forwarded": "for=10.0.0.7"}  # nobody stands in front
    if door == "API":
        answer = service.post("/api/login", {"username": name, "password": "wrong"}, headers=forged)
    else:
        answer = Browser(service.url, **forged).sign_in(name, "wrong")
    if answer.status_code not in (200, 401, 429):
        raise AssertionError(f"{door}: {answer.status_code}")
    return answer.status_code != 429
