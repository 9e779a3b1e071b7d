"""What requests to models that serve feel while another model is loaded."""

import contextlib
import time

from .. import load, messages, processes
from ..figure import Bound, Figure, median, number
from .reloads import MODEL as OTHER
from .yolo import yolo_message

SERVING = "serving-yolo"
# Requests a second, at random moments: together they keep about a quarter of two cores busy.
RATES = {"iris": 100, SERVING: 6}
# As the kernel cuts the names of the threads that run it.
MODEL_THREADS = f"model:{SERVING}"[:15]
LOADING, REST = "during loads", "at rest"


def measure(shop):
    figure = Figure(
        "during-load", "Requests while another model is loaded",
        method=f"One server on all cores serves iris ({RATES['iris']} requests a second) and YOLO11n "
        f"({RATES[SERVING]} a second), both at random moments in an open loop; a second YOLO11n is "
        "loaded and unloaded beside them, again and again, in every other phase. During loads are "
        "the requests that were in the house while a load was under way, from the order to ready.",
        columns=["model", "when", "requests", "p50 ms", "p90 ms", "p99 ms", "most ms"])
    flags = ["--model-control-mode", "explicit", "--load-model", f"iris,{SERVING}"]
    seconds, phases = (4, 1) if shop.is_quick else (12, 5)
    found = {(name, when): [] for name in RATES for when in (REST, LOADING)}
    times, shares, threads = [], [], {REST: [], LOADING: []}
    with shop.serving(repository(shop), flags=flags, core=None) as (child, port):
        with contextlib.ExitStack() as stack:
            generators = {
                name: stack.enter_context(load.generator(shop, port, message, core=None))
                for name, message in requests(shop, port).items()}
            for one in generators.values():
                one.closed(1, 0.5)
            order(port, "load")
            order(port, "unload")
            shop.quiet()
            for _ in range(phases):
                for when in (REST, LOADING):
                    before = processes.thread_seconds(child.pid, MODEL_THREADS)
                    windows, rounds = phase(port, generators, seconds, when == LOADING)
                    after = processes.thread_seconds(child.pid, MODEL_THREADS)
                    count = max(1, len(rounds[SERVING].answered))
                    threads[when].append([(late - early) / count for late, early in zip(after, before)])
                    times += [end - begin for begin, end in windows]
                    shares += [one.generator_share for one in rounds.values()]
                    for name, one in rounds.items():
                        found[name, when] += chosen(one, windows, when)
    report(figure, found, times, shares)
    figure.notes.append(why(threads))
    return figure


def phase(port, generators, seconds, is_loading):
    """Some seconds of requests; gives when loads were under way and the rounds by model."""
    begun = {name: one.begin(64, seconds, 0.5, RATES[name]) for name, one in generators.items()}
    end = time.monotonic() + 0.5 + seconds
    windows = []
    time.sleep(0.5)
    while is_loading and time.monotonic() < end - 0.5:
        begin = time.monotonic()
        order(port, "load")
        windows.append((begin, time.monotonic()))
        order(port, "unload")
        time.sleep(0.1)
    return windows, {name: one.finished(begun[name]) for name, one in generators.items()}


def chosen(one, windows, when):
    """The phase's requests; of a loading one those that a load overlapped."""
    if when == REST:
        return one.answered
    return [
        request for request in one.answered
        if any(
            one.begin + request.due < end and one.begin + request.end > begin
            for begin, end in windows)]


def requests(shop, port):
    iris = b'{"inputs": [{"name": "features", "shape": [1, 4], "datatype": "FP32", "data": [5, 3, 1, 0.2]}]}'
    return {
        "iris": messages.message("/v2/models/iris/infer", iris, "application/json"),
        SERVING: yolo_message(shop, port, messages.image_floats(), SERVING),
    }


def repository(shop):
    folder = shop.folder / "during-load"
    yolo = shop.shared("yolo/yolo11n.onnx")
    iris = shop.root / "models/iris/iris.onnx"
    for name, file in [("iris", iris), (SERVING, yolo), (OTHER, yolo)]:
        (folder / name / "1").mkdir(parents=True)
        (folder / name / "1" / "model.onnx").symlink_to(file)
    return folder


def order(port, verb):
    status, _, body = processes.fetch(port, f"/v2/repository/models/{OTHER}/{verb}", body=b"{}")
    if status != 200:
        raise RuntimeError(body.decode(errors="replace"))


def why(threads):
    """Whether a run becomes longer, or waits for a core."""
    ran = {when: median([pair[0] for pair in pairs]) * 1e3 for when, pairs in threads.items()}
    waited = {when: median([pair[1] for pair in pairs]) * 1e3 for when, pairs in threads.items()}
    return (
        f"A request of YOLO11n computes for {number(ran[REST])} ms at rest and {number(ran[LOADING])} "
        f"ms in phases with loads, and its thread waits for a core for {number(waited[REST])} and "
        f"{number(waited[LOADING])} ms; what is more than that is waiting for another request or a lock.")


def report(figure, found, times, shares):
    for (name, when), answered in found.items():
        figure.add(
            "YOLO11n" if name == SERVING else name, when, len(answered),
            *(load.milliseconds(answered, part) for part in (0.5, 0.9, 0.99, 1)))
    for name, words in [("iris", "iris"), (SERVING, "YOLO11n")]:
        rest, loading = (
            load.milliseconds(found[name, when], 0.99) for when in (REST, LOADING))
        figure.bounds.append(
            Bound(f"p99 of {words} during another model's load / at rest", loading / rest, 1.5, False))
    figure.notes.append(
        f"{len(times)} loads, {number(median(times) * 1e3)} ms each (median). The generators used at "
        f"most {max(shares):.0%} of a core.")
