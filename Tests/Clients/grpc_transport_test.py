"""gRPC's ways in: TLS on its own port and beside REST, client certificates, a Unix-domain socket, and
groups of calls under a key; as grpcio, tritonclient, requests, curl and Python's ssl see them."""

import contextlib
import os
import pathlib
import signal
import socket
import stat
import subprocess
import tempfile
import unittest

import grpc
import numpy as np
import requests
import tritonclient.grpc as triton
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

from grpc_test import numbers
from support.apus_server import ApusServer, binary, fixture, free_port
from support.certificates import Certificates, connect, eventually, serial


def credentials(made, client=None):
    own = [made[f"{client}.{part}"].read_bytes() for part in ("key", "pem")] if client else [None, None]
    return grpc.ssl_channel_credentials(made["ca.pem"].read_bytes(), *own)


def live(channel, seconds=20, **options):
    stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
    return stub.ServerLive(service_pb2.ServerLiveRequest(), timeout=seconds, **options).live


def refusal(channel, **options):
    """What a call fails with."""
    try:
        live(channel, **options)
    except grpc.RpcError as error:
        return error
    raise AssertionError("the call was answered")


def received(connection):
    parts = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(4096):
            parts += part
    return parts


class GRPCTLSTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.made = Certificates()
        cls.server = cls.made.server(fixture("slow"), "--instances", "1", grpc=True).__enter__()
        cls.addClassCleanup(cls.server.stop)
        cls.ports = {"own": cls.server.grpc_port, "shared": cls.server.port}

    def on_each_port(self, check):
        for name, port in self.ports.items():
            with self.subTest(name):
                check(port)

    def test_the_client_of_triton_is_answered_on_both_ports(self):
        values = np.random.default_rng(1).random((1, 3 * 640 * 640), np.float32)
        def check(port):
            with triton.InferenceServerClient(
                f"localhost:{port}", ssl=True, root_certificates=str(self.made["ca.pem"])
            ) as client:
                self.assertEqual(client.infer("add-sub", numbers(2)).as_numpy("OUTPUT0")[0, 0], 4)
                tensor = triton.InferInput("INPUT0", list(values.shape), "FP32")
                tensor.set_data_from_numpy(values)
                for _ in range(3):
                    answer = client.infer("identity-FP32", [tensor]).as_numpy("OUTPUT0")
                    self.assertTrue(np.array_equal(answer, values))

        self.on_each_port(check)

    def test_rest_goes_on_beside_it(self):
        channel = grpc.secure_channel(f"localhost:{self.server.port}", credentials(self.made))
        with requests.Session() as session, channel:
            session.trust_env = False
            session.verify = str(self.made["ca.pem"])
            for _ in range(3):
                self.assertTrue(live(channel))
                self.assertEqual(session.get(self.server.url + "/v2/health/live").json(), {"live": True})
            metrics = session.get(self.server.url + "/metrics").text
            # Each front counts its own.
            self.assertRegex(metrics, r"\napus_grpc_connections [1-9]")
            self.assertIn("\napus_http_connections 1\n", metrics)

    def test_curl_speaks_rest_whatever_it_offers(self):
        for version in ("--http1.1", "--http2"):
            with self.subTest(version):
                answer = subprocess.run(
                    ["curl", "--silent", "--show-error", version, "--cacert", self.made["ca.pem"], "--write-out",
                     " %{http_version}", f"https://localhost:{self.server.port}/v2/health/ready"],
                    capture_output=True, text=True)
                self.assertEqual(answer.stdout, '{"ready":true} 1.1', answer.stderr)

    def test_what_is_agreed_on(self):
        for port, offered, expected in [
            ("shared", ["h2"], "h2"), ("shared", ["h2", "http/1.1"], "http/1.1"), ("shared", ["http/1.1"], "http/1.1"),
            ("shared", ["h3"], None), ("shared", [], None), ("own", ["h2", "http/1.1"], "h2"), ("own", ["http/1.1"], None),
        ]:
            with self.subTest(port=port, offered=offered):
                context = self.made.context()
                if offered:
                    context.set_alpn_protocols(offered)
                with connect(self.server, context, port=self.ports[port]) as connection:
                    self.assertEqual(connection.selected_alpn_protocol(), expected)

    def test_who_offers_no_http2_to_the_port_of_grpc_is_told_so(self):
        for offered in ([], ["http/1.1"]):
            context = self.made.context()
            if offered:
                context.set_alpn_protocols(offered)
            with connect(self.server, context, port=self.server.grpc_port) as connection:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                answer = received(connection)
            self.assertTrue(answer.startswith(b"HTTP/1.1 505 "), answer)
            self.assertIn(b"offer h2 by ALPN", answer)

    def test_who_speaks_no_tls_is_told_so(self):
        def check(port):
            with grpc.insecure_channel(f"localhost:{port}") as channel:
                error = refusal(channel)
                self.assertEqual(error.code(), grpc.StatusCode.UNAVAILABLE)
                self.assertIn("HTTP status 400", error.details())
            answer = requests.get(f"http://127.0.0.1:{port}/v2/health/live")
            self.assertEqual(answer.status_code, 400)
            self.assertIn("this port speaks TLS", answer.text)

        self.on_each_port(check)

    def test_a_client_that_does_not_know_our_authority_harms_nobody(self):
        stranger = Certificates()
        def check(port):
            with grpc.secure_channel(f"localhost:{port}", credentials(stranger)) as channel:
                self.assertEqual(refusal(channel).code(), grpc.StatusCode.UNAVAILABLE)
            with grpc.secure_channel(f"localhost:{port}", credentials(self.made)) as channel:
                self.assertTrue(live(channel))

        self.on_each_port(check)

    def test_garbage_after_the_handshake_closes_the_connection(self):
        def check(port):
            context = self.made.context()
            context.set_alpn_protocols(["h2"])
            with connect(self.server, context, port=port) as connection:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertNotIn(b"200 OK", received(connection))

        self.on_each_port(check)


class GRPCTLSLifecycleTest(unittest.TestCase):
    def test_rest_and_grpc_on_one_port_and_their_drain(self):
        made, port = Certificates(), free_port()
        with made.server(
            fixture("slow"), "--instances", "1", "--http-port", port, "--grpc-port", port
        ) as server:
            self.assertEqual(server.port, port)
            self.assertIn("with TLS, beside REST", server.log)
            with grpc.secure_channel(f"localhost:{port}", credentials(made)) as channel:
                self.assertTrue(live(channel))
                self.assertEqual(requests.get(server.url + "/livez", verify=made["ca.pem"]).status_code, 200)
                request = service_pb2.ModelInferRequest(model_name="slow")
                request.inputs.add(name="iterations", datatype="INT64", shape=[1])
                request.raw_input_contents.append(np.array([400], np.int64).tobytes())
                infer = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer
                infer(request, timeout=60)
                calls = [infer.future(request) for _ in range(3)]
                # An answer behind them on the same connection: they have come.
                self.assertTrue(live(channel))
                server.process.send_signal(signal.SIGTERM)
                for call in calls:
                    self.assertEqual(call.result(timeout=60).model_name, "slow")
            self.assertEqual(server.process.wait(30), 0)

    def test_one_plain_port_for_both_is_refused(self):
        port = free_port()
        done = subprocess.run(
            [binary(), "serve", "--http-port", str(port), "--grpc-port", str(port)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("which they share only with tls-certificate", done.stderr)

    def test_without_grpc_the_port_of_rest_offers_no_http2(self):
        made = Certificates()
        context = made.context()
        context.set_alpn_protocols(["h2"])
        with made.server() as server, connect(server, context) as connection:
            self.assertIsNone(connection.selected_alpn_protocol())

    def test_a_new_certificate_is_used_without_a_restart(self):
        made = Certificates()
        with made.server(grpc=True) as server:
            context = made.context()
            context.set_alpn_protocols(["h2"])
            serials = lambda: {serial(server, context, port) for port in (server.port, server.grpc_port)}
            first = serials()
            with grpc.secure_channel(server.grpc_url, credentials(made)) as old:
                self.assertTrue(live(old))
                made.make("server", "subjectAltName=DNS:localhost,IP:127.0.0.1")
                server.process.send_signal(signal.SIGHUP)
                self.assertTrue(eventually(lambda: not serials() & first))
                self.assertEqual(len(serials()), 1)
                # The connection from before goes on.
                self.assertTrue(live(old))
            with grpc.secure_channel(server.grpc_url, credentials(made)) as new:
                self.assertTrue(live(new))


class GRPCClientCertificateTest(unittest.TestCase):
    def test_only_clients_with_a_valid_certificate_of_ours_are_answered(self):
        made, strangers = Certificates(), Certificates()
        made.make("late", "extendedKeyUsage=clientAuth", days=-1)
        strangers["ca.pem"].write_bytes(made["ca.pem"].read_bytes())
        with made.server("--tls-client-ca", made["ca.pem"], grpc=True) as server:
            for port in (server.port, server.grpc_port):
                for name, own, is_welcome in [
                    ("ours", credentials(made, "client"), True), ("none", credentials(made), False),
                    ("expired", credentials(made, "late"), False),
                    ("of another authority", credentials(strangers, "client"), False),
                ]:
                    with self.subTest(name, port=port), grpc.secure_channel(f"localhost:{port}", own) as channel:
                        if is_welcome:
                            self.assertTrue(live(channel))
                        else:
                            self.assertEqual(refusal(channel).code(), grpc.StatusCode.UNAVAILABLE)
            # The alert says what is wrong, where a client looks.
            for client, alert in [("late", "expired"), (None, "certificate required")]:
                context = made.context(client)
                context.set_alpn_protocols(["h2"])
                with self.assertRaises(OSError) as raised:
                    with connect(server, context, port=server.grpc_port) as connection:
                        while connection.recv(4096):
                            pass
                self.assertIn(alert, str(raised.exception).lower().replace("_", " "))


class GRPCUnixSocketTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.path = self.folder / "apus.sock"

    def server(self, *arguments, **options):
        return ApusServer(fixture("add-sub"), "--grpc-socket", self.path, *arguments, **options)

    def channel(self):
        return grpc.insecure_channel(f"unix:{self.path}")

    def test_it_answers_has_its_permissions_and_goes_with_the_server(self):
        with self.server("--socket-mode", "660", "--access-log", "all", "--model-control-mode", "explicit",
                         "--load-model", "add-sub") as server:
            self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o660)
            self.assertIn(f"unix:{self.path}", server.log)
            with triton.InferenceServerClient(f"unix:{self.path}") as client:
                self.assertEqual(client.infer("add-sub", numbers(2)).as_numpy("OUTPUT0")[0, 0], 4)
                # Whoever may open it may manage.
                client.unload_model("add-sub")
            self.assertTrue(eventually(lambda: f'"client.address":"uid:{os.getuid()}"' in server.log), server.log)
            with self.channel() as channel:
                health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=20)
                self.assertEqual(health.status, health_pb2.HealthCheckResponse.SERVING)
        self.assertFalse(self.path.exists())

    def test_it_is_plain_where_the_ports_speak_tls(self):
        made = Certificates()
        with made.server("--grpc-socket", self.path, grpc=True), self.channel() as channel:
            self.assertTrue(live(channel))

    def test_what_a_dead_server_left_is_replaced_and_nothing_else(self):
        left = socket.socket(socket.AF_UNIX)
        left.bind(str(self.path))
        left.close()
        with self.server():
            with self.channel() as channel:
                self.assertTrue(live(channel))
            # A second server does not take it away from the first.
            second = subprocess.run(self.server().command, capture_output=True, text=True, timeout=60)
            self.assertEqual(second.returncode, 1)
            self.assertIn("another program listens there", second.stderr)
            with self.channel() as channel:
                self.assertTrue(live(channel))
        self.path.write_text("mine")
        third = subprocess.run(self.server().command, capture_output=True, text=True, timeout=60)
        self.assertEqual(third.returncode, 1)
        self.assertIn("it is no socket", third.stderr)
        self.assertEqual(self.path.read_text(), "mine")

    def test_one_file_for_both_is_refused(self):
        done = subprocess.run(
            [binary(), "serve", "--http-socket", self.path, "--grpc-socket", self.path], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("http-socket", done.stderr)


class KeepAliveTest(unittest.TestCase):
    def test_the_system_asks_silent_clients_whether_they_are_there(self):
        with ApusServer(fixture("add-sub"), grpc=True) as server:
            for port in (server.port, server.grpc_port):
                with self.subTest(port=port), socket.create_connection(("127.0.0.1", port), timeout=20):
                    self.assertTrue(eventually(lambda: self.timers(port) == [2]), self.timers(port))

    def timers(self, port):
        """What the system waits for on a port's connections; 2 is a silent peer."""
        rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return [int(row[5].split(":")[0]) for row in rows
                if row[1].endswith(f":{port:04X}") and row[3] == "01" and row[2] != "00000000:0000"]


class GRPCRestrictedTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ApusServer(
            fixture("add-sub"), "--grpc-restricted-protocol", "model-config,metadata:Admin-Key=open sesame",
            "--grpc-restricted-protocol", "inference,trace:other=1", "--grpc-restricted-protocol", "health:h=v",
            "--http-restricted-api", "statistics:x=y", grpc=True).__enter__()
        cls.addClassCleanup(cls.server.stop)
        cls.client = triton.InferenceServerClient(cls.server.grpc_url)
        cls.addClassCleanup(cls.client.close)

    def test_each_group_takes_its_metadata(self):
        client = self.client
        for name, call, key, value in [
            ("config", lambda h: client.get_model_config("add-sub", headers=h), "admin-key", "open sesame"),
            ("server", lambda h: client.get_server_metadata(headers=h), "admin-key", "open sesame"),
            ("model", lambda h: client.get_model_metadata("add-sub", headers=h), "admin-key", "open sesame"),
            ("infer", lambda h: client.infer("add-sub", numbers(), headers=h), "other", "1"),
            ("trace", lambda h: client.get_trace_settings(headers=h), "other", "1"),
            ("live", lambda h: client.is_server_live(headers=h), "h", "v"),
            ("model ready", lambda h: client.is_model_ready("add-sub", headers=h), "h", "v"),
        ]:
            with self.subTest(name):
                full = f"triton-grpc-protocol-{key}"
                call({full: value})
                for wrong in ({}, {full: value + "x"}, {full: value[:-1]}, {key: value}, {"unrelated": value}):
                    with self.assertRaises(InferenceServerException) as raised:
                        call(wrong)
                    self.assertEqual(raised.exception.status(), "StatusCode.UNAVAILABLE")
                    self.assertIn(full, raised.exception.message())

    def test_streams_and_the_health_service_are_in_their_groups(self):
        with grpc.insecure_channel(self.server.grpc_url) as channel:
            check = health_pb2_grpc.HealthStub(channel).Check
            with self.assertRaises(grpc.RpcError):
                check(health_pb2.HealthCheckRequest())
            metadata = (("triton-grpc-protocol-h", "v"),)
            self.assertEqual(check(health_pb2.HealthCheckRequest(), metadata=metadata).status, 1)
            stream = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelStreamInfer
            with self.assertRaises(grpc.RpcError) as raised:
                list(stream(iter([])))
            self.assertEqual(raised.exception.code(), grpc.StatusCode.UNAVAILABLE)
            self.assertEqual(list(stream(iter([]), metadata=(("triton-grpc-protocol-other", "1"),))), [])

    def test_other_groups_are_open_and_those_of_rest_are_its_own(self):
        self.client.get_inference_statistics("add-sub")
        self.client.get_log_settings()
        self.client.get_model_repository_index()
        self.assertEqual(requests.get(self.server.url + "/v2/models/add-sub/stats").status_code, 403)
        self.assertEqual(requests.get(self.server.url + "/v2/models/add-sub/config").status_code, 200)

    def test_what_makes_no_sense_stops_the_start(self):
        for text, expected in [("nothing:k=v", "there is no group nothing"), ("health", "has no key"),
                               ("health:k", "HEADER=VALUE"), ("health,health:k=v", "restricted twice")]:
            with self.subTest(text), self.assertRaises(RuntimeError) as caught:
                ApusServer(fixture("add-sub"), "--grpc-restricted-protocol", text).__enter__()
            self.assertIn(expected, str(caught.exception))
            self.assertIn("grpc-restricted-protocol", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
