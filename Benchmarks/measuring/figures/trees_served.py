"""Trees over V2 JSON, beside the identity model, MLServer's XGBoost runtime and FastAPI with xgboost."""

import contextlib
import json

from .. import load, messages, peers, processes
from ..figure import Bound, Figure, median, spread
from ..workshop import timed_round
from .small_json import cost

NAME = "breast-cancer-binary"
CONNECTIONS = 16
CONFIG = """
backend: "identity"
max_batch_size: 64
input { name: "input" data_type: TYPE_FP32 dims: -1 }
output { name: "predict" data_type: TYPE_FP32 dims: -1 }
"""


def measure(shop):
    figure = Figure(
        "trees-served", "A row of 30 numbers to 100 trees over V2 JSON, one server core",
        method="XGBoost's breast-cancer model (100 rounds, depth 4) in Apus, in MLServer's XGBoost runtime and in "
        "FastAPI with xgboost and orjson, all asked with the same body; the identity backend gives the row "
        f"back. {CONNECTIONS} connections, each asking again as soon as it is answered; then, for p99, open "
        "rounds at 60 % of what the slower of a pair does. Each server has one core with all its threads, the generator the "
        "other. Medians of rounds in alternating order.",
        columns=["server", "req/s", "spread", "CPU us", "p50 ms", "p99 ms"])
    model = shop.shared(f"xgboost/{NAME}.json")
    row = [round(0.37 * place % 20, 3) for place in range(30)]
    body = json.dumps({"inputs": [
        {"name": "input", "shape": [1, 30], "datatype": "FP32", "data": row}]}).encode()
    with contextlib.ExitStack() as stack:
        apus, port = stack.enter_context(shop.serving(model, identity(shop)))
        mlserver, mlserver_port = stack.enter_context(peers.mlserver_xgboost(shop, NAME, model))
        fastapi, fastapi_port = stack.enter_context(peers.fastapi_xgboost(shop, model))
        path = f"/v2/models/{NAME}/infer"
        places = {
            "Apus": (apus, port, path), "Apus, identity": (apus, port, "/v2/models/identity-row/infer"),
            "MLServer + xgboost": (mlserver, mlserver_port, path),
            "FastAPI + xgboost": (fastapi, fastapi_port, path),
        }
        check(places, body)
        generators = {
            name: stack.enter_context(load.generator(
                shop, port, messages.message(path, body, "application/json")))
            for name, (_, port, path) in places.items()}
        results = shop.alternate({
            name: lambda name=name: closed(places[name][0], generators[name], shop.seconds)
            for name in places})
        rates = {name: median([one["count"] / one["seconds"] for one in found]) for name, found in results.items()}
        tails = latencies(shop, generators, rates)
    for name, found in results.items():
        each = [one["count"] / one["seconds"] for one in found]
        figure.add(
            name, median(each), spread(each), median([cost(one) for one in found]),
            median([load.milliseconds(one, 0.5) for one in found_requests(found)]),
            median([load.milliseconds(one, 0.99) for one in found_requests(found)]))
    add_bounds(figure, rates, tails)
    return figure


def identity(shop):
    folder = shop.folder / "identity-row"
    (folder / "1").mkdir(parents=True, exist_ok=True)
    (folder / "config.pbtxt").write_text(CONFIG)
    return folder


def check(places, body):
    """Refuses to compare servers that do not answer alike."""
    answers = {}
    for name, (_, port, path) in places.items():
        status, _, answer = processes.fetch(port, path, body, {"Content-Type": "application/json"})
        if status != 200:
            raise RuntimeError(f"{name}: {status} {answer[:300]!r}")
        answers[name] = json.loads(answer)["outputs"][0]["data"]
    for name, found in answers.items():
        if name != "Apus, identity" and abs(found[0] - answers["Apus"][0]) > 1e-6:
            raise RuntimeError(f"{name} answers {found}, Apus {answers['Apus']}")


def closed(child, generator, seconds):
    found, used = timed_round(child, lambda: generator.closed(CONNECTIONS, seconds, warm_up=0.3))
    if len(found.answered) != len(found.requests):
        raise RuntimeError("a request was refused")
    return {
        "count": found.answered_count, "seconds": found.seconds, "server_cpu_s": used,
        "requests": found.answered}


def found_requests(found):
    return [one["requests"] for one in found]


def latencies(shop, generators, rates):
    """p99 in ms of each pair at the same load: what both can do."""
    tails = {}
    for peer in ("MLServer + xgboost", "FastAPI + xgboost"):
        rate = 0.6 * rates[peer]
        pair = shop.take_turns({
            name: lambda name=name: generators[name].open(rate, shop.seconds, warm_up=0.3)
            for name in ("Apus", peer)}, rounds=3)
        tails[peer] = {
            name: median([load.milliseconds(one.answered, 0.99) for one in found])
            for name, found in pair.items()}
        tails[peer]["rate"] = rate
    return tails


def add_bounds(figure, rates, tails):
    figure.bounds = [
        Bound("trees, requests a second: Apus / its identity model", rates["Apus"] / rates["Apus, identity"], 0.8, True),
        Bound("trees, requests a second: Apus / MLServer", rates["Apus"] / rates["MLServer + xgboost"], 20, True),
        Bound("trees, requests a second: Apus / FastAPI + xgboost", rates["Apus"] / rates["FastAPI + xgboost"], 5, True),
    ]
    for peer, tail in tails.items():
        figure.bounds.append(
            Bound(f"trees, p99 at the same load: Apus / {peer}", tail["Apus"] / tail[peer], 1, False))
        figure.notes.append(
            f"At {tail['rate']:.0f} requests a second p99 is {tail['Apus']:.2f} ms with Apus and "
            f"{tail[peer]:.2f} ms with {peer}.")
