"""What the access log costs a small request."""

import contextlib

from .. import messages
from ..figure import Figure, median, spread
from ..workshop import timed
from .small_json import cost

MODEL = "identity-FP32"
CHOICES = ("off", "slow", "all")


def measure(shop):
    figure = Figure(
        "logs", "Access log and small V2 JSON requests",
        method="As the small requests above, with `--access-log` off, slow (the default) and all, "
        "JSON lines to a file.",
        columns=["access log", "req/s", "spread", "p99 us", "CPU us", "of off"])
    body_file = shop.write("small.json", messages.small_json())
    with contextlib.ExitStack() as servers:
        contestants = {}
        for choice in CHOICES:
            flags = ["--access-log", choice, "--log-file", shop.folder / f"access-{choice}.log"]
            child, port = servers.enter_context(
                shop.serving(shop.fixture(f"{MODEL}.onnx"), flags=flags))
            url = f"http://127.0.0.1:{port}/v2/models/{MODEL}/infer"
            shop.wrk(url, body_file, seconds=1)
            contestants[choice] = lambda child=child, url=url: timed(
                child, lambda: shop.wrk(url, body_file))
        results = shop.alternate(contestants)
    rates = {
        choice: [one["count"] / one["seconds"] for one in found]
        for choice, found in results.items()
    }
    for choice, found in results.items():
        figure.add(
            choice, median(rates[choice]), spread(rates[choice]),
            median([one["p99_us"] for one in found]),
            median([cost(one) for one in found]),
            f"{median(rates[choice]) / median(rates['off']):.2f}")
    return figure
