"""What the thousandth small model costs beside the tenth: to load, to hold, to ask."""

import contextlib
import time

from .. import load, messages, processes
from ..figure import Bound, Figure, median, number, spread
from ..plot import Plot, Series
from ..workshop import timed_round

FEW = 10
# Loads over which a cost is taken.
SPAN = 100
IRIS = b'{"inputs": [{"name": "features", "shape": [1, 4], "datatype": "FP32", "data": [5, 3, 1, 0.2]}]}'
# The model that is asked; it is loaded in both servers.
ASKED = "small-0005"


def measure(shop):
    count = 200 if shop.is_quick else 1_000
    figure = Figure(
        "thousand-models", "The cost of many small models",
        method=f"{count:,} copies of iris (one file each) in one repository, loaded one after the "
        "other by request. Load times are medians of models 6 to 25 and of the last 20. Memory is the "
        f"growth of the resident set from model 5 on over {SPAN} models, and over the last {SPAN}. The "
        f"CPU of a load is that of {SPAN} models in a repository of {SPAN + FEW}, and of the last {SPAN} "
        f"of {count:,}. Requests ask `{ASKED}` from 8 connections at two servers that take "
        f"turns, one with {FEW} models and one with {count:,}, each on the server core; CPU is the "
        "server's by request.",
        columns=["what", f"with {FEW}", f"with {count:,}", "ratio"])
    folder = repository(shop, count)
    explicit = ["--model-control-mode", "explicit", "--load-model", "small-0001"]
    flags = [*explicit, "--instances", "1", "--runtime-threads", "1"]
    with (
        shop.serving(folder, flags=flags) as few, shop.serving(folder, flags=flags) as many,
    ):
        shop.quiet()
        alone = cost_in_small_repository(shop, flags)
        for index in range(2, FEW + 1):
            loaded(few[1], index)
        times, memory, last = filled(*many, count)
        results = asked(shop, few, many)
    load_times = around(times[5:25], times[-20:])
    sizes = [
        (end - begin) / SPAN * 1024
        for begin, end in [(memory[4], memory[4 + SPAN]), (memory[-1 - SPAN], memory[-1])]]
    figure.add("load, ms", *load_times, f"{load_times[1] / load_times[0]:.2f}")
    add(figure, "CPU of a load, ms", (alone, last), 1.25)
    add(figure, "memory a model, KiB", sizes, 1.1)
    costs = [median([cost(one) for one in results[name]]) for name in ("few", "many")]
    add(figure, "CPU of a request, us", costs, 1.1)
    rates = [median([one.answered_rate for one, _ in results[name]]) for name in ("few", "many")]
    figure.add("requests a second", *rates, f"{rates[1] / rates[0]:.2f}")
    p99s = [
        load.milliseconds([request for one, _ in results[name] for request in one.answered], 0.99)
        for name in ("few", "many")]
    figure.add("p99 of a request, ms", *p99s, f"{p99s[1] / p99s[0]:.2f}")
    figure.notes.append(
        f"Resident set with {count:,} models: {number(memory[-1])} MiB. All loads together took "
        f"{number(sum(times))} s. Spread of the requests a second: "
        f"{spread([one.answered_rate for one, _ in results['few']])} and "
        f"{spread([one.answered_rate for one, _ in results['many']])}; the generator used at most "
        f"{max(one.generator_share for both in results.values() for one, _ in both):.0%} of its core.")
    figure.plots = plots(times, memory)
    return figure


def add(figure, what, pair, limit):
    first, last = pair
    figure.add(what, first, last, f"{last / first:.2f}")
    figure.bounds.append(
        Bound(f"{what.split(',')[0]}, the last of many models / the tenth", last / first, limit, False))


def repository(shop, count):
    folder = shop.folder / f"models-{count}"
    content = (shop.root / "models/iris/iris.onnx").read_bytes()
    for index in range(1, count + 1):
        version = folder / name(index) / "1"
        version.mkdir(parents=True)
        (version / "model.onnx").write_bytes(content)
    return folder


def name(index):
    return f"small-{index:04}"


def loaded(port, index):
    """Loads a model; gives the seconds that it took."""
    begin = time.perf_counter()
    status, _, body = processes.fetch(
        port, f"/v2/repository/models/{name(index)}/load", body=b"{}")
    if status != 200:
        raise RuntimeError(body.decode(errors="replace"))
    return time.perf_counter() - begin


def filled(server, port, count):
    """Loads all models but the first, which is there.

    Gives seconds and MiB by model, and the processor milliseconds of one of the last.
    """
    times, memory, before = [], [server.resident_mib()], 0.0
    for index in range(2, count + 1):
        if index == count - SPAN + 1:
            before = server.processor_seconds()
        times.append(loaded(port, index))
        memory.append(server.resident_mib())
    return [times[0], *times], memory, (server.processor_seconds() - before) / SPAN * 1e3


def cost_in_small_repository(shop, flags):
    """Processor milliseconds of a load where there are not many others."""
    count = SPAN + FEW
    with shop.serving(repository(shop, count), flags=flags) as (server, port):
        return filled(server, port, count)[2]


def asked(shop, few, many):
    message = messages.message(f"/v2/models/{ASKED}/infer", IRIS, "application/json")
    with contextlib.ExitStack() as stack:
        contestants = {}
        for name, (server, port) in [("few", few), ("many", many)]:
            generator = stack.enter_context(load.generator(shop, port, message))
            generator.closed(8, 0.5)
            contestants[name] = lambda server=server, generator=generator: timed_round(
                server, lambda: generator.closed(8, min(shop.seconds, 2)))
        return shop.alternate(contestants)


def cost(found):
    """Processor time of a request in us."""
    one, seconds = found
    return seconds / max(1, len(one.answered)) * 1e6


def around(first, last):
    return median(first) * 1e3, median(last) * 1e3


def plots(times, memory):
    step = max(1, len(times) // 200)
    places = range(step, len(times) + 1, step)
    return [
        Plot("Load time by models loaded", "models loaded", "ms", [
            Series("load", [
                (place, median(times[place - step:place]) * 1e3) for place in places])], y_least=0),
        Plot("Resident set by models loaded", "models loaded", "MiB", [
            Series("resident set", [(place, memory[place - 1]) for place in places])], y_least=0),
    ]
