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

from capexpand.sddp.normal_form import StageForm

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
        lower_bound_value: shape (outcomes,), what is left on the cost-to-go columns times their lower bounds.
    """

    rows: Floats
    cut_value: Floats
    cut_slope: Floats
    lower_bound_value: Floats


@dataclass(frozen=True, slots=True)
class DualBound:
    """The bound that the multipliers prove.

    Args:
        values: shape (outcomes,), D at the state.
        slopes: shape (outcomes, states), slope of D.
        valid: shape (outcomes,), false where a multiplier stands on an infinite bound.
    """

    values: Floats
    slopes: Floats
    valid: NDArray[np.bool_]


class Certifier:
    """Computes D and its slope for all outcomes of a node.

    Args:
        form: the node.
    """

    def __init__(self, form: StageForm) -> None:
        data = form.data
        small = form.matrix.row_count * form.matrix.column_count <= _DENSE_ENTRIES
        self._form = form
        self._dense = form.matrix.dense(data.values[0]) if small and data.values.shape[0] == 1 else None
        self._rows = _Bounds(data.row_lower, data.row_upper)
        self._columns = _Bounds(data.lower, data.upper)

    def bound(self, state: Floats, multipliers: Multipliers) -> DualBound:
        """Return what the multipliers prove at a state.

        Args:
            state: shape (states,).
        """
        form, data, rows = self._form, self._form.data, multipliers.rows
        reduced = data.cost - (_products(form, rows) if self._dense is None else rows @ self._dense)
        reduced[:, form.outgoing] += multipliers.cut_slope
        slopes = _times_incoming(rows, data.incoming) + data.incoming_cost
        values = multipliers.cut_value + multipliers.lower_bound_value + data.constant
        if len(form.fixed):
            of_fixed = reduced[:, form.fixed]
            reduced[:, form.fixed] = 0.0
            values += (of_fixed * data.fixed_value).sum(axis=1)
            slopes += _times_incoming(of_fixed, data.fixed_slope)
        row_part, row_valid = self._rows.sums(rows)
        column_part, column_valid = self._columns.sums(reduced)
        values += row_part
        values += column_part
        values += slopes @ state
        return DualBound(values, slopes, row_valid & column_valid)


class _Bounds:
    """Bounds, split into their finite values and where they are infinite."""

    def __init__(self, lower: Floats, upper: Floats) -> None:
        self._endless_lower = np.isinf(lower).astype(np.float64)
        self._endless_upper = np.isinf(upper).astype(np.float64)
        self._lower = np.where(np.isinf(lower), 0.0, lower)
        self._upper = np.where(np.isinf(upper), 0.0, upper)

    def sums(self, multipliers: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Sum multipliers times the bounds on which they stand; tell where all those bounds are finite."""
        up = np.maximum(multipliers, 0.0)
        down = multipliers - up
        wrong = np.maximum(up * self._endless_lower, -down * self._endless_upper)
        sums = (up * self._lower + down * self._upper).sum(axis=1)
        return sums, wrong.max(axis=1, initial=0.0) <= TOLERANCE


def _times_incoming(rows: Floats, slope: Floats) -> Floats:
    """Multiply multipliers (outcomes, rows) with slopes (outcomes or 1, rows, states)."""
    if slope.shape[0] == 1:
        return rows @ slope[0]
    return np.einsum("or,ors->os", rows, slope)


def _products(form: StageForm, rows: Floats) -> Floats:
    """Return multipliers times the sparse matrix, shape (outcomes, columns)."""
    terms = rows[:, form.matrix.rows] * form.data.values
    starts = form.matrix.starts
    filled = np.flatnonzero(np.diff(starts) > 0)
    result = np.zeros((len(rows), form.matrix.column_count))
    if len(filled):
        result[:, filled] = np.add.reduceat(terms, starts[filled], axis=1)
    return result
