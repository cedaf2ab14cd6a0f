"""A browser as far as the admin needs one: cookies, forms with their CSRF token, and what a page is made of."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter

from tests.service import PASSWORD

TIMEOUT = 60
MARK = "evil-tag"
# Breaks out of text, attributes, scripts, and what is not parsed; the page must hold no element and no handler that comes of it.
EVIL = f"\"'></script></title></textarea></select><{MARK} onfocus=evil()>"


class Page(HTMLParser):
    """What a page is made of: its links, its forms by what they are sent to, and what came of EVIL in it."""

    def __init__(self, answer: requests.Response):
        super().__init__()
        self.url, self.text = answer.url, answer.text
        self.links, self.forms, self.broken = [], [], []
        self._select = self._textarea = None
        self.feed(self.text)

    @property
    def shows_evil(self) -> bool:
        """Whether EVIL is there, escaped: as HTML, or as JSON in it."""
        return bool(re.search(rf"(&lt;|\\u003C){MARK}", self.text, re.IGNORECASE))

    @property
    def says_evil(self) -> bool:
        """Whether a message at the top of the page has it."""
        return MARK in "".join(re.findall(r'class="messagelist">(.*?)</ul>', self.text, re.DOTALL))

    def form(self, field: str) -> dict[str, str | list[str]]:
        """What the form that has this field would send as it stands."""
        return next(form for form in self.forms if field in form)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == MARK or any(name.startswith("on") and "evil" in (value or "") for name, value in attrs):
            self.broken.append(self.get_starttag_text())
        if tag == "a" and given.get("href"):
            self.links.append(urljoin(self.url, given["href"]))
        elif tag == "form":
            self.forms.append({})
        elif self.forms and given.get("name"):
            self._field(tag, given)
        elif self._select and tag == "option" and "selected" in given:
            self.forms[-1].setdefault(self._select, []).append(given.get("value", ""))

    def _field(self, tag: str, given: dict) -> None:
        form, name, kind = self.forms[-1], given["name"], given.get("type", "text")
        self._select = name if tag == "select" else None
        if tag == "textarea":
            self._textarea, form[name] = name, ""
        elif tag == "select":
            form.setdefault(name, [])
        elif tag == "input" and kind != "submit" and (kind not in ("checkbox", "radio") or "checked" in given):
            form[name] = given.get("value", "on" if kind == "checkbox" else "")

    def handle_data(self, data):
        if self._textarea:
            self.forms[-1][self._textarea] += data.removeprefix("\r\n")

    def handle_endtag(self, tag):
        self._textarea = None if tag == "textarea" else self._textarea


class Browser(requests.Session):
    """Of one person, at one service; follows no redirect by itself. `address` is where it comes from, of this machine's own."""

    def __init__(self, url: str, address: str = "", **headers: str):
        super().__init__()
        self.url = url
        self.headers.update(headers)
        if address:
            self.mount("http://", _From(address))

    def request(self, method, url, **options):
        where = self.url + url if url.startswith("/") else url
        return super().request(method, where, **options | {"allow_redirects": False, "timeout": TIMEOUT})

    @property
    def token(self) -> str:
        return self.cookies.get("csrftoken") or self.get("/admin/login/").cookies["csrftoken"]

    def submit(self, path: str, **fields) -> requests.Response:
        return self.post(path, {"csrfmiddlewaretoken": self.token} | fields)

    def sign_in(self, username: str, password: str = PASSWORD, path: str = "/admin/login/", **fields) -> requests.Response:
        return self.submit(path, username=username, password=password, **fields)

    def fill(self, path: str, field: str, **fields) -> requests.Response:
        """Send the form there that has this field, changed in these fields; None takes one out."""
        page = self.get(path)
        page.raise_for_status()
        form = Page(page).form(field) | fields
        return self.post(path, {name: value for name, value in form.items() if value is not None})

    def follow(self, answer: requests.Response) -> requests.Response:
        return self.get(answer.headers["Location"]) if answer.is_redirect else answer

    def is_in(self) -> bool:
        return self.get("/admin/").status_code == 200

    def at(self, url: str) -> "Browser":
        """The same person, with the same cookies, at another instance."""
        other = Browser(url)
        other.cookies.update(self.cookies)
        return other


class _From(HTTPAdapter):
    def __init__(self, address: str):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args, **options):
        super().init_poolmanager(*args, **options, source_address=(self.address, 0))


def leads_to(answer: requests.Response) -> str:
    """Where a browser goes by this answer's Location: it drops tabs and newlines, and reads a backslash as a slash (WHATWG URL)."""
    location = re.sub(r"[\t\r\n]", "", answer.headers.get("Location", "")).lstrip("".join(map(chr, range(33)))).replace("\\", "/")
    if location.startswith("//"):
        location = f"{urlsplit(answer.url).scheme}://{location.lstrip('/')}"
    elif re.match(r"https?:", location, re.IGNORECASE):
        scheme, _, rest = location.partition(":")
        location = f"{scheme}://{rest.lstrip('/')}"
    return urljoin(answer.url, location)
