"""Binary V2 infer of a whole image tensor, identity: what moving 4.9 MB in and out costs."""

from .. import counting, messages, peers
from ..figure import Bound, Figure, median, spread
from ..workshop import timed

MODEL = "identity-image"


def echo_message(shop, port):
    """The binary request for the image identity model, as its server describes it."""
    taken, given = shop.signature(port, MODEL)
    body, head_length = messages.binary_body(
        messages.image_floats(), taken["name"], messages.IMAGE_SHAPE, given["name"])
    path = f"/v2/models/{MODEL}/infer"
    return messages.message(path, body, "application/octet-stream", head_length)


def measure(shop):
    figure = Figure(
        "binary", "Binary V2 infer of 1x3x640x640 floats, identity",
        method="4.9 MB in and the same 4.9 MB out, one connection, server and client on a core each. "
        "MB/s counts the tensor once. FastAPI takes the body whole, parses the head and sends the "
        "tensor back. Copies are bytes that pass memcpy or memmove in the server by bytes of the "
        "tensor, counted by a preloaded library; what ONNX Runtime copies inside itself (its "
        "Identity node is a copy) stands apart.",
        columns=["server", "echoes/s", "MB/s", "spread", "p50 ms", "p99 ms", "CPU ms"])
    with shop.serving(shop.fixture(f"{MODEL}.onnx")) as (apus, port):
        message = echo_message(shop, port)
        with peers.fastapi(shop) as (fastapi, fastapi_port):
            to_fastapi = message.replace(f"/v2/models/{MODEL}/infer".encode(), b"/echo", 1)
            with shop.client(port, message) as ours, shop.client(fastapi_port, to_fastapi) as theirs:
                servers = {"Apus": (apus, ours), "FastAPI": (fastapi, theirs)}
                for _, client in servers.values():
                    shop.load(client, 1, count=20)
                results = shop.alternate({
                    name: lambda child=child, client=client: timed(
                        child, lambda: shop.load(client, 1))
                    for name, (child, client) in servers.items()
                })
    rates = {name: echo_row(figure, name, found) for name, found in results.items()}
    figure.notes.append(f"Apus / FastAPI: {rates['Apus'] / rates['FastAPI']:.2f}.")
    copies = counting.copies_per_tensor(shop)
    figure.notes.append(
        f"Copies of the tensor in the server: {copies['server']:.2f}; inside ONNX Runtime: "
        f"{copies['runtime']:.2f}.")
    figure.bounds.append(Bound("copies of a binary tensor outside the model", copies["server"], 1.05, False))
    return figure


def echo_row(figure, name, found):
    """Adds a server's row; gives its echoes a second."""
    rates = [one["count"] / one["seconds"] for one in found]
    figure.add(
        name, median(rates), median(rates) * messages.IMAGE_BYTES / 1e6, spread(rates),
        median([one["p50_us"] / 1e3 for one in found]),
        median([one["p99_us"] / 1e3 for one in found]),
        median([one["server_cpu_s"] / max(1, one["count"]) * 1e3 for one in found]))
    return median(rates)
