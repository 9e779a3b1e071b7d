"""The exercises: each measures, draws, and says in sentences what the figures bear out."""

import os
import pathlib
import shutil

from measure import Ratio, Skipped
from page import Bars, Plot, Section, Series


def compared(name, other, ratio, what, is_better_below=False):
    """A sentence about one thing beside another, as strong as its interval allows."""
    if ratio.is_noise:
        return f"By {what}, {name} and {other} cannot be told apart: ratio {ratio}."
    word = "lower" if ratio.value < 1 else "higher"
    verdict = "better" if (ratio.value < 1) == is_better_below else "worse"
    return f"The {what} of {name} is {word} than that of {other}, which is {verdict}: {ratio} times."


def table(results):
    rows = [["", "single-stream p90, ms", "offline, samples/s"]]
    return rows + [
        [name, f"{one.middle_p90:.2f}", f"{one.middle_rate:.1f}"] for name, one in results.items()]


def bars(results):
    return [
        Bars("Single-stream p90", "ms", [(name, one.middle_p90) for name, one in results.items()]),
        Bars("Offline throughput", "samples/s",
             [(name, one.middle_rate) for name, one in results.items()])]


def serving(bench):
    """what serving costs"""
    own, served = "in process", "over HTTP"
    with bench.serving() as port:
        name = bench.description["name"]
        results = bench.in_turns({
            own: ([bench.model], {}, 1),
            served: ([f"http://127.0.0.1:{port}/v2/models/{name}", "--concurrency",
                      str(cores() + 1)], {}, 1)})
    first, second = results[own], results[served]
    return Section("What serving costs", [
        compared("the server", "the model in process", Ratio(second.p90, first.p90),
                 "single-stream p90", is_better_below=True),
        compared("the server", "the model in process", Ratio(second.rate, first.rate),
                 "offline throughput"),
    ], table(results), bars(results))


def cores():
    return len(os.sched_getaffinity(0))


def precision(bench):
    """what each precision gains"""
    contestants = {
        "f32": ([bench.model], {}, 1),
        "auto, OpenVINO": ([bench.model, "--precision", "auto"], {}, 1)}
    notes = []
    for name, ending, flags in [
            ("fp16 file", "-fp16", ["--runtime", "openvino"]),
            ("int8 file, OpenVINO", "-int8", ["--precision", "int8"])]:
        file = bench.beside(ending)
        if file:
            contestants[name] = ([file, *flags], {}, 1)
        else:
            notes.append(f"No {ending.lstrip('-')} form of the model lies beside it: not measured.")
    contestants = {name: each for name, each in contestants.items() if works(bench, name, each, notes)}
    if "f32" not in contestants:
        raise Skipped(notes[-1])
    results = bench.in_turns(contestants)
    base = results["f32"]
    sentences = [
        compared(name, "f32", Ratio(one.rate, base.rate), "offline throughput")
        for name, one in results.items() if name != "f32"]
    if shutil.which("nvidia-smi"):
        notes.append("There is a GPU, but no runtime of this program computes on it: CPU only.")
    sentences += notes + ["Speed is not accuracy: docs/benchmarks.md has the mAP of each precision."]
    return Section("What each precision gains", sentences, table(results), bars(results))


def works(bench, name, contestant, notes):
    """Whether it can be measured here at all; a note says why not."""
    words, environment, _ = contestant
    try:
        bench.apus("bench", *words, "--scenario", "single-stream", "--requests", 1,
                   environment=environment)
        return True
    except Skipped as reason:
        notes.append(f"{name} does not run here: {reason}.")
        return False


def batches(bench):
    """batch sizes, and one and two instances"""
    model = bench.beside("-dynbatch") or bench.model
    sizes = [1, 4] if bench.is_quick else [1, 2, 4, 8, 16]
    instances = [count for count in (1, 2) if count <= cores()]
    sentences = []
    try:
        shapes = {size: ["--shape", bench.row_shape(model, size)] for size in sizes}
    except Skipped as reason:
        sizes, shapes = [1], {1: []}
        sentences.append(f"Batches are not measured: {reason}.")
    contestants = {
        f"{count} x batch {size}": ([model, *shapes[size]], {"APUS_INSTANCES": str(count)}, size)
        for count in instances for size in sizes}
    results = bench.in_turns(contestants)
    lone = results[f"{instances[0]} x batch 1"]
    for size in sizes[1:]:
        one = results[f"{instances[0]} x batch {size}"]
        sentences.append(compared(
            f"a batch of {size}", "single samples", Ratio(one.rate, lone.rate), "throughput"))
    if len(instances) > 1:
        two = results[f"{instances[1]} x batch 1"]
        sentences += [
            compared("two instances", "one", Ratio(two.rate, lone.rate), "throughput"),
            compared("two instances", "one", Ratio(two.p90, lone.p90), "single-stream p90",
                     is_better_below=True)]
    best = max(results, key=lambda name: results[name].middle_rate)
    sentences.append(
        f"The highest median throughput has {best} with {results[best].middle_rate:.1f} samples/s.")
    lines = [
        Series(f"{count} instance{'s' if count > 1 else ''}",
               [(size, results[f"{count} x batch {size}"].middle_rate) for size in sizes])
        for count in instances]
    times = [
        Series(one.name, [(size, results[f"{count} x batch {size}"].middle_p90) for size in sizes])
        for one, count in zip(lines, instances)]
    return Section(f"Batch sizes and instances, {pathlib.Path(model).name}", sentences, table(results), [
        Plot("Offline throughput by batch size", "samples of a batch", "samples/s", lines, y_least=0),
        Plot("p90 of a batch that is asked alone", "samples of a batch", "ms", times, y_least=0)])


def tuning(bench):
    """what apus tune finds"""
    flags = ["--time-budget", "15s", "--duration", "300ms", "--max-batch-size", "1,4"] \
        if bench.is_quick else ["--time-budget", "3m", "--max-batch-size", "1,4"]
    found = bench.tuned(*flags)
    sentences = [
        f"apus tune tried {len(found['tried'])} of {found['configurations']} configurations in "
        f"{found['search_seconds']:.0f} s."]
    for variant in found["variants"]:
        if variant["reason"]:
            sentences.append(
                f"{variant['precision']} with {variant['runtime']}: {variant['reason']}.")
    winner = found["winner"]
    sentences.append(f"It chose {words(winner)}.")
    gain = found["gain"]
    if winner == found["default"]:
        sentences.append("That is the default: nothing was better beyond doubt.")
    elif gain:
        one = gain["throughput"]
        interval = f"{one['ratio']:.2f} ({one['low']:.2f} to {one['high']:.2f})"
        sentences.append(
            f"Its throughput is {interval} times that of the default." if one["differs"] else
            f"By throughput it cannot be told from the default: {interval}.")
    rows = [["configuration", "per s", "p99, ms", "memory, MiB", ""]]
    points = []
    for each in found["tried"]:
        figures = each["figures"]
        if not figures:
            continue
        rows.append([
            words(each["configuration"]), f"{figures['throughput']:.1f}",
            f"{figures['latency_ms']['p99']:.2f}", f"{figures['memory_bytes'] / 2 ** 20:.0f}",
            "frontier" if each["frontier"] else each["fate"]])
        if each["frontier"]:
            points.append((figures["latency_ms"]["p99"], figures["throughput"]))
    return Section("What apus tune finds", sentences, rows, [
        Plot("Frontier: throughput by p99", "p99, ms", "per s",
             [Series("not beaten by any other", sorted(points))], y_least=0)])


def words(one):
    batch = f", batch {one['max_batch_size']}" if one["max_batch_size"] > 1 else ""
    threads = "thread" if one["runtime_threads"] == 1 else "threads"
    return (f"{one['instances']} x {one['runtime_threads']} {threads}{batch}, {one['precision']}, "
            f"{one['runtime']}")
