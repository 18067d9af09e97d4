"""How far a method errs: a scale for each series, from its own errors and those of other companies.

An error e of the logarithm, h quarters ahead, estimates a variance v = e² / h. The variance of a series is
(n₀ v_p + Σ w v) / (n₀ + Σ w) over its own errors known on the day; v_p is the geometric mean of other
companies' variances and of a prior, so that no company's own figures set the scale that it starts from. All
errors of one origin count as one case together, since they overlap.
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

PRIOR_DEVIATIONS: dict[Kind, float] = {"spending": 0.208, "revenue": 0.05, "demand": 0.2}
"""Standard deviation of the logarithm a quarter ahead before any error is known (estimates)."""

FREEDOMS: dict[Kind, float] = {"spending": 8.0, "revenue": 4.0, "demand": 4.0}
"""Degrees of freedom of Student's distribution."""

PRIOR_COMPANIES = 4.0  # companies that the prior deviation stands for
PRIOR_CASES = 2.0  # own origins that the scale of the others stands for
SCALE_HALF_LIFE = 12.0  # quarters in which the weight of an error halves


@dataclass(frozen=True, slots=True)
class Spread:
    """The distribution of a method's errors.

    Args:
        deviation: scale of Student's distribution, of the logarithm a quarter ahead.
        freedom: its degrees of freedom.
    """

    deviation: float
    freedom: float

    def width(self, level: float, horizon: float) -> float:
        """Return the logarithm of a quantile over the median.

        Args:
            level: of the quantile.
            horizon: quarters ahead.
        """
        return self.deviation * math.sqrt(horizon) * student_quantile(level, self.freedom)

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

    With four degrees of freedom it has a closed form (Shaw, 2006, Journal of Computational Finance 9), so
    that the check of a case need not load scipy.

    Args:
        level: of the quantile, inside (0, 1).
        freedom: degrees of freedom.
    """
    if freedom == 4.0:
        alpha = math.sqrt(4.0 * level * (1.0 - level))
        size = 2.0 * math.sqrt(max(math.cos(math.acos(min(alpha, 1.0)) / 3.0) / alpha - 1.0, 0.0))
        return math.copysign(size, level - 0.5)
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
    """

    series: tuple[str, str]
    quarter: int
    horizon: int
    error: float
    known_on: date


@dataclass(frozen=True, slots=True)
class Errors:
    """The errors of one method on all series of one kind, as arrays [case].

    Args:
        kind: of the series.
        names: company and measure of the series that ``series`` counts.
        series: index of what was forecast.
        variance: v = e² / h.
        weight: share of its origin.
        quarter: that was forecast.
        known_on: ordinal of the day on which the error became known.
    """

    kind: Kind
    names: tuple[tuple[str, str], ...]
    series: Integers
    variance: Floats
    weight: Floats
    quarter: Integers
    known_on: Integers

    @classmethod
    def of(cls, kind: Kind, cases: Sequence[ErrorCase]) -> Errors:
        """Return the errors of some cases.

        Args:
            kind: of the series.
            cases: the errors.
        """
        names = tuple(sorted({case.series for case in cases}))
        position = {name: index for index, name in enumerate(names)}
        horizon = np.array([case.horizon for case in cases], dtype=np.float64)
        error = np.array([case.error for case in cases], dtype=np.float64)
        return cls(
            kind,
            names,
            np.array([position[case.series] for case in cases], dtype=np.int64),
            error**2 / np.maximum(horizon, 1.0),
            _share(horizon),
            np.array([case.quarter for case in cases], dtype=np.int64),
            np.array([case.known_on.toordinal() for case in cases], dtype=np.int64),
        )

    def spread(self, series: tuple[str, str], day: date, *, now: int) -> Spread:
        """Return the spread of the forecasts of a series on a day, from the errors known on it.

        Args:
            series: company and measure that are forecast.
            day: the last day that counts.
            now: number of its newest quarter, from which ages count.
        """
        prior = PRIOR_DEVIATIONS[self.kind] ** 2
        known = self.known_on <= day.toordinal()
        weight = np.where(
            known, self.weight * 2.0 ** (-np.maximum(now - self.quarter, 0) / SCALE_HALF_LIFE), 0
        )
        count = np.bincount(self.series, weight, minlength=len(self.names))
        squares = np.bincount(self.series, weight * self.variance, minlength=len(self.names))
        own = np.array([name == series for name in self.names], dtype=np.bool_)
        same = np.array([company == series[0] for company, _ in self.names], dtype=np.bool_)
        others = np.log((PRIOR_CASES * prior + squares) / (PRIOR_CASES + count))
        shares = np.where(same, 0.0, count / (PRIOR_CASES + count))
        pooled = math.exp(
            (PRIOR_COMPANIES * math.log(prior) + float(shares @ others))
            / (PRIOR_COMPANIES + float(shares.sum()))
        )
        variance = (PRIOR_CASES * pooled + float(squares[own].sum())) / (
            PRIOR_CASES + float(count[own].sum())
        )
        freedom = FREEDOMS[self.kind]
        return Spread(math.sqrt(variance * (freedom - 2.0) / freedom), freedom)


def _share(horizon: Floats) -> Floats:
    """The share of one origin that an error counts, near ones more."""
    from capexpand.forecasting.models import FARTHEST

    return (1.0 / np.maximum(horizon, 1.0)) / math.fsum(1.0 / ahead for ahead in range(1, FARTHEST + 1))
