"""Measures Apus beside its peers: `Benchmarks/run`, which `make bench` calls."""

import argparse
import subprocess
import sys

from . import machine, report
from .figure import Figure
from .figures import (
    batching, binary, codec, counts, dialects, during_load, fairness, generator, generator_grpc,
    graphs, grpc, loadgen, logs, neighbours, overload, precision, reloads, small_json, starting,
    tensor_paths, thousand_models, tls, trees, trees_served, tune, workers, yolo)
from .workshop import ROOT, Skip, Workshop

FIGURES = {
    "small-json": small_json.measure,
    "grpc": grpc.measure,
    "generator-grpc": generator_grpc.measure,
    "dialects": dialects.measure,
    "trees-served": trees_served.measure,
    "binary": binary.measure,
    "tensor-paths": tensor_paths.measure,
    "tls": tls.measure,
    "yolo": yolo.measure,
    "photo": yolo.measure_photo,
    "precision": precision.measure,
    "codec": codec.measure,
    "trees": trees.measure,
    "starting": starting.measure,
    "memory": starting.measure_memory,
    "reloads": reloads.measure,
    "during-load": during_load.measure,
    "thousand-models": thousand_models.measure,
    "logs": logs.measure,
    "batching": batching.measure,
    "batching-small": batching.measure_small,
    "fairness": fairness.measure,
    "neighbours": neighbours.measure,
    "overload": overload.measure,
    "graphs": graphs.measure,
    "workers": workers.measure,
    "generator": generator.measure,
    "tune": tune.measure,
    "loadgen": loadgen.measure,
    "counts": counts.measure,
}
# What other load cannot move.
UNTIMED = {"counts", "memory", "reloads"}


def arguments():
    parser = argparse.ArgumentParser(
        prog="Benchmarks/run", description="Measures Apus beside its peers, in one run.",
        epilog="Without --quick it also writes docs/benchmarks.md, with --only those figures of it. "
        "`Benchmarks/run counts` measures only counts and fails above a threshold, for CI.")
    parser.add_argument(
        "what", nargs="?", choices=["all", "counts"], default="all",
        help="all figures, or the counts that CI compares with Benchmarks/thresholds.json")
    parser.add_argument(
        "--only", action="append", choices=list(FIGURES), metavar="NAME",
        help=f"measure this figure, may be repeated: {', '.join(FIGURES)}")
    parser.add_argument("--quick", action="store_true", help="short rounds, to try the tool")
    parser.add_argument("--apus", metavar="PROGRAM", help="measure this build of apus")
    parser.add_argument(
        "--set-thresholds", action="store_true",
        help="with counts: write what was measured, and 5 %% more, to the thresholds")
    return parser.parse_args()


def measured(shop, name):
    """A figure, or why there is none; a failure ends only its own figure."""
    print(f"bench: {name} ...", file=sys.stderr, flush=True)
    watch = machine.Watch()
    try:
        figure = FIGURES[name](shop)
        figure.spoil([] if name in UNTIMED else watch.reasons())
        return figure, False
    except Skip as reason:
        return Figure(name, name, skipped=str(reason)), False
    except (RuntimeError, OSError, LookupError, ValueError, subprocess.SubprocessError) as failure:
        return Figure(name, name, skipped=f"FAILED: {first_line(failure)}"), True


def first_line(failure):
    return (str(failure).splitlines() or [type(failure).__name__])[0]


def main():
    chosen = arguments()
    names = ["counts"] if chosen.what == "counts" else chosen.only or list(FIGURES)
    with Workshop(apus=chosen.apus, is_quick=chosen.quick) as shop:
        if not chosen.apus:
            print("bench: building the release ...", file=sys.stderr, flush=True)
            shop.built_here("apus")
        figures, failures = [], 0
        for name in names:
            figure, has_failed = measured(shop, name)
            failures += has_failed
            figures.append(figure)
            print("\n".join(report.table(figure)), flush=True)
        run = {
            "rounds": shop.rounds, "seconds": shop.seconds, "quiet_limit": shop.quiet_limit,
            "busiest": shop.busiest, "server_core": shop.cores.server,
            "client_core": shop.cores.client,
        }
    finish(chosen, machine.facts(ROOT), run, figures, failures)


def finish(chosen, facts, run, figures, failures):
    """Writes the files and ends with the right code."""
    if chosen.set_thresholds and chosen.what == "counts" and not failures:
        counts.write_thresholds(figures[0])
        print(f"\nbench: wrote {counts.THRESHOLDS.relative_to(ROOT)}")
        return
    artefact = ROOT / ".artifacts/bench.json"
    report.write_json(artefact, facts, run, figures)
    print(f"\nbench: wrote {artefact.relative_to(ROOT)}")
    is_for_page = chosen.what == "all" and not chosen.quick and not (chosen.only and failures)
    plots = ROOT / "docs/benchmarks" if is_for_page else ROOT / ".artifacts/plots"
    for file in report.write_plots(plots, figures):
        print(f"bench: wrote {file.relative_to(ROOT)}")
    if chosen.what == "all" and not chosen.only and not chosen.quick:
        page = ROOT / "docs/benchmarks.md"
        page.write_text(report.markdown(facts, run, figures))
        print(f"bench: wrote {page.relative_to(ROOT)}")
    elif chosen.only and not chosen.quick and not failures:
        page = ROOT / "docs/benchmarks.md"
        page.write_text(report.replaced(page.read_text(), figures))
        print(f"bench: wrote {', '.join(chosen.only)} into {page.relative_to(ROOT)}")
    is_above = any(not bound.is_met for figure in figures for bound in figure.bounds)
    if failures or chosen.what == "counts" and is_above:
        sys.exit(1)


if __name__ == "__main__":
    main()
