"""The page: a table for each number of callers, plots beside it, and what Locust says."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Benchmarks"))

from measuring.plot import Bars  # noqa: E402


def write(file, comparison, left_out, callers, is_quick):
    """Writes Markdown and, beside it, the plots."""
    lines = [
        "# The same model behind several servers", "",
        f"`models/iris/iris.onnx`, one row a request; written by `Examples/serving-comparison/run`. Each server "
        "has one process and one thread of ONNX Runtime on one core, `apus bench` another; all run at once and "
        f"are asked in turns, {comparison.rounds} rounds of {comparison.seconds} s, whose medians stand here. "
        "Latency in milliseconds."]
    if is_quick:
        lines += ["", "**Short rounds, to try the tool: not to be relied on.**"]
    for one in left_out:
        lines += ["", f"Left out: {one}."]
    for count in callers:
        lines += section(file, comparison, count)
    lines += locust(comparison, callers[-1])
    lines += ["", "## Machine", ""]
    lines += [f"- {key}: {value}" for key, value in comparison.environment.items()
              if key in ("processor", "cores", "kernel", "apus")]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def section(file, comparison, count):
    title = "One caller" if count == 1 else f"{count} callers"
    lines = ["", f"## {title}", "", "| way | req/s | mean | p50 | p95 | p99 | errors |", "|---|--:|--:|--:|--:|--:|--:|"]
    rates, tails = [], []
    for way in comparison.ways:
        def middle(read):
            return comparison.middle(way, count, read)
        rate = middle(lambda one: one["throughput"]["value"])
        times = [middle(lambda one, name=name: one["latency_ms"][name]) for name in ("mean", "p50", "p95", "p99")]
        errors = middle(lambda one: one["errors"]["rate"])
        lines.append(f"| {way.name} | {rate:,.0f} | " + " | ".join(f"{time:.3g}" for time in times)
                     + f" | {errors * 100:.3g} % |")
        rates.append((way.name, rate))
        tails.append((way.name, times[-1]))
    for name, plot in [("rate", Bars(f"Requests a second, {title.lower()}", "req/s", rates)),
                       ("p99", Bars(f"p99, {title.lower()}", "ms", tails))]:
        image = file.with_name(f"{file.stem}-{count}-{name}.svg")
        image.write_text(plot.svg(), encoding="utf-8")
        lines += ["", f"![{plot.title}]({image.name})"]
    return lines


def locust(comparison, count):
    if not comparison.locust:
        return []
    lines = ["", f"## Locust, {count} users", "",
             "The same bodies by somebody else's measure. Where a server is faster than Locust itself, which is "
             "Python, the figure is Locust's.", "",
             "| way | req/s | p50 | p99 | failures | `apus bench`, req/s |", "|---|--:|--:|--:|--:|--:|"]
    for way in comparison.ways:
        if way.name in comparison.locust:
            rate, middle, tail, failures = comparison.locust[way.name]
            own = comparison.middle(way, count, lambda one: one["throughput"]["value"])
            lines.append(f"| {way.name} | {rate:,.0f} | {middle:.3g} | {tail:.3g} | {failures} | {own:,.0f} |")
    return lines
