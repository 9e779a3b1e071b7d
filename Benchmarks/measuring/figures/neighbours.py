"""What a light model feels of another that is flooded, and what that costs the other."""

import json
import shutil
import time

from ..figure import Bound, Figure, median
from . import fairness

LIGHT, HEAVY = "light", "heavy"
# Turns of a 256x256 matrix product: the heavy model's run is six times the light one's.
LIGHT_TURNS = 4


def measure(shop):
    figure = Figure(
        "neighbours", "A light model beside a flooded one",
        method="Two models, two instances each, on all cores: more instances than cores. The light "
        f"one is asked now and then; the heavy one, whose run is six times as long, has "
        f"{fairness.FLOOD_CONNECTIONS} requests in the house all the time. The kernel shares the "
        "cores among the model threads. The share of the cores that the light model's own runs take "
        "is counted as kept.",
        columns=["light model", "requests", "p50 ms", "p99 ms", "flood req/s"])
    flags = ["--instances", "2", "--runtime-threads", "1"]
    models = [copy(shop, name) for name in (LIGHT, HEAVY)]
    light, heavy = fairness.request(LIGHT_TURNS), fairness.request()
    with shop.serving(*models, flags=flags, core=None) as (_, port):
        with shop.client(port, fairness.message(port, heavy, HEAVY)) as flood:
            fairness.ask(port, light, 20, model=LIGHT)
            shop.quiet()
            rounds = [round_of(shop, port, light, flood) for _ in range(shop.rounds)]
    alone = [one for round in rounds for one in round["alone"]]
    beside = [one for round in rounds for one in round["beside"]]
    unshared = median([one["unshared"] for one in rounds])
    shared = median([one["shared"] for one in rounds])
    figure.add("not asked", 0, "", "", unshared)
    figure.add("alone", len(alone), *fairness.in_milliseconds(alone), "0")
    figure.add("beside the flood", len(beside), *fairness.in_milliseconds(beside), shared)
    ratio = fairness.rank(beside, 0.99) / fairness.rank(alone, 0.99)
    figure.bounds.append(Bound("p99 beside the flood / alone", ratio, 2, False))
    figure.bounds.append(Bound("flood beside the light model / without it", shared / unshared, 0.9, True))
    return figure


def copy(shop, name):
    return shutil.copy(shop.fixture(f"{fairness.MODEL}.onnx"), shop.folder / f"{name}.onnx")


def round_of(shop, port, body, flood):
    count = 40 if shop.is_quick else 150
    alone = fairness.ask(port, body, count, model=LIGHT)
    unshared = shop.load(flood, fairness.FLOOD_CONNECTIONS, seconds=count * 0.02)
    # As long as the light model's requests take, which cannot be known before: what is left over
    # is flood without it, so the light model is asked until the flood ends.
    flood.process.stdin.write(f"{fairness.FLOOD_CONNECTIONS} {count * 0.04}\n")
    flood.process.stdin.flush()
    time.sleep(0.2)
    beside = []
    end = time.perf_counter() + count * 0.04 - 0.2
    while time.perf_counter() < end:
        beside += fairness.ask(port, body, 10, model=LIGHT)
    found = json.loads(flood.line())
    return {
        "alone": alone, "beside": beside, "unshared": unshared["count"] / unshared["seconds"],
        "shared": found["count"] / found["seconds"]}
