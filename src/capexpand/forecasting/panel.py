"""All series that are known together, forecast on each day on which one of them was reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np

from capexpand.forecasting.guidance import Guidance
from capexpand.forecasting.models import METHODS, YEAR, Method, medians, pooled_growth
from capexpand.forecasting.quarters import quarter_of
from capexpand.forecasting.series import KINDS, Floats, Kind, Path, Series
from capexpand.forecasting.spread import ErrorCase, Errors, Spread, usual_factor


@dataclass(frozen=True, slots=True)
class Origin:
    """One day on which a series was forecast.

    Args:
        series: which.
        day: the day.
        path: the series as known on it.
        medians: logarithms by method [quarter ahead].
    """

    series: Series
    day: date
    path: Path
    medians: Mapping[Method, Floats]

    @property
    def factor(self) -> float:
        """By how much errors are usually larger than those of a series that does not grow."""
        growth = float(self.medians["model"][YEAR - 1] - self.path.logs[-1])
        return usual_factor(self.series.kind, growth, self.path.logs.size)


@dataclass(frozen=True)
class Panel:
    """Series whose growth and errors are pooled.

    Args:
        series: of all companies.
        guidance: by company and measure, the newest last.
    """

    series: tuple[Series, ...]
    guidance: Mapping[tuple[str, str], Sequence[Guidance]] = field(default_factory=dict)

    def growth(self, day: date) -> float:
        """Return the rate at which spending grows in a quarter, pooled over what was known on a day.

        Changes over a year count, which no season moves; those from quarter to quarter where no others are
        known.
        """
        for changes in self._changes:
            known = [(quarter, size) for quarter, size, known_on in changes if known_on <= day]
            if known:
                return pooled_growth(known, quarter_of(day))
        return 0.0

    def origin(self, series: Series, day: date) -> Origin | None:
        """Forecast a series on a day, by every method; None where nothing of it was known.

        Args:
            day: the last day that counts.
        """
        path = series.path(day)
        if path is None:
            return None
        given = self.guidance.get(series.key, ())
        known = [each for each in given if each.announced_on <= day]
        growth = self.growth(day) if series.kind == "spending" else 0.0
        return Origin(series, day, path, medians(path, series.kind, growth=growth, guidance=known))

    @cached_property
    def origins(self) -> tuple[Origin, ...]:
        """The forecasts of every series on every day on which it was reported."""
        found = (self.origin(series, day) for series in self.series for day in series.report_days)
        return tuple(each for each in found if each is not None)

    def spread(self, origin: Origin, method: Method) -> Spread:
        """Return how far a method errs on a series, from the errors that were known on the day."""
        errors, now = self._errors[origin.series.kind, method], quarter_of(origin.day)
        return errors.spread(origin.series.key, origin.day, now=now, factor=origin.factor)

    def spread_of_others(self, kind: Kind, method: Method, day: date, *, now: int) -> Spread:
        """Return how far a method errs on a series of which no error is known.

        Args:
            day: the last day whose errors count.
            now: number of the quarter from which ages count.
        """
        return self._errors[kind, method].spread(("", ""), day, now=now)

    @cached_property
    def _changes(self) -> tuple[list[tuple[int, float, date]], ...]:
        spending = [series for series in self.series if series.kind == "spending"]
        return tuple([each for series in spending for each in series.changes(over)] for over in (YEAR, 1))

    @cached_property
    def _errors(self) -> dict[tuple[Kind, Method], Errors]:
        cases: dict[tuple[Kind, Method], list[ErrorCase]] = {
            (kind, method): [] for kind in KINDS for method in METHODS
        }
        for origin in self.origins:
            for method, path in origin.medians.items():
                cases[origin.series.kind, method] += _errors_of(origin, path)
        return {key: Errors.of(key[0], found) for key, found in cases.items()}


def _errors_of(origin: Origin, medians: Floats) -> list[ErrorCase]:
    found: list[ErrorCase] = []
    for ahead, median in enumerate(medians, start=1):
        quarter = origin.path.last + ahead
        came = origin.series.first_published.get(quarter)
        if came is not None and came.known_on > origin.day and np.isfinite(median):
            error = float(np.log(came.value) - median)
            found.append(ErrorCase(origin.series.key, quarter, ahead, error, came.known_on, origin.factor))
    return found
