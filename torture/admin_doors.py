"""Who may not is refused at each of the admin's pages, and a form that another site made the browser send changes nothing."""

from collections.abc import Iterator

import requests

from tests.service import PASSWORD, Place, Service, Shell
from torture.browser import TIMEOUT, Browser
from torture.report import Row, counted

USERS, PRODUCTS, CATEGORIES, SESSIONS = (
    f"/admin/{model}/" for model in ("users/user", "products/product", "products/category", "users/session")
)
MAY_VIEW = "Permission.objects.filter(codename__startswith='view_', content_type__app_label__in=['users', 'products'])"
TABLES = ("users_user", "users_session", "products_product", "products_category", "django_admin_log")
SESSION, TOKEN = "__Host-sessionid", "__Host-csrftoken"  # with HTTPS: what a browser takes from this very host alone
GIVEN = "0123456789abcdefghijklmnopqrstuv"  # a session id that was given to somebody before they signed in


def rows(where: Place, one: Service) -> Iterator[Row]:
    john, category = _cast(where, one)
    paths, forms = _paths(john, category), _forms(john, category)
    people = {name: Browser(one.url) for name in ("nobody", "mary", "vera", "wim")}
    admitted = [name for name, browser in people.items() if name != "nobody" and "sessionid" in browser.sign_in(name).cookies]
    before = _content(where)
    asked = {
        name: [*map(browser.get, paths), *(browser.submit(path, **form) for path, form in forms.items())]
        for name, browser in people.items()
    }
    changed = "something was changed" if _content(where) != before else "nothing was changed"
    wrong = [
        f"{name}: {answer.url} {answer.status_code}"
        for name, answers in asked.items()
        for answer in answers
        if not _is_refusal(name, answer)
    ]
    holds = not wrong and admitted == ["vera", "wim"] and changed == "nothing was changed"
    done = "nobody, a user who is no staff, staff without permissions, staff who may look: each page is asked for, each form sent"
    seen = f"{counted(wrong, 'all were')}; {' and '.join(admitted)} signed in, {changed}"
    yield Row(done, sum(map(len, asked.values())), "sent to the login, or 403; no form changes anything", seen, holds)
    yield _forged(where, one, forms)


def _cast(where: Place, one: Service) -> tuple[int, int]:
    """The ids of a mentee and a category. Beside them: mary, no staff; vera, staff who may nothing; wim, staff who may look."""
    token = one.sign_up("doris", is_mentor=True)
    john = one.get("/api/users/me/", one.sign_up("johnny", mentor_username="doris")).json()["id"]
    category = one.post("/api/categories", {"name": "Doors"}, token).json()["id"]
    for name in ("mary", "vera", "wim"):
        one.sign_up(name)
    with Shell(where) as shell:
        shell.run("from django.contrib.auth.models import Permission")
        shell.run("User.objects.filter(username__in=['vera', 'wim']).update(is_staff=True)")
        shell.run(f"User.objects.get(username='wim').user_permissions.set({MAY_VIEW})")
    return john, category


def _paths(john: int, category: int) -> list[str]:
    cards = [f"{USERS}{john}", f"{CATEGORIES}{category}"]
    return [
        *(f"{model}{page}" for model in (USERS, PRODUCTS, CATEGORIES) for page in ("", "add/")),
        *(f"{card}/{page}/" for card in cards for page in ("change", "delete", "history")),
        f"{USERS}{john}/password/", SESSIONS, "/admin/auth/group/", "/admin/token_blacklist/outstandingtoken/",
        "/admin/autocomplete/?app_label=users&model_name=user&field_name=mentor",
    ]  # fmt: skip


def _forms(john: int, category: int) -> dict[str, dict]:
    """What changes something when staff who may send it."""
    new = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    chosen = {"_selected_action": john, "index": "0"}
    return {
        f"{USERS}add/": {"username": "forged", **new},
        f"{USERS}{john}/password/": new,
        f"{USERS}{john}/mentees/": {"take_on": "1", "people": john},
        USERS: {"action": "make_mentors", **chosen},
        f"{USERS}?": {"action": "end_all_sessions", **chosen},
        SESSIONS: {"action": "end", "select_across": "1", "_selected_action": "1", "index": "0"},
        f"{CATEGORIES}add/": {"name": "Forged"},
        f"{CATEGORIES}{category}/change/": {"name": "Forged"},
        f"{CATEGORIES}{category}/delete/": {"post": "yes"},
        f"{USERS}{john}/delete/": {"post": "yes"},
    }


def _is_refusal(name: str, answer: requests.Response) -> bool:
    to_login = answer.status_code == 302 and answer.headers["Location"].startswith("/admin/login/?next=/admin/")
    if name in ("nobody", "mary"):
        return to_login
    return answer.status_code == 403 or name == "wim" and answer.status_code in (200, 302) and not to_login  # he may look


def _forged(where: Place, one: Service, forms: dict[str, dict]) -> Row:
    """As another site's page has them sent, by an admin's browser; at last as they should be, which shows that they would do something."""
    admin = Browser(one.url)
    admin.sign_in("admin")
    own = {"csrfmiddlewaretoken": admin.token}
    ways = {
        "no token": lambda path, form: admin.post(path, form),
        "a wrong token": lambda path, form: admin.post(path, form | {"csrfmiddlewaretoken": "x" * 64}),
        "somebody else's token": lambda path, form: admin.post(path, form | {"csrfmiddlewaretoken": Browser(one.url).token}),
        "another origin": lambda path, form: admin.post(path, form | own, headers={"Origin": "https://evil.example"}),
        "no origin": lambda path, form: admin.post(path, form | own, headers={"Origin": "null"}),
    }
    before = _content(where)
    answers = [(way, send(path, form)) for way, send in ways.items() for path, form in forms.items()]
    wrong = [f"{way}: {answer.url} {answer.status_code}" for way, answer in answers if answer.status_code != 403]
    unchanged = _content(where) == before
    for path, form in forms.items():
        admin.post(path, form | own)
    names = {name for [name] in where.rows("SELECT username FROM users_user")}
    able = "forged" in names and "johnny" not in names
    what = "nothing changed" if unchanged else "something changed"
    seen = f"{counted(wrong, 'so it was')}, {what}; with the right token they {'do' if able else 'do not'} work"
    done = f"forms that other sites make an admin's browser send: {', '.join(ways)}"
    return Row(done, len(answers), "403, and nothing changes", seen, not wrong and unchanged and able)


def _content(where: Place) -> list[list[tuple]]:
    return [where.rows(f"SELECT * FROM {table} ORDER BY id") for table in TABLES]  # noqa: S608 names of ours


# Cookies


def cookies(where: Place) -> Row:
    """With HTTPS=true, as behind a proxy that ends TLS."""
    with Service(where, HTTPS="true", NUM_PROXIES="1", PUBLIC_URL="https://127.0.0.1") as service:
        plain = Browser(service.url).get("/admin/login/")
        answer, abroad = (_sign_in_by_https(service.url, page) for page in (service.url, "https://evil.example"))
    flags = {line.partition("=")[0]: line for line in answer.raw.headers.getlist("Set-Cookie")}
    wanted = {SESSION: ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"), TOKEN: ("Secure", "SameSite=Lax", "Path=/")}
    found = {
        f"without TLS: {plain.status_code}": plain.status_code != 301 or not plain.headers["Location"].startswith("https://"),
        f"cookies: {sorted(flags)}": flags.keys() != wanted.keys(),
        "no HSTS": "max-age=31536000" not in answer.headers.get("Strict-Transport-Security", ""),
        f"from another page: {abroad.status_code}": abroad.status_code != 403,
        "keeps a session id that it was given": answer.cookies.get(SESSION) in (None, GIVEN),
        **{f"{name} is not {flag}": flag not in flags.get(name, "") for name, given in wanted.items() for flag in given},
    }
    wrong = [what for what, so in found.items() if so]
    promised = "plain HTTP sent to https; cookies secure, of this site, new at each sign-in, the session's hidden from scripts; HSTS"
    return Row("the login with HTTPS=true", len(found), promised, counted(wrong, "so it is"), not wrong)


def _sign_in_by_https(url: str, page: str) -> requests.Response:
    """With a session's id that was there before, from a form on that page."""
    secure = {"X-Forwarded-Proto": "https", "Referer": f"https{page.removeprefix('https').removeprefix('http')}/admin/login/"}
    token = requests.get(f"{url}/admin/login/", headers=secure, timeout=TIMEOUT).cookies[TOKEN]
    form = {"username": "admin", "password": PASSWORD, "csrfmiddlewaretoken": token}
    headers = secure | {"Cookie": f"{TOKEN}={token}; {SESSION}={GIVEN}"}
    return requests.post(f"{url}/admin/login/", form, headers=headers, timeout=TIMEOUT, allow_redirects=False)
