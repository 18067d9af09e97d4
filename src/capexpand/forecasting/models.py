"""Medians of each method, as logarithms by quarter ahead.

* Spending: a level that follows the newest figures, growing by the pooled rate γ = Σ w d / (Σ w + 2); d are
  the changes of logarithms over a year, by quarter, of all companies, and w halves in every six quarters of
  age; times the season of the quarter where the past shows one. Where guidance is known, the mean of that and
  of the logarithm of even guidance.
* Revenue and demand: growth over the year before, which first goes on changing as it just did and then
  returns towards the mean of the last years, so that seasons are those of the year before.

Last value, last growth and even guidance are the rivals.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from capexpand.forecasting.guidance import Guidance, even_shares
from capexpand.forecasting.series import Floats, Kind, Path

Method = Literal["model", "last value", "last growth", "guidance"]
METHODS: tuple[Method, ...] = get_args(Method)
RIVALS: tuple[Method, ...] = METHODS[1:]

FARTHEST = 8  # quarters ahead
YEAR = 4  # quarters
GROWTH_HALF_LIFE = 6.0  # quarters in which the weight of a change halves
NO_CHANGES = 2.0  # changes of nothing beside those that were seen
LEVEL_WEIGHT = 0.8  # of the newest figure in the level of spending
YEARLY_HALF_LIFE = 12.0  # quarters, of the mean growth over the year before
RETURN = 0.8  # share of the distance from that mean that is left after a quarter
MOMENTUM = 0.5  # share of the newest change of yearly growth that comes again in the next quarter
MOMENTUM_LEFT = 0.6  # share of that which comes in each quarter after
SEASON_HALF_LIFE = 12.0  # quarters in which the weight of a deviation from the year's mean halves
SEASON_QUARTERS = 9  # that must be known before a season is looked for


def pooled_growth(changes: Sequence[tuple[int, float]], now: int) -> float:
    """Return the rate γ at which spending grows in a quarter, pooled over companies.

    Args:
        changes: quarter and change of the logarithm in a quarter, of all companies.
        now: number of the quarter from which ages count.
    """
    if not changes:
        return 0.0
    quarters, sizes = np.array(changes, dtype=np.float64).T
    weights = 2.0 ** (-(now - quarters) / GROWTH_HALF_LIFE)
    return float(weights @ sizes / (weights.sum() + NO_CHANGES))


def seasons(path: Path) -> Floats:
    """Return how far each quarter of the year lies above the year, in logarithms [quarter of the year].

    The deviation of a figure is that from the mean of the year around it. The means of the deviations by
    quarter of the year count by the share of their variance that chance does not explain, 1 − 1.5 v / b with
    b the variance between them and v that of a mean by what its quarters differ in; nothing where that is
    negative.

    Args:
        path: as reported.
    """
    if path.logs.size < SEASON_QUARTERS:
        return np.zeros(YEAR)
    logs = path.logs
    around = (0.5 * logs[:-4] + logs[1:-3] + logs[2:-2] + logs[3:-1] + 0.5 * logs[4:]) / YEAR
    deviations = logs[2:-2] - around
    of_year = (path.first + 2 + np.arange(deviations.size)) % YEAR
    weights = 2.0 ** (-np.arange(deviations.size)[::-1] / SEASON_HALF_LIFE)
    counts = np.bincount(of_year, weights, minlength=YEAR)
    means = np.bincount(of_year, weights * deviations, minlength=YEAR) / counts
    means -= means.mean()
    rest = float(weights @ (deviations - means[of_year]) ** 2) / max(float(weights.sum()) - YEAR, 1.0)
    between = float(means @ means) / (YEAR - 1)
    chance = rest / float(counts.mean())
    return means * max(0.0, 1.0 - 1.5 * chance / between) if between > 0.0 else np.zeros(YEAR)


def spending_trend(path: Path, growth: float) -> Floats:
    """Return the level of spending grown by a rate, times the season [quarter ahead].

    One lumpy quarter moves the level by ``LEVEL_WEIGHT`` of its surprise.

    Args:
        path: as reported.
        growth: of the logarithm in a quarter.
    """
    season = seasons(path)
    values = path.logs - season[(path.first + np.arange(path.logs.size)) % YEAR]
    level = values[0]
    for value in values[1:]:
        level = LEVEL_WEIGHT * value + (1.0 - LEVEL_WEIGHT) * (level + growth)
    ahead = np.arange(1, FARTHEST + 1)
    return level + growth * ahead + season[(path.last + ahead) % YEAR]


def seasonal_growth(path: Path) -> Floats:
    """Return revenue by its growth over the year before [quarter ahead].

    With g the newest yearly growth of the logarithm, d its change in the newest quarter and m the mean of
    yearly growth, recent quarters counting more, the yearly growth h quarters ahead is
    m + (g + d (0.5 + 0.5 · 0.6 + … + 0.5 · 0.6ʰ⁻¹) − m) 0.8ʰ. Less than five quarters grow by their mean
    change, held back.

    Args:
        path: as reported.
    """
    if path.logs.size <= YEAR:
        changes = np.diff(path.logs)
        return path.logs[-1] + changes.sum() / (changes.size + NO_CHANGES) * np.arange(1, FARTHEST + 1)
    yearly = path.logs[YEAR:] - path.logs[:-YEAR]
    weights = 2.0 ** (-np.arange(yearly.size)[::-1] / YEARLY_HALF_LIFE)
    mean = weights @ yearly / weights.sum()
    change = MOMENTUM * (yearly[-1] - yearly[-2]) if yearly.size > 1 else 0.0
    growth, values = yearly[-1], path.logs.tolist()
    for ahead in range(1, FARTHEST + 1):
        growth += change * MOMENTUM_LEFT ** (ahead - 1)
        values.append(values[-YEAR] + mean + (growth - mean) * RETURN**ahead)
    return np.array(values[-FARTHEST:])


def last_growth(path: Path, kind: Kind) -> Floats:
    """Return the newest growth going on [quarter ahead]; not a number where none was seen.

    Of spending it is the change from quarter to quarter, of revenue and demand that over the year before.

    Args:
        path: as reported.
    """
    ahead = np.arange(1, FARTHEST + 1)
    if kind == "spending" or path.logs.size <= YEAR:
        if path.logs.size < 2:
            return np.full(FARTHEST, np.nan)
        return path.logs[-1] + (path.logs[-1] - path.logs[-2]) * ahead
    values = path.logs.tolist()
    for _ in ahead:
        values.append(values[-YEAR] + path.logs[-1] - path.logs[-1 - YEAR])
    return np.array(values[-FARTHEST:])


def medians(path: Path, kind: Kind, *, growth: float, guidance: Sequence[Guidance]) -> dict[Method, Floats]:
    """Return the medians of every method [quarter ahead], not a number where it has nothing to go by.

    Args:
        path: as known on the day.
        growth: the pooled rate of spending.
        guidance: of the series, known on the day, the newest last.
    """
    guided = even_shares(path, guidance, quarters=FARTHEST)
    trend = spending_trend(path, growth) if kind == "spending" else seasonal_growth(path)
    return {
        "model": np.where(np.isnan(guided), trend, 0.5 * (trend + guided)),
        "last value": np.full(FARTHEST, path.logs[-1]),
        "last growth": last_growth(path, kind),
        "guidance": guided,
    }
