"""Answers in parts: Triton's generate extension, with clients that leave, and that do not read."""

import json
import pathlib
import socket
import tempfile
import time
import unittest

import requests

from support import traces
from support.apus_server import ApusServer

NUMBER = 'data_type: TYPE_INT32 dims: 1'
SQUARE = f'''backend: "square" %s model_transaction_policy {{ decoupled: true }}
  instance_group {{ kind: KIND_CPU count: 1 }}
  input {{ name: "IN" {NUMBER} }} output {{ name: "OUT" {NUMBER} }}'''
PARAMETER = 'parameters { key: "%s" value { string_value: "%d" } }'
MODELS = {
    "repeat": '''backend: "repeat" model_transaction_policy { decoupled: true }
      input [ { name: "IN" data_type: TYPE_INT32 dims: -1 },
              { name: "DELAY" data_type: TYPE_UINT32 dims: -1 },
              { name: "WAIT" data_type: TYPE_UINT32 dims: 1 } ]
      output [ { name: "OUT" data_type: TYPE_INT32 dims: 1 },
               { name: "IDX" data_type: TYPE_UINT32 dims: 1 } ]''',
    "square": SQUARE % "",
    "slow": SQUARE % (PARAMETER % ("CUSTOM_INFER_DELAY_NS", 20_000_000)),
    "failing": SQUARE % (PARAMETER % ("CUSTOM_FAIL_COUNT", 1)),
    "iterative_sequence": f'''backend: "iterative_sequence" max_batch_size: 4
      model_transaction_policy {{ decoupled: true }} sequence_batching {{ iterative_sequence: true }}
      input {{ name: "INPUT" {NUMBER} }} output {{ name: "OUTPUT" {NUMBER} }}''',
    "identity": '''backend: "identity" max_batch_size: 4
      input { name: "TEXT" data_type: TYPE_STRING dims: 1 }
      output { name: "ECHO" data_type: TYPE_STRING dims: 1 }''',
}


def memory(server):
    """Resident bytes of the server."""
    lines = pathlib.Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) << 10


class GenerateTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        for name, config in MODELS.items():
            pathlib.Path(folder.name, name, "1").mkdir(parents=True)
            pathlib.Path(folder.name, name, "config.pbtxt").write_text(config)
        cls.traces = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()), "trace.json")
        cls.server = cls.enterClassContext(ApusServer(folder.name, "--trace-file", str(cls.traces)))

    def test_a_trace_has_the_tensors_of_all_parts(self):
        settings = f"{self.server.url}/v2/models/square/trace/setting"
        requests.post(settings, json={"trace_rate": "1", "trace_level": ["TENSORS"]}, timeout=20).raise_for_status()
        self.assertEqual(len(self.events("square", {"IN": 3})), 3)
        requests.post(settings, json={"trace_level": ["OFF"]}, timeout=20).raise_for_status()
        limit = time.monotonic() + 20
        while not traces.activities(self.traces) and time.monotonic() < limit:
            time.sleep(0.02)
        written = [each for each in traces.activities(self.traces) if "tensor" in each]
        self.assertEqual([(each["activity"], each["tensor"]["name"], each["tensor"]["data"]) for each in written],
                         [("TENSOR_QUEUE_INPUT", "IN", "3")] + [("TENSOR_BACKEND_OUTPUT", "OUT", "3")] * 3)

    def ask(self, model, body, verb="generate_stream", **options):
        url = f"{self.server.url}/v2/models/{model}/{verb}"
        return requests.post(url, json=body, timeout=20, **options)

    def events(self, model, body):
        answer = self.ask(model, body, stream=True)
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(answer.headers["Content-Type"], "text/event-stream; charset=utf-8")
        blocks = answer.content.split(b"\n\n")
        self.assertEqual(blocks.pop(), b"")
        self.assertTrue(all(block.startswith(b"data: ") for block in blocks))
        return [json.loads(block[6:]) for block in blocks]

    def connect(self, model, body, window=None):
        """A connection that has asked and read nothing."""
        client = socket.socket()
        self.addCleanup(client.close)
        if window:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        client.settimeout(20)
        client.connect(("127.0.0.1", self.server.port))
        text = json.dumps(body)
        client.sendall(
            f"POST /v2/models/{model}/generate_stream HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Length: {len(text)}\r\n\r\n{text}".encode())
        return client

    def test_as_many_events_as_answers(self):
        body = {"IN": [4, 5, 6], "DELAY": [1, 0, 2], "WAIT": 0, "id": "q"}
        events = self.events("repeat", body)
        self.assertEqual([(e["OUT"], e["IDX"]) for e in events], [(4, 0), (5, 1), (6, 2)])
        self.assertEqual({(e["model_name"], e["model_version"], e["id"]) for e in events},
                         {("repeat", "1", "q")})
        self.assertEqual(len(self.events("square", {"IN": 5_000})), 5_000)

    def test_no_answers(self):
        self.assertEqual(self.events("square", {"IN": 0}), [])
        self.assertEqual(self.events("repeat", {"IN": [], "DELAY": [], "WAIT": 0}), [])
        self.assertIn("exactly 1 answer, got 0", self.ask("square", {"IN": 0}, "generate").text)

    def test_an_event_comes_when_it_is_made(self):
        body = {"IN": [1, 2], "DELAY": [0, 500], "WAIT": 0}
        start = time.monotonic()
        answer = self.ask("repeat", body, stream=True)
        first = next(answer.iter_lines())
        self.assertIn(b'"OUT":1', first)
        self.assertLess(time.monotonic() - start, 0.4)

    def test_iterative_sequence(self):
        """As Triton's own test of its backend."""
        events = self.events("iterative_sequence", {"INPUT": 3})
        self.assertEqual([event["OUTPUT"] for event in events], [2, 1, 0])

    def test_failures(self):
        events = self.events("failing", {"IN": 3})
        self.assertEqual([event.get("OUT") for event in events], [3, 3, None])
        self.assertIn("configured to fail", events[-1]["error"])
        first = self.ask("failing", {"IN": 1})
        self.assertEqual(first.status_code, 500)
        self.assertIn("error", json.loads(first.text.removeprefix("data: ")))
        for body in [{}, {"IN": "x"}, {"IN": [1, 2]}, {"IN": 1, "other": {}}]:
            refused = self.ask("square", body)
            self.assertEqual(refused.status_code, 400, refused.text)
            self.assertEqual(refused.headers["Content-Type"], "application/json")

    def test_one_answer(self):
        self.assertEqual(self.ask("square", {"IN": 1}, "generate").json()["OUT"], 1)
        several = self.ask("square", {"IN": 3}, "generate")
        self.assertEqual(several.status_code, 501)
        self.assertIn("exactly 1 answer, got 3", several.json()["error"])
        self.assertEqual(
            self.ask("identity", {"TEXT": "Grüße", "n": 1}, "generate").json()["ECHO"], "Grüße")
        self.assertEqual(self.events("identity", {"TEXT": ["a"]})[0]["ECHO"], "a")

    def test_infer_refuses_a_decoupled_model(self):
        refused = self.ask("square", {"inputs": []}, "infer")
        self.assertEqual(refused.status_code, 501)
        self.assertIn("generate_stream", refused.json()["error"])

    def test_a_client_that_leaves_frees_the_model(self):
        client = self.connect("slow", {"IN": 10_000})
        self.assertTrue(client.recv(500).startswith(b"HTTP/1.1 200"))
        client.close()
        start = time.monotonic()
        self.assertEqual(len(self.events("slow", {"IN": 1})), 1)
        self.assertLess(time.monotonic() - start, 5)

    def test_a_client_that_does_not_read_is_ended(self):
        self.events("square", {"IN": 20_000})
        before = memory(self.server)
        client = self.connect("square", {"IN": 100_000_000}, window=64 << 10)
        # Behind it in the one instance's line: answered once the slow one has been given up.
        self.assertEqual(len(self.events("square", {"IN": 2})), 2)
        self.assertLess(memory(self.server) - before, 32 << 20)
        received = b""
        try:
            while chunk := client.recv(1 << 20):
                received = received[-10:] + chunk
        except ConnectionError:
            pass
        self.assertFalse(received.endswith(b"0\r\n\r\n"))

    def test_statistics_count_answers_by_their_place(self):
        body = {"IN": [1, 2, 3], "DELAY": [0, 0, 0], "WAIT": 0}
        url = f"{self.server.url}/v2/models/repeat/stats"
        def counts():
            found = requests.get(url, timeout=20).json()["model_stats"][0].get("response_stats", {})
            return {place: stats["success"]["count"] for place, stats in found.items()}
        before = counts()
        self.events("repeat", body)
        after = counts()
        for place in "012":
            self.assertEqual(after[place] - before.get(place, 0), 1)


if __name__ == "__main__":
    unittest.main()
