"""`apus bench` with loads that change: when requests really arrive, and what is told of them."""

import datetime
import json
import pathlib
import re
import signal
import statistics
import subprocess
import tempfile
import threading
import time
import unittest

from support.apus_server import ApusServer, REPOSITORY, binary
from support.bench import ANSWER, OddServer, bench, http, measured


class CountingServer(OddServer):
    """Remembers when each request came, in seconds from the first that belongs to the run."""

    # The check and the warm-up.
    BEFORE = 4

    def __init__(self, delay=0.0):
        self.times, self.delay = [], delay
        super().__init__(self.note)

    def note(self, number, body):
        if number >= self.BEFORE:
            self.times.append(time.monotonic())
        if self.delay:
            time.sleep(self.delay)
        return http(ANSWER)

    def moments(self):
        first = min(self.times)
        return sorted(moment - first for moment in self.times)

    def within(self, begin, end):
        return sum(begin <= moment < end for moment in self.moments())


class ShapeTest(unittest.TestCase):
    def test_a_ramp_arrives_as_a_ramp(self):
        with CountingServer() as server:
            result, document = measured(
                server.url, "--scenario", "ramp", "--rate", "20:180", "--arrivals", "even", "--duration", "4s")
        self.assertEqual(result.returncode, 0, result.stderr)
        # 20 t + 20 t² after t seconds: 40 in the first second, 160 in the last.
        for second, expected in enumerate([40, 80, 120, 160]):
            self.assertAlmostEqual(server.within(second, second + 1), expected, delta=12)
        self.assertEqual(document["run"]["queries"], 400)
        phases = document["phases"]
        self.assertEqual(len(phases), 5)
        self.assertEqual(sum(phase["queries"] for phase in phases), 400)
        self.assertAlmostEqual(phases[4]["asked_rate"], 164, delta=2)
        self.assertGreater(phases[0]["latency_ms"]["p50"], 0)

    def test_steps_have_their_lengths(self):
        with CountingServer() as server:
            _, document = measured(
                server.url, "--rate", "50@2s,200@1s", "--arrivals", "even")
        self.assertEqual(document["scenario"], "step")
        self.assertAlmostEqual(server.within(0, 2), 100, delta=8)
        self.assertAlmostEqual(server.within(2, 3.2), 200, delta=8)
        self.assertEqual([phase["queries"] for phase in document["phases"]], [100, 200])
        self.assertEqual([phase["to_s"] for phase in document["phases"]], [2, 3])

    def test_a_spike_stands_out(self):
        with CountingServer() as server:
            result = bench(server.url, "--scenario", "spike", "--rate", 30, "--spike", "8x1s", "--duration", "5s")
        self.assertEqual(result.returncode, 0, result.stderr)
        # 240 by chance: five standard deviations are 77.
        self.assertAlmostEqual(server.within(2, 3), 240, delta=80)
        self.assertAlmostEqual(server.within(0, 2), 60, delta=39)
        for word in ("before", "spike", "after", "asked/s"):
            self.assertIn(word, result.stdout)

    def test_the_same_seed_asks_at_the_same_times(self):
        runs = []
        for seed in (5, 5, 6):
            with CountingServer() as server:
                measured(server.url, "--rate", "20:60", "--duration", "2s", "--seed", seed)
                runs.append(server.moments())
        self.assertEqual(len(runs[0]), len(runs[1]))
        self.assertLess(statistics.median(abs(a - b) for a, b in zip(runs[0], runs[1])), 0.05)
        self.assertNotEqual(len(runs[0]), len(runs[2]))


class ReplayTest(unittest.TestCase):
    TIMES = [0, 0.2, 0.25, 0.9, 1.0, 1.6, 2.0]

    def replayed(self, text, *arguments):
        with tempfile.TemporaryDirectory() as folder, CountingServer() as server:
            file = pathlib.Path(folder) / "trace"
            file.write_text(text)
            result, document = measured(server.url, "--trace", file, *arguments)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(document["scenario"], "replay")
            self.assertEqual(document["run"]["queries"], len(server.times))
            return server.moments()

    def assert_close(self, found, expected):
        self.assertEqual(len(found), len(expected))
        # The middle of them: on a busy machine one or the other is held up.
        apart = statistics.median(abs(moment - wanted) for moment, wanted in zip(found, expected))
        self.assertLess(apart, 0.05)

    def test_a_trace_keeps_its_times(self):
        text = "".join(f"{1000 + moment}\n" for moment in self.TIMES)
        self.assert_close(self.replayed(text), self.TIMES)

    def test_a_trace_is_played_faster(self):
        text = "".join(json.dumps({"ts": moment}) + "\n" for moment in self.TIMES)
        self.assert_close(self.replayed(text, "--speed", 2), [moment / 2 for moment in self.TIMES])

    def test_the_servers_own_log_is_a_trace(self):
        for style in ("text", "json"):
            with tempfile.TemporaryDirectory() as folder:
                log = pathlib.Path(folder) / "log"
                with ApusServer(
                        "models/iris/iris.onnx", "--access-log", "all", "--log-format", style,
                        "--log-file", log) as server:
                    _, document = measured(
                        f"{server.url}/v2/models/iris", "--rate", "30@1s", "--scenario", "step",
                        "--arrivals", "even")
                    asked = document["run"]["queries"]
                text = log.read_text()
            moments = self.replayed(text)
            self.assert_close(moments, self.arrivals(text))
            # And what was asked before the run: the metadata, the check and the warm-up.
            self.assertGreaterEqual(len(moments), asked + 4)
            self.assertLess(len(moments), asked + 10)

    @staticmethod
    def arrivals(log):
        """When the requests of a log came, from the first: as long before their lines as they took."""
        moments = []
        for line in log.splitlines():
            duration = re.search(r'event.duration"?[=:](\d+)', line)
            if duration:
                written = re.search(r"\d{4}-\d\d-\d\dT[\d:.]+", line)[0]
                moments.append(
                    datetime.datetime.fromisoformat(written).timestamp() - int(duration[1]) / 1e9)
        return [moment - min(moments) for moment in sorted(moments)]

    def test_what_is_no_trace_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "trace"
            for text, words in [
                ("", "found none"), ("1\ntwo\n", "line 2: expected a time, got two"),
                ('{"when": 3}\n', "one of the keys @timestamp"), ("\x00\xff" * 40, "line 1"),
            ]:
                file.write_text(text)
                result = bench("iris", "--trace", file)
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertIn(words, result.stderr)
            result = bench("iris", "--trace", pathlib.Path(folder) / "nothing")
            self.assertEqual(result.returncode, 1)
            self.assertIn("No such file", result.stderr)


class ClosedLoopTest(unittest.TestCase):
    def test_callers_think_between_an_answer_and_the_next_request(self):
        for think in ("50ms", "exp:50ms"):
            with CountingServer() as server:
                _, document = measured(
                    server.url, "--concurrency", 4, "--think", think, "--duration", "4s")
            # Four callers, each once in 50 ms and what an answer takes.
            self.assertAlmostEqual(document["throughput"]["value"], 76, delta=14)
            self.assertLess(document["latency_ms"]["p50"], 20)
            self.assertEqual(document["errors"]["rate"], 0)


class SweepTest(unittest.TestCase):
    def test_a_sweep_finds_the_knee_of_a_target_that_computes_one_at_a_time(self):
        lock = threading.Lock()

        def answer(number, body):
            with lock:
                time.sleep(0.01)
            return http(ANSWER)
        with OddServer(answer) as server:
            result, document = measured(server.url, "--sweep", "concurrency=1,2,4,8", "--duration", "1s")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(document["sweep"], "concurrency")
        self.assertEqual([point["value"] for point in document["points"]], [1, 2, 4, 8])
        rates = [point["result"]["throughput"]["value"] for point in document["points"]]
        self.assertLess(rates[3], 105)
        self.assertLessEqual(document["knee"]["point"], 1)
        self.assertGreater(
            document["points"][3]["result"]["latency_ms"]["p50"],
            3 * document["points"][0]["result"]["latency_ms"]["p50"])

    def test_rates_are_asked_and_told(self):
        with CountingServer() as server:
            result = bench(
                server.url, "--sweep", "rate=20,40,80", "--scenario", "constant-rate", "--duration", "1s")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertAlmostEqual(len(server.times), 143, delta=2)
        self.assertIn("knee", result.stdout)
        self.assertIn("asked/s", result.stdout)

    def test_wrong_words_are_told_before_anything_is_asked(self):
        for arguments, words in [
            (["--sweep", "rate=5"], "rate=10..200"),
            (["--sweep", "rate=1,2", "--rate", "5"], "--sweep says the rates"),
            (["--sweep", "rate=1,2", "--fail-if", "p99>1ms"], "for single loads"),
            (["--scenario", "ramp"], "needs --rate"),
            (["--scenario", "ramp", "--rate", "5"], "10:200"),
            (["--rate", "10", "--spike", "3"], "10x2s"),
        ]:
            result = bench("http://127.0.0.1:1/v2/models/m", *arguments)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn(words, result.stderr)


class InterruptTest(unittest.TestCase):
    def interrupted(self, after, *arguments):
        with OddServer(lambda number, body: http(ANSWER)) as server:
            process = subprocess.Popen(
                [str(binary()), "bench", server.url, *map(str, arguments), "--json", "-"],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY)
            time.sleep(after)
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 1)
        return json.loads(output)

    def test_ctrl_c_in_a_search_tells_what_is_known(self):
        for after in (1.0, 5.0):
            document = self.interrupted(
                after, "--scenario", "server", "--latency-bound", "100ms", "--duration", "60s")
            self.assertTrue(document["run"]["interrupted"])
            self.assertFalse(document["valid"])
            self.assertIn("search for the highest rate was interrupted", document["problems"][0])
            self.assertGreater(document["latency_ms"]["p50"], 0)

    def test_ctrl_c_in_a_sweep_tells_what_is_known(self):
        document = self.interrupted(4, "--sweep", "concurrency=1..64", "--duration", "1s")
        self.assertTrue(document["interrupted"])
        self.assertGreaterEqual(len(document["points"]), 2)
        self.assertLess(len(document["points"]), 7)

    def test_a_run_that_cannot_become_valid_says_so_while_it_lasts(self):
        with CountingServer(delay=0.03) as server:
            process = subprocess.Popen(
                [str(binary()), "bench", server.url, "--scenario", "server", "--rate", "40",
                 "--duration", "30s"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY)
            line = process.stderr.readline()
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
        self.assertIn("cannot become valid any more", line)


if __name__ == "__main__":
    unittest.main()
