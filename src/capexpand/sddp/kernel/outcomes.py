"""A node's outcomes in compiled code: how they lie in two buffers, and how one is put into the program."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from capexpand.sddp.compiling import compiled, inlined, making_arrays
from capexpand.sddp.kernel import layout as at
from capexpand.sddp.kernel.program import (
    BASIC,
    COLUMNS,
    FREE,
    LOWER,
    ROWS,
    UPPER,
    VARIABLES,
    Program,
    floats_of,
    places_of,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Outcomes(NamedTuple):
    """A node's outcomes in normal form; arrays of length 1 in the first axis are shared.

    The entries of T and of the fixed columns' slopes are kept as lists of places that are not zero:
    ``entering_row[k]``, ``entering_state[k]`` and ``entering_value[:, k]``, and so for ``fixed_...``.
    """

    cost: Floats
    incoming_cost: Floats
    constant: Floats
    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    entering_row: Integers
    entering_state: Integers
    entering_value: Floats
    fixed: Integers
    fixed_value: Floats
    fixed_place: Integers
    fixed_state: Integers
    fixed_slope: Floats
    values: Floats


@making_arrays
def lay_outcomes(sizes: Integers, integers: Integers, floats: Floats) -> Outcomes:
    """Lay a node's outcomes over two buffers.

    ``sizes`` holds the numbers of columns, rows, states, fixed columns, entries of T and of the fixed
    columns' slopes, entries of the matrix, and then the number of outcomes of each float array in the
    order of their making.
    """
    columns, rows, states, fixed, entering = sizes[0], sizes[1], sizes[2], sizes[3], sizes[4]
    slopes, entries = sizes[5], sizes[6]
    widths = (columns, states, 1, columns, columns, rows, rows, entering, fixed, slopes, entries)
    f = np.zeros(12, dtype=np.int64)
    for k in range(11):
        f[k + 1] = f[k] + widths[k] * sizes[7 + k]
    a = entering
    b = a + entering
    c = b + fixed
    d = c + slopes
    return Outcomes(
        floats[f[0] : f[1]].reshape(sizes[7], columns),
        floats[f[1] : f[2]].reshape(sizes[8], states),
        floats[f[2] : f[3]],
        floats[f[3] : f[4]].reshape(sizes[10], columns),
        floats[f[4] : f[5]].reshape(sizes[11], columns),
        floats[f[5] : f[6]].reshape(sizes[12], rows),
        floats[f[6] : f[7]].reshape(sizes[13], rows),
        integers[0:a],
        integers[a:b],
        floats[f[7] : f[8]].reshape(sizes[14], entering),
        integers[b:c],
        floats[f[8] : f[9]].reshape(sizes[15], fixed),
        integers[c:d],
        integers[d : d + slopes],
        floats[f[9] : f[10]].reshape(sizes[16], slopes),
        floats[f[10] : f[11]].reshape(sizes[17], entries),
    )


@compiled
def load(p: Program, o: Outcomes, outcome: int, state: Floats) -> bool:  # noqa: PLR0912 - see certify
    """Put an outcome at a state into the program; false where a fixed column would leave its bounds."""
    true_cost = floats_of(p, at.TRUE_COST)
    lower_ = floats_of(p, at.LOWER)
    upper_ = floats_of(p, at.UPPER)
    row_work = floats_of(p, at.ROW_WORK)
    column_work = floats_of(p, at.COLUMN_WORK)
    status = places_of(p, at.STATUS)
    columns, rows, variables = p.size[COLUMNS], p.size[ROWS], p.size[VARIABLES]
    cost = o.cost[outcome if o.cost.shape[0] > 1 else 0]
    lower = o.lower[outcome if o.lower.shape[0] > 1 else 0]
    upper = o.upper[outcome if o.upper.shape[0] > 1 else 0]
    row_lower = o.row_lower[outcome if o.row_lower.shape[0] > 1 else 0]
    row_upper = o.row_upper[outcome if o.row_upper.shape[0] > 1 else 0]
    for j in range(columns):
        true_cost[j] = cost[j]
        lower_[j] = lower[j]
        upper_[j] = upper[j]
    for i in range(rows):
        row_work[i] = 0.0
    entering = o.entering_value[outcome if o.entering_value.shape[0] > 1 else 0]
    for k in range(len(o.entering_row)):
        row_work[o.entering_row[k]] += entering[k] * state[o.entering_state[k]]
    for i in range(rows):
        lower_[variables + i] = row_lower[i] + row_work[i]
        upper_[variables + i] = row_upper[i] + row_work[i]
        true_cost[variables + i] = 0.0
    fixed_value = o.fixed_value[outcome if o.fixed_value.shape[0] > 1 else 0]
    slope = o.fixed_slope[outcome if o.fixed_slope.shape[0] > 1 else 0]
    inside = True
    for f in range(len(o.fixed)):
        column_work[f] = fixed_value[f]
    for k in range(len(o.fixed_place)):
        column_work[o.fixed_place[k]] += slope[k] * state[o.fixed_state[k]]
    for f in range(len(o.fixed)):
        j, value = o.fixed[f], column_work[f]
        clipped = min(max(value, lower_[j]), upper_[j])
        if abs(clipped - value) > 1e-6 * (1.0 + abs(value)):
            inside = False
        lower_[j], upper_[j] = clipped, clipped
        if status[j] == UPPER:
            status[j] = LOWER
    for j in range(columns):
        if status[j] != BASIC:
            status[j] = legal_status(status[j], lower_[j], upper_[j])
    for i in range(rows):
        j = variables + i
        if status[j] != BASIC:
            status[j] = legal_status(status[j], lower_[j], upper_[j])
    return inside


@compiled
def load_matrix(p: Program, values: Floats) -> None:
    """Put other coefficients into the program; the factors are void afterwards."""
    by_column, by_row, order = (
        floats_of(p, at.VALUES),
        floats_of(p, at.ROW_VALUES),
        places_of(p, at.ROW_ORDER),
    )
    for k in range(len(values)):
        by_column[k] = values[k]
    for k in range(len(values)):
        by_row[k] = values[order[k]]


@inlined
def legal_status(status: int, lower: float, upper: float) -> int:
    """Return on which bound a nonbasic variable stands: where it stood, if it still has that bound."""
    if lower > -np.inf:
        return UPPER if status == UPPER and upper < np.inf else LOWER
    return UPPER if upper < np.inf else FREE
