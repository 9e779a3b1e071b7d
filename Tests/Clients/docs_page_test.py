"""The page at `/docs`, used in a real browser as a person would use it.

Screenshots go to `.artifacts/screenshots/`. Needs the server's program, selenium and chromium.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import page_test
from support.apus_server import ApusServer
from support.browser import chromium, console_errors, prefer, resize

from selenium.webdriver.common.keys import Keys

WIDE, PHONE = page_test.WIDE, page_test.PHONE


class Addresses(page_test.Page):
    """The page of addresses in the browser."""

    def open(self, model=None, operation=None):
        words = {"model": model, "operation": operation}
        hash_ = "&".join(f"{name}={value}" for name, value in words.items() if value)
        self.browser.get("about:blank")
        self.browser.get(f"{self.server.url}/docs{'#' + hash_ if hash_ else ''}")
        self.text_of("main h1")

    def send(self):
        """Sends; gives the status line of the answer."""
        self.browser.execute_script("document.querySelector('.outcome')?.remove()")
        self.press("Send")
        return self.text_of(".result .outcome, .result .problem")

    def type_instead(self, text):
        field = self.find("#request")
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text)

    def body(self):
        return self.text_of(".result pre")

    def write(self, selector, text):
        field = self.find(selector)
        field.clear()
        field.send_keys(text)

    def choose(self, selector, value):
        self.wait(lambda: self.browser.execute_script("""
          const field = document.querySelector(arguments[0]);
          if (![...(field?.options ?? [])].some((option) => option.value === arguments[1])) return false;
          field.value = arguments[1];
          field.dispatchEvent(new Event('change', {bubbles: true}));
          return true;""", selector, value))


def run_command(page, folder):
    done = subprocess.run(["sh", "-c", page.command()], cwd=folder, capture_output=True, timeout=30)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def an_infer_request_is_filled_in_and_works(page, folder):
    page.open("iris", "post_v2_models_model_infer")
    assert page.text_of("main h1") == "POST /v2/models/iris/infer"
    assert '"features"' in page.find("#request").get_property("value")
    outcome = page.send()
    assert outcome.startswith("200 OK") and "ms" in outcome, outcome
    answer = json.loads(page.body())
    assert answer["model_name"] == "iris" and answer["outputs"][1]["shape"] == [1, 3]
    assert "x-request-id" in page.text_of(".result .head")
    page.shot("docs-infer-light")


def the_curl_line_does_the_same(page, folder):
    page.open("iris", "post_v2_models_model_infer")
    assert run_command(page, folder)["model_name"] == "iris"
    page.open("iris", "put_models_model")
    page.write("#parameter-query-min_worker", "1")
    assert "-X PUT" in page.command() and "min_worker=1" in page.command()
    assert "code" in run_command(page, folder) or "status" in run_command(page, folder)


def an_error_is_shown_as_the_server_says_it(page, folder):
    page.open("iris", "post_v2_models_model_infer")
    page.type_instead('{"inputs": [{"name": "petals", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}]}')
    assert page.send().startswith("400")
    assert "the model has no input `petals`" in page.body()
    page.type_instead('{"inputs": [')
    page.text_of("#verdict", "Line 1")
    assert page.send().startswith("400"), "broken JSON may be sent: the server says what is wrong"
    page.shot("docs-error-light")


def a_photo_is_uploaded(page, folder):
    page.open("shapes")
    assert page.text_of("main h1") == "POST /v2/models/shapes/detect", "a detector is asked to detect"
    assert page.send().startswith("200"), "the example in JSON works"
    page.choose("#content-type", "image/png")
    page.text_of(".side .hint[role=status]", "example photo")
    assert page.send().startswith("200"), "the example photo works"
    path = pathlib.Path(folder) / page_test.PHOTO_NAME
    path.write_bytes(page_test.square_png())
    page.find("input[type=file]").send_keys(str(path))
    page.text_of(".side .hint[role=status]", page_test.PHOTO_NAME)
    assert page.send().startswith("200")
    found = json.loads(page.body())["detections"]
    assert "square" in [each["label"] for each in found], found
    assert run_command(page, folder)["detections"] == found
    page.shot("docs-photo-light")


def a_form_and_an_annotated_photo_work(page, folder):
    page.open("shapes", "post_v2_models_model_detect")
    page.choose("#content-type", "multipart/form-data")
    path = pathlib.Path(folder) / "square.png"
    path.write_bytes(page_test.square_png())
    page.find("input[type=file]").send_keys(str(path))
    page.write("#form-max_detections", "1")
    assert page.send().startswith("200")
    assert len(json.loads(page.body())["detections"]) == 1
    assert len(run_command(page, folder)["detections"]) == 1
    page.browser.execute_script("document.querySelector('#headers').closest('details').open = true")
    page.write("#headers", "Accept: image/jpeg")
    assert page.send().startswith("200")
    page.wait(lambda: page.browser.execute_script(
        "return document.querySelector('.result img')?.naturalWidth === 320"))


def every_kind_of_address_is_there_and_answers(page, folder):
    page.open("iris")
    page.choose("#model", "")
    page.wait(lambda: len(page.all("#addresses a")) > 50)
    page.find("#addresses a[data-id=get_metrics]").click()
    page.text_of("main h1", "/metrics")
    assert page.send().startswith("200")
    assert "apus_" in page.body()
    page.write("#filter", "set-default")
    page.wait(lambda: len(page.all("#addresses a")) == 1)
    page.write("#filter", "no such address")
    page.text_of("#addresses", "No address")


def what_it_takes_and_answers_is_told(page, folder):
    page.open("iris", "post_v2_models_model_infer")
    page.find(".contract summary").click()
    told = page.text_of(".contract table")
    assert "400" in told and "429" in told and "application/json" in told, told


def another_model_keeps_the_address(page, folder):
    page.open("iris", "post_v2_models_model_infer")
    page.choose("#model", "digits")
    page.text_of("main h1", "/v2/models/digits/infer")
    assert page.send().startswith("200")
    page.browser.back()
    page.text_of("main h1", "/v2/models/iris/infer")


def everything_is_done_with_keys(page, folder):
    page.open("iris", "post_v2_models_model_generate")
    page.browser.execute_script("document.querySelector('.skip').focus()")
    page.keys(Keys.ENTER)
    seen = []
    for _ in range(30):
        page.keys(Keys.TAB)
        seen.append(page.active("return document.activeElement.id || document.activeElement.textContent"))
        if seen[-1] == "request":
            break
    assert seen[-1] == "request", seen
    page.find("#request").send_keys(Keys.CONTROL, Keys.ENTER)
    assert page.text_of(".result .outcome").startswith("200")


def everything_has_a_name(page, folder):
    for operation in ("post_v2_models_model_detect", "get_models", "post_v1_models_model_predict"):
        page.open("shapes", operation)
        nameless = page.browser.execute_script("""
          return [...document.querySelectorAll('button, a, input, select, textarea')]
            .filter((e) => !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length))
            .map((e) => e.outerHTML)""")
        assert not nameless, nameless


def it_is_usable_in_the_dark(page, folder):
    prefer(page.browser, "dark")
    page.open("iris", "post_v2_models_model_infer")
    page.send()
    page.shot("docs-infer-dark")
    ground = page.browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(14, 20, 26)", ground


def it_fits_a_narrow_phone(page, folder):
    resize(page.browser, *PHONE, is_phone=True)
    page.open("shapes")
    page.send()
    wide = page.browser.execute_script(
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide[0] <= wide[1], wide
    page.shot("docs-photo-phone")


def a_closed_description_asks_for_its_header(page, folder):
    with ApusServer("--http-restricted-api", "metadata:x-key=secret") as server:
        closed = Addresses(page.browser, server)
        closed.open()
        closed.text_of("main .problem", "restricted")
        closed.write("#headers", "x-key: secret")
        closed.press("Ask again")
        closed.text_of("main h1", "/v2")
        closed.find("#addresses a[data-id=get_v2_models]").click()
        closed.text_of("main h1", "/v2/models")
        assert closed.send().startswith("200")


CHECKS = [
    an_infer_request_is_filled_in_and_works,
    the_curl_line_does_the_same,
    an_error_is_shown_as_the_server_says_it,
    a_photo_is_uploaded,
    a_form_and_an_annotated_photo_work,
    every_kind_of_address_is_there_and_answers,
    what_it_takes_and_answers_is_told,
    another_model_keeps_the_address,
    everything_is_done_with_keys,
    everything_has_a_name,
    it_is_usable_in_the_dark,
    it_fits_a_narrow_phone,
    a_closed_description_asks_for_its_header,
]


class DocsPageTest(unittest.TestCase):
    """One test for each of `CHECKS`, all in one browser beside one server."""

    @classmethod
    def setUpClass(cls):
        cls.server = ApusServer()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)
        browser = chromium()
        cls.addClassCleanup(browser.quit)
        cls.page = Addresses(browser, cls.server)

    def check(self, check):
        page = self.page
        resize(page.browser, *WIDE)
        prefer(page.browser, "light")
        console_errors(page.browser)
        with tempfile.TemporaryDirectory() as folder:
            try:
                check(page, folder)
                self.assertFalse(console_errors(page.browser), "the console says something")
            except Exception:
                page.shot(f"failed-docs-{check.__name__}")
                raise


def add(number, check):
    setattr(DocsPageTest, f"test_{number:02}_{check.__name__}", lambda self: self.check(check))


for place, each in enumerate(CHECKS):
    add(place, each)

if __name__ == "__main__":
    unittest.main()
