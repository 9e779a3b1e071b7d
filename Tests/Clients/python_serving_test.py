"""Models of one's own in Python as their clients meet them: arguments by name, answers in parts, rows that
fail, environments that are made for them."""

import concurrent.futures
import json
import os
import pathlib
import queue
import shutil
import subprocess
import tarfile
import tempfile
import textwrap
import unittest
import zipfile

import numpy as np
import requests
import tritonclient.grpc as triton

from support.apus_server import REPOSITORY, ApusServer, binary

PYTHON = REPOSITORY / ".venv-python/bin/python"
MODELS = {
    "scaled": """
        import enum
        import numpy as np

        class Mode(enum.Enum):
            UP = "up"
            DOWN = "down"

        class Scaled:
            def predict(self, x: np.ndarray, times: int = 1, mode: Mode = Mode.UP) -> np.ndarray:
                return x * times if mode is Mode.UP else x / times
        """,
    "flat": """
        import dataclasses
        from typing import Literal

        @dataclasses.dataclass
        class Flat:
            rooms: int
            city: Literal["Bern", "Graz"] = "Bern"

        class Rent:
            def predict(self, flat: Flat, top: int = 3) -> dict:
                return {"rooms": flat.rooms, "city": flat.city, "top": top}
        """,
    "several": """
        from typing import List

        class Several:
            def predict(self, text: str, options: dict, tags: List[str] = [], share: float = 0.5) -> dict:
                return {"text": text, "options": options, "tags": tags, "share": share}
        """,
    "counting": """
        from typing import Iterator

        class Counting:
            def predict(self, prompt: str, count: int = 2, context=None) -> Iterator[str]:
                for number in range(count):
                    if number == 7:
                        raise ValueError("seven is too many")
                    yield "%s %d" % (prompt, number)
        """,
    "later": """
        import asyncio
        from typing import AsyncIterator

        class Later:
            async def predict(self, prompt: str, count: int = 2) -> AsyncIterator[str]:
                for number in range(count):
                    await asyncio.sleep(0)
                    yield "%s %d" % (prompt, number)
        """,
    "rows": """
        import time
        import numpy as np

        class Rows:
            def predict(self, x: np.ndarray, context) -> np.ndarray:
                time.sleep(0.02)  # Others come meanwhile, and are joined.
                for row in np.flatnonzero(x[:, 0] < 0):
                    context.fail_row(row, "%g is below 0" % x[row, 0])
                return np.column_stack([x[:, 0], np.full(len(x), len(x))]).astype(np.float32)
        """,
}


def write(folder, name, source, settings=""):
    model = pathlib.Path(folder, name)
    model.mkdir(parents=True)
    (model / "model.py").write_text(textwrap.dedent(source))
    (model / "model.yaml").write_text(f"instances: 1\n{settings}")
    return model


class ServingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = cls.enterClassContext(tempfile.TemporaryDirectory())
        for name, source in MODELS.items():
            settings = f"python:\n  interpreter: {PYTHON.parent.parent}\n"
            if name in ("rows", "scaled"):
                settings += "max-batch-size: 64\nbatch-delay: 20ms\n"
            write(cls.place + "/models", name, source, settings)
        cls.server = cls.enterClassContext(
            ApusServer(cls.place + "/models", "--cache-directory", cls.place + "/cache", grpc=True))

    def post(self, path, body, status=200):
        answer = requests.post(self.server.url + path, json=body, timeout=60)
        self.assertEqual(answer.status_code, status, answer.text)
        return answer.json()

    def said(self, path, body):
        answer = self.post(path, body, 400)
        return answer.get("error") or answer["message"]

    def client(self):
        client = triton.InferenceServerClient(self.server.grpc_url)
        self.addCleanup(client.close)
        return client

    # --- Arguments

    def test_arguments_by_name(self):
        body = {"x": [[1, 2], [3, 4]], "times": 2, "mode": "down"}
        expected = [[0.5, 1], [1.5, 2]]
        self.assertEqual(self.post("/predictions/scaled", body), expected)
        self.assertEqual(self.post("/v1/models/scaled:predict", {"inputs": body}), {"outputs": expected})
        self.assertEqual(self.post("/v1/models/scaled:predict", {
            "instances": [[1, 2]], "parameters": {"times": 3}}), {"predictions": [[3, 6]]})
        rows = [{"x": [1, 2], "times": 3}, {"x": [1, 2], "times": 4}]
        self.assertEqual(self.post("/v1/models/scaled:predict", {"instances": rows}), {"predictions": [[3, 6], [4, 8]]})
        self.assertEqual(self.post("/predictions/scaled", {"x": [[1, 2]], "times": None}), [[1, 2]])
        self.assertEqual(self.post("/v2/models/scaled/generate", dict(body, x=[[1, 2]]))["output"], [0.5, 1])

    def test_arguments_as_tensors(self):
        x, times = np.ones((3, 1), np.float32), np.array([4], np.int64)
        tensors = []
        for name, array, kind in (("x", x, "FP32"), ("times", times, "INT64")):
            tensors.append(triton.InferInput(name, list(array.shape), kind))
            tensors[-1].set_data_from_numpy(array)
        self.assertEqual(self.client().infer("scaled", tensors).as_numpy("output").tolist(), [[4]] * 3)
        inputs = [{"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [1]},
                  {"name": "mode", "shape": [1], "datatype": "BYTES", "data": ["up"]}]
        self.assertEqual(self.post("/v2/models/scaled/infer", {"inputs": inputs, "parameters": {"times": 9}})["outputs"][0]["data"], [9])

    def test_wrong_arguments_are_named(self):
        x = [[1, 2]]
        for body, expected in [({"x": x, "times": "two"}, "input `times` must be an integer"),
                               ({"x": x, "mode": "left"}, 'mode: expected one of "up", "down", got "left"'),
                               ({"x": x, "times": [1, 2]}, "times: expected one value or one for each of"),
                               ({"x": x, "tims": 1}, "the model has no input `tims`; its inputs are `x`, `times`, `mode`"),
                               ({"times": 1}, "`x`")]:
            with self.subTest(body):
                self.assertIn(expected, self.said("/predictions/scaled", body))

    def test_one_document_and_a_number(self):
        self.assertEqual(self.post("/predictions/flat", {"rooms": 2}), {"rooms": 2, "city": "Bern", "top": 3})
        named = {"flat": {"rooms": 2, "city": "Graz"}, "top": 1}
        self.assertEqual(self.post("/predictions/flat", named), {"rooms": 2, "city": "Graz", "top": 1})
        self.assertEqual(self.post("/v1/models/flat:predict", {"instances": [{"rooms": 1}], "parameters": {"top": 5}}),
                         {"predictions": [{"rooms": 1, "city": "Bern", "top": 5}]})
        self.assertIn("flat, row 0.rooms: expected a whole number", self.said("/predictions/flat", {"rooms": "x"}))

    def test_several_documents(self):
        whole = {"text": "a", "options": {"b": [1]}, "tags": ["x", "y"], "share": 1}
        self.assertEqual(self.post("/predictions/several", whole), whole)
        few = {"text": "a", "options": {}}
        self.assertEqual(self.post("/v1/models/several:predict", {"instances": [few, few]})["predictions"],
                         [dict(few, tags=[], share=0.5)] * 2)
        self.assertIn("tags, row 0: expected a list", self.said("/predictions/several", dict(few, tags={"a": 1})))
        self.assertIn("`options` is missing", self.said("/predictions/several", {"text": "a"}))

    def test_the_description_shows_a_request_that_is_answered(self):
        for name in ("scaled", "flat", "several"):
            paths = requests.get(f"{self.server.url}/openapi.json?model={name}", timeout=60).json()["paths"]
            content = paths[f"/predictions/{name}"]["post"]["requestBody"]["content"]["application/json"]
            self.post(f"/predictions/{name}", content["examples"][name]["value"])
            arguments = next(each for each in [content["schema"], *content["schema"].get("anyOf", [])] if "properties" in each)
            self.assertIn({"scaled": "times", "flat": "rooms", "several": "options"}[name], arguments["properties"])
            infer = paths[f"/v2/models/{name}/infer"]["post"]["requestBody"]["content"]["application/json"]
            self.post(f"/v2/models/{name}/infer", infer["examples"][name]["value"])

    def test_requests_with_other_settings_are_joined_and_told_apart(self):
        def ask(times):
            body = {"x": [[1]] * 3, "times": times}
            return requests.post(self.server.url + "/predictions/scaled", json=body, timeout=60).json()

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(list(pool.map(ask, range(1, 17))), [[[times]] * 3 for times in range(1, 17)])
        long = self.post("/predictions/scaled", {"x": [[1]] * 100, "times": 3})
        self.assertEqual(long, [[3]] * 100)

    # --- Parts

    def test_parts_over_rest(self):
        for name in ("counting", "later"):
            body = {"prompt": "n", "count": 3}
            answer = requests.post(f"{self.server.url}/v2/models/{name}/generate_stream", json=body, timeout=60, stream=True)
            lines = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith(b"data: ")]
            self.assertEqual([line["output"] for line in lines], ["n 0", "n 1", "n 2"])

    def test_parts_over_grpc(self):
        for name in ("counting", "later"):
            found, error = self.stream(name, prompt=np.array([b"n"], object), count=np.array([3], np.int64))
            self.assertEqual(([each.as_numpy("output").tolist() for each in found], error), ([[b"n 0"], [b"n 1"], [b"n 2"]], None))

    def test_a_stream_that_breaks_says_why_after_its_parts(self):
        found, error = self.stream("counting", prompt=np.array([b"n"], object), count=np.array([9], np.int64))
        self.assertEqual(len(found), 7)
        self.assertIn("ValueError: seven is too many", str(error))

    def stream(self, model, **arrays):
        answers, tensors = queue.Queue(), []
        client = self.client()
        client.start_stream(lambda result, error: answers.put((result, error)))
        for name, array in arrays.items():
            tensors.append(triton.InferInput(name, list(array.shape), "BYTES" if array.dtype == object else "INT64"))
            tensors[-1].set_data_from_numpy(array)
        client.async_stream_infer(model, tensors, enable_empty_final_response=True)
        found = []
        while True:
            result, error = answers.get(timeout=60)
            if error is not None or result.get_response().parameters["triton_final_response"].bool_param:
                client.stop_stream()
                return found, error
            found.append(result)

    # --- Rows

    def test_a_row_that_fails_costs_the_others_nothing(self):
        def ask(value):
            return requests.post(self.server.url + "/v1/models/rows:predict", json={"instances": [[value, 0]]}, timeout=60)

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            asked = list(range(-8, 24))
            answers = list(pool.map(ask, asked))
        joined = 1
        for value, answer in zip(asked, answers):
            if value < 0:
                self.assertGreaterEqual(answer.status_code, 400)
                self.assertIn(f"{value} is below 0", answer.json()["error"])
            else:
                self.assertEqual(answer.status_code, 200, answer.text)
                row, = answer.json()["predictions"]
                self.assertEqual(row[0], value)
                joined = max(joined, row[1])
        self.assertGreater(joined, 1, "no requests were joined")


class EnvironmentsTest(unittest.TestCase):
    """Lists of requirements, installed from a folder as from an index that is out of reach."""

    def setUp(self):
        self.place = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        wheels = self.place / "wheels"
        wheels.mkdir()
        self.numpy(wheels)
        for version in ("1.0", "2.0"):
            self.wheel(wheels / f"tiny-{version}-py3-none-any.whl", "tiny", version, {"tiny.py": f"VERSION = '{version}'\n"})
        environment = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PATH": f"{PYTHON.parent}:{os.environ['PATH']}"}
        for name, value in environment.items():
            self.addCleanup(self.restore, name, os.environ.get(name))
            os.environ[name] = value
        self.model = write(self.place / "models", "tiny", """
            import tiny

            class Tiny:
                def predict(self, text: str) -> str:
                    return text + tiny.VERSION
            """)

    def restore(self, name, value):
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value

    def wheel(self, path, name, version, files):
        with zipfile.ZipFile(path, "w") as archive:
            for file, text in files.items():
                archive.writestr(file, text)
            notes = f"{name}-{version}.dist-info/"
            archive.writestr(notes + "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            archive.writestr(notes + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(notes + "RECORD", "")

    def numpy(self, folder):
        """The numpy that is installed, as a wheel again."""
        told = subprocess.run([PYTHON, "-c", textwrap.dedent("""
            import importlib.metadata, zipfile, sys
            found = importlib.metadata.distribution("numpy")
            tag = next(line[5:] for line in found.read_text("WHEEL").splitlines() if line.startswith("Tag: "))
            with zipfile.ZipFile(f"{sys.argv[1]}/numpy-{found.version}-{tag}.whl", "w") as archive:
                for file in found.files:
                    if ".." not in file.parts and "__pycache__" not in file.parts and "tests" not in file.parts:
                        if file.name not in ("INSTALLER", "REQUESTED", "RECORD"):
                            archive.write(file.locate(), str(file))
                archive.writestr(f"numpy-{found.version}.dist-info/RECORD", "")
            """), str(folder)], capture_output=True, text=True)
        self.assertEqual(told.returncode, 0, told.stderr)

    def environments(self):
        return sorted(each.name for each in (self.place / "cache").rglob("environment-*") if each.is_dir())

    def serve(self):
        return ApusServer(self.model.parent, "--cache-directory", self.place / "cache", start_seconds=180)

    def answer(self, server):
        answer = requests.post(server.url + "/v1/models/tiny:predict", json={"instances": ["v"]}, timeout=60)
        return answer.json()["predictions"]

    def test_an_environment_is_made_once_for_what_its_list_says(self):
        (self.model / "requirements.txt").write_text("tiny==1.0\n")
        with self.serve() as server:
            self.assertEqual(self.answer(server), ["v1.0"])
            self.assertIn("installing", server.log)
        first = self.environments()
        self.assertEqual(len(first), 1)
        with self.serve() as server:
            self.assertEqual(self.answer(server), ["v1.0"])
            self.assertNotIn("installing", server.log)
        (self.model / "requirements.txt").write_text("tiny==2.0\n")
        with self.serve() as server:
            self.assertEqual(self.answer(server), ["v2.0"])
        self.assertEqual(len(self.environments()), 2)
        self.assertLess(set(first), set(self.environments()))

    def triton(self, environment):
        model = self.place / "triton/told"
        (model / "1").mkdir(parents=True)
        (model / "1/model.py").write_text(textwrap.dedent("""
            import sys
            import numpy as np
            import triton_python_backend_utils as pb_utils

            class TritonPythonModel:
                def execute(self, requests):
                    told = [sys.prefix, request_id(requests[0])]
                    return [pb_utils.InferenceResponse([pb_utils.Tensor("TOLD", np.array(told, object))])]

            def request_id(request):
                return request.request_id()
            """))
        (model / "config.pbtxt").write_text(f"""
            backend: "python"
            input {{ name: "X" data_type: TYPE_FP32 dims: [ 1 ] }}
            output {{ name: "TOLD" data_type: TYPE_STRING dims: [ 2 ] }}
            parameters: {{ key: "EXECUTION_ENV_PATH" value: {{ string_value: "{environment}" }} }}
            """)
        return model

    def test_tritons_environments(self):
        made = self.place / "made"
        subprocess.run([PYTHON, "-m", "venv", "--without-pip", made], check=True)
        # As little of an environment as there can be: its packages are those of another.
        packages, = PYTHON.parent.parent.glob("lib/python3*/site-packages")
        next(made.glob("lib/python3*/site-packages")).joinpath("others.pth").write_text(str(packages.resolve()) + "\n")
        for environment in ("$$TRITON_MODEL_DIRECTORY/env.tar.gz", "$$TRITON_MODEL_DIRECTORY/env", "env"):
            with self.subTest(environment):
                shutil.rmtree(self.place / "triton", ignore_errors=True)
                model = self.triton(environment)
                if environment.endswith(".gz"):
                    with tarfile.open(model / "env.tar.gz", "w:gz") as archive:
                        archive.add(made, ".")
                else:
                    shutil.copytree(made, model / "env", symlinks=True)
                place = self.place / "cache" if environment.endswith(".gz") else model
                with ApusServer(model.parent, "--cache-directory", self.place / "cache", start_seconds=180) as server:
                    body = {"inputs": [{"name": "X", "shape": [1], "datatype": "FP32", "data": [1]}]}
                    answer = requests.post(server.url + "/v2/models/told/infer", json=body, timeout=60, headers={"x-request-id": "mine"})
                    self.assertEqual(answer.status_code, 200, answer.text)
                    prefix, request = answer.json()["outputs"][0]["data"]
                    self.assertTrue(pathlib.Path(prefix).is_relative_to(place.resolve()), prefix)
                    self.assertEqual(request, "mine")

    def test_what_cannot_be_installed_is_named(self):
        (self.model / "requirements.txt").write_text("tiny==1.0\nno-such-package-of-ours==3\n")
        for _ in range(2):  # What failed half-way is no environment afterwards.
            done = subprocess.run(
                [str(binary()), "serve", str(self.model.parent), "--http-port", "0", "--grpc-port", "0", "--metrics-port", "0",
                 "--state-directory", "off", "--cache-directory", str(self.place / "cache")],
                capture_output=True, text=True, timeout=180)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("No matching distribution found for no-such-package-of-ours==3", done.stderr)
            self.assertIn("requirements.txt", done.stderr)


if __name__ == "__main__":
    unittest.main()
