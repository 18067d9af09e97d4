"""Weak duality: what a vector of multipliers proves about a stage, whoever computed it.

For any row multipliers l and any non-negative cut multipliers p, with reduced costs
``d = cost - A' l + (slopes of the cuts)' p`` on the columns and ``1 - sum(p)`` on theta,

    D(x) = sum_i l_i (bound_i + T_i x) + sum_j d_j bound_j + p @ intercepts + (1 - sum(p)) floor

is at most the stage's value at *every* state x, where ``bound`` is the lower bound under a positive
multiplier and the upper one under a negative. So D is a cut, valid even where the solver that found the
multipliers was wrong; where it was right, D at its own state equals the primal objective (Pereira and
Pinto, 1991, *Multi-stage stochastic optimization applied to energy planning*). A multiplier on an infinite
bound makes D worthless; one below ``TOLERANCE`` is rounding and counts as zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capexpand.optimise.multistage.normal_form import StageData, StageForm

Floats = NDArray[np.float64]

TOLERANCE = 1e-7
_DENSE_ENTRIES = 100_000


@dataclass(slots=True)
class Multipliers:
    """Dual answers of several outcomes of one node.

    Args:
        rows: shape (outcomes, rows).
        cut_value: shape (outcomes,), cut multipliers times intercepts.
        cut_slope: shape (outcomes, states), cut multipliers times slopes.
        floor_value: shape (outcomes,), what is left on the cost-to-go columns times their floors.
    """

    rows: Floats
    cut_value: Floats
    cut_slope: Floats
    floor_value: Floats


@dataclass(frozen=True, slots=True)
class DualBound:
    """What the multipliers prove.

    Args:
        values: shape (outcomes,), D at the state.
        slopes: shape (outcomes, states), slope of D.
        valid: shape (outcomes,), false where a multiplier stands on an infinite bound.
    """

    values: Floats
    slopes: Floats
    valid: NDArray[np.bool_]


def dense_matrix(form: StageForm) -> Floats | None:
    """Return the matrix as an array where it is small and certain, which makes products fast."""
    small = form.matrix.row_count * form.matrix.column_count <= _DENSE_ENTRIES
    return form.matrix.dense(form.data.values[0]) if small and form.data.values.shape[0] == 1 else None


def dual_bound(
    form: StageForm, state: Floats, multipliers: Multipliers, *, dense: Floats | None, data: StageData
) -> DualBound:
    """Compute D and its slope for all outcomes of a node at one state.

    Args:
        form: the node.
        state: shape (states,).
        multipliers: of all outcomes in ``data``.
        dense: from ``dense_matrix``.
        data: the outcomes.
    """
    rows = multipliers.rows
    reduced = data.cost - (_products(form, data, rows) if dense is None else rows @ dense)
    known = form.outgoing >= 0
    reduced[:, form.outgoing[known]] += multipliers.cut_slope[:, known]
    shift = data.incoming @ state
    row_part, row_valid = _on_bounds(rows, data.row_lower + shift, data.row_upper + shift)
    lower, upper = data.lower, data.upper
    slopes = _times_incoming(rows, data.incoming) + data.incoming_cost
    if len(form.fixed):
        fixed = data.fixed_value + data.fixed_slope @ state
        of_fixed = reduced[:, form.fixed].copy()
        reduced[:, form.fixed] = 0.0
        row_part += (of_fixed * fixed).sum(axis=1)
        slopes += _times_incoming(of_fixed, data.fixed_slope)
    column_part, column_valid = _on_bounds(reduced, lower, upper)
    values = (
        row_part + column_part + multipliers.cut_value + multipliers.floor_value
        + data.constant + data.incoming_cost @ state
    )  # fmt: skip
    return DualBound(values, slopes, row_valid & column_valid)


def _times_incoming(rows: Floats, slope: Floats) -> Floats:
    """Multiply multipliers (outcomes, rows) with slopes (outcomes or 1, rows, states)."""
    if slope.shape[0] == 1:
        return rows @ slope[0]
    return np.einsum("or,ors->os", rows, slope)


def _products(form: StageForm, data: StageData, rows: Floats) -> Floats:
    """Return multipliers times the sparse matrix, shape (outcomes, columns)."""
    terms = rows[:, form.matrix.rows] * data.values
    starts = form.matrix.starts
    filled = np.flatnonzero(np.diff(starts) > 0)
    result = np.zeros((len(rows), form.matrix.column_count))
    if len(filled):
        result[:, filled] = np.add.reduceat(terms, starts[filled], axis=1)
    return result


def _on_bounds(multipliers: Floats, lower: Floats, upper: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Sum multipliers times the bounds on which they stand; tell where all those bounds are finite."""
    bound = np.where(multipliers > 0.0, lower, upper)
    endless = np.isinf(bound)
    wrong = endless & (np.abs(multipliers) > TOLERANCE)
    bound[endless] = 0.0
    return (multipliers * bound).sum(axis=1), ~wrong.any(axis=1)
