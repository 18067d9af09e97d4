"""Finds the limits of a program that exclude each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from capexpand.model.blocks import Floats, Indices, LinearProgram
from capexpand.optimiser.conflict import Description
from capexpand.optimiser.highs_model import load

_DUAL, _PRIMAL = 1, 4
"""Methods of simplex, as HiGHS numbers them."""
RAY_TOLERANCE = 1e-9  # smallest weight of a row in a contradiction, relative to the largest


def conflict(lp: LinearProgram) -> list[Description]:
    """Returns rows and column bounds that exclude each other, none of which can be spared.

    They are found from a ray of the dual program, weights with which rows add up to a contradiction (Farkas'
    lemma), by leaving out one row after the other while a contradiction remains (a deletion filter).
    HiGHS's own search for such a set is not used: release 1.15.1 crashes on some programs.

    Args:
        lp: a program that has no solution; empty is returned where only its whole numbers exclude one.
    """
    crossed = np.flatnonzero(lp.row_lower > lp.row_upper)
    if crossed.size:
        return [_described(lp, int(i)) for i in crossed]
    kept = np.arange(lp.row_lower.size)
    weights = _contradiction(lp, kept)
    if weights is None:
        return []
    for row in np.flatnonzero(weights):
        if weights[row]:
            fewer = _contradiction(lp, np.setdiff1d(np.flatnonzero(weights), [row]))
            weights = weights if fewer is None else fewer
    return [
        *(_described(lp, int(i)) for i in np.flatnonzero(weights)),
        *(lp.describe_column(int(i)) for i in _bounds_used(lp, weights)),
    ]


def _described(lp: LinearProgram, row: int) -> Description:
    """A row's name and labels; what is sold, and owed to nobody, is a balance and no obligation."""
    name, labels = lp.describe_row(row)
    balances = name == "service" and lp.row_lower[row] <= 0.0
    return ("service balance" if balances else name), labels


def _contradiction(lp: LinearProgram, kept: Indices) -> Floats | None:
    """Returns weights [row] with which some of the rows exclude any solution, or None if they allow one."""
    entries = np.concatenate(
        [np.arange(lp.start[i], lp.start[i + 1]) for i in kept] or [np.zeros(0, np.int64)]
    )
    only = replace(
        lp,
        cost=np.zeros_like(lp.cost),
        integer=np.zeros_like(lp.integer),
        row_lower=lp.row_lower[kept],
        row_upper=lp.row_upper[kept],
        start=np.concatenate(([0], np.cumsum(np.diff(lp.start)[kept]))),
        index=lp.index[entries],
        value=lp.value[entries],
    )
    ray = _ray(only)
    if ray is None:
        return None
    weights = np.zeros(lp.row_lower.size)
    weights[kept] = np.where(np.abs(ray) > RAY_TOLERANCE * np.max(np.abs(ray)), ray, 0.0)
    return weights


def _ray(lp: LinearProgram) -> Floats | None:
    """Weights of a contradiction [row], or None where there is none.

    The dual simplex method ends without a verdict on some programs; the primal one then has one.
    """
    import highspy

    for strategy in _DUAL, _PRIMAL:
        solver = load(lp)
        for option, value in (("presolve", "off"), ("solver", "simplex"), ("simplex_strategy", strategy)):
            solver.setOptionValue(option, value)
        solver.run()
        _, found, ray = solver.getDualRay()  # pyrefly: ignore[missing-attribute]  absent from highspy's stubs
        if found:
            return np.asarray(ray)
        if solver.getModelStatus() == highspy.HighsModelStatus.kOptimal:
            return None
    return None


def _bounds_used(lp: LinearProgram, weights: Floats) -> Indices:
    """Columns whose bound is part of a contradiction, those that merely cannot be negative left out.

    Weighted rows ask for w·A x of at least what their limits give; bounds allow no more than a lesser value.
    """
    row_of = np.repeat(np.arange(lp.row_lower.size), np.diff(lp.start))
    slope = np.zeros(lp.cost.size)
    np.add.at(slope, lp.index, lp.value * weights[row_of])
    slope[np.abs(slope) <= RAY_TOLERANCE * np.max(np.abs(weights), initial=1.0)] = 0.0
    for sign in (1.0, -1.0):
        asked = _extreme(-sign * weights, lp.row_lower, lp.row_upper)
        allowed = _extreme(sign * slope, lp.column_lower, lp.column_upper)
        if -asked > allowed:
            used = np.where(sign * slope > 0, lp.column_upper, lp.column_lower)
            return np.flatnonzero((slope != 0) & (used != 0)).astype(np.int64)
    return np.zeros(0, dtype=np.int64)


def _extreme(slope: Floats, lower: Floats, upper: Floats) -> float:
    """Returns the largest value of slope·x for x within its bounds."""
    moved = slope != 0
    return float(np.sum(slope[moved] * np.where(slope[moved] > 0, upper[moved], lower[moved])))
