"""Drives a server with MLPerf's own load generator, mlcommons-loadgen from PyPI.

    python -m measuring.loadgen_client PORT MESSAGE-FILE FOLDER

Reads `single SECONDS MILLISECONDS` (those of one query) and `offline CONNECTIONS SECONDS RATE` (samples
a second) lines from standard input and answers each with one line of JSON: what the generator's own
summary says. Between the generator and the socket there is one prepared message and `Connection`.
"""

import json
import pathlib
import queue
import re
import sys
import threading
import time

import mlperf_loadgen as generator

from .load_client import Connection

# The generator's idea of memory; each sample is the same message.
SAMPLES = 1024


class Service:
    """The system under test: a server behind some connections, each with a thread."""

    def __init__(self, port, message, connection_count):
        self.connections = [Connection(port, message) for _ in range(connection_count)]
        self.waiting = queue.SimpleQueue()
        self.threads = []
        if connection_count > 1:
            self.threads = [
                threading.Thread(target=self.work, args=[one]) for one in self.connections]
        for thread in self.threads:
            thread.start()

    def issue(self, samples):
        """One query; a single connection answers it on the generator's own thread."""
        if not self.threads:
            for sample in samples:
                self.connections[0].exchange()
                self.complete(sample.id)
            return
        for sample in samples:
            self.waiting.put(sample.id)

    def work(self, connection):
        while (number := self.waiting.get()) is not None:
            connection.exchange()
            self.complete(number)

    @staticmethod
    def complete(number):
        generator.QuerySamplesComplete([generator.QuerySampleResponse(number, 0, 0)])

    def close(self):
        for _ in self.threads:
            self.waiting.put(None)
        for thread in self.threads:
            thread.join()
        for connection in self.connections:
            connection.close()


def settings(scenario, seconds):
    chosen = generator.TestSettings()
    chosen.scenario = scenario
    chosen.mode = generator.TestMode.PerformanceOnly
    chosen.min_duration_ms = round(seconds * 1000)
    chosen.min_query_count = 1
    # The seeds of the rules, which `apus bench` has too.
    chosen.qsl_rng_seed = 2085463073848966840
    chosen.sample_index_rng_seed = 2747215439041700203
    chosen.schedule_rng_seed = 16159082839903944936
    return chosen


def run(port, message, folder, connection_count, chosen):
    """One test; gives the summary that the generator wrote, by its keys."""
    logs = generator.LogSettings()
    logs.log_output.outdir = str(folder)
    logs.log_output.copy_summary_to_stdout = False
    logs.enable_trace = False
    service = Service(port, message, connection_count)
    system = generator.ConstructSUT(service.issue, lambda: None)
    library = generator.ConstructQSL(SAMPLES, SAMPLES, lambda _: None, lambda _: None)
    try:
        generator.StartTestWithLogSettings(system, library, chosen, logs)
    finally:
        service.close()
        generator.DestroyQSL(library)
        generator.DestroySUT(system)
    lines = (folder / "mlperf_log_summary.txt").read_text().splitlines()
    pairs = (re.split(r"\s*:\s*", line, maxsplit=1) for line in lines if ":" in line)
    return {pair[0].strip(): pair[1].strip() for pair in pairs}


def single(port, message, folder, seconds, milliseconds):
    chosen = settings(generator.TestScenario.SingleStream, seconds)
    chosen.single_stream_expected_latency_ns = round(milliseconds * 1e6 / 2)
    found = run(port, message, folder, 1, chosen)
    return {"p90_ms": int(found["90.0th percentile latency (ns)"]) / 1e6}


def offline(port, message, folder, connection_count, seconds, rate):
    chosen = settings(generator.TestScenario.Offline, seconds)
    chosen.offline_expected_qps = rate
    found = run(port, message, folder, connection_count, chosen)
    return {"rate": float(found["Samples per second"])}


def main(port, path, folder):
    message = pathlib.Path(path).read_bytes()
    folder = pathlib.Path(folder)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        order, *numbers = line.split()
        begin = time.process_time()
        if order == "single":
            found = single(port, message, folder, *map(float, numbers))
        else:
            found = offline(
                port, message, folder, int(numbers[0]), float(numbers[1]), float(numbers[2]))
        found["cpu_s"] = time.process_time() - begin
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
