"""Factors of a basis: a sparse LU of what is neither a logical nor triangular, and a file of etas behind it.

The basis is ``B`` with one column for each place. Rows whose logical is basic need no factor: their logical is
what the row's other basic variables leave over. So three kinds of steps follow each other in a solve with B:

1. the *core* — basic columns on the rows whose logical is not basic — as L and U. Columns and rows with a single
   entry left are pivots without fill (most of a stage program); what then remains, the nucleus, is eliminated
   densely with threshold pivoting (Suhl and Suhl, 1990);
2. one *row eta* for each basic logical: ``y[place] = (row of B without it) @ y - right[row]``;
3. one *column eta* for each pivot since (product form: Dantzig and Orchard-Hays, 1954), and one row eta for each
   cut since.
"""

from __future__ import annotations

import numpy as np

from capexpand.optimiser.multistage import kernel_layout as at
from capexpand.optimiser.multistage.compiling import compiled
from capexpand.optimiser.multistage.kernel_program import (
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
    Places,
    Program,
    cut_slopes,
    floats_of,
    places_of,
)

SHAKY_PIVOT = 1e-4
"""After a pivot below this an answer is computed from new factors."""
_STABLE = 0.05
"""A pivot is at least this share of the largest entry of its column."""


@compiled
def solve_basis(p: Program, right: Floats, result: Floats) -> None:
    """Solve ``B y = right``; ``right`` is by row and is destroyed, ``result`` by place."""
    factor_value = floats_of(p, at.FACTOR_VALUE)
    factor_index = places_of(p, at.FACTOR_INDEX)
    lower_row = places_of(p, at.LOWER_ROW)
    lower_start = places_of(p, at.LOWER_START)
    lower_end = places_of(p, at.LOWER_END)
    upper_row = places_of(p, at.UPPER_ROW)
    upper_pivot = floats_of(p, at.UPPER_PIVOT)
    upper_start = places_of(p, at.UPPER_START)
    upper_end = places_of(p, at.UPPER_END)
    upper_place = places_of(p, at.UPPER_PLACE)
    eta_place = places_of(p, at.ETA_PLACE)
    eta_row = places_of(p, at.ETA_ROW)
    eta_start = places_of(p, at.ETA_START)
    eta_pivot = floats_of(p, at.ETA_PIVOT)
    value, index = factor_value, factor_index
    for step in range(p.count[LOWER_STEPS]):
        x = right[lower_row[step]]
        if x != 0.0:
            for k in range(lower_start[step], lower_end[step]):
                right[index[k]] -= value[k] * x
    for step in range(p.count[UPPER_STEPS] - 1, -1, -1):
        x = right[upper_row[step]]
        if x != 0.0:
            x *= upper_pivot[step]
            for k in range(upper_start[step], upper_end[step]):
                right[index[k]] -= value[k] * x
        result[upper_place[step]] = x
    for eta in range(p.count[ETAS]):
        place, row = eta_place[eta], eta_row[eta]
        if row >= 0:
            x = -right[row]
            for k in range(eta_start[eta], eta_start[eta + 1]):
                x += value[k] * result[index[k]]
            result[place] = x
        else:
            x = result[place]
            if x != 0.0:
                x *= eta_pivot[eta]
                for k in range(eta_start[eta], eta_start[eta + 1]):
                    result[index[k]] -= value[k] * x
                result[place] = x
    if p.count[CUTS] > 0:
        _solve_slack_cuts(p, right, result)


@compiled
def _solve_slack_cuts(p: Program, right: Floats, result: Floats) -> None:
    """Compute the entries of slack cuts, which no factor knows, from those of the states and theta."""
    slack, columns, live = places_of(p, at.SLACK_PLACE), places_of(p, at.LIVE), p.size[LIVE]
    status, place_of = places_of(p, at.STATUS), places_of(p, at.PLACE_OF)
    states, slopes, theta = floats_of(p, at.LIVE_WORK), cut_slopes(p), p.size[COLUMNS]
    for state in range(live):
        j = columns[state]
        states[state] = result[place_of[j]] if status[j] == BASIC else 0.0
    of_theta = result[place_of[theta]] if status[theta] == BASIC else 0.0
    for cut in range(p.count[CUTS]):
        if slack[cut] >= 0:
            x = of_theta - right[p.size[ROWS] + cut]
            for state in range(live):
                x -= slopes[cut, state] * states[state]
            result[slack[cut]] = x


@compiled
def _transpose_slack_cuts(p: Program, left: Floats, result: Floats) -> None:
    """Move the entries of slack cuts in ``left`` to the states and theta."""
    slack, columns, live = places_of(p, at.SLACK_PLACE), places_of(p, at.LIVE), p.size[LIVE]
    status, place_of = places_of(p, at.STATUS), places_of(p, at.PLACE_OF)
    slopes, theta = cut_slopes(p), p.size[COLUMNS]
    for cut in range(p.count[CUTS]):
        if slack[cut] < 0:
            continue
        x = left[slack[cut]]
        result[p.size[ROWS] + cut] = -x
        if x != 0.0:
            if status[theta] == BASIC:
                left[place_of[theta]] += x
            for state in range(live):
                j = columns[state]
                if status[j] == BASIC:
                    left[place_of[j]] -= x * slopes[cut, state]


@compiled
def solve_transposed(p: Program, left: Floats, result: Floats) -> None:
    """Solve ``y B = left``; ``left`` is by place and is destroyed, ``result`` by row."""
    factor_value = floats_of(p, at.FACTOR_VALUE)
    factor_index = places_of(p, at.FACTOR_INDEX)
    eta_place = places_of(p, at.ETA_PLACE)
    eta_row = places_of(p, at.ETA_ROW)
    eta_start = places_of(p, at.ETA_START)
    eta_pivot = floats_of(p, at.ETA_PIVOT)
    upper_place = places_of(p, at.UPPER_PLACE)
    upper_start = places_of(p, at.UPPER_START)
    upper_end = places_of(p, at.UPPER_END)
    upper_row = places_of(p, at.UPPER_ROW)
    upper_pivot = floats_of(p, at.UPPER_PIVOT)
    lower_row = places_of(p, at.LOWER_ROW)
    lower_start = places_of(p, at.LOWER_START)
    lower_end = places_of(p, at.LOWER_END)
    value, index = factor_value, factor_index
    if p.count[CUTS] > 0:
        _transpose_slack_cuts(p, left, result)
    for eta in range(p.count[ETAS] - 1, -1, -1):
        place, row = eta_place[eta], eta_row[eta]
        x = left[place]
        if row >= 0:
            result[row] = -x
            if x != 0.0:
                for k in range(eta_start[eta], eta_start[eta + 1]):
                    left[index[k]] += value[k] * x
        else:
            for k in range(eta_start[eta], eta_start[eta + 1]):
                x -= value[k] * left[index[k]]
            left[place] = x * eta_pivot[eta]
    for step in range(p.count[UPPER_STEPS]):
        x = left[upper_place[step]]
        for k in range(upper_start[step], upper_end[step]):
            x -= value[k] * result[index[k]]
        result[upper_row[step]] = x * upper_pivot[step]
    for step in range(p.count[LOWER_STEPS] - 1, -1, -1):
        x = result[lower_row[step]]
        for k in range(lower_start[step], lower_end[step]):
            x -= value[k] * result[index[k]]
        result[lower_row[step]] = x


@compiled
def add_row_eta(p: Program, place: int, row: int) -> bool:
    """Append the step that computes a basic logical from the other variables of its row; false without room."""
    eta_place = places_of(p, at.ETA_PLACE)
    row_starts = places_of(p, at.ROW_STARTS)
    row_columns = places_of(p, at.ROW_COLUMNS)
    status = places_of(p, at.STATUS)
    factor_index = places_of(p, at.FACTOR_INDEX)
    factor_value = floats_of(p, at.FACTOR_VALUE)
    place_of = places_of(p, at.PLACE_OF)
    row_values = floats_of(p, at.ROW_VALUES)
    live = places_of(p, at.LIVE)
    cut_slope = cut_slopes(p)
    eta_row = places_of(p, at.ETA_ROW)
    eta_start = places_of(p, at.ETA_START)
    eta, end = p.count[ETAS], p.count[FACTOR_END]
    if eta + 1 >= len(eta_place) or end + p.size[COLUMNS] + 1 > p.size[FACTOR_ROOM]:
        return False
    if row < p.size[ROWS]:
        for k in range(row_starts[row], row_starts[row + 1]):
            j = row_columns[k]
            if status[j] == BASIC:
                factor_index[end], factor_value[end] = place_of[j], row_values[k]
                end += 1
    else:
        cut = row - p.size[ROWS]
        for state in range(p.size[LIVE]):
            j, slope = live[state], cut_slope[cut, state]
            if slope != 0.0 and status[j] == BASIC:
                factor_index[end], factor_value[end] = place_of[j], -slope
                end += 1
        if status[p.size[COLUMNS]] == BASIC:
            factor_index[end], factor_value[end] = place_of[p.size[COLUMNS]], 1.0
            end += 1
    eta_place[eta], eta_row[eta] = place, row
    eta_start[eta + 1] = end
    p.count[ETAS], p.count[FACTOR_END] = eta + 1, end
    return True


@compiled
def has_room_for_eta(p: Program) -> bool:
    """Tell whether another pivot fits behind the factors."""
    eta_place = places_of(p, at.ETA_PLACE)
    total = p.size[ROWS] + p.count[CUTS]
    within = p.count[ETAS] + 2 < len(eta_place)
    return within and p.count[FACTOR_END] + total + p.size[COLUMNS] + 1 <= p.size[FACTOR_ROOM]


@compiled
def add_column_eta(p: Program, place: int, column: Floats) -> None:
    """Append the step of a pivot: a variable with this column by place enters at a place."""
    factor_index = places_of(p, at.FACTOR_INDEX)
    factor_value = floats_of(p, at.FACTOR_VALUE)
    eta_place = places_of(p, at.ETA_PLACE)
    eta_row = places_of(p, at.ETA_ROW)
    eta_pivot = floats_of(p, at.ETA_PIVOT)
    eta_start = places_of(p, at.ETA_START)
    head, slack, first_cut = (
        places_of(p, at.HEAD),
        places_of(p, at.SLACK_PLACE),
        p.size[VARIABLES] + p.size[ROWS],
    )
    leaving = head[place] - first_cut
    if leaving >= 0 and slack[leaving] == place:
        # From here on the factors must know this row.
        add_row_eta(p, place, p.size[ROWS] + leaving)
        slack[leaving] = -1
    eta, end = p.count[ETAS], p.count[FACTOR_END]
    for other in range(p.size[ROWS] + p.count[CUTS]):
        x = column[other]
        if other != place and (x > 1e-14 or x < -1e-14):
            cut = head[other] - first_cut
            if cut >= 0 and slack[cut] == other:
                continue
            factor_index[end], factor_value[end] = other, x
            end += 1
    eta_place[eta], eta_row[eta], eta_pivot[eta] = place, -1, 1.0 / column[place]
    if abs(column[place]) < SHAKY_PIVOT:
        p.count[SHAKY] = 1
    eta_start[eta + 1] = end
    p.count[ETAS], p.count[FACTOR_END] = eta + 1, end


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


@compiled
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
def _gather_core(p: Program, core: Places, starts: Places, rows: Places, values: Floats) -> None:
    """Write the columns of the core, on the rows whose logical is not basic."""
    head, status = places_of(p, at.HEAD), places_of(p, at.STATUS)
    matrix_starts, matrix_rows = places_of(p, at.STARTS), places_of(p, at.ROWS)
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


@compiled
def _factorise_core(p: Program, core: Places) -> int:  # noqa: PLR0912, PLR0915 - one pass over shared lists
    """Find the triangular pivots of the core, then eliminate the nucleus; returns as ``_factorise_once``."""
    total, number = p.size[ROWS] + p.count[CUTS], len(core)
    room = p.size[ENTRIES] + (p.size[LIVE] + 1) * p.count[CUTS]
    starts, rows, values = (
        np.empty(number + 1, dtype=np.int32),
        np.empty(room, dtype=np.int32),
        np.empty(room),
    )
    _gather_core(p, core, starts, rows, values)
    row_count, row_starts = np.zeros(total + 1, dtype=np.int32), np.empty(total + 1, dtype=np.int32)
    column_count = np.empty(number, dtype=np.int32)
    for k in range(number):
        column_count[k] = starts[k + 1] - starts[k]
        for e in range(starts[k], starts[k + 1]):
            row_count[rows[e]] += 1
    row_starts[0] = 0
    for i in range(total):
        row_starts[i + 1] = row_starts[i] + row_count[i]
    in_row, filled = np.empty(starts[number] + 1, dtype=np.int32), row_starts.copy()
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
    step_of_row = np.full(total, -1, dtype=np.int32)
    step_of_column = np.full(number, -1, dtype=np.int32)
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


@compiled
def _eliminate(  # noqa: PLR0912, PLR0917 - compiled code takes its arguments by position
    p: Program, places: Places, left: int, starts: Places, rows: Places, values: Floats,
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
    columns, keys = np.empty(left, dtype=np.int32), np.empty(left, dtype=np.int64)
    found = 0
    for k in range(len(places)):
        if step_of_column[k] < 0:
            columns[found], keys[found] = k, column_count[k]
            found += 1
    order = np.argsort(keys)
    global_row = np.empty(total, dtype=np.int32)
    local_row = np.full(total, -1, dtype=np.int32)
    height = 0
    for i in range(total):
        if step_of_row[i] < 0 and status[variables + i] != BASIC:
            global_row[height], local_row[i] = i, height
            height += 1
    block = np.zeros((height, left))
    for c in range(left):
        k = columns[order[c]]
        for e in range(starts[k], starts[k + 1]):
            if local_row[rows[e]] >= 0:
                block[local_row[rows[e]], c] = values[e]
    used = np.full(height, -1, dtype=np.int32)  # by local row: its step in the block
    singular = False
    for c in range(left):
        k = columns[order[c]]
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
