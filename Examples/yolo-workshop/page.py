"""The page: what was measured on what, sentences, plots and tables, in one file."""

import dataclasses
import html as markup
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Benchmarks"))

from measuring.plot import Bars, Plot, Series  # noqa: E402

__all__ = ["Bars", "Plot", "Section", "Series", "html"]

STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}
td,th{padding:.25rem .75rem;border-bottom:1px solid #8886;text-align:right}
td:first-child,th:first-child{text-align:left}
svg{max-width:100%;height:auto}
@media print{body{max-width:none}section{break-inside:avoid}}
"""


@dataclasses.dataclass
class Section:
    """One exercise: what follows from it, its table and its plots."""

    title: str
    sentences: list
    rows: list = dataclasses.field(default_factory=list)
    plots: list = dataclasses.field(default_factory=list)

    def html(self):
        yield f"<section><h2>{markup.escape(self.title)}</h2><ul>"
        yield from (f"<li>{markup.escape(sentence)}</li>" for sentence in self.sentences)
        yield "</ul>"
        yield from (plot.svg() for plot in self.plots)
        if self.rows:
            yield "<table>"
            for number, row in enumerate(self.rows):
                cell = "td" if number else "th"
                yield "<tr>" + "".join(
                    f"<{cell}>{markup.escape(text)}</{cell}>" for text in row) + "</tr>"
            yield "</table>"
        yield "</section>"


def html(bench, sections):
    title = f"The workshop exercise: {bench.description['name']}"
    length = "quick, too short for figures to rely on" if bench.is_quick else \
        "not full runs by MLPerf's rules, and no MLPerf results"
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{markup.escape(title)}</title>",
        f'<meta name=viewport content="width=device-width"><style>{STYLE}</style>',
        f"<h1>{markup.escape(title)}</h1>",
        f"<p>{bench.rounds} rounds of {bench.seconds} for each, in turns; {length}. Ratios are "
        "geometric means over the rounds, with their intervals of 95 %. Tables and plots have "
        "medians.</p><table>"]
    for key, value in bench.environment.items():
        if key not in ("target", "where", "encoding", "instances", "runtime"):
            parts.append(
                f"<tr><td>{markup.escape(key)}</td><td>{markup.escape(str(value))}</td></tr>")
    parts.append("</table>")
    for section in sections:
        parts += section.html()
    return "\n".join(parts) + "\n</html>\n"
