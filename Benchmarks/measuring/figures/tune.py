"""`apus tune` beside an exhaustive grid over the same space, through the same measuring: YOLO11n."""

import json
import subprocess

from ..figure import Bound, Figure, median
from ..plot import Plot, Series

# 45 configurations on two cores: about ten minutes of grid.
SPACE = ["--precision", "f32,auto", "--max-batch-size", "1,2,4", "--batch-delay", "0,2ms"]
# What a quick run has of it, and how long its longest runs are.
QUICK_SPACE = ["--precision", "f32", "--max-batch-size", "1,2", "--batch-delay", "0"]
LONGEST, QUICK_LONGEST = "12s", "2s"
# Turns of the winner and of the grid's best.
ROUNDS = 3
# bf16 moves single scores; here only the search is judged.
TOLERANCE = "20%"


def measure(shop):
    figure = Figure(
        "tune", "apus tune beside an exhaustive grid, YOLO11n with a batch axis",
        method="The grid measures every configuration for the longest time, the search by successive "
        "halving chooses from the same; both with the same workers, closed loop, for the most "
        "throughput. The highest of many figures is high by luck, too; so what the search chose and the "
        "grid's best are measured again, in turns, and their medians are compared. Time is from the "
        "start to the end of the search, loading and comparing answers included; the rounds against the "
        "default, which follow, are the same for both.",
        columns=["", "configurations", "seconds", "winner", "per s in the grid", "per s in turns"])
    model = shop.shared("yolo/yolo11n-dynbatch.onnx")
    space = QUICK_SPACE if shop.is_quick else SPACE
    longest = QUICK_LONGEST if shop.is_quick else LONGEST
    shop.quiet()
    found = {
        name: tuned(shop, model, name, [*space, "--duration", longest, *flags])
        for name, flags in [("halving", []), ("grid", ["--search", "grid", "--time-budget", "2h"])]
    }
    best = max(
        (each for each in found["grid"]["tried"] if each["figures"]),
        key=lambda each: each["figures"]["throughput"])["configuration"]
    winners = {"halving": found["halving"]["winner"], "grid": best}
    again = in_turns(shop, model, winners, longest)
    for name, document in found.items():
        figure.add(
            name, len(document["tried"]), document["search_seconds"], words(winners[name]),
            throughput(found["grid"], winners[name]), again[name])
    share = found["halving"]["search_seconds"] / found["grid"]["search_seconds"]
    ratio = again["halving"] / again["grid"]
    figure.bounds += [
        Bound("tune: throughput of its winner / of the exhaustive best", ratio, 0.95, True),
        Bound("tune: time of the search / of the exhaustive grid", share, 0.25, False),
    ]
    figure.plots.append(frontier(found))
    return figure


def tuned(shop, model, name, flags):
    """One run of the command, as its JSON document."""
    file = shop.folder / f"tune-{name}.json"
    command = [
        shop.apus, "tune", model, "--shape", "images=1,3,640,640", "--tolerance", TOLERANCE,
        "--output", "-", "--json", file, *flags]
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=7200,
        cwd=shop.folder)
    if done.returncode:
        raise RuntimeError(f"apus tune: {done.stderr[-500:]}")
    return json.loads(file.read_text())


def in_turns(shop, model, configurations, longest):
    """Median throughput of each configuration, all measured in turns."""
    if configurations["halving"] == configurations["grid"]:
        configurations = {"grid": configurations["grid"]}
    figures = {name: [] for name in configurations}
    for _ in range(1 if shop.is_quick else ROUNDS):
        for name, configuration in configurations.items():
            document = tuned(
                shop, model, f"{name}-alone",
                ["--search", "grid", "--duration", longest, *only(configuration)])
            figures[name].append(throughput(document, configuration))
    medians = {name: median(values) for name, values in figures.items()}
    return {"halving": medians["grid"], **medians}


def only(configuration):
    """The flags that leave this configuration alone to be tried."""
    return [
        "--instances", configuration["instances"],
        "--runtime-threads", configuration["runtime_threads"],
        "--max-batch-size", configuration["max_batch_size"],
        "--batch-delay", f"{configuration['batch_delay_ms']:g}ms",
        "--precision", configuration["precision"], "--runtime", configuration["runtime"]]


def throughput(document, configuration):
    return next(
        each["figures"]["throughput"] for each in document["tried"]
        if each["configuration"] == configuration)


def words(configuration):
    delay = configuration["batch_delay_ms"]
    within = f" within {delay:g} ms" if delay else ""
    rows = configuration["max_batch_size"]
    batch = f", batch {rows}{within}" if rows > 1 else ""
    return (
        f"{configuration['instances']} x {configuration['runtime_threads']} threads{batch}, "
        f"{configuration['precision']}, {configuration['runtime']}")


def frontier(found):
    """What was tried, and what no other configuration beats."""
    grid = [each for each in found["grid"]["tried"] if each["figures"]]
    points = sorted(
        (each["figures"]["latency_ms"]["p99"], each["figures"]["throughput"])
        for each in grid if each["frontier"])
    chosen = [
        (each["figures"]["latency_ms"]["p99"], each["figures"]["throughput"])
        for each in found["halving"]["tried"]
        if each["configuration"] == found["halving"]["winner"]]
    return Plot(
        "Frontier of YOLO11n: throughput by p99", "p99 ms", "per s",
        [Series("frontier of the grid", points), Series("what tune chose", chosen)], y_least=0)
