"""The memory of one stage program in compiled code: what it holds, and how it lies in two buffers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from capexpand.optimiser.multistage.compiling import compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BASIC, LOWER, UPPER, FREE = 0, 1, 2, 3
OPTIMAL, INFEASIBLE, UNBOUNDED, STUCK = 0, 1, 2, 3

# Places in the array ``size``.
COLUMNS, ROWS, VARIABLES, STATES, CAPACITY, ENTRIES = 0, 1, 2, 3, 4, 5
# Places in the array ``count``.
CUTS, PIVOTS, SEEN, CLOCK, READY, TOTAL_PIVOTS = 0, 1, 2, 3, 4, 5

PRIMAL_TOLERANCE = 1e-9
DUAL_TOLERANCE = 1e-9
PIVOT_TOLERANCE = 1e-7
PIVOTS_BETWEEN_FACTORS = 100


class Program(NamedTuple):
    """A node's program: what stays, what is loaded, and the basis.

    ``size`` and ``count`` hold whole numbers at the places named above. ``own_outgoing[j]`` is the state
    that column j hands on, or -1. ``cost``, ``lower`` and ``upper`` hold all variables, logicals last;
    ``true_cost`` those before shifting. ``value`` holds the values of the basic variables by place,
    ``weight`` the squared norms of the rows of the inverse.
    """

    size: Integers
    starts: Integers
    rows: NDArray[np.uint32]
    values: Floats
    own_outgoing: Integers
    outgoing: Integers
    cost: Floats
    true_cost: Floats
    lower: Floats
    upper: Floats
    reduced: Floats
    status: Integers
    head: Integers
    inverse: Floats
    value: Floats
    weight: Floats
    dual: Floats
    solution: Floats
    cut_slope: Floats
    cut_intercept: Floats
    cut_index: Integers
    cut_used: Integers
    count: Integers
    row_work: Floats
    column_work: Floats
    state_work: Floats
    alpha_row: Floats
    entry_rows: Integers
    entry_values: Floats
    candidates: Integers
    before: Integers


@compiled
def room(size: Integers) -> tuple[int, int]:
    """Return how many floats and integers a program of a size needs."""
    columns, rows, variables, states = size[COLUMNS], size[ROWS], size[VARIABLES], size[STATES]
    capacity, entries = size[CAPACITY], size[ENTRIES]
    total = rows + capacity
    everything = variables + total
    floats = entries + 6 * everything + total * total + 4 * total + variables + capacity * (states + 1)
    floats += max(total, columns) + states + total + capacity
    integers = columns + 1 + columns + states + 3 * everything + total + 2 * capacity + total + capacity
    return floats, integers


@compiled
def assemble(
    size: Integers, count: Integers, floats: Floats, integers: Integers, rows: NDArray[np.uint32]
) -> Program:
    """Lay a program over two buffers, because thirty arrays cost 20 µs on their way to compiled code."""
    columns, row_count, variables, states = size[COLUMNS], size[ROWS], size[VARIABLES], size[STATES]
    capacity, entries = size[CAPACITY], size[ENTRIES]
    total = row_count + capacity
    everything = variables + total
    f = np.zeros(18, dtype=np.int64)
    lengths = (
        entries, everything, everything, everything, everything, everything, everything, total * total, total,
        total, total, variables, capacity * states, capacity, total, max(total, columns), states,
    )  # fmt: skip
    for k in range(17):
        f[k + 1] = f[k] + lengths[k]
    i = np.zeros(11, dtype=np.int64)
    int_lengths = (
        columns + 1, columns, states, everything, total, capacity, capacity, total + capacity,
        everything, everything,
    )  # fmt: skip
    for k in range(10):
        i[k + 1] = i[k] + int_lengths[k]
    return Program(
        size,
        integers[i[0] : i[1]],
        rows,
        floats[f[0] : f[1]],
        integers[i[1] : i[2]],
        integers[i[2] : i[3]],
        floats[f[1] : f[2]],
        floats[f[2] : f[3]],
        floats[f[3] : f[4]],
        floats[f[4] : f[5]],
        floats[f[5] : f[6]],
        integers[i[3] : i[4]],
        integers[i[4] : i[5]],
        floats[f[7] : f[8]].reshape(total, total),
        floats[f[8] : f[9]],
        floats[f[9] : f[10]],
        floats[f[10] : f[11]],
        floats[f[11] : f[12]],
        floats[f[12] : f[13]].reshape(capacity, states),
        floats[f[13] : f[14]],
        integers[i[5] : i[6]],
        integers[i[6] : i[7]],
        count,
        floats[f[14] : f[15]],
        floats[f[15] : f[16]],
        floats[f[16] : f[17]],
        floats[f[6] : f[7]],
        integers[i[7] : i[8]],
        floats[f[17] : f[17] + total + capacity],
        integers[i[8] : i[9]],
        integers[i[9] : i[10]],
    )
