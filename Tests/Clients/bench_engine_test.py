"""How `apus bench` drives sockets: many at once, over TLS, at any address, until somebody ends it."""

import collections
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

from support.apus_server import ApusServer, binary
from support.bench import ANSWER, OddServer, bench, http, measured
from support.certificates import Certificates


class Listener:
    """Takes connections and leaves them alone, or does `serve(connection)` with each."""

    def __init__(self, serve=None):
        self.serve = serve

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.kept = []
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()
        for connection in self.kept:
            connection.close()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.kept.append(connection)
            if self.serve:
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()


class PlainAddressTest(unittest.TestCase):
    def setUp(self):
        self.heads = []

    def serve(self, connection):
        """Answers every request, and notes its first line."""
        stream = connection.makefile("rb")
        with connection, stream:
            while line := stream.readline():
                fields = {}
                while (field := stream.readline()) not in (b"\r\n", b""):
                    name, value = field.split(b":", 1)
                    fields[name.lower()] = value.strip()
                stream.read(int(fields.get(b"content-length", 0)))
                self.heads.append((line.strip().decode(), fields))
                try:
                    connection.sendall(http(b"as it is"))
                except OSError:
                    return

    def lines(self):
        return collections.Counter(line for line, _ in self.heads)

    def test_without_files_it_asks_for_what_is_there(self):
        with Listener(self.serve) as server:
            result, document = measured(
                f"http://127.0.0.1:{server.port}/static?a=b", "--scenario", "closed-loop",
                "--concurrency", 7, "--requests", 500)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(document["run"]["queries"], 500)
        # A check and three for warming up come before.
        self.assertEqual(self.lines(), {"GET /static?a=b HTTP/1.1": 504})
        self.assertTrue(all(b"content-length" not in fields for _, fields in self.heads))

    def test_the_method_is_as_asked(self):
        for flags, line in [
            (["--method", "PUT", "--data", "models/iris/iris.onnx"], "PUT /x HTTP/1.1"),
            (["--data", "models/iris/iris.onnx"], "POST /x HTTP/1.1"),
            (["--method", "POST"], "POST /x HTTP/1.1"),
        ]:
            self.heads.clear()
            with Listener(self.serve) as server:
                result = bench(f"http://127.0.0.1:{server.port}/x", *flags, "--scenario", "closed-loop",
                               "--concurrency", 2, "--requests", 10)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(set(self.lines()), {line})

    def test_several_threads_share_the_work(self):
        for flags in (["--scenario", "closed-loop", "--concurrency", 5],
                      ["--scenario", "constant-rate", "--rate", 1000]):
            self.heads.clear()
            with Listener(self.serve) as server:
                _, document = measured(
                    f"http://127.0.0.1:{server.port}/x", *flags, "--requests", 300,
                    "--generator-threads", 3)
            self.assertEqual(document["run"]["queries"], 300)
            self.assertEqual(document["errors"]["rate"], 0)
            self.assertEqual(len(self.heads), 304)
            self.assertGreater(document["generator"]["cpu_seconds"], 0)

    def test_wrong_usage_is_told(self):
        for flags, words in [
            (["--method", "FETCH"], "expected GET, POST or PUT"),
            (["--generator-threads", "0"], "from 1 to 64"),
            (["--ca", "x.pem", "--insecure"], "contradict"),
        ]:
            result = bench("http://127.0.0.1:1/x", *flags)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn(words, result.stderr)


class SocketTest(unittest.TestCase):
    def test_nobody_listens(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            result = bench(f"http://127.0.0.1:{unused.getsockname()[1]}/v2/models/m")
        self.assertEqual(result.returncode, 1)
        self.assertIn("nothing listens at 127.0.0.1", result.stderr)

    def test_a_name_that_nobody_knows(self):
        result = bench("http://no-such-host.invalid/x")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no-such-host.invalid", result.stderr)

    def test_many_answers_are_waited_for_at_once(self):
        def answer(number, body):
            time.sleep(0.4)
            return http(ANSWER)
        with OddServer(answer) as server:
            _, document = measured(
                server.url, "--scenario", "constant-rate", "--rate", 200, "--duration", "2s")
        self.assertEqual(document["errors"]["rate"], 0)
        self.assertEqual(document["run"]["queries"], 401)
        # About 80 are on their way at any time; each takes as long as the server does.
        self.assertGreater(document["latency_ms"]["p50"], 399)
        self.assertLess(document["latency_ms"]["p50"], 600)

    def test_a_large_answer_in_small_pieces(self):
        large = http(ANSWER + b" " * 3_000_000)

        def answer(number, body):
            return large
        with OddServer(answer) as server:
            _, document = measured(
                server.url, "--scenario", "closed-loop", "--concurrency", 4, "--requests", 40)
        self.assertEqual(document["errors"]["rate"], 0)

    def test_a_large_request_is_sent_in_pieces(self):
        with OddServer(lambda number, body: http(ANSWER)) as server:
            _, document = measured(
                server.url, "--scenario", "closed-loop", "--concurrency", 4, "--requests", 40,
                "--shape", "x=200000,4")
            self.assertEqual(document["errors"]["rate"], 0)
            sizes = {len(body) for _, body in server.requests}
        self.assertGreater(min(sizes), 3_200_000)

    def test_a_server_that_closes_after_each_answer(self):
        close = http(ANSWER, extra=b"Connection: close\r\n")
        for scenario in ("multi-stream", "closed-loop", "constant-rate"):
            rate = ["--rate", 300] if scenario == "constant-rate" else []
            with OddServer(lambda number, body: (close, False)) as server:
                _, document = measured(server.url, "--scenario", scenario, "--requests", 60, *rate)
            self.assertEqual(document["errors"]["rate"], 0, document["problems"])
            self.assertEqual(document["run"]["queries"], 60)

    def test_one_sample_that_fails_fails_its_query(self):
        def answer(number, body):
            return http(b"{}", "500 Oops") if number > 30 and number % 16 == 0 else http(ANSWER)
        with OddServer(answer) as server:
            _, document = measured(server.url, "--scenario", "multi-stream", "--requests", 50)
        self.assertEqual(list(document["errors"]["by_kind"]), ["status_500"])
        self.assertGreater(document["errors"]["rate"], 0.3)
        self.assertLess(document["errors"]["rate"], 0.7)

    def test_ctrl_c_does_not_wait_for_an_answer_that_does_not_come(self):
        def answer(number, body):
            if number > 100:
                time.sleep(30)
            return http(ANSWER)
        with OddServer(answer) as server:
            process = subprocess.Popen(
                [str(binary()), "bench", server.url, "--scenario", "closed-loop", "--duration", "1m",
                 "--json", "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            time.sleep(2)
            process.send_signal(signal.SIGINT)
            begun = time.monotonic()
            output, _ = process.communicate(timeout=20)
        self.assertLess(time.monotonic() - begun, 5)
        self.assertEqual(process.returncode, 1)
        document = json.loads(output)
        self.assertTrue(document["run"]["interrupted"])
        self.assertGreater(document["run"]["queries"], 50)


class SecureTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.certificates = Certificates()
        cls.server = cls.certificates.server().__enter__()
        cls.url = f"{cls.server.url}/v2/models/identity-FP32"
        cls.flags = ["--shape", "INPUT0=1,4", "--requests", 80]

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def test_an_authority_of_ours_vouches(self):
        for flags in (["--ca", self.certificates["ca.pem"]], ["--insecure"]):
            for scenario in ("multi-stream", "closed-loop"):
                result, document = measured(self.url, *self.flags, *flags, "--scenario", scenario)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(document["errors"]["rate"], 0, document["problems"])
                self.assertEqual(document["run"]["queries"], 80)

    def test_large_tensors(self):
        result, document = measured(
            self.url, "--shape", "INPUT0=1,300000", "--requests", 20, "--insecure", "--scenario",
            "closed-loop", "--concurrency", 3)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(document["errors"]["rate"], 0, document["problems"])

    def test_nobody_who_is_known_vouches(self):
        result = bench(self.url, *self.flags)
        self.assertEqual(result.returncode, 1)
        self.assertIn("nobody who is trusted vouches for the certificate of 127.0.0.1", result.stderr)
        self.assertIn("--ca FILE", result.stderr)

    def test_a_certificate_for_somebody_else(self):
        other = Certificates()
        other.make("server", "subjectAltName=DNS:example.test")
        with other.server() as server:
            result = bench(f"{server.url}/v2/models/identity-FP32", *self.flags, "--ca", other["ca.pem"])
        self.assertEqual(result.returncode, 1)
        self.assertIn("is none for 127.0.0.1", result.stderr)

    def test_certificates_out_of_their_time(self):
        for start, end, words in (("20000101000000Z", "20010101000000Z", "has expired"),
                                  ("20900101000000Z", "21000101000000Z", "is not valid yet")):
            other = Certificates()
            other.make("server", "subjectAltName=IP:127.0.0.1", validity=(start, end))
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(other["server.pem"], other["server.key"])
            with Listener(lambda plain: context.wrap_socket(plain, server_side=True).close()) as server:
                result = bench(f"https://127.0.0.1:{server.port}/x", "--ca", other["ca.pem"])
            self.assertEqual(result.returncode, 1)
            self.assertIn(f"the certificate of 127.0.0.1 {words}", result.stderr)

    def test_a_server_without_tls(self):
        def serve(connection):
            connection.recv(10_000)
            connection.sendall(http(b"", "400 Bad Request"))
        with Listener(serve) as server:
            result = bench(f"https://127.0.0.1:{server.port}/x", "--insecure")
        self.assertEqual(result.returncode, 1)
        self.assertIn("the server does not speak TLS", result.stderr)

    def test_a_file_without_certificates(self):
        result = bench(self.url, "--ca", "README.md")
        self.assertEqual(result.returncode, 2)
        self.assertIn("README.md", result.stderr)
        self.assertIn("PEM", result.stderr)


class UnixSocketTest(unittest.TestCase):
    """Targets behind a socket of the file system."""

    def test_a_server_is_measured_over_its_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "apus.sock"
            with ApusServer("models/iris/iris.onnx", "--http-socket", path):
                quoted = urllib.parse.quote(str(path), safe="")
                for url in (f"unix:{path}:/v2/models/iris", f"http+unix://{quoted}/v2/models/iris"):
                    result, document = measured(
                        url, "--scenario", "closed-loop", "--concurrency", 4, "--duration", "1s")
                    self.assertEqual(result.returncode, 0, result.stderr)
                    self.assertEqual(document["errors"], {"rate": 0, "by_kind": {}})
                    self.assertEqual(document["environment"]["target"], f"unix:{path}:/v2/models/iris/infer")
                    self.assertIn("apus", document["server"]["process"])
                    self.assertGreater(document["server"]["model"]["requests"], 100)
                    self.assertGreater(document["bytes"]["received_per_s"], 10_000)
            result = bench(f"unix:{path}:/v2/models/iris")
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"nothing listens at {path}", result.stderr)
        wrong = bench("unix:/nowhere")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("expected unix:/DIRECTORY/SOCKET:/v2/models/NAME", wrong.stderr)


class OtherProcessesTest(unittest.TestCase):
    def test_those_that_keep_a_server_from_its_machine_are_told(self):
        with ApusServer("models/iris/iris.onnx") as server:
            # As busy as one process can be, and none of the server's.
            other = subprocess.Popen(["sh", "-c", "while :; do :; done"])
            try:
                result, document = measured(
                    f"{server.url}/v2/models/iris", "--scenario", "closed-loop", "--concurrency", 2,
                    "--duration", "3s")
            finally:
                other.kill()
                other.wait()
        self.assertEqual(result.returncode, 0, result.stderr)
        # Two thirds of a core, where three want one each of two.
        self.assertGreater(document["generator"]["other_processes"], 0.25 / os.cpu_count())


if __name__ == "__main__":
    unittest.main()
