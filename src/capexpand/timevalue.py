"""Quarters and the value of time: the planning calendar, and discount factors by quarter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

MONTHS_PER_QUARTER = 3

HOURS_PER_QUARTER = 365.25 / 4 * 24
"""Hours in a quarter [h], a quarter of a year of 365.25 days."""


class Horizon(Protocol):
    """Anything that says when the first quarter starts and how many quarters there are."""

    @property
    def start(self) -> date:
        """First day of the first quarter."""
        ...

    @property
    def quarters(self) -> int:
        """Number of quarters."""
        ...


def add_months(day: date, months: int) -> date:
    """Return the first day of the month that is ``months`` after that of ``day``."""
    total = day.year * 12 + day.month - 1 + months
    return date(total // 12, total % 12 + 1, 1)


def is_quarter_start(day: date) -> bool:
    """Tell whether ``day`` is the first of January, April, July or October."""
    return day.day == 1 and day.month % MONTHS_PER_QUARTER == 1


def years_between(earlier: date, later: date) -> float:
    """Return the calendar years from one date to another; four quarters are one year exactly.

    Args:
        earlier: where counting starts.
        later: where it ends; the result is negative where this is before ``earlier``.

    Returns:
        Time [year], by whole months and the share of the month that the days make up.
    """
    return _months_since_epoch(later) / 12 - _months_since_epoch(earlier) / 12


@lru_cache(maxsize=10_000)
def _months_since_epoch(day: date) -> float:
    length = (add_months(day, 1) - day.replace(day=1)).days
    return day.year * 12 + day.month - 1 + (day.day - 1) / length


def quarters_spanned(months: float) -> int:
    """Return how many whole quarters a duration takes up, rounding up.

    Args:
        months: duration [month]; rounding noise of 1e-9 months is ignored.

    Returns:
        Whole quarters, 0 for a duration of zero.
    """
    return max(0, math.ceil(months / MONTHS_PER_QUARTER - 1e-9))


@dataclass(frozen=True, slots=True)
class QuarterCalendar:
    """The quarters of a planning horizon.

    Args:
        start: first day of the first quarter.
        quarters: number of quarters.
    """

    start: date
    quarters: int

    @property
    def starts(self) -> tuple[date, ...]:
        """First day of each quarter."""
        return quarter_starts(self.start, self.quarters)

    @property
    def ends(self) -> tuple[date, ...]:
        """Last day of each quarter."""
        return tuple(day - timedelta(days=1) for day in quarter_starts(self.start, self.quarters + 1)[1:])

    @property
    def end(self) -> date:
        """First day after the horizon."""
        return add_months(self.start, MONTHS_PER_QUARTER * self.quarters)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names such as ``2025Q2``, one for each quarter."""
        return tuple(f"{day.year}Q{(day.month + 2) // 3}" for day in self.starts)

    def index(self, day: date) -> int:
        """Return the index of the quarter in which ``day`` lies; negative before the horizon.

        Args:
            day: any date; one after the horizon gives an index of ``quarters`` or more.
        """
        months = (day.year - self.start.year) * 12 + day.month - self.start.month
        return months // MONTHS_PER_QUARTER

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end


@lru_cache(maxsize=64)
def quarter_starts(start: date, quarters: int) -> tuple[date, ...]:
    """Return the first day of each of ``quarters`` quarters from ``start``."""
    return tuple(add_months(start, MONTHS_PER_QUARTER * quarter) for quarter in range(quarters))


def discount_factors(rate_fraction: float, quarters: int) -> NDArray[float64]:
    """Return what a unit of money received in the middle of each quarter is worth at the start.

    The factor of quarter t, from 0, is (1 + r)^-((t + 1/2) / 4), with r compounding yearly.

    Args:
        rate_fraction: discount rate r [1/year], above -1.

    Returns:
        Factors, shape [quarter].
    """
    import numpy as np

    return np.asarray((1.0 + rate_fraction) ** (-(np.arange(quarters) + 0.5) / 4.0), dtype=np.float64)


def end_discount_factor(rate_fraction: float, quarters: int) -> float:
    """Return what a unit of money at the end of the horizon is worth at the start: (1 + r)^-(T / 4).

    Args:
        rate_fraction: discount rate r [1/year], above -1.
        quarters: length T of the horizon.
    """
    return (1.0 + rate_fraction) ** (-quarters / 4.0)
