"""The admin in a real browser, Debian's Chromium without a screen, against the real service.

SCREENSHOTS=screenshots pytest tests/test_browser_admin.py    keeps a picture of each page in that folder
"""

import os
import shutil
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.service import PASSWORD, Service, place

PATIENCE = 15  # seconds for anything to appear
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1280,1000", "--lang=en"]  # fmt: skip
MENTEES = ["ben", "carla", "dmitri", "elena", "farid", "greta"]


def skip_loudly(config, why: str):
    with config.pluginmanager.get_plugin("capturemanager").global_and_fixture_disabled():
        config.get_terminal_writer().line(f"\n!! The admin is not tried in a browser: {why}", yellow=True)
    pytest.skip(why)


@pytest.fixture(scope="module")
def service():
    with place() as where, Service(where, DEBUG="true") as served:
        served.sign_up("alice", is_mentor=True, email="alice@example.com", first_name="Alice", last_name="Novak", phone="+442079460123")
        served.sign_up("bob", is_mentor=True)
        served.sign_up("zoe")
        for number, name in enumerate(MENTEES):
            served.sign_up(name, mentor_username="alice", email=f"{name}@example.com", phone=f"+4420794609{number:02}")
        yield served


@pytest.fixture(scope="module")
def chromium(pytestconfig, tmp_path_factory):
    if not CHROMIUM or not DRIVER:
        skip_loudly(pytestconfig, "chromium and chromedriver are not installed (on Debian: apt-get install chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in [*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options, webdriver.ChromeService(DRIVER)) as driver:
        yield driver


class Page:
    """What a person sees and does."""

    def __init__(self, driver, service):
        self.driver, self.service = driver, service

    def open(self, path: str) -> None:
        self.driver.get(self.service.url + path)

    def card_of(self, name: str) -> None:
        self.open(f"/admin/users/user/{self.service.get(f'/api/users/{name}', self.token()).json()['id']}/change/")

    def token(self) -> str:
        return self.service.sign_in("zoe")["access"]

    def find(self, css: str):
        return WebDriverWait(self.driver, PATIENCE).until(lambda driver: driver.find_element(By.CSS_SELECTOR, css), css)

    def click(self, css: str) -> None:
        """Click what leads to another page, and wait for it."""
        here = self.find("html")
        self.find(css).click()
        WebDriverWait(self.driver, PATIENCE).until(lambda _driver: here.id != self.driver.find_element(By.CSS_SELECTOR, "html").id, css)

    def choose(self, select: str, text: str) -> list[str]:
        """Type into the autocomplete of a field, and take the one that is offered under this name. All that were offered."""
        self.find(f"#{select} + .select2 .select2-selection").click()
        typed = self.find(f".select2-container--open .select2-search__field, #{select} + .select2 .select2-search__field")
        typed.send_keys(text)
        offers = WebDriverWait(self.driver, PATIENCE, ignored_exceptions=[StaleElementReferenceException]).until(
            lambda _driver: self.offered(text), text
        )
        self.shoot(f"autocomplete-{select}")
        names = [offer.text for offer in offers]
        offers[names.index(text)].click()
        return names

    def offered(self, text: str) -> list:
        """The offers, once they are those for this text and not for what was there before it."""
        offers = self.driver.find_elements(By.CSS_SELECTOR, ".select2-results__option")
        return offers if all(text in offer.text for offer in offers) else []

    def mentees(self) -> list[str]:
        return [row.text for row in self.driver.find_elements(By.CSS_SELECTOR, "#mentees tbody th")]

    def message(self) -> str:
        """What is said at the top of what is in sight, wherever that is on the page."""
        said = self.find(".messagelist")
        assert self.driver.execute_script("return arguments[0].getBoundingClientRect().top >= 0", said)
        return said.text

    def shoot(self, name: str) -> None:
        if folder := os.environ.get("SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.driver.save_screenshot(f"{folder}/{os.environ['TEST_ON']}-{name}.png")


@pytest.fixture
def page(chromium, service):
    """A page signed in to the admin. Nothing that it asked for may be missing or fail."""
    page = Page(chromium, service)
    chromium.delete_all_cookies()
    page.open("/admin/")
    page.shoot("login")
    page.find("#id_username").send_keys("admin")
    page.find("#id_password").send_keys(PASSWORD)
    page.click("[type=submit]")
    assert page.find("#user-tools").is_displayed()
    yield page
    faults = [entry["message"] for entry in chromium.get_log("browser") if entry["level"] == "SEVERE"]
    assert [fault for fault in faults if "/favicon.ico" not in fault] == []


def test_the_first_page_leads_to_the_users(page):
    page.shoot("index")
    page.click(".model-user a")
    assert page.find("#changelist-search").is_displayed()
    page.shoot("users")


def test_a_mentor_is_given_by_autocomplete(page):
    page.card_of("zoe")
    assert page.choose("id_mentor", "bob") == ["bob"]
    page.click("[name=_continue]")
    assert "changed successfully" in page.message()
    assert page.find("#select2-id_mentor-container").text.endswith("bob")
    page.shoot("card")


def test_mentees_are_taken_on_and_released_on_the_mentors_card(page):
    page.card_of("alice")
    assert page.mentees() == MENTEES
    page.shoot("mentor-top")
    page.choose("id_people", "zoe")
    page.choose("id_people", "bob")
    page.click("[name=take_on]")
    assert page.message() == "2 users were taken on."
    assert page.mentees() == sorted([*MENTEES, "bob", "zoe"])
    page.shoot("mentor-after")
    page.find("#mentees thead [type=checkbox]").click()
    for name in MENTEES:
        page.find(f"#mentees [aria-label={name}]").click()
    page.shoot("mentor-mentees")
    page.click("[name=release]")
    assert page.message() == "2 mentees were released."
    assert page.mentees() == MENTEES


def test_mentees_are_searched_on_the_card(page):
    page.card_of("alice")
    page.find("#mentees [name=find]").send_keys("ELE")
    page.click("#mentees [role=search] [type=submit]")
    assert page.mentees() == ["elena"]


def test_a_mentors_role_is_ended_after_a_question(page):
    page.service.sign_up("carol", is_mentor=True)
    page.service.sign_up("dora", mentor_username="carol")
    page.open("/admin/users/user/?q=carol")
    page.find("[name=_selected_action]").click()
    Select(page.find("[name=action]")).select_by_value("end_being_mentors")
    page.click("[name=index]")
    assert "1 user will end being a mentor. 1 mentee will be released." in page.find("#content").text
    page.shoot("ask")
    page.click("[name=sure]")
    assert page.message() == "1 user ended being a mentor. 1 mentee was released."
    assert page.service.get("/api/users/dora", page.token()).json()["mentor"] is None


def test_a_mentor_is_given_to_a_selection(page):
    page.service.sign_up("erik")
    page.open("/admin/users/user/?q=erik")
    page.find("[name=_selected_action]").click()
    Select(page.find("[name=action]")).select_by_value("give_a_mentor")
    page.click("[name=index]")
    assert page.choose("id_mentor", "bob") == ["bob"]
    page.shoot("give")
    page.click("[name=sure]")
    assert page.message() == "1 user now has the mentor bob."
    page.click("#result_list tbody th a")
    page.click(".historylink")
    page.shoot("history")
    assert "Given a mentor: bob." in page.find("#change-history").text
