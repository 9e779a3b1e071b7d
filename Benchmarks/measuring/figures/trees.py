"""Compiled trees beside the libraries' own C interfaces, in one run."""

import contextlib
import json
import shutil
import subprocess

from ..figure import Bound, Figure, median, number
from ..plot import Plot, Series
from ..processes import Child
from ..workshop import ROOT, Skip

BATCHES = (1, 16, 64, 256, 1_024, 4_096, 10_000)
TWO_THREADED_MIN = 256
OURS = "Apus"
PORTABLE = "Apus, portable"
NAMES = {
    "xgboost": "XGBoost", "lightgbm": "LightGBM", "onnxruntime": "ONNX Runtime",
    "tl2cgen": "tl2cgen"}


def measure(shop):
    figure = Figure(
        "trees", "Decision trees, in process",
        method="28 columns, 20,000 different rows, each library through its C interface in a process of "
        "its own, taking turns in short blocks; times a row in ns, medians of rounds. Peers: XGBoost in "
        "place, LightGBM single-row-fast and matrix, ONNX Runtime's TreeEnsemble, tl2cgen compiled by "
        "gcc -O3 (beyond 100x6 in the full run only: it compiles for minutes). Two threads: the "
        "model as it is served, with `runtime-threads: 2`; peers are told the number.",
        columns=["model", "batch", "threads", "Apus", "p99", "Apus rows/s", "portable",
                 "fastest peer", "its", "times", "portable times"])
    made = models(shop)
    program = shop.built_here("TreesBench")
    speeds = {}
    for name, model in made["models"].items():
        with contestants(shop, program, name, model, made) as running:
            cases = [(batch, 1) for batch in BATCHES]
            cases += [(batch, 2) for batch in BATCHES if batch >= TWO_THREADED_MIN]
            for batch, threads in cases:
                found = rounds(shop, running, batch, threads)
                add(figure, name, batch, threads, found)
                if threads == 1:
                    for who, results in found.items():
                        rate = 1e9 * batch / median(mean for mean, _, _ in results)
                        speeds.setdefault((name, who), []).append((batch, rate))
            load = median(int(running[OURS].ask("load")) / 1e6 for _ in range(3))
            figure.bounds.append(Bound(f"{name}: compiled in", load, 30, False, "ms"))
    figure.plots = [plot(name, speeds) for name in made["models"]]
    figure.notes.append(
        "A single row's figure contains a reading of the clock, some 30 ns, for all alike. ONNX Runtime "
        "compares in Float32 where LightGBM's own thresholds are Float64.")
    return figure


def models(shop):
    """Rows, models and what the peers read, made by the peers' Python."""
    sources = [
        shop.shared("xgboost/higgs28-500x8.ubj"), shop.shared("lightgbm/higgs28-500x63.txt"),
        shop.shared("xgboost/higgs28-500x8-X.npy")]
    command = [
        shop.python_of_peers(), "-B", ROOT / "Benchmarks/peers/trees_models.py", shop.folder, *sources]
    command += [] if shop.is_quick else ["full"]
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=1_800)
    if done.returncode:
        raise RuntimeError(f"trees_models.py: {done.stderr[-500:]}")
    return json.loads(done.stdout.splitlines()[-1])


def peer_program(shop):
    compiler = shutil.which("clang") or shutil.which("cc")
    if not compiler:
        raise Skip("no C compiler here")
    file = shop.folder / "trees_peers"
    source = ROOT / "Benchmarks/native/trees_peers.c"
    subprocess.run([compiler, "-O2", "-o", file, source, "-ldl"], check=True)
    return file


@contextlib.contextmanager
def contestants(shop, program, name, model, made):
    """Our program and the libraries that can read the model, each waiting for its turn."""
    rows = shop.folder / "rows.f32"
    peers = peer_program(shop)
    library = model["library"]
    # What is called in the process: kind, library, model.
    calls = {
        NAMES[library]: (library, made["libraries"][library], model["file"]),
        NAMES["onnxruntime"]: (
            "onnxruntime", shop.runtime_library(), model["onnx"]["file"]),
    }
    if "compiled" in model:
        calls[NAMES["tl2cgen"]] = ("tl2cgen", model["compiled"], "-")
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(Child([program, model["file"], rows], pipes=True))
        running = {OURS: ours}
        for who, (kind, file, source) in calls.items():
            running[who] = stack.enter_context(Child(
                [peers, kind, file, source, rows, made["columns"]], pipes=True,
                environment={"ONNX_OUTPUT": model["onnx"]["output"]}))
        for child in running.values():
            child.line()
        yield running


def rounds(shop, running, batch, threads):
    """By contestant its rounds: mean, median and 99th percentile of a call, in ns."""
    milliseconds = 40 if shop.is_quick else 120

    def turn(child, variant):
        words = child.ask(f"{batch} {threads} {milliseconds} {variant}").split()
        return tuple(float(word) for word in words[:3])

    takers = {who: lambda child=child: turn(child, "best") for who, child in running.items()}
    if threads > 1:
        takers.pop(NAMES["tl2cgen"], None)
    else:
        takers[PORTABLE] = lambda: turn(running[OURS], "portable")
    return shop.take_turns(takers)


def add(figure, name, batch, threads, found):
    each = {who: median(middle for _, middle, _ in results) for who, results in found.items()}
    peers = {who: time for who, time in each.items() if who not in (OURS, PORTABLE)}
    fastest = min(peers, key=peers.get)
    times = ratio(found, fastest, OURS)
    portable = ratio(found, fastest, PORTABLE) if PORTABLE in found else None
    figure.add(
        name, batch, threads, each[OURS] / batch,
        median(last for _, _, last in found[OURS]) / batch, 1e9 * batch / each[OURS],
        each[PORTABLE] / batch if portable else "", fastest, each[fastest] / batch, f"{times:.1f}",
        f"{portable:.1f}" if portable else "")
    if threads == 1:
        figure.bounds += bounds(name, batch, fastest, times, portable)


def ratio(found, peer, ours):
    """The median of the rounds' ratios of medians."""
    return median(
        theirs / mine for (_, theirs, _), (_, mine, _) in zip(found[peer], found[ours]))


def bounds(name, batch, fastest, times, portable):
    words = "one row" if batch == 1 else f"batch of {number(batch)}"
    limit = 10 if batch == 1 and name != "500x63" else 5 if batch >= 256 or batch == 1 else 3
    made = [Bound(f"{name}, {words}: times as fast as {fastest}", times, limit, True)]
    if batch == 1:
        made.append(
            Bound(f"{name}, {words}, portable: times as fast as {fastest}", portable, 3, True))
    return made


def plot(name, speeds):
    lines = [Series(who, points) for (of, who), points in speeds.items() if of == name]
    return Plot(
        f"{name}: rows a second by batch, one thread", "batch", "rows/s", lines, has_log_y=True,
        has_log_x=True)
