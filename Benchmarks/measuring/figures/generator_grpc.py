"""How fast `apus bench` asks over gRPC, beside h2load: the same server, the same calls."""

import json
import os
import resource
import subprocess

from .. import messages, processes
from ..figure import Bound, Figure, median, spread
from .grpc import h2load
from .small_json import repository

# Connections, and calls at a time over all of them.
LOADS = {"1 x 16 streams": (1, 16), "4 x 4 streams": (4, 16)}


def bench(shop, port, connections, calls):
    """One round of `apus bench` on the client's core."""
    command = [
        shop.apus, "bench", f"grpc://127.0.0.1:{port}/identity", "--scenario", "closed-loop",
        "--concurrency", calls, "--connections", connections, "--shape", "INPUT0=1,24",
        "--duration", f"{max(1, round(shop.seconds))}s", "--json", "-",
    ]
    client = shop.cores.client
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=300,
        preexec_fn=lambda: os.sched_setaffinity(0, {client}))
    if done.returncode:
        raise RuntimeError(f"apus bench: {done.stdout[-300:]} {done.stderr[-300:]}")
    found = json.loads(done.stdout)
    if found["errors"]["by_kind"]:
        raise RuntimeError(f"apus bench: {found['errors']['by_kind']}")
    return {
        "count": found["run"]["queries"], "seconds": found["run"]["seconds"],
        "mean_us": found["latency_ms"]["mean"] * 1e3,
    }


def costed(round_of):
    """A round, with the processor time that the generator itself used."""
    def used():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = used()
    found = round_of()
    found["own_us"] = (used() - before) / max(1, found["count"]) * 1e6
    return found


def measure(shop):
    figure = Figure(
        "generator-grpc", "Load over gRPC: apus bench beside h2load",
        method="Both ask Apus's identity backend with 24 floats over gRPC, 16 calls at a time, each "
        "generator with one thread on the client's core, the server on the other. `apus bench` looks at "
        "every answer's frames and at gRPC's status, and takes each call's time; h2load looks at the status "
        "of HTTP. CPU is the generator's own processor time for a call, starting included. Medians of rounds "
        "in alternating order.",
        columns=["generator", "calls/s", "spread", "mean us", "CPU us"])
    body = shop.write("small.grpc", messages.grpc([1, 24], bytes(96)))
    port = processes.free_port()
    with shop.serving(repository(shop), grpc_port=port):
        rounds = {}
        for name, (connections, calls) in LOADS.items():
            rounds[f"h2load, {name}"] = lambda n=connections, c=calls: costed(
                lambda: h2load(shop, port, body, n, c // n, answer_bytes=96))
            rounds[f"apus bench, {name}"] = lambda n=connections, c=calls: costed(
                lambda: bench(shop, port, n, c))
        results = shop.alternate(rounds)
    rates, costs = {}, {}
    for label, found in results.items():
        each = [one["count"] / one["seconds"] for one in found]
        rates[label], costs[label] = median(each), median([one["own_us"] for one in found])
        figure.add(
            label, rates[label], spread(each), median([one["mean_us"] for one in found]), costs[label])
    for name in LOADS:
        ours, theirs = f"apus bench, {name}", f"h2load, {name}"
        figure.bounds.append(
            Bound(f"gRPC calls a second, {name}: apus bench / h2load", rates[ours] / rates[theirs], 0.5, True))
        figure.notes.append(
            f"By the generator's own processor time, {name}: {costs[theirs] / costs[ours]:.2f} of h2load's "
            "speed.")
    return figure
