"""Debian's chromium, without a screen, for tests of the page."""

import shutil

from selenium import webdriver


def chromium():
    """A fresh browser with an empty profile; its console is kept for `console_errors`."""
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if not all(programs):
        raise RuntimeError("chromium and chromium-driver are not installed; scripts/bootstrap test does it")
    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                 "--hide-scrollbars", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(programs[1]))


def console_errors(browser):
    """Errors of the page's own doing since the last call: scripts and the content policy.

    Chromium also writes a line for every refused request; those are the server's answers, and the
    checks cause them on purpose.
    """
    return [
        entry["message"] for entry in browser.get_log("browser")
        if entry["level"] == "SEVERE" and "Failed to load resource" not in entry["message"]
    ]


def resize(browser, width, height, is_phone=False):
    """Sets the viewport exactly; a window cannot be made as narrow as a phone."""
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone})


def prefer(browser, scheme):
    """What the system's setting for colours would say: "light" or "dark"."""
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": "prefers-color-scheme", "value": scheme}]})
