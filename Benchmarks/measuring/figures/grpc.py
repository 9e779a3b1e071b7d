"""gRPC ModelInfer of an identity model: what the front and the codec cost, small and large."""

import os
import re
import subprocess

from .. import messages, peers, processes
from ..figure import Bound, Figure, median, spread
from ..workshop import timed
from .small_json import cost, repository

PATH = "/inference.GRPCInferenceService/ModelInfer"
# Streams of each connection, by how many connections.
SMALL = {1: 16, 4: 4}


def h2load(shop, port, body, connections, streams, seconds=None, answer_bytes=1, count=None):
    """One round of h2load with one thread on the client's core: so many seconds, or so many requests.

    To h2load a refusal is a success, too: its status is 200, and its trailers are not looked at. It has
    no message, so answers that are too short for one with `answer_bytes` tell.
    """
    extent = ["-n", str(count)] if count else ["-D", str(max(1, round(seconds or shop.seconds)))]
    command = [
        "h2load", "-t1", f"-c{connections}", f"-m{streams}", "-w24", "-W24",
        *extent, "-d", str(body), "-H", "content-type: application/grpc",
        "-H", "te: trailers", f"http://127.0.0.1:{port}{PATH}",
    ]
    client = shop.cores.client
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300,
        preexec_fn=lambda: os.sched_setaffinity(0, {client}))
    finished = re.search(r"finished in ([\d.]+)(m?s)", done.stdout)
    answered = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored", done.stdout)
    mean = re.search(r"time for request:\s+\S+\s+\S+\s+([\d.]+)(us|ms|s)", done.stdout)
    taken = re.search(r"\((\d+)\) data", done.stdout)
    if not (finished and answered and mean and taken) or int(answered[2]) or int(answered[3]):
        raise RuntimeError(f"h2load: {done.stdout[-300:]} {done.stderr[-300:]}")
    if int(taken[1]) < int(answered[1]) * answer_bytes:
        raise RuntimeError(f"h2load: calls to port {port} were refused")
    unit = {"us": 1, "ms": 1e3, "s": 1e6}
    return {
        "count": int(answered[1]), "seconds": float(finished[1]) * (1e-3 if finished[2] == "ms" else 1),
        "mean_us": float(mean[1]) * unit[mean[2]],
    }


def measure(shop):
    figure = Figure(
        "grpc", "gRPC ModelInfer, one server core",
        method="24 floats raw in, the same out, by the identity backend; 4.9 MB the same way. The server "
        "has one core with all its threads, h2load the other, with a recorded message and windows "
        "of 16 MiB. grpcio is Python's sync server with 4 threads that reads and writes the same "
        "messages with protobuf. Medians of rounds in alternating order. h2load reads nothing of an "
        "answer but its status.",
        columns=["server", "req/s", "spread", "mean us", "CPU us"])
    small = shop.write("small.grpc", messages.grpc([1, 24], bytes(96)))
    tensor = messages.image_floats()
    image = shop.write("image.grpc", messages.grpc([1, len(tensor) // 4], tensor))
    port = processes.free_port()
    with shop.serving(repository(shop), grpc_port=port) as (apus, _), peers.grpcio(shop) as (
        grpcio, grpcio_port,
    ):
        servers = {"Apus": (apus, port), "Python grpcio": (grpcio, grpcio_port)}
        rounds = {}
        for name, (child, at) in servers.items():
            for connections, streams in SMALL.items():
                label = f"{name}, {connections} x {streams} streams"
                rounds[label] = lambda c=child, p=at, n=connections, m=streams: timed(
                    c, lambda: h2load(shop, p, small, n, m, answer_bytes=96))
            rounds[f"{name}, 4.9 MB"] = lambda c=child, p=at: timed(
                c, lambda: h2load(shop, p, image, 1, 1, answer_bytes=len(tensor)))
        results = shop.alternate(rounds)
    rates, costs = {}, {}
    for label, found in results.items():
        each = [one["count"] / one["seconds"] for one in found]
        rates[label], costs[label] = median(each), median([cost(one) for one in found])
        figure.add(label, rates[label], spread(each), median([one["mean_us"] for one in found]), costs[label])
    one, four = ("Apus, 1 x 16 streams", "Python grpcio, 1 x 16 streams"), (
        "Apus, 4 x 4 streams", "Python grpcio, 4 x 4 streams")
    figure.bounds = [
        Bound("small ModelInfer a second, one connection: Apus / grpcio", rates[one[0]] / rates[one[1]], 3, True),
        Bound("small ModelInfer a second, four connections: Apus / grpcio", rates[four[0]] / rates[four[1]], 3, True),
    ]
    figure.notes.append(
        "By processor time, which other load hardly moves: "
        f"{costs[one[1]] / costs[one[0]]:.2f} on one connection, {costs[four[1]] / costs[four[0]]:.2f} on four.")
    return figure
