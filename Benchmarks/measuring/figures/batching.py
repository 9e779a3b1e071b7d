"""Batching off, fixed and auto: what it brings a convolutional net, and a small dense one."""

import contextlib
import dataclasses
import json
import time

from .. import load, messages, onnx_file, processes
from ..figure import Bound, Figure, median, number, spread
from ..plot import Plot, Series

OFF, AUTO = "off", "auto"
SERVING = ["--instances", "1", "--runtime-threads", "1"]
ROWS_MAX = 64


@dataclasses.dataclass
class Model:
    """A model, a request of one row for it, and how long a round at each concurrency takes."""

    name: str
    file: object
    input: str
    shape: list
    output: str
    content: bytes
    # Connections: (seconds of warm-up, seconds measured).
    loads: dict
    # What auto is given at most to learn before the first round.
    learning_seconds_max: float

    def message(self):
        body, head_length = messages.binary_body(
            self.content, self.input, self.shape, self.output)
        return messages.message(
            f"/v2/models/{self.name}/infer", body, "application/octet-stream", head_length)


def fixed(rows, delay):
    return f"batching: fixed\nmax-batch-size: {rows}\nbatch-delay: {delay}\n"


def auto(target):
    return f"batching: auto\nmax-batch-size: {ROWS_MAX}\ntarget: {target}\n"


NETS = {
    OFF: "batching: off\n",
    "fixed 4, 5 ms": fixed(4, "5ms"),
    "fixed 16, 20 ms": fixed(16, "20ms"),
    AUTO: auto("throughput"),
}


def measure(shop):
    figure = Figure(
        "batching", "Batching of convolutional nets by concurrency, one server core",
        method="A closed loop: so many connections each ask for one row again and again. Each setting "
        "is a server of its own with one instance and one thread on the same core; they take turns, "
        "the generator has the other core. Fixed is a largest batch and the longest wait for it; auto "
        "works for throughput. Every round begins with a "
        "warm-up that is not counted. Ratios are taken within a round, then their median.",
        columns=[
            "model, connections", "batching", "rows/s", "spread", "to off", "p50 ms", "p99 ms"])
    image = messages.image_floats()
    quick = shop.is_quick
    models = [
        Model(
            "mobilenetv2", shop.shared("onnx-classifiers/mobilenetv2-12-qdq.onnx"), "input",
            [1, 3, 224, 224], "output", image[: 4 * 3 * 224 * 224],
            {1: (0.2, 1), 4: (0.2, 1), 16: (0.4, 1.2), 64: (0.8, 1.8)}, 2 if quick else 10),
        Model(
            "yolo11n-dynbatch", shop.shared("yolo/yolo11n-dynbatch.onnx"), "images",
            messages.IMAGE_SHAPE, "output0", image,
            {1: (0.2, 1.5), 4: (0.4, 2), 16: (1.3, 3)} if quick else
            {1: (0.2, 1.5), 4: (0.4, 2), 16: (1.3, 3.2), 64: (4, 5)}, 4 if quick else 20),
    ]
    for model in models:
        results = played(shop, figure, model, NETS, rounds=1 if quick else 2)
        worst, where, best = worst_ratio(results, [AUTO])
        figure.bounds.append(Bound(
            f"{model.name}: auto / best fixed setting or off, the worst concurrency", worst, 0.9, True))
        figure.notes.append(
            f"{model.name}: auto is furthest behind at {where} connections, where “{best}” is best.")
        figure.plots.append(plot(model, results))
    return figure


SMALL = {
    OFF: "batching: off\n",
    "fixed 8, 0.2 ms": fixed(8, "200us"),
    "fixed 16, 0.5 ms": fixed(16, "500us"),
    "fixed 32, 1 ms": fixed(32, "1ms"),
    "fixed 64, 2 ms": fixed(64, "2ms"),
    AUTO: auto("throughput"),
    "auto, p99 5 ms": auto("p99 5ms"),
    "auto, p99 1 ms": auto("p99 1ms"),
}
TARGETS_MS = {"auto, p99 5 ms": 5, "auto, p99 1 ms": 1}
# Layers of the net: 5.5 MB of weights, which a row alone reads as a whole batch does.
WIDTHS = [256, 1024, 1024, 32]


def measure_small(shop):
    figure = Figure(
        "batching-small", "Batching of a small dense net, one server core",
        method=f"A dense net of {' x '.join(map(str, WIDTHS))} floats, {number(ROWS_MAX)} rows at most "
        "where nothing else is said, closed loop, one row of 1 kB a request; otherwise as the "
        "convolutional nets above. A target is that of `batching: auto`; it is missed by what p99 is "
        "over it, and a fixed setting would miss it by what the one with the least p99 is over it.",
        columns=[
            "model, connections", "batching", "rows/s", "spread", "to off", "p50 ms", "p99 ms"])
    seconds = 0.6 if shop.is_quick else 1.4
    model = Model(
        "dense", shop.write("dense.onnx", onnx_file.dense(WIDTHS)), "x", [1, WIDTHS[0]], "y",
        messages.image_floats()[: 4 * WIDTHS[0]],
        {connections: (0.2, seconds) for connections in (4, 16, 64)}, 1 if shop.is_quick else 5)
    results = played(shop, figure, model, SMALL, rounds=1 if shop.is_quick else 4)
    worst, where, best = worst_ratio(results, [AUTO])
    figure.bounds.append(Bound(
        "small dense net: auto / best fixed setting or off, the worst concurrency", worst, 0.9, True))
    figure.notes.append(f"Auto is furthest behind at {where} connections, where “{best}” is best.")
    off, at_64 = results[64][OFF], results[64][AUTO]
    figure.bounds.append(Bound(
        "small dense net at 64 connections: auto / off", ratio(at_64, off), 1.5, True))
    for name, target in TARGETS_MS.items():
        figure.bounds.append(missed_target(results, name, target))
    figure.plots.append(plot(model, results))
    return figure


def missed_target(results, name, target):
    """How far over the target auto is, beside the fixed setting that misses it least."""
    worst = 0.0
    for found in results.values():
        own = p99(found[name])
        least = min(p99(rounds) for other, rounds in found.items() if not is_auto(other))
        worst = max(worst, own / max(target, least))
    return Bound(
        f"small dense net, target p99 {target} ms: p99 / the target, or what fixed can at best", worst,
        1.1, False)


def is_auto(name):
    return name.startswith(AUTO)


def played(shop, figure, model, settings, rounds):
    """Rounds of all settings at each concurrency, by connections and setting; adds their rows."""
    results, choices, learning = {}, {}, []
    with contextlib.ExitStack() as servers:
        contestants = {}
        for name, text in settings.items():
            server, port = servers.enter_context(
                shop.serving(repository(shop, model, name, text), flags=SERVING))
            generator = servers.enter_context(load.generator(shop, port, model.message()))
            contestants[name] = generator, port
            if not is_auto(name):
                generator.closed(1, 0.3)
        shop.quiet()
        for name in filter(is_auto, contestants):
            learning.append(learned(model, *contestants[name]))
        for connections, (warm_up, seconds) in model.loads.items():
            found = shop.take_turns({
                name: lambda generator=generator: generator.closed(connections, seconds, warm_up)
                for name, (generator, _) in contestants.items()
            }, rounds)
            results[connections] = found
            choices[connections] = chosen(contestants[AUTO][1], model.name)
            add_rows(figure, model, connections, found)
    note_generator(figure, model, results)
    figure.notes.append(
        f"{model.name}: before its first round auto was asked from 16 connections until it said that it "
        f"had learned: {', '.join(learning)}.")
    figure.notes.append(f"{model.name}, what auto had chosen after its rounds: " + "; ".join(
        f"{connections} connections: {choice}" for connections, choice in choices.items()) + ".")
    return results


def repository(shop, model, name, text):
    folder = shop.folder / f"{model.name}-{name.replace(' ', '-').replace(',', '')}"
    (folder / model.name / "1").mkdir(parents=True)
    (folder / model.name / "1" / "model.onnx").symlink_to(model.file)
    (folder / model.name / "model.yaml").write_text(text)
    return folder


def learned(model, generator, port):
    """Lets auto learn, in words how long."""
    begin = time.monotonic()
    while (passed := time.monotonic() - begin) < model.learning_seconds_max:
        generator.closed(16, min(1, model.learning_seconds_max / 4))
        if not said(port, model.name)["reason"].startswith("learning"):
            return f"{time.monotonic() - begin:.0f} s"
    return f"not in {passed:.0f} s"


def said(port, name):
    """What auto's statistics say of it."""
    _, _, body = processes.fetch(port, f"/v2/models/{name}/stats")
    return json.loads(body)["model_stats"][0]["batching"]


def chosen(port, name):
    """What auto does, and why, in words."""
    found = said(port, name)
    return (
        f"{found['max_batch_size']} rows, {found['max_queue_delay_microseconds'] / 1e3:.2f} ms "
        f"({found['reason']})")


def add_rows(figure, model, connections, found):
    for name, rounds in found.items():
        rates = [one.answered_rate for one in rounds]
        figure.add(
            f"{model.name}, {connections}", name, median(rates), spread(rates),
            f"{ratio(rounds, found[OFF]):.2f}", middle(rounds, 0.5), p99(rounds))


def middle(rounds, part):
    """That percentile of all rounds' answers in ms."""
    return load.milliseconds([request for one in rounds for request in one.answered], part)


def p99(rounds):
    return middle(rounds, 0.99)


def ratio(ours, theirs):
    """Within each round, then the median: what moves both cancels."""
    return median([
        one.answered_rate / max(other.answered_rate, 1e-9) for one, other in zip(ours, theirs)])


def worst_ratio(results, names):
    """Where auto is furthest behind the best other setting: the ratio, connections, that setting."""
    found = []
    for connections, settings in results.items():
        best = max(
            (name for name in settings if not is_auto(name)),
            key=lambda name: median([one.answered_rate for one in settings[name]]))
        found += [(ratio(settings[name], settings[best]), connections, best) for name in names]
    return min(found)


def note_generator(figure, model, results):
    rounds = [
        one for found in results.values() for settings in found.values() for one in settings]
    busiest = max(one.generator_share for one in rounds)
    note = f"{model.name}: the generator used at most {busiest:.0%} of its core"
    if any(one.is_limited_by_generator for one in rounds):
        note += ": **it may be what was measured**"
    figure.notes.append(note + ".")


def plot(model, results):
    names = list(next(iter(results.values())))
    return Plot(
        f"{model.name}: throughput by connections", "connections", "rows a second", [
            Series(name, [
                (connections, median([one.answered_rate for one in found[name]]))
                for connections, found in results.items()])
            for name in names], has_log_x=True, y_least=0)
