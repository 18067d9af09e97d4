"""Which axis matters: effects one at a time, Sobol indices, rank correlations, shares of variance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.data import Floats
from capexpand.studies.sweep.axes import Axis
from capexpand.studies.sweep.findings import SweepFindings

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its interval of 95 %, by bootstrap."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Effect:
    """How an axis moves the net present value.

    Args:
        axis: that moves.
        at_low: net present value at its low end [money]: the others as declared where one axis moves at a
            time, else the mean over the points at the lowest level, or of the lowest fifth.
        at_high: the same at its high end.
        first: first-order Sobol index, its share of the variance by itself; of a Sobol design only.
        total: total index, with all interactions; of a Sobol design only.
        correlation: rank correlation with the value (Spearman), -1 to 1; None for choices.
    """

    axis: Axis
    at_low: float
    at_high: float
    first: Interval | None = None
    total: Interval | None = None
    correlation: float | None = None

    @property
    def swing(self) -> float:
        """How far the value moves from end to end [money]."""
        return abs(self.at_high - self.at_low)


def effects(findings: SweepFindings) -> tuple[Effect, ...]:
    """Return the effect of every axis, the largest first; none where fewer than two points have a plan."""
    planned = findings.planned
    if len(planned) < 2:
        return ()
    values = np.array([findings.values(outcome).npv for _, outcome in planned])
    at = np.array([point for point, _ in planned])
    indices = _sobol(findings)
    found: list[Effect] = []
    for number, axis in enumerate(findings.axes):
        rows = (
            _moved_alone(findings, at, number)
            if findings.points.design == "one-at-a-time"
            else np.arange(len(values))
        )
        if rows.size < 2:
            continue
        low, high = _ends(axis, at[rows, number], values[rows])
        first, total = indices[number] if indices else (None, None)
        found.append(
            Effect(axis, low, high, first, total, _rank_correlation(axis, at[rows, number], values[rows]))
        )
    return tuple(sorted(found, key=_importance, reverse=True))


def _importance(effect: Effect) -> float:
    return effect.swing if effect.total is None else effect.total.estimate


def _moved_alone(findings: SweepFindings, at: Floats, number: int) -> np.ndarray:
    """Points of a tornado in which no other axis has moved."""
    centre = [a.levels[len(a.levels) // 2] if a.declared is None else a.declared for a in findings.axes]
    others = [i for i in range(at.shape[1]) if i != number]
    return np.flatnonzero((at[:, others] == np.array(centre)[others]).all(axis=1))


def _ends(axis: Axis, at: Floats, values: Floats) -> tuple[float, float]:
    """Mean values at both ends: of the outermost levels, or of the outer fifths where there are many."""
    if not axis.numeric:
        means = [float(values[at == level].mean()) for level in np.unique(at)]
        return min(means), max(means)
    levels = np.unique(at)
    few = (levels.size <= 50 and levels.size < at.size) or levels.size <= 5
    low, high = (levels[0], levels[-1]) if few else tuple(np.quantile(at, (0.2, 0.8)))
    return float(values[at <= low].mean()), float(values[at >= high].mean())


def _rank_correlation(axis: Axis, at: Floats, values: Floats) -> float | None:
    from scipy.stats import spearmanr

    if not axis.numeric or np.ptp(at) == 0 or np.ptp(values) == 0:
        return None
    return float(spearmanr(at, values).statistic)


def _sobol(findings: SweepFindings) -> list[tuple[Interval, Interval]] | None:
    """First-order and total indices of each axis; None for other designs, or where too few rows are whole."""
    base, count = findings.points.base, len(findings.axes)
    if base == 0:
        return None
    from scipy.stats import sobol_indices

    values = np.array(
        [np.nan if one.values is None else one.values.npv for one in findings.outcomes[: base * (count + 2)]]
    ).reshape(count + 2, base)
    whole = np.flatnonzero(np.isfinite(values).all(axis=0))
    kept = 1 << max(whole.size.bit_length() - 1, 0)
    if whole.size < 8:
        return None
    used = values[:, whole[:kept]]
    if np.ptp(used) <= 1e-9 * max(1.0, float(np.abs(used).max())):
        nothing = Interval(0.0, 0.0, 0.0)
        return [(nothing, nothing)] * count
    parts = {"f_A": used[None, 0], "f_B": used[None, 1], "f_AB": used[2:, None]}
    result = sobol_indices(func=parts, n=kept)
    rng = np.random.default_rng(findings.seed)
    first, total = _bootstrap(used, rng)
    first_order, total_order = np.atleast_1d(result.first_order), np.atleast_1d(result.total_order)
    return [
        (Interval(float(first_order[i]), *first[i]), Interval(float(total_order[i]), *total[i]))
        for i in range(count)
    ]


def _bootstrap(values: Floats, rng: np.random.Generator) -> tuple[list[list[float]], list[list[float]]]:
    """Intervals of the indices, by drawing rows again; the estimators are those of scipy (Saltelli 2010)."""
    from scipy.stats import sobol_indices

    kept = values.shape[1]
    firsts: list[Floats] = []
    totals: list[Floats] = []
    for _ in range(200):
        drawn = values[:, rng.integers(0, kept, kept)]
        found = sobol_indices(
            func={"f_A": drawn[None, 0], "f_B": drawn[None, 1], "f_AB": drawn[2:, None]}, n=kept
        )
        firsts.append(np.atleast_1d(found.first_order))
        totals.append(np.atleast_1d(found.total_order))
    ends = ((1.0 - CONFIDENCE) / 2.0, (1.0 + CONFIDENCE) / 2.0)
    return tuple(np.quantile(np.array(drawn), ends, axis=0).T.tolist() for drawn in (firsts, totals))  # type: ignore[return-value]
