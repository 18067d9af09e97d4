"""A case with its calendar: figures and series become numbers and arrays in the case's currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from capexpand.case.currencies import settled_rates
from capexpand.case.figures import Figure, Series
from capexpand.case.schema import Case
from capexpand.timevalue import QuarterCalendar

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class World:
    """A case with its calendar, and the conversions that need both."""

    case: Case
    calendar: QuarterCalendar
    destinations: tuple[str, ...]

    @classmethod
    def of(cls, case: Case) -> World:
        """Returns the world of a case; its destinations are those of its sites."""
        destinations = tuple(sorted({site.destination for site in case.sites.values()}))
        return cls(case, QuarterCalendar(case.calendar.start, case.calendar.quarters), destinations)

    @property
    def quarters(self) -> int:
        """Number of quarters."""
        return self.calendar.quarters

    def series(self, series: Series | None, otherwise: float = 0.0) -> Floats:
        """Returns values [quarter], in the case's currency where they are money."""
        if series is None:
            return np.full(self.quarters, otherwise)
        return series.values(self.calendar) * self._rate(series.currency)

    def relative_rate(self, currency: str | None) -> Floats:
        """Returns the exchange rate of a currency over that of the first quarter [quarter]."""
        rate = self._rate(currency)
        return rate / rate[0]

    def number(self, figure: Figure | None, otherwise: float = 0.0) -> float:
        """Returns a single value; money at the exchange rate of the first quarter."""
        if figure is None:
            return otherwise
        return figure.value * float(self._rate(figure.currency)[0])

    def dated(self, amounts: Mapping[date, Figure]) -> Floats:
        """Returns amounts [quarter] in the quarters of their dates."""
        result = np.zeros(self.quarters)
        for day, amount in amounts.items():
            result[self.calendar.index(day)] += self.number(amount)
        return result

    def _rate(self, currency: str | None) -> Floats:
        return settled_rates(self.case, currency, self.calendar)
