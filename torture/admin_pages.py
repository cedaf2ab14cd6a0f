"""The admin's pages: what people wrote is shown escaped on each of them, and on each message, question and history."""

from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, urldefrag, urlsplit

import requests

from tests.service import PASSWORD, Place, Service
from torture.browser import EVIL, MARK, Browser, Page
from torture.report import Row, counted

USERS, PRODUCTS, CATEGORIES = "/admin/users/user/", "/admin/products/product/", "/admin/products/category/"
REFLECTED = [
    *(f"{USERS}?{name}={quote(EVIL)}" for name in ("q", "has_mentor", "o", "p", "e", "is_mentor__exact", "_popup", "_to_field")),
    f"/admin/login/?next={quote(EVIL)}",
    f"{USERS}{quote(EVIL, safe='')}/change/", f"/admin/{quote(EVIL)}/", f"/admin/users/session/?alive={quote(EVIL)}&q={quote(EVIL)}",
    f"{PRODUCTS}?categories__id__exact={quote(EVIL)}", f"{CATEGORIES}?q={quote(EVIL)}", f"{USERS}add/?username={quote(EVIL)}",
    f"{CATEGORIES}add/?name={quote(EVIL)}&_changelist_filters={quote(EVIL)}", f"/admin/jsi18n/?language={quote(EVIL)}",
]  # fmt: skip
OFFERED = [
    "app_label=users&model_name=user&field_name=mentor",
    "app_label=users&model_name=session&field_name=user",
    "app_label=products&model_name=product&field_name=mentor",
]
NEVER = ("/admin/logout/", "/admin/r/")  # not followed: one ends the session, the other leads to pages that staff do not keep


def rows(where: Place, one: Service, scale: float) -> Iterator[Row]:
    ids = _write_evil(where, one)
    admin = Browser(one.url)
    admin.sign_in("admin")
    yield from _escaped(admin, ids, scale)


# HTML where names are expected


def _write_evil(where: Place, one: Service) -> dict[str, int]:
    """People, sessions and products that are EVIL wherever they may be, and past the API wherever the database lets them."""
    mentor = one.sign_up("mallory", is_mentor=True, first_name=EVIL, last_name=EVIL)
    one.post("/api/login", {"username": "mallory", "password": PASSWORD}, headers={"User-Agent": EVIL})
    refused = one.post("/api/registration", {"username": EVIL, "password": PASSWORD}).status_code
    if refused != 400:
        raise RuntimeError(f"A user name of HTML: {refused}")
    category = one.post("/api/categories", {"name": EVIL}, mentor).json()["id"]
    product = {"name": EVIL, "description": EVIL, "regular_price": "1.00", "stock": 1, "categories": [category]}
    ids = {"category": category, "product": one.post("/api/products", product, mentor).json()["id"]}
    for name in ("mentee", "victim"):
        one.sign_up(name, mentor_username="mallory", first_name=EVIL)
    one.sign_up("john", mentor_username="mallory")
    ids |= {name: number for number, name in where.rows("SELECT id, username FROM users_user")}
    for name, phone in (("mallory", "1"), ("victim", "2")):
        written = f"{EVIL}{name}".replace("'", "''")
        values = f"username = '{written}', email = '{written}', phone = '<{MARK} {phone}>'"
        where.change(f"UPDATE users_user SET {values} WHERE id = {ids[name]}")  # noqa: S608 written above
    return ids


def _escaped(admin: Browser, ids: dict[str, int], scale: float) -> Iterator[Row]:
    must_show = {path: admin.get(path) for path in _told(admin, ids)}
    answers = [*must_show.values(), *_done(admin, ids), *map(admin.get, REFLECTED), *_walk(admin, max(40, round(400 * scale)))]
    pages = [Page(answer) for answer in answers if "html" in answer.headers.get("Content-Type", "")]
    wrong = [f"{page.url}: {page.broken[0]}" for page in pages if page.broken]
    wrong += [f"{answer.url}: {answer.status_code}" for answer in answers if answer.status_code >= 500]
    wrong += [f"{path}: does not show it" for path, answer in must_show.items() if not Page(answer).shows_evil]
    shown, said = sum(page.shows_evil for page in pages), sum(page.says_evil for page in pages)
    seen = counted(wrong, f"escaped on {shown} of them, in the messages of {said}; on none as HTML")
    what = "HTML in names, emails, phones, products, categories, browsers, searches, paths: lists, cards, histories, questions, messages"
    yield Row(what, len(pages), "shown escaped on each page", seen, not wrong and shown > 20 and said > 2)
    offers = [admin.get(f"/admin/autocomplete/?{field}&term=mallory") for field in OFFERED]
    plain = [offer for offer in offers if _is_json(offer)]
    holds = len(plain) == len(offers) and all(MARK in offer.text for offer in offers)
    yield Row(
        "the same, offered by autocomplete",
        len(offers),
        "JSON, and not to be taken for HTML",
        f"{len(plain)} are, {sum(MARK in offer.text for offer in offers)} offer it",
        holds,
    )
    loose = [f"{answer.url}: {answer.headers}" for answer in answers if not _is_kept_close(answer)]
    yield Row("all these pages", len(answers), "not framed, not sniffed, not kept by caches", counted(loose, "none is"), not loose)


def _is_json(offer: requests.Response) -> bool:
    return offer.headers["Content-Type"] == "application/json" and offer.headers["X-Content-Type-Options"] == "nosniff"


def _is_kept_close(answer: requests.Response) -> bool:
    said = answer.headers
    kept = "no-store" not in said.get("Cache-Control", "") and answer.status_code == 200 and "jsi18n" not in answer.url
    return said.get("X-Frame-Options") == "DENY" and said.get("X-Content-Type-Options") == "nosniff" and not kept


def _told(admin: Browser, ids: dict[str, int]) -> list[str]:
    """Pages that must show EVIL, escaped: else this would be about nothing."""
    cards = [f"{USERS}{ids[name]}" for name in ("mallory", "victim")] + [f"{PRODUCTS}{ids['product']}", f"{CATEGORIES}{ids['category']}"]
    for action in ("make_mentors", "release_from_the_mentor"):
        admin.submit(USERS, action=action, _selected_action=ids["mentee"])
    return [
        USERS,
        PRODUCTS,
        CATEGORIES,
        "/admin/users/session/",
        *(f"{card}/{page}/" for card in cards for page in ("change", "delete", "history")),
    ]


def _done(admin: Browser, ids: dict[str, int]) -> list[requests.Response]:
    """What is said after something was done, or was refused, to somebody so named."""
    mallory, product, category = f"{USERS}{ids['mallory']}/", f"{PRODUCTS}{ids['product']}/", f"{CATEGORIES}{ids['category']}/"
    chosen = {"_selected_action": ids["mentee"], "index": "0"}
    return [
        admin.follow(admin.submit(USERS, action="give_a_mentor", **chosen)),
        admin.follow(admin.submit(USERS, action="give_a_mentor", mentor=ids["mallory"], sure="1", **chosen)),
        admin.follow(admin.submit(USERS, action="end_being_mentors", _selected_action=ids["mallory"])),
        admin.follow(admin.submit(USERS, action="delete_selected", _selected_action=ids["mallory"])),
        admin.follow(admin.fill(f"{mallory}change/", "username", phone=EVIL)),
        admin.follow(admin.fill(f"{USERS}add/", "username", username=EVIL, password1=PASSWORD, password2=PASSWORD)),
        admin.sign_in(EVIL, "wrong"),
        admin.follow(admin.fill(f"{product}change/", "name", stock="2")),
        admin.follow(admin.fill(f"{category}change/", "name", name=f"{EVIL}.")),
        admin.follow(admin.submit(f"{CATEGORIES}add/?_popup=1", name=f"{EVIL}..", _popup="1")),
        admin.follow(admin.submit(f"{USERS}{ids['mallory']}/mentees/?find={quote(EVIL)}", take_on="1", people=ids["john"])),
        admin.follow(admin.submit(f"{product}delete/", post="yes")),
    ]


def _walk(admin: Browser, most: int) -> Iterator[requests.Response]:
    """Pages that can be reached by links, one of each kind of query."""
    ahead, known = [f"{admin.url}/admin/"], set()
    while ahead and len(known) < most:
        url = urldefrag(ahead.pop(0)).url
        parts = urlsplit(url)
        kind = parts.path, tuple(sorted(name for name, _ in parse_qsl(parts.query, keep_blank_values=True)))
        if kind in known or not url.startswith(f"{admin.url}/admin/") or parts.path.startswith(NEVER):
            continue
        known.add(kind)
        yield (answer := admin.get(url))
        if "html" in answer.headers.get("Content-Type", ""):
            ahead += Page(answer).links
