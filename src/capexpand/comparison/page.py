"""The comparison as one self-contained page, in the look of a report."""

from __future__ import annotations

import json
from collections.abc import Sequence

from capexpand.comparison.charts import comparison_charts
from capexpand.comparison.comparing import Comparison
from capexpand.comparison.rows import GROUPS, Group
from capexpand.comparison.summary import about_rates, about_window, headings, verdict
from capexpand.reporting.bundle import javascript
from capexpand.reporting.charts import palette
from capexpand.reporting.charts.drawing import Chart
from capexpand.reporting.page import CONFIG
from capexpand.reporting.page_tables import Row, Table
from capexpand.reporting.templating import environment


def comparison_page(comparison: Comparison) -> str:
    """Return the comparison as HTML that needs nothing from outside.

    Args:
        comparison: the programmes side by side.
    """
    names = headings(comparison)
    charts = comparison_charts(comparison)
    programmes = [
        {
            "name": name,
            "title": one.case.title,
            "label": one.label,
            "as_of": one.case.as_of,
            "window": about_window(one),
            "verdict": verdict(one, comparison.currency),
            "hash": one.findings.provenance.case_hash,
            "warnings": one.findings.warnings,
        }
        for name, one in zip(names, comparison.programmes, strict=True)
    ]
    return (
        environment()
        .get_template("comparison.html")
        .render(
            programmes=programmes,
            provenance=comparison.programmes[0].findings.provenance,
            rates=about_rates(comparison),
            currency=comparison.currency,
            day=comparison.rates.day,
            yardstick=None if comparison.yardstick is None else str(comparison.yardstick),
            tables=[_table(group, comparison, names) for group in GROUPS],
            charts=charts,
            data=_embedded(charts),
            javascript=javascript(),
        )
    )


def _table(group: Group, comparison: Comparison, names: Sequence[str]) -> Table:
    rows = tuple(
        Row(line.title, tuple(line.write(one.measures, comparison.currency) for one in comparison.programmes))
        for line in group.lines
    )
    return Table(group.title, ("", *names), rows, group.note)


def _embedded(charts: Sequence[Chart]) -> str:
    """The charts as JSON that can stand inside a script element; nothing here is by quarter."""
    empty: list[str] = []
    document = {
        "quarters": {"q": empty, "d": empty, "e": empty},
        "window": ["", ""],
        "colours": {"window": palette.WINDOW},
        "config": CONFIG,
        "charts": {
            chart.identifier: {"spec": chart.spec, "series": empty, "rows": chart.rows, "shaded": False}
            for chart in charts
        },
    }
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
