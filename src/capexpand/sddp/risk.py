"""Risk measures: each is one method, ``mixture``, and serves training, simulation and the extensive form.

Every measure here is a weighted sum of average values at risk (AVaR, also called CVaR) of a cost Z,
``rho(Z) = sum_i w_i AVaR_{a_i}(Z)`` with ``AVaR_a(Z) = min_eta eta + E[(Z - eta)^+] / a``, the mean of the
worst fraction ``a`` of outcomes: ``a = 1`` is the expectation and ``a = 0`` the worst case. All such
measures are coherent, and nesting them stage by stage keeps the policy time consistent (Shapiro, 2009,
*On a time consistency concept in risk averse multistage stochastic programming*; Rockafellar and
Uryasev, 2000, *Optimization of conditional value-at-risk*).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class RiskMeasure(Protocol):
    """An attitude to risk, as the optimiser uses it."""

    def mixture(self) -> tuple[tuple[float, float], ...]:
        """Return pairs (weight, tail fraction) whose AVaRs add up to the measure; weights sum to 1."""
        ...


@dataclass(frozen=True, slots=True)
class Expectation:
    """The mean: right for many small, independent bets."""

    def mixture(self) -> tuple[tuple[float, float], ...]:
        """Return the mean as AVaR of the whole distribution."""
        return ((1.0, 1.0),)


@dataclass(frozen=True, slots=True)
class CVaR:
    """The mean of the worst fraction of outcomes; alone it ignores all good ones, so prefer a blend.

    Args:
        tail_fraction: share of outcomes that count, in (0, 1].
    """

    tail_fraction: float

    def mixture(self) -> tuple[tuple[float, float], ...]:
        """Return the one tail."""
        return ((1.0, self.tail_fraction),)


@dataclass(frozen=True, slots=True)
class Blend:
    """A weight on the mean and the rest on the worst outcomes: the usual choice of a careful planner.

    Args:
        expectation_weight: weight of the mean, in [0, 1].
        tail_fraction: share of outcomes that count as worst, in (0, 1].
    """

    expectation_weight: float
    tail_fraction: float

    def mixture(self) -> tuple[tuple[float, float], ...]:
        """Return the mean and the tail with their weights."""
        return ((self.expectation_weight, 1.0), (1.0 - self.expectation_weight, self.tail_fraction))


@dataclass(frozen=True, slots=True)
class WorstCase:
    """The worst outcome of each stage: robust planning, rarely right because it ignores probabilities."""

    def mixture(self) -> tuple[tuple[float, float], ...]:
        """Return the tail of size zero."""
        return ((1.0, 0.0),)


def is_risk_neutral(measure: RiskMeasure) -> bool:
    """Tell whether a measure is the plain expectation."""
    return all(weight == 0.0 or tail >= 1.0 for weight, tail in measure.mixture())


def reweight(measure: RiskMeasure, costs: Floats, probability: Floats) -> Floats:
    """Return probabilities q under which the mean of the costs is their risk, ``q @ costs = rho(costs)``.

    Args:
        costs: shape (outcomes,), larger is worse.
        probability: shape (outcomes,), sums to at most 1; what is missing is an end with cost zero.

    Returns:
        Shape (outcomes,). As a function of the costs ``q @ costs`` is a subgradient, so it makes cuts.
    """
    parts = [(weight, tail) for weight, tail in measure.mixture() if weight != 0.0]
    if all(tail >= 1.0 for _, tail in parts):
        return sum(weight for weight, _ in parts) * probability
    with_end = np.append(costs, 0.0)
    chances = np.append(probability, max(0.0, 1.0 - float(probability.sum())))
    order = np.argsort(-with_end, kind="stable")
    weights = np.zeros_like(with_end)
    for weight, tail in parts:
        weights += weight * (chances if tail >= 1.0 else _tail_weights(chances, order, tail))
    return weights[:-1]


def _tail_weights(probability: Floats, order: NDArray[np.intp], tail: float) -> Floats:
    """Spread the mass of the tail over the worst outcomes."""
    weights = np.zeros_like(probability)
    possible = order[probability[order] > 1e-12]
    if tail <= 0.0:
        weights[possible[0]] = 1.0
        return weights
    before = np.concatenate(([0.0], np.cumsum(probability[possible])[:-1]))
    weights[possible] = np.clip(tail - before, 0.0, probability[possible]) / tail
    return weights
