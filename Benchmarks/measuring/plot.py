"""Plots as SVG, light or dark as their reader has it."""

import dataclasses
import html
import math

from .figure import number

WIDTH, HEIGHT = 760, 360
LEFT, RIGHT, TOP, BOTTOM = 68, 170, 44, 48
COLORS = [("#2563a8", "#7db4f0"), ("#c2560c", "#f2a65a"), ("#2f7d4f", "#7fd09b"),
          ("#8a3ea8", "#cf9be6"), ("#6b7280", "#a7adb8"), ("#b0183a", "#f07a94"),
          ("#0f8a8a", "#6fd3d3"), ("#8a6d00", "#e0c55a")]


@dataclasses.dataclass
class Series:
    """A line; points whose y is `None` are left out."""

    name: str
    points: list
    is_limit: bool = False


@dataclasses.dataclass
class Plot:
    """One chart with its lines; `y_least` is where its upright axis begins."""

    title: str
    x: str
    y: str
    series: list
    has_log_y: bool = False
    has_log_x: bool = False
    y_least: float | None = None

    def svg(self):
        return "\n".join(self.lines()) + "\n"

    def lines(self):
        xs = [x for one in self.series for x, y in one.points if y is not None]
        ys = [y for one in self.series for _, y in one.points if y is not None]
        if not xs:
            raise ValueError(f"nothing to plot for {self.title}")
        horizontal = Axis(min(xs), max(xs), LEFT, WIDTH - RIGHT, self.has_log_x)
        least = min(ys) if self.y_least is None else self.y_least
        top = max(ys) if self.has_log_y else max(ys) + (max(ys) - least) * 0.06
        vertical = Axis(least, top, HEIGHT - BOTTOM, TOP, self.has_log_y)
        yield from head(self.title)
        yield from grid(horizontal, vertical, self.x, self.y)
        place = TOP + 8
        for index, one in enumerate(self.series):
            yield from line(one, index, horizontal, vertical, place)
            place += 20
        yield "</svg>"


@dataclasses.dataclass
class Bars:
    """Bars that lie beside their names, from zero, each with its figure at its end."""

    title: str
    x: str
    bars: list

    def svg(self):
        return "\n".join(self.lines()) + "\n"

    def lines(self):
        left, row = 176, 26
        height = TOP + row * len(self.bars) + BOTTOM
        values = [value for _, value in self.bars]
        if not values:
            raise ValueError(f"nothing to plot for {self.title}")
        axis = Axis(0, max(values), left, WIDTH - 70, False)
        yield from head(self.title, height)
        for mark in axis.marks():
            place = axis.place(mark)
            yield f'<path class="grid" d="M{place:.1f} {TOP}V{height - BOTTOM}"/>'
            yield (
                f'<text x="{place:.1f}" y="{height - BOTTOM + 17}" text-anchor="middle">'
                f"{mark:,g}</text>")
        for index, (name, value) in enumerate(self.bars):
            top = TOP + row * index + 5
            width = axis.place(value) - left
            yield f'<text x="{left - 8}" y="{top + 12}" text-anchor="end">{html.escape(name)}</text>'
            yield (
                f'<rect class="d c0" x="{left}" y="{top}" width="{width:.1f}" height="{row - 10}"/>')
            yield f'<text x="{left + width + 6:.1f}" y="{top + 12}">{number(value)}</text>'
        middle = (left + WIDTH - 70) / 2
        yield f'<text x="{middle}" y="{height - 11}" text-anchor="middle">{html.escape(self.x)}</text>'
        yield "</svg>"


class Axis:
    """Values on a stretch of pixels, with round marks."""

    def __init__(self, least, most, start, end, is_log):
        self.is_log = is_log and least > 0
        if self.is_log:
            least, most = least / 1.15, most * 1.15
        elif most == least:
            least, most = least - 1, most + 1
        self.least, self.most, self.start, self.end = least, most, start, end

    def place(self, value):
        if self.is_log:
            share = math.log(max(value, self.least) / self.least) / math.log(self.most / self.least)
        else:
            share = (value - self.least) / (self.most - self.least)
        return self.start + share * (self.end - self.start)

    def marks(self):
        if self.is_log:
            first, last = math.floor(math.log10(self.least)), math.ceil(math.log10(self.most))
            powers = [10.0 ** power for power in range(first, last + 1)]
            factors = (1, 2, 5) if last - first <= 3 else (1,)
            return [
                power * factor for power in powers for factor in factors
                if self.least <= power * factor <= self.most]
        rough = (self.most - self.least) / 6
        power = 10 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
        first = math.ceil(self.least / step - 1e-9)
        last = math.floor(self.most / step + 1e-9)
        return [step * index for index in range(first, last + 1)]


def head(title, height=HEIGHT):
    light = "".join(f".c{index}{{--c:{color}}}" for index, (color, _) in enumerate(COLORS))
    dark = "".join(f".c{index}{{--c:{color}}}" for index, (_, color) in enumerate(COLORS))
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" font-family="system-ui, sans-serif" '
        'font-size="12">')
    yield (
        "<style>.paper{fill:#fff}text{fill:#24292f}.grid{stroke:#d8dee4}"
        + light + ".l{fill:none;stroke:var(--c);stroke-width:2}.d{fill:var(--c)}"
        "@media(prefers-color-scheme:dark){.paper{fill:#0d1117}text{fill:#d6dde4}"
        ".grid{stroke:#30363d}" + dark + "}</style>")
    yield f"<title>{html.escape(title)}</title>"
    yield f'<rect class="paper" width="{WIDTH}" height="{height}"/>'
    yield f'<text x="{LEFT}" y="24" font-size="15">{html.escape(title)}</text>'


def grid(horizontal, vertical, x, y):
    for mark in horizontal.marks():
        place = horizontal.place(mark)
        yield f'<path class="grid" d="M{place:.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
        yield (
            f'<text x="{place:.1f}" y="{HEIGHT - BOTTOM + 17}" text-anchor="middle">'
            f"{mark:,g}</text>")
    for mark in vertical.marks():
        place = vertical.place(mark)
        yield f'<path class="grid" d="M{LEFT} {place:.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text x="{LEFT - 7}" y="{place + 4:.1f}" text-anchor="end">{mark:,g}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle}" y="{HEIGHT - 11}" text-anchor="middle">{html.escape(x)}</text>'
    turn = (TOP + HEIGHT - BOTTOM) / 2
    yield (
        f'<text transform="translate(16 {turn}) rotate(-90)" text-anchor="middle">'
        f"{html.escape(y)}</text>")


def line(one, index, horizontal, vertical, place):
    color = f"c{index % len(COLORS)}"
    points = [
        (horizontal.place(x), vertical.place(y)) for x, y in one.points if y is not None]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    dash = ' stroke-dasharray="6 4"' if one.is_limit else ""
    if points:
        yield f'<path class="l {color}" d="M{path}"{dash}/>'
    if not one.is_limit and len(points) <= 30:
        for x, y in points:
            yield f'<circle class="d {color}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
    start = WIDTH - RIGHT + 14
    yield f'<path class="l {color}" d="M{start} {place}h20"{dash}/>'
    yield f'<text x="{start + 27}" y="{place + 4}">{html.escape(one.name)}</text>'
