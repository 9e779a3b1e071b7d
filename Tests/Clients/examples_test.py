"""What the examples of Triton's Python client do over HTTP for control, sequences and ensembles, by
their names there; each also with the client for asyncio, where the examples have one.

Examples that are covered elsewhere: `simple_http_infer_client`, `simple_http_async_infer_client`,
`simple_http_string_infer_client` and `simple_http_health_metadata` in `triton_client_test.py`. Those of
shared memory and `get_model_config` belong to the protocol's extensions.
"""

import asyncio
import pathlib
import shutil
import tempfile
import unittest

import numpy as np
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from tritonclient.utils import InferenceServerException

from support.apus_server import REPOSITORY, ApusServer, fixture

SIMPLE = """
name: "simple"
platform: "onnxruntime_onnx"
max_batch_size: 8
input [ { name: "INPUT0" data_type: TYPE_INT32 dims: [ 16 ] }, { name: "INPUT1" data_type: TYPE_INT32 dims: [ 16 ] } ]
output [ { name: "OUTPUT0" data_type: TYPE_INT32 dims: [ 16 ] }, { name: "OUTPUT1" data_type: TYPE_INT32 dims: [ 16 ] } ]
"""

SEQUENCE = """
platform: "onnxruntime_onnx"
max_batch_size: 4
input { name: "INPUT0" data_type: TYPE_INT32 dims: 1 }
output [ { name: "OUTPUT0" data_type: TYPE_INT32 dims: 1 }, { name: "TOLD" data_type: TYPE_INT32 dims: 3 },
         { name: "ID" data_type: TYPE_%(id)s dims: 1 } ]
sequence_batching {
  %(strategy)s
  control_input [
    { name: "START" control { kind: CONTROL_SEQUENCE_START int32_false_true: [0, 1] } },
    { name: "END" control { kind: CONTROL_SEQUENCE_END int32_false_true: [0, 1] } },
    { name: "READY" control { kind: CONTROL_SEQUENCE_READY int32_false_true: [0, 1] } },
    { name: "CORRID" control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_%(id)s } }
  ]
  state { input_name: "STATE_IN" output_name: "STATE_OUT" data_type: TYPE_INT32 dims: 1 }
}
"""

# A photo as it is in its file; the colours that are strongest in it.
PICTURE = """
graph:
  inputs: [{name: INPUT, datatype: BYTES, shape: [-1]}]
  outputs: [{name: OUTPUT, datatype: FP32, shape: [-1, 5]}]
  steps:
    - model: colours
      each: [INPUT]
      inputs: {INPUT: INPUT}
      outputs: {OUTPUT: OUTPUT}
labels: [red, green, blue, dark, never]
"""
COLOURS = """
graph:
  inputs: [{name: INPUT, datatype: BYTES, shape: [1]}]
  outputs: [{name: OUTPUT, datatype: FP32, shape: [1, 5]}]
  steps:
    - {built-in: decode, inputs: {image: INPUT}, outputs: {pixels: pixels}}
    - {built-in: letterbox, settings: {size: 32}, inputs: {pixels: pixels}, outputs: {tensor: tensor, placement: placement}}
    - {model: classify, inputs: {images: tensor}, outputs: {output0: OUTPUT}}
"""


def inputs(module, rows=1, value=1):
    tensors = []
    for place, array in enumerate((np.arange(16 * rows).reshape(rows, 16), np.full((rows, 16), value))):
        tensor = module.InferInput(f"INPUT{place}", [rows, 16], "INT32")
        tensor.set_data_from_numpy(array.astype(np.int32))
        tensors.append(tensor)
    return tensors


class ExamplesTest(unittest.TestCase):
    def serve(self, models, *arguments):
        """`models`: name to source fixture (none for a graph), file of its configuration, and text."""
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name, (source, file, text) in models.items():
            (folder / name / "1").mkdir(parents=True)
            if source:
                shutil.copy(fixture(source), folder / name / "1" / "model.onnx")
            if file:
                (folder / name / file).write_text(text)
        self.server = self.enterContext(ApusServer(folder, *arguments))
        self.client = triton.InferenceServerClient(f"127.0.0.1:{self.server.port}")
        self.addCleanup(self.client.close)

    def with_aio(self, body):
        """Runs a coroutine with the client for asyncio."""
        async def run():
            async with triton_aio.InferenceServerClient(f"127.0.0.1:{self.server.port}") as client:
                return await body(client)
        return asyncio.run(run())


class ModelControlTest(ExamplesTest):
    """`simple_http_model_control`, `simple_http_aio_model_control`"""

    def serve_simple(self):
        self.serve({"simple": ("add-sub", "config.pbtxt", SIMPLE), "other": ("add-sub", None, "")},
                   "--model-control-mode", "explicit")

    def runs_of(self, rows):
        """Runs that one request of so many rows takes: what is larger than a run is split."""
        def count():
            # Runs are counted when they end, and before their answers leave.
            return self.client.get_inference_statistics("simple")["model_stats"][0]["execution_count"]
        before = count()
        answer = self.client.infer("simple", inputs(triton, rows))
        self.assertEqual(answer.as_numpy("OUTPUT0").flatten().tolist(), list(range(1, 16 * rows + 1)))
        return count() - before

    def test_models_are_loaded_changed_unloaded_and_refused(self):
        self.serve_simple()
        self.assertEqual(len(self.client.get_model_repository_index()), 2)
        self.client.load_model("simple")
        self.assertTrue(self.client.is_model_ready("simple"))
        self.assertEqual([self.runs_of(8), self.runs_of(12)], [1, 2])
        with self.assertRaisesRegex(InferenceServerException, "failed to load"):
            self.client.load_model("simple", config='"parameters": {"config": {{"max_batch_size": "16"}}}')
        self.assertTrue(self.client.is_model_ready("simple"), "the one before stays")
        self.client.load_model("simple", config='{"max_batch_size":"16"}')
        self.assertEqual([self.runs_of(12), self.runs_of(17)], [1, 2])
        self.client.unload_model("simple")
        self.assertFalse(self.client.is_model_ready("simple"))
        with self.assertRaisesRegex(InferenceServerException, "failed to load.*other, simple"):
            self.client.load_model("wrong_model_name")

    def test_the_same_with_asyncio(self):
        self.serve_simple()

        async def control(client):
            await client.load_model("simple")
            self.assertTrue(await client.is_model_ready("simple"))
            answer = await client.infer("simple", inputs(triton_aio))
            self.assertEqual(answer.as_numpy("OUTPUT0")[0].tolist(), list(range(1, 17)))
            await client.unload_model("simple")
            self.assertFalse(await client.is_model_ready("simple"))
            with self.assertRaisesRegex(InferenceServerException, "failed to load"):
                await client.load_model("wrong_model_name")
        self.with_aio(control)


class SequenceExampleTest(ExamplesTest):
    """`simple_http_sequence_sync_infer_client`, `simple_http_aio_sequence_sync_infer_client`"""

    VALUES = [11, 7, 5, 3, 2, 0, 1]

    def serve_sums(self, strategy):
        models = {}
        for name, source, kind in (("number", "accumulate", "UINT64"), ("text", "accumulate-text", "STRING")):
            text = SEQUENCE % {"id": kind, "strategy": strategy}
            models[name] = (source, "config.pbtxt", text)
        self.serve(models)

    @staticmethod
    def steps(values):
        """The requests of a sequence: its value, and whether it is the first or the last."""
        last = len(values) - 1
        for place, value in enumerate(values):
            tensor = triton.InferInput("INPUT0", [1, 1], "INT32")
            tensor.set_data_from_numpy(np.full((1, 1), value, np.int32))
            yield [tensor], {"sequence_start": place == 0, "sequence_end": place == last,
                             "outputs": [triton.InferRequestedOutput("OUTPUT0")]}

    def cases(self):
        return [
            ("number", 1000, [0, *self.VALUES]), ("number", 1001, [100, *(-value for value in self.VALUES)]),
            ("text", "b6b1d8a6-43c7-4ef8-8ff1-2a3e6ecbc1d0", [20, *(-value for value in self.VALUES)]),
        ]

    def test_two_numbers_and_a_text_name_sequences(self):
        for strategy in ("direct { }", "oldest { max_candidate_sequences: 4 }"):
            with self.subTest(strategy=strategy):
                self.serve_sums(strategy)
                for model, sequence, values in self.cases():
                    found = [
                        self.client.infer(model, tensors, sequence_id=sequence, **words).as_numpy("OUTPUT0").item()
                        for tensors, words in self.steps(values)]
                    self.assertEqual(found, np.cumsum(values).tolist())

    def test_the_same_with_asyncio_all_at_once(self):
        self.serve_sums("direct { }")

        async def play(client):
            async def sequence(model, name, values):
                found = []
                for tensors, words in self.steps(values):
                    answer = await client.infer(model, tensors, sequence_id=name, **words)
                    found.append(answer.as_numpy("OUTPUT0").item())
                self.assertEqual(found, np.cumsum(values).tolist())
            await asyncio.gather(*(sequence(*case) for case in self.cases()))
        self.with_aio(play)


class EnsembleImageTest(ExamplesTest):
    """`ensemble_image_client`"""

    def test_photos_as_files_get_their_classes(self):
        self.serve({"picture": (None, "model.yaml", PICTURE), "colours": (None, "model.yaml", COLOURS),
                    "classify": ("classify", None, "")})
        metadata = self.client.get_model_metadata("picture")
        [name], [output] = ([each["name"] for each in metadata[side]] for side in ("inputs", "outputs"))
        photo = (REPOSITORY / "Tests/Fixtures/images/rgb8.png").read_bytes()
        for count in (1, 2):
            tensor = triton.InferInput(name, [count], "BYTES")
            tensor.set_data_from_numpy(np.array([photo] * count, dtype=object), binary_data=True)
            wanted = triton.InferRequestedOutput(output, binary_data=True, class_count=2)
            answer = self.client.infer("picture", [tensor], outputs=[wanted]).as_numpy(output)
            self.assertEqual(answer.shape, (count, 2))
            for row in answer:
                value, index, label = row[0].decode().split(":")
                self.assertEqual(label, ["red", "green", "blue", "dark", "never"][int(index)])
                self.assertGreater(float(value), 0.2)


class ReuseTest(ExamplesTest):
    """`reuse_infer_objects_client`, `simple_http_aio_infer_client`, `memory_growth_test`"""

    def test_the_same_objects_serve_again_and_again(self):
        self.serve({"simple": ("add-sub", "config.pbtxt", SIMPLE)})
        tensors = inputs(triton)
        outputs = [triton.InferRequestedOutput(f"OUTPUT{place}") for place in range(2)]
        for value in range(50):
            tensors[1].set_data_from_numpy(np.full((1, 16), value, np.int32))
            answer = self.client.infer("simple", tensors, outputs=outputs)
            self.assertEqual(answer.as_numpy("OUTPUT0")[0].tolist(), [n + value for n in range(16)])
            self.assertEqual(answer.as_numpy("OUTPUT1")[0].tolist(), [n - value for n in range(16)])

    def test_asyncio_asks_many_at_once(self):
        self.serve({"simple": ("add-sub", "config.pbtxt", SIMPLE)})

        async def ask(client):
            answers = await asyncio.gather(
                *(client.infer("simple", inputs(triton_aio, value=value)) for value in range(40)))
            for value, answer in enumerate(answers):
                self.assertEqual(answer.as_numpy("OUTPUT0")[0].tolist(), [n + value for n in range(16)])
            with self.assertRaises(InferenceServerException):
                await client.infer("nothing", inputs(triton_aio))
        self.with_aio(ask)


if __name__ == "__main__":
    unittest.main()
