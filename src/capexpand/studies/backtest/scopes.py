"""Which reported series are compared, and which are not, with the reason: declared once, for every backtest.

A company's capital expenditure is a series of its own by its measure: with or without finance leases, gross
or net of proceeds. What measures differently is never put into one series.
"""

from __future__ import annotations

from dataclasses import dataclass

SPENDING_PREFIX = "capex"
YEAR_METRICS = ("capex_fiscal_year", "capex_year")
"""Totals of four quarters; with all but some of them known they give the sum of those."""

OTHER_SPANS = ("_half_year", "_trailing", "_fiscal_year", "_year")
"""Parts of the names of metrics that are no single quarter."""

ANNOUNCED = ("total", "range", "approximate", "floor")
"""Kinds of amounts that a company stands behind; forecasts by others and mere considerations are not."""


LONGER_HISTORIES = {
    ("Alphabet", "capex"): ("Alphabet", "capital_expenditure"),
    ("Microsoft", "capex_cash"): ("Microsoft", "capital_expenditure"),
}
"""Series of reports whose earlier quarters are in the table of histories, under another name."""


PLANNED_MEASURES = {
    ("Microsoft", "capex"): "capex_incl_finance_leases",
    ("Meta", "capex"): "capex_incl_finance_leases",
}
"""The measure of capital expenditure that a planned company speaks of, where it has a name of its own."""


@dataclass(frozen=True, slots=True)
class NotCompared:
    """A reported series that is left out, and why."""

    company: str
    metric: str
    reason: str


NEVER_COMPARED = (
    NotCompared("*", "free_cash_flow", "of the whole group, commerce included, and nobody states a bridge"),
    NotCompared("*", "free_cash_flow_fiscal_year", "of the whole group, commerce included"),
    NotCompared("*", "group_adjusted_ebita", "of the whole group, commerce included"),
    NotCompared("*", "total_revenue", "of the whole group, commerce included"),
    NotCompared("*", "ai_product_revenue", "a part of cloud revenue whose definition a case does not have"),
    NotCompared("*", "cloud_revenue_estimate", "a broker's estimate, not a report"),
    NotCompared("*", "cloud_adjusted_ebita_estimate", "a broker's estimate, not a report"),
)
"""Series of a planned company that a backtest names and does not score."""


@dataclass(frozen=True, slots=True)
class ScopeBreak:
    """From this quarter on a reported series holds something else than before."""

    company: str
    metric: str
    quarter: str
    reason: str


SCOPE_BREAKS = (
    ScopeBreak(
        "Alibaba", "cloud_adjusted_ebita", "2026Q2", "the segment was restated with the chip maker's losses"
    ),
)


@dataclass(frozen=True, slots=True)
class ListSuccessor:
    """A price list that took the place of an older one for the same use; only scoring looks at it."""

    model: str
    successor: str
    reason: str


LIST_SUCCESSORS = (
    ListSuccessor("deepseek-chat", "deepseek-v3.2", "the general model of the same developer and size"),
    ListSuccessor(
        "deepseek-chat", "deepseek-v4-flash", "the developer's small general model, at the same use"
    ),
)


def is_quarterly_spending(metric: str) -> bool:
    """Tell whether a metric is capital expenditure of single quarters.

    Args:
        metric: name in the catalogue of actuals.
    """
    spans = any(part in metric for part in OTHER_SPANS)
    return metric.startswith(SPENDING_PREFIX) and not spans and "combined" not in metric


def scope_break(company: str, metric: str, quarter: str) -> str:
    """Say why a reported figure is of another scope than the series began with; empty where it is not."""
    return next(
        (
            each.reason
            for each in SCOPE_BREAKS
            if (each.company, each.metric) == (company, metric) and each.quarter <= quarter
        ),
        "",
    )
