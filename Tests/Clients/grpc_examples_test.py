"""What the examples of Triton's Python client do over gRPC, by their names there, as far as
`grpc_test.py` does not: keep-alive, channel options, strings in shared memory, sequences and many
answers with asyncio, cancelling, signing in, and models under control.
"""

import asyncio
import base64
import pathlib
import queue
import shutil
import tempfile
import time
import unittest

import numpy as np
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
import tritonclient.http as triton_http
import tritonclient.utils as triton_utils
import tritonclient.utils.shared_memory as shm
from tritonclient.grpc.auth import BasicAuth
from tritonclient.http.auth import BasicAuth as HTTPBasicAuth
from tritonclient.utils import InferenceServerException

from grpc_test import REPOSITORY, numbers, repeat
from support.apus_server import ApusServer, fixture


def value_of_sums(value):
    tensor = triton.InferInput("INPUT0", [1, 1], "INT32")
    tensor.set_data_from_numpy(np.full((1, 1), value, np.int32))
    return [tensor]


class CallExamplesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ApusServer(
            *map(fixture, ("add-sub", "identity-BYTES", "slow")), "--instances", "1", "--allow-client-shm", grpc=True)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)

    def client(self, **options):
        client = triton.InferenceServerClient(self.server.grpc_url, **options)
        self.addCleanup(client.close)
        return client

    def assert_sums(self, client):
        answer = client.infer("add-sub", numbers(3))
        np.testing.assert_array_equal(answer.as_numpy("OUTPUT0")[0], 2 * (np.arange(16) + 3))

    def test_keepalive(self):
        """`simple_grpc_keepalive_client`: pings while nothing is asked, and the connection stays."""
        options = triton.KeepAliveOptions(
            keepalive_time_ms=1_000, keepalive_timeout_ms=2_000, keepalive_permit_without_calls=True,
            http2_max_pings_without_data=0)
        client = self.client(keepalive_options=options)
        self.assert_sums(client)
        # The wire's own time: two pings are due meanwhile.
        time.sleep(2.5)
        self.assert_sums(client)

    def test_options_of_the_channel(self):
        """`simple_grpc_custom_args_client`"""
        self.assert_sums(self.client(channel_args=[("grpc.lb_policy_name", "pick_first"),
                                                   ("grpc.max_send_message_length", 1 << 20)]))

    def test_strings_in_shared_memory(self):
        """`simple_grpc_shm_string_client`"""
        client = self.client()
        texts = np.array([[b"", b"a", "Grüße".encode()]], dtype=object)
        sent = triton_utils.serialize_byte_tensor(texts)
        size = triton_utils.serialized_byte_size(sent)
        regions = [shm.create_shared_memory_region(name, f"/apus_{name}", size) for name in ("strings_in", "strings_out")]
        self.addCleanup(lambda: [shm.destroy_shared_memory_region(region) for region in regions])
        shm.set_shared_memory_region(regions[0], [sent])
        for name in ("strings_in", "strings_out"):
            client.register_system_shared_memory(name, f"/apus_{name}", size)
        self.addCleanup(client.unregister_system_shared_memory)
        tensor = triton.InferInput("INPUT0", [1, 3], "BYTES")
        tensor.set_shared_memory("strings_in", size)
        wanted = triton.InferRequestedOutput("OUTPUT0")
        wanted.set_shared_memory("strings_out", size)
        client.infer("identity-BYTES", [tensor], outputs=[wanted])
        found = shm.get_contents_as_numpy(regions[1], triton_utils.triton_to_np_dtype("BYTES"), [1, 3])
        self.assertEqual(found.tolist(), texts.tolist())

    def test_a_call_is_taken_back(self):
        """`client.async_infer(...)` gives a context whose `cancel()` ends the call at once."""
        client = self.client()
        tensor = triton.InferInput("iterations", [1], "INT64")
        tensor.set_data_from_numpy(np.array([100_000], np.int64))
        heard = queue.Queue()
        call = client.async_infer("slow", [tensor], lambda result, error: heard.put(error))
        call.cancel()
        error = heard.get(timeout=20)
        self.assertEqual(error.status(), "StatusCode.CANCELLED")
        self.assert_sums(client)

    def test_asyncio_takes_a_call_back(self):
        async def ask():
            async with triton_aio.InferenceServerClient(self.server.grpc_url) as client:
                tensor = triton_aio.InferInput("iterations", [1], "INT64")
                tensor.set_data_from_numpy(np.array([100_000], np.int64))
                call = asyncio.create_task(client.infer("slow", [tensor]))
                await asyncio.sleep(0)
                call.cancel()
                with self.assertRaises((asyncio.CancelledError, InferenceServerException)):
                    await call
                answer = await client.infer("add-sub", numbers())
                self.assertEqual(answer.as_numpy("OUTPUT0")[0, 1], 2)

        asyncio.run(ask())


class SignedInTest(unittest.TestCase):
    def test_plugins_write_the_header_that_a_group_takes(self):
        """`simple_http_infer_client` and `simple_grpc_infer_client` with the plugin of basic authentication."""
        word = "Basic " + base64.b64encode(b"me:secret").decode()
        # A comma divides values of the setting, and base64 has none.
        with ApusServer(fixture("add-sub"), "--http-restricted-api", f"inference:authorization={word}") as server:
            with triton_http.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
                tensors = []
                for name in ("INPUT0", "INPUT1"):
                    tensor = triton_http.InferInput(name, [1, 16], "INT32")
                    tensor.set_data_from_numpy(np.ones((1, 16), np.int32))
                    tensors.append(tensor)
                with self.assertRaises(InferenceServerException) as refused:
                    client.infer("add-sub", tensors)
                self.assertIn(refused.exception.status(), ("401", "403"))
                client.register_plugin(HTTPBasicAuth("me", "secret"))
                self.assertEqual(client.infer("add-sub", tensors).as_numpy("OUTPUT0")[0, 0], 2)
                client.unregister_plugin()
                with self.assertRaises(InferenceServerException):
                    client.infer("add-sub", tensors)

    def test_over_grpc_the_header_is_metadata(self):
        with ApusServer(fixture("add-sub"), grpc=True) as server:
            with triton.InferenceServerClient(server.grpc_url) as client:
                client.register_plugin(BasicAuth("me", "secret"))
                self.assertEqual(client.infer("add-sub", numbers()).as_numpy("OUTPUT0")[0, 1], 2)


class StreamExamplesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, folder)
        for name, config in REPOSITORY.items():
            (folder / name / "1").mkdir(parents=True)
            (folder / name / "config.pbtxt").write_text(config)
        shutil.copy(fixture("accumulate"), folder / "sums" / "1" / "model.onnx")
        cls.server = ApusServer(
            folder, "--model-control-mode", "explicit", "--load-model", "sums", "--load-model", "repeat", grpc=True)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)

    def test_two_sequences_on_one_stream(self):
        """`simple_grpc_aio_sequence_stream_infer_client`"""
        sequences = {1000: [0, 11, 7, 5, 3, 2, 0, 1], 1001: [100, -11, -7, -5, -3, -2, 0, -1]}

        async def play():
            async with triton_aio.InferenceServerClient(self.server.grpc_url) as client:
                async def requests():
                    for place in range(8):
                        for sequence, values in sequences.items():
                            yield {"model_name": "sums", "inputs": value_of_sums(values[place]),
                                   "request_id": f"{sequence}_{place}", "sequence_id": sequence,
                                   "sequence_start": place == 0, "sequence_end": place == 7}

                found = {}
                async for result, error in client.stream_infer(requests()):
                    self.assertIsNone(error)
                    found[result.get_response().id] = int(result.as_numpy("OUTPUT0")[0, 0])
                for sequence, values in sequences.items():
                    sums = [found[f"{sequence}_{place}"] for place in range(8)]
                    self.assertEqual(sums, np.cumsum(values).tolist())

        asyncio.run(play())

    def test_many_answers_with_asyncio_and_an_end_that_is_taken_back(self):
        """`simple_grpc_custom_repeat`, with asyncio; `decoupled` cancelling."""
        async def play():
            async with triton_aio.InferenceServerClient(self.server.grpc_url) as client:
                async def requests():
                    yield {"model_name": "repeat", "inputs": repeat([4, 2, 0, 1]), "request_id": "1"}

                found = [int(result.as_numpy("OUT")[0]) async for result, _ in client.stream_infer(requests())]
                self.assertEqual(found, [4, 2, 0, 1])

                async def endless():
                    yield {"model_name": "repeat", "inputs": repeat(list(range(500)), delay=20)}

                answers = client.stream_infer(endless())
                async for result, error in answers:
                    self.assertIsNone(error)
                    answers.cancel()
                    break
                self.assertTrue(await client.is_model_ready("repeat"))

        asyncio.run(play())

    def test_models_under_control(self):
        """`simple_grpc_model_control`, `simple_grpc_aio_model_control`"""
        async def control():
            async with triton_aio.InferenceServerClient(self.server.grpc_url) as client:
                with self.assertRaises(InferenceServerException):
                    await client.load_model("wrong_model_name")
                await client.load_model("sums")
                self.assertTrue(await client.is_model_ready("sums"))

        asyncio.run(control())
        with triton.InferenceServerClient(self.server.grpc_url) as client:
            states = {model.name: model.state for model in client.get_model_repository_index().models}
            self.assertEqual((states["sums"], states["repeat"]), ("READY", "READY"))
            client.unload_model("repeat")
            self.assertFalse(client.is_model_ready("repeat"))
            client.load_model("repeat")
            self.assertTrue(client.is_model_ready("repeat"))
            with self.assertRaises(InferenceServerException):
                client.load_model("wrong_model_name")


if __name__ == "__main__":
    unittest.main()
