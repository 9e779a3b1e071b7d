"""Starting, stopping and what can go wrong with both, seen from outside."""

import concurrent.futures
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from support.apus_server import ADDRESS, ApusServer, binary, fixture
from support.raw import RawConnection, exchange, request

SLOW = {"inputs": [{"name": "iterations", "datatype": "INT64", "shape": [1], "data": [1500]}]}


def serve(*arguments, **options):
    """Runs `apus serve` to its end and gives what it said."""
    ports = [] if "--print-config" in arguments else ["--metrics-port", "0", "--grpc-port", "0"]
    command = [str(binary()), "serve", *ports, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


def processor_seconds(process):
    """What a process has used of all processors."""
    words = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


class LifecycleTest(unittest.TestCase):
    def test_everything_taken_is_answered_after_sigterm(self):
        with ApusServer(fixture("slow"), "--instances", "1") as server:
            connections = [RawConnection(server, 60) for _ in range(4)]
            for connection in connections:
                connection.send(request("/v2/models/slow/infer", SLOW))
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            answers = [connection.answer() for connection in connections]
            self.assertEqual([a.status for a in answers], [200] * 4)
            self.assertEqual(server.process.wait(30), 0)

    def test_readiness_fails_at_once_and_requests_are_taken_during_the_delay(self):
        with ApusServer(fixture("add-sub"), "--drain-delay", "2s") as server:
            self.assertEqual(exchange(server, "/v2/health/ready", method="GET").status, 200)
            server.process.send_signal(signal.SIGINT)
            time.sleep(0.5)
            self.assertEqual(exchange(server, "/v2/health/ready", method="GET").status, 503)
            self.assertEqual(exchange(server, "/v2/health/live", method="GET").status, 200)
            data = list(range(16))
            body = {"inputs": [{"name": f"INPUT{n}", "datatype": "INT32", "shape": [1, 16], "data": data}
                               for n in (0, 1)]}
            self.assertEqual(exchange(server, "/v2/models/add-sub/infer", body).status, 200)
            self.assertEqual(server.process.wait(30), 0)

    def test_the_first_ready_is_true(self):
        """Whoever asks from the first moment is never told that a server without its models is ready."""
        for _ in range(4):
            with socket.socket() as finder:
                finder.bind(("127.0.0.1", 0))
                port = finder.getsockname()[1]
            command = [
                binary(), "serve", fixture("identity-image"), fixture("add-sub"), "--http-port", str(port),
                "--metrics-port", "0", "--grpc-port", "0",
            ]
            with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
                try:
                    end = time.monotonic() + 60
                    while time.monotonic() < end and self.status(port, "/v2/health/ready") != 200:
                        pass
                    for model in ("identity-image", "add-sub"):
                        self.assertEqual(self.status(port, f"/v2/models/{model}"), 200)
                finally:
                    process.terminate()

    @staticmethod
    def status(port, path):
        """What the server answers; none while it does not listen."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    def test_a_second_signal_ends_at_once(self):
        with ApusServer(fixture("slow"), "--instances", "1") as server:
            with RawConnection(server) as connection:
                long = {"inputs": [SLOW["inputs"][0] | {"data": [60_000]}]}
                connection.send(request("/v2/models/slow/infer", long))
                time.sleep(0.3)
                server.process.send_signal(signal.SIGINT)
                time.sleep(0.2)
                began = time.monotonic()
                server.process.send_signal(signal.SIGINT)
                self.assertNotEqual(server.process.wait(10), 0)
                self.assertLess(time.monotonic() - began, 1)

    def test_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = serve(fixture("add-sub"), "--http-port", port)
        self.assertEqual(done.returncode, 1)
        self.assertIn(str(port), done.stderr)

    def test_wrong_usage(self):
        for words, arguments in [
            ("--http-port", ["--htp-port", "1"]), ("http-port", ["--http-port", "x"]),
            ("http-port", ["--http-port"]),
        ]:
            with self.subTest(arguments=arguments):
                done = serve(*arguments)
                self.assertEqual(done.returncode, 2, done)
                self.assertIn(words, done.stderr)
        done = serve(env=os.environ | {"APUS_HTP_PORT": "1"})
        self.assertEqual(done.returncode, 2)
        self.assertIn("APUS_HTTP_PORT", done.stderr)

    def test_settings_come_from_flag_then_variable_then_file(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "apus.yaml").write_text("http-port: 1\ngrpc-port: 2\nloops: 3\n")
            done = serve("--print-config", "json", "--http-port", "7", cwd=folder,
                         env=os.environ | {"APUS_GRPC_PORT": "8", "APUS_HTTP_PORT": "9"})
        settings = json.loads(done.stdout)
        self.assertEqual([settings[n]["value"] for n in ("http-port", "grpc-port", "loops", "host")],
                         ["7", "8", "3", "127.0.0.1"])

    def test_models_that_cannot_be_loaded(self):
        with tempfile.TemporaryDirectory() as folder:
            whole = fixture("add-sub").read_bytes()
            for name, content in [("cut", whole[: len(whole) // 2]), ("empty", b""), ("text", b"hello")]:
                path = pathlib.Path(folder, f"{name}.onnx")
                path.write_bytes(content)
                with self.subTest(name=name):
                    done = serve(path, "--http-port", "0")
                    self.assertEqual(done.returncode, 1)
                    self.assertIn(f"{name}.onnx", done.stderr)
            with ApusServer(fixture("add-sub"), pathlib.Path(folder, "cut.onnx")) as server:
                self.assertEqual(exchange(server, "/v2/models/add-sub/ready", method="GET").status, 200)
                self.assertEqual(exchange(server, "/v2/models/cut/ready", method="GET").status, 503)
                index = json.loads(exchange(server, "/v2/repository/index", {}).body)
                states = {entry["name"]: entry["state"] for entry in index}
                self.assertEqual(states, {"add-sub": "READY", "cut": "UNAVAILABLE"})
        done = serve("/no/such/model.onnx")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/no/such/model.onnx", done.stderr)

    def test_readers_that_go_away_neither_end_nor_busy_the_server(self):
        # `apus serve 2>&1 | head -1`: both outputs are pipes that nobody reads any more.
        gone, errors = os.pipe()
        command = [str(binary()), "serve", "--http-port", "0", "--metrics-port", "0",
                   "--grpc-port", "0", "--access-log", "all", str(fixture("add-sub"))]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            os.close(errors)
            os.close(gone)
            process.port = int(ADDRESS.search(process.stdout.readline())[1])
            process.stdout.close()
            for _ in range(20):
                self.assertEqual(exchange(process, "/v2/models/add-sub", method="GET").status, 200)
            before = processor_seconds(process)
            time.sleep(2)
            self.assertLess(processor_seconds(process) - before, 0.5)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(30), 0)
        finally:
            process.kill()
            process.wait()

    def test_a_full_disk_for_logs_stops_nothing(self):
        with ApusServer(fixture("add-sub"), "--log-file", "/dev/full", "--access-log", "all") as server:
            for _ in range(50):
                self.assertEqual(exchange(server, "/v2/models/add-sub", method="GET").status, 200)

    def test_log_lines_carry_the_request_id(self):
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder, "log")
            with ApusServer(fixture("add-sub"), "--access-log", "all", "--log-file", log) as server:
                exchange(server, "/v2/models/add-sub", method="GET", headers=["X-Request-Id: mine-17"])
                log.rename(pathlib.Path(folder, "old"))
                server.process.send_signal(signal.SIGHUP)
                deadline = time.monotonic() + 10
                while not log.exists() and time.monotonic() < deadline:
                    time.sleep(0.05)
                exchange(server, "/v2/models/nothing", method="GET", headers=["X-Request-Id: mine-18"])
            old = [json.loads(line) for line in pathlib.Path(folder, "old").read_text().splitlines()]
            new = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertTrue(any(e.get("http.request.id") == "mine-17" for e in old + new), old)
        entry = next(e for e in new if e.get("http.request.id") == "mine-18")
        self.assertEqual(entry["http.response.status_code"], 404)


if __name__ == "__main__":
    unittest.main()
