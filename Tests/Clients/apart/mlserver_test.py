"""MLServer's own codecs: what they make of arrays, strings, dates and data frames, and read of answers."""

import datetime
import unittest

import grpc
import numpy as np
import pandas as pd
import requests
from mlserver.codecs import Base64Codec, DatetimeCodec, NumpyCodec, NumpyRequestCodec, PandasCodec, StringCodec
from mlserver.codecs import StringRequestCodec
from mlserver.grpc.converters import ModelInferRequestConverter, ModelInferResponseConverter
from mlserver.grpc.dataplane_pb2_grpc import GRPCInferenceServiceStub
from mlserver.types import InferenceRequest, InferenceResponse, Parameters, RequestOutput

from support.apus_server import ApusServer, fixture

COLUMNS = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
FLOWERS = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]


class MLServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        kinds = [fixture(f"identity-{kind}") for kind in ("BYTES", "FP32", "INT64", "BOOL")]
        cls.server = ApusServer("models/iris", *kinds, grpc=True)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)
        channel = grpc.insecure_channel(cls.server.grpc_url)
        cls.addClassCleanup(channel.close)
        cls.calls = GRPCInferenceServiceStub(channel)

    def over_rest(self, model, request):
        body = request.model_dump_json(exclude_none=True, by_alias=True)
        answer = requests.post(f"{self.server.url}/v2/models/{model}/infer", data=body, timeout=30, headers={
            "Content-Type": "application/json"})
        self.assertEqual(answer.status_code, 200, answer.text)
        return InferenceResponse.model_validate(answer.json())

    def over_grpc(self, model, request):
        message = ModelInferRequestConverter.from_types(request, model_name=model, model_version=None)
        return ModelInferResponseConverter.to_types(self.calls.ModelInfer(message, timeout=30))

    def both(self):
        return [self.over_rest, self.over_grpc]

    def test_arrays(self):
        for kind, array in [("FP32", np.array([[1.5, -2.25]], np.float32)), ("INT64", np.array([[7, -(2**60)]])),
                            ("BOOL", np.array([[True, False]]))]:
            for ask in self.both():
                with self.subTest(kind=kind, ask=ask.__name__):
                    request = InferenceRequest(inputs=[NumpyCodec.encode_input("INPUT0", array)])
                    answer = ask(f"identity-{kind}", request)
                    found = NumpyCodec.decode_output(answer.outputs[0])
                    np.testing.assert_array_equal(found, array)
                    self.assertEqual(found.dtype, array.dtype)

    def test_an_array_as_the_whole_request(self):
        """The codec calls its one input `input-1`, whatever the model's is called."""
        for ask in self.both():
            with self.subTest(ask=ask.__name__):
                answer = ask("iris", NumpyRequestCodec.encode_request(np.array(FLOWERS, np.float32)))
                labels = {output.name: output for output in answer.outputs}["label"]
                self.assertEqual(NumpyCodec.decode_output(labels).tolist(), [0, 2])

    def test_strings_as_the_whole_request(self):
        texts = ["", "a", "Grüße 鳥"]
        for use_bytes in (True, False):
            answer = self.over_rest("identity-BYTES", StringRequestCodec.encode_request(texts, use_bytes=use_bytes))
            self.assertEqual(StringRequestCodec.decode_response(answer), texts)
        answer = self.over_grpc("identity-BYTES", StringRequestCodec.encode_request(texts))
        self.assertEqual(StringRequestCodec.decode_response(answer), texts)

    def test_strings(self):
        texts = ["", "a", "Grüße 鳥"]
        for ask in self.both():
            with self.subTest(ask=ask.__name__):
                answer = ask("identity-BYTES", InferenceRequest(inputs=[StringCodec.encode_input("INPUT0", texts)]))
                self.assertEqual(StringCodec.decode_output(answer.outputs[0]), texts)

    def test_base64(self):
        photos = [b"\x00\xff\xfe", b"plain"]
        wanted = [RequestOutput(name="OUTPUT0", parameters=Parameters(content_type="base64"))]
        for use_bytes in (True, False):
            inputs = [Base64Codec.encode_input("INPUT0", photos, use_bytes=use_bytes)]
            answer = self.over_rest("identity-BYTES", InferenceRequest(inputs=inputs, outputs=wanted))
            self.assertEqual(answer.outputs[0].parameters.content_type, "base64")
            self.assertEqual(Base64Codec.decode_output(answer.outputs[0]), photos)
        inputs = [Base64Codec.encode_input("INPUT0", photos)]
        answer = self.over_grpc("identity-BYTES", InferenceRequest(inputs=inputs))
        # Over gRPC bytes are bytes: the answer has what is meant itself.
        self.assertEqual([bytes(element) for element in answer.outputs[0].data.root], photos)

    def test_dates(self):
        dates = [datetime.datetime(2026, 11, 21, 8, 30), datetime.datetime(2026, 11, 21, tzinfo=datetime.timezone.utc)]
        for ask in self.both():
            with self.subTest(ask=ask.__name__):
                answer = ask("identity-BYTES", InferenceRequest(inputs=[DatetimeCodec.encode_input("INPUT0", dates)]))
                self.assertEqual(DatetimeCodec.decode_output(answer.outputs[0]), dates)

    def test_a_data_frame(self):
        table = pd.DataFrame(FLOWERS, columns=COLUMNS)
        for ask in self.both():
            for columns in (COLUMNS, COLUMNS[::-1]):
                with self.subTest(ask=ask.__name__, columns=columns[0]):
                    answer = ask("iris", PandasCodec.encode_request(table[columns]))
                    labels = {output.name: output for output in answer.outputs}["label"]
                    self.assertEqual(NumpyCodec.decode_output(labels).tolist(), [0, 2])
        with self.assertRaises(grpc.RpcError) as raised:
            self.over_grpc("iris", PandasCodec.encode_request(table[COLUMNS[:3]]))
        self.assertEqual(raised.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)

    def test_what_is_not_of_its_kind(self):
        for kind, text in [("datetime", "yesterday"), ("base64", "%%%")]:
            tensor = StringCodec.encode_input("INPUT0", [text], use_bytes=False)
            tensor.parameters = Parameters(content_type=kind)
            body = InferenceRequest(inputs=[tensor]).model_dump_json(exclude_none=True)
            answer = requests.post(f"{self.server.url}/v2/models/identity-BYTES/infer", data=body, timeout=30)
            self.assertEqual(answer.status_code, 400)
            self.assertIn(kind, answer.json()["error"])


if __name__ == "__main__":
    unittest.main()
