"""The memory of a stage program in compiled code: what it holds, and how it lies in two buffers.

A program is four arrays, whatever it holds: compiled functions are handed these and look up what they need.
Handing each its fifty arrays one by one made calls slow and compiling slower.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba.core import types
from numba.core.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array
from numpy.typing import NDArray

from capexpand.sddp.compiling import inlined
from capexpand.sddp.kernel import layout as at

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Places = NDArray[np.int32]
Indices = NDArray[np.uint32]

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
_PLACES = SIZES + at.FLOAT_ARRAYS + 1

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
        floats: all arrays of floats, see ``layout``.
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
    return p.places[p.size[_PLACES + array] : p.size[_PLACES + array + 1]]


# A slice of an array owns a share of its memory, and giving that back costs as much as ten multiplications.
# The solver looks up a dozen arrays in a call of a microsecond, in memory that outlives the call: so compiled
# code looks them up with what follows, which owns nothing.


def _look_up(kind: Any, buffer: str, starts: int) -> Any:
    """Return what looks up a part of a buffer, whose starts are from a place of ``size`` on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        field = Program._fields.index

        def array_of(name: str) -> Any:
            array = make_array(signature.args[0].types[field(name)])
            return array(context, builder, builder.extract_value(arguments[0], field(name)))

        size, source = array_of("size"), array_of(buffer)
        place = builder.add(arguments[1], arguments[1].type(starts))
        first, end = (
            builder.load(builder.gep(size.data, [builder.add(place, place.type(more))])) for more in (0, 1)
        )
        result = make_array(signature.return_type)(context, builder)
        data = builder.bitcast(builder.gep(source.data, [first]), result.data.type)
        populate_array(
            result, data=data, shape=[builder.sub(end, first)],
            strides=[source.itemsize], itemsize=source.itemsize, meminfo=None,
        )  # fmt: skip
        return result._getvalue()

    def look_up(_context: Any, program: Any, _array: Any) -> Any:
        return kind[::1](program, types.intp), generate

    return intrinsic(look_up)


floats_of: Callable[[Program, int], Floats] = _look_up(types.float64, "floats", SIZES)
"""Looks up one of a program's arrays of floats, in compiled code."""

places_of: Callable[[Program, int], Places] = _look_up(types.int32, "places", _PLACES)
"""Looks up one of a program's arrays of whole numbers, in compiled code."""

indices_of: Callable[[Program, int], Indices] = _look_up(types.uint32, "places", _PLACES)
"""Does the same for arrays none of whose numbers is negative, for indexing with them: of a signed index Numba
asks each time whether it counts from the end, which took a fifth of the solver's time."""


@inlined
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
