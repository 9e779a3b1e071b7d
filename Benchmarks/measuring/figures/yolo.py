"""YOLO11n over HTTP beside the same runtime called in a loop, and a photo's way stage by stage."""

import json
import time

from .. import messages, peers, processes
from ..figure import Bound, Figure, median, spread
from ..workshop import timed
from .binary import echo_message

ANSWER_BYTES = 4 * 84 * 8400
SHAPES = ["1x3x640x640", "1x84x8400"]


def measure(shop):
    model = shop.shared("yolo/yolo11n.onnx")
    figure = Figure(
        "yolo", "YOLO11n over HTTP beside the same runtime in a loop, one server core",
        method="Server and loop have the same core, one instance with one thread, and take turns; "
        "the client has the other core, so what it costs is nobody's loss. The loop is ONNX Runtime "
        "called from memory to memory with nothing between, in memory of its own; in Apus it computes "
        "in Apus's pool, on huge pages, and what that is worth the library row shows, which is "
        "`import Apus` in a loop. Over HTTP the tensor goes in as 4.9 MB binary and comes out as 2.8 MB. The socket echo is a "
        "blocking loop that takes and gives the same numbers of bytes and does nothing else.",
        columns=["what", "per s", "spread", "p50 ms", "p99 ms", "CPU ms"])
    tensor = messages.image_floats()
    pixels = shop.write("pixels.f32", tensor)
    flags = ["--instances", "1", "--runtime-threads", "1"]
    with (
        shop.serving(model, shop.fixture("identity-image.onnx"), flags=flags) as (apus, port),
        peers.loop(
            shop, "RuntimeLoop", shop.runtime_library(), model, pixels, *SHAPES) as runtime,
        peers.loop(shop, "LibraryLoop", model, pixels, SHAPES[0], "1") as library,
        peers.socket_echo(shop, ANSWER_BYTES) as (echo, echo_port),
    ):
        message = yolo_message(shop, port, tensor)
        identity = echo_message(shop, port)
        with (
            shop.client(port, message) as client,
            shop.client(echo_port, message) as echo_client,
            shop.client(port, identity) as identity_client,
        ):
            contestants = {
                "HTTP, concurrency 4": lambda: timed(apus, lambda: shop.load(client, 4)),
                "HTTP, concurrency 1": lambda: timed(apus, lambda: shop.load(client, 1)),
                "ONNX Runtime in a loop": lambda: own(runtime(1, shop.seconds)),
                "library in a loop": lambda: own(library(1, shop.seconds)),
                "socket echo, 4.9 in, 2.8 out": lambda: timed(
                    echo, lambda: shop.load(echo_client, 1, seconds=shop.seconds / 4)),
                "Apus identity, 4.9 in and out": lambda: timed(
                    apus, lambda: shop.load(identity_client, 1, seconds=shop.seconds / 4)),
            }
            shop.load(client, 1, count=5)
            runtime(1, 0.5)
            library(1, 0.5)
            results = shop.alternate(contestants)
    rows = {name: row(figure, name, found) for name, found in results.items()}
    judge(figure, rows, results)
    return figure


def own(found):
    found["server_cpu_s"] = found["cpu_s"]
    return found


def yolo_message(shop, port, tensor, model="yolo11n"):
    taken, given = shop.signature(port, model)
    body, head_length = messages.binary_body(
        tensor, taken["name"], messages.IMAGE_SHAPE, given["name"])
    return messages.message(
        f"/v2/models/{model}/infer", body, "application/octet-stream", head_length)


def row(figure, name, found):
    """Adds a row; gives its rate and its median latency in ms."""
    rates = [one["count"] / one["seconds"] for one in found]
    latency = median([one["p50_us"] / 1e3 for one in found])
    figure.add(
        name, median(rates), spread(rates), latency,
        median([one["p99_us"] / 1e3 for one in found]),
        median([one["server_cpu_s"] / max(1, one["count"]) * 1e3 for one in found]))
    return median(rates), latency


def judge(figure, rows, results):
    """Ratios within each round, then their median: what moves both contestants cancels."""

    def ratio(name):
        loops = results["ONNX Runtime in a loop"]
        pairs = zip(results[name], loops)
        return median([
            (one["count"] / one["seconds"]) / (loop["count"] / loop["seconds"])
            for one, loop in pairs
        ])

    latency = {name: milliseconds for name, (_, milliseconds) in rows.items()}
    added = latency["HTTP, concurrency 1"] - latency["ONNX Runtime in a loop"]
    echo = latency["socket echo, 4.9 in, 2.8 out"]
    figure.bounds = [
        Bound("YOLO11n throughput at concurrency 4 / loop", ratio("HTTP, concurrency 4"), 0.97, True),
        Bound("YOLO11n throughput at concurrency 1 / loop", ratio("HTTP, concurrency 1"), 0.95, True),
        Bound("YOLO11n latency added at concurrency 1, beyond the socket echo", added - echo, 0.3, False,
              "ms"),
    ]
    figure.notes.append(
        f"At concurrency 1 HTTP adds {added:.2f} ms to the loop's median; the socket echo of the "
        f"same bytes takes {echo:.2f} ms. The library reaches "
        f"{ratio('library in a loop'):.3f} of the loop.")


def measure_photo(shop):
    """One photo through /detect: medians of each stage that the server reports."""
    model = shop.shared("yolo/yolo11n.onnx")
    photo = shop.shared("images/bus.jpg").read_bytes()
    count = 10 if shop.is_quick else 50
    figure = Figure(
        "photo", "A photo through /detect, by stage",
        method=f"bus.jpg (810x1080) as the body, one connection, {count} requests after 5; medians "
        "of the answer's timings_ms. One instance, one thread.",
        columns=["stage", "median ms"])
    with shop.serving(model, flags=["--instances", "1"]) as (_, port):
        shop.quiet()
        answers, walls = [], []
        for turn in range(count + 5):
            begin = time.perf_counter()
            status, _, body = processes.fetch(
                port, "/v2/models/yolo11n/detect", photo, {"Content-Type": "image/jpeg"})
            wall = (time.perf_counter() - begin) * 1e3
            if status != 200:
                raise RuntimeError(f"detect: {status} {body[:300]!r}")
            if turn >= 5:
                answers.append(json.loads(body)["timings_ms"])
                walls.append(wall)
    for stage in answers[0]:
        figure.add(stage, f"{median([one[stage] for one in answers]):.3f}")
    figure.add("seen by the client, with connecting", f"{median(walls):.3f}")
    return figure
