"""Factors of a basis: a sparse LU of what is neither a logical nor triangular, and a file of etas behind it.

The basis has one column for each place. Rows whose logical is basic need no factor: their logical is what the
row's other basic variables leave over. So the steps of a solve are these:

1. the *core* (basic columns on rows whose logical is not basic) as L and U. Columns and rows with a single
   entry left are pivots without fill, and most of a stage program is that; what then remains, the nucleus,
   is eliminated densely with threshold pivoting (Suhl and Suhl, 1990);
2. one *row eta* for each basic logical of a stage's row: ``y[place] = (rest of the row) @ y - right[row]``;
3. one *column eta* for each pivot since (product form: Dantzig and Orchard-Hays, 1954);
4. the slack cuts, all at once: their rows are dense in the states and lie side by side, and no factor knows
   of them until their logical leaves the basis.
"""

from __future__ import annotations

import numpy as np

from capexpand.sddp.compiling import compiled, making_arrays
from capexpand.sddp.kernel import layout as at
from capexpand.sddp.kernel.basis import add_row_eta
from capexpand.sddp.kernel.program import (
    BASIC,
    COLUMNS,
    CUTS,
    ENTRIES,
    ETAS,
    FACTOR_END,
    FACTOR_ROOM,
    LIVE,
    LOWER,
    LOWER_STEPS,
    PIVOT_TOLERANCE,
    PIVOTS,
    READY,
    ROWS,
    SHAKY,
    UPPER_STEPS,
    VARIABLES,
    Floats,
    Indices,
    Places,
    Program,
    cut_slopes,
    floats_of,
    indices_of,
    places_of,
)

_STABLE = 0.05
"""A pivot of the nucleus is at least this share of the largest entry of its column."""


@compiled
def start_from_logicals(p: Program) -> bool:
    """Make all logicals basic, with the weights that belong to them; false where the factors have no room."""
    status = places_of(p, at.STATUS)
    head = places_of(p, at.HEAD)
    weight = floats_of(p, at.WEIGHT)
    variables, total = p.size[VARIABLES], p.size[ROWS] + p.count[CUTS]
    for j in range(variables):
        if status[j] == BASIC:
            status[j] = LOWER
    for place in range(total):
        head[place] = variables + place
        status[variables + place] = BASIC
        weight[place] = 1.0
    p.count[READY] = 1
    return factorise(p)


@compiled
def factorise(p: Program) -> bool:
    """Factorise the basis anew; false where there is no room.

    Columns without a usable pivot leave the basis, and logicals take their places.
    """
    while True:
        outcome = _factorise_once(p)
        if outcome == 0:
            return True
        if outcome == 2:
            return False


@making_arrays
def _factorise_once(p: Program) -> int:
    """Return 0 where it is done, 1 where columns had to leave, 2 where there is no room."""
    head, place_of = places_of(p, at.HEAD), places_of(p, at.PLACE_OF)
    variables, total = p.size[VARIABLES], p.size[ROWS] + p.count[CUTS]
    p.count[SHAKY] = 0
    p.count[PIVOTS] = p.count[ETAS] = p.count[LOWER_STEPS] = p.count[UPPER_STEPS] = p.count[FACTOR_END] = 0
    core = np.empty(total, dtype=np.int32)
    number = 0
    for place in range(total):
        j = head[place]
        place_of[j] = place
        if j < variables:
            core[number] = place
            number += 1
    outcome = 0
    if number > 0:
        outcome = _factorise_core(p, core[:number])
    if outcome != 0:
        return outcome
    places_of(p, at.ETA_START)[0] = p.count[FACTOR_END]
    slack, rows = places_of(p, at.SLACK_PLACE), p.size[ROWS]
    for cut in range(p.count[CUTS]):
        slack[cut] = -1
    for place in range(total):
        row = head[place] - variables
        if row >= rows:
            slack[row - rows] = place
        elif row >= 0 and not add_row_eta(p, place, row):
            return 2
    # Some pivots must fit behind, or every one of them would ask for new factors.
    return 0 if p.count[FACTOR_END] + 8 * total <= p.size[FACTOR_ROOM] else 2


@compiled
def _gather_core(p: Program, core: Places, starts: Indices, rows: Indices, values: Floats) -> None:
    """Write the columns of the core, on the rows whose logical is not basic."""
    head, status = places_of(p, at.HEAD), places_of(p, at.STATUS)
    matrix_starts, matrix_rows = indices_of(p, at.STARTS), indices_of(p, at.ROWS)
    matrix_values, own_live, slopes = floats_of(p, at.VALUES), places_of(p, at.OWN_LIVE), cut_slopes(p)
    variables, columns, first, cuts = p.size[VARIABLES], p.size[COLUMNS], p.size[ROWS], p.count[CUTS]
    end = 0
    for number in range(len(core)):
        starts[number] = end
        j = head[core[number]]
        state = -1
        if j < columns:
            state = own_live[j]
            for k in range(matrix_starts[j], matrix_starts[j + 1]):
                row = matrix_rows[k]
                if status[variables + row] != BASIC:
                    rows[end], values[end] = row, matrix_values[k]
                    end += 1
        if j == columns or state >= 0:
            for cut in range(cuts):
                slope = 1.0 if j == columns else -slopes[cut, state]
                if slope != 0.0 and status[variables + first + cut] != BASIC:
                    rows[end], values[end] = first + cut, slope
                    end += 1
    starts[len(core)] = end


@making_arrays
def _factorise_core(p: Program, core: Places) -> int:  # noqa: PLR0912, PLR0915 - one pass over shared lists
    """Find the triangular pivots of the core, then eliminate the nucleus; returns as ``_factorise_once``."""
    total, number = p.size[ROWS] + p.count[CUTS], len(core)
    room = p.size[ENTRIES] + (p.size[LIVE] + 1) * p.count[CUTS]
    starts, rows, values = (
        np.empty(number + 1, dtype=np.uint32),
        np.empty(room, dtype=np.uint32),
        np.empty(room),
    )
    _gather_core(p, core, starts, rows, values)
    row_count, row_starts = np.empty(total + 1, dtype=np.int32), np.empty(total + 1, dtype=np.uint32)
    for i in range(total + 1):
        row_count[i] = 0
    column_count = np.empty(number, dtype=np.int32)
    for k in range(number):
        column_count[k] = starts[k + 1] - starts[k]
        for e in range(starts[k], starts[k + 1]):
            row_count[rows[e]] += 1
    in_row, filled = np.empty(starts[number] + 1, dtype=np.uint32), np.empty(total + 1, dtype=np.uint32)
    row_starts[0] = 0
    for i in range(total):
        row_starts[i + 1] = row_starts[i] + row_count[i]
        filled[i] = row_starts[i]
    queue = np.empty(2 * (total + number) + 2, dtype=np.int32)
    waiting = 0
    for k in range(number):
        for e in range(starts[k], starts[k + 1]):
            in_row[filled[rows[e]]] = k
            filled[rows[e]] += 1
        if column_count[k] == 1:
            queue[waiting] = k
            waiting += 1
    for i in range(total):
        if row_count[i] == 1:
            queue[waiting] = -1 - i
            waiting += 1
    step_of_row, step_of_column = np.empty(total, dtype=np.int32), np.empty(number, dtype=np.int32)
    for i in range(total):
        step_of_row[i] = -1
    for k in range(number):
        step_of_column[k] = -1
    if p.size[FACTOR_ROOM] < starts[number]:
        return 2
    index, value = places_of(p, at.FACTOR_INDEX), floats_of(p, at.FACTOR_VALUE)
    upper_row, upper_place = places_of(p, at.UPPER_ROW), places_of(p, at.UPPER_PLACE)
    upper_start, upper_end = places_of(p, at.UPPER_START), places_of(p, at.UPPER_END)
    upper_pivot = floats_of(p, at.UPPER_PIVOT)
    lower_row = places_of(p, at.LOWER_ROW)
    lower_start, lower_end = places_of(p, at.LOWER_START), places_of(p, at.LOWER_END)
    end = step = lower = done = 0
    while done < waiting:
        item = queue[done]
        done += 1
        column, row = -1, -1
        if item >= 0:
            if step_of_column[item] >= 0 or column_count[item] != 1:
                continue
            column = item
        else:
            row = -1 - item
            if step_of_row[row] >= 0 or row_count[row] != 1:
                continue
            for e in range(row_starts[row], row_starts[row + 1]):
                if step_of_column[in_row[e]] < 0:
                    column = in_row[e]
        pivot, largest = 0.0, 0.0
        for e in range(starts[column], starts[column + 1]):
            if step_of_row[rows[e]] < 0:
                largest = max(largest, abs(values[e]))
                if row < 0 or rows[e] == row:
                    row, pivot = rows[e], values[e]
        if abs(pivot) < PIVOT_TOLERANCE or abs(pivot) < 0.01 * largest:
            continue
        # Entries in rows with a pivot go to U, the others to L.
        upper_row[step], upper_place[step], upper_pivot[step] = row, core[column], 1.0 / pivot
        upper_start[step] = end
        for e in range(starts[column], starts[column + 1]):
            if step_of_row[rows[e]] >= 0:
                index[end], value[end] = rows[e], values[e]
                end += 1
        upper_end[step] = end
        lower_start[lower] = end
        for e in range(starts[column], starts[column + 1]):
            i = rows[e]
            if step_of_row[i] < 0 and i != row:
                index[end], value[end] = i, values[e] / pivot
                end += 1
            row_count[i] -= 1
            if row_count[i] == 1 and step_of_row[i] < 0:
                queue[waiting] = -1 - i
                waiting += 1
        if end > lower_start[lower]:
            lower_row[lower], lower_end[lower] = row, end
            lower += 1
        step_of_row[row] = step_of_column[column] = step
        step += 1
        for e in range(row_starts[row], row_starts[row + 1]):
            k = in_row[e]
            column_count[k] -= 1
            if column_count[k] == 1 and step_of_column[k] < 0:
                queue[waiting] = k
                waiting += 1
    p.count[FACTOR_END], p.count[UPPER_STEPS], p.count[LOWER_STEPS] = end, step, lower
    if step == number:
        return 0
    return _eliminate(
        p, core, number - step, starts, rows, values, step_of_row, step_of_column, column_count, row_count
    )


@making_arrays
def _eliminate(  # noqa: PLR0912, PLR0915, PLR0917 - compiled code takes its arguments by position
    p: Program, places: Places, left: int, starts: Indices, rows: Indices, values: Floats,
    step_of_row: Places, step_of_column: Places, column_count: Places, row_count: Places,
) -> int:  # fmt: skip
    """Eliminate the nucleus in a dense block, columns with few entries first."""
    status = places_of(p, at.STATUS)
    upper_row = places_of(p, at.UPPER_ROW)
    upper_place = places_of(p, at.UPPER_PLACE)
    upper_pivot = floats_of(p, at.UPPER_PIVOT)
    upper_start = places_of(p, at.UPPER_START)
    factor_index = places_of(p, at.FACTOR_INDEX)
    factor_value = floats_of(p, at.FACTOR_VALUE)
    upper_end = places_of(p, at.UPPER_END)
    lower_row = places_of(p, at.LOWER_ROW)
    lower_start = places_of(p, at.LOWER_START)
    lower_end = places_of(p, at.LOWER_END)
    variables, total = p.size[VARIABLES], len(step_of_row)
    columns = np.empty(left, dtype=np.int32)
    found = 0
    for k in range(len(places)):
        if step_of_column[k] < 0:
            # sorted as they come: there are few
            place = found
            while place > 0 and column_count[columns[place - 1]] > column_count[k]:
                columns[place] = columns[place - 1]
                place -= 1
            columns[place] = k
            found += 1
    global_row = np.empty(total, dtype=np.int32)
    local_row = np.empty(total, dtype=np.int32)
    height = 0
    for i in range(total):
        local_row[i] = -1
        if step_of_row[i] < 0 and status[variables + i] != BASIC:
            global_row[height], local_row[i] = i, height
            height += 1
    block = np.empty((height, left))
    for i in range(height):
        for c in range(left):
            block[i, c] = 0.0
    for c in range(left):
        k = columns[c]
        for e in range(starts[k], starts[k + 1]):
            if local_row[rows[e]] >= 0:
                block[local_row[rows[e]], c] = values[e]
    used = np.empty(height, dtype=np.int32)  # by local row: its step in the block
    for i in range(height):
        used[i] = -1
    singular = False
    for c in range(left):
        k = columns[c]
        largest = 0.0
        for i in range(height):
            if used[i] < 0:
                largest = max(largest, abs(block[i, c]))
        if largest < PIVOT_TOLERANCE:
            singular = True
            _expel(p, places[k])
            continue
        best, fewest = -1, total + len(places)
        for i in range(height):
            if used[i] < 0 and abs(block[i, c]) >= _STABLE * largest and row_count[global_row[i]] < fewest:
                best, fewest = i, row_count[global_row[i]]
        if p.count[FACTOR_END] + starts[k + 1] - starts[k] + height > p.size[FACTOR_ROOM]:
            return 2
        pivot = block[best, c]
        end, step = p.count[FACTOR_END], p.count[UPPER_STEPS]
        row = global_row[best]
        upper_row[step], upper_place[step], upper_pivot[step] = row, places[k], 1.0 / pivot
        upper_start[step] = end
        for e in range(starts[k], starts[k + 1]):
            if local_row[rows[e]] < 0:
                factor_index[end], factor_value[end] = rows[e], values[e]
                end += 1
        for i in range(height):
            if used[i] >= 0 and block[i, c] != 0.0:
                factor_index[end], factor_value[end] = global_row[i], block[i, c]
                end += 1
        upper_end[step] = end
        used[best] = step
        lower = p.count[LOWER_STEPS]
        lower_row[lower], lower_start[lower] = row, end
        for i in range(height):
            if used[i] < 0 and block[i, c] != 0.0:
                factor = block[i, c] / pivot
                factor_index[end], factor_value[end] = global_row[i], factor
                end += 1
                for other in range(c + 1, left):
                    block[i, other] -= factor * block[best, other]
        lower_end[lower] = end
        if end > lower_start[lower]:
            p.count[LOWER_STEPS] = lower + 1
        p.count[UPPER_STEPS], p.count[FACTOR_END] = step + 1, end
    if not singular:
        return 0
    for i in range(height):
        if used[i] < 0:
            _fill_place(p, variables + global_row[i])
    return 1


@compiled
def _expel(p: Program, place: int) -> None:
    """Take a variable out of the basis; its place is empty (-1) until a logical takes it."""
    status = places_of(p, at.STATUS)
    head = places_of(p, at.HEAD)
    status[head[place]] = LOWER
    head[place] = -1


@compiled
def _fill_place(p: Program, logical: int) -> None:
    """Put a logical into an empty place."""
    head = places_of(p, at.HEAD)
    status = places_of(p, at.STATUS)
    weight = floats_of(p, at.WEIGHT)
    for place in range(p.size[ROWS] + p.count[CUTS]):
        if head[place] == -1:
            head[place] = logical
            status[logical] = BASIC
            weight[place] = 1.0
            return
