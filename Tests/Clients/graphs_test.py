"""Graphs of models: Triton's ensembles by its own client, and those of model.yaml."""

import pathlib
import shutil
import tempfile
import unittest

import numpy as np
import requests
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from support.apus_server import REPOSITORY, ApusServer, fixture

# As Triton's documentation writes an ensemble: (a + b) and (a - b), then the sum and difference of
# these, which are 2a and 2b.
ENSEMBLE = """
name: "twice"
platform: "ensemble"
max_batch_size: 8
input [
  { name: "A" data_type: TYPE_INT32 dims: [ 16 ] },
  { name: "B" data_type: TYPE_INT32 dims: [ 16 ] }
]
output [
  { name: "TWICE_A" data_type: TYPE_INT32 dims: [ 16 ] },
  { name: "TWICE_B" data_type: TYPE_INT32 dims: [ 16 ] }
]
ensemble_scheduling {
  step [
    {
      model_name: "add-sub"
      model_version: -1
      input_map { key: "INPUT0" value: "A" }
      input_map { key: "INPUT1" value: "B" }
      output_map { key: "OUTPUT0" value: "sum" }
      output_map { key: "OUTPUT1" value: "difference" }
    },
    {
      model_name: "add-sub"
      model_version: -1
      input_map { key: "INPUT0" value: "sum" }
      input_map { key: "INPUT1" value: "difference" }
      output_map { key: "OUTPUT0" value: "TWICE_A" }
      output_map { key: "OUTPUT1" value: "TWICE_B" }
    }
  ]
}
"""

ADD_SUB = """
name: "add-sub"
platform: "onnxruntime_onnx"
max_batch_size: 8
input [
  { name: "INPUT0" data_type: TYPE_INT32 dims: [ 16 ] },
  { name: "INPUT1" data_type: TYPE_INT32 dims: [ 16 ] }
]
output [
  { name: "OUTPUT0" data_type: TYPE_INT32 dims: [ 16 ] },
  { name: "OUTPUT1" data_type: TYPE_INT32 dims: [ 16 ] }
]
"""

DETECTION = """
graph:
  inputs:
    - {name: photo, datatype: BYTES, shape: [1]}
  outputs:
    - {name: boxes, datatype: FP32, shape: [-1, 4]}
    - {name: scores, datatype: FP32, shape: [-1]}
    - {name: classes, datatype: INT64, shape: [-1]}
    - {name: parts, datatype: UINT8, shape: [-1, 8, 8, 3]}
  steps:
    - built-in: decode
      inputs: {image: photo}
      outputs: {pixels: pixels}
    - built-in: letterbox
      settings: {size: 64}
      inputs: {pixels: pixels}
      outputs: {tensor: input, placement: placement}
    - model: detector
      inputs: {images: input}
      outputs: {output0: found}
      timeout: 10s
      retries: 1
    - built-in: suppression
      settings: {classes: 3}
      inputs: {output: found, placement: placement}
      outputs: {boxes: boxes, scores: scores, classes: classes}
    - built-in: crop
      settings: {size: 8, datatype: UINT8, layout: nhwc}
      inputs: {pixels: pixels, boxes: boxes}
      outputs: {crops: parts}
"""

CHOICE = """
graph:
  inputs:
    - {name: x, datatype: FP32, shape: [-1, -1]}
  outputs:
    - {name: y, datatype: FP32, shape: [-1, -1]}
  steps:
    - name: choose
      switch:
        parameter: way
        cases: {turn: turned, keep: kept}
        otherwise: kept
      inputs: {INPUT0: x}
      outputs: {OUTPUT0: y}
"""

MISSING = """
graph:
  inputs:
    - {name: x, datatype: FP32, shape: [-1, -1]}
  outputs:
    - {name: y, datatype: FP32, shape: [-1, -1]}
  steps:
    - model: nowhere
      inputs: {INPUT0: x}
      outputs: {OUTPUT0: y}
"""


def int32(name, array):
    tensor = triton.InferInput(name, list(array.shape), "INT32")
    tensor.set_data_from_numpy(array)
    return tensor


class GraphsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.model("add-sub", "add-sub", config=ADD_SUB)
        cls.model("detector", "yolo-v8-layout")
        cls.model("turned", "dynamic-axes")
        cls.model("kept", "identity-FP32")
        # Before their models by name: the order of loading is not that of the names.
        cls.graph("a-missing", "model.yaml", MISSING)
        cls.graph("a-detection", "model.yaml", DETECTION)
        cls.graph("choice", "model.yaml", CHOICE)
        cls.graph("twice", "config.pbtxt", ENSEMBLE)
        cls.server = ApusServer(cls.folder)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)
        cls.client = triton.InferenceServerClient(f"127.0.0.1:{cls.server.port}", concurrency=4)
        cls.addClassCleanup(cls.client.close)

    @classmethod
    def model(cls, name, source, config=None):
        folder = cls.folder / name / "1"
        folder.mkdir(parents=True)
        shutil.copy(fixture(source), folder / "model.onnx")
        if config:
            (folder.parent / "config.pbtxt").write_text(config)

    @classmethod
    def graph(cls, name, file, text):
        (cls.folder / name / "1").mkdir(parents=True)
        (cls.folder / name / file).write_text(text)

    def test_an_ensemble_answers_through_its_steps(self):
        a = np.arange(32, dtype=np.int32).reshape(2, 16)
        b = np.full((2, 16), 5, np.int32)
        answer = self.client.infer("twice", [int32("A", a), int32("B", b)])
        np.testing.assert_array_equal(answer.as_numpy("TWICE_A"), 2 * a)
        np.testing.assert_array_equal(answer.as_numpy("TWICE_B"), 2 * b)

    def test_only_wanted_outputs_come(self):
        a = np.ones((1, 16), np.int32)
        wanted = [triton.InferRequestedOutput("TWICE_B")]
        answer = self.client.infer("twice", [int32("A", a), int32("B", a)], outputs=wanted)
        self.assertIsNone(answer.as_numpy("TWICE_A"))
        np.testing.assert_array_equal(answer.as_numpy("TWICE_B"), 2 * a)

    def test_metadata_of_an_ensemble(self):
        found = self.client.get_model_metadata("twice")
        self.assertEqual(found["platform"], "ensemble")
        self.assertEqual(found["inputs"][0], {"name": "A", "datatype": "INT32", "shape": [-1, 16]})
        self.assertTrue(self.client.is_model_ready("twice"))

    def test_many_requests_at_once(self):
        a = np.ones((1, 16), np.int32)
        waiting = [
            self.client.async_infer("twice", [int32("A", a * n), int32("B", a)]) for n in range(40)]
        for n, request in enumerate(waiting):
            np.testing.assert_array_equal(request.get_result().as_numpy("TWICE_A"), 2 * a * n)

    def test_a_wrong_input_is_refused_at_the_graph(self):
        with self.assertRaises(InferenceServerException) as refused:
            self.client.infer("twice", [int32("A", np.ones((1, 3), np.int32))])
        self.assertEqual(refused.exception.status(), "400")

    def test_photo_to_boxes_and_parts(self):
        photo = (REPOSITORY / "Tests/Fixtures/images/rgb8.png").read_bytes()
        tensor = triton.InferInput("photo", [1], "BYTES")
        tensor.set_data_from_numpy(np.array([photo], dtype=object))
        answer = self.client.infer("a-detection", [tensor])
        scores = answer.as_numpy("scores")
        self.assertGreaterEqual(len(scores), 3)
        self.assertTrue(np.all(np.diff(scores) <= 0))
        self.assertEqual(answer.as_numpy("boxes").shape, (len(scores), 4))
        self.assertEqual(answer.as_numpy("parts").shape, (len(scores), 8, 8, 3))
        detect = requests.post(
            f"{self.server.url}/v2/models/detector/detect", data=photo,
            headers={"Content-Type": "image/png"}, timeout=30)
        expected = [one["class_id"] for one in detect.json()["detections"]]
        self.assertEqual(answer.as_numpy("classes").tolist(), expected)

    def test_what_is_no_photo_is_the_clients_fault(self):
        tensor = triton.InferInput("photo", [1], "BYTES")
        tensor.set_data_from_numpy(np.array([b"no photo"], dtype=object))
        with self.assertRaises(InferenceServerException) as refused:
            self.client.infer("a-detection", [tensor])
        self.assertEqual(refused.exception.status(), "400")
        self.assertIn("not an image", refused.exception.message())

    def test_a_parameter_switches(self):
        body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}
        for way, shape in [("turn", [2, 1]), ("keep", [1, 2]), ("other", [1, 2])]:
            answer = requests.post(
                f"{self.server.url}/v2/models/choice/infer", json=body | {"parameters": {"way": way}},
                timeout=30)
            self.assertEqual(answer.json()["outputs"][0]["shape"], shape, answer.text)

    def test_a_graph_without_its_model_says_so_and_harms_nobody(self):
        self.assertFalse(self.client.is_model_ready("a-missing"))
        self.assertIn("graph a-missing: step nowhere: it asks nowhere: no model", self.server.log)


if __name__ == "__main__":
    unittest.main()
