"""The page at `/`, used in a real browser as a person would use it.

Screenshots of each view go to `.artifacts/screenshots/`. Needs the server's program, selenium and
chromium.
"""

import base64
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.apus_server import REPOSITORY, ApusServer
from support.browser import chromium, console_errors, prefer, resize

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

SCREENSHOTS = REPOSITORY / ".artifacts" / "screenshots"
WIDE, PHONE = (1280, 900), (320, 640)
# A name that a careless command line would break on.
PHOTO_NAME = "it's a \"red\" $HOME square.png"


class Page:
    """The page in the browser: what a person looks for and does."""

    def __init__(self, browser, server):
        self.browser, self.server = browser, server

    def open(self, model=None, view=None):
        words = f"#model={model}" if model else ""
        self.browser.get("about:blank")
        self.browser.get(f"{self.server.url}/{words}{f'&view={view}' if view else ''}")
        self.text_of("main h1, main h2")

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def wait(self, condition, seconds=15):
        # The page replaces what it shows; an element that went away is looked for again.
        waiting = WebDriverWait(self.browser, seconds, 0.05, [StaleElementReferenceException])
        return waiting.until(lambda _: condition())

    def find(self, selector):
        return self.wait(lambda: next(iter(self.all(selector)), None))

    def text_of(self, selector, containing=""):
        def text():
            found = self.all(selector)
            return found[0].text if found and found[0].text and containing in found[0].text else None
        return self.wait(text)

    def press(self, label):
        def pressed():
            found = [each for each in self.all("button") if each.text == label and each.is_displayed()]
            return found and (found[0].click(), True)[1]
        self.wait(pressed)

    def active(self, script="return document.activeElement.textContent"):
        return self.browser.execute_script(script)

    def keys(self, *keys):
        ActionChains(self.browser).send_keys(*keys).perform()

    def shot(self, name):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        size = self.browser.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        picture = self.browser.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": True,
            "clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}})
        (SCREENSHOTS / f"{name}.png").write_bytes(base64.b64decode(picture["data"]))

    def answers_instead(self, answers):
        """From the next page on, `answers` (path -> value) stand in for the server's."""
        script = """
          const answers = %s, real = window.fetch;
          window.fetch = (path, options) => path in answers
            ? Promise.resolve(new Response(JSON.stringify(answers[path]))) : real(path, options);
        """ % json.dumps(answers)
        added = self.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})
        return lambda: self.browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)

    def command(self):
        """The curl line that the page shows."""
        return self.text_of(".call .curl")


def square_png(side=320, low=90, high=230):
    """A red square on grey, without any imaging library."""
    rows = b"".join(
        b"\0" + b"".join(b"\xd0\x20\x20" if low <= x < high and low <= y < high else b"\xe6\xe6\xe6"
                         for x in range(side))
        for y in range(side))
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def run_command(page, folder):
    """Runs the shown line in a shell, as a person who pasted it."""
    done = subprocess.run(["sh", "-c", page.command()], cwd=folder, capture_output=True, timeout=30)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def choose_photo(page, folder, name=PHOTO_NAME, content=None):
    path = pathlib.Path(folder) / name
    path.write_bytes(content or square_png())
    page.find("input[type=file]").send_keys(str(path))


def draw_one(page):
    """The digit 1, as one stroke of the mouse."""
    pad = page.find("canvas.pad")
    page.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", pad)
    actions = ActionChains(page.browser, duration=60).move_to_element_with_offset(pad, -20, -70).click_and_hold()
    for x, y in [(5, -110), (5, -40), (5, 40), (5, 110)]:
        actions.move_to_element_with_offset(pad, x, y)
    actions.release().perform()


# The checks, in the order they run. Each opens what it needs.

def models_are_listed_and_the_server_is_ready(page, folder):
    page.open()
    page.text_of("#status", "Ready")
    names = [link.text for link in page.all("#models a")]
    assert {"digits", "shapes", "iris"} <= set(names), names
    assert page.all("#models a[aria-current]"), "no model is open"


def a_model_is_opened_by_the_address_and_by_the_list(page, folder):
    page.open("iris")
    assert page.text_of("main h1") == "iris"
    page.find("#models a[data-name=shapes]").click()
    page.text_of("main h1", "shapes")
    assert "model=shapes" in page.browser.current_url
    page.browser.back()
    page.text_of("main h1", "iris")


def the_batcher_says_what_it_does_and_why(page, folder):
    page.open("iris")
    page.find(".signature")
    assert not any(each.is_displayed() for each in page.all(".batching")), "nobody asked for a batcher"
    restore = page.answers_instead({"/v2/models/iris/stats": {"model_stats": [{
        "name": "iris", "version": "1", "batching": {
            "max_batch_size": 8, "max_queue_delay_microseconds": 1500, "reason": "a joined row costs 40 % less"}}]}})
    try:
        page.open("iris")
        said = page.text_of(".batching", "Why")
        assert said == ("Requests run together, up to 8 rows; a run waits up to 1.5 ms for more. "
                        "Why: a joined row costs 40 % less."), said
    finally:
        restore()


def a_change_that_was_not_taken_is_shown(page, folder):
    restore = page.answers_instead({"/v2/repository/index": [
        {"name": "iris", "version": "1", "state": "READY", "reason": "it stays as it was: line 2"}]})
    try:
        page.open("iris")
        assert "line 2" in page.text_of("main .problem", "not taken")
        page.find(".signature")
    finally:
        restore()


def a_photo_gets_boxes_times_and_a_table(page, folder):
    page.open("shapes")
    choose_photo(page, folder)
    page.find(".boxes .box")
    assert "square" in page.text_of(".detections tbody").lower()
    assert "ms" in page.text_of(".timings")
    facts = page.text_of(".facts", "round trip")
    assert "200" in facts and "request id" in facts, facts
    page.shot("detect-light")


def a_box_lies_where_the_square_is(page, folder):
    page.open("shapes")
    choose_photo(page, folder)
    page.find(".boxes .box")
    box, photo = page.browser.execute_script("""
      const numbers = (e) => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
      return [numbers(document.querySelector('.box')), numbers(document.querySelector('.photo canvas'))];""")
    width = photo[2] - photo[0]
    shares = [(box[0] - photo[0]) / width, (box[1] - photo[1]) / width,
              (box[2] - photo[0]) / width, (box[3] - photo[1]) / width]
    expected = [90 / 320, 90 / 320, 230 / 320, 230 / 320]
    assert all(abs(a - b) < 0.05 for a, b in zip(shares, expected)), shares


def the_curl_line_of_a_photo_gives_the_same_boxes(page, folder):
    if not shutil.which("curl"):
        return "curl is not installed"
    page.open("shapes")
    choose_photo(page, folder)
    page.find(".boxes .box")
    answer = run_command(page, folder)
    assert len(answer["detections"]) == len(page.all(".boxes .box")), answer


def the_confidence_slider_asks_again(page, folder):
    page.open("shapes")
    choose_photo(page, folder)
    page.find(".boxes .box")
    page.all(".slider input")[0].send_keys(Keys.END)
    page.wait(lambda: "confidence=0.95" in page.command())


def a_row_of_the_table_marks_its_box(page, folder):
    page.open("shapes")
    choose_photo(page, folder)
    page.find(".detections .pick").click()
    assert page.all(".box.marked") and page.all(".detections tr.marked")


def the_page_draws_a_picture_for_the_demo_model(page, folder):
    page.open("shapes")
    assert "a demo for drawings" in page.text_of(".source .hint")
    page.press("Draw a picture")
    page.find(".boxes .box")
    page.shot("shapes-light")


def a_file_that_is_no_photo_gets_the_servers_words(page, folder):
    page.open("shapes")
    choose_photo(page, folder, "notes.png", b"these are no pixels")
    problem = page.text_of(".problem")
    assert problem.startswith("4") and "request id" in problem, problem
    assert "cannot show this file" in page.text_of(".frame .hint")
    page.shot("refused-light")


def a_photo_can_be_dropped_and_pasted(page, folder):
    give = """
      const bytes = Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0));
      const files = new DataTransfer();
      files.items.add(new File([bytes], 'given.png', { type: 'image/png' }));
      window.dispatchEvent(arguments[1] === 'drop'
        ? new DragEvent('drop', { dataTransfer: files, cancelable: true })
        : new ClipboardEvent('paste', { clipboardData: files, cancelable: true }));"""
    for way in ("drop", "paste"):
        page.open("shapes")
        page.find(".frame")
        page.browser.execute_script(give, base64.b64encode(square_png()).decode(), way)
        page.find(".boxes .box")
        assert "@given.png" in page.command()


def a_photo_is_taken_with_the_camera(page, folder):
    page.open("shapes")
    page.press("Use the camera")
    page.wait(lambda: page.browser.execute_script(
        "return document.querySelector('dialog video')?.videoWidth > 0"))
    page.press("Take the photo")
    page.wait(lambda: "@camera.jpg" in page.command())
    assert not page.all("dialog"), "the dialog stayed open"


def a_drawn_digit_is_read_while_drawing(page, folder):
    page.open("digits")
    draw_one(page)
    assert len(page.wait(lambda: page.all(".bars li"))) == 10
    page.text_of(".summary", "Looks like 1")
    page.shot("digits-light")
    page.press("Clear")
    page.text_of(".summary", "Draw a digit")
    assert not page.all(".bars li")


def a_digit_is_drawn_with_keys_alone(page, folder):
    page.open("digits")
    page.browser.execute_script("document.querySelector('.skip').focus()")
    page.keys(Keys.ENTER)
    page.wait(lambda: (page.keys(Keys.TAB), page.active("return document.activeElement.className") == "pad")[1])
    page.keys(*[Keys.ARROW_UP] * 3, Keys.SPACE, *[Keys.ARROW_DOWN] * 13, Keys.SPACE)
    page.text_of(".summary", "Looks like 1")
    page.shot("digits-keyboard-light")


def a_request_is_edited_and_sent(page, folder):
    page.open("iris")
    editor = page.find("#request")
    request = json.loads(editor.get_attribute("value"))
    assert request["inputs"][0]["shape"] == [1, 4], request
    request["inputs"][0].update(shape=[2, 4], data=[5.1, 3.5, 1.4, 0.2, 6.7, 3.0, 5.2, 2.3])
    editor.clear()
    editor.send_keys(json.dumps(request), Keys.CONTROL, Keys.ENTER)
    page.text_of(".summary", "Answered in")
    assert len(page.all(".output")) >= 1
    page.shot("tensor-light")


def the_curl_line_of_tensors_answers(page, folder):
    if not shutil.which("curl"):
        return "curl is not installed"
    page.open("iris")
    page.press("Send")
    page.text_of(".summary", "Answered in")
    assert run_command(page, folder)["outputs"]
    page.press("Copy")
    page.text_of(".call button", "Copied")


def broken_json_is_named_with_its_place_and_not_sent(page, folder):
    page.open("iris")
    editor = page.find("#request")
    for text, expected in [
        ('{"inputs": [', "Line 1, column 13"),
        ('{\n  "inputs": [1, 2,]\n}', "Line 2, column 18: no comma is allowed before ]"),
        ('{"a": NaN}', "no NaN"),
        ("{'a': 1}", "a name in double quotes"),
        ('{"a": 1} x', "nothing more is expected"),
        ('{"a": 01}', "a comma or } is expected"),
    ]:
        page.browser.execute_script("arguments[0].value = arguments[1]", editor, text)
        page.press("Send")
        assert expected in page.text_of(".verdict"), (text, page.text_of(".verdict"))
    assert editor.get_attribute("aria-invalid") == "true"
    assert page.active("return document.activeElement.id") == "request"
    assert "Nothing sent" in page.text_of(".facts")
    page.shot("tensor-broken-light")


def a_wrong_request_gets_the_servers_words(page, folder):
    page.open("iris")
    editor = page.find("#request")
    request = json.loads(editor.get_attribute("value"))
    request["inputs"][0]["shape"] = [1, 5]
    page.browser.execute_script("arguments[0].value = arguments[1]", editor, json.dumps(request))
    page.press("Send")
    assert page.text_of(".problem").startswith("400")


def a_large_tensor_is_shortened_and_written_out(page, folder):
    page.open("shapes", "tensor")
    editor = page.find("#request")
    assert '"fill"' in editor.get_attribute("value") and len(editor.get_attribute("value")) < 1000
    page.text_of("p.note", "shortened")
    page.press("Send")
    page.text_of(".summary", "Answered in")
    assert "@request.json" in page.command()


def the_page_is_usable_in_the_dark(page, folder):
    prefer(page.browser, "dark")
    ground = "return getComputedStyle(document.body).backgroundColor"
    for model, draw in [("digits", draw_one), ("shapes", lambda p: p.press("Draw a picture"))]:
        page.open(model)
        draw(page)
        page.find(".bars li, .boxes .box")
        page.shot(f"{model}-dark")
    page.open("iris")
    page.press("Send")
    page.text_of(".summary", "Answered in")
    page.shot("tensor-dark")
    dark = page.active(ground)
    page.press("Light")
    assert page.active(ground) != dark
    page.open("iris")
    assert page.active(ground) != dark, "the choice is forgotten"
    page.press("Dark")
    assert page.active(ground) == dark


def the_page_fits_a_narrow_phone(page, folder):
    resize(page.browser, *PHONE, is_phone=True)
    overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for model, use, seen in [
        ("digits", draw_one, ".bars li"), ("iris", lambda p: p.press("Send"), ".output"),
        ("shapes", lambda p: p.press("Draw a picture"), ".boxes .box"),
    ]:
        page.open(model)
        use(page)
        page.find(seen)
        assert page.active(overflow) <= 0, f"{model} is {page.active(overflow)} pixels too wide"
        page.shot(f"{model}-phone")


def everything_has_a_name_for_those_who_do_not_see(page, folder):
    nameless = """
      const named = (e) => e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length
        || e.getAttribute('aria-labelledby');
      return [...document.querySelectorAll('button, a, input, textarea, canvas, nav, [role=img]')]
        .filter((e) => !e.hidden && !named(e)).map((e) => e.outerHTML);"""
    for model, view in [("digits", None), ("shapes", None), ("shapes", "tensor"), ("iris", None)]:
        page.open(model, view)
        assert page.active(nameless) == [], (model, page.active(nameless))


def text_stands_out_from_its_ground(page, folder):
    contrast = """
      const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
      const light = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
        const v = c[i] / 255; return sum + weight * (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); }, 0);
      const ground = (e) => { for (; e; e = e.parentElement) {
        const c = parts(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0.5) return c; }
        return [255, 255, 255]; };
      return [...document.querySelectorAll('body *')]
        .filter((e) => e.checkVisibility() && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
        .map((e) => { const a = light(parts(getComputedStyle(e).color)), b = light(ground(e));
          return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.className + ': ' + e.textContent.slice(0, 40)]; })
        .filter(([ratio]) => ratio < 4.5);"""
    for scheme in ("light", "dark"):
        prefer(page.browser, scheme)
        for model in ("digits", "iris", "shapes"):
            page.open(model)
            assert page.active(contrast) == [], (scheme, model, page.active(contrast))


def no_model_says_how_to_load_one(page, folder):
    restore = page.answers_instead({"/v2/models": {"models": []}, "/v2/repository/index": []})
    try:
        page.open()
        assert "No model is loaded" in page.text_of("main")
        page.shot("no-model-light")
    finally:
        restore()


def a_failed_model_gives_its_reason(page, folder):
    reason = "broken.onnx ends inside a tensor: 4,096 of 10,699,268 bytes are there"
    restore = page.answers_instead({
        "/v2/models": {"models": ["iris"]},
        "/v2/repository/index": [
            {"name": "iris", "version": "1", "state": "READY", "reason": ""},
            {"name": "broken", "version": "1", "state": "UNAVAILABLE", "reason": reason}]})
    try:
        page.open("broken")
        assert reason in page.text_of("main .problem")
        page.text_of("#models a[data-name=broken]", "not loaded")
        page.shot("failed-model-light")
    finally:
        restore()


def a_stopped_server_is_said_and_noticed_again(page, folder):
    page.open("iris")
    unplug = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    page.browser.execute_cdp_cmd("Network.enable", {})
    page.browser.execute_cdp_cmd("Network.emulateNetworkConditions", unplug)
    try:
        page.press("Send")
        page.text_of("#gone", "does not answer")
        page.text_of("#status", "No answer")
        page.shot("gone-light")
    finally:
        page.browser.execute_cdp_cmd("Network.emulateNetworkConditions", unplug | {"offline": False})
    page.press("Ask now")
    page.text_of("#status", "Ready")
    page.wait(lambda: not page.find("#gone").is_displayed())


CHECKS = [
    models_are_listed_and_the_server_is_ready,
    a_model_is_opened_by_the_address_and_by_the_list,
    the_batcher_says_what_it_does_and_why,
    a_change_that_was_not_taken_is_shown,
    a_photo_gets_boxes_times_and_a_table,
    a_box_lies_where_the_square_is,
    the_curl_line_of_a_photo_gives_the_same_boxes,
    the_confidence_slider_asks_again,
    a_row_of_the_table_marks_its_box,
    the_page_draws_a_picture_for_the_demo_model,
    a_file_that_is_no_photo_gets_the_servers_words,
    a_photo_can_be_dropped_and_pasted,
    a_photo_is_taken_with_the_camera,
    a_drawn_digit_is_read_while_drawing,
    a_digit_is_drawn_with_keys_alone,
    a_request_is_edited_and_sent,
    the_curl_line_of_tensors_answers,
    broken_json_is_named_with_its_place_and_not_sent,
    a_wrong_request_gets_the_servers_words,
    a_large_tensor_is_shortened_and_written_out,
    the_page_is_usable_in_the_dark,
    the_page_fits_a_narrow_phone,
    everything_has_a_name_for_those_who_do_not_see,
    text_stands_out_from_its_ground,
    no_model_says_how_to_load_one,
    a_failed_model_gives_its_reason,
    a_stopped_server_is_said_and_noticed_again,
]


class PageTest(unittest.TestCase):
    """One test for each of `CHECKS`, all in one browser beside one server."""

    @classmethod
    def setUpClass(cls):
        cls.server = ApusServer()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)
        browser = chromium()
        cls.addClassCleanup(browser.quit)
        cls.page = Page(browser, cls.server)

    def check(self, check):
        page = self.page
        resize(page.browser, *WIDE)
        prefer(page.browser, "light")
        console_errors(page.browser)
        with tempfile.TemporaryDirectory() as folder:
            try:
                skipped = check(page, folder)
                errors = console_errors(page.browser)
                self.assertFalse(errors, "the console says something")
            except Exception:
                page.shot(f"failed-{check.__name__}")
                raise
        if skipped:
            self.skipTest(skipped)


def add(number, check):
    setattr(PageTest, f"test_{number:02}_{check.__name__}", lambda self: self.check(check))


for place, each in enumerate(CHECKS):
    add(place, each)

if __name__ == "__main__":
    unittest.main()
