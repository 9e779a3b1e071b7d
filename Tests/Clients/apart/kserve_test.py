"""KServe's own inference clients: REST with protocol v1 and v2, and gRPC."""

import asyncio
import unittest

import grpc
import httpx
import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

from support.apus_server import ApusServer, fixture

FLOWERS = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]


def flowers(**more):
    tensor = InferInput("features", [2, 4], "FP32", data=[value for row in FLOWERS for value in row])
    return InferRequest(model_name="iris", infer_inputs=[tensor], **more)


def binary(name, array, datatype, is_binary=True):
    tensor = InferInput(name, list(array.shape), datatype)
    tensor.set_data_from_numpy(array, binary_data=is_binary)
    return tensor


def texts(array):
    """The client gives strings as bytes or as text, as they came; other arrays stay as they are."""
    if array.dtype != np.object_:
        return array
    return np.array([[value.decode() if isinstance(value, bytes) else value for value in row] for row in array])


class KServeTest(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        kinds = [fixture(f"identity-{kind}") for kind in ("BYTES", "FP16", "INT64")]
        cls.server = ApusServer("models/iris", *kinds, fixture("add-sub"), grpc=True)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)

    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)  # it would report each slow step of the clients
        self.first = InferenceRESTClient(RESTConfig(protocol="v1"))
        self.second = InferenceRESTClient(RESTConfig(protocol="v2"))
        self.calls = InferenceGRPCClient(self.server.grpc_url, retries=0)
        for client in (self.first, self.second, self.calls):
            self.addAsyncCleanup(client.close)

    async def test_version_1(self):
        url = self.server.url
        self.assertTrue(await self.first.is_server_live(url))
        self.assertTrue(await self.first.is_model_ready(url, "iris"))
        answer = await self.first.infer(url, {"instances": FLOWERS}, model_name="iris")
        self.assertEqual([row["label"] for row in answer["predictions"]], [0, 2])

    async def test_a_cloud_event(self):
        headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "test", "ce-type": "test"}
        told = {}
        await self.first.infer(self.server.url, {"instances": FLOWERS}, model_name="iris", headers=headers,
                               response_headers=told)
        self.assertEqual(told["ce-type"], "io.kserve.inference.response")
        event = {"specversion": "1.0", "id": "1", "source": "test", "type": "test", "data": {"instances": FLOWERS}}
        answer = await self.first.infer(self.server.url, event, model_name="iris", headers={
            "Content-Type": "application/cloudevents+json"})
        self.assertEqual(len(answer["data"]["predictions"]), 2)

    async def test_failures_of_version_1(self):
        for name, body, status, words in [
            ("nobody", {"instances": FLOWERS}, 404, "no model `nobody`"),
            ("iris", {"instances": [[1, 2]]}, 400, "must have shape"),
            ("iris", {"rows": []}, 400, "`instances` is missing"),
        ]:
            with self.subTest(name=name, body=body), self.assertRaises(httpx.HTTPStatusError) as raised:
                await self.first.infer(self.server.url, body, model_name=name)
            self.assertEqual(raised.exception.response.status_code, status)
            # The client takes the reason from the field `error`.
            self.assertIn(words, str(raised.exception))
        with self.assertRaises(httpx.HTTPStatusError) as raised:
            await self.first.explain(self.server.url, "iris", {"instances": FLOWERS})
        self.assertEqual(raised.exception.response.status_code, 501)
        with self.assertRaises(httpx.HTTPStatusError):
            await self.first.is_model_ready(self.server.url, "nobody")

    async def test_version_2(self):
        url = self.server.url
        self.assertTrue(await self.second.is_server_live(url) and await self.second.is_server_ready(url))
        self.assertTrue(await self.second.is_model_ready(url, "iris"))
        self.assertFalse(await self.second.is_model_ready(url, "nobody"))
        answer = await self.second.infer(url, flowers(request_id="seven"), model_name="iris")
        self.assertEqual((answer.id, answer.model_name), ("seven", "iris"))
        labels = {output.name: output for output in answer.outputs}["label"]
        self.assertEqual(labels.as_numpy().tolist(), [0, 2])

    async def test_version_2_in_binary(self):
        url = self.server.url
        for datatype, array in [
            ("FP16", np.array([[1.5, -2, 0.1]], np.float16)), ("INT64", np.array([[1, -2**62]], np.int64)),
            ("BYTES", np.array([["a".encode(), "Grüße".encode(), b""]], np.object_)),
        ]:
            with self.subTest(datatype=datatype):
                name = f"identity-{datatype}"
                request = InferRequest(name, [binary("INPUT0", array, datatype)], request_outputs=[
                    RequestedOutput("OUTPUT0", {"binary_data": True})])
                answer = await self.second.infer(url, request, model_name=name)
                np.testing.assert_array_equal(texts(answer.outputs[0].as_numpy()), texts(array))
        first, second = (np.arange(16, dtype=np.int32).reshape(1, 16) * k for k in (3, 2))
        request = InferRequest("add-sub", [
            binary("INPUT0", first, "INT32"), binary("INPUT1", second, "INT32", is_binary=False)])
        answer = await self.second.infer(url, request, model_name="add-sub")
        found = {output.name: output.as_numpy() for output in answer.outputs}
        np.testing.assert_array_equal(found["OUTPUT0"], first + second)
        np.testing.assert_array_equal(found["OUTPUT1"], first - second)

    async def test_failures_of_version_2(self):
        wrong = InferRequest("iris", [InferInput("features", [1, 2], "FP32", data=[1, 2])])
        for name, request, status, words in [
            ("nobody", flowers(), 404, "no model `nobody`"), ("iris", wrong, 400, "must have shape"),
        ]:
            with self.subTest(name=name), self.assertRaises(httpx.HTTPStatusError) as raised:
                await self.second.infer(self.server.url, request, model_name=name)
            self.assertEqual(raised.exception.response.status_code, status)
            self.assertIn(words, str(raised.exception))

    async def test_grpc(self):
        calls = self.calls
        self.assertTrue(await calls.is_server_live() and await calls.is_server_ready())
        self.assertTrue(await calls.is_model_ready("iris"))
        self.assertFalse(await calls.is_model_ready("nobody"))
        answer = await calls.infer(flowers(request_id="seven"))
        self.assertEqual((answer.id, answer.model_name), ("seven", "iris"))
        outputs = {output.name: output.as_numpy() for output in answer.outputs}
        self.assertEqual(outputs["label"].tolist(), [0, 2])
        rest = await self.second.infer(self.server.url, flowers(), model_name="iris")
        over_rest = {output.name: output.as_numpy() for output in rest.outputs}
        np.testing.assert_array_equal(outputs["probabilities"], over_rest["probabilities"].astype(np.float32))

    async def test_grpc_with_raw_contents_and_strings(self):
        array = np.array([["a".encode(), "Grüße".encode()]], np.object_)
        for is_binary in (True, False):
            request = InferRequest("identity-BYTES", [binary("INPUT0", array, "BYTES", is_binary)])
            answer = await self.calls.infer(request)
            np.testing.assert_array_equal(texts(answer.outputs[0].as_numpy()), texts(array))

    async def test_failures_of_grpc(self):
        wrong = InferRequest("iris", [InferInput("features", [1, 2], "FP32", data=[1, 2])])
        unknown = InferRequest("nobody", [InferInput("features", [1, 4], "FP32", data=FLOWERS[0])])
        for request, status in [(wrong, grpc.StatusCode.INVALID_ARGUMENT), (unknown, grpc.StatusCode.NOT_FOUND)]:
            with self.subTest(request.model_name), self.assertLogs("kserve.trace", "ERROR"), self.assertRaises(
                    grpc.RpcError) as raised:
                await self.calls.infer(request)
            self.assertEqual(raised.exception.code(), status)


if __name__ == "__main__":
    unittest.main()
