"""How far a method errs: a scale for each series, from its own errors and those of other companies.

An error e of the logarithm, h quarters ahead, has the size x = e² / (hᵖ f²): p says how the variance grows
with the horizon, and f² = 1 + (G / 0.25)² that a series errs more whose logarithm is expected to grow by G in
a year. The scale s of Student's distribution of a series is the most likely one beside three errors of the
scale that other companies have: s² = (3 s_p² + Σ w u x) / (3 + Σ w), with u = (ν + 1) / (ν + x / s²), so that
a single leap widens it little. s_p is the geometric mean of other companies' scales and of a prior, so that
no company's own figures set the scale that it starts from. All errors of one origin count as one case
together, since they overlap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np

from capexpand.forecasting.losses import LEVELS, Quantiles
from capexpand.forecasting.series import Floats, Integers, Kind

PRIOR_DEVIATIONS: dict[Kind, float] = {"spending": 0.208, "revenue": 0.032, "demand": 0.13}
"""Standard deviation of the logarithm a quarter ahead before any error is known (estimates)."""

FREEDOMS: dict[Kind, float] = {"spending": 8.0, "revenue": 3.0, "demand": 3.0}
"""Degrees of freedom of Student's distribution."""

POWERS: dict[Kind, float] = {"spending": 1.0, "revenue": 1.1, "demand": 1.1}
"""Power of the horizon with which the variance grows."""

DOUBLING_GROWTH = 0.25
"""Expected growth of the logarithm in a year that doubles the variance of revenue and demand."""

ROUNDS = 4  # of the search for the most likely scale

PRIOR_COMPANIES = 4.0  # companies that the prior deviation stands for
PRIOR_CASES = 3.0  # own origins that the scale of the others stands for
SCALE_HALF_LIFE = 12.0  # quarters in which the weight of an error halves


@dataclass(frozen=True, slots=True)
class Spread:
    """The distribution of a method's errors.

    Args:
        deviation: scale of Student's distribution, of the logarithm a quarter ahead.
        freedom: its degrees of freedom.
        power: of the horizon with which the variance grows.
    """

    deviation: float
    freedom: float
    power: float = 1.0

    def deviation_at(self, horizon: float) -> float:
        """Return the scale of the logarithm some quarters ahead.

        Args:
            horizon: quarters ahead.
        """
        return float(self.deviation * horizon ** (self.power / 2.0))

    def width(self, level: float, horizon: float) -> float:
        """Return the logarithm of a quantile over the median.

        Args:
            level: of the quantile.
            horizon: quarters ahead.
        """
        return self.deviation_at(horizon) * student_quantile(level, self.freedom)

    def quantile(self, median: float, level: float, horizon: float) -> float:
        """Return a quantile around a median.

        Args:
            median: of the forecast.
            level: of the quantile.
            horizon: quarters ahead.
        """
        return median * math.exp(self.width(level, horizon))

    def around(self, median: float, horizon: float) -> Quantiles:
        """Return the quantiles of the 80 % interval around a median.

        Args:
            median: of the forecast.
            horizon: quarters ahead.
        """
        return Quantiles(*(self.quantile(median, level, horizon) for level in LEVELS))


@lru_cache(maxsize=256)
def student_quantile(level: float, freedom: float) -> float:
    """Return a quantile of Student's distribution.

    With three degrees of freedom t = √3 tan θ has the distribution ½ + (θ + sin θ cos θ) / π, whose inverse
    Newton's steps find, so that the check of a case need not load scipy.

    Args:
        level: of the quantile, inside (0, 1).
        freedom: degrees of freedom.
    """
    if freedom == 3.0:
        area, angle = math.pi * (level - 0.5), 0.0
        for _ in range(40):
            angle += (area - angle - math.sin(angle) * math.cos(angle)) / (2.0 * math.cos(angle) ** 2)
        return math.sqrt(3.0) * math.tan(angle)
    from scipy.special import stdtrit

    return float(stdtrit(freedom, level))


@dataclass(frozen=True, slots=True)
class ErrorCase:
    """The error of one forecast.

    Args:
        series: company and measure.
        quarter: that was forecast.
        horizon: quarters ahead.
        error: logarithm of actual over median.
        known_on: the day on which it became known.
        factor: by which such errors are usually larger, f.
    """

    series: tuple[str, str]
    quarter: int
    horizon: int
    error: float
    known_on: date
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Errors:
    """The errors of one method on all series of one kind, as arrays [case].

    Args:
        kind: of the series.
        names: company and measure of the series that ``series`` counts.
        series: index of what was forecast.
        size: x = e² / (hᵖ f²).
        weight: share of its origin.
        quarter: that was forecast.
        known_on: ordinal of the day on which the error became known.
    """

    kind: Kind
    names: tuple[tuple[str, str], ...]
    series: Integers
    size: Floats
    weight: Floats
    quarter: Integers
    known_on: Integers

    @classmethod
    def of(cls, kind: Kind, cases: Sequence[ErrorCase]) -> Errors:
        """Return the errors of some cases."""
        names = tuple(sorted({case.series for case in cases}))
        position = {name: index for index, name in enumerate(names)}
        horizon = np.array([case.horizon for case in cases], dtype=np.float64)
        error = np.array([case.error for case in cases], dtype=np.float64)
        factor = np.array([case.factor for case in cases], dtype=np.float64)
        return cls(
            kind,
            names,
            np.array([position[case.series] for case in cases], dtype=np.int64),
            error**2 / (horizon ** POWERS[kind] * factor**2),
            _share(horizon),
            np.array([case.quarter for case in cases], dtype=np.int64),
            np.array([case.known_on.toordinal() for case in cases], dtype=np.int64),
        )

    def spread(self, series: tuple[str, str], day: date, *, now: int, factor: float = 1.0) -> Spread:
        """Return the spread of the forecasts of a series on a day, from the errors known on it.

        Args:
            series: company and measure that are forecast.
            day: the last day that counts.
            now: number of its newest quarter, from which ages count.
            factor: by which errors of the series are usually larger, f.
        """
        freedom = FREEDOMS[self.kind]
        prior = PRIOR_DEVIATIONS[self.kind] ** 2 * (freedom - 2.0) / freedom
        known = self.known_on <= day.toordinal()
        ages = np.maximum(now - self.quarter, 0)
        weight = np.where(known, self.weight * 2.0 ** (-ages / SCALE_HALF_LIFE), 0.0)
        count = np.bincount(self.series, weight, minlength=len(self.names))
        same = np.array([company == series[0] for company, _ in self.names], dtype=np.bool_)
        shares = np.where(same, 0.0, count / (PRIOR_CASES + count))
        starts = np.full(len(self.names), prior)
        others = np.log(self._most_likely(starts, self.series, weight=weight, sizes=self.size))
        pooled = math.exp(
            (PRIOR_COMPANIES * math.log(prior) + float(shares @ others))
            / (PRIOR_COMPANIES + float(shares.sum()))
        )
        own = np.array([name == series for name in self.names], dtype=np.bool_)[self.series]
        square = self._most_likely(
            np.array([pooled]),
            np.zeros(int(own.sum()), dtype=np.int64),
            weight=weight[own],
            sizes=self.size[own],
        )
        return Spread(math.sqrt(float(square[0])) * factor, freedom, POWERS[self.kind])

    def _most_likely(self, start: Floats, series: Integers, *, weight: Floats, sizes: Floats) -> Floats:
        """The squares of the most likely scales beside ``PRIOR_CASES`` errors of a scale [series]."""
        freedom, found = FREEDOMS[self.kind], start
        count = PRIOR_CASES + np.bincount(series, weight, minlength=start.size)
        for _ in range(ROUNDS):
            counted = weight * (freedom + 1.0) / (freedom + sizes / found[series])
            squares = np.bincount(series, counted * sizes, minlength=start.size)
            found = (PRIOR_CASES * start + squares) / count
        return found


def usual_factor(kind: Kind, growth: float, figures: int) -> float:
    """Return by how much errors are larger, f, where a model expects growth or knows few figures.

    A mean of n changes and two of nothing strays by 1 / √(n + 2) of the deviation of one, so over a year the
    variance is 1 + 4 / (n + 2) times that of the changes to come.

    Args:
        kind: of the series; spending takes its growth from all companies.
        growth: of the logarithm in a year.
        figures: quarters known; from five on the year before is known.
    """
    from capexpand.forecasting.models import NO_CHANGES, YEAR

    if kind == "spending":
        return 1.0
    few = YEAR / (figures - 1 + NO_CHANGES) if figures <= YEAR else 0.0
    return math.hypot(1.0, growth / DOUBLING_GROWTH) * math.sqrt(1.0 + few)


def _share(horizon: Floats) -> Floats:
    """The share of one origin that an error counts, near ones more."""
    from capexpand.forecasting.models import FARTHEST

    return (1.0 / np.maximum(horizon, 1.0)) / math.fsum(1.0 / ahead for ahead in range(1, FARTHEST + 1))
