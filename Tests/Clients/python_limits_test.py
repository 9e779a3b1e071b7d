"""Bounds of worker processes, what is told of them, and what becomes of requests as workers die."""

import concurrent.futures
import os
import pathlib
import signal
import sys
import tempfile
import time
import unittest
from unittest import mock

import requests

from support.apus_server import ApusServer

# What it is asked for is in its first element.
MODEL = '''
import mmap
import os
import pathlib
import signal
import subprocess
import tempfile
import time

import numpy as np


class Model:
    inputs = [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}]
    outputs = [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}]

    def load(self, folder):
        self.folder = folder
        if (folder / "refuses").exists():
            raise RuntimeError("it is told to refuse")
        pathlib.Path(tempfile.gettempdir(), "note").write_text("x")

    def predict(self, x: np.ndarray) -> np.ndarray:
        what = int(x[0, 0])
        if what == 1:
            children, last = 0, 0
            try:
                while True:
                    last = os.fork()
                    if last == 0:
                        try:
                            os.setsid()
                        except OSError:
                            pass
                        time.sleep(1000)
                        os._exit(0)
                    children += 1
            except OSError:
                pass
            (self.folder / "last").write_text(str(last))
            return np.array([[children, 0]], np.float32)
        if what == 2:
            shared = mmap.mmap(-1, 700 << 20)
            for place in range(0, len(shared), 4096):
                shared[place] = 1
        if what == 3:
            started = time.process_time()
            limit = time.monotonic() + 1
            while time.monotonic() < limit:
                pass
            return np.array([[time.process_time() - started, 0]], np.float32)
        if what == 4:
            time.sleep(float(x[0, 1]))
        if what == 5:
            (self.folder / "began").write_text("x")
            time.sleep(float(x[0, 1]))
        if what == 6:
            os.kill(os.getpid(), signal.SIGKILL)
        return x * 2
'''


def write(folder, name, *settings):
    model = pathlib.Path(folder) / name
    model.mkdir()
    (model / "model.py").write_text(MODEL)
    lines = ["runtime: python", "file: model.py", "instances: 1", f"python: {{interpreter: {sys.executable}}}"]
    (model / "model.yaml").write_text("\n".join([*lines, *settings]) + "\n")


def eventually(is_so, seconds=20):
    limit = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > limit:
            return False
        time.sleep(0.02)
    return True


def lives(process):
    """Whether there is such a process that has not ended."""
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class LimitsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(cls.folder.name)
        (root / "models").mkdir()
        (root / "temporary").mkdir()
        write(root / "models", "bound", "worker:", "  memory: 256MiB", "  processes: 16", "  cpus: 0.5",
              "  child-processes: true", "  run-timeout: 20s")
        write(root / "models", "free", "worker:", "  in-flight: 2")
        cls.temporary = root / "temporary"
        with mock.patch.dict(os.environ, TMPDIR=str(cls.temporary)):
            cls.server = ApusServer(str(root / "models"))
            cls.server.__enter__()
        cls.models = root / "models"
        cls.url = cls.server.url

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)
        left = list(cls.temporary.glob("apus-worker-*"))
        cls.folder.cleanup()
        assert not left, f"temporary folders are left: {left}"

    def ask(self, model, what, rest=0.0, timeout=30):
        body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [what, rest]}]}
        return requests.post(f"{self.url}/v2/models/{model}/infer", json=body, timeout=timeout)

    def value(self, answer):
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()["outputs"][0]["data"][0]

    def bounds(self):
        about = requests.get(f"{self.url}/v2/models/bound", timeout=10).json()
        return dict(
            (part.split()[0 if part.startswith("memory") else 1], part)
            for part in about["parameters"]["worker_bounds"].split("; "))

    def require_group(self, kind):
        bound = self.bounds()[kind]
        if "control group" not in bound or "not kept" in bound:
            self.skipTest("no control group may be made here")

    def process(self, model):
        """The worker of a model."""
        for number in self.children():
            try:
                here = os.readlink(f"/proc/{number}/cwd")
            except OSError:
                continue
            if here == str(self.models / model):
                return number
        return None

    def children(self):
        for children in pathlib.Path(f"/proc/{self.server.process.pid}/task").glob("*/children"):
            yield from (int(number) for number in children.read_text().split())

    # Bounds

    def test_what_holds_each_bound_is_told(self):
        self.assertEqual(sorted(self.bounds()), ["cores", "memory", "processes"])
        self.assertTrue(any("16 processes and threads by" in line for line in self.server.lines))
        about = requests.get(f"{self.url}/v2/models/free", timeout=10).json()
        self.assertNotIn("worker_bounds", about["parameters"])

    def test_a_fork_bomb_is_contained_and_nothing_of_it_outlives_its_worker(self):
        self.require_group("processes")
        count = self.value(self.ask("bound", 1))
        self.assertGreater(count, 0)
        self.assertLess(count, 16)
        child = int((self.models / "bound/last").read_text())
        self.assertTrue(lives(child))
        os.kill(self.process("bound"), signal.SIGKILL)
        self.assertEqual(self.value(self.ask("bound", 0)), 0)
        self.assertTrue(eventually(lambda: not lives(child)))

    def test_memory_beyond_the_bound_is_told_as_such(self):
        self.require_group("memory")
        answer = self.ask("bound", 2)
        self.assertGreaterEqual(answer.status_code, 400)
        self.assertIn("used more memory than the 268435456 bytes", answer.json()["error"])
        self.assertEqual(self.value(self.ask("bound", 0)), 0)

    def test_half_a_core_is_half_a_core(self):
        self.require_group("cores")
        self.assertLess(self.value(self.ask("bound", 3)), 0.75)

    def test_each_worker_has_a_folder_that_goes_with_it(self):
        folders = set(self.temporary.glob("apus-worker-*"))
        self.assertEqual([(each / "note").read_text() for each in folders], ["x", "x"])
        os.kill(self.process("free"), signal.SIGKILL)
        self.assertEqual(self.value(self.ask("free", 0)), 0)
        after = set(self.temporary.glob("apus-worker-*"))
        self.assertEqual(len(after), 2)
        self.assertEqual(len(after & folders), 1)

    # As it dies

    def test_killed_it_costs_what_it_had_begun_and_nothing_else(self):
        began = self.models / "free/began"
        began.unlink(missing_ok=True)
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            inside = pool.submit(self.ask, "free", 5, 100)
            self.assertTrue(eventually(began.exists))
            others = [pool.submit(self.ask, "free", 0, number) for number in range(8)]
            # One of them lies in the worker's hands already, the others wait.
            time.sleep(0.2)
            os.kill(self.process("free"), signal.SIGKILL)
            self.assertGreaterEqual(inside.result().status_code, 400)
            self.assertIn("killed", inside.result().json()["error"])
            self.assertEqual([each.result().status_code for each in others], [200] * 8)

    def test_killed_at_rest_it_costs_no_request(self):
        for _ in range(5):
            self.assertEqual(self.value(self.ask("free", 0)), 0)
            os.kill(self.process("free"), signal.SIGKILL)
        self.assertEqual(self.value(self.ask("free", 0)), 0)

    def test_a_request_that_kills_whoever_takes_it_is_not_tried_for_ever(self):
        answer = self.ask("free", 6)
        self.assertGreaterEqual(answer.status_code, 400)
        self.assertEqual(self.value(self.ask("free", 0)), 0)

    def test_what_waits_for_a_worker_is_late_when_it_is(self):
        mark = self.models / "free/refuses"
        self.assertEqual(self.value(self.ask("free", 0)), 0)
        mark.write_text("x")
        os.kill(self.process("free"), signal.SIGKILL)
        try:
            started = time.monotonic()
            body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [0, 0]}],
                    "parameters": {"timeout": 100_000}}
            answer = requests.post(f"{self.url}/v2/models/free/infer", json=body, timeout=10)
            self.assertGreaterEqual(answer.status_code, 400)
            self.assertLess(time.monotonic() - started, 5)
        finally:
            mark.unlink()
        self.assertTrue(eventually(lambda: self.ask("free", 0).status_code == 200))

    def test_readiness_tells_the_truth_while_a_worker_is_down(self):
        mark = self.models / "free/refuses"
        ready = f"{self.url}/v2/models/free/ready"
        self.assertTrue(eventually(lambda: requests.get(ready, timeout=10).status_code == 200))
        mark.write_text("x")
        try:
            os.kill(self.process("free"), signal.SIGKILL)
            self.assertTrue(eventually(lambda: requests.get(ready, timeout=10).status_code == 503))
            # It is tried again and again, and stays what it is: down.
            limit = time.monotonic() + 1.5
            while time.monotonic() < limit:
                answer = requests.get(ready, timeout=10)
                self.assertEqual((answer.status_code, answer.json()["ready"]), (503, False))
            whole = requests.get(f"{self.url}/v2/health/ready", timeout=10)
            self.assertEqual(whole.status_code, 503)
            self.assertIn("told to refuse", whole.json()["reason"])
            refused = self.ask("free", 0)
            self.assertGreaterEqual(refused.status_code, 400)
            self.assertIn("told to refuse", refused.json()["error"])
        finally:
            mark.unlink()
        self.assertTrue(eventually(lambda: requests.get(ready, timeout=10).status_code == 200, 40))
        self.assertEqual(self.value(self.ask("free", 0)), 0)


if __name__ == "__main__":
    unittest.main()
