"""Quarterly series of companies, each figure with the day on which it became known."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from capexpand.forecasting.units import parse_series_unit

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

Kind = Literal["spending", "revenue", "demand"]
KINDS: tuple[Kind, ...] = get_args(Kind)

PUBLICATION_DAYS = 45
"""Days from a quarter's end until its figures count as known where nobody gives the day (an estimate)."""

_NAMES: dict[Kind, re.Pattern[str]] = {
    "spending": re.compile(
        r"capex|capital_(expenditure|spending|investment|outlay|expense)|spending|productive_assets|cip_additions"
        r"|(purchase|addition|acquisition|payment|investment|expenditure)s?_.*"
        r"(property|plant|equipment|ppe\b|pp&e|fixed_assets|infrastructure|data_cent(er|re)s?\b)"
        r"|(property|equipment|ppe|pp&e|fixed_assets?|infrastructure)_(purchase|addition|acquisition|investment|spend)"
    ),
    "revenue": re.compile(
        r"revenue|sales|turnover|billings|bookings|umsatz"
        r"|^(?!.*(income|profit|margin|loss|earnings|ebit|cash|backlog|rpo|obligation|asset|cost|customers))"
        r".*(cloud|azure|\baws\b|data_cent(er|re)\b)"
    ),
    "demand": re.compile(
        r"demand|token|volume|usage|users|subscribers|traffic|requests|queries|shipments|consumption|load"
    ),
}


def kind_of(measure: str) -> Kind | None:
    """Return the model that a measure takes by its name, or None where it is neither of the three.

    Args:
        measure: such as ``capital_expenditure``, ``Purchases of property and equipment``, ``cloud_revenue``,
            ``azure``, ``tokens``.
    """
    name = re.sub(r"[\s,;/-]+", "_", measure.casefold().strip())
    if "growth" in name:
        return None
    return next((kind for kind, pattern in _NAMES.items() if pattern.search(name)), None)


@dataclass(frozen=True, slots=True)
class Observation:
    """A published figure.

    Args:
        quarter: the last quarter that it covers, as a number.
        value: in the unit of its series, above zero.
        known_on: the day of publication.
        quarters: how many it covers together.
    """

    quarter: int
    value: float
    known_on: date
    quarters: int = 1


@dataclass(frozen=True, slots=True)
class Path:
    """The logarithms of a series without gaps, as known on a day.

    Args:
        first: number of the first quarter.
        logs: [quarter] of a quarter's mean; a gap is filled by even growth.
    """

    first: int
    logs: Floats

    @property
    def last(self) -> int:
        """Number of the newest quarter."""
        return self.first + self.logs.size - 1


@dataclass(frozen=True)
class Series:
    """The published figures of one company and measure.

    Args:
        company: who.
        measure: of what.
        kind: which model forecasts it.
        unit: of all values.
        observations: in the order in which they became known; a restated quarter stands there twice.
    """

    company: str
    measure: str
    kind: Kind
    unit: str
    observations: tuple[Observation, ...]

    @classmethod
    def of(
        cls, company: str, measure: str, kind: Kind, *, unit: str, observations: Iterable[Observation]
    ) -> Series:
        """Return the series of some observations in any order; those that are not above zero are left out."""
        kept = (each for each in observations if each.value > 0.0 and math.isfinite(each.value))
        ordered = sorted(kept, key=lambda each: (each.known_on, each.quarter, each.quarters))
        return cls(company, measure, kind, unit, tuple(ordered))

    def as_known_on(self, day: date) -> Series | None:
        """Return the series without what became known after a day; None where nothing was known.

        Args:
            day: the last day that counts.
        """
        known = tuple(each for each in self.observations if each.known_on <= day)
        return replace(self, observations=known) if known else None

    @property
    def key(self) -> tuple[str, str]:
        """Company and measure."""
        return self.company, self.measure

    def scaled_to(self, unit: str) -> tuple[Observation, ...]:
        """Return the observations in another scale of the same unit, such as ``bn USD`` for ``mn USD``.

        Args:
            unit: to be expressed in.

        Raises:
            ValueError: it is another unit.
        """
        mine, wanted = parse_series_unit(self.unit), parse_series_unit(unit)
        if mine is None or wanted is None or mine.thing != wanted.thing:
            raise ValueError(f"{self.unit} cannot be expressed in {unit}")
        factor = mine.scale / wanted.scale
        return tuple(replace(each, value=each.value * factor) for each in self.observations)

    @cached_property
    def first_published(self) -> dict[int, Observation]:
        """What was published first of each single quarter: that is what a forecast is scored with."""
        found: dict[int, Observation] = {}
        for each in self.observations:
            if each.quarters == 1:
                found.setdefault(each.quarter, each)
        return found

    @cached_property
    def report_days(self) -> tuple[date, ...]:
        """The days on which a quarter became known that is newer than all before it, in order."""
        found: list[date] = []
        newest = -1
        for each in self.observations:
            if each.quarter > newest:
                newest = each.quarter
                if not found or found[-1] != each.known_on:
                    found.append(each.known_on)
        return tuple(found)

    def path(self, day: date) -> Path | None:
        """Return the series as known on a day, restated quarters as last stated by then; None without any.

        Args:
            day: the last day that counts.
        """
        values: dict[int, tuple[int, float]] = {}
        for each in self.observations:
            if each.known_on > day:
                break
            share = math.log(each.value / each.quarters)
            for quarter in range(each.quarter - each.quarters + 1, each.quarter + 1):
                if quarter not in values or values[quarter][0] >= each.quarters:
                    values[quarter] = each.quarters, share
        if not values:
            return None
        known = np.array(sorted(values))
        logs = np.array([values[quarter][1] for quarter in known.tolist()])
        return Path(int(known[0]), np.interp(np.arange(known[0], known[-1] + 1), known, logs))

    def changes(self, quarters: int) -> list[tuple[int, float, date]]:
        """List the changes of the logarithm over some quarters: until which, how much in each, known when.

        Only quarters that were published singly count, as they were published first.

        Args:
            quarters: between the two figures.
        """
        single = self.first_published
        return [
            (
                quarter,
                math.log(later.value / earlier.value) / quarters,
                max(later.known_on, earlier.known_on),
            )
            for quarter, later in sorted(single.items())
            if (earlier := single.get(quarter - quarters)) is not None
        ]
