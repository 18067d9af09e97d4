"""Numbers of a case after reading: a figure with where it comes from, and a series of them by quarter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from capexpand.errors import CaseError, Problem
from capexpand.timevalue import Horizon, quarter_starts, years_between

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, in its canonical unit, and where it comes from.

    Args:
        value: the number [unit].
        unit: canonical unit, such as ``MW`` or ``mn CNY/MW``.
        written: what the user wrote, for tables and messages.
        currency: the currency in the unit, or None.
        source: where it was read, or None.
        reason: why it is assumed, or None.
        basis_date: the date of the evidence that it rests on, or None.
        known_on: when a fact of the catalogue became known, or None.
        verified: whether a fact of the catalogue was seen in its source, or None.
        hindsight: whether it rests on evidence later than the case's ``as_of``.
        source_kind: how near the source of a fact of the catalogue is to the fact's origin, or None.
        computed: whether it was worked out from a fact or by a replay rather than read.
    """

    value: float
    unit: str
    written: str
    currency: str | None = None
    source: str | None = None
    reason: str | None = None
    basis_date: date | None = None
    known_on: date | None = None
    verified: bool | None = None
    hindsight: bool = False
    source_kind: str | None = None
    computed: bool = False

    def __float__(self) -> float:
        return self.value

    @property
    def explained(self) -> bool:
        """Whether the number has a source or a reason."""
        return bool(self.source or self.reason)


@dataclass(frozen=True, slots=True)
class Series:
    """A quantity over time: steps, times smooth growth, times lasting changes, within bounds.

    The value on a day d is::

        clamp(step(d) × Π (1 + growth) ^ years(at, d) × Π (1 + change) for changes on or before d)

    Args:
        unit: canonical unit of the values.
        currency: the currency in the unit, or None.
        written: what the user wrote, shortened.
        steps: value [unit] from each date on; a date of None means from ever.
        growth: rate [1/year] from each date on; a date of None means from ever.
        at: the day on which growth has not yet changed the value; the horizon's start if None.
        changes: lasting relative change [fraction] from each date on.
        minimum: least value [unit], or None.
        maximum: largest value [unit], or None.
        limit: whether the value before the first step is zero; otherwise there must be none.
        figures: every number in it with its place inside, for tables of sources.
    """

    unit: str
    currency: str | None
    written: str
    steps: tuple[tuple[date | None, float], ...]
    growth: tuple[tuple[date | None, float], ...] = ()
    at: date | None = None
    changes: tuple[tuple[date, float], ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    limit: bool = False
    figures: tuple[tuple[str, Figure], ...] = ()

    @property
    def first_date(self) -> date | None:
        """The date of the first step; None where the value holds from ever."""
        return self.steps[0][0]

    @property
    def constant(self) -> bool:
        """Whether the value is the same on every day."""
        return len(self.steps) == 1 and self.steps[0][0] is None and not self.growth and not self.changes

    def on(self, day: date, start: date) -> float:
        """Return the value on a day.

        Args:
            day: the day asked for.
            start: first day of the horizon, from which growth counts unless ``at`` says otherwise.

        Returns:
            The value [unit].

        Raises:
            CaseError: the first step is later than ``day`` and the series is no limit.
        """
        value = self._step(day)
        if self.growth:
            value *= _growth_factor(self.growth, self.at or start, day)
        for changed, fraction in self.changes:
            if changed <= day:
                value *= 1.0 + fraction
        if self.minimum is not None:
            value = max(value, self.minimum)
        if self.maximum is not None:
            value = min(value, self.maximum)
        return value

    def _step(self, day: date) -> float:
        found: float | None = 0.0 if self.limit else None
        for begins, value in self.steps:
            if begins is not None and begins > day:
                break
            found = value
        if found is None:
            raise CaseError(
                [Problem(f"'{self.written}' says nothing before {self.first_date}, asked for {day}")]
            )
        return found

    def by_quarter(self, calendar: Horizon) -> tuple[float, ...]:
        """Return the value on the first day of each quarter.

        Returns:
            Values [unit], one for each quarter.

        Raises:
            CaseError: the first step is later than the first quarter and the series is no limit.
        """
        days = quarter_starts(calendar.start, calendar.quarters)
        if self.constant:
            return (self.on(calendar.start, calendar.start),) * len(days)
        return tuple(self.on(day, calendar.start) for day in days)

    def values(self, calendar: Horizon) -> NDArray[float64]:
        """Return the value on the first day of each quarter, as an array.

        Returns:
            Values [unit], shape [quarter].

        Raises:
            CaseError: the first step is later than the first quarter and the series is no limit.
        """
        import numpy as np

        return np.array(self.by_quarter(calendar), dtype=np.float64)


def _growth_factor(growth: tuple[tuple[date | None, float], ...], at: date, day: date) -> float:
    """Growth between two days: the product of (1 + rate) ^ years; infinite where it overflows."""
    earlier, later = min(at, day), max(at, day)
    factor = 1.0
    ends = [begins for begins, _ in growth[1:]] + [None]
    for (begins, rate), ends_before in zip(growth, ends, strict=True):
        first = earlier if begins is None else max(earlier, begins)
        last = later if ends_before is None else min(later, ends_before)
        if first < last:
            try:
                factor *= (1.0 + rate) ** years_between(first, last)
            except OverflowError:
                return math.inf if day >= at else 0.0
    if day >= at:
        return factor
    return 1.0 / factor if factor else math.inf
