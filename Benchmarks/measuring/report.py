"""The figures on the terminal, as JSON, and as docs/benchmarks.md."""

import json

from . import machine


def table(figure):
    """The figure in lines for a terminal."""
    lines = [f"\n{figure.title}"]
    if figure.skipped:
        return [*lines, f"  skipped: {figure.skipped}"]
    rows = [figure.columns, *figure.rows]
    widths = [max(len(row[place]) for row in rows) for place in range(len(figure.columns))]
    for row in rows:
        first, *rest = (cell.rjust(width) for cell, width in zip(row, widths))
        lines.append("  " + "  ".join([row[0].ljust(widths[0]), *rest]))
    if figure.spoiled:
        lines.append(f"  SPOILED RUN: {figure.spoiled}")
    lines += [f"  {bound.sentence()}" for bound in figure.bounds]
    return lines + [f"  {note}" for note in figure.notes]


def write_json(file, facts, run, figures):
    """Everything, for programs."""
    file.parent.mkdir(parents=True, exist_ok=True)
    document = {"facts": facts, "run": run, "figures": [one.document() for one in figures]}
    file.write_text(json.dumps(document, indent=2) + "\n")


def write_plots(folder, figures):
    """Each figure's plots as SVG files; gives their paths."""
    written = []
    for figure in figures:
        for index, plot in enumerate(figure.plots):
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / figure.plot_file(index)
            file.write_text(plot.svg())
            written.append(file)
    return written


INTRODUCTION = """# Benchmarks

Written by `make bench`, which measures Apus and its peers in one run on one machine. Only ratios
travel to another machine; absolute figures are worth something beside their peer alone. A bound that
is missed says so.
"""

METHOD = """## Method

- One core serves, with all threads of the server pinned to it; another makes the load; loopback only.
- Contestants take turns, in reversed order every other round ({rounds} rounds of {seconds:g} s where
  nothing else is said); the table has medians, and the spread is half the distance between the best
  and the worst round.
- Before timed rounds the driver waits until others leave the machine alone, at most {quiet_limit} s.
  The busiest moment that it had to begin at: {busiest:.0%} of all cores in other use.
- CPU is processor time of the server's threads and children, in and out of the kernel.
- A figure during which other processes used more than {others:.0%} of all cores, or the host took more
  than {stolen:.0%}, is marked as a spoiled run.
"""


def markdown(facts, run, figures):
    """The page docs/benchmarks.md."""
    parts = [INTRODUCTION, "## Bounds\n", *verdicts(figures), "\n## Machine and versions\n"]
    parts += ["| | |\n|---|---|", *(f"| {name} | {value} |" for name, value in facts.items())]
    parts.append("\n" + METHOD.format(
        **run, others=machine.OTHERS_SHARE_MAX, stolen=machine.STOLEN_SHARE_MAX))
    for figure in figures:
        parts += section(figure)
    return "\n".join(parts).rstrip() + "\n"


def replaced(page, figures):
    """The page with these figures' sections and bounds in place of its own; the rest stays."""
    for figure in figures:
        page = without_skipped(page, figure)
        text = "\n".join(section(figure)).rstrip() + "\n"
        heading = f"## {figure.title}\n"
        start = page.find(heading)
        if start < 0:
            page = f"{page.rstrip()}\n\n{text}"
        else:
            end = page.find("\n## ", start)
            page = page[:start] + text + (page[end:] if end >= 0 else "")
        page = with_bounds(page, figure)
    return page


def without_skipped(page, figure):
    """The page without the section and the verdict of an earlier run that had nothing to say."""
    start = page.find(f"## {figure.name}\n\nSkipped: ")
    if start >= 0:
        end = page.find("\n## ", start)
        page = page[:start] + (page[end + 1:] if end >= 0 else "")
    verdict = f"| {figure.name} | | | skipped: "
    return "\n".join(line for line in page.split("\n") if not line.startswith(verdict))


def with_bounds(page, figure):
    """The table of all bounds with this figure's rows, in their old place or at its end."""
    lines = page.split("\n")
    for bound in figure.bounds:
        row = "| " + " | ".join(bound.cells()) + " |"
        old = [place for place, line in enumerate(lines) if line.startswith(f"| {bound.text} |")]
        if old:
            lines[old[0]] = row
        else:
            table = lines.index("## Bounds")
            lines.insert(next(i for i in range(table + 2, len(lines)) if not lines[i]), row)
    return "\n".join(lines)


def verdicts(figures):
    lines = ["| bound | measured | limit | |", "|---|--:|--:|---|"]
    for figure in figures:
        if figure.skipped:
            lines.append(f"| {figure.title} | | | skipped: {figure.skipped} |")
        for bound in figure.bounds:
            lines.append("| " + " | ".join(bound.cells()) + " |")
    return lines


def section(figure):
    lines = [f"## {figure.title}\n"]
    if figure.skipped:
        return [*lines, f"Skipped: {figure.skipped}.\n"]
    if figure.spoiled:
        lines.append(f"**A spoiled run, to be taken again:** {figure.spoiled}.\n")
    lines += [figure.method + "\n", "| " + " | ".join(figure.columns) + " |"]
    lines.append("|---" + "|--:" * (len(figure.columns) - 1) + "|")
    lines += ["| " + " | ".join(row) + " |" for row in figure.rows]
    lines += [
        f"\n![{plot.title}](benchmarks/{figure.plot_file(index)})"
        for index, plot in enumerate(figure.plots)]
    lines += [f"\n{note}" for note in figure.notes]
    return [*lines, ""]
