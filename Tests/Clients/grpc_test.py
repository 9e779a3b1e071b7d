"""gRPC as its clients speak it: tritonclient (sync, async and aio), grpcio, its health and reflection
clients, and curl."""

import asyncio
import gzip
import json
import pathlib
import queue
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest

import grpc
import numpy as np
import requests
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
import tritonclient.utils.shared_memory as shared_memory
from google.protobuf import descriptor_pool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tritonclient.grpc import model_config_pb2, service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

import sequence_test
from support.apus_server import ApusServer, fixture
from support.http2 import Frames, message
from triton_client_test import KINDS, NUMBERS, sample

CONTENTS = {"BOOL": "bool_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
                 "INT64": "int64_contents", "UINT8": "uint_contents", "UINT16": "uint_contents",
                 "UINT32": "uint_contents", "UINT64": "uint64_contents", "FP32": "fp32_contents",
                 "FP64": "fp64_contents"}


REPOSITORY = {
    "repeat": '''backend: "repeat" model_transaction_policy { decoupled: true }
input [ { name: "IN" data_type: TYPE_INT32 dims: -1 }, { name: "DELAY" data_type: TYPE_UINT32 dims: -1 },
        { name: "WAIT" data_type: TYPE_UINT32 dims: 1 } ]
output [ { name: "OUT" data_type: TYPE_INT32 dims: 1 }, { name: "IDX" data_type: TYPE_UINT32 dims: 1 } ]''',
    "sums": sequence_test.CONFIG % {
        "rows": 4, "instances": 1, "strategy": sequence_test.DIRECT, "idle": 5_000_000, "id": "UINT64"},
}


def numbers(value=0, rows=1):
    """Both inputs of add-sub."""
    tensors = []
    for name in ("INPUT0", "INPUT1"):
        tensor = triton.InferInput(name, [rows, 16], "INT32")
        tensor.set_data_from_numpy(np.arange(16 * rows, dtype=np.int32).reshape(rows, 16) + value)
        tensors.append(tensor)
    return tensors


def slow(iterations):
    tensor = triton.InferInput("iterations", [1], "INT64")
    tensor.set_data_from_numpy(np.array([iterations], np.int64))
    return [tensor]


class GRPCTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        names = [f"identity-{kind}" for kind in [*NUMBERS, "BYTES", "BF16"]]
        cls.server = ApusServer(
            *map(fixture, [*names, "add-sub", "classify", "scalar", "slow"]), "--instances", "1",
            "--body-bytes-max", "32MiB", "--access-log", "all", grpc=True)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)
        cls.client = triton.InferenceServerClient(cls.server.grpc_url)
        cls.addClassCleanup(cls.client.close)
        cls.channel = grpc.insecure_channel(cls.server.grpc_url)
        cls.addClassCleanup(cls.channel.close)
        cls.stub = service_pb2_grpc.GRPCInferenceServiceStub(cls.channel)

    def assert_refused(self, code, text, call, *arguments, **options):
        with self.assertRaises((InferenceServerException, grpc.RpcError)) as raised:
            call(*arguments, **options)
        error = raised.exception
        if isinstance(error, InferenceServerException):
            self.assertEqual(error.status(), f"StatusCode.{code}")
            self.assertIn(text, error.message())
        else:
            self.assertEqual(error.code().name, code)
            self.assertIn(text, error.details())
        return error

    # Health, metadata, statistics, the repository.

    def test_health_and_metadata(self):
        client = self.client
        self.assertTrue(client.is_server_live() and client.is_server_ready())
        self.assertTrue(client.is_model_ready("add-sub") and client.is_model_ready("add-sub", "1"))
        self.assertFalse(client.is_model_ready("nothing") or client.is_model_ready("add-sub", "9"))
        server = client.get_server_metadata()
        self.assertEqual(server.name, "apus")
        self.assertIn("classification", server.extensions)
        model = client.get_model_metadata("add-sub", as_json=True)
        self.assertEqual(model["inputs"][0], {"name": "INPUT0", "datatype": "INT32", "shape": ["-1", "16"]})
        self.assertEqual(model["versions"], ["1"])
        index = {entry.name: entry.state for entry in client.get_model_repository_index().models}
        self.assertEqual(index["add-sub"], "READY")

    def test_statistics(self):
        self.client.infer("add-sub", numbers())
        statistics = self.client.get_inference_statistics("add-sub").model_stats
        self.assertEqual([(s.name, s.version) for s in statistics], [("add-sub", "1")])
        self.assertGreaterEqual(statistics[0].inference_stats.success.count, 1)
        self.assertGreater(statistics[0].inference_stats.success.ns, 0)
        self.assertGreater(len(self.client.get_inference_statistics().model_stats), 10)
        self.assert_refused("NOT_FOUND", "nothing", self.client.get_inference_statistics, "nothing")

    def test_health_service(self):
        stub = health_pb2_grpc.HealthStub(self.channel)
        serving = health_pb2.HealthCheckResponse.SERVING
        for service in ("", "inference.GRPCInferenceService", "add-sub"):
            self.assertEqual(stub.Check(health_pb2.HealthCheckRequest(service=service)).status, serving)
        self.assert_refused("NOT_FOUND", "", stub.Check, health_pb2.HealthCheckRequest(service="nothing"))
        watch = stub.Watch(health_pb2.HealthCheckRequest())
        self.assertEqual(next(watch).status, serving)
        watch.cancel()
        unknown = stub.Watch(health_pb2.HealthCheckRequest(service="nothing"))
        self.assertEqual(next(unknown).status, health_pb2.HealthCheckResponse.SERVICE_UNKNOWN)
        unknown.cancel()

    def test_cuda_shared_memory_is_refused_with_a_reason(self):
        self.assertEqual(self.client.get_cuda_shared_memory_status().regions, {})
        self.assert_refused("UNIMPLEMENTED", "CUDA", self.client.register_cuda_shared_memory, "r", b"AAAA", 0, 8)
        self.assert_refused("UNIMPLEMENTED", "CUDA", self.client.unregister_cuda_shared_memory)

    # Tensors.

    def test_every_datatype(self):
        for datatype in NUMBERS:
            with self.subTest(datatype=datatype):
                array = sample(datatype)
                tensor = triton.InferInput("INPUT0", array.shape, datatype)
                tensor.set_data_from_numpy(array)
                result = self.client.infer(f"identity-{datatype}", [tensor])
                np.testing.assert_array_equal(result.as_numpy("OUTPUT0"), array)

    def test_every_datatype_in_typed_contents(self):
        for datatype, field in CONTENTS.items():
            with self.subTest(datatype=datatype):
                array = sample(datatype)
                request = service_pb2.ModelInferRequest(model_name=f"identity-{datatype}")
                tensor = request.inputs.add(name="INPUT0", datatype=datatype, shape=array.shape)
                getattr(tensor.contents, field).extend(array.flatten().tolist())
                answer = self.stub.ModelInfer(request)
                self.assertEqual(answer.raw_output_contents[0], array.tobytes())

    def test_strings(self):
        array = np.array([["", "a", "Grüße 鳥", "x" * 10_000]], dtype=object)
        tensor = triton.InferInput("INPUT0", array.shape, "BYTES")
        tensor.set_data_from_numpy(array)
        result = self.client.infer("identity-BYTES", [tensor]).as_numpy("OUTPUT0")
        self.assertEqual([t.decode() for t in result[0]], list(array[0]))
        request = service_pb2.ModelInferRequest(model_name="identity-BYTES")
        typed = request.inputs.add(name="INPUT0", datatype="BYTES", shape=array.shape)
        typed.contents.bytes_contents.extend(text.encode() for text in array[0])
        raw = self.stub.ModelInfer(request).raw_output_contents[0]
        self.assertEqual(raw, b"".join(struct.pack("<I", len(t.encode())) + t.encode() for t in array[0]))

    def test_large_tensors_come_back_as_they_were(self):
        generator = np.random.default_rng(3)
        for count in (1, 4_000, 16_385, 1_228_800, 4_000_000):
            with self.subTest(count=count):
                array = generator.random((1, count), np.float32)
                tensor = triton.InferInput("INPUT0", array.shape, "FP32")
                tensor.set_data_from_numpy(array)
                for coding in (None, "gzip") if count < 100_000 else (None,):
                    result = self.client.infer("identity-FP32", [tensor], compression_algorithm=coding)
                    np.testing.assert_array_equal(result.as_numpy("OUTPUT0"), array)

    def test_a_stream_does_not_end_before_its_large_packed_answers(self):
        array = np.zeros((1, 1_000_000), np.float32)
        request = service_pb2.ModelInferRequest(model_name="identity-FP32", raw_input_contents=[array.tobytes()])
        request.inputs.add(name="INPUT0", datatype="FP32", shape=array.shape)
        answers = list(self.stub.ModelStreamInfer(iter([request]), compression=grpc.Compression.Gzip, timeout=30))
        self.assertEqual([answer.error_message for answer in answers], [""])
        self.assertEqual(answers[0].infer_response.raw_output_contents[0], array.tobytes())

    def test_a_large_tensor_that_is_packed_both_ways(self):
        array = np.zeros((1, 1_000_000), np.float32)
        tensor = triton.InferInput("INPUT0", array.shape, "FP32")
        tensor.set_data_from_numpy(array)
        result = self.client.infer("identity-FP32", [tensor], compression_algorithm="gzip")
        np.testing.assert_array_equal(result.as_numpy("OUTPUT0"), array)

    def test_an_id_an_order_of_outputs_and_their_parameters(self):
        outputs = [triton.InferRequestedOutput(name) for name in ("OUTPUT1", "OUTPUT0")]
        answer = self.client.infer("add-sub", numbers(1), outputs=outputs, request_id="mine").get_response()
        self.assertEqual((answer.id, answer.model_name, answer.model_version), ("mine", "add-sub", "1"))
        self.assertEqual([output.name for output in answer.outputs], ["OUTPUT1", "OUTPUT0"])
        self.assertEqual(list(answer.outputs[0].shape), [1, 16])

    def test_classification(self):
        metadata = self.client.get_model_metadata("classify")
        shape = [1 if length < 0 else length for length in metadata.inputs[0].shape]
        tensor = triton.InferInput(metadata.inputs[0].name, shape, "FP32")
        tensor.set_data_from_numpy(np.random.default_rng(1).random(shape, np.float32))
        output = triton.InferRequestedOutput(metadata.outputs[0].name, class_count=2)
        classes = self.client.infer("classify", [tensor], outputs=[output]).as_numpy(metadata.outputs[0].name)
        self.assertEqual(classes.size, 2)
        self.assertRegex(classes.flatten()[0].decode(), r"^-?[\d.e-]+:\d+")

    # The forms of a call.

    def test_many_at_once(self):
        done = queue.Queue()
        for value in range(50):
            self.client.async_infer(
                "add-sub", numbers(value), lambda result, error, value=value: done.put((value, result, error)))
        for _ in range(50):
            value, result, error = done.get(timeout=20)
            self.assertIsNone(error)
            self.assertEqual(result.as_numpy("OUTPUT0")[0, 3], 2 * (3 + value))

    def test_aio(self):
        async def ask():
            async with triton_aio.InferenceServerClient(self.server.grpc_url) as client:
                self.assertTrue(await client.is_server_ready())
                results = await asyncio.gather(*(client.infer("add-sub", numbers(n)) for n in range(20)))
                for value, result in enumerate(results):
                    self.assertEqual(result.as_numpy("OUTPUT0")[0, 0], 2 * value)

                async def requests():
                    for n in range(5):
                        yield {"model_name": "add-sub", "inputs": numbers(n), "request_id": str(n)}

                answers = {}
                async for result, error in client.stream_infer(requests()):
                    self.assertIsNone(error)
                    answers[result.get_response().id] = result.as_numpy("OUTPUT0")[0, 0]
                self.assertEqual(answers, {str(n): 2 * n for n in range(5)})

        asyncio.run(ask())

    def test_a_stream_of_requests_and_their_errors(self):
        with triton.InferenceServerClient(self.server.grpc_url) as client:
            heard = queue.Queue()
            client.start_stream(lambda result, error: heard.put((result, error)))
            for n in range(10):
                client.async_stream_infer("add-sub" if n != 4 else "nothing", numbers(n), request_id=str(n))
            answers, errors = {}, []
            for _ in range(10):
                result, error = heard.get(timeout=20)
                if error:
                    errors.append(error.message())
                else:
                    response = result.get_response()
                    answers[response.id] = result.as_numpy("OUTPUT0")[0, 0]
                    self.assertTrue(response.parameters["triton_final_response"].bool_param)
            client.stop_stream()
            self.assertEqual(answers, {str(n): 2 * n for n in range(10) if n != 4})
            self.assertEqual(len(errors), 1)
            self.assertIn("no model `nothing`", errors[0])

    def test_a_stream_with_real_statuses_ends_with_its_first_failure(self):
        requests = iter([service_pb2.ModelInferRequest(model_name="nothing")])
        call = self.stub.ModelStreamInfer(requests, metadata=[("triton_grpc_error", "true")])
        self.assert_refused("NOT_FOUND", "no model `nothing`", lambda: list(call))

    def test_errors_of_a_stream_name_their_request(self):
        requests = iter([service_pb2.ModelInferRequest(model_name="nothing", id="seven")])
        answers = list(self.stub.ModelStreamInfer(requests))
        self.assertEqual([a.infer_response.id for a in answers], ["seven"])
        self.assertIn("nothing", answers[0].error_message)

    def test_metadata_both_ways(self):
        with self.assertRaises(grpc.RpcError) as raised:
            self.stub.ModelInfer(
                service_pb2.ModelInferRequest(model_name="nothing"), metadata=[("x-request-id", "from-me")])
        self.assertEqual(dict(raised.exception.trailing_metadata())["x-request-id"], "from-me")
        self.wait_for_log("from-me")

    def wait_for_log(self, text):
        deadline = time.monotonic() + 10
        while text not in self.server.log and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertIn(text, self.server.log)

    def test_metrics_and_log_know_the_dialect(self):
        self.client.infer("add-sub", numbers())
        self.wait_for_log('"url.path":"/inference.GRPCInferenceService/ModelInfer"')
        page = requests.get(self.server.url + "/metrics").text
        self.assertRegex(page, r'apus_requests_total\{[^}]*dialect="grpc"[^}]*outcome="success"[^}]*\} [1-9]')
        self.assertRegex(page, r"apus_grpc_connections [1-9]")

    # Time.

    def test_deadlines(self):
        self.assert_refused(
            "DEADLINE_EXCEEDED", "", self.client.infer, "slow", slow(60_000), client_timeout=0.3)

    def test_a_deadline_that_passes_in_the_queue_costs_no_run(self):
        before = self.slow_runs()
        held = self.stub.ModelInfer.future(self.slow_request(4_000))
        time.sleep(0.1)
        late = self.stub.ModelInfer.future(self.slow_request(4_000), timeout=0.2)
        self.assertEqual(late.code().name, "DEADLINE_EXCEEDED")
        held.result(timeout=30)
        # Behind the late one, had that been left in the queue.
        self.client.infer("slow", slow(1), client_timeout=20)
        self.assertEqual(self.slow_runs() - before, 2)

    def slow_runs(self):
        return self.client.get_inference_statistics("slow").model_stats[0].execution_count

    def slow_request(self, iterations):
        request = service_pb2.ModelInferRequest(model_name="slow")
        request.inputs.add(name="iterations", datatype="INT64", shape=[1])
        request.raw_input_contents.append(struct.pack("<q", iterations))
        return request

    def test_a_call_that_is_taken_back_leaves_the_queue(self):
        before = self.slow_runs()
        held = self.stub.ModelInfer.future(self.slow_request(1_500))
        time.sleep(0.05)
        waiting = [self.stub.ModelInfer.future(self.slow_request(60_000)) for _ in range(5)]
        time.sleep(0.05)
        for call in waiting:
            call.cancel()
        held.result(timeout=30)
        # Had one of the long ones started, this would wait for it.
        self.client.infer("slow", slow(1), client_timeout=20)
        self.assertEqual(self.slow_runs() - before, 2)

    # Bad input.

    def test_bad_requests(self):
        def infer(**fields):
            return lambda: self.stub.ModelInfer(service_pb2.ModelInferRequest(**fields))

        tensor = {"name": "INPUT0", "datatype": "INT32", "shape": [1, 16]}
        two = [tensor, tensor | {"name": "INPUT1"}]
        raw = [bytes(64), bytes(64)]
        for name, code, text, call in [
            ("no model", "INVALID_ARGUMENT", "model_name", infer()),
            ("unknown version", "NOT_FOUND", "7", infer(model_name="add-sub", model_version="7")),
            ("no inputs", "INVALID_ARGUMENT", "INPUT0", infer(model_name="add-sub")),
            ("unknown input", "INVALID_ARGUMENT", "`x`", infer(model_name="add-sub", inputs=[tensor | {"name": "x"}], raw_input_contents=raw[:1])),
            ("twice", "INVALID_ARGUMENT", "twice", infer(model_name="add-sub", inputs=[tensor, tensor], raw_input_contents=raw)),
            ("wrong type", "INVALID_ARGUMENT", "FP32", infer(model_name="add-sub", inputs=[tensor | {"datatype": "FP32"}], raw_input_contents=raw[:1])),
            ("unknown type", "INVALID_ARGUMENT", "FLOAT", infer(model_name="add-sub", inputs=[tensor | {"datatype": "FLOAT"}], raw_input_contents=raw[:1])),
            ("wrong shape", "INVALID_ARGUMENT", "shape", infer(model_name="add-sub", inputs=[tensor | {"shape": [1, 5]}], raw_input_contents=raw[:1])),
            ("negative shape", "INVALID_ARGUMENT", "INPUT0", infer(model_name="add-sub", inputs=[tensor | {"shape": [-1, 16]}], raw_input_contents=raw[:1])),
            ("short bytes", "INVALID_ARGUMENT", "64", infer(model_name="add-sub", inputs=two, raw_input_contents=[bytes(64), bytes(60)])),
            ("too few contents", "INVALID_ARGUMENT", "raw_input_contents", infer(model_name="add-sub", inputs=two, raw_input_contents=raw[:1])),
            ("too many contents", "INVALID_ARGUMENT", "raw_input_contents", infer(model_name="add-sub", inputs=two, raw_input_contents=raw + raw)),
            ("unknown output", "INVALID_ARGUMENT", "`y`", infer(model_name="add-sub", inputs=two, raw_input_contents=raw, outputs=[{"name": "y"}])),
            ("wrong contents", "INVALID_ARGUMENT", "int_contents", infer(model_name="add-sub", inputs=[tensor | {"contents": {"fp32_contents": [1.0]}}])),
            ("short contents", "INVALID_ARGUMENT", "16", infer(model_name="add-sub", inputs=[tensor | {"contents": {"int_contents": [1]}}])),
            ("FP16 typed", "INVALID_ARGUMENT", "raw_input_contents", infer(model_name="identity-FP16", inputs=[tensor | {"datatype": "FP16", "shape": [1, 1]}])),
            ("shared memory without a size", "INVALID_ARGUMENT", "shared_memory_byte_size", infer(model_name="add-sub", inputs=[tensor | {"parameters": {"shared_memory_region": {"string_param": "r"}}}])),
            ("priority", "INVALID_ARGUMENT", "priority", infer(model_name="add-sub", parameters={"priority": {"int64_param": -1}})),
        ]:
            with self.subTest(name):
                self.assert_refused(code, text, call)

    def test_too_large_a_message(self):
        array = np.zeros((1, 9_000_000), np.float32)
        tensor = triton.InferInput("INPUT0", array.shape, "FP32")
        tensor.set_data_from_numpy(array)
        self.assert_refused("RESOURCE_EXHAUSTED", "", self.client.infer, "identity-FP32", [tensor])
        self.assert_refused(
            "RESOURCE_EXHAUSTED", "", self.client.infer, "identity-FP32", [tensor], compression_algorithm="gzip")

    def ask(self, method="ServerLive", body=message(), headers=None, http="200"):
        """One call by curl, which speaks HTTP/2 without knowing gRPC; gives its trailers."""
        with tempfile.NamedTemporaryFile() as file:
            file.write(body)
            file.flush()
            command = ["curl", "-s", "--http2-prior-knowledge", "-D", "-", "-o", "/dev/null", "--max-time", "20",
                       "--data-binary", f"@{file.name}", "-w", "HTTP %{http_code}"]
            fields = {"content-type": "application/grpc", "te": "trailers"} | (headers or {})
            for name, value in fields.items():
                command += ["-H", f"{name}: {value}"]
            path = method if method.startswith("/") else "/inference.GRPCInferenceService/" + method
            done = subprocess.run(
                [*command, f"http://{self.server.grpc_url}{path}"], capture_output=True, text=True, timeout=30)
        self.assertIn(f"HTTP {http}", done.stdout, done.stderr)
        lines = (line.split(":", 1) for line in done.stdout.splitlines() if ":" in line)
        return {name.strip().lower(): value.strip() for name, value in lines}

    @unittest.skipIf(shutil.which("curl") is None, "curl is not installed")
    def test_calls_that_are_no_good(self):
        self.assertEqual(self.ask()["grpc-status"], "0")
        packed = gzip.compress(b"")
        for name, status, text, options in [
            ("unknown method", "12", "/inference.GRPCInferenceService/Nothing", {"method": "Nothing"}),
            ("unknown service", "12", "/a.B/C", {"method": "/a.B/C"}),
            ("content type", "3", "text/plain", {"headers": {"content-type": "text/plain"}, "http": "415"}),
            ("no message", "3", "none came", {"body": b""}),
            ("two messages", "3", "second", {"body": message() * 2}),
            ("cut inside the prefix", "3", "inside a message", {"body": b"\0\0\0"}),
            ("cut inside the message", "3", "inside a message", {"body": message(b"12345")[:7]}),
            ("compressed flag alone", "13", "grpc-encoding", {"body": message(packed, 1)}),
            ("a flag of 7", "13", "7", {"body": message(b"", 7)}),
            ("unknown encoding", "12", "snappy", {"headers": {"grpc-encoding": "snappy"}}),
            ("broken gzip", "3", "gzip", {"body": message(b"nonsense", 1), "headers": {"grpc-encoding": "gzip"}}),
            ("over the limit", "8", "1048576", {"body": message(bytes((1 << 20) + 1))}),
            ("no protobuf", "3", "protobuf", {"method": "ModelReady", "body": message(b"\x0a\xff")}),
            ("text that is none", "3", "UTF-8", {"method": "ModelReady", "body": message(b"\x0a\x02\xff\xfe")}),
            ("timeout", "3", "grpc-timeout", {"headers": {"grpc-timeout": "soon"}}),
            ("deadline past", "4", "", {"headers": {"grpc-timeout": "0n"}}),
            ("a page of another origin", "7", "example.org", {"headers": {"origin": "http://example.org"}}),
        ]:
            with self.subTest(name):
                answer = self.ask(**options)
                self.assertEqual(answer["grpc-status"], status, answer)
                self.assertIn(text, answer["grpc-message"])
        self.assertEqual(self.ask(body=message(packed, 1), headers={"grpc-encoding": "gzip"})["grpc-status"], "0")

    def test_messages_are_percent_encoded(self):
        error = self.assert_refused(
            "NOT_FOUND", "Grüße %", self.stub.ModelInfer, service_pb2.ModelInferRequest(model_name="Grüße %"))
        self.assertNotIn("\n", error.details())

    # Reflection.

    def test_reflection_knows_what_the_clients_know(self):
        """Our descriptors against those that tritonclient was compiled from."""
        database = ProtoReflectionDescriptorDatabase(self.channel)
        self.assertEqual(set(database.get_services()), {
            "inference.GRPCInferenceService", "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
            "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService",
            "org.pytorch.serve.grpc.inference.InferenceAPIsService",
            "org.pytorch.serve.grpc.management.ManagementAPIsService"})
        pool = descriptor_pool.DescriptorPool(database)
        for theirs in (service_pb2.DESCRIPTOR, model_config_pb2.DESCRIPTOR, health_pb2.DESCRIPTOR,
                       reflection_pb2.DESCRIPTOR):
            for service in theirs.services_by_name.values():
                ours = pool.FindServiceByName(service.full_name)
                wanted = {m.name: (m.input_type.full_name, m.output_type.full_name) for m in service.methods}
                for name, types in wanted.items():
                    if service.full_name == "grpc.health.v1.Health" and name == "List":
                        continue
                    method = ours.methods_by_name[name]
                    self.assertEqual((method.input_type.full_name, method.output_type.full_name), types)
            for name in theirs.message_types_by_name:
                if not name.startswith("HealthList"):
                    self.assert_same(pool.FindMessageTypeByName(f"{theirs.package}.{name}"),
                                     theirs.message_types_by_name[name])

    def assert_same(self, ours, theirs):
        def shape(field):
            kind = field.message_type or field.enum_type
            oneof = field.containing_oneof.name if field.containing_oneof else None
            return (field.name, field.number, field.type, field.is_repeated, kind and kind.full_name, oneof,
                    field.json_name, field.is_packed)

        with self.subTest(theirs.full_name):
            self.assertEqual([shape(f) for f in ours.fields], [shape(f) for f in theirs.fields])
            for inner in theirs.nested_types:
                self.assert_same(ours.nested_types_by_name[inner.name], inner)
            for inner in theirs.enum_types:
                self.assertEqual(
                    [(v.name, v.number) for v in ours.enum_types_by_name[inner.name].values],
                    [(v.name, v.number) for v in inner.values])

    def test_reflection_of_what_is_not_there(self):
        stub = reflection_pb2_grpc.ServerReflectionStub(self.channel)
        Request = reflection_pb2.ServerReflectionRequest
        asked = [Request(file_by_filename="x.proto"), Request(file_containing_symbol="a.B"),
                 Request(all_extension_numbers_of_type="inference.ModelConfig"),
                 Request(file_containing_symbol="inference.GRPCInferenceService.ModelInfer")]
        answers = list(stub.ServerReflectionInfo(iter(asked)))
        self.assertEqual([a.original_request for a in answers], asked)
        self.assertEqual([a.WhichOneof("message_response") for a in answers],
                         ["error_response", "error_response", "all_extension_numbers_response", "file_descriptor_response"])
        self.assertEqual(answers[0].error_response.error_code, 5)


def repeat(values, delay=0):
    """Triton's sample of a model that gives an answer for each of its values."""
    tensors = []
    for name, kind, data in (("IN", "INT32", values), ("DELAY", "UINT32", [delay] * len(values)), ("WAIT", "UINT32", [0])):
        tensor = triton.InferInput(name, [len(data)], kind)
        tensor.set_data_from_numpy(np.array(data, KINDS[kind]))
        tensors.append(tensor)
    return tensors


class GRPCStreamingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        for name, config in REPOSITORY.items():
            version = pathlib.Path(folder.name, name, "1")
            version.mkdir(parents=True)
            (version.parent / "config.pbtxt").write_text(config)
        shutil.copy(fixture("accumulate"), pathlib.Path(folder.name, "sums", "1", "model.onnx"))
        cls.server = ApusServer(folder.name, grpc=True)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)

    def stream(self):
        """A client with a stream, and what it hears."""
        client = triton.InferenceServerClient(self.server.grpc_url)
        self.addCleanup(client.close)
        heard = queue.Queue()
        client.start_stream(lambda result, error: heard.put((result, error)))
        return client, heard

    def next(self, heard):
        result, error = heard.get(timeout=20)
        self.assertIsNone(error)
        return result

    def test_many_answers_to_a_request(self):
        client, heard = self.stream()
        client.async_stream_infer("repeat", repeat([7, 8, 9]), request_id="a")
        results = [self.next(heard) for _ in range(3)]
        self.assertEqual([int(r.as_numpy("OUT")[0]) for r in results], [7, 8, 9])
        self.assertEqual([int(r.as_numpy("IDX")[0]) for r in results], [0, 1, 2])
        self.assertEqual({r.get_response().id for r in results}, {"a"})
        # None of them says that it is the last; who wants to know asks for an answer that does.
        client.async_stream_infer("repeat", repeat([]), enable_empty_final_response=True)
        # Waited for, as requests of one stream overtake each other.
        empty = self.next(heard).get_response()
        client.async_stream_infer("repeat", repeat([5]), enable_empty_final_response=True)
        first, last = (self.next(heard).get_response() for _ in range(2))
        self.assertTrue(empty.parameters["triton_final_response"].bool_param)
        self.assertEqual((len(empty.outputs), len(first.outputs), len(last.outputs)), (0, 2, 0))
        self.assertFalse(first.parameters["triton_final_response"].bool_param)
        self.assertTrue(last.parameters["triton_final_response"].bool_param)

    def test_requests_of_one_stream_overtake_each_other(self):
        client, heard = self.stream()
        client.async_stream_infer("repeat", repeat([1, 2], delay=400), request_id="slow")
        client.async_stream_infer("sums", sums(3), request_id="fast", sequence_id=5, sequence_start=True)
        order = [self.next(heard).get_response().id for _ in range(3)]
        self.assertEqual(order, ["fast", "slow", "slow"])

    def test_a_unary_call_of_such_a_model_is_refused(self):
        with triton.InferenceServerClient(self.server.grpc_url) as client:
            with self.assertRaises(InferenceServerException) as raised:
                client.infer("repeat", repeat([1]))
            self.assertEqual(raised.exception.status(), "StatusCode.UNIMPLEMENTED")

    def test_sequences_by_stream_and_by_call(self):
        client, heard = self.stream()
        for place, value in enumerate([5, 6, 7]):
            client.async_stream_infer(
                "sums", sums(value), sequence_id=42, sequence_start=place == 0, sequence_end=place == 2)
        self.assertEqual([int(self.next(heard).as_numpy("OUTPUT0")[0, 0]) for _ in range(3)], [5, 11, 18])
        for place, value in enumerate([1, 2]):
            result = client.infer("sums", sums(value), sequence_id=7, sequence_start=place == 0)
        self.assertEqual(int(result.as_numpy("OUTPUT0")[0, 0]), 3)
        with self.assertRaises(InferenceServerException) as raised:
            client.infer("sums", sums(1))
        self.assertEqual(raised.exception.status(), "StatusCode.INVALID_ARGUMENT")

    def test_a_client_that_goes_ends_what_its_stream_asked_for(self):
        client, heard = self.stream()
        client.async_stream_infer("repeat", repeat(list(range(1_000)), delay=20))
        self.next(heard)
        client.stop_stream(cancel_requests=True)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            statistics = client.get_inference_statistics("repeat").model_stats[0].inference_stats
            if statistics.fail.count:
                return
            time.sleep(0.05)
        self.fail("the request went on without its client")

    def test_a_slow_reader_holds_its_model_up_and_not_the_server(self):
        channel = grpc.insecure_channel(self.server.grpc_url)
        self.addCleanup(channel.close)
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        request = service_pb2.ModelInferRequest(model_name="repeat")
        for tensor in repeat(list(range(500))):
            request.inputs.append(tensor._get_tensor())
            request.raw_input_contents.append(tensor._get_content())
        # More than once: parts come from the model's thread and, after a pause, from the loop.
        for pause in (0.3, 0, 0.01, 0.02, 0, 0.05):
            answers = stub.ModelStreamInfer(iter([request]))
            read = [next(answers).infer_response for _ in range(3)]
            time.sleep(pause)
            read += [a.infer_response for a in answers]
            self.assertEqual(
                [struct.unpack("<i", r.raw_output_contents[0])[0] for r in read], list(range(500)))


class GRPCExtensionsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.traces = pathlib.Path(folder.name, "traces.json")
        cls.server = ApusServer(
            fixture("add-sub"), "--allow-client-shm", "--trace-file", str(cls.traces), grpc=True)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)
        cls.client = triton.InferenceServerClient(cls.server.grpc_url)
        cls.addClassCleanup(cls.client.close)

    def test_configuration_is_the_one_of_rest(self):
        config = self.client.get_model_config("add-sub").config
        rest = requests.get(self.server.url + "/v2/models/add-sub/config").json()
        self.assertEqual((config.name, config.platform, config.max_batch_size),
                         (rest["name"], rest["platform"], rest["max_batch_size"]))
        self.assertEqual([(i.name, i.data_type) for i in config.input],
                         [(i["name"], model_config_pb2.DataType.Value(i["data_type"])) for i in rest["input"]])
        with self.assertRaises(InferenceServerException) as raised:
            self.client.get_model_config("nothing")
        self.assertEqual(raised.exception.status(), "StatusCode.NOT_FOUND")

    def test_tensors_in_shared_memory(self):
        inputs = np.arange(16, dtype=np.int32)
        region = shared_memory.create_shared_memory_region("both", "/apus_grpc_test", 256)
        self.addCleanup(shared_memory.destroy_shared_memory_region, region)
        shared_memory.set_shared_memory_region(region, [inputs, inputs * 2])
        self.client.register_system_shared_memory("both", "/apus_grpc_test", 256)
        try:
            status = self.client.get_system_shared_memory_status().regions
            self.assertEqual((status["both"].key, status["both"].byte_size), ("/apus_grpc_test", 256))
            tensors = [triton.InferInput(name, [1, 16], "INT32") for name in ("INPUT0", "INPUT1")]
            tensors[0].set_shared_memory("both", 64)
            tensors[1].set_shared_memory("both", 64, offset=64)
            wanted = [triton.InferRequestedOutput(name) for name in ("OUTPUT0", "OUTPUT1")]
            wanted[0].set_shared_memory("both", 64, offset=128)
            result = self.client.infer("add-sub", tensors, outputs=wanted)
            answer = result.get_response()
            self.assertEqual(answer.outputs[0].parameters["shared_memory_region"].string_param, "both")
            self.assertEqual(answer.raw_output_contents[0], b"")
            found = shared_memory.get_contents_as_numpy(region, np.int32, [1, 16], offset=128)
            np.testing.assert_array_equal(found[0], inputs * 3)
            np.testing.assert_array_equal(result.as_numpy("OUTPUT1")[0], -inputs)
            # One input from there, the other one raw.
            second = numbers()[1]
            mixed = self.client.infer("add-sub", [tensors[0], second]).as_numpy("OUTPUT0")
            np.testing.assert_array_equal(mixed[0], inputs * 2)
            tensors[1].set_shared_memory("both", 64, offset=250)
            with self.assertRaises(InferenceServerException) as raised:
                self.client.infer("add-sub", tensors)
            self.assertEqual(raised.exception.status(), "StatusCode.INVALID_ARGUMENT")
        finally:
            self.client.unregister_system_shared_memory("both")
        self.assertEqual(len(self.client.get_system_shared_memory_status().regions), 0)
        with self.assertRaises(InferenceServerException):
            self.client.infer("add-sub", tensors)

    def test_trace_settings(self):
        settings = self.client.update_trace_settings(settings={"trace_level": ["TIMESTAMPS"], "trace_rate": "3"})
        self.assertEqual(list(settings.settings["trace_level"].value), ["TIMESTAMPS"])
        self.assertEqual(list(settings.settings["trace_rate"].value), ["3"])
        self.client.update_trace_settings("add-sub", {"trace_rate": "7"})
        self.assertEqual(list(self.client.get_trace_settings("add-sub").settings["trace_rate"].value), ["7"])
        self.client.update_trace_settings("add-sub", {"trace_rate": None})
        self.assertEqual(list(self.client.get_trace_settings("add-sub").settings["trace_rate"].value), ["3"])
        with self.assertRaises(InferenceServerException) as raised:
            self.client.update_trace_settings(settings={"trace_rate": "often"})
        self.assertEqual(raised.exception.status(), "StatusCode.INVALID_ARGUMENT")

    def test_log_settings(self):
        before = self.client.get_log_settings().settings
        self.assertTrue(before["log_error"].bool_param)
        after = self.client.update_log_settings({"log_verbose_level": 1, "log_info": False}).settings
        self.assertEqual((after["log_verbose_level"].uint32_param, after["log_info"].bool_param), (1, False))
        self.client.update_log_settings({"log_verbose_level": 0, "log_info": True})


def sums(value):
    tensor = triton.InferInput("INPUT0", [1, 1], "INT32")
    tensor.set_data_from_numpy(np.full((1, 1), value, np.int32))
    return [tensor]


class GRPCLifecycleTest(unittest.TestCase):
    def test_drain_answers_what_was_taken_and_says_goaway(self):
        with ApusServer(fixture("slow"), "--instances", "1", grpc=True) as server:
            with grpc.insecure_channel(server.grpc_url) as channel:
                stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
                request = GRPCTest.slow_request(None, 1_500)
                calls = [stub.ModelInfer.future(request) for _ in range(3)]
                time.sleep(0.3)
                with Frames(server) as frames:
                    self.assertTrue(frames.trailers(frames.call()))
                    server.process.send_signal(signal.SIGTERM)
                    self.assertEqual(frames.farewell(), 0)
                for call in calls:
                    self.assertEqual(call.result(timeout=60).model_name, "slow")
            self.assertEqual(server.process.wait(30), 0)

    def test_a_taken_port_is_said(self):
        with ApusServer(fixture("add-sub"), grpc=True) as first:
            done = subprocess.run(
                [first.command[0], "serve", "--http-port", "0", "--metrics-port", "0", "--grpc-port",
                 str(first.grpc_port), str(fixture("add-sub"))], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"port {first.grpc_port} is taken", done.stderr)

    def test_a_stream_may_live_longer_than_a_request(self):
        with ApusServer(fixture("add-sub"), "--request-timeout", "500ms", grpc=True) as server:
            with triton.InferenceServerClient(server.grpc_url) as client:
                heard = queue.Queue()
                client.start_stream(lambda result, error: heard.put((result, error)))
                for pause in (0, 0.8):
                    time.sleep(pause)
                    client.async_stream_infer("add-sub", numbers(pause > 0))
                    self.assertIsNone(heard.get(timeout=20)[1])

    def test_health_watch_hears_of_the_drain(self):
        with ApusServer(fixture("add-sub"), "--drain-delay", "3s", grpc=True) as server:
            with grpc.insecure_channel(server.grpc_url) as channel:
                watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
                self.assertEqual(next(watch).status, health_pb2.HealthCheckResponse.SERVING)
                server.process.send_signal(signal.SIGTERM)
                self.assertEqual(next(watch).status, health_pb2.HealthCheckResponse.NOT_SERVING)
                watch.cancel()

    def test_loading_and_unloading(self):
        with tempfile.TemporaryDirectory() as folder:
            version = pathlib.Path(folder, "sums", "1")
            version.mkdir(parents=True)
            (version / "model.onnx").write_bytes(fixture("add-sub").read_bytes())
            with ApusServer(folder, "--model-control-mode", "explicit", grpc=True) as server:
                client = triton.InferenceServerClient(server.grpc_url)
                states = {m.name: m.state for m in client.get_model_repository_index().models}
                self.assertEqual(states, {"sums": ""})
                client.load_model("sums")
                self.assertTrue(client.is_model_ready("sums"))
                client.unload_model("sums")
                self.assertFalse(client.is_model_ready("sums"))
                with self.assertRaises(InferenceServerException):
                    client.infer("sums", numbers())
                config = json.dumps({"name": "sent", "platform": "onnxruntime_onnx"})
                client.load_model("sent", config=config, files={"file:1/model.onnx": fixture("add-sub").read_bytes()})
                self.assertEqual(client.infer("sent", numbers(2)).as_numpy("OUTPUT0")[0, 0], 4)
                with self.assertRaises(InferenceServerException) as raised:
                    client.load_model("nothing")
                self.assertEqual(raised.exception.status(), "StatusCode.FAILED_PRECONDITION")
                client.close()

    def test_management_takes_the_key(self):
        with ApusServer(
            fixture("add-sub"), "--model-control-mode", "explicit", "--management-key", "secret", grpc=True
        ) as server:
            client = triton.InferenceServerClient(server.grpc_url)
            with self.assertRaises(InferenceServerException) as raised:
                client.unload_model("add-sub")
            self.assertEqual(raised.exception.status(), "StatusCode.UNAUTHENTICATED")
            client.load_model("add-sub", headers={"authorization": "Bearer secret"})
            client.unload_model("add-sub", headers={"authorization": "Bearer secret"})
            client.close()


if __name__ == "__main__":
    unittest.main()
