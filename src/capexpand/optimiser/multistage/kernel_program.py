"""The memory of a stage program in compiled code: what it holds, and how it lies in two buffers.

A program is four arrays, whatever it holds: compiled functions are handed these and look up what they need.
Handing each its fifty arrays one by one made calls slow and compiling slower.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from capexpand.optimiser.multistage import kernel_layout as at
from capexpand.optimiser.multistage.compiling import compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Places = NDArray[np.int32]

BASIC, LOWER, UPPER, FREE = 0, 1, 2, 3
OPTIMAL, INFEASIBLE, UNBOUNDED, STUCK, FULL = 0, 1, 2, 3, 10

# Places in the array ``size``: numbers of columns, rows, columns with theta, states, cuts that there is room
# for, entries of the matrix, entries of the factors that there is room for, and states that can leave zero.
COLUMNS, ROWS, VARIABLES, STATES, CAPACITY, ENTRIES, FACTOR_ROOM, LIVE = 0, 1, 2, 3, 4, 5, 6, 7
SIZES = 8

# Places in the array ``count``.
CUTS, PIVOTS, SEEN, CLOCK, READY, TOTAL_PIVOTS, TOUCHED, FLIPPED = 0, 1, 2, 3, 4, 5, 6, 7
LOWER_STEPS, UPPER_STEPS, ETAS, FACTOR_END, SHAKY, SHIFTED, FOREIGN, OWNER = 8, 9, 10, 11, 12, 13, 14, 15
COUNTS = 16

PRIMAL_TOLERANCE = 1e-8
DUAL_TOLERANCE = 1e-9
HARRIS_TOLERANCE = 1e-7
PIVOT_TOLERANCE = 1e-7
PIVOTS_BETWEEN_FACTORS = 64


class Program(NamedTuple):
    """A program: what stays, what is loaded, and the basis. Nodes of the same shape share one.

    Args:
        size: numbers that stay, then where each array begins.
        count: numbers that change.
        floats: all arrays of floats, see ``kernel_layout``.
        places: all arrays of whole numbers.
    """

    size: Integers
    count: Integers
    floats: Floats
    places: Places


def float_view(p: Program, array: int) -> Floats:
    """Return one of a program's arrays of floats."""
    return p.floats[p.size[SIZES + array] : p.size[SIZES + array + 1]]


def place_view(p: Program, array: int) -> Places:
    """Return one of a program's arrays of whole numbers."""
    first = SIZES + at.FLOAT_ARRAYS + 1
    return p.places[p.size[first + array] : p.size[first + array + 1]]


floats_of, places_of = compiled(float_view), compiled(place_view)


@compiled
def cut_slopes(p: Program) -> Floats:
    """Return the slopes of the active cuts, shape (room, live states)."""
    return floats_of(p, at.CUT_SLOPE).reshape(p.size[CAPACITY], p.size[LIVE])


def memory(numbers: tuple[int, ...], *, count: Integers) -> Program:
    """Return empty memory for a program.

    Args:
        numbers: the first ``SIZES`` numbers of ``size``.
        count: taken as it is.
    """
    columns, rows, variables, states, capacity, entries, room, live = numbers
    total = rows + capacity
    everything = variables + total
    etas = total + capacity + PIVOTS_BETWEEN_FACTORS + 2
    of_states = max(total, columns, states)
    floats = (
        entries, entries, everything, everything, everything, everything, everything, everything, variables,
        total, total, total, total, of_states, total, total, of_states, capacity * live, capacity, total,
        etas,        room, live,
    )  # fmt: skip
    places = (
        columns + 1, entries, rows + 1, entries, columns, live, everything, everything, everything,
        total, capacity, capacity, everything, everything, everything, everything, total, total, total, total,
        total, total, total, etas, etas, etas + 1, room, capacity, entries,
    )  # fmt: skip
    starts = np.concatenate(([0], np.cumsum(floats), [0], np.cumsum(places)))
    size = np.concatenate((numbers, starts)).astype(np.int64)
    return Program(size, count, np.zeros(sum(floats)), np.zeros(sum(places), dtype=np.int32))
