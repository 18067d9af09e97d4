"""How far a forecast is off: pinball loss of its quantiles, coverage of its intervals, skill beside another.

Pinball loss of a quantile q at level τ for an actual value y: τ (y − q) where y ≥ q, (1 − τ)(q − y) otherwise
(Koenker and Bassett, 1978). Its mean is least for the true quantile, so nobody gains by stating another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEVELS = (0.1, 0.5, 0.9)
"""Levels of the quantiles of every forecast; the outer ones bound the 80 % interval."""

PROMISED = LEVELS[-1] - LEVELS[0]


@dataclass(frozen=True, slots=True)
class Quantiles:
    """The quantiles of a forecast of one number at ``LEVELS``, in the number's unit."""

    low: float
    middle: float
    high: float

    @property
    def values(self) -> tuple[float, float, float]:
        """The three, the lowest first."""
        return self.low, self.middle, self.high

    def holds(self, actual: float) -> bool:
        """Tell whether a number lies in the interval, its ends included."""
        return self.low <= actual <= self.high

    def plus(self, other: Quantiles) -> Quantiles:
        """Return the quantiles of a sum whose parts move together: those of the parts, added up."""
        return Quantiles(self.low + other.low, self.middle + other.middle, self.high + other.high)

    def times(self, factor: float) -> Quantiles:
        """Return the quantiles of the number times a positive factor."""
        return Quantiles(self.low * factor, self.middle * factor, self.high * factor)


def pinball_loss(actual: float, forecast: Quantiles) -> float:
    """Return the mean pinball loss over the levels, in the unit of the number.

    Args:
        actual: the value.
    """
    losses = (
        level * (actual - value) if actual >= value else (1.0 - level) * (value - actual)
        for level, value in zip(LEVELS, forecast.values, strict=True)
    )
    return math.fsum(losses) / len(LEVELS)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often intervals held, and between which shares the truth lies (95 %, Clopper and Pearson, 1934)."""

    covered: int
    count: int
    low: float
    high: float

    @property
    def fraction(self) -> float:
        """Share of the intervals that held; not a number where there were none."""
        return self.covered / self.count if self.count else math.nan

    @property
    def verdict(self) -> str:
        """What the count allows to say of the promised share."""
        if not self.count:
            return "no case"
        if self.high < PROMISED:
            return "too narrow"
        return "too wide" if self.low > PROMISED else "may be 80 %"


def coverage(inside: int, count: int, *, confidence: float = 0.95) -> Coverage:
    """Return the share of intervals that held with its exact binomial confidence interval.

    The interval takes the cases as independent. Where forecasts overlap it is too short; say so beside it.

    Args:
        inside: intervals that held.
        count: intervals.
        confidence: of the confidence interval.
    """
    from scipy.special import betaincinv

    tail = (1.0 - confidence) / 2.0
    low = 0.0 if inside == 0 else float(betaincinv(inside, count - inside + 1, tail))
    high = 1.0 if inside == count else float(betaincinv(inside + 1, count - inside, 1.0 - tail))
    return Coverage(inside, count, low, high)


def skill(losses: Sequence[float], beside: Sequence[float]) -> float | None:
    """Return 1 − Σ losses / Σ losses of the other: above 0 where the forecast is the better one.

    Args:
        losses: of a forecast.
        beside: of another on the same cases.

    Returns:
        The skill, or None where there are no cases or the other was never off.
    """
    total = math.fsum(beside)
    return None if not losses or total <= 0.0 else 1.0 - math.fsum(losses) / total
