"""The comparison as one self-contained page, in the look of a report."""

from __future__ import annotations

from capexpand.reporting.bundle import javascript
from capexpand.reporting.page import embed
from capexpand.reporting.templating import environment
from capexpand.studies.comparison.charts import comparison_charts
from capexpand.studies.comparison.comparing import Comparison
from capexpand.studies.comparison.summary import about_rates, about_window, group_tables, headings, verdict
from capexpand.wording import capitalised


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
            "window": about_window(one),
            "verdict": capitalised(verdict(one, comparison.currency)),
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
            tables=group_tables(comparison),
            charts=charts,
            data=embed(charts),
            javascript=javascript(),
        )
    )
