"""`apus bench` against servers: a good one, and some that answer late, badly or not at all."""

import json
import signal
import subprocess
import time
import unittest
import urllib.request

from support.apus_server import ApusServer, binary
from support.bench import ANSWER, OddServer, bench, http, measured

class GoodServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ApusServer("models/iris/iris.onnx").__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def test_every_scenario_in_both_encodings(self):
        for encoding in ("binary", "json"):
            for scenario in ("single-stream", "multi-stream", "offline", "closed-loop", "server", "constant-rate"):
                rate = ["--rate", 500] if scenario in ("server", "constant-rate") else []
                result, document = measured(
                    f"{self.server.url}/v2/models/iris", "--scenario", scenario, "--requests", 100,
                    "--encoding", encoding, *rate)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(document["errors"], {"rate": 0, "by_kind": {}}, scenario)
                self.assertEqual(document["run"]["queries"], 100)
                self.assertGreater(document["latency_ms"]["p50"], 0)

    def test_the_server_has_counted_as_many(self):
        before = self.successes()
        measured(f"{self.server.url}/v2/models/iris", "--scenario", "multi-stream", "--requests", 50)
        # 50 queries of 8, and three for warming up and one for checking before.
        self.assertEqual(self.successes() - before, 50 * 8 + 3 * 8 + 1)

    def successes(self):
        with urllib.request.urlopen(f"{self.server.url}/v2/models/iris/stats") as answer:
            return json.load(answer)["model_stats"][0]["inference_stats"]["success"]["count"]

    def test_a_model_that_is_not_there(self):
        result = bench(f"{self.server.url}/v2/models/nothing")
        self.assertEqual(result.returncode, 1)
        self.assertIn("status 404: no model `nothing`", result.stderr)

    def test_a_shape_that_does_not_fit(self):
        result = bench(f"{self.server.url}/v2/models/iris", "--shape", "features=1,5")
        self.assertEqual(result.returncode, 1)
        self.assertIn("[-1,4]", result.stderr)

    def test_ctrl_c_prints_what_there_is(self):
        process = subprocess.Popen(
            [str(binary()), "bench", f"{self.server.url}/v2/models/iris", "--scenario", "closed-loop",
             "--duration", "10m"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=15)
        self.assertEqual(process.returncode, 1)
        self.assertIn("it was interrupted", output)
        self.assertIn("p99", output)


class OddServerTest(unittest.TestCase):
    def test_it_asks_what_the_metadata_says(self):
        with OddServer(lambda number, body: http(ANSWER)) as server:
            result, document = measured(
                server.url, "--scenario", "single-stream", "--requests", 70, "--seed", 7,
                "--encoding", "json")
            again = len(server.requests)
            measured(server.url, "--scenario", "single-stream", "--requests", 70, "--seed", 7,
                     "--encoding", "json")
        self.assertEqual(document["errors"]["rate"], 0, document["problems"])
        bodies = [json.loads(body) for _, body in server.requests]
        self.assertEqual({tuple(body["inputs"][0]["shape"]) for body in bodies}, {(1, 4)})
        self.assertEqual({len(body["inputs"][0]["data"]) for body in bodies}, {4})
        self.assertGreater(len({str(body) for body in bodies}), 20)
        self.assertEqual(bodies[:again], bodies[again:])

    def test_binary_bodies_are_as_the_head_says(self):
        with OddServer(lambda number, body: http(ANSWER)) as server:
            measured(server.url, "--scenario", "single-stream", "--requests", 10)
        for head, body in server.requests:
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
            length = int(fields[b"inference-header-content-length"])
            document = json.loads(body[:length])
            size = document["inputs"][0]["parameters"]["binary_data_size"]
            self.assertEqual(length + size, len(body))
            self.assertEqual(size, 16)

    def test_errors_are_counted_by_kind(self):
        def answer(number, body):
            # The check and the warm-up are four.
            if number > 10 and number % 5 == 0:
                return http(b'{"error": "full"}', "503 Service Unavailable")
            if number > 10 and number % 5 == 1:
                return None
            return http(ANSWER)
        with OddServer(answer) as server:
            result, document = measured(server.url, "--scenario", "single-stream", "--requests", 100)
        self.assertEqual(set(document["errors"]["by_kind"]), {"status_503", "connection_closed"})
        self.assertAlmostEqual(document["errors"]["rate"], 0.4, delta=0.05)
        self.assertFalse(document["valid"])
        self.assertEqual(result.returncode, 0)

    def test_half_an_answer_is_an_error(self):
        # A part that claims more than it has, and then the end.
        half = http(ANSWER)[:-3]
        with OddServer(lambda number, body: (http(ANSWER) if number < 20 else half, number < 20)) as server:
            result, document = measured(server.url, "--scenario", "single-stream", "--requests", 40)
        self.assertEqual(list(document["errors"]["by_kind"]), ["connection_closed"])
        self.assertIn("before its answer's end", " ".join(document["problems"]))

    def test_chunks_and_closing_servers_are_understood(self):
        chunked = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                   + b"".join(b"%x\r\n%s\r\n" % (1, bytes([byte])) for byte in ANSWER) + b"0\r\n\r\n")
        with OddServer(lambda number, body: chunked) as server:
            _, document = measured(server.url, "--scenario", "single-stream", "--requests", 70)
            self.assertEqual(document["errors"]["rate"], 0)
        with OddServer(lambda number, body: http(ANSWER, extra=b"Connection: close\r\n")) as server:
            _, document = measured(server.url, "--scenario", "single-stream", "--requests", 70)
            self.assertEqual(document["errors"]["rate"], 0)

    def test_nonsense_is_told_before_anything_is_measured(self):
        for nonsense, words in [
            (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not begin as HTTP/1.1"),
            (http(b"<html>"), "no answer of V2"),
            (http(b'{"detail": "no such input"}', "422 Unprocessable Entity"), "422: no such input"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "does not begin as HTTP/1.1"),
        ]:
            with OddServer(lambda number, body: nonsense) as server:
                result = bench(server.url)
            self.assertEqual(result.returncode, 1)
            self.assertIn(words, result.stderr)

    def test_a_slow_answer_is_not_hidden(self):
        def answer(number, body):
            # One query in the midst keeps its connection for half a second.
            if number == 60:
                time.sleep(0.5)
            return http(ANSWER)
        with OddServer(answer) as server:
            _, document = measured(
                server.url, "--scenario", "constant-rate", "--rate", 100, "--duration", "2s")
        # Others go on meanwhile, over other connections: one query of 201 was slow, and not more.
        self.assertGreater(document["latency_ms"]["p99_9"], 490)
        self.assertLess(document["latency_ms"]["p90"], 200)
        self.assertEqual(document["run"]["queries"], 201)

    def test_a_server_that_goes_away_ends_the_run(self):
        with OddServer(lambda number, body: http(ANSWER) if number < 50 else None) as server:
            begun = time.monotonic()
            result = bench(server.url, "--scenario", "closed-loop", "--duration", "5m")
        self.assertLess(time.monotonic() - begun, 40)
        self.assertEqual(result.returncode, 1)
        self.assertIn("answered nothing for 10 s", result.stdout)


if __name__ == "__main__":
    unittest.main()
