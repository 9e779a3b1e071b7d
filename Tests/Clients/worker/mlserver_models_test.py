"""MLServer's custom runtimes, in the forms that its own examples have, without MLServer."""

import json

import numpy as np

from support.worker_models import ModelsTest, api, ports, texts

# The JSON example of MLServer's documents, shortened.
HELLO = """
import json
from typing import Dict, Any
from mlserver import MLModel, types
from mlserver.codecs import StringCodec

class JsonHelloWorldModel(MLModel):
    async def load(self) -> bool:
        return True

    async def predict(self, payload: types.InferenceRequest) -> types.InferenceResponse:
        request = self._extract_json(payload)
        response = {"request": request, "server_response": "Got your request. Hello from the server."}
        response_bytes = json.dumps(response).encode("UTF-8")
        return types.InferenceResponse(
            id=payload.id, model_name=self.name, model_version=self.version,
            outputs=[types.ResponseOutput(
                name="echo_response", shape=[len(response_bytes)], datatype="BYTES", data=[response_bytes],
                parameters=types.Parameters(content_type="str"))])

    def _extract_json(self, payload: types.InferenceRequest) -> Dict[str, Any]:
        inputs = {}
        for inp in payload.inputs:
            inputs[inp.name] = json.loads("".join(self.decode(inp, default_codec=StringCodec)))
        return inputs
"""
# Its custom runtime with a model file and decoded arguments.
WEIGHTS = """
import json
import numpy as np
from mlserver import MLModel
from mlserver.codecs import decode_args
from mlserver.utils import get_model_uri

class Weights(MLModel):
    async def load(self) -> bool:
        uri = await get_model_uri(self._settings)
        with open(uri) as file:
            self._weights = np.array(json.load(file))
        self.ready = True
        return self.ready

    @decode_args
    async def predict(self, bill: np.ndarray, flipper: np.ndarray) -> np.ndarray:
        return self._weights[0] * bill + self._weights[1] * flipper
"""
# The streaming example of its documents.
WORDS = """
import asyncio
from typing import AsyncIterator
from mlserver import MLModel
from mlserver.codecs import StringCodec
from mlserver.errors import InferenceError
from mlserver.types import InferenceRequest, InferenceResponse

class TextModel(MLModel):
    async def predict_stream(self, payloads: AsyncIterator[InferenceRequest]) -> AsyncIterator[InferenceResponse]:
        payload = [_ async for _ in payloads][0]
        text = StringCodec.decode_input(payload.inputs[0])[0]
        if not text:
            raise InferenceError("there are no words")
        for place, word in enumerate(text.split(" ")):
            await asyncio.sleep(0)
            yield InferenceResponse(
                model_name=self._settings.name,
                outputs=[StringCodec.encode_output(name="output", payload=[" " * bool(place) + word], use_bytes=True)])
"""
TEXTS = {"inputs": [{"datatype": "BYTES", "name": "prompt", "shape": [1]}],
         "outputs": [{"datatype": "BYTES", "name": "output", "shape": [1]}]}


class MLServerTest(ModelsTest):
    def runtime(self, source, implementation, method=None, **written):
        self.write("models.py", source)
        self.write("model-settings.json", json.dumps(dict({"name": "m", "implementation": implementation}, **written)))
        import sys

        sys.modules.pop("models", None)
        return self.open(parameters={"method": method} if method else {})

    def test_a_stream(self):
        served = self.runtime(WORDS, "models.TextModel", **TEXTS)
        self.assertTrue(served.decoupled)
        self.assertFalse(served.has_row_axis)
        parts = self.ask(served, prompt=texts("a few words"))
        self.assertEqual([part["output"].tolist() for part in parts], [[b"a"], [b" few"], [b" words"]])
        self.refuses("there are no words", self.ask, served, prompt=texts(""), kind=api.Refused)

    def test_a_stream_and_an_answer(self):
        both = WORDS + """
    async def predict(self, payload):
        return InferenceResponse(model_name="m", outputs=[StringCodec.encode_output("output", ["whole"])])
"""
        served = self.runtime(both, "models.TextModel", **TEXTS)
        self.assertFalse(served.decoupled)
        self.assertEqual(self.ask(served, prompt=texts("a b"))["output"].tolist(), [b"whole"])
        served = self.runtime(both, "models.TextModel", "predict_stream", **TEXTS)
        self.assertEqual(len(self.ask(served, prompt=texts("a b"))), 2)

    def test_the_json_example(self):
        tensors = {"inputs": [{"name": "echo_request", "datatype": "BYTES", "shape": [-1]}],
                   "outputs": [{"name": "echo_response", "datatype": "BYTES", "shape": [-1]}]}
        served = self.runtime(HELLO, "models.JsonHelloWorldModel", **tensors)
        answer = self.ask(served, echo_request=texts('{"name": "Foo"}'))["echo_response"]
        self.assertEqual(json.loads(answer[0])["request"], {"echo_request": {"name": "Foo"}})

    def test_decoded_arguments_and_a_file(self):
        self.write("weights.json", "[2, 10]")
        served = self.runtime(WEIGHTS, "models.Weights", parameters={"uri": "./weights.json", "version": "v0.1.0"})
        self.assertEqual(ports(served.inputs + served.outputs),
                         [("bill", "FP64", None), ("flipper", "FP64", None), ("output-0", "FP64", None)])
        answer = self.ask(served, bill=np.array([1.0, 2]), flipper=np.array([3.0, 4]))
        self.assertEqual(answer["output-0"].tolist(), [[32], [44]])

    def test_frames(self):
        source = """
import pandas as pd
from mlserver import MLModel
from mlserver.codecs import PandasCodec
from mlserver.types import InferenceRequest, InferenceResponse

class Frames(MLModel):
    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        frame = self.decode_request(payload, default_codec=PandasCodec)
        frame["c"] = frame["a"] * 2
        return self.encode_response(frame[["c", "b"]], default_codec=PandasCodec)
"""
        tensors = {"inputs": [{"name": "a", "datatype": "INT64", "shape": [-1]}, {"name": "b", "datatype": "BYTES", "shape": [-1]}],
                   "outputs": [{"name": "c", "datatype": "INT64", "shape": [-1]}, {"name": "b", "datatype": "BYTES", "shape": [-1]}]}
        served = self.runtime(source, "models.Frames", **tensors)
        answer = self.ask(served, a=np.array([1, 2]), b=texts("x", "y"))
        self.assertEqual((answer["c"].tolist(), answer["b"].tolist()), ([2, 4], [b"x", b"y"]))

    def test_refusals(self):
        source = """
from mlserver import MLModel
from mlserver.errors import InferenceError
class Refusing(MLModel):
    async def predict(self, payload):
        raise InferenceError("not this")
"""
        one = [{"name": "a", "datatype": "FP32", "shape": [-1]}]
        served = self.runtime(source, "models.Refusing", inputs=one, outputs=one)
        self.refuses("not this", self.ask, served, a=np.zeros(1, np.float32), kind=api.Refused)
        self.refuses("add inputs and outputs to model-settings.json", self.runtime, source, "models.Refusing")
        self.refuses("has no such class", self.runtime, source, "models.Other")
        self.refuses("there is no module nowhere", self.runtime, source, "nowhere.Other")
        self.refuses("expected module.Class", self.runtime, source, "Other")
