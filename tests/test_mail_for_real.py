"""Mail from end to end: a real service, its sender, a real mail server that is away at first, and the links in a real browser.

SCREENSHOTS=screenshots pytest tests/test_mail_for_real.py    keeps a picture of each page in that folder
"""

import os
import signal
import time
from pathlib import Path

import pytest
import requests
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.mail_server import MailServer, link_in, text_of
from tests.service import PASSWORD, Sender, Service, place
from tests.test_browser_admin import PATIENCE, chromium  # noqa: F401 a fixture

pytestmark = [pytest.mark.slow, pytest.mark.once]
NEW = "a new horse, a new battery"
WRITE = """
from users.emails import outbox
outbox.write("confirm", "bob@example.com", User.objects.create_user("bob", email="bob@example.com").pk)
"""


class WithMail(Service):
    """As `make run` starts it: the sender comes with it."""

    def command(self):
        return ["manage.py", "serve", "--with-mail"]

    def sender(self) -> int:
        """The process that sends the mail."""
        return wait_for(lambda: _child_of(self.process.pid, b"send_mail"), "a sender")


def wait_for(found, what: str, patience: float = 60):
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if result := found():
            return result
        time.sleep(0.05)
    raise AssertionError(f"Waited for {what} in vain")


def _child_of(parent: int, word: bytes) -> int | None:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status, words = (folder / "status").read_text(), (folder / "cmdline").read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        if f"PPid:\t{parent}\n" in status and word in words:
            return int(folder.name)
    return None


def _is_over(pid: int) -> bool:
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


@pytest.fixture(scope="module")
def mailboxes():
    """The mail server, not started."""
    return MailServer()


@pytest.fixture(scope="module")
def service(mailboxes):
    """A service whose mail is sent by a process of its own, to a server that is away when people register."""
    with place(**mailboxes.environment) as where, Service(where) as served, Sender(where, PUBLIC_URL=served.url) as sender:
        for name, language in (("bob", "en"), ("ivan", "ru-RU,ru;q=0.9")):
            register(served, name, language)
        wait_for(lambda: sender.said().count('"put off"') >= 2, "the first tries")
        with mailboxes:
            yield served


def register(service, name: str, language: str = "en") -> requests.Response:
    body = {"username": name, "password": PASSWORD, "email": f"{name}@example.com"}
    answer = service.post("/api/registration", body, headers={"Accept-Language": language})
    assert answer.status_code == 201 and answer.json()["message"]
    return answer


@pytest.fixture(scope="module")
def letters(service, mailboxes):
    """The letters that were due while the server was away."""
    return {name: mailboxes.letter_to(f"{name}@example.com") for name in ("bob", "ivan")}


class Page:
    """A page behind a link, as a person sees it."""

    def __init__(self, driver, link: str, folder: Path):
        self.driver, self.folder = driver, folder
        driver.get("about:blank")
        driver.get_log("browser")
        driver.get(link)

    def find(self, css: str):
        return WebDriverWait(self.driver, PATIENCE).until(lambda driver: driver.find_element(By.CSS_SELECTOR, css), css)

    def text(self) -> str:
        return self.find("main").text

    def press(self) -> str:
        """Presses the button; what is said then."""
        self.find("button").click()
        status = self.find("[role=status]")
        WebDriverWait(self.driver, PATIENCE).until(lambda _driver: status.text not in ("", "…"), "an answer")
        return status.text

    def shoot(self, name: str) -> None:
        folder = Path(os.environ.get("SCREENSHOTS") or self.folder)
        folder.mkdir(parents=True, exist_ok=True)
        assert self.driver.save_screenshot(str(folder / f"{name}.png"))

    def faults(self) -> list[str]:
        """What went wrong in the browser; an answer of 4xx is written there too, and is none."""
        entries = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
        return [entry for entry in entries if "/favicon.ico" not in entry and "status of 400" not in entry]


@pytest.fixture
def open_link(chromium, tmp_path):  # noqa: F811
    return lambda link: Page(chromium, link, tmp_path)


def me(service, name: str, password: str = PASSWORD) -> dict:
    return service.get("/api/users/me", service.sign_in(name, password)["access"]).json()


# Sent once the server is there, and read


def test_what_was_due_while_the_server_was_away_comes_once(letters, mailboxes):
    assert {letter.given_to[0] for letter in letters.values()} == {"bob@example.com", "ivan@example.com"}
    time.sleep(3)  # time for a second one
    assert not [letter for letter in mailboxes.letters if letter.given_to[0] in ("bob@example.com", "ivan@example.com")]


@pytest.mark.parametrize(("name", "language"), [("bob", "en"), ("ivan", "ru")])
def test_it_reads_as_text_and_as_html_in_the_language_of_who_asked(letters, service, name, language):
    letter = letters[name]
    assert letter.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
    text, html = text_of(letter), text_of(letter, "html")
    assert f'<html lang="{language}">' in html and link_in(letter) in html
    for said in (letter["Subject"], text, html):
        assert any("а" <= character <= "я" for character in said) == (language == "ru"), said


def test_its_headers_are_those_of_a_letter(letters):
    for name, letter in letters.items():
        assert letter["To"] == f"{name}@example.com" and letter["From"] == "us@example.com"
        assert letter["Message-ID"] and letter["Date"] and letter["MIME-Version"] == "1.0"
        assert letter["Cc"] is letter["Bcc"] is None


def test_the_link_leads_to_the_service(letters, service):
    assert link_in(letters["ivan"]).startswith(f"{service.url}/api/email/confirm/?token=")


def test_a_mailbox_that_is_none_holds_nobody_up(service, mailboxes):
    mailboxes.unknown.add("nobody@example.com")
    register(service, "nobody")
    register(service, "carl")
    assert mailboxes.letter_to("carl@example.com")


# The links, in a browser


def test_the_button_confirms_the_email(service, letters, open_link):
    page = open_link(link_in(letters["bob"]))
    assert "bob@example.com" in page.text() and "If this account is not yours" in page.text()
    page.shoot("confirm")
    assert me(service, "bob")["email_verified"] is False
    assert page.press() == "The email is confirmed."
    page.shoot("confirmed")
    assert not page.driver.find_elements(By.CSS_SELECTOR, "button")
    assert me(service, "bob")["email_verified"] is True
    assert page.faults() == []


def test_a_link_that_was_cut_off_shows_no_button(service, letters, open_link):
    page = open_link(link_in(letters["ivan"])[:-5])
    page.shoot("not-valid")
    assert "This link is not valid" in page.text()
    assert not page.driver.find_elements(By.CSS_SELECTOR, "button")
    assert page.faults() == []


def test_a_new_password_is_set_by_two_fields_and_a_button(service, mailboxes, open_link):
    register(service, "dora")
    assert service.post("/api/email/confirm", {"token": link_in(mailboxes.letter_to("dora@example.com")).partition("token=")[2]}).ok
    old = service.sign_in("dora")["access"]
    service.post("/api/password/reset", {"email": "dora@example.com"})
    page = open_link(link_in(mailboxes.letter_to("dora@example.com")))
    page.shoot("reset")
    first, second = page.driver.find_elements(By.CSS_SELECTOR, "input[type=password]")
    first.send_keys(NEW)
    second.send_keys("something else")
    assert page.press() == "The two passwords differ."
    page.shoot("differ")
    assert service.get("/api/users/me", old).status_code == 200
    second.clear()
    second.send_keys(NEW)
    page.find("button").click()
    WebDriverWait(page.driver, PATIENCE).until(lambda _driver: "has been changed" in page.text(), "an answer")
    page.shoot("set")
    assert service.get("/api/users/me", old).status_code == 401
    assert me(service, "dora", NEW)["username"] == "dora"
    assert "the password" in text_of(mailboxes.letter_to("dora@example.com"))
    assert page.faults() == []


def test_a_refused_password_is_said_on_the_page(service, mailboxes, open_link):
    register(service, "erik")
    assert service.post("/api/email/confirm", {"token": link_in(mailboxes.letter_to("erik@example.com")).partition("token=")[2]}).ok
    service.post("/api/password/reset", {"email": "erik@example.com"})
    page = open_link(link_in(mailboxes.letter_to("erik@example.com")))
    for field in page.driver.find_elements(By.CSS_SELECTOR, "input[type=password]"):
        field.send_keys("password")
    assert "too common" in page.press()
    page.shoot("refused")
    assert page.find("button").is_enabled()
    assert me(service, "erik")["username"] == "erik"


# The sender that comes with the service


@pytest.fixture
def alone():
    """A mail server of its own."""
    with MailServer() as server:
        yield server


@pytest.fixture
def where(alone):
    with place(**alone.environment, DEBUG="true") as somewhere:
        yield somewhere


def test_the_service_as_make_run_starts_it_sends_its_mail(where, alone):
    with WithMail(where) as service:
        register(service, "bob")
        letter = alone.letter_to("bob@example.com")
        assert link_in(letter).startswith("http://127.0.0.1")
        assert service.sender()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_sender_ends_when_the_service_does(where, how):
    with WithMail(where) as service:
        sender = service.sender()
        time.sleep(3)  # it is at work by now
        os.kill(service.process.pid, how)
        service.process.wait(60)
        wait_for(lambda: _is_over(sender), "the sender's end")


def test_the_sender_ends_also_where_the_service_did_before_it_was_at_work(where):
    with Killed(where) as service:
        sender = service.sender()
        os.kill(service.process.pid, signal.SIGKILL)
        service.process.wait(60)
        wait_for(lambda: _is_over(sender), "the sender's end", 20)


class Killed(WithMail):
    """One that is not waited for until it serves."""

    def _is_ready(self) -> bool:
        return True


def test_without_a_mail_server_and_debug_there_is_nothing_to_send(where):
    with WithMail(where, DEBUG="false", EMAIL_HOST="", EMAIL_PORT="", PUBLIC_URL="") as service:
        answer = service.post("/api/registration", {"username": "bob", "password": PASSWORD, "email": "bob@example.com"})
        assert answer.status_code == 201 and "message" not in answer.json()
        assert requests.post(f"{service.url}/api/password/reset", json={"email": "bob@example.com"}, timeout=10).status_code == 503
        assert where.rows("SELECT * FROM django_tasks_database_dbtaskresult") == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("times", [1, 3])
def test_a_sender_that_is_told_to_end_sends_the_letter_that_it_is_at(where, alone, how, times):
    where.manage("shell", "--verbosity", "0", "-c", WRITE)
    alone.slow = 4
    with Sender(where) as sender:
        wait_for(lambda: alone.begun, "the letter's beginning")
        for _ in range(times):
            os.kill(sender.process.pid, how)
            time.sleep(0.3)
        assert sender.process.wait(30) == 0
        assert "Traceback" not in sender.said()
    assert alone.letter_to("bob@example.com")
    assert where.rows("SELECT status FROM django_tasks_database_dbtaskresult") == [("SUCCESSFUL",)]
