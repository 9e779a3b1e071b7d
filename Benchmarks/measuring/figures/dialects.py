"""The same flower asked of the same model in each dialect: what a dialect costs."""

import dataclasses
import json
import struct

from .. import load, messages, processes
from ..figure import Figure, median, spread
from ..plot import Bars
from ..workshop import ROOT, timed, timed_round
from .grpc import h2load
from .small_json import cost

FLOWER = [5.1, 3.5, 1.4, 0.2]
COLUMNS = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
CONNECTIONS = 16


@dataclasses.dataclass
class Dialect:
    """How one dialect asks, and where."""

    name: str
    path: str
    body: bytes
    content_type: str = "application/json"
    head_length: int | None = None

    def message(self):
        return messages.message(self.path, self.body, self.content_type, self.head_length)


def tensor(**more):
    return {"name": "features", "shape": [1, 4], "datatype": "FP32", **more}


def dialects():
    def document(value):
        return json.dumps(value).encode()

    header = document({
        "inputs": [tensor(parameters={"binary_data_size": 16})],
        "parameters": {"binary_data_output": True}})
    table = ",".join(COLUMNS) + "\n" + ",".join(map(str, FLOWER)) + "\n"
    predict = "/v1/models/iris:predict"
    return [
        Dialect("V2 JSON", "/v2/models/iris/infer", document({"inputs": [tensor(data=FLOWER)]})),
        Dialect(
            "V2 binary", "/v2/models/iris/infer", header + struct.pack("<4f", *FLOWER),
            "application/octet-stream", len(header)),
        Dialect("KServe V1", predict, document({"instances": [FLOWER]})),
        Dialect(
            "TF Serving, rows", predict,
            document({"signature_name": "serving_default", "instances": [{"features": FLOWER}]})),
        Dialect("TF Serving, columns", predict, document({"inputs": {"features": [FLOWER]}})),
        Dialect("TorchServe", "/predictions/iris", document([FLOWER])),
        Dialect(
            "MLflow, split", "/invocations",
            document({"dataframe_split": {"columns": COLUMNS, "data": [FLOWER]}})),
        Dialect(
            "MLflow, records", "/invocations",
            document({"dataframe_records": [dict(zip(COLUMNS, FLOWER))]})),
        Dialect("MLflow, CSV", "/invocations", table.encode(), "text/csv"),
        Dialect(
            "SageMaker, CSV", "/models/iris/invoke", (",".join(map(str, FLOWER)) + "\n").encode(),
            "text/csv"),
        Dialect("/predict", "/predict", document({"features": [FLOWER]})),
    ]


def closed(child, generator, seconds):
    """One round with every connection busy, as other rounds are told."""
    found, used = timed_round(child, lambda: generator.closed(CONNECTIONS, seconds))
    if found.is_limited_by_generator:
        raise RuntimeError("the generator was busier than what it measured")
    if len(found.answered) != len(found.requests):
        raise RuntimeError("a request was refused")
    return {"count": found.answered_count, "seconds": found.seconds, "server_cpu_s": used}


def measure(shop):
    figure = Figure(
        "dialects", "One flower in each dialect, one server core",
        method=f"The demo model iris (a forest of trees in ONNX Runtime, run on the event loop), one row of four "
        f"floats, label and probabilities back, over {CONNECTIONS} connections; gRPC by h2load with "
        f"{CONNECTIONS} streams on one connection. The server has one core with all its threads, the "
        "generator the other. Request and answer are the bodies in bytes. Medians of 3 rounds in "
        "alternating order; CPU is the server's processor time by request.",
        columns=["dialect", "req/s", "spread", "CPU us", "to V2 JSON", "request", "answer"])
    seconds = min(shop.seconds, 2)
    model = ROOT / "models/iris"
    flags = ["--default-model", "iris"]
    grpc_port = processes.free_port()
    with shop.serving(model, flags=flags, grpc_port=grpc_port) as (apus, port):
        sizes, contestants = {}, {}
        for dialect in dialects():
            sizes[dialect.name] = (len(dialect.body), answer_bytes(port, dialect))
            generator = shop.enter_context(load.generator(shop, port, dialect.message()))
            contestants[dialect.name] = lambda g=generator: closed(apus, g, seconds)
        body = shop.write("iris.grpc", messages.grpc(
            [1, 4], struct.pack("<4f", *FLOWER), model="iris", name="features"))
        sizes["gRPC"] = (body.stat().st_size, None)
        contestants["gRPC"] = lambda: timed(
            apus, lambda: h2load(
                shop, grpc_port, body, 1, CONNECTIONS, seconds, answer_bytes=16))
        results = shop.alternate(contestants, rounds=3)
    add_rows(figure, results, sizes)
    return figure


def answer_bytes(port, dialect):
    """The size of a right answer; refuses to measure any other."""
    headers = {"Content-Type": dialect.content_type}
    if dialect.head_length is not None:
        headers["Inference-Header-Content-Length"] = str(dialect.head_length)
    status, _, answer = processes.fetch(port, dialect.path, dialect.body, headers)
    if status != 200:
        raise RuntimeError(f"{dialect.name}: {status} {answer[:200]!r}")
    return len(answer)


def add_rows(figure, results, sizes):
    costs = {name: median([cost(one) for one in found]) for name, found in results.items()}
    rates = {name: [one["count"] / one["seconds"] for one in found] for name, found in results.items()}
    order = sorted(costs, key=costs.get)
    for name in order:
        figure.add(
            name, median(rates[name]), spread(rates[name]), costs[name],
            costs[name] / costs["V2 JSON"], *sizes[name])
    figure.plots = [
        Bars("Requests a second by dialect", "requests a second, one server core",
             [(name, median(rates[name])) for name in order]),
        Bars("Processor time of a request by dialect", "us of processor time",
             [(name, costs[name]) for name in order]),
    ]
