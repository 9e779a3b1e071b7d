"""V2 JSON infer of an identity model: what the front and the codec cost a small request."""

from .. import messages, peers, processes
from ..figure import Bound, Figure, median, spread
from ..workshop import timed

ONNX = "identity-FP32"
CONFIG = """
backend: "identity"
max_batch_size: 64
input { name: "INPUT0" data_type: TYPE_FP32 dims: -1 }
output { name: "OUTPUT0" data_type: TYPE_FP32 dims: -1 }
"""


def repository(shop):
    """A Triton repository with one model of the identity backend, as Triton is measured with."""
    folder = shop.folder / "identity"
    (folder / "1").mkdir(parents=True, exist_ok=True)
    (folder / "config.pbtxt").write_text(CONFIG)
    return folder


def measure(shop):
    figure = Figure(
        "small-json", "Small V2 JSON requests, one server core, 16 connections",
        method="24 floats in, the same 24 out, by the identity backend and by an ONNX graph of one Identity "
        "node in ONNX Runtime. The server has one core with all its threads, wrk the "
        "other; nginx gives a fixed JSON of the same size and parses nothing, FastAPI reads and "
        "writes the numbers with orjson. Medians of rounds in alternating order; CPU is the "
        "server's processor time by request, in and out of the kernel.",
        columns=["server", "req/s", "spread", "p50 us", "p99 us", "CPU us"])
    body = messages.small_json()
    body_file = shop.write("small.json", body)
    path, onnx_path = "/v2/models/identity/infer", f"/v2/models/{ONNX}/infer"
    with shop.serving(repository(shop), shop.fixture(f"{ONNX}.onnx")) as (apus, port):
        status, _, answer = processes.fetch(port, path, body, {"Content-Type": "application/json"})
        if status != 200:
            raise RuntimeError(f"{status}: {answer[:300]!r}")
        with peers.nginx(shop, answer) as (nginx, nginx_port), peers.fastapi(shop) as (
            fastapi, fastapi_port,
        ):
            servers = {
                "Apus": (apus, f"http://127.0.0.1:{port}{path}"),
                "Apus, ONNX Runtime": (apus, f"http://127.0.0.1:{port}{onnx_path}"),
                "nginx, static answer": (nginx, f"http://127.0.0.1:{nginx_port}{path}"),
                "FastAPI + orjson": (fastapi, f"http://127.0.0.1:{fastapi_port}/infer"),
            }
            for _, url in servers.values():
                shop.wrk(url, body_file, seconds=1)
            results = shop.alternate({
                name: lambda child=child, url=url: timed(child, lambda: shop.wrk(url, body_file))
                for name, (child, url) in servers.items()
            })
    rates = {name: rate_row(figure, name, found) for name, found in results.items()}
    figure.notes.append(f"Request {len(body)} bytes, answer {len(answer)} bytes of JSON.")
    figure.bounds = [
        Bound("small JSON requests a second: Apus / nginx", rates["Apus"] / rates["nginx, static answer"], 0.35, True),
        Bound("small JSON requests a second: Apus / FastAPI", rates["Apus"] / rates["FastAPI + orjson"], 3, True),
    ]
    figure.notes.append(
        "With the ONNX graph: Apus / nginx "
        f"{rates['Apus, ONNX Runtime'] / rates['nginx, static answer']:.3f}, Apus / FastAPI "
        f"{rates['Apus, ONNX Runtime'] / rates['FastAPI + orjson']:.2f}.")
    costs = {name: median([cost(one) for one in found]) for name, found in results.items()}
    figure.notes.append(
        "By processor time, which other load hardly moves: Apus / nginx "
        f"{costs['nginx, static answer'] / costs['Apus']:.2f}, Apus / FastAPI "
        f"{costs['FastAPI + orjson'] / costs['Apus']:.2f}.")
    return figure


def rate_row(figure, name, found):
    """Adds a server's row; gives its requests a second."""
    rates = [one["count"] / one["seconds"] for one in found]
    figure.add(
        name, median(rates), spread(rates), median([one["p50_us"] for one in found]),
        median([one["p99_us"] for one in found]),
        median([cost(one) for one in found]))
    return median(rates)


def cost(found):
    """Processor time of a request in us."""
    return found["server_cpu_s"] / max(1, found["count"]) * 1e6
