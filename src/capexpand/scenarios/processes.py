"""Processes by quarter: drivers, which are logarithms of factors, and chains of states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.case.uncertainty import Delay, Drift, Regimes, Reversion, Shock, Trend
from capexpand.scenarios.entries import Floats
from capexpand.timevalue import MONTHS_PER_QUARTER

QUARTERS_PER_YEAR = 4.0


@dataclass(frozen=True, slots=True)
class ProcessDriver:
    """A logarithm that starts at 0: x_t = retention · x_{t−1} + innovation.

    The innovation is normal with ``innovation_deviation``, or with one of its own into each quarter, or a sum
    of jumps: a Poisson number of them with mean ``jumps``, each normal with ``jump_mean`` and
    ``jump_deviation``.
    """

    name: str
    retention: float
    innovation_deviation: float = 0.0
    jumps: float = 0.0  # mean number in a quarter; 0 for a normal driver
    jump_mean: float = 0.0
    jump_deviation: float = 0.0
    keeps_mean: bool = True
    deviations: tuple[float, ...] = ()  # of the innovation into each quarter after the first, if they differ
    moved_by: str = ""  # another driver whose innovations are this one's, but for their size
    share: float = 1.0  # of the exponents of its process that it takes

    @property
    def normal(self) -> bool:
        """Whether the innovations are normal."""
        return self.jumps == 0.0

    def innovation_deviations(self, later: int) -> Floats:
        """Return the standard deviation of the innovation into each quarter after the first [quarter].

        Args:
            later: how many quarters follow the first.
        """
        if not self.deviations:
            return np.full(later, self.innovation_deviation)
        return np.array(self.deviations[:later])


@dataclass(frozen=True, slots=True)
class Chain:
    """States that follow each other by chance.

    Args:
        name: of the process.
        states: names.
        initial: state in the first quarter.
        transition: [quarter, state, next state] into each quarter; that of the first is not used.
        is_regime: whether a node of the lattice stands for one state of it.
        keeps_mean: whether what it moves keeps its declared mean.
    """

    name: str
    states: tuple[str, ...]
    initial: int
    transition: Floats
    is_regime: bool
    keeps_mean: bool = False

    def marginals(self) -> Floats:
        """Return the probability of each state in each quarter [quarter, state]."""
        result = np.zeros(self.transition.shape[:2])
        result[0, self.initial] = 1.0
        for t in range(1, result.shape[0]):
            result[t] = result[t - 1] @ self.transition[t]
        return result


def trend_driver(name: str, trend: Trend) -> ProcessDriver:
    """Return a random walk with a standard deviation of ``volatility`` after four quarters."""
    deviation = trend.volatility.value / np.sqrt(QUARTERS_PER_YEAR)
    return ProcessDriver(name, 1.0, innovation_deviation=float(deviation), keeps_mean=trend.keeps_mean)


def reversion_driver(name: str, reversion: Reversion) -> ProcessDriver:
    """Return a first-order autoregression with the half-life and long-run deviation of a reversion.

    With retention a = 2^(−quarter / half-life) the long-run variance s² needs innovations of s² (1 − a²).
    """
    retention = _retention(reversion.half_life.value)
    deviation = reversion.deviation.value * np.sqrt(1.0 - retention**2)
    return ProcessDriver(
        name, retention, innovation_deviation=float(deviation), keeps_mean=reversion.keeps_mean
    )


def drift_drivers(name: str, drift: Drift, quarters: int) -> tuple[ProcessDriver, ProcessDriver]:
    """Return two drivers whose sum is a logarithm that grows by a rate which is learned.

    The rate b_t = a b_{t−1} + η_t, a = 2^(−quarter / half-life), has the variance s² in every quarter; the
    logarithm changes by b_t + w_t. With m_t the rate expected of the next quarter and e_t the surprise of
    this one, the Kalman filter gives x_t = x_{t−1} + m_{t−1} + e_t and m_t = a (m_{t−1} + K_t e_t), which is
    Markov. z_t = x_t + m_t / (1 − a) is a random walk, m_t an autoregression, moved by the same surprise: so
    x = z − m / (1 − a), where the walk is the value to which the logarithm comes once the rate has faded.

    Args:
        name: of the process.
        quarters: length of the horizon.
    """
    a = _retention(drift.half_life.value)
    rate = (drift.deviation.value / QUARTERS_PER_YEAR) ** 2
    noise = 0.0 if drift.noise is None else drift.noise.value**2 / QUARTERS_PER_YEAR
    unknown = rate  # variance of the rate of the quarter, given all before it
    walk: list[float] = []
    fading: list[float] = []
    for _ in range(quarters - 1):
        surprise = unknown + noise
        gain = unknown / surprise if surprise > 0.0 else 0.0
        walk.append(float(np.sqrt(surprise)) * (1.0 + a * gain / (1.0 - a)))
        fading.append(float(np.sqrt(surprise)) * a * gain / (1.0 - a))
        unknown = a**2 * unknown * (1.0 - gain) + rate * (1.0 - a**2)
    kept = drift.keeps_mean
    return (
        ProcessDriver(name, 1.0, keeps_mean=kept, deviations=tuple(walk)),
        ProcessDriver(
            f"{name}, rate", a, keeps_mean=kept, deviations=tuple(fading), moved_by=name, share=-1.0
        ),
    )


def shock_driver(name: str, shock: Shock) -> ProcessDriver:
    """Return a sum of jumps that fade; a rate of zero never jumps."""
    return ProcessDriver(
        name,
        1.0 if shock.half_life is None else _retention(shock.half_life.value),
        jumps=shock.rate.value / QUARTERS_PER_YEAR,
        jump_mean=float(np.log1p(shock.size.value)),
        jump_deviation=0.0 if shock.size_deviation is None else shock.size_deviation.value,
        keeps_mean=shock.keeps_mean,
    )


def _retention(half_life_months: float) -> float:
    return float(2.0 ** (-MONTHS_PER_QUARTER / half_life_months))


def regime_chain(name: str, regimes: Regimes, quarters: int) -> Chain:
    """Return the chain of a regime process.

    Shares are probabilities by quarter. Rates q per year make a chain in continuous time, whose transition
    over a quarter is the matrix exponential of Q / 4, with Q's rows summing to zero (Norris, Markov Chains,
    1997, section 2.1).
    """
    states = tuple(regimes.states)
    step = np.zeros((len(states), len(states)))
    rates = False
    for source, row in regimes.transitions.items():
        for target, chance in row.items():
            step[states.index(source), states.index(target)] = chance.value
            rates = rates or chance.unit == "1/year"
    np.fill_diagonal(step, (0.0 if rates else 1.0) - step.sum(axis=1))
    if rates:
        from scipy.linalg import expm

        step = np.maximum(expm(step / QUARTERS_PER_YEAR), 0.0)
        step /= step.sum(axis=1, keepdims=True)
    transition = np.broadcast_to(step, (quarters, *step.shape))
    return Chain(name, states, states.index(regimes.initial), transition, True, regimes.keeps_mean)


def delay_chain(name: str, delay: Delay, due: Floats | None, quarters: int) -> Chain:
    """Return the chain of the quarters for which something due has been waited for, 0 while nothing is late.

    What falls due while nothing is late is late by L quarters with the declared chances: after a quarters of
    waiting it comes with the hazard P(L = a) / P(L ≥ a). What falls due meanwhile comes with it.

    Args:
        name: of the process and its target.
        due: [quarter] the declared path, of which only a rise can be late; None where something may be due in
            every quarter.
        quarters: length of the horizon.
    """
    longest = max(delay.quarters)
    chance = np.array([delay.quarters[a].value if a in delay.quarters else 0.0 for a in range(longest + 1)])
    at_least = np.cumsum(chance[::-1])[::-1]
    hazard = np.where(at_least > 1e-12, chance / np.maximum(at_least, 1e-12), 1.0)
    hazard[-1] = 1.0
    falls_due = np.ones(quarters, dtype=np.bool_) if due is None else np.diff(due, prepend=due[0]) > 0
    transition = np.zeros((quarters, longest + 1, longest + 1))
    for age in range(longest + 1):
        comes = np.where(falls_due, hazard[0], 1.0) if age == 0 else np.full(quarters, hazard[age])
        transition[:, age, 0] = comes
        if age < longest:
            transition[:, age, age + 1] = 1.0 - comes
    states = ("in time", *(f"waited {age}" for age in range(1, longest + 1)))
    return Chain(name, states, 0, transition, is_regime=False)


def late_share(due: Floats, longest: int) -> Floats:
    """Return what there is of a declared path after waiting, as a share of it [age, quarter].

    Args:
        due: [quarter] the declared path.
        longest: longest wait [quarter].
    """
    quarter = np.arange(due.size)
    before = due[np.maximum(quarter[None, :] - np.arange(longest + 1)[:, None], 0)]
    known = (due > 0) & np.isfinite(due)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(known, np.minimum(before, due) / due, 1.0)
