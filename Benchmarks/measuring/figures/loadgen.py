"""`apus bench` beside mlcommons-loadgen: whether both find the same of the same server."""

import contextlib
import json
import os
import random
import subprocess
import sys

from .. import messages
from ..figure import Bound, Figure, median, spread
from ..processes import Child
from ..workshop import ROOT, Skip

CONNECTIONS = 4


def measure(shop):
    check_generator()
    model = shop.shared("onnx-classifiers/mobilenetv2-12-qdq.onnx")
    shape = [1, 3, 224, 224]
    figure = Figure(
        "loadgen", "`apus bench` and MLPerf's load generator at the same server",
        method="One MobileNetV2 (1x3x224x224, 0.6 MB, V2 REST binary) in `apus serve`, one instance with one "
        "thread on the server's core; both generators have the other core, take turns, and ask over "
        "persistent connections. mlcommons-loadgen from PyPI calls a Python driver that does nothing but "
        "send one prepared message and read the answer; it costs about a tenth of a millisecond a query, "
        "which is why the model is one that computes for a hundred times as long. Single-stream is the 90th "
        f"percentile that each reports, offline {CONNECTIONS} samples at a time: the generator gives all "
        "samples in one query, of which the driver's connections take one after the other.",
        columns=["what", "apus bench", "spread", "loadgen", "spread", "ratio"])
    flags = ["--instances", "1", "--runtime-threads", "1"]
    with shop.serving(model, flags=flags) as (_, port):
        name = "mobilenetv2-12-qdq"
        message = messages_of(shop, port, name, shape)
        with driver(shop, port, message) as ask:
            # What a query takes tells the generator how many to prepare.
            first = bench(shop, port, name, "single-stream", 1.0)["latency_ms"]["p50"]
            rate = bench(shop, port, name, "offline", 1.0)["throughput"]["value"]
            seconds = min(shop.seconds, 3.0)
            results = shop.alternate({
                "bench single": lambda: bench(shop, port, name, "single-stream", seconds),
                "loadgen single": lambda: ask(f"single {seconds} {first}"),
                "bench offline": lambda: bench(shop, port, name, "offline", seconds),
                # It makes a tenth more samples than this rate needs.
                "loadgen offline": lambda: ask(f"offline {CONNECTIONS} {seconds} {rate / 1.1}"),
            })
    compare(
        figure, "single-stream p90, ms",
        [one["latency_ms"]["p90"] for one in results["bench single"]],
        [one["p90_ms"] for one in results["loadgen single"]])
    compare(
        figure, "offline samples a second",
        [one["throughput"]["value"] for one in results["bench offline"]],
        [one["rate"] for one in results["loadgen offline"]])
    return figure


def check_generator():
    try:
        import mlperf_loadgen  # noqa: F401
    except ImportError:
        raise Skip("mlcommons-loadgen is not installed: run scripts/bootstrap bench") from None


def messages_of(shop, port, name, shape):
    taken, given = shop.signature(port, name)
    count = shape[0] * shape[1] * shape[2] * shape[3]
    numbers = random.Random(3)
    tensor = messages.floats([numbers.random() for _ in range(count)])
    body, head_length = messages.binary_body(tensor, taken["name"], shape, given["name"])
    return messages.message(
        f"/v2/models/{name}/infer", body, "application/octet-stream", head_length)


@contextlib.contextmanager
def driver(shop, port, message):
    """The generator in a process of its own, on the client's core."""
    file = shop.write("loadgen.http", message)
    folder = shop.folder / "loadgen"
    folder.mkdir()
    command = [sys.executable, "-B", "-m", "measuring.loadgen_client", port, file, folder]
    with Child(
        command, core=shop.cores.client, pipes=True, folder=folder,
        environment={"PYTHONPATH": str(ROOT / "Benchmarks")},
    ) as child:
        child.line()
        yield lambda order: json.loads(child.ask(order))


def bench(shop, port, name, scenario, seconds):
    """One round of `apus bench`."""
    command = [
        shop.apus, "bench", f"http://127.0.0.1:{port}/v2/models/{name}", "--scenario", scenario,
        "--duration", f"{seconds}s", "--json", "-",
    ]
    if scenario == "offline":
        command += ["--concurrency", str(CONNECTIONS)]
    client = shop.cores.client
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=120,
        preexec_fn=lambda: os.sched_setaffinity(0, {client}))
    if done.returncode:
        raise RuntimeError(f"apus bench: {done.stderr[-300:]}")
    return json.loads(done.stdout)


def compare(figure, what, ours, theirs):
    """A row, and the bound on the median of the rounds' ratios."""
    ratio = median([one / other for one, other in zip(ours, theirs)])
    figure.add(what, median(ours), spread(ours), median(theirs), spread(theirs), f"{ratio:.3f}")
    figure.bounds.append(
        Bound(f"{what}: apus bench from loadgen, apart by", abs(ratio - 1) * 100, 5, False, "%"))
