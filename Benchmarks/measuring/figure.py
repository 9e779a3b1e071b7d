"""What one measurement found, before it is printed."""

import dataclasses
import statistics


@dataclasses.dataclass
class Bound:
    """A promise and what was measured of it."""

    text: str
    measured: float
    limit: float
    is_least: bool
    unit: str = ""
    is_spoiled: bool = False

    @property
    def is_met(self):
        return self.measured >= self.limit if self.is_least else self.measured <= self.limit

    def cells(self):
        """Promise, measured, limit and verdict."""
        relation = "at least" if self.is_least else "at most"
        unit = f" {self.unit}" if self.unit else ""
        verdict = "met" if self.is_met else "MISSED"
        return [
            self.text, f"{number(self.measured)}{unit}", f"{relation} {number(self.limit)}{unit}",
            f"{verdict}, spoiled run" if self.is_spoiled else verdict,
        ]

    def sentence(self):
        text, measured, limit, verdict = self.cells()
        return f"{text}: {measured}, {limit}: {verdict}"


@dataclasses.dataclass
class Figure:
    """A table with its bounds and plots.

    `skipped` says why there is none, `spoiled` what else the machine did meanwhile.
    """

    name: str
    title: str
    method: str = ""
    columns: list = dataclasses.field(default_factory=list)
    rows: list = dataclasses.field(default_factory=list)
    bounds: list = dataclasses.field(default_factory=list)
    notes: list = dataclasses.field(default_factory=list)
    skipped: str = ""
    spoiled: str = ""
    plots: list = dataclasses.field(default_factory=list)

    def add(self, *cells):
        self.rows.append([cell if isinstance(cell, str) else number(cell) for cell in cells])

    def spoil(self, reasons):
        """Takes from all verdicts what a busy machine cannot show."""
        self.spoiled = "; ".join(reasons)
        for bound in self.bounds:
            bound.is_spoiled = bool(reasons)

    def plot_file(self, index):
        """Name of a plot's file."""
        return f"{self.name}-{index + 1}.svg" if len(self.plots) > 1 else f"{self.name}.svg"

    def document(self):
        """The figure as JSON values."""
        document = dataclasses.asdict(self)
        for bound, written in zip(self.bounds, document["bounds"]):
            written["is_met"] = bound.is_met
        return document


def number(value):
    """A figure with three significant digits, or all of its integral ones."""
    if value is None:
        return ""
    size = abs(value)
    if size >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 1 else f"{value:.3f}"


def median(values):
    return statistics.median(values)


def spread(values):
    """How far rounds lie apart, as a share of their median."""
    middle = median(values)
    return f"±{(max(values) - min(values)) / 2 / middle * 100:.0f} %" if middle else ""
