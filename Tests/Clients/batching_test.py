"""Dynamic batching as `config.pbtxt` names it, over real connections: who runs with whom, when, and
what becomes of those that wait.

A model called `holder` claims the one thing that the others claim too, so while it runs they queue
up: what the batcher then joins is certain, and no test guesses with sleeps.
"""

import collections
import concurrent.futures
import contextlib
import pathlib
import random
import shutil
import tempfile
import threading
import time
import unittest

import numpy as np
import requests
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from support.apus_server import ApusServer, fixture
from support.raw import RawConnection, request

LIMITER = 'rate_limiter { resources [ { name: "turn" global: true count: 1 } ] }'
# Turns of a matrix product: some hundredths of a second, and for ever.
SHORT, ENDLESS = 200, 2_000_000_000
FLAGS = ["--rate-limit", "execution_count", "--response-cache-bytes", "0"]


def eventually(condition, seconds=20):
    """Whether something comes true in time."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if condition():
            return True
        time.sleep(0.01)
    return False


def iterations(count):
    return {"inputs": [{"name": "iterations", "datatype": "INT64", "shape": [1], "data": [count]}]}


def floats(values):
    tensor = triton.InferInput("INPUT0", list(values.shape), "FP32")
    tensor.set_data_from_numpy(values)
    return [tensor]


class BatchingTest(unittest.TestCase):
    def serve(self, source, settings, instances=1, limiter=LIMITER):
        """Serves `m` with these settings beside `holder`."""
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name, file, text in (("m", source, settings), ("holder", "slow", "")):
            (folder / name / "1").mkdir(parents=True)
            shutil.copy(fixture(file), folder / name / "1" / "model.onnx")
            count = instances if name == "m" else 1
            (folder / name / "config.pbtxt").write_text(
                f'platform: "onnxruntime_onnx"\n{text}\n'
                f"instance_group {{ kind: KIND_CPU count: {count} {limiter} }}\n")
        self.server = self.enterContext(ApusServer(folder, *FLAGS))
        self.pool = self.enterContext(concurrent.futures.ThreadPoolExecutor(16))

    @contextlib.contextmanager
    def held(self):
        """While in here no run of `m` begins. The last thing is to let the client of `holder` go away,
        which stops its run."""
        with RawConnection(self.server) as connection:
            connection.send(request("/v2/models/holder/infer", iterations(ENDLESS)))
            # It is in the house and waits no longer.
            self.assertTrue(eventually(lambda: self.queued() >= 0 and self.waiting("holder") == 0))
            yield

    def statistics(self, model="m"):
        answer = requests.get(f"{self.server.url}/v2/models/{model}/stats", timeout=30)
        return answer.json()["model_stats"][0]

    def settled(self, count):
        """The statistics once so many requests are counted, which is after their answers have left."""
        def ended():
            stats = self.statistics()["inference_stats"]
            return stats["success"]["count"] + stats["fail"]["count"] >= count
        self.assertTrue(eventually(ended))
        return self.statistics()

    def waiting(self, model="m"):
        """Requests of the model that wait in its queue."""
        text = requests.get(f"{self.server.url}/metrics", timeout=30).text
        lines = [line for line in text.splitlines()
                 if line.startswith("nv_inference_pending_request_count") and f'"{model}"' in line]
        return int(float(lines[0].split()[-1]))

    def post(self, body, **parameters):
        """Sends a request from a thread of its own: gives the status, the body, and when it came."""
        def ask():
            answer = requests.post(
                f"{self.server.url}/v2/models/m/infer", json=body | {"parameters": parameters}, timeout=60)
            return answer.status_code, answer.json(), time.monotonic()
        return self.pool.submit(ask)

    def queue(self, bodies, first=0, **parameters):
        """Sends requests, each once the one before waits; `first` of them are already in the queue."""
        futures = []
        for body in bodies:
            futures.append(self.post(body, **parameters))
            place = first + len(futures)
            self.assertTrue(eventually(lambda: self.waiting() == place), f"{self.waiting()} wait")
        return futures

    def plugged(self, body):
        """The one whose run waits for its turn already, so that all that come later queue up."""
        before = self.waiting()
        plug = self.post(body)
        # Its batch was composed: nothing waits, and nothing is answered.
        self.assertTrue(eventually(lambda: self.queued() > 0))
        self.assertEqual(self.waiting(), before)
        self.assertFalse(plug.done())
        return plug

    def queued(self):
        """Requests of `m` that are in the house."""
        text = requests.get(f"{self.server.url}/metrics", timeout=30).text
        for line in text.splitlines():
            if line.startswith("apus_waiting_bytes "):
                return float(line.split()[-1]) - 8
        return 0

    def sizes(self, requests):
        """How often runs had how many rows, once so many requests are counted."""
        stats = self.settled(requests)["batch_stats"]
        return {each["batch_size"]: each["compute_infer"]["count"] for each in stats}


def row(value, width=2, rows=1):
    data = [float(value)] * (width * rows)
    return {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [rows, width], "data": data}]}


class JoiningTest(BatchingTest):
    def test_a_flood_of_mixed_shapes_gives_each_caller_its_own_rows(self):
        self.serve("identity-FP32", "max_batch_size: 8\ndynamic_batching { max_queue_delay_microseconds: 500 }",
                   instances=2, limiter="")
        failures, totals = [], collections.Counter()
        lock = threading.Lock()

        def flood(seed):
            chance = random.Random(seed)
            client = triton.InferenceServerClient(f"127.0.0.1:{self.server.port}")
            for turn in range(40):
                rows, width = chance.choice([1, 1, 2, 3, 8]), chance.choice([1, 2, 2, 3])
                values = np.full((rows, width), seed * 1_000 + turn, np.float32)
                values += np.arange(rows * width, dtype=np.float32).reshape(rows, width) / 64
                answer = client.infer("m", floats(values), request_id=f"{seed}-{turn}")
                with lock:
                    totals.update(requests=1, rows=rows)
                    if not np.array_equal(answer.as_numpy("OUTPUT0"), values):
                        failures.append((seed, turn, values, answer.as_numpy("OUTPUT0")))
                    if answer.get_response()["id"] != f"{seed}-{turn}":
                        failures.append((seed, turn, answer.get_response()))
            client.close()

        list(self.pool.map(flood, range(8)))
        self.assertEqual(failures, [])
        found = self.settled(totals["requests"])
        self.assertEqual(found["inference_stats"]["success"]["count"], totals["requests"])
        self.assertEqual(found["inference_stats"]["fail"]["count"], 0)
        self.assertEqual(found["inference_count"], totals["rows"])
        runs = self.sizes(totals["requests"])
        self.assertLessEqual(max(runs), 8)
        self.assertEqual(sum(runs.values()), found["execution_count"])
        self.assertEqual(sum(size * count for size, count in runs.items()), totals["rows"])
        for phase in ("queue", "compute_input", "compute_infer", "compute_output"):
            self.assertEqual(found["inference_stats"][phase]["count"], totals["requests"], phase)

    def test_a_request_larger_than_a_run_gets_its_rows_in_their_order(self):
        self.serve("identity-FP32", "max_batch_size: 8\ndynamic_batching { }")
        with self.held():
            plug = self.plugged(row(0))
            values = np.arange(42, dtype=np.float32)
            large = {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [21, 2], "data": values.tolist()}]}
            asked = self.queue([row(1, rows=3), large, row(2, rows=2)])
        self.assertEqual([future.result()[0] for future in [plug, *asked]], [200] * 4)
        self.assertEqual(asked[1].result()[1]["outputs"][0]["data"], values.tolist())
        self.assertEqual(asked[1].result()[1]["outputs"][0]["shape"], [21, 2])
        self.assertEqual(self.settled(4)["inference_count"], 27)

    def test_preferred_sizes_leave_first_and_the_rest_after_them(self):
        self.serve("identity-FP32", "max_batch_size: 8\ndynamic_batching { preferred_batch_size: [ 4 ] }")
        with self.held():
            plug = self.plugged(row(0))
            asked = self.queue([row(n) for n in range(1, 8)])
        for n, future in enumerate([plug, *asked]):
            status, body, _ = future.result()
            self.assertEqual(status, 200, body)
            self.assertEqual(body["outputs"][0]["data"], [n, n])
        self.assertEqual(self.sizes(8), {1: 1, 3: 1, 4: 1})

    def test_without_preferred_sizes_a_run_takes_all_that_fit(self):
        self.serve("identity-FP32", "max_batch_size: 8\ndynamic_batching { }")
        with self.held():
            plug = self.plugged(row(0))
            # Another width does not join, and does not stop the others from joining.
            asked = self.queue([row(1, rows=3), row(2, width=5), row(3, rows=3), row(4, rows=2), row(5)])
        self.assertEqual([future.result()[0] for future in [plug, *asked]], [200] * 6)
        self.assertEqual(self.sizes(6), {1: 3, 8: 1})

    def test_a_request_waits_for_others_as_long_as_the_delay_and_no_longer(self):
        self.serve("identity-FP32", "max_batch_size: 4\ndynamic_batching "
                   "{ preferred_batch_size: [ 2 ] max_queue_delay_microseconds: 400000 }", limiter="")
        began = time.monotonic()
        self.assertGreaterEqual(self.post(row(1)).result()[2] - began, 0.4)
        began = time.monotonic()
        for future in (self.post(row(1)), self.post(row(2))):
            self.assertLess(future.result()[2] - began, 0.39, "two are preferred, so they leave at once")

    def test_one_bad_request_fails_alone(self):
        self.serve("fails-at-run", "max_batch_size: 8\ndynamic_batching { }\n"
                   'input { name: "INPUT0" data_type: TYPE_INT64 dims: 1 reshape { shape: [ ] } }')
        def place(value):
            return {"inputs": [{"name": "INPUT0", "datatype": "INT64", "shape": [1, 1], "data": [value]}]}
        with self.held():
            plug = self.plugged(place(0))
            asked = self.queue([place(value) for value in (1, 2, 99, 3)])
        self.assertEqual(plug.result()[1]["outputs"][0]["data"], [0.5])
        answers = [future.result() for future in asked]
        self.assertEqual([status == 200 for status, _, _ in answers], [True, True, False, True])
        values = [body["outputs"][0]["data"] for status, body, _ in answers if status == 200]
        self.assertEqual(values, [[1.5], [2.5], [3.5]])
        self.assertIn("out of data bounds", answers[2][1]["error"])
        found = self.settled(5)["inference_stats"]
        self.assertEqual((found["success"]["count"], found["fail"]["count"]), (4, 1))


class OrderTest(BatchingTest):
    def test_the_more_urgent_run_first_and_the_default_counts(self):
        self.serve("slow", "dynamic_batching { priority_levels: 3 default_priority_level: 2 }")
        body = iterations(SHORT)
        with self.held():
            self.plugged(body)
            waiting = []
            for name, parameters in (
                ("low", {"priority": 3}), ("default", {}), ("high", {"priority": 1}),
                ("low too", {"priority": 3}), ("high too", {"priority": 1}),
            ):
                waiting.append((name, *self.queue([body], first=len(waiting), **parameters)))
        ended = sorted((future.result()[2], name) for name, future in waiting)
        self.assertEqual([name for _, name in ended], ["high", "high too", "default", "low", "low too"])

    def answers_of_a_long_and_a_short_one(self, settings):
        self.serve("slow", settings, instances=2, limiter="")
        long = self.post(iterations(15 * SHORT))
        self.assertTrue(eventually(lambda: self.queued() > -8))
        short = self.post(iterations(1))
        return long.result()[2], short.result()[2]

    def test_answers_leave_in_the_order_of_requests_where_that_is_asked(self):
        long, short = self.answers_of_a_long_and_a_short_one("dynamic_batching { preserve_ordering: true }")
        # Two connections: what left later may be read a moment earlier.
        self.assertGreater(short, long - 0.05)

    def test_answers_leave_as_they_come_otherwise(self):
        long, short = self.answers_of_a_long_and_a_short_one("")
        self.assertLess(short, long - 0.05)


class QueuePolicyTest(BatchingTest):
    def policy(self, text):
        self.serve("identity-FP32", "max_batch_size: 1\ndynamic_batching { default_queue_policy { %s } }" % text)

    def test_a_full_queue_refuses_at_once(self):
        self.policy("max_queue_size: 2")
        with self.held():
            plug = self.plugged(row(0))
            waiting = self.queue([row(1), row(2)])
            status, body, _ = self.post(row(3)).result()
            self.assertEqual(status, 429, body)
            self.assertFalse(any(future.done() for future in waiting))
        self.assertEqual([future.result()[0] for future in [plug, *waiting]], [200] * 3)

    def test_who_waited_too_long_is_rejected(self):
        self.policy("timeout_action: REJECT default_timeout_microseconds: 100000")
        with self.held():
            plug = self.plugged(row(0))
            began = time.monotonic()
            status, body, ended = self.post(row(1)).result()
        self.assertEqual(status, 504, body)
        self.assertGreaterEqual(ended - began, 0.1)
        self.assertEqual(plug.result()[0], 200, "it waits no longer in the queue, but for its turn")

    def test_who_waited_too_long_is_delayed_behind_the_others(self):
        self.serve("slow", "dynamic_batching { default_queue_policy { timeout_action: DELAY "
                   "default_timeout_microseconds: 60000000 allow_timeout_override: true } }")
        body = iterations(SHORT)
        with self.held():
            self.plugged(body)
            [late] = self.queue([body], timeout=1_000)
            time.sleep(0.05)
            [other] = self.queue([body], first=1)
        self.assertEqual(late.result()[0], 200)
        self.assertLess(other.result()[2], late.result()[2])

    def test_a_requests_own_timeout_counts_where_it_may(self):
        client_timeout = 50_000
        for allowed in (True, False):
            with self.subTest(allowed=allowed):
                self.policy("timeout_action: REJECT default_timeout_microseconds: 60000000 "
                            f"allow_timeout_override: {'true' if allowed else 'false'}")
                client = triton.InferenceServerClient(f"127.0.0.1:{self.server.port}")
                self.addCleanup(client.close)
                with self.held():
                    self.plugged(row(0))
                    with self.assertRaises(InferenceServerException) as refused:
                        client.infer("m", floats(np.ones((1, 2), np.float32)), timeout=client_timeout)
                self.assertEqual(refused.exception.status(), "504")


class RateLimitTest(BatchingTest):
    def test_what_claims_the_same_runs_by_turns_and_the_rest_is_answered(self):
        self.serve("identity-FP32", "max_batch_size: 8")
        with self.held():
            plug = self.plugged(row(1))
            metadata = requests.get(f"{self.server.url}/v2/models/m", timeout=5)
            self.assertEqual(metadata.status_code, 200)
            self.assertFalse(plug.done())
        self.assertEqual(plug.result()[0], 200)

    def test_a_claim_above_the_supply_does_not_load(self):
        with tempfile.TemporaryDirectory() as folder:
            model = pathlib.Path(folder, "m", "1")
            model.mkdir(parents=True)
            shutil.copy(fixture("identity-FP32"), model / "model.onnx")
            (model.parent / "config.pbtxt").write_text(
                "instance_group { rate_limiter { resources { name: \"turn\" count: 3 } } }")
            with ApusServer(folder, *FLAGS, "--rate-limit-resource", "turn:2",
                            "--model-control-mode", "poll") as server:
                index = requests.post(f"{server.url}/v2/repository/index", json={}, timeout=10).json()
                self.assertIn("asks for 3 of the resource turn", index[0]["reason"])


if __name__ == "__main__":
    unittest.main()
