"""Read what companies said that they would spend, by period in the unit of their reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from capexpand.catalogue import Programme, guidance, programmes
from capexpand.forecasting.guidance import Guidance
from capexpand.forecasting.quarters import quarters_within
from capexpand.studies.backtest.reports import CURRENCY, UNITS_PER_AMOUNT, ReportedSeries
from capexpand.studies.backtest.scopes import ANNOUNCED


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


def guidance_for(
    series: ReportedSeries, beside: float | None
) -> tuple[tuple[Guidance, ...], tuple[UnlikeGuidance, ...]]:
    """List what a company said, the newest last for each period, and what is left out for its scope.

    Args:
        beside: what the group spends beside an announced programme [million a quarter]; None where
            nobody states it, and then a programme that is not all of capital expenditure is left out.
    """
    found: list[Guidance] = []
    unlike: list[UnlikeGuidance] = []
    for row in sorted(programmes(), key=lambda row: (row.announced_date, row.amount_kind)):
        if not is_of(row, series.company) or row.currency != CURRENCY[series.unit]:
            continue
        quarters = quarters_within(row.period_start, row.period_end)
        if row.amount_kind not in ANNOUNCED or row.amount is None or len(quarters) < 2:
            continue
        amount, bridged = _amount(row) / UNITS_PER_AMOUNT[series.unit], 0.0
        if not is_capital_expenditure(row):
            if beside is None:
                reason = "not said to be all of capital expenditure, and nobody states the rest"
                unlike.append(UnlikeGuidance(series.company, row.announced_date, row.scope, reason))
                continue
            bridged = beside * 1e6 / UNITS_PER_AMOUNT[series.unit] * len(quarters)
        found.append(Guidance(quarters, amount + bridged, row.announced_date, bridged))
    found += _ranges(series)
    return tuple(sorted(found, key=lambda each: each.announced_on)), tuple(unlike)


def _ranges(series: ReportedSeries) -> Iterator[Guidance]:
    """The ranges for capital expenditure that the catalogue has beside programmes."""
    for row in guidance():
        scale = UNITS_PER_AMOUNT.get(row.unit)
        alike = row.company == series.company and row.measure == "capital_expenditure"
        if alike and scale is not None and CURRENCY[row.unit] == CURRENCY[series.unit]:
            amount = (row.low + row.high) / 2.0 * scale / UNITS_PER_AMOUNT[series.unit]
            yield Guidance(quarters_within(row.period_start, row.period_end), amount, row.announced_date)
