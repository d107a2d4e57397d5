"""A headless Chromium of the system, driven by its own driver; nothing is downloaded."""

import json
import shutil
from contextlib import contextmanager

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

NO_CHROMIUM = "Chromium and its driver are not installed: on Debian, apt-get install chromium chromium-driver"
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)
DRAWN_SECONDS = 30


class Browser:
    """What a page does in it. Anything that the driver can do is there as `driver`."""

    def __init__(self, driver):
        self.driver = driver
        self.events: list[dict] = []  # of the pages that were opened
        self.documents: set[str] = set()  # what they are to the browser
        # The browser's own first page asks for things too. It is gone before the first page is opened.
        driver.get("about:blank")
        self.new_events()

    def open(self, path, width: int, scheme: str = "light"):
        """Load a file at this width, in a light or dark scheme, until its charts are drawn."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})
        self.driver.get(path.as_uri())
        self.documents.add(self.driver.execute_cdp_cmd("Page.getFrameTree", {})["frameTree"]["frame"]["loaderId"])
        WebDriverWait(self.driver, DRAWN_SECONDS).until(lambda _: self.run("return document.documentElement.dataset.drawn"))

    def run(self, script: str, *arguments):
        """What a script in the page returns."""
        return self.driver.execute_script(script, *arguments)

    def complaints(self) -> list[str]:
        """Errors and warnings of the console so far, those of the page's policy too."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def new_events(self) -> list[dict]:
        """What the driver's log has of the network and of frames since it was last read: method and parameters of each."""
        return [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]

    def requests(self) -> list[str]:
        """Addresses that the pages opened so far and the frames in them asked for, even where their policy refused it.

        What the browser asks for on its own account belongs to none of these documents.
        """
        self.events += self.new_events()
        frames, asked = set(), []
        for method, found in ((one["method"], one["params"]) for one in self.events):
            if method == "Page.frameAttached":  # only a page that was opened can attach one
                frames.add(found["frameId"])
            elif method == "Network.webSocketCreated":
                asked.append(found["url"])
            elif method == "Network.requestWillBeSent" and (found["loaderId"] in self.documents or found.get("frameId") in frames):
                asked.append(found["request"]["url"])
        return asked


@contextmanager
def chromium(folder):
    """A new browser that keeps its profile in an empty folder. The test is skipped where there is none."""
    program, driver_program = shutil.which("chromium"), shutil.which("chromedriver")
    if not program or not driver_program:
        pytest.skip(NO_CHROMIUM)
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in (*ARGUMENTS, f"--user-data-dir={folder}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(driver_program))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
