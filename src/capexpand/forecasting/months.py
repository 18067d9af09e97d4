"""A figure as a row of a table states it; figures of months and years beside those of quarters."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from capexpand.forecasting.quarters import FISCAL_DAYS, label
from capexpand.forecasting.units import SeriesUnit
from capexpand.timevalue import MONTHS_PER_QUARTER

_LEVELS = ("MW", "GW")
"""Amounts that stand at a time, of which months are not added up."""
_YEAR_TOLERANCE = 0.01
"""By what part a stated year may differ from the sum of its quarters."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of a table of figures.

    Args:
        line: of the table.
        company: its name.
        measure: its name.
        end: last day of the quarter or month.
        quarter: its number.
        value: the amount in the unit.
        unit: as written.
        known_on: day of publication.
        dated: whether that day was stated.
    """

    line: int
    company: str
    measure: str
    end: date
    quarter: int
    value: float
    unit: SeriesUnit
    known_on: date
    dated: bool


def without_years(figures: Sequence[Figure]) -> tuple[list[Figure], list[Figure]]:
    """Return figures without those that stand beside the quarters of a year and are their sum, and these.

    Args:
        figures: of one series, above zero, of quarters or of months.
    """
    ends: dict[int, set[date]] = {}
    for each in figures:
        ends.setdefault(each.quarter, set()).add(each.end)
    twice = Counter((each.quarter, each.end) for each in figures)
    kept: list[Figure] = []
    years: list[Figure] = []
    for each in figures:
        beside = twice[each.quarter, each.end] > 1 and all(each.quarter - back in ends for back in range(4))
        (years if beside and _is_sum(each, figures) else kept).append(each)
    return kept, years


def _is_sum(year: Figure, figures: Sequence[Figure]) -> bool:
    """Tell whether a figure is what the others of its quarter and of the three before add up to."""
    parts = {
        each.end: each.value * each.unit.scale
        for each in sorted(figures, key=lambda figure: figure.line)
        if year.quarter - 4 < each.quarter <= year.quarter and each is not year
    }
    return math.isclose(sum(parts.values()), year.value * year.unit.scale, rel_tol=_YEAR_TOLERANCE)


def are_months(figures: Sequence[Figure]) -> bool:
    """Tell whether the figures of a series are of months: most quarters have two months or more."""
    months: dict[int, set[int]] = {}
    for each in figures:
        months.setdefault(each.quarter, set()).add(_month(each))
    several = sum(len(each) > 1 for each in months.values())
    return several >= 2 and 2 * several >= len(months)


def in_quarters(figures: Sequence[Figure], unit: SeriesUnit) -> tuple[list[Figure], str]:
    """Return the figures of whole quarters from those of months, and what to tell the reader of it.

    Amounts are added up; rates and what stands at a time are averaged. A quarter counts as known with the
    last of its months; one that lacks a month is left out.

    Args:
        figures: of one series, above zero.
        unit: in which they are added up.
    """
    latest: dict[int, dict[int, Figure]] = {}
    for each in sorted(
        figures, key=lambda figure: (figure.known_on if figure.dated else date.min, figure.line)
    ):
        value = each.value * (each.unit.scale / unit.scale)
        latest.setdefault(each.quarter, {})[_month(each)] = replace(each, value=value, unit=unit)
    averaged = "/" in unit.thing or unit.thing in _LEVELS
    whole: list[Figure] = []
    lacking: list[int] = []
    for quarter, months in sorted(latest.items()):
        if len(months) < MONTHS_PER_QUARTER:
            lacking.append(quarter)
            continue
        total = sum(each.value for each in months.values())
        last = max(months.values(), key=lambda each: each.end)
        known = max(each.known_on for each in months.values())
        whole.append(replace(last, value=total / MONTHS_PER_QUARTER if averaged else total, known_on=known))
    said = "the figures are of months; those of a quarter are " + ("averaged" if averaged else "added up")
    if lacking:
        names = ", ".join(label(quarter) for quarter in lacking[:4]) + (", …" if len(lacking) > 4 else "")
        said += f", and {names} left out for want of a month"
    return whole, said


def _month(figure: Figure) -> int:
    """The number of the month in which a figure ends; whole weeks may end a little later."""
    end = figure.end - timedelta(FISCAL_DAYS)
    return end.year * 12 + end.month
