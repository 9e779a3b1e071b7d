"""What a call of a worker process costs, and Python models served beside their peers."""

import json
import subprocess

from .. import messages, peers
from ..figure import Bound, Figure, median
from ..workshop import Skip, timed
from .small_json import rate_row

MODEL = '''
import numpy as np


class Model:
    inputs = [{"name": "x", "datatype": "FP32", "shape": [-1, -1]}]
    outputs = [{"name": "y", "datatype": "FP32", "shape": [-1, -1]}]

    def predict(self, x: np.ndarray) -> np.ndarray:
        return x
'''


def measure(shop):
    figure = Figure(
        "workers", "Models in Python: what a call costs, and beside Python's servers",
        method="A model that gives back its input. A call: without a server, from the start of a run to its "
        "completion, both cores. Requests: 24 floats of V2 JSON, 16 connections; Apus with one worker "
        "process, MLServer with one of its parallel workers, FastAPI computing in its own process; each "
        "server has one core with all its processes, the client the other.",
        columns=["server", "req/s", "spread", "p50 us", "p99 us", "CPU us"])
    model = shop.folder / "echo/model.py"
    model.parent.mkdir()
    model.write_text(MODEL)
    add_calls(shop, figure, model)
    add_servers(shop, figure, model)
    return figure


def add_calls(shop, figure, model):
    program = shop.built_here("WorkerBench")
    package = shop.root / "Sources/Runtimes/Python/Worker"
    seconds = 0.5 if shop.is_quick else 2
    rounds = []
    shop.quiet()
    for _ in range(1 if shop.is_quick else 3):
        done = subprocess.run(
            [program, package, model, shop.python_of_peers(), str(seconds)],
            capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise RuntimeError(f"WorkerBench: {done.stdout[-300:]} {done.stderr[-300:]}")
        rounds.append(json.loads(done.stdout.splitlines()[-1]))
    found = {key: median([one[key] for one in rounds]) for key in rounds[0]}
    figure.bounds += [
        Bound("a call, one at a time, p50", found["one"], 150, False, "us"),
        Bound("a call, four in flight, time by call", found["four"], 60, False, "us"),
        Bound("a call with 4.9 MB in and out, p50", found["image"], 1_000, False, "us"),
    ]
    figure.notes.append(
        f"Calls: one at a time p99 {found['one_p99']:.0f} us; 2 ms after the last, when both sides sleep, p50 "
        f"{found['paused']:.0f} us; eight in flight {found['eight']:.0f} us by call.")


def add_servers(shop, figure, model):
    body = json.loads(messages.small_json("x"))
    body_file = shop.write("workers.json", json.dumps(body).encode())
    settings = f"runtime: python\nfile: model.py\ninstances: 1\npython:\n  interpreter: {shop.python_of_peers()}\n"
    (model.parent / "model.yaml").write_text(settings)
    path = "/v2/models/echo/infer"
    with shop.serving(model.parent) as (apus, port), peers.fastapi(shop) as (fastapi, fastapi_port):
        servers = {
            "Apus": (apus, f"http://127.0.0.1:{port}{path}"),
            "FastAPI + orjson": (fastapi, f"http://127.0.0.1:{fastapi_port}/infer"),
        }
        try:
            found = compare(shop, body_file, servers, path)
        except Skip as reason:
            figure.notes.append(f"MLServer was not measured: {reason}.")
            found = shop.alternate(contestants(shop, body_file, servers))
    rates = {name: rate_row(figure, name, rounds) for name, rounds in found.items()}
    for peer in rates:
        if peer != "Apus":
            figure.notes.append(f"Requests a second: Apus / {peer} {rates['Apus'] / rates[peer]:.2f}.")


def compare(shop, body_file, servers, path):
    with peers.mlserver(shop) as (child, port):
        return shop.alternate(contestants(
            shop, body_file, {**servers, "MLServer": (child, f"http://127.0.0.1:{port}{path}")}))


def contestants(shop, body_file, servers):
    for _, url in servers.values():
        shop.wrk(url, body_file, seconds=1)
    return {
        name: lambda child=child, url=url: timed(child, lambda: shop.wrk(url, body_file))
        for name, (child, url) in servers.items()
    }
