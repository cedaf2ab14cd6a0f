"""The pages of the API's documents in a real browser: they show themselves, and ask nobody but this service."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.service import Service, place
from tests.test_browser_admin import PATIENCE, chromium  # noqa: F401 a fixture

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def service():
    with place() as where, Service(where, DEBUG="true") as served:
        yield served


@pytest.mark.parametrize(("path", "shown"), [("/api/docs/", ".opblock-summary-path"), ("/redoc/", "[role=menuitem]"), ("/", ".opblock")])
def test_a_page_shows_the_operations_and_loads_nothing_from_elsewhere(service, chromium, path, shown):  # noqa: F811
    chromium.get(service.url + path)
    WebDriverWait(chromium, PATIENCE).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, shown), shown)
    loaded = chromium.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert any(name.startswith(service.url) for name in loaded)
    refused = " ".join(entry["message"] for entry in chromium.get_log("browser") if "Content Security Policy" in entry["message"])
    asked = [name for name in loaded if not name.startswith((service.url, "data:", "blob:")) and name not in refused]
    assert asked == []  # Redoc names a logo elsewhere: the browser is told not to ask for it
