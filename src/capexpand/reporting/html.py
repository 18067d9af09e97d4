"""A sheet as one self-contained page, and as a short piece of HTML for a notebook."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING

from capexpand.reporting import serial
from capexpand.reporting.blocks import WORDY
from capexpand.reporting.bundle import javascript
from capexpand.reporting.charts import palette
from capexpand.reporting.charts.drawing import CONFIG, Chart, Quarters, shared_legend, svg
from capexpand.reporting.templating import environment
from capexpand.wording import printable

if TYPE_CHECKING:
    from capexpand.reporting.sheet import Sheet

DENSE = 12
"""Number of columns above which a table is set in small letters."""


def page(sheet: Sheet) -> str:
    """Return a sheet as HTML that needs nothing from outside."""
    return (
        environment()
        .get_template("sheet.html")
        .render(
            sheet=sheet,
            dense=DENSE,
            wordy=WORDY,
            shared_legend=shared_legend,
            data=_embedded(sheet.charts, sheet.quarters),
            javascript=javascript(),
        )
    )


def _embedded(charts: tuple[Chart, ...], quarters: Quarters) -> str:
    """The charts as JSON that can stand inside a script element."""
    document = {
        "quarters": {"q": quarters.labels, "d": quarters.starts, "e": quarters.ends},
        "window": quarters.window,
        "colours": {"window": palette.WINDOW},
        "config": CONFIG,
        "charts": {chart.identifier: _chart(chart) for chart in charts},
    }
    text = json.dumps(
        serial.plain(document), ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )  # short, since a page holds thousands of numbers
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _chart(chart: Chart) -> serial.Document:
    series = [{"s": one.name, "k": one.mark, "v": one.values} for one in chart.series]
    return {"spec": chart.spec, "series": series, "rows": chart.rows, "shaded": chart.shaded}


def excerpt(sheet: Sheet) -> str:
    """Return the facts and answers of a sheet with its first picture, for a notebook's output."""
    facts = " · ".join(f"{fact.name} {fact.text}" for fact in sheet.facts)
    rows = "".join(
        f"<tr><th style='text-align:left;vertical-align:top'>{_text(answer.question)}</th>"
        f"<td style='text-align:left'>{_text(answer.text)}</td></tr>"
        for answer in sheet.answers
    )
    chart = _first_chart(sheet)
    picture = "" if chart is None else f"<p>{_text(chart.title)}</p>{svg(chart, sheet.quarters)}"
    return f"<h3>{_text(sheet.title)}</h3><p>{_text(facts)}</p><table>{rows}</table>{picture}"


def _text(text: str) -> str:
    return escape(printable(text))


def _first_chart(sheet: Sheet) -> Chart | None:
    return next(iter(sheet.charts), None)
