"""1x3x640x640 floats over gRPC, over HTTP and through shared memory: MB/s of each way."""

import contextlib
import json

from .. import messages, processes
from ..figure import Figure, median, spread
from ..plot import Bars
from ..processes import Child
from ..workshop import ROOT, timed
from .grpc import h2load
from .small_json import repository

SHAPE = [1, 3 * 640 * 640]
KINDS = {
    "tritonclient, HTTP binary": "http", "tritonclient, gRPC": "grpc",
    "tritonclient, HTTP and shared memory": "http-memory",
    "tritonclient, gRPC and shared memory": "grpc-memory",
}


@contextlib.contextmanager
def tritonclient(shop, kind, address):
    """The official client with the tensor prepared, on the client's core; gives what runs a round."""
    command = [
        shop.python_of_clients(), "-B", ROOT / "Benchmarks/peers/tensor_client.py", kind, address,
        "identity"]
    with Child(command, core=shop.cores.client, pipes=True) as child:
        child.line()
        yield lambda seconds: json.loads(child.ask(str(seconds)))


def measure(shop):
    figure = Figure(
        "tensor-paths", "1x3x640x640 floats by each way, identity",
        method="4.9 MB in and the same 4.9 MB out, by the identity backend, one request at a time; server and "
        "client have a core each. MB/s counts the tensor once. tritonclient is used as its examples "
        "show: an array goes in and an array comes out, which with shared memory means that the array is "
        "copied into the region. The plain clients send recorded bytes and look at nothing but the "
        "status. Medians of 3 rounds in alternating order.",
        columns=["way", "echoes/s", "MB/s", "spread", "server CPU ms"])
    seconds = min(shop.seconds, 2)
    tensor = messages.image_floats()
    body, head_length = messages.binary_body(tensor, "INPUT0", SHAPE, "OUTPUT0")
    message = messages.message(
        "/v2/models/identity/infer", body, "application/octet-stream", head_length)
    frame = shop.write("image.grpc", messages.grpc(SHAPE, tensor))
    grpc_port = processes.free_port()
    with contextlib.ExitStack() as stack:
        apus, port = stack.enter_context(shop.serving(
            repository(shop), grpc_port=grpc_port, flags=["--allow-client-shm"]))
        plain = stack.enter_context(shop.client(port, message))
        contestants = {
            "plain sockets, HTTP binary": lambda: shop.load(plain, 1, seconds),
            "h2load, gRPC": lambda: h2load(
                shop, grpc_port, frame, 1, 1, seconds, answer_bytes=len(tensor)),
        }
        for name, kind in KINDS.items():
            address = f"127.0.0.1:{port if kind.startswith('http') else grpc_port}"
            contestants[name] = lambda ask=stack.enter_context(
                tritonclient(shop, kind, address)): ask(seconds)
        results = shop.alternate({
            name: lambda round_of=round_of: timed(apus, round_of)
            for name, round_of in contestants.items()
        }, rounds=3)
    speeds = {}
    for name, found in results.items():
        rates = [one["count"] / one["seconds"] for one in found]
        speeds[name] = median(rates) * messages.IMAGE_BYTES / 1e6
        figure.add(
            name, median(rates), speeds[name], spread(rates),
            median([one["server_cpu_s"] / max(1, one["count"]) * 1e3 for one in found]))
    figure.plots = [Bars("MB/s of a 4.9 MB tensor by its way", "MB/s", list(speeds.items()))]
    return figure
