"""What companies said they would spend, by period in the unit of their reports, and its revisions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from capexpand.catalogue import Programme, programmes
from capexpand.studies.backtest.quarters import middle_day, quarter_of
from capexpand.studies.backtest.reports import CURRENCY, UNITS_PER_AMOUNT, ReportedSeries
from capexpand.studies.backtest.scopes import ANNOUNCED

NO_REVISION_QUARTERS = 8.0
"""Quarters without a revision that the rate of revisions starts from."""


@dataclass(frozen=True, slots=True)
class Guidance:
    """An amount for a period, in the unit of the reported series.

    Args:
        quarters: numbers of those whose middle lies in the period.
        amount: the middle of a range.
        announced_on: the day.
        bridged: what was added for the rest of the group over the period; 0 where the scope is that of
            the reports.
    """

    quarters: tuple[int, ...]
    amount: float
    announced_on: date
    bridged: float


@dataclass(frozen=True, slots=True)
class UnlikeGuidance:
    """An amount that is left out, since its scope is not that of what the company reports."""

    company: str
    announced_on: date
    scope: str
    reason: str


def is_of(row: Programme, company: str) -> bool:
    """Tell whether a programme is a company's; the catalogue may name its owner in brackets."""
    return row.company == company or (f"({company})" in row.company and "+" not in row.company)


def is_capital_expenditure(row: Programme) -> bool:
    """Tell whether a programme is meant as capital expenditure of the whole company, by its scope."""
    return "capex" in row.scope.casefold()


def _amount(row: Programme) -> float:
    low = row.amount or 0.0
    return (low + (row.amount_high or low)) / 2.0


def _covered(row: Programme) -> tuple[int, ...]:
    span = range(quarter_of(row.period_start), quarter_of(row.period_end) + 1)
    return tuple(q for q in span if row.period_start <= middle_day(q) <= row.period_end)


def guidance_for(
    series: ReportedSeries, beside: float | None
) -> tuple[tuple[Guidance, ...], tuple[UnlikeGuidance, ...]]:
    """List what a company said, the newest last for each period, and what is left out for its scope.

    Args:
        series: what it reports.
        beside: what the group spends beside an announced programme [the series' unit a quarter]; None where
            nobody states it, and then a programme that is not all of capital expenditure is left out.
    """
    found: list[Guidance] = []
    unlike: list[UnlikeGuidance] = []
    for row in sorted(programmes(), key=lambda row: (row.announced_date, row.amount_kind)):
        if not is_of(row, series.company) or row.currency != CURRENCY[series.unit]:
            continue
        quarters = _covered(row)
        if row.amount_kind not in ANNOUNCED or row.amount is None or len(quarters) < 2:
            continue
        amount, bridged = _amount(row) / UNITS_PER_AMOUNT[series.unit], 0.0
        if not is_capital_expenditure(row):
            if beside is None:
                reason = "not said to be all of capital expenditure, and nobody states the rest"
                unlike.append(UnlikeGuidance(series.company, row.announced_date, row.scope, reason))
                continue
            bridged = beside * len(quarters)
        found.append(Guidance(quarters, amount + bridged, row.announced_date, bridged))
    return tuple(found), tuple(unlike)


def revision_rate(as_of: date) -> float:
    """Return the drift of announced amounts as change of the logarithm a quarter, pooled over companies.

    For every amount and period that a company stands behind, the change of the logarithm from the first
    to the
    newest wording, and the quarters between the first and the day (or the period's end): the sum of the
    changes over the sum of the quarters and ``NO_REVISION_QUARTERS`` more, so that few cases say little.

    Args:
        as_of: the day.
    """
    wordings: dict[tuple[str, date, date, str], list[Programme]] = {}
    for row in programmes():
        if row.amount_kind in ANNOUNCED and row.amount is not None:
            key = row.company, row.period_start, row.period_end, row.currency
            wordings.setdefault(key, []).append(row)
    changes: list[float] = []
    quarters: list[float] = []
    for (_, _, end, _), rows in wordings.items():
        ordered = sorted(rows, key=lambda row: (row.announced_date, _amount(row)))
        first = ordered[0].announced_date
        changes.append(math.log(_amount(ordered[-1]) / _amount(ordered[0])))
        quarters.append(max((min(as_of, end) - first).days, 0) / 91.3125)
    return math.fsum(changes) / (math.fsum(quarters) + NO_REVISION_QUARTERS)


def latest_by_quarter(guidance: tuple[Guidance, ...]) -> Mapping[int, Guidance]:
    """Return, for each quarter, the guidance that counts: the shortest that covers it, then the newest.

    Args:
        guidance: of one company, the newest last.
    """
    found: dict[int, Guidance] = {}
    for each in guidance:
        for quarter in each.quarters:
            before = found.get(quarter)
            if before is None or len(each.quarters) <= len(before.quarters):
                found[quarter] = each
    return found
