"""Worker processes that misbehave: what it costs their requests, their model, and nobody else."""

import concurrent.futures
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import requests

from support.apus_server import ApusServer, binary, fixture

# What it is asked for is in its first element.
MODEL = '''
import os
import signal
import socket
import sys
import time

import numpy as np


class Model:
    inputs = [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}]
    outputs = [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}]

    def load(self):
        print("loaded by", os.getpid(), flush=True)

    def predict(self, x: np.ndarray) -> np.ndarray:
        what = int(x[0, 0])
        if what == 1:
            print("about to be killed", file=sys.stderr)
            os.kill(os.getpid(), signal.SIGKILL)
        if what == 2:
            time.sleep(1000)
        if what == 3:
            for _ in range(300000):
                print("flood " * 20)
        if what == 4:
            print("leaving early", file=sys.stderr)
            os._exit(7)
        if what == 5:
            np.empty(8 << 30, np.uint8)
        if what == 6:
            while True:
                os.fork()
        if what == 7:
            os.write(3, b"nonsense that is no message")
            time.sleep(1000)
        if what == 8:
            import ctypes
            ctypes.string_at(0)
        if what == 9:
            socket.create_connection(("127.0.0.1", int(x[0, 1])), 2)
        if what == 10:
            open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "written"), "w").write("x")
        if what == 11:
            raise ValueError("no such thing")
        if what == 12:
            time.sleep(0.5)
        return x * 2
'''

SETTINGS = """
runtime: python
file: model.py
instances: 1
python:
  interpreter: %s
worker:
  run-timeout: 3s
  memory: 1GiB
  network: false
  read-only: true
"""


class PythonWorkersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(cls.folder.name)
        model = root / "models/odd"
        model.mkdir(parents=True)
        cls.model = model
        (model / "model.py").write_text(MODEL)
        (model / "model.yaml").write_text(SETTINGS % sys.executable)
        cls.server = ApusServer(str(root / "models"))
        cls.server.__enter__()
        cls.url = cls.server.url

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)
        cls.folder.cleanup()

    def ask(self, what, rest=0.0, timeout=30):
        body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [what, rest]}]}
        return requests.post(self.url + "/v2/models/odd/infer", json=body, timeout=timeout)

    def check_answers(self):
        """The worker answers, if need be after a restart."""
        limit = time.monotonic() + 20
        while time.monotonic() < limit:
            answer = self.ask(0, 21)
            if answer.status_code == 200:
                return self.assertEqual(answer.json()["outputs"][0]["data"], [0, 42])
        self.fail("no answer any more: " + answer.text)

    def check_fails(self, what, *words, rest=0.0):
        answer = self.ask(what, rest)
        self.assertGreaterEqual(answer.status_code, 400, answer.text)
        for word in words:
            self.assertIn(word, answer.json()["error"])
        self.check_answers()

    def test_an_exception_is_told_and_costs_nothing(self):
        self.check_fails(11, "ValueError: no such thing")

    def test_a_killed_worker_is_restarted_and_its_last_words_are_told(self):
        self.check_fails(1, "killed", "about to be killed")

    def test_a_worker_that_leaves_is_restarted(self):
        self.check_fails(4, "ended with status 7", "leaving early")

    def test_a_crash_is_told(self):
        self.check_fails(8, "crashed")

    def test_a_run_without_end_is_ended(self):
        started = time.monotonic()
        self.check_fails(2, "longer than")
        self.assertLess(time.monotonic() - started, 15)

    def test_a_flood_of_words_harms_nobody(self):
        answer = self.ask(3, timeout=60)
        self.assertIn("error" if answer.status_code >= 400 else "outputs", answer.json())
        self.check_answers()

    def test_more_memory_than_allowed_fails_that_request(self):
        self.check_fails(5, "memory")

    def test_no_process_can_be_started(self):
        self.check_fails(6, "BlockingIOError")

    def test_a_malformed_answer_ends_the_worker(self):
        self.check_fails(7, "malformed")

    def test_the_network_is_out_of_reach(self):
        self.check_fails(9, "Error", rest=float(self.url.rsplit(":", 1)[1]))

    def test_nothing_is_written_outside(self):
        self.check_fails(10, "PermissionError")
        self.assertFalse((self.model / "written").exists())

    def test_killed_from_outside_it_costs_a_restart(self):
        before = self.process()
        os.kill(before, signal.SIGKILL)
        self.assertEqual(self.ask(0, 21).status_code, 200)
        self.assertNotEqual(self.process(), before)

    def test_others_wait_while_it_starts_again(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            kill = pool.submit(self.ask, 1)
            time.sleep(0.05)
            answers = list(pool.map(lambda _: self.ask(0, 1), range(6)))
        self.assertGreaterEqual(kill.result().status_code, 400)
        self.assertEqual([each.status_code for each in answers], [200] * 6, [each.text for each in answers])

    def process(self):
        found = worker_processes(self.server, b"apus_worker")
        self.assertEqual(len(found), 1)
        return found[0]


def worker_processes(server, word):
    """Children of the server that have the word in their command line."""
    found = []
    for children in pathlib.Path(f"/proc/{server.process.pid}/task").glob("*/children"):
        for number in children.read_text().split():
            try:
                if word in pathlib.Path(f"/proc/{number}/cmdline").read_bytes():
                    found.append(int(number))
            except OSError:
                # It has ended since.
                continue
    return found


class UnloadableTest(unittest.TestCase):
    def test_a_model_that_cannot_be_loaded_says_why(self):
        with tempfile.TemporaryDirectory() as folder:
            write_model(folder, "broken", "import nothing_of_that_name\n")
            done = subprocess.run(
                [str(binary()), "serve", folder, "--http-port", "0", "--grpc-port", "0", "--metrics-port", "0"],
                capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("nothing_of_that_name", done.stderr)

    def test_an_interpreter_that_is_not_there_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            write_model(folder, "lost", DOUBLE, interpreter="no-such-python")
            done = subprocess.run(
                [str(binary()), "serve", folder, "--http-port", "0", "--grpc-port", "0", "--metrics-port", "0"],
                capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("no-such-python", done.stderr)


DOUBLE = """
import numpy as np


class Model:
    inputs = [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}]
    outputs = [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}]

    def predict(self, x: np.ndarray, context) -> np.ndarray:
        context.metric("rows", len(x))
        context.metric("last", float(x[0, 0]), "gauge")
        return x * 2
"""

ASKS = """
import numpy as np


class Model:
    inputs = [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}]
    outputs = [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}]

    def predict(self, x: np.ndarray, context) -> np.ndarray:
        return context.call("%s", {"x": x})["y"] + 1
"""


def write_model(folder, name, text, interpreter=sys.executable):
    model = pathlib.Path(folder) / name
    model.mkdir()
    (model / "model.py").write_text(text)
    (model / "model.yaml").write_text(
        f"runtime: python\nfile: model.py\ninstances: 1\npython:\n  interpreter: {interpreter}\n")


class CallsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        write_model(cls.folder.name, "double", DOUBLE)
        write_model(cls.folder.name, "asks", ASKS % "double")
        write_model(cls.folder.name, "asks-asks", ASKS % "asks")
        write_model(cls.folder.name, "one", ASKS % "other")
        write_model(cls.folder.name, "other", ASKS % "one")
        write_model(cls.folder.name, "nobody", ASKS % "not-here")
        cls.server = ApusServer(cls.folder.name)
        cls.server.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)
        cls.folder.cleanup()

    def ask(self, name):
        body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}
        return requests.post(f"{self.server.url}/v2/models/{name}/infer", json=body, timeout=30)

    def test_a_model_asks_another_through_the_door(self):
        self.assertEqual(self.ask("asks").json()["outputs"][0]["data"], [3, 5])
        self.assertEqual(self.ask("asks-asks").json()["outputs"][0]["data"], [4, 6])

    def test_what_a_model_measures_of_itself_is_on_the_page(self):
        self.assertEqual(self.ask("double").status_code, 200)
        page = requests.get(self.server.url + "/metrics", timeout=10).text
        self.assertRegex(page, r'apus_model_own_total\{model="double",name="rows"\} [1-9]')
        self.assertIn('apus_model_own_value{model="double",name="last"} 1\n', page)

    def test_models_that_ask_in_a_circle_are_told_so(self):
        answer = self.ask("one")
        self.assertGreaterEqual(answer.status_code, 400)
        self.assertIn("circle: one -> other -> one", answer.json()["error"])

    def test_a_model_that_is_not_there_is_named(self):
        self.assertIn("not-here", self.ask("nobody").json()["error"])


class IsolatedTest(unittest.TestCase):
    def test_a_native_model_in_its_own_process_survives_being_killed(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("alone", "beside"):
                model = pathlib.Path(folder) / name
                model.mkdir()
                shutil.copy(fixture("identity-FP32"), model / "model.onnx")
            (pathlib.Path(folder) / "alone/model.yaml").write_text("isolation: process\ninstances: 1\n")
            with ApusServer(folder) as server:
                self.check(server)

    def ask(self, server, name):
        ports = requests.get(f"{server.url}/v2/models/{name}", timeout=10).json()["inputs"]
        shape = [max(1, length) for length in ports[0]["shape"]]
        count = 1
        for length in shape:
            count *= length
        data = [float(place) for place in range(count)]
        body = {"inputs": [{"name": ports[0]["name"], "datatype": "FP32", "shape": shape, "data": data}]}
        answer = requests.post(f"{server.url}/v2/models/{name}/infer", json=body, timeout=30)
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(answer.json()["outputs"][0]["data"], data)
        return answer.json()

    def check(self, server):
        alone, beside = self.ask(server, "alone"), self.ask(server, "beside")
        self.assertEqual(alone["outputs"], beside["outputs"])
        before = worker_processes(server, b"alone/model.onnx")
        self.assertEqual(len(before), 1)
        for _ in range(3):
            now = worker_processes(server, b"alone/model.onnx")
            for process in now:
                os.kill(process, signal.SIGKILL)
            self.ask(server, "beside")
            # It had begun nothing, so this waits for the next process.
            self.ask(server, "alone")
        self.assertNotEqual(worker_processes(server, b"alone/model.onnx"), before)
        self.assertIsNone(server.process.poll())


if __name__ == "__main__":
    unittest.main()
