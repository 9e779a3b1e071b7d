"""`apus bench` against gRPC: Apus, Python's grpcio, and servers that answer late, badly or not at all."""

import concurrent.futures
import json
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

import grpc
import numpy as np
from tritonclient.grpc import service_pb2, service_pb2_grpc

from support.apus_server import ApusServer, binary
from support.bench import Listener, bench, measured
from support.certificates import Certificates
from support.http2 import END_HEADERS, END_STREAM, GOAWAY, HEADERS, SETTINGS, frame, literal

IDENTITY = '''backend: "identity"
input { name: "INPUT0" data_type: TYPE_FP32 dims: -1 }
output { name: "OUTPUT0" data_type: TYPE_FP32 dims: -1 }'''


class GoodServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        model = pathlib.Path(cls.folder.name) / "identity"
        (model / "1").mkdir(parents=True)
        (model / "config.pbtxt").write_text(IDENTITY)
        cls.server = ApusServer("models/iris/iris.onnx", str(model), grpc=True).__enter__()
        cls.url = f"grpc://127.0.0.1:{cls.server.grpc_port}"

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)
        cls.folder.cleanup()

    def test_every_scenario(self):
        for scenario in ("single-stream", "multi-stream", "offline", "closed-loop", "server", "constant-rate"):
            rate = ["--rate", 500] if scenario in ("server", "constant-rate") else []
            result, document = measured(
                f"{self.url}/iris", "--scenario", scenario, "--requests", 100, *rate)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(document["errors"], {"rate": 0, "by_kind": {}}, scenario)
            self.assertEqual(document["run"]["queries"], 100)
            self.assertGreater(document["latency_ms"]["p50"], 0)
            self.assertEqual(document["environment"]["target"], f"{self.url}/iris")

    def test_the_server_has_counted_as_many(self):
        before = self.successes()
        measured(f"{self.url}/iris", "--scenario", "multi-stream", "--requests", 50)
        # 50 queries of 8, and three for warming up and one for checking before.
        self.assertEqual(self.successes() - before, 50 * 8 + 3 * 8 + 1)

    def successes(self):
        with urllib.request.urlopen(f"{self.server.url}/v2/models/iris/stats") as answer:
            return json.load(answer)["model_stats"][0]["inference_stats"]["success"]["count"]

    def test_calls_are_spread_over_connections(self):
        for connections in (1, 4, 16):
            _, document = measured(
                f"{self.url}/iris/1", "--concurrency", 16, "--connections", connections, "--requests", 800)
            self.assertEqual(document["errors"]["rate"], 0)
            self.assertEqual(document["environment"]["connections"], str(connections))

    def test_tensors_beyond_every_window(self):
        # 8 MB each way, several at a time, over one connection.
        _, document = measured(
            f"{self.url}/identity", "--shape", "INPUT0=2000000", "--concurrency", 4, "--requests", 16)
        self.assertEqual(document["errors"], {"rate": 0, "by_kind": {}})

    def test_rows_and_requests_of_files(self):
        with tempfile.TemporaryDirectory() as folder:
            rows = pathlib.Path(folder) / "rows.csv"
            rows.write_text("5.1,3.5,1.4,0.2\n6.2,2.9,4.3,1.3\n")
            request = pathlib.Path(folder) / "request.json"
            request.write_text(json.dumps({"inputs": [
                {"name": "features", "datatype": "FP32", "shape": [2, 4], "data": [1, 2, 3, 4, 5, 6, 7, 8]}]}))
            _, document = measured(
                f"{self.url}/iris", "--data", rows, "--data", request, "--concurrency", 2, "--requests", 50)
            self.assertEqual(document["errors"]["rate"], 0)
            request.write_text(request.read_text().replace("features", "nothing"))
            result = bench(f"{self.url}/iris", "--data", request)
            self.assertEqual(result.returncode, 1)
            self.assertIn("nothing", result.stderr)

    def test_what_cannot_be_measured_is_told(self):
        for arguments, code, words in [
            ((f"{self.url}/nothing",), 1, "NOT_FOUND: no model `nothing`"),
            ((f"{self.url}/iris/9",), 1, "NOT_FOUND"),
            ((f"{self.url}/iris", "--shape", "features=1,5"), 1, "[-1,4]"),
            ((f"{self.url}/iris", "--encoding", "json"), 2, "over gRPC tensors travel as binary"),
            ((f"{self.url}/iris", "--connections", 0), 2, "from 1 to 1024"),
            ((f"{self.server.url}/v2/models/iris", "--connections", 2), 2, "--connections is for grpc://"),
            ((self.url,), 2, "expected grpc://HOST:PORT/MODEL"),
            (("grpc://localhost/iris",), 2, "expected grpc://HOST:PORT/MODEL"),
            ((f"{self.url}/a/b/c",), 2, "expected grpc://HOST:PORT/MODEL"),
            # The port of HTTP.
            ((f"grpc://127.0.0.1:{self.server.port}/iris",), 1, "no HTTP/2"),
        ]:
            result = bench(*arguments)
            self.assertEqual(result.returncode, code, (arguments, result.stderr))
            self.assertIn(words, result.stderr)

    def test_two_targets_one_of_them_over_http(self):
        result = bench(
            f"{self.url}/iris", "--against", f"{self.server.url}/v2/models/iris", "--scenario", "closed-loop",
            "--concurrency", 4, "--requests", 2000)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_ctrl_c_prints_what_there_is(self):
        process = subprocess.Popen(
            [str(binary()), "bench", f"{self.url}/iris", "--scenario", "closed-loop", "--duration", "10m"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=15)
        self.assertEqual(process.returncode, 1)
        self.assertIn("it was interrupted", output)
        self.assertIn("p99", output)


class OddModel(service_pb2_grpc.GRPCInferenceServiceServicer):
    """Answers what it is told to: `answer(number, request, context)` gives a message, or ends the call."""

    def __init__(self, answer):
        self.answer, self.count, self.lock, self.peers = answer, 0, threading.Lock(), set()

    def ModelMetadata(self, request, context):
        shape = [-1, 4]
        answer = service_pb2.ModelMetadataResponse(name=request.name)
        answer.inputs.add(name="x", datatype="FP32", shape=shape)
        answer.inputs.add(name="scale", datatype="FP64")
        return answer

    def ModelInfer(self, request, context):
        with self.lock:
            number, self.count = self.count, self.count + 1
            self.peers.add(context.peer())
        return self.answer(number, request, context)


def good(number=0, request=None, context=None):
    answer = service_pb2.ModelInferResponse(model_name="m")
    answer.outputs.add(name="y", datatype="FP32", shape=[1])
    answer.raw_output_contents.append(b"\0\0\0\0")
    return answer


class GrpcioServer:
    """Python's own server; behind TLS where it has certificates."""

    def __init__(self, answer, certificates=None, **options):
        self.certificates = certificates
        self.model = OddModel(answer)
        self.options = [(f"grpc.{name}", value) for name, value in options.items()]

    def __enter__(self):
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), options=self.options)
        service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(self.model, self.server)
        if self.certificates:
            key, chain = (self.certificates[name].read_bytes() for name in ("server.key", "server.pem"))
            credentials = grpc.ssl_server_credentials([(key, chain)])
            self.url = f"grpcs://127.0.0.1:{self.server.add_secure_port('127.0.0.1:0', credentials)}/m"
        else:
            self.url = f"grpc://127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}/m"
        self.server.start()
        return self

    def __exit__(self, *_):
        self.server.stop(None).wait()


class GrpcioServerTest(unittest.TestCase):
    def test_it_asks_what_the_metadata_says(self):
        seen = []

        def answer(number, request, context):
            seen.append(request)
            return good()
        with GrpcioServer(answer) as server:
            _, document = measured(server.url + "/3", "--scenario", "single-stream", "--requests", 70, "--seed", 7)
        self.assertEqual(document["errors"]["rate"], 0, document["problems"])
        self.assertEqual({(one.model_name, one.model_version) for one in seen}, {("m", "3")})
        for one in seen:
            self.assertEqual([(i.name, i.datatype, list(i.shape)) for i in one.inputs],
                             [("x", "FP32", [1, 4]), ("scale", "FP64", [])])
            self.assertEqual([len(raw) for raw in one.raw_input_contents], [16, 8])
            self.assertTrue((np.frombuffer(one.raw_input_contents[0], "f4") < 1).all())
        self.assertGreater(len({one.raw_input_contents[0] for one in seen}), 20)

    def test_errors_are_counted_by_kind(self):
        codes = [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED]

        def answer(number, request, context):
            # The check and the warm-up are four.
            if number > 10 and number % 2:
                context.abort(codes[number // 2 % 3], "höchst\nunbequem")
            return good()
        with GrpcioServer(answer) as server:
            result, document = measured(server.url, "--scenario", "single-stream", "--requests", 100)
        self.assertEqual(
            set(document["errors"]["by_kind"]),
            {"grpc_unavailable", "grpc_invalid_argument", "grpc_resource_exhausted"})
        self.assertAlmostEqual(document["errors"]["rate"], 0.47, delta=0.03)
        self.assertFalse(document["valid"])
        self.assertEqual(result.returncode, 0)
        self.assertIn("höchst unbequem", " ".join(document["problems"]))

    def test_what_is_refused_at_once_is_told_at_once(self):
        def answer(number, request, context):
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "no such input")
        with GrpcioServer(answer) as server:
            result = bench(server.url)
        self.assertEqual(result.returncode, 1)
        self.assertIn("FAILED_PRECONDITION: no such input", result.stderr)

    def test_an_answer_without_outputs_is_none(self):
        with GrpcioServer(lambda *_: service_pb2.ModelInferResponse()) as server:
            result = bench(server.url)
        self.assertEqual(result.returncode, 1)
        self.assertIn("has no outputs", result.stderr)

    def test_a_slow_answer_is_not_hidden(self):
        def answer(number, request, context):
            if number == 60:
                time.sleep(0.5)
            return good()
        with GrpcioServer(answer) as server:
            _, document = measured(
                server.url, "--scenario", "constant-rate", "--rate", 100, "--duration", "2s")
        # Others go on meanwhile, over the same connection.
        self.assertGreater(document["latency_ms"]["p99_9"], 490)
        self.assertLess(document["latency_ms"]["p90"], 200)
        self.assertEqual(document["run"]["queries"], 201)

    def test_no_more_calls_than_the_server_takes(self):
        running, most, lock = [0], [0], threading.Lock()

        def answer(number, request, context):
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            time.sleep(0.002)
            with lock:
                running[0] -= 1
            return good()
        with GrpcioServer(answer, max_concurrent_streams=3) as server:
            _, document = measured(server.url, "--concurrency", 8, "--requests", 300)
        # grpcio counts a call a little beyond its last frame, and refuses the next one then: more often where
        # the machine is busy. Who did not heed the limit would have five of eight refused.
        self.assertLessEqual(set(document["errors"]["by_kind"]), {"stream_reset"})
        self.assertLess(document["errors"]["rate"], 0.4, document["problems"])
        self.assertEqual(most[0], 3)

    def test_connections_that_end_are_replaced(self):
        # It says GOAWAY again and again, and lets calls end that it has taken.
        with GrpcioServer(good, max_connection_age_ms=300, max_connection_age_grace_ms=5000) as server:
            _, document = measured(server.url, "--concurrency", 4, "--duration", "3s")
            self.assertGreater(len(server.model.peers), 3)
        # What it had not taken is asked again elsewhere.
        self.assertNotIn("going_away", document["errors"]["by_kind"])
        self.assertLess(document["errors"]["rate"], 0.01, document["errors"])

    def test_a_connection_that_takes_nothing_is_not_tried_for_ever(self):
        def serve(connection):
            connection.recv(65536)
            # Of every call it says that it has not taken it.
            connection.sendall(frame(SETTINGS, 0, 0) + frame(GOAWAY, 0, 0, bytes(8)))
            while connection.recv(65536):
                pass
        with RawServer(serve) as server:
            result = bench(server.url)
        self.assertEqual(result.returncode, 1)
        self.assertIn("has not taken the call", result.stderr)
        self.assertEqual(server.count, 4)

    def test_a_server_that_goes_away_ends_the_run(self):
        with GrpcioServer(good) as server:
            process = subprocess.Popen(
                [str(binary()), "bench", server.url, "--scenario", "closed-loop", "--duration", "5m"],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            while server.model.count < 100:
                time.sleep(0.05)
        begun = time.monotonic()
        output, _ = process.communicate(timeout=60)
        self.assertLess(time.monotonic() - begun, 40)
        self.assertEqual(process.returncode, 1)
        self.assertIn("answered nothing for 10 s", output)


class SecureServerTest(unittest.TestCase):
    """`grpcs://`: grpcio's TLS and Apus's own."""

    @classmethod
    def setUpClass(cls):
        cls.certificates = Certificates()
        cls.trust = ["--ca", cls.certificates["ca.pem"]]

    def test_grpcio_is_measured_behind_tls(self):
        with GrpcioServer(good, self.certificates) as server:
            for trust in (self.trust, ["--insecure"]):
                result, document = measured(
                    server.url, "--scenario", "closed-loop", "--concurrency", 4, "--connections", 2,
                    "--requests", 200, *trust)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(document["errors"], {"rate": 0, "by_kind": {}})
                self.assertEqual(document["environment"]["target"], server.url)
            result = bench(server.url)
        self.assertEqual(result.returncode, 1)
        self.assertIn("nobody who is trusted vouches for the certificate of 127.0.0.1", result.stderr)

    def test_a_certificate_for_another_name(self):
        other = Certificates()
        other.make("server", "subjectAltName=DNS:example.test")
        with GrpcioServer(good, other) as server:
            result = bench(server.url, "--ca", other["ca.pem"])
        self.assertEqual(result.returncode, 1)
        self.assertIn("is none for 127.0.0.1", result.stderr)

    def test_large_tensors_come_whole_from_apus(self):
        with tempfile.TemporaryDirectory() as folder:
            model = pathlib.Path(folder) / "identity"
            (model / "1").mkdir(parents=True)
            (model / "config.pbtxt").write_text(IDENTITY)
            with ApusServer(str(model), "--tls-certificate", self.certificates["server.pem"], "--tls-key",
                            self.certificates["server.key"], grpc=True) as server:
                result, document = measured(
                    f"grpcs://127.0.0.1:{server.grpc_port}/identity", *self.trust, "--shape", "INPUT0=500000",
                    "--scenario", "closed-loop", "--concurrency", 3, "--requests", 30)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(document["errors"], {"rate": 0, "by_kind": {}})
        # 2 MB each way, thirty times.
        self.assertGreater(document["bytes"]["sent"], 60_000_000)
        self.assertGreater(document["bytes"]["received"], 60_000_000)


class RawServer(Listener):
    """Lets `talk(connection)` do what it likes with each connection; counts them."""

    address = "grpc://127.0.0.1:%d/m"

    def __init__(self, talk):
        self.talk, self.count, self.lock = talk, 0, threading.Lock()

    def serve(self, connection):
        with self.lock:
            self.count += 1
        with connection:
            try:
                self.talk(connection)
            except OSError:
                pass  # The client is gone.


class RawServerTest(unittest.TestCase):
    def told(self, data):
        def serve(connection):
            connection.recv(65536)
            connection.sendall(data)
            while connection.recv(65536):
                pass
        with RawServer(serve) as server:
            return bench(server.url)

    def test_nonsense_is_told_before_anything_is_measured(self):
        settings = frame(SETTINGS, 0, 0)
        for data, words in [
            (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "no HTTP/2: it does not begin"),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", "answers as HTTP/1.1 does"),
            (settings + frame(HEADERS, END_HEADERS | END_STREAM, 1, literal(":status", "404")), "HTTP status 404"),
            (settings + frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x88"), "without grpc-status"),
            (settings + frame(HEADERS, END_HEADERS, 1, b"\xff\xff"), "headers cannot be read"),
        ]:
            result = self.told(data)
            self.assertEqual(result.returncode, 1)
            self.assertIn(words, result.stderr)

    def test_a_server_that_closes_is_told(self):
        with RawServer(lambda connection: None) as server:
            result = bench(server.url)
        self.assertEqual(result.returncode, 1)
        self.assertIn("closed", result.stderr)

    def test_nobody_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        result = bench(f"grpc://127.0.0.1:{port}/m")
        self.assertEqual(result.returncode, 1)
        self.assertIn("127.0.0.1", result.stderr)


if __name__ == "__main__":
    unittest.main()
