"""Solving with a basis, straight and transposed, and the steps that pivots append to its factors.

What the steps are is told in ``factors``, which makes the first of them.
"""

from __future__ import annotations

from capexpand.sddp.compiling import compiled
from capexpand.sddp.kernel import layout as at
from capexpand.sddp.kernel.program import (
    BASIC,
    COLUMNS,
    CUTS,
    ETAS,
    FACTOR_END,
    FACTOR_ROOM,
    LIVE,
    LOWER_STEPS,
    ROWS,
    SHAKY,
    UPPER_STEPS,
    VARIABLES,
    Floats,
    Program,
    cut_slopes,
    floats_of,
    indices_of,
    places_of,
)

SHAKY_PIVOT = 1e-4
"""After a pivot below this an answer is computed from new factors."""


@compiled
def solve_basis(p: Program, right: Floats, result: Floats) -> None:  # noqa: PLR0912 - a call is not free
    """Solve ``B y = right``; ``right`` is by row and is destroyed, ``result`` by place."""
    factor_value = floats_of(p, at.FACTOR_VALUE)
    factor_index = indices_of(p, at.FACTOR_INDEX)
    lower_row = indices_of(p, at.LOWER_ROW)
    lower_start = indices_of(p, at.LOWER_START)
    lower_end = indices_of(p, at.LOWER_END)
    upper_row = indices_of(p, at.UPPER_ROW)
    upper_pivot = floats_of(p, at.UPPER_PIVOT)
    upper_start = indices_of(p, at.UPPER_START)
    upper_end = indices_of(p, at.UPPER_END)
    upper_place = indices_of(p, at.UPPER_PLACE)
    eta_place = indices_of(p, at.ETA_PLACE)
    eta_row = places_of(p, at.ETA_ROW)
    eta_start = indices_of(p, at.ETA_START)
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
    slack, columns, live = places_of(p, at.SLACK_PLACE), indices_of(p, at.LIVE), p.size[LIVE]
    status, place_of = places_of(p, at.STATUS), indices_of(p, at.PLACE_OF)
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
    slack, columns, live = places_of(p, at.SLACK_PLACE), indices_of(p, at.LIVE), p.size[LIVE]
    status, place_of = places_of(p, at.STATUS), indices_of(p, at.PLACE_OF)
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
    factor_index = indices_of(p, at.FACTOR_INDEX)
    eta_place = indices_of(p, at.ETA_PLACE)
    eta_row = places_of(p, at.ETA_ROW)
    eta_start = indices_of(p, at.ETA_START)
    eta_pivot = floats_of(p, at.ETA_PIVOT)
    upper_place = indices_of(p, at.UPPER_PLACE)
    upper_start = indices_of(p, at.UPPER_START)
    upper_end = indices_of(p, at.UPPER_END)
    upper_row = indices_of(p, at.UPPER_ROW)
    upper_pivot = floats_of(p, at.UPPER_PIVOT)
    lower_row = indices_of(p, at.LOWER_ROW)
    lower_start = indices_of(p, at.LOWER_START)
    lower_end = indices_of(p, at.LOWER_END)
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
    """Append the step that finds a basic logical from the rest of its row; false where there is no room."""
    eta_place = indices_of(p, at.ETA_PLACE)
    row_starts = indices_of(p, at.ROW_STARTS)
    row_columns = indices_of(p, at.ROW_COLUMNS)
    status = places_of(p, at.STATUS)
    factor_index = indices_of(p, at.FACTOR_INDEX)
    factor_value = floats_of(p, at.FACTOR_VALUE)
    place_of = indices_of(p, at.PLACE_OF)
    row_values = floats_of(p, at.ROW_VALUES)
    live = indices_of(p, at.LIVE)
    cut_slope = cut_slopes(p)
    eta_row = places_of(p, at.ETA_ROW)
    eta_start = indices_of(p, at.ETA_START)
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
    eta_place = indices_of(p, at.ETA_PLACE)
    total = p.size[ROWS] + p.count[CUTS]
    within = p.count[ETAS] + 2 < len(eta_place)
    return within and p.count[FACTOR_END] + total + p.size[COLUMNS] + 1 <= p.size[FACTOR_ROOM]


@compiled
def add_column_eta(p: Program, place: int, column: Floats) -> None:
    """Append the step of a pivot: a variable with this column by place enters at a place."""
    factor_index = indices_of(p, at.FACTOR_INDEX)
    factor_value = floats_of(p, at.FACTOR_VALUE)
    eta_place = indices_of(p, at.ETA_PLACE)
    eta_row = places_of(p, at.ETA_ROW)
    eta_pivot = floats_of(p, at.ETA_PIVOT)
    eta_start = indices_of(p, at.ETA_START)
    head, slack, first_cut = (
        indices_of(p, at.HEAD),
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
