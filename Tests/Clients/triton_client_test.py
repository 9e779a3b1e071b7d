"""Triton's own Python client, used as its documentation says."""

import gzip
import json
import unittest

import numpy as np
import requests
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from support.apus_server import ApusServer, fixture

NUMBERS = ["BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64"]
KINDS = dict(zip(NUMBERS, [np.bool_, np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.int32,
                           np.int64, np.float16, np.float32, np.float64]))


def sample(datatype):
    if datatype == "BOOL":
        return np.array([[True, False, True]])
    kind = KINDS[datatype]
    if np.issubdtype(kind, np.integer):
        return np.array([[np.iinfo(kind).min, 0, np.iinfo(kind).max]], kind)
    return np.array([[np.finfo(kind).min, 0.1, np.finfo(kind).max]], kind)


class TritonClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        names = [f"identity-{kind}" for kind in [*NUMBERS, "BYTES", "BF16"]]
        cls.server = ApusServer(*map(fixture, [*names, "add-sub", "classify", "zipmap", "scalar", "custom-metadata"]))
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)
        cls.client = triton.InferenceServerClient(f"127.0.0.1:{cls.server.port}")
        cls.addClassCleanup(cls.client.close)

    def test_health_and_metadata(self):
        client = self.client
        self.assertTrue(client.is_server_live() and client.is_server_ready())
        self.assertTrue(client.is_model_ready("add-sub"))
        self.assertTrue(client.is_model_ready("add-sub", "1"))
        self.assertFalse(client.is_model_ready("nothing"))
        server = client.get_server_metadata()
        self.assertEqual(server["name"], "apus")
        self.assertIn("binary_tensor_data", server["extensions"])
        model = client.get_model_metadata("add-sub")
        self.assertEqual(model["versions"], ["1"])
        self.assertEqual(model["platform"], "onnxruntime_onnx")
        self.assertEqual(model["inputs"][0], {"name": "INPUT0", "datatype": "INT32", "shape": [-1, 16]})
        index = {entry["name"]: entry["state"] for entry in client.get_model_repository_index()}
        self.assertEqual(index["add-sub"], "READY")

    def test_every_datatype_in_every_form(self):
        for datatype in NUMBERS:
            for binary_in in (True, False):
                for binary_out in (True, False):
                    if datatype == "FP16" and not (binary_in and binary_out):
                        continue  # the client itself has no JSON form for it
                    with self.subTest(datatype=datatype, binary_in=binary_in, binary_out=binary_out):
                        array = sample(datatype)
                        tensor = triton.InferInput("INPUT0", array.shape, datatype)
                        tensor.set_data_from_numpy(array, binary_data=binary_in)
                        output = triton.InferRequestedOutput("OUTPUT0", binary_data=binary_out)
                        result = self.client.infer(f"identity-{datatype}", [tensor], outputs=[output])
                        np.testing.assert_array_equal(result.as_numpy("OUTPUT0"), array)

    def test_strings(self):
        array = np.array([["", "a", "Grüße 鳥", "x" * 10_000]], dtype=object)
        for binary in (True, False):
            with self.subTest(binary=binary):
                tensor = triton.InferInput("INPUT0", array.shape, "BYTES")
                tensor.set_data_from_numpy(array, binary_data=binary)
                output = triton.InferRequestedOutput("OUTPUT0", binary_data=binary)
                result = self.client.infer("identity-BYTES", [tensor], outputs=[output]).as_numpy("OUTPUT0")
                texts = [t.decode() if isinstance(t, bytes) else t for t in result[0]]
                self.assertEqual(texts, list(array[0]))

    def test_two_inputs_two_outputs_and_an_id(self):
        first, second = (np.arange(32, dtype=np.int32).reshape(2, 16) * k for k in (3, 2))
        inputs = [triton.InferInput(f"INPUT{n}", [2, 16], "INT32") for n in (0, 1)]
        inputs[0].set_data_from_numpy(first, binary_data=False)
        inputs[1].set_data_from_numpy(second)
        outputs = [triton.InferRequestedOutput("OUTPUT1"), triton.InferRequestedOutput("OUTPUT0", binary_data=False)]
        result = self.client.infer("add-sub", inputs, outputs=outputs, request_id="seven", model_version="1")
        np.testing.assert_array_equal(result.as_numpy("OUTPUT0"), first + second)
        np.testing.assert_array_equal(result.as_numpy("OUTPUT1"), first - second)
        answer = result.get_response()
        self.assertEqual((answer["id"], answer["model_name"], answer["model_version"]), ("seven", "add-sub", "1"))
        self.assertEqual([o["name"] for o in answer["outputs"]], ["OUTPUT1", "OUTPUT0"])

    def test_compression_both_ways(self):
        array = np.zeros((1, 4096), np.float32)
        tensor = triton.InferInput("INPUT0", array.shape, "FP32")
        tensor.set_data_from_numpy(array)
        for algorithm in ("gzip", "deflate"):
            with self.subTest(algorithm=algorithm):
                result = self.client.infer("identity-FP32", [tensor], request_compression_algorithm=algorithm,
                                           response_compression_algorithm=algorithm)
                np.testing.assert_array_equal(result.as_numpy("OUTPUT0"), array)

    def test_classification(self):
        green = np.zeros((1, 3, 32, 32), np.float32)
        green[0, 1] = 1
        tensor = triton.InferInput("images", green.shape, "FP32")
        tensor.set_data_from_numpy(green)
        output = triton.InferRequestedOutput("output0", class_count=2)
        top = self.client.infer("classify", [tensor], outputs=[output]).as_numpy("output0").flatten()
        value, index, label = top[0].decode().split(":")
        self.assertAlmostEqual(float(value), 0.99263, 4)
        self.assertEqual((index, label, len(top)), ("1", "green", 2))

    def test_many_at_once(self):
        array = np.random.default_rng(7).random((1, 64), np.float32)
        with triton.InferenceServerClient(f"127.0.0.1:{self.server.port}", concurrency=8) as client:
            waiting = []
            for k in range(100):
                tensor = triton.InferInput("INPUT0", array.shape, "FP32")
                tensor.set_data_from_numpy(array + k)
                waiting.append(client.async_infer("identity-FP32", [tensor]))
            for k, each in enumerate(waiting):
                np.testing.assert_array_equal(each.get_result().as_numpy("OUTPUT0"), array + k)

    def test_an_error_reaches_the_client_as_its_own(self):
        tensor = triton.InferInput("INPUT0", [1, 1], "INT32")
        tensor.set_data_from_numpy(np.array([[1]], np.int32))
        with self.assertRaises(InferenceServerException) as raised:
            self.client.infer("identity-FP32", [tensor])
        self.assertIn("FP32", raised.exception.message())
        self.assertEqual(raised.exception.status(), "400")

    def test_maps_and_scalars_are_tensors(self):
        tensor = triton.InferInput("features", [2, 2], "FP32")
        tensor.set_data_from_numpy(np.array([[2, 0], [0, 0.5]], np.float32))
        result = self.client.infer("zipmap", [tensor])
        np.testing.assert_array_equal(result.as_numpy("output_label"), [10, 20])
        np.testing.assert_allclose(result.as_numpy("output_probability"),
                                   [[0.86681, 0.11731, 0.01588], [0.27407, 0.45186, 0.27407]], atol=1e-5)
        tensor = triton.InferInput("INPUT0", [3], "FP32")
        tensor.set_data_from_numpy(np.array([1, 2, 3.5], np.float32))
        for binary in (True, False):
            output = triton.InferRequestedOutput("OUTPUT0", binary_data=binary)
            self.assertEqual(self.client.infer("scalar", [tensor], outputs=[output]).as_numpy("OUTPUT0"), 6.5)

    def test_a_raw_binary_request(self):
        answer = requests.post(
            self.server.url + "/v2/models/custom-metadata/infer", data=np.array([1.5, 2.5], np.float32).tobytes(),
            headers={"Inference-Header-Content-Length": "0", "Content-Type": "application/octet-stream"})
        self.assertEqual(answer.status_code, 200, answer.text)
        length = int(answer.headers["Inference-Header-Content-Length"])
        self.assertEqual(np.frombuffer(answer.content[length:], np.float32).tolist(), [1.5, 2.5])

    def test_numbers_that_json_has_not(self):
        array = np.array([[np.nan, np.inf, -np.inf]], np.float32)
        tensor = triton.InferInput("INPUT0", array.shape, "FP32")
        tensor.set_data_from_numpy(array)
        output = triton.InferRequestedOutput("OUTPUT0", binary_data=False)
        result = self.client.infer("identity-FP32", [tensor], outputs=[output])
        np.testing.assert_array_equal(result.as_numpy("OUTPUT0"), array)

    def test_plain_requests_and_head_and_options(self):
        url = self.server.url
        self.assertEqual(requests.get(url + "/v2/health/live").json(), {"live": True})
        self.assertEqual(requests.get(url + "/v2/models/add-sub/ready").json(), {"name": "add-sub", "ready": True})
        self.assertEqual(requests.head(url + "/v2").content, b"")
        self.assertIn("POST", requests.options(url + "/v2/models/add-sub/infer").headers["Allow"])
        self.assertIn("add-sub", requests.get(url + "/v2/models").json()["models"])
        body = {"inputs": [{"name": "INPUT0", "shape": [1, 2], "datatype": "FP32", "data": [[0.1, 1e-7]]}]}
        sent = gzip.compress(json.dumps(body).encode())
        answer = requests.post(url + "/v2/models/identity-FP32/infer", data=sent, headers={"Content-Encoding": "gzip"})
        self.assertEqual(answer.json()["outputs"][0]["data"], [0.1, 1e-7])


if __name__ == "__main__":
    unittest.main()
