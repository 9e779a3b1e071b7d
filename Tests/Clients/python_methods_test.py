"""Methods of Python models as addresses of their own, and models that are asynchronous."""

import concurrent.futures
import pathlib
import sys
import tempfile
import time
import unittest

import requests

from support.apus_server import ApusServer

RENT = '''
from typing import List, TypedDict

import numpy as np
from numpy.typing import NDArray

from apus_worker import api


class Price(TypedDict):
    price: float
    words: List[str]


class Rent:
    """What homes cost."""

    def predict(self, x: np.ndarray) -> NDArray[np.float32]:
        return x.sum(axis=1)

    @api.method
    def price(self, text: dict) -> Price:
        """The price of one home."""
        if "area" not in text:
            raise api.Refused("an area is needed")
        return {"price": text["area"] * 2.0, "words": sorted(text)}

    @api.method
    def areas(self, widths: List[float], lengths: List[float], factor: int = 1) -> List[float]:
        return [factor * width * length for width, length in zip(widths, lengths)]

    @api.method
    def reverse(self, content: bytes, content_type: str = "") -> bytes:
        return content[::-1]

    @api.method
    def doubled(self, x: np.ndarray) -> NDArray[np.float32]:
        return 2 * x.sum(axis=1)
'''

COUNTS = '''
from typing import Iterator

from apus_worker import api


class Counts:
    def predict(self, upto: int) -> Iterator[int]:
        yield from range(upto)

    @api.method
    def down(self, start: int) -> Iterator[int]:
        yield from range(start, 0, -1)
'''

WAITS = '''
import asyncio

import numpy as np


class Waits:
    open = 0

    async def load(self):
        self.turn = asyncio.Lock()

    async def predict(self, x: np.ndarray, context) -> np.ndarray:
        Waits.open += 1
        try:
            await asyncio.sleep(float(x[0, 0]))
            async with self.turn:
                if x[0, 1] > 1:
                    answers = await asyncio.gather(*[
                        context.call_async("waits", {"x": x * 0 + part}) for part in range(int(x[0, 1]))])
                    return x * 0 + sum(answer["output"].sum() for answer in answers)
            return x * 0 + Waits.open
        finally:
            Waits.open -= 1
'''


def write(folder, name, text, *settings):
    model = pathlib.Path(folder) / name
    model.mkdir()
    (model / "model.py").write_text(text)
    lines = ["runtime: python", "file: model.py", "instances: 1", f"python: {{interpreter: {sys.executable}}}"]
    (model / "model.yaml").write_text("\n".join([*lines, *settings]) + "\n")


class Served(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.write(cls.folder.name)
        cls.server = ApusServer(cls.folder.name)
        cls.server.__enter__()
        cls.url = cls.server.url

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)
        cls.folder.cleanup()

    def get(self, path):
        return requests.get(self.url + path, timeout=10).json()

    def infer(self, name, rows, parameters=None, timeout=30):
        body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [len(rows), len(rows[0])], "data": rows}]}
        if parameters:
            body["parameters"] = parameters
        return requests.post(f"{self.url}/v2/models/{name}/infer", json=body, timeout=timeout)


class MethodsTest(Served):
    @staticmethod
    def write(folder):
        write(folder, "rent", RENT, "batching: fixed", "max-batch-size: 8", "batch-delay: 20ms")
        write(folder, "counts", COUNTS)

    def ask(self, method, model="rent", **content):
        return requests.post(f"{self.url}/v2/models/{model}/methods/{method}", timeout=10, **content)

    def test_documents_in_and_out(self):
        answer = self.ask("price", json={"area": 21, "b": None})
        self.assertEqual(answer.json(), {"price": 42.0, "words": ["area", "b"]})
        self.assertEqual(answer.headers["content-type"], "application/json")
        refused = self.ask("price", json={})
        self.assertEqual(refused.status_code, 400)
        self.assertIn("an area is needed", refused.json()["error"])

    def test_the_same_of_a_version(self):
        answer = requests.post(f"{self.url}/v2/models/rent/versions/1/methods/price", json={"area": 1}, timeout=10)
        self.assertEqual(answer.json()["price"], 2.0)

    def test_inputs_of_its_own_by_name(self):
        own = {"widths": [2, 3], "lengths": [5, 7]}
        for body in (dict(own, factor=10), dict(own, parameters={"factor": 10})):
            self.assertEqual(self.ask("areas", json=body).json(), [100.0, 210.0])
        missing = self.ask("areas", json={"widths": [2]})
        self.assertEqual(missing.status_code, 400)
        self.assertIn("lengths", missing.json()["error"])

    def test_tensors_of_the_open_inference_protocol(self):
        port = {"datatype": "FP64", "shape": [1]}
        body = {"inputs": [dict(port, name="widths", data=[2]), dict(port, name="lengths", data=[4])]}
        self.assertEqual(self.ask("areas", json=body).json()["outputs"][0]["data"], [8.0])

    def test_files_in_and_out(self):
        answer = self.ask("reverse", data=b"\x00\xff\x01", headers={"content-type": "application/x-own"})
        self.assertEqual(answer.content, b"\x01\xff\x00")

    def test_a_method_like_the_model_is_named_by_a_parameter_too(self):
        self.assertEqual(self.ask("doubled", json={"x": [[1, 2]]}).json(), [6.0])
        answer = self.infer("rent", [[1, 2]], {"method": "doubled"})
        self.assertEqual(answer.json()["outputs"][0]["data"], [6.0])
        answer = self.infer("rent", [[1, 2]], {"method": "price"})
        self.assertEqual(answer.status_code, 400)
        self.assertIn("the method price has inputs of its own", answer.json()["error"])

    def test_requests_to_methods_are_joined_with_their_like_alone(self):
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            areas = [pool.submit(self.ask, "areas", json={"widths": [n], "lengths": [1]}) for n in range(6)]
            own = [pool.submit(self.infer, "rent", [[n, n]]) for n in range(6)]
            self.assertEqual([each.result().json() for each in areas], [[float(n)] for n in range(6)])
            self.assertEqual([each.result().json()["outputs"][0]["data"] for each in own], [[2.0 * n] for n in range(6)])

    def test_one_that_is_not_there_is_refused_with_those_that_are(self):
        answer = self.ask("prise", json={})
        self.assertEqual(answer.status_code, 404)
        for word in ("prise", "areas", "doubled", "price", "reverse"):
            self.assertIn(word, answer.json()["error"])
        self.assertEqual(self.ask("price", model="nobody", json={}).status_code, 404)
        self.assertEqual(requests.get(f"{self.url}/v2/models/rent/methods/price", timeout=10).status_code, 405)

    def test_the_metadata_list_them(self):
        methods = {each["name"]: each for each in self.get("/v2/models/rent")["methods"]}
        self.assertEqual(sorted(methods), ["areas", "doubled", "price", "reverse"])
        self.assertEqual([port["name"] for port in methods["areas"]["inputs"]], ["widths", "lengths", "factor"])
        self.assertEqual(methods["price"]["parameters"]["description"], "The price of one home.")

    def test_the_description_has_them_with_their_schemas(self):
        for query in ("", "?model=rent"):
            paths = self.get("/openapi.json" + query)["paths"]
            operation = paths["/v2/models/rent/methods/price"]["post"]
            self.assertEqual(operation["summary"], "The price of one home.")
            answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
            self.assertEqual(answer["properties"]["words"]["items"], {"type": "string"})
            areas = paths["/v2/models/rent/methods/areas"]["post"]["requestBody"]
            schema = areas["content"]["application/json"]["schema"]["anyOf"][0]
            self.assertEqual(schema["required"], ["widths", "lengths"])
            self.assertEqual(schema["properties"]["factor"]["type"], "integer")

    def test_of_a_model_that_answers_in_parts_each_is_an_event(self):
        answer = self.ask("down", model="counts", json={"start": 3})
        self.assertEqual(answer.headers["content-type"], "text/event-stream; charset=utf-8")
        self.assertEqual(answer.text.count("data:"), 3)


class AsynchronousTest(Served):
    @staticmethod
    def write(folder):
        write(folder, "waits", WAITS, "worker: {in-flight: 12, run-timeout: 20s}")
        write(folder, "narrow", WAITS, "worker: {in-flight: 2}")

    def test_requests_wait_beside_each_other(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            started = time.monotonic()
            answers = list(pool.map(lambda _: self.infer("waits", [[0.5, 0]]).json(), range(8)))
            taken = time.monotonic() - started
        self.assertGreater(max(answer["outputs"][0]["data"][0] for answer in answers), 3)
        self.assertLess(taken, 8 * 0.5)

    def test_others_are_asked_without_holding_anybody_up(self):
        # 0 + 1 + 2 rows of ones and more, each answered by the same worker while the first awaits them.
        answer = self.infer("narrow", [[0, 2]])
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertGreaterEqual(answer.json()["outputs"][0]["data"][0], 2)

    def test_what_is_late_is_cancelled_and_frees_its_place(self):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            late = list(pool.map(
                lambda _: self.infer("narrow", [[1000, 0]], {"timeout": 300_000}), range(4)))
        # Who comes so late that it cannot be in time is turned away at once.
        self.assertLessEqual({answer.status_code for answer in late}, {503, 504}, late[0].text)
        self.assertIn(504, [answer.status_code for answer in late])
        answer = self.infer("narrow", [[0, 0]], timeout=5)
        # The others are gone from the model, too, and the worker is the same.
        self.assertEqual(answer.json()["outputs"][0]["data"], [1, 1])

    def test_who_goes_away_frees_the_place(self):
        for _ in range(3):
            with self.assertRaises(requests.exceptions.ReadTimeout):
                self.infer("narrow", [[1000, 0]], timeout=0.3)
        self.assertEqual(self.infer("narrow", [[0, 0]], timeout=5).json()["outputs"][0]["data"], [1, 1])


if __name__ == "__main__":
    unittest.main()
