"""Random stage programs of the kinds that break solvers, for the trial of the stage solver and its tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from capexpand.sddp.cuts import CutPool, NodeCuts, TrialPoint
from capexpand.sddp.futures import Future
from capexpand.sddp.matrix import ColumnMatrix
from capexpand.sddp.normal_form import StageForm, normal_form
from capexpand.sddp.problem import Node, Realisations, StageProgram

Trial = tuple[StageForm, Future, NodeCuts, np.ndarray]
"""A node in normal form, its future, its cuts, and some states."""

STATES = 3
OUTCOMES = 4


def feasible(seed: int) -> Trial:
    """A program with a feasible point for every outcome and a bounded optimum, and random cuts."""
    return _trial(np.random.default_rng(seed), rounded=False, consistent=True)


def degenerate(seed: int) -> Trial:
    """The same with small whole numbers everywhere, so that ties are the rule."""
    return _trial(np.random.default_rng(seed), rounded=True, consistent=True)


def wild(seed: int) -> Trial:
    """A program that may be infeasible or unbounded."""
    return _trial(np.random.default_rng(seed), rounded=bool(seed % 2), consistent=False)


def badly_scaled(seed: int) -> Trial:
    """A bounded program whose rows and columns are scaled by up to a thousand either way."""
    return _trial(np.random.default_rng(seed), rounded=False, consistent=True, decades=1.5)


def sibling(trial: Trial, seed: int) -> Trial:
    """Another node of the same shape: other coefficients, the outcomes' data the other way round, other cuts.

    Scaled rows describe the same points, and data of another outcome are as good as an outcome's own; so it
    is feasible and bounded where the first is.
    """
    form, future, cuts, states = trial
    data, scale = form.data, 10.0 ** np.random.default_rng(seed).uniform(-0.3, 0.3, len(form.rows))
    other = replace(
        data,
        cost=data.cost[::-1].copy(),
        row_lower=data.row_lower[::-1] * scale,
        row_upper=data.row_upper[::-1] * scale,
        incoming=data.incoming * scale[:, None],
        values=data.values * scale[form.matrix.rows],
    )
    functions = NodeCuts(cuts.pool, range(1, 2), cuts.lower_bound)
    return replace(form, data=other), future, functions, states


KINDS: dict[str, Callable[[int], Trial]] = {
    "feasible": feasible,
    "degenerate": degenerate,
    "wild": wild,
    "badly scaled": badly_scaled,
}


def _trial(generator: np.random.Generator, *, rounded: bool, consistent: bool, decades: float = 0.0) -> Trial:
    rows, columns = int(generator.integers(1, 25)), int(generator.integers(STATES, 50))
    dense = generator.normal(size=(rows, columns)) * (
        generator.random((rows, columns)) < generator.uniform(0.1, 0.6)
    )
    if rounded:
        dense = np.round(2.0 * dense)
    lower, upper = _bounds(generator, columns, rounded=rounded)
    point = np.clip(generator.normal(scale=3.0, size=(OUTCOMES, columns)), lower, upper)
    if rounded:
        point = np.clip(np.round(point), lower, upper)
    row_lower, row_upper, kinds = _row_bounds(generator, point @ dense.T, rounded=rounded)
    if consistent:
        cost = _bounded_costs(generator, dense, (lower, upper), kinds, rounded=rounded)
    else:
        cost = generator.normal(size=(OUTCOMES, columns))
        shift = generator.normal(scale=2.0, size=row_lower.shape) * (generator.random(row_lower.shape) < 0.2)
        row_lower, row_upper = row_lower + shift, row_upper + shift
    row_scale = 10.0 ** generator.uniform(-decades, decades, rows)
    column_scale = 10.0 ** generator.uniform(-decades, decades, columns)
    dense = dense * row_scale[:, None] * column_scale
    row_lower, row_upper = row_lower * row_scale, row_upper * row_scale
    lower, upper, cost = lower / column_scale, upper / column_scale, cost * column_scale
    entering = (
        generator.normal(size=(rows, STATES)) * (generator.random((rows, STATES)) < 0.3) * row_scale[:, None]
    )
    form = _form(np.hstack([dense, entering]), (lower, upper), (row_lower, row_upper), cost)
    cuts = _cuts(generator, rounded=rounded)
    # Consistent programs are feasible at the state zero; elsewhere they may not be.
    states = np.vstack([np.zeros(STATES), generator.normal(scale=0.1, size=(2, STATES))])
    return form, Future(np.ones(1)), cuts, states


def _bounds(generator: np.random.Generator, columns: int, *, rounded: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return non-negative, boxed, free, fixed and upper-bounded columns; the outgoing ones are boxed."""
    kind = generator.choice(5, size=columns, p=[0.45, 0.3, 0.1, 0.05, 0.1])
    kind[:STATES] = 1
    span = generator.uniform(0.0, 6.0, columns)
    if rounded:
        span = np.round(span)
    lower = np.where((kind == 2) | (kind == 4), -np.inf, 0.0)
    upper = np.where((kind == 0) | (kind == 2), np.inf, np.where(kind == 3, 0.0, span))
    return lower, upper


def _row_bounds(
    generator: np.random.Generator, activity: np.ndarray, *, rounded: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return bounds that hold at the activities: equalities, one-sided rows and ranges."""
    kinds = generator.choice(4, size=activity.shape[1])
    slack = np.abs(generator.normal(size=(2, *activity.shape))) * (
        generator.random((2, *activity.shape)) < 0.5
    )
    if rounded:
        slack = np.round(slack)
    lower = np.where(kinds == 1, -np.inf, activity - np.where(kinds == 0, 0.0, slack[0]))
    upper = np.where(kinds == 2, np.inf, activity + np.where(kinds == 0, 0.0, slack[1]))
    return lower, upper, kinds


def _bounded_costs(
    generator: np.random.Generator,
    dense: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
    kinds: np.ndarray,
    *,
    rounded: bool,
) -> np.ndarray:
    """Return costs for which a dual feasible point exists, so that no outcome is unbounded."""
    multipliers = generator.normal(size=(OUTCOMES, dense.shape[0]))
    multipliers = np.where(kinds == 1, -np.abs(multipliers), multipliers)
    multipliers = np.where(kinds == 2, np.abs(multipliers), multipliers)
    reduced = generator.normal(size=(OUTCOMES, dense.shape[1]))
    if rounded:
        multipliers, reduced = np.round(multipliers), np.round(reduced)
    reduced = np.where(np.isinf(bounds[1]), np.abs(reduced), reduced)
    reduced = np.where(np.isinf(bounds[0]), -np.abs(reduced), reduced)
    reduced = np.where(np.isinf(bounds[0]) & np.isinf(bounds[1]), 0.0, reduced)
    return multipliers @ dense + reduced


def _form(
    dense: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
    row_bounds: tuple[np.ndarray, np.ndarray],
    cost: np.ndarray,
) -> StageForm:
    rows, columns = dense.shape[0], dense.shape[1] - STATES
    place = np.nonzero(dense)
    free = np.full(STATES, np.inf)
    stage = StageProgram(
        matrix=ColumnMatrix.from_entries(place[0], place[1], dense[place], shape=dense.shape),
        cost=np.append(cost[0], np.zeros(STATES)),
        lower=np.append(bounds[0], -free),
        upper=np.append(bounds[1], free),
        row_lower=row_bounds[0][0],
        row_upper=row_bounds[1][0],
        incoming=np.arange(columns, columns + STATES),
        outgoing=np.arange(STATES),
        integer=np.zeros(columns + STATES, dtype=bool),
        column_names=tuple(f"c{j}" for j in range(columns + STATES)),
        row_names=tuple(f"r{i}" for i in range(rows)),
    )
    noise = Realisations(
        probability=np.full(OUTCOMES, 1.0 / OUTCOMES),
        cost=np.hstack([cost, np.zeros((OUTCOMES, STATES))]),
        row_lower=row_bounds[0],
        row_upper=row_bounds[1],
    )
    return normal_form(stage, Node("trial", 0, noise))


def _cuts(generator: np.random.Generator, *, rounded: bool) -> NodeCuts:
    """Return up to thirty random cuts above a lower bound, with as many for a sibling."""
    lower_bound = np.full(2, -20.0)
    pool = CutPool(np.arange(STATES), lower_bound, select_all=True)
    for _ in range(int(generator.integers(0, 30))):
        slopes, intercepts = generator.normal(size=(2, STATES)), generator.normal(scale=3.0, size=2)
        if rounded:
            slopes, intercepts = np.round(slopes), np.round(intercepts)
        pool.add(TrialPoint(0, generator.uniform(0.0, 3.0, STATES), intercepts, slopes))
    return NodeCuts(pool, range(1), lower_bound[:1])
