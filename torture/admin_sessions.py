"""Staff who are signed in to the admin, and what should end that at once: a new password, being staff no more, a deletion."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import requests

from tests.service import PASSWORD, Place, Service
from torture.browser import Browser
from torture.report import Row, counted

USERS = "/admin/users/user/"
NEW = "quite another battery"


@dataclass
class Person:
    """Staff, signed in with two browsers, at two instances where there are two, and at the API."""

    name: str
    id: int
    browser: Browser
    second: Browser
    token: str

    def changes_the_password(self, _admin: Browser, _one: Service) -> requests.Response:
        return self.browser.submit("/admin/password_change/", old_password=PASSWORD, new_password1=NEW, new_password2=NEW)

    def changes_it_by_the_api(self, _admin: Browser, one: Service) -> requests.Response:
        return one.post("/api/change-password", {"old_password": PASSWORD, "new_password": NEW}, self.token)

    def is_given_a_password(self, admin: Browser, _one: Service) -> requests.Response:
        return admin.submit(f"{USERS}{self.id}/password/", password1=NEW, password2=NEW, usable_password="true")  # noqa: S106 a tick

    def is_deactivated(self, admin: Browser, _one: Service) -> requests.Response:
        return admin.fill(f"{USERS}{self.id}/change/", "username", is_active=None)

    def is_staff_no_more(self, admin: Browser, _one: Service) -> requests.Response:
        return admin.fill(f"{USERS}{self.id}/change/", "username", is_staff=None)

    def is_deleted(self, admin: Browser, _one: Service) -> requests.Response:
        return admin.submit(f"{USERS}{self.id}/delete/", post="yes")

    def signs_out(self, _admin: Browser, _one: Service) -> requests.Response:
        cookies = self.browser.cookies.copy()
        answer = self.browser.submit("/admin/logout/")
        self.browser.cookies.update(cookies)  # as who had copied them
        return answer


WHO = ("the first browser", "the second", "the API's session")
# What happens to somebody, and which of these stay.
ENDS = {
    Person.changes_the_password: ("a new password, in one of two browsers", (True, False, False)),
    Person.changes_it_by_the_api: ("a new password, by the API", (False, False, True)),
    Person.is_given_a_password: ("a new password, given by other staff", (False, False, False)),
    Person.is_deactivated: ("deactivated by other staff", (False, False, False)),
    Person.is_staff_no_more: ("staff no more", (False, False, True)),
    Person.is_deleted: ("deleted", (False, False, False)),
    Person.signs_out: ("signed out in one of two browsers, its cookies kept by a thief", (False, True, True)),
}


def rows(where: Place, one: Service, other: Service, scale: float) -> Iterator[Row]:
    admin = Browser(one.url)
    admin.sign_in("admin")
    times = max(1, round(10 * scale))
    for end, (done, expected) in ENDS.items():
        seen = [_after(end, _staff(where, one, other, f"{end.__name__}{number}"), admin, one, other) for number in range(times)]
        wrong = [now for now in seen if now != expected]
        yield Row(done, times, _said(expected), counted(map(_said, wrong), "always so"), not wrong)


def _said(alive: tuple[bool, ...]) -> str:
    return ", ".join(f"{who} {'stays' if one else 'is out'}" for who, one in zip(WHO, alive, strict=True))


def _staff(where: Place, one: Service, other: Service, name: str) -> Person:
    token = one.sign_up(name)
    where.change(f"UPDATE users_user SET is_staff = true, is_superuser = true WHERE username = '{name}'")  # noqa: S608 a name of ours
    person = Person(name, one.get("/api/users/me/", token).json()["id"], Browser(one.url), Browser(other.url), token)
    for browser in (person.browser, person.second):
        browser.sign_in(name)
    if not (person.browser.is_in() and person.second.is_in()):
        raise RuntimeError(f"{name} did not get in")
    return person


def _after(end: Callable, person: Person, admin: Browser, one: Service, other: Service) -> tuple[bool, bool, bool]:
    answer = end(person, admin, one)
    if answer.status_code not in (200, 204, 302):
        raise RuntimeError(f"{end.__name__}: {answer.status_code}")
    browsers = [person.browser.at(other.url), person.second.at(one.url)]  # each at the instance where it did not sign in
    return *(browser.is_in() for browser in browsers), other.get("/api/users/me/", person.token).status_code == 200
