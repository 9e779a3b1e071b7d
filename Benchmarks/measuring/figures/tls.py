"""HTTP within TLS beside plain HTTP, small and large."""

import contextlib
import subprocess

from .. import messages
from ..figure import Figure, median, spread
from ..workshop import timed
from .small_json import cost, repository

PATH = "/v2/models/identity/infer"


def certificate(shop):
    """Flags with a certificate that is made for this run."""
    key, pem = shop.folder / "tls.key", shop.folder / "tls.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", key, "-out", pem, "-days", "2", "-subj", "/CN=localhost"],
        check=True, capture_output=True)
    return ["--tls-certificate", pem, "--tls-key", key]


def measure(shop):
    figure = Figure(
        "tls", "HTTP within TLS and without, one server core",
        method="Two servers of the same program take turns on one core, one with a P-256 certificate. Small is the "
        "V2 JSON of the small requests over 16 kept connections by wrk; large is 4.9 MB of floats in and "
        "out in binary over one kept connection, by a client in Python, whose own TLS is part of what "
        "limits it: look at the server's processor time. Medians of 3 rounds in alternating order.",
        columns=["what", "req/s", "MB/s", "spread", "server CPU us", "to plain"])
    seconds = min(shop.seconds, 2)
    small = shop.write("small.json", messages.small_json())
    shape = [1, 3 * 640 * 640]
    body, head_length = messages.binary_body(messages.image_floats(), "INPUT0", shape, "OUTPUT0")
    large = messages.message(PATH, body, "application/octet-stream", head_length)
    with contextlib.ExitStack() as stack:
        contestants = {}
        for is_tls in (False, True):
            flags = certificate(shop) if is_tls else []
            apus, port = stack.enter_context(
                shop.serving(repository(shop), flags=flags, is_tls=is_tls))
            client = stack.enter_context(shop.client(port, large, is_tls=is_tls))
            name = "TLS" if is_tls else "plain"
            url = f"http{'s' if is_tls else ''}://127.0.0.1:{port}{PATH}"
            contestants[f"small, {name}"] = lambda a=apus, u=url: timed(
                a, lambda: shop.wrk(u, small, seconds))
            contestants[f"large, {name}"] = lambda a=apus, c=client: timed(
                a, lambda: shop.load(c, 1, seconds))
        results = shop.alternate(contestants, rounds=3)
    costs = {name: median([cost(one) for one in found]) for name, found in results.items()}
    for name in sorted(results, reverse=True):
        rates = [one["count"] / one["seconds"] for one in results[name]]
        plain = name.split(",")[0] + ", plain"
        figure.add(
            name, median(rates),
            median(rates) * messages.IMAGE_BYTES / 1e6 if name.startswith("large") else "",
            spread(rates), costs[name], costs[name] / costs[plain])
    return figure
