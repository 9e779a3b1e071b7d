"""What `apus bench` writes: the page in a real browser, tables, test cases, comparisons, kept results.

Screenshots of the pages go to `.artifacts/screenshots/`. Needs the program, selenium and chromium.
"""

import base64
import csv
import json
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.apus_server import REPOSITORY, ApusServer, binary
from support.browser import chromium, console_errors, prefer, resize

SCREENSHOTS = REPOSITORY / ".artifacts" / "screenshots"
WIDE, PHONE = (1100, 900), (360, 640)

# Texts of a plot that lie on each other or beyond its edge, and a page wider than its window.
MISPLACED = """
const found = [];
for (const svg of document.querySelectorAll('svg')) {
  if (!svg.getClientRects().length) continue;
  const edge = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll('text')].map(each => [each.textContent, each.getBoundingClientRect()]);
  texts.forEach(([text, a], index) => {
    if (a.left < edge.left - 1 || a.right > edge.right + 1 || a.top < edge.top - 1 || a.bottom > edge.bottom + 1)
      found.push(`${text} beyond the edge`);
    for (const [other, b] of texts.slice(index + 1))
      if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3)
        found.push(`${text} on ${other}`);
  });
}
if (document.documentElement.scrollWidth > innerWidth) found.push(`the page is ${document.documentElement.scrollWidth} wide`);
return found;
"""


def apus(*arguments, code=0, **options):
    result = subprocess.run(
        [str(binary()), "bench", *map(str, arguments)], capture_output=True, text=True, timeout=120,
        cwd=options.pop("cwd", REPOSITORY), **options)
    if result.returncode != code:
        raise AssertionError(f"{arguments}: {result.returncode}\n{result.stdout}\n{result.stderr}")
    return result


class Measured(unittest.TestCase):
    """One server, and results of it that all tests read."""

    @classmethod
    def setUpClass(cls):
        cls.server = ApusServer("models/iris/iris.onnx").__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.url = f"{cls.server.url}/v2/models/iris"

    def file(self, name):
        return self.folder / name


class OutputsTest(Measured):
    def test_one_run_writes_everything(self):
        names = {kind: self.file(f"all.{kind}") for kind in ("json", "html", "csv", "xml")}
        apus(self.url, "--scenario", "single-stream,closed-loop", "--concurrency", 4, "--duration", "1s",
             "--json", names["json"], "--report", names["html"], "--csv", names["csv"],
             "--junit", names["xml"], "--fail-if", "p99>10s", "--fail-if", "errors>0")
        documents = json.loads(names["json"].read_text())
        with open(names["csv"], newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["scenario"] for row in rows], ["single-stream", "closed-loop"])
        for row, document in zip(rows, documents):
            self.assertEqual(float(row["p99_ms"]), document["latency_ms"]["p99"])
            self.assertGreater(document["latency_ms"]["p99_99"], 0)
            windows = document["windows"]
            self.assertEqual(sum(windows["queries"]), document["run"]["queries"])
            self.assertEqual({len(windows[key]) for key in windows if key != "seconds"},
                             {len(windows["queries"])})
            counted = sum(count for _, _, count in document["distribution"]["ranges_ms"])
            self.assertEqual(counted, document["run"]["queries"])
        suite = xml.etree.ElementTree.parse(names["xml"]).getroot()
        cases = [(case.get("classname"), case.get("name")) for case in suite.iter("testcase")]
        self.assertEqual(cases[:3], [("single-stream", "measured"), ("single-stream", "not p99>10s"),
                                     ("single-stream", "not errors>0")])
        self.assertEqual(len(cases), 6)
        self.assertFalse(list(suite.iter("failure")))
        self.assertIn("Percentiles", names["html"].read_text())

    def test_the_server_tells_what_it_took(self):
        result = apus(self.url, "--scenario", "closed-loop", "--duration", "1s", "--json",
                      self.file("server.json"))
        document = json.loads(self.file("server.json").read_text())
        server = document["server"]
        self.assertEqual(server["model"]["requests"], document["run"]["queries"])
        self.assertGreater(server["model"]["compute_infer_ms"], 0)
        self.assertGreater(server["cpu_seconds"], 0)
        self.assertGreater(server["memory_bytes"], 1 << 20)
        self.assertIn("apus", server["process"])
        self.assertIn("in the server, ms", result.stdout)
        self.assertIn("energy", document)
        for key in ("processor", "cores", "memory", "kernel", "measured_at"):
            self.assertTrue(document["environment"][key], key)

    def test_energy_of_accelerators_is_counted_by_their_library(self):
        # NVML as far as it is asked: two devices, of which one tells a joule more with each look.
        source = self.file("nvml.c")
        source.write_text("""
            static unsigned long long millijoules;
            int nvmlInit_v2(void) { return 0; }
            int nvmlDeviceGetCount_v2(unsigned *count) { *count = 2; return 0; }
            int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
              *device = (void *)(unsigned long)(index + 1);
              return 0;
            }
            int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *energy) {
              if (device != (void *)1) return 3;
              *energy = millijoules += 1000;
              return 0;
            }
            """)
        compiler = shutil.which("clang") or shutil.which("cc")
        subprocess.run([compiler, "-shared", "-fPIC", "-o", self.file("libnvidia-ml.so.1"), source], check=True)
        path = os.pathsep.join([str(source.parent), os.environ.get("LD_LIBRARY_PATH", "")])
        result = apus(self.url, "--scenario", "closed-loop", "--duration", "1s", "--json", "-",
                      env=os.environ | {"LD_LIBRARY_PATH": path})
        energy = json.loads(result.stdout)["energy"]
        self.assertIn("gpu-0", energy["of"])
        self.assertNotIn("gpu-1", energy["of"])
        if energy["of"] == ["gpu-0"]:
            self.assertEqual(energy["joules"], 1)
        self.assertGreater(energy["joules_per_sample"], 0)

    def test_thresholds_that_are_passed_fail_their_case(self):
        apus(self.url, "--scenario", "single-stream", "--requests", 80, "--fail-if", "p50>1us",
             "--fail-if", "errors>0", "--junit", self.file("failed.xml"), code=1)
        suite = xml.etree.ElementTree.parse(self.file("failed.xml")).getroot()
        failed = {case.get("name"): case.find("failure") for case in suite.iter("testcase")}
        self.assertIn("single-stream has p50", failed["not p50>1us"].text)
        self.assertIsNone(failed["not errors>0"])
        self.assertIsNone(failed["measured"])


class ComparisonTest(Measured):
    def measure(self, name, *more):
        apus(self.url, "--scenario", "closed-loop", "--concurrency", 2, "--duration", "2s",
             "--json", self.file(name), *more)
        return self.file(name)

    def test_more_load_is_a_regression_and_the_same_is_none(self):
        # Where the machine is taken away for moments, what is worse can be no more than noise.
        for _ in range(5):
            before = self.measure("before.json")
            after = self.measure("after.json", "--concurrency", 16)
            if "p50 is worse" in apus("compare", before, after).stdout:
                break
        self.assertIn("no difference that is more than noise", apus("compare", before, before).stdout)
        result = apus("compare", before, after, "--fail-on-regression", "--json", self.file("c.json"),
                      "--report", self.file("c.html"), code=1)
        self.assertIn("p50 is worse", result.stdout)
        self.assertIn("measured with another concurrency", result.stdout)
        comparison = json.loads(self.file("c.json").read_text())[0]
        difference = comparison["differences"]["p50"]
        self.assertEqual(difference["verdict"], "worse")
        self.assertLess(difference["low"], difference["ratio"])
        self.assertLess(difference["ratio"], difference["high"])
        apus("compare", before, before, "--fail-on-regression")
        self.assertIn("p50 is better", apus("compare", after, before).stdout)

    def test_results_are_kept_by_name(self):
        store = self.file("store/deep")
        environment = {**os.environ, "APUS_BENCH_STORE": str(store)}
        self.assertIn("nothing is kept", apus("baselines", env=environment).stdout)
        self.measure("x.json", "--save", "main-1", "--store", store)
        listed = apus("baselines", env=environment).stdout
        self.assertIn("main-1", listed)
        self.assertIn("closed-loop", listed)
        again = apus("compare", self.file("x.json"), "--baseline", "main-1", "--store", store)
        self.assertIn("no difference that is more than noise", again.stdout)
        direct = apus(self.url, "--scenario", "closed-loop", "--concurrency", 2, "--duration", "1s",
                      "--baseline", "main-1", "--store", store)
        self.assertIn("beside main-1", direct.stdout)

    def test_wrong_usage_is_told_before_anything_is_measured(self):
        for arguments, words, code in [
            (["compare", "/nothing.json", "/nothing.json"], "No such file", 1),
            (["compare", "x.json"], "two results or more", 2),
            ([self.url, "--save", "../x"], "a name of a result has", 2),
            ([self.url, "--baseline", "unknown"], "no result is kept as unknown", 1),
            ([self.url, "--fail-on-regression"], "say the --baseline", 2),
            (["compare", "a", "b", "--least-difference", "x"], "expected a fraction", 2),
        ]:
            self.assertIn(words, apus(*arguments, code=code).stderr)

    def test_files_that_are_no_results_are_refused(self):
        for text in ["", "{", "[]", '{"scenario": 1}', "[" * 100_000, '"x"', "\x00"]:
            self.file("bad.json").write_text(text)
            result = apus("compare", self.file("bad.json"), self.file("bad.json"), code=1)
            self.assertIn("bad.json: expected", result.stderr)


class PageTest(Measured):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = chromium()
        cls.addClassCleanup(cls.browser.quit)

    def page(self, name, documents):
        source, page = self.file(f"{name}.json"), self.file(f"{name}.html")
        source.write_text(json.dumps(documents))
        apus("report", source, "--to", page)
        return page

    def look(self, page, name):
        """Opens it as people would, keeps what they would see, and finds fault."""
        for scheme, (width, height), phone in (
                ("light", WIDE, False), ("dark", WIDE, False), ("phone", PHONE, True)):
            resize(self.browser, width, height, phone)
            prefer(self.browser, "dark" if scheme == "dark" else "light")
            self.browser.get(page.as_uri())
            self.shot(f"bench-{name}-{scheme}")
            self.assertEqual(self.browser.execute_script(MISPLACED), [], f"{name}, {scheme}")
        self.assertEqual(console_errors(self.browser), [])
        grounds = []
        for scheme in ("light", "dark"):
            prefer(self.browser, scheme)
            grounds.append(self.browser.execute_script(
                "return getComputedStyle(document.documentElement).backgroundColor"))
        self.assertNotEqual(*grounds)

    def shot(self, name):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        size = self.browser.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        picture = self.browser.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": True,
            "clip": {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 8000), "scale": 1}})
        (SCREENSHOTS / f"{name}.png").write_bytes(base64.b64decode(picture["data"]))

    def test_the_page_of_a_run(self):
        page = self.file("run.html")
        apus(self.url, "--scenario", "single-stream,offline", "--duration", "2s", "--report", page)
        self.look(page, "run")
        titles = self.browser.execute_script(
            "return [...document.querySelectorAll('svg')].map(each => "
            "[each.querySelector('title').textContent, each.querySelector('desc').textContent])")
        self.assertGreaterEqual(len(titles), 8)
        self.assertTrue(all(title and words for title, words in titles))
        self.assertEqual(self.browser.execute_script("return performance.getEntriesByType('resource').length"), 0)

    def test_the_page_of_two_targets(self):
        page = self.file("against.html")
        apus(self.url, "--against", self.url, "--scenario", "closed-loop", "--duration", "2s",
             "--concurrency", 2, "--report", page)
        self.look(page, "against")

    def test_it_prints(self):
        page = self.file("print.html")
        apus(self.url, "--scenario", "closed-loop", "--duration", "1s", "--report", page)
        self.browser.get(page.as_uri())
        printed = base64.b64decode(
            self.browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"])
        self.assertTrue(printed.startswith(b"%PDF-"))
        pages = re.findall(rb"/Type\s*/Page\b", printed)
        self.assertIn(len(pages), range(1, 5))
        width, height = map(float, re.search(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)", printed).groups())
        self.assertAlmostEqual(width, 595, delta=2)
        self.assertAlmostEqual(height, 842, delta=2)

    def test_odd_results_are_drawn(self):
        def result(values, failures=None, **more):
            values = sorted(values)
            return {
                "scenario": "closed-loop", "valid": not failures,
                "latency_ms": {f"p{name}": values[min(len(values) - 1, int(len(values) * part))] if values else None
                               for name, part in (("50", .5), ("90", .9), ("99", .99), ("99_9", .999))},
                "throughput": {"value": len(values) / 10, "unit": "requests/s"},
                "errors": {"rate": 0.5 if failures else 0, "by_kind": failures or {}},
                "environment": {"target": "odd"}, "command": "apus bench odd", "problems": [],
                "run": {"queries": len(values), "seconds": 10},
                "distribution": {"ranges_ms": [[value, value, 1] for value in values[:500]]}, **more}
        evil = "</svg><script>document.title='taken'</script>"
        for name, document in {
            "one": result([3.3]),
            "ten": result([20 + number / 3 for number in range(10)]),
            "equal": result([5.0] * 40),
            "tail": result([10 + number / 400 for number in range(400)] + [50, 1_000, 60_000]),
            "wide": result([10 ** (number / 70 - 3) for number in range(500)]),
            "failed": result([], {"status_503": 4_000, "connection_closed": 17, "timeout": 1}),
            "hostile": {**result([1, 2, 3], {evil: 3}), "scenario": evil, "command": evil,
                        "environment": {evil: evil, "target": evil}, "problems": [evil]},
        }.items():
            self.look(self.page(name, document), f"odd-{name}")
            self.assertNotEqual(self.browser.title, "taken")
            self.assertEqual(self.browser.execute_script("return document.scripts.length"), 0)


class TerminalTest(Measured):
    def test_a_terminal_sees_the_run_go_on(self):
        shown = self.watched("--duration", "3s")
        self.assertIn("closed-loop", shown)
        self.assertRegex(shown, r"p50 [0-9.]+ ms")
        self.assertIn("━", shown)
        # What was drawn is gone before the result is told.
        self.assertTrue(shown.rstrip().endswith("\x1b[K\x1b[A"), shown[-60:])

    def watched(self, *arguments):
        """What is written to a terminal of 60 columns while it runs; the results go elsewhere."""
        leader, follower = pty.openpty()
        import fcntl, struct, termios
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
        process = subprocess.Popen(
            [str(binary()), "bench", self.url, "--scenario", "closed-loop", *arguments],
            stdout=subprocess.PIPE, stderr=follower)
        os.close(follower)
        shown = b""
        while process.poll() is None or select.select([leader], [], [], 0)[0]:
            if not select.select([leader], [], [], 0.2)[0]:
                continue
            try:
                shown += os.read(leader, 65536)
            except OSError:
                break
        os.close(leader)
        text = process.communicate(timeout=30)[0].decode()
        self.assertIn("throughput", text)
        self.assertNotIn("\x1b", text)
        for line in re.sub(r"\x1b\[[A-Z]", "", shown.decode()).replace("\r", "\n").split("\n"):
            self.assertLess(len(line), 60)
        return shown.decode()

    def test_nothing_is_drawn_where_nobody_looks(self):
        result = apus(self.url, "--scenario", "closed-loop", "--duration", "1s")
        self.assertNotIn("\x1b", result.stderr + result.stdout)


if __name__ == "__main__":
    unittest.main()
