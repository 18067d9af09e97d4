"""Quarterly figures of companies that do not exist: regimes of growth, noise, seasons and leaps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta

import numpy as np

from capexpand.forecasting.quarters import last_day
from capexpand.forecasting.series import PUBLICATION_DAYS, Kind, Observation, Series

FIRST = 2016 * 4
QUARTERS = (24, 42)  # fewest and most of a company
REGIMES = (0.0, 0.04, 0.10, -0.05)  # growth of spending in a quarter
STAY = 7 / 8  # chance that a regime lasts another quarter

SPENDING = {  # deviations of the walk and of the level, size of the season, chance of a leap
    "calm": (0.05, 0.03, 0.04, 0.0),
    "usual": (0.12, 0.06, 0.04, 0.0),
    "wild": (0.28, 0.12, 0.04, 0.0),
    "seasonal": (0.10, 0.05, 0.25, 0.0),
    "leaps": (0.10, 0.05, 0.04, 0.04),
    "lumpy": (0.03, 0.20, 0.04, 0.0),
}
REVENUE = {  # least and most growth at first, deviations of growth and of the walk, season, chance of a leap
    "calm": (0.0, 0.06, 0.004, 0.01, 0.03, 0.0),
    "usual": (0.0, 0.06, 0.010, 0.02, 0.03, 0.0),
    "wild": (0.0, 0.06, 0.025, 0.06, 0.03, 0.0),
    "seasonal": (0.0, 0.06, 0.008, 0.02, 0.15, 0.0),
    "growing": (0.06, 0.14, 0.020, 0.02, 0.03, 0.0),
    "shocks": (0.0, 0.06, 0.008, 0.02, 0.03, 0.03),
}


def companies(each: int, *, seed: int) -> tuple[Series, ...]:
    """Return companies of every sort, the same for the same seed.

    Args:
        each: how many of a sort.
        seed: of the random numbers.
    """
    generator = np.random.default_rng(seed)
    return tuple(_companies(each, generator))


def _companies(each: int, generator: np.random.Generator) -> Iterator[Series]:
    for number in range(each):
        for name, sort in SPENDING.items():
            yield _series(_spending(sort, generator), f"{name} spender {number}", "spending")
        for name, growth in REVENUE.items():
            yield _series(_revenue(growth, generator), f"{name} seller {number}", "revenue")


def _length(generator: np.random.Generator) -> int:
    return int(generator.integers(QUARTERS[0], QUARTERS[1] + 1))


def _season(size: float, generator: np.random.Generator) -> list[float]:
    drawn = generator.normal(size=4) * size
    return (drawn - drawn.mean()).tolist()


def _spending(sort: tuple[float, float, float, float], generator: np.random.Generator) -> list[float]:
    walk, level, size, leap = sort
    season, regime, at = _season(size, generator), int(generator.integers(4)), math.log(1000.0)
    found: list[float] = []
    for quarter in range(_length(generator)):
        if generator.random() > STAY:
            regime = int(generator.integers(4))
        at += REGIMES[regime] + walk * generator.standard_t(5) / math.sqrt(5.0 / 3.0)
        if generator.random() < leap:
            at += float(generator.choice([-0.5, 0.5]))
        found.append(math.exp(at + season[quarter % 4] + level * generator.normal()))
    return found


def _revenue(
    sort: tuple[float, float, float, float, float, float], generator: np.random.Generator
) -> list[float]:
    least, most, drift, walk, size, leap = sort
    season, growth, at = _season(size, generator), generator.uniform(least, most), math.log(1000.0)
    settled, found = 0.6 * growth, list[float]()
    for quarter in range(_length(generator)):
        growth = settled + 0.85 * (growth - settled) + drift * generator.standard_t(4) / math.sqrt(2.0)
        at += growth + walk * generator.normal()
        if generator.random() < leap:
            at += 0.15 * generator.normal()
        found.append(math.exp(at + season[quarter % 4]))
    return found


def _series(values: list[float], company: str, kind: Kind) -> Series:
    """The newest figure of every company is of the same quarter."""
    first = FIRST + QUARTERS[1] - len(values)
    observations = [
        Observation(first + n, value, last_day(first + n) + timedelta(PUBLICATION_DAYS))
        for n, value in enumerate(values)
    ]
    return Series.of(company, kind, kind, unit="mn USD", observations=observations)
