"""The linear algebra of the compiled dual simplex: rows and columns, prices, values, and the rows of cuts."""

from __future__ import annotations

import numpy as np

from capexpand.sddp.compiling import compiled, inlined
from capexpand.sddp.kernel import layout as at
from capexpand.sddp.kernel.basis import (
    add_column_eta,
    solve_basis,
    solve_transposed,
)
from capexpand.sddp.kernel.program import (
    BASIC,
    CLOCK,
    COLUMNS,
    CUTS,
    DUAL_TOLERANCE,
    FLIPPED,
    FREE,
    LIVE,
    LOWER,
    PIVOTS,
    ROWS,
    SHIFTED,
    TOTAL_PIVOTS,
    TOUCHED,
    UPPER,
    VARIABLES,
    Floats,
    Program,
    cut_slopes,
    floats_of,
    indices_of,
    places_of,
)

_NOTHING = 1e-14
"""An entry of a row of the inverse below this is rounding."""
_LEAST_WEIGHT = 1e-4


@inlined
def bound_value(status: int, lower: float, upper: float) -> float:
    """Return the value of a nonbasic variable. Scalars, because passing the program costs 100 ns a call."""
    return lower if status == LOWER else (upper if status == UPPER else 0.0)


@compiled
def transformed_column(p: Program, variable: int) -> None:
    """Write the inverse times a variable's column into ``column_work``."""
    right_work = floats_of(p, at.RIGHT_WORK)
    starts = indices_of(p, at.STARTS)
    rows = indices_of(p, at.ROWS)
    values = floats_of(p, at.VALUES)
    own_live = places_of(p, at.OWN_LIVE)
    cut_slope = cut_slopes(p)
    column_work = floats_of(p, at.COLUMN_WORK)
    total = p.size[ROWS] + p.count[CUTS]
    right = right_work
    for i in range(total):
        right[i] = 0.0
    if variable >= p.size[VARIABLES]:
        right[variable - p.size[VARIABLES]] = -1.0
    elif variable == p.size[COLUMNS]:
        for i in range(p.size[ROWS], total):
            right[i] = 1.0
    else:
        for k in range(starts[variable], starts[variable + 1]):
            right[rows[k]] = values[k]
        state = own_live[variable]
        if state >= 0:
            for cut in range(p.count[CUTS]):
                right[p.size[ROWS] + cut] = -cut_slope[cut, state]
    solve_basis(p, right, column_work)


@compiled
def basis_row(p: Program, place: int) -> float:
    """Write a row of the inverse into ``row_work``; return its squared norm."""
    right_work = floats_of(p, at.RIGHT_WORK)
    row_work = floats_of(p, at.ROW_WORK)
    total = p.size[ROWS] + p.count[CUTS]
    left, row = right_work, row_work
    for i in range(total):
        left[i] = 0.0
    left[place] = 1.0
    solve_transposed(p, left, row)
    norm = 0.0
    for i in range(total):
        norm += row[i] * row[i]
    return norm


@compiled
def pivot_row(p: Program) -> None:
    """Multiply the row in ``row_work`` with the columns of all movable variables, into ``alpha_row``.

    The variables that are not zero there are listed in ``touched``.
    """
    touched, mark, alpha = indices_of(p, at.TOUCHED), places_of(p, at.MARK), floats_of(p, at.ALPHA_ROW)
    movable, row = places_of(p, at.MOVABLE), floats_of(p, at.ROW_WORK)
    starts, in_row = indices_of(p, at.ROW_STARTS), indices_of(p, at.ROW_COLUMNS)
    values = floats_of(p, at.ROW_VALUES)
    for number in range(p.count[TOUCHED]):
        alpha[touched[number]] = 0.0
        mark[touched[number]] = 0
    found, variables = 0, p.size[VARIABLES]
    for i in range(p.size[ROWS]):
        factor = row[i]
        if abs(factor) <= _NOTHING:
            continue
        logical = variables + i
        if movable[logical] != 0:
            alpha[logical] = -factor
            mark[logical] = 1
            touched[found] = logical
            found += 1
        for k in range(starts[i], starts[i + 1]):
            j = in_row[k]
            if movable[j] != 0:
                if mark[j] == 0:
                    mark[j] = 1
                    touched[found] = j
                    found += 1
                alpha[j] += factor * values[k]
    p.count[TOUCHED] = found
    if p.count[CUTS] > 0:
        _cuts_in_pivot_row(p)


@compiled
def _cuts_in_pivot_row(p: Program) -> None:
    """Add the part of the active cuts to the pivot row."""
    touched, mark, alpha = indices_of(p, at.TOUCHED), places_of(p, at.MARK), floats_of(p, at.ALPHA_ROW)
    movable, row = places_of(p, at.MOVABLE), floats_of(p, at.ROW_WORK)
    states, slopes, columns = floats_of(p, at.STATE_WORK), cut_slopes(p), indices_of(p, at.LIVE)
    found, first, live, any_cut, on_theta = p.count[TOUCHED], p.size[ROWS], p.size[LIVE], False, 0.0
    for cut in range(p.count[CUTS]):
        factor = row[first + cut]
        if abs(factor) <= _NOTHING:
            continue
        if not any_cut:
            for state in range(live):
                states[state] = 0.0
            any_cut = True
        on_theta += factor
        for state in range(live):
            states[state] += factor * slopes[cut, state]
        j = p.size[VARIABLES] + first + cut
        if movable[j] != 0:
            mark[j] = 1
            alpha[j] = -factor
            touched[found] = j
            found += 1
    if not any_cut:
        return
    j = p.size[COLUMNS]
    if movable[j] != 0:
        mark[j] = 1
        alpha[j] = on_theta
        touched[found] = j
        found += 1
    for state in range(live):
        j = columns[state]
        if movable[j] != 0 and states[state] != 0.0:
            if mark[j] == 0:
                mark[j] = 1
                touched[found] = j
                found += 1
            alpha[j] -= states[state]
    p.count[TOUCHED] = found


@compiled
def compute_duals(p: Program) -> None:
    """Compute the duals from the costs."""
    work, cost, head = floats_of(p, at.RIGHT_WORK), floats_of(p, at.COST), indices_of(p, at.HEAD)
    for place in range(p.size[ROWS] + p.count[CUTS]):
        work[place] = cost[head[place]]
    solve_transposed(p, work, floats_of(p, at.DUAL))


@compiled
def price(p: Program) -> None:
    """Compute duals and reduced costs from the costs."""
    compute_duals(p)
    cost, dual, reduced = floats_of(p, at.COST), floats_of(p, at.DUAL), floats_of(p, at.REDUCED)
    starts, in_row = indices_of(p, at.ROW_STARTS), indices_of(p, at.ROW_COLUMNS)
    values, columns_of_live, slopes = floats_of(p, at.ROW_VALUES), indices_of(p, at.LIVE), cut_slopes(p)
    head = indices_of(p, at.HEAD)
    columns, rows, variables = p.size[COLUMNS], p.size[ROWS], p.size[VARIABLES]
    cuts, live = p.count[CUTS], p.size[LIVE]
    for j in range(variables):
        reduced[j] = cost[j]
    for i in range(rows):
        multiplier = dual[i]
        if multiplier != 0.0:
            for k in range(starts[i], starts[i + 1]):
                reduced[in_row[k]] -= multiplier * values[k]
    for cut in range(cuts):
        multiplier = dual[rows + cut]
        if multiplier != 0.0:
            reduced[columns] -= multiplier
            for state in range(live):
                reduced[columns_of_live[state]] += multiplier * slopes[cut, state]
    for i in range(rows + cuts):
        reduced[variables + i] = cost[variables + i] + dual[i]
    for place in range(rows + cuts):
        reduced[head[place]] = 0.0


@compiled
def settle_nonbasic(p: Program) -> None:
    """Put nonbasic variables on the bounds that their reduced costs ask for; without one, shift the cost."""
    movable = places_of(p, at.MOVABLE)
    status = places_of(p, at.STATUS)
    lower = floats_of(p, at.LOWER)
    upper = floats_of(p, at.UPPER)
    reduced_ = floats_of(p, at.REDUCED)
    cost = floats_of(p, at.COST)
    true_cost = floats_of(p, at.TRUE_COST)
    for j in range(p.size[VARIABLES] + p.size[ROWS] + p.count[CUTS]):
        movable[j] = 0
        if status[j] == BASIC:
            continue
        low, high, reduced = lower[j], upper[j], reduced_[j]
        if low == high:
            status[j] = LOWER
            continue
        movable[j] = 1
        has_low, has_high = low > -np.inf, high < np.inf
        if has_low and has_high:
            if reduced > DUAL_TOLERANCE or (status[j] != UPPER and reduced >= -DUAL_TOLERANCE):
                status[j] = LOWER
            else:
                status[j] = UPPER
            wrong = (reduced < 0.0) if status[j] == LOWER else (reduced > 0.0)
        elif has_low:
            status[j] = LOWER
            wrong = reduced < 0.0
        elif has_high:
            status[j] = UPPER
            wrong = reduced > 0.0
        else:
            status[j] = FREE
            wrong = reduced != 0.0
        if wrong:
            cost[j] -= reduced
            reduced_[j] = 0.0
            if abs(reduced) > DUAL_TOLERANCE * (1.0 + abs(true_cost[j])):
                p.count[SHIFTED] = 1


@compiled
def compute_values(p: Program) -> None:
    """Compute the basic variables from the nonbasic ones."""
    right, status = floats_of(p, at.RIGHT_WORK), places_of(p, at.STATUS)
    lower, upper = floats_of(p, at.LOWER), floats_of(p, at.UPPER)
    starts, in_column, values = indices_of(p, at.STARTS), indices_of(p, at.ROWS), floats_of(p, at.VALUES)
    columns, rows, variables, cuts = p.size[COLUMNS], p.size[ROWS], p.size[VARIABLES], p.count[CUTS]
    for i in range(rows + cuts):
        j = variables + i
        right[i] = 0.0 if status[j] == BASIC else bound_value(status[j], lower[j], upper[j])
    for j in range(columns):
        if status[j] != BASIC:
            x = bound_value(status[j], lower[j], upper[j])
            if x != 0.0:
                for k in range(starts[j], starts[j + 1]):
                    right[in_column[k]] -= values[k] * x
    if cuts > 0:
        _cuts_of_nonbasic(p)
    solve_basis(p, right, floats_of(p, at.VALUE))


@compiled
def _cuts_of_nonbasic(p: Program) -> None:
    """Add what the nonbasic states and theta contribute to the rows of cuts, in ``right_work``."""
    right, status, states = floats_of(p, at.RIGHT_WORK), places_of(p, at.STATUS), floats_of(p, at.STATE_WORK)
    lower, upper = floats_of(p, at.LOWER), floats_of(p, at.UPPER)
    columns, slopes, live = indices_of(p, at.LIVE), cut_slopes(p), p.size[LIVE]
    for state in range(live):
        j = columns[state]
        states[state] = 0.0 if status[j] == BASIC else bound_value(status[j], lower[j], upper[j])
    theta, j = 0.0, p.size[COLUMNS]
    if status[j] != BASIC:
        theta = bound_value(status[j], lower[j], upper[j])
    for cut in range(p.count[CUTS]):
        summed = -theta
        for state in range(live):
            summed += slopes[cut, state] * states[state]
        right[p.size[ROWS] + cut] += summed


@compiled
def move_flipped(p: Program) -> None:
    """Change the basic values for the boxed variables that were flipped to their other bound."""
    right_work = floats_of(p, at.RIGHT_WORK)
    flipped = indices_of(p, at.FLIPPED)
    upper = floats_of(p, at.UPPER)
    lower = floats_of(p, at.LOWER)
    status = places_of(p, at.STATUS)
    starts = indices_of(p, at.STARTS)
    rows_ = indices_of(p, at.ROWS)
    values = floats_of(p, at.VALUES)
    own_live = places_of(p, at.OWN_LIVE)
    cut_slope = cut_slopes(p)
    norm_work = floats_of(p, at.NORM_WORK)
    value = floats_of(p, at.VALUE)
    if p.count[FLIPPED] == 0:
        return
    columns, rows, variables, cuts = p.size[COLUMNS], p.size[ROWS], p.size[VARIABLES], p.count[CUTS]
    right, total = right_work, rows + cuts
    for i in range(total):
        right[i] = 0.0
    for number in range(p.count[FLIPPED]):
        j = flipped[number]
        change = upper[j] - lower[j] if status[j] == UPPER else lower[j] - upper[j]
        if j >= variables:
            right[j - variables] -= change
        elif j == columns:
            for cut in range(cuts):
                right[rows + cut] += change
        else:
            for k in range(starts[j], starts[j + 1]):
                right[rows_[k]] += values[k] * change
            state = own_live[j]
            if state >= 0:
                for cut in range(cuts):
                    right[rows + cut] -= cut_slope[cut, state] * change
    solve_basis(p, right, norm_work)
    for place in range(total):
        value[place] -= norm_work[place]


@compiled
def undo_flips(p: Program) -> None:
    """Put the flipped variables back."""
    flipped = indices_of(p, at.FLIPPED)
    status = places_of(p, at.STATUS)
    for number in range(p.count[FLIPPED]):
        j = flipped[number]
        status[j] = UPPER if status[j] == LOWER else LOWER
    p.count[FLIPPED] = 0


@compiled
def replace_basic(p: Program, place: int, entering: int, norm: float) -> None:
    """Let a variable enter at a place; ``column_work`` holds its column, ``row_work`` the place's row.

    The steepest-edge weights are updated (Forrest and Goldfarb, 1992); ``norm`` is that of the row, exact.
    """
    column_work = floats_of(p, at.COLUMN_WORK)
    right_work = floats_of(p, at.RIGHT_WORK)
    row_work = floats_of(p, at.ROW_WORK)
    norm_work = floats_of(p, at.NORM_WORK)
    weight = floats_of(p, at.WEIGHT)
    head = indices_of(p, at.HEAD)
    movable = places_of(p, at.MOVABLE)
    lower = floats_of(p, at.LOWER)
    upper = floats_of(p, at.UPPER)
    place_of = indices_of(p, at.PLACE_OF)
    status = places_of(p, at.STATUS)
    total = p.size[ROWS] + p.count[CUTS]
    pivot = column_work[place]
    for i in range(total):
        right_work[i] = row_work[i]
    solve_basis(p, right_work, norm_work)
    for other in range(total):
        x = column_work[other]
        if x != 0.0:
            ratio = x / pivot
            changed = weight[other] + ratio * (ratio * norm - 2.0 * norm_work[other])
            weight[other] = max(changed, _LEAST_WEIGHT)
    weight[place] = max(norm / (pivot * pivot), _LEAST_WEIGHT)
    add_column_eta(p, place, column_work)
    leaving = head[place]
    movable[leaving] = 1 if lower[leaving] != upper[leaving] else 0
    movable[entering] = 0
    head[place] = entering
    place_of[entering] = place
    status[entering] = BASIC
    p.count[PIVOTS] += 1
    p.count[TOTAL_PIVOTS] += 1


@compiled
def add_cut(p: Program, index: int, intercept: float, slope: Floats) -> None:
    """Append a cut's row with its logical basic; until that leaves the basis no factor need know."""
    cut_slope = cut_slopes(p)
    live_ = indices_of(p, at.LIVE)
    status = places_of(p, at.STATUS)
    value = floats_of(p, at.VALUE)
    place_of = indices_of(p, at.PLACE_OF)
    lower = floats_of(p, at.LOWER)
    upper = floats_of(p, at.UPPER)
    cut_intercept = floats_of(p, at.CUT_INTERCEPT)
    cut_index = places_of(p, at.CUT_INDEX)
    cut_used = places_of(p, at.CUT_USED)
    head = indices_of(p, at.HEAD)
    movable = places_of(p, at.MOVABLE)
    reduced = floats_of(p, at.REDUCED)
    cost = floats_of(p, at.COST)
    true_cost = floats_of(p, at.TRUE_COST)
    weight = floats_of(p, at.WEIGHT)
    columns, rows, variables, live = p.size[COLUMNS], p.size[ROWS], p.size[VARIABLES], p.size[LIVE]
    cut = p.count[CUTS]
    total, held = rows + cut, 0.0
    for state in range(live):
        factor = slope[state]
        cut_slope[cut, state] = factor
        if factor != 0.0:
            j = live_[state]
            if status[j] == BASIC:
                held -= factor * value[place_of[j]]
            else:
                held -= factor * bound_value(status[j], lower[j], upper[j])
    if status[columns] == BASIC:
        held += value[place_of[columns]]
    else:
        held += bound_value(status[columns], lower[columns], upper[columns])
    cut_intercept[cut] = intercept
    cut_index[cut] = index
    cut_used[cut] = p.count[CLOCK]
    logical = variables + total
    head[total] = logical
    place_of[logical] = total
    value[total] = held
    status[logical] = BASIC
    movable[logical] = 0
    reduced[logical] = cost[logical] = true_cost[logical] = 0.0
    lower[logical] = intercept
    upper[logical] = np.inf
    p.count[CUTS] = cut + 1
    places_of(p, at.SLACK_PLACE)[cut] = total
    weight[total] = basis_row(p, total)


@compiled
def remove_cut(p: Program, cut: int) -> bool:
    """Remove a cut whose logical is basic; the last row takes its place. False where it is not basic.

    The factors are void afterwards.
    """
    status = places_of(p, at.STATUS)
    head = indices_of(p, at.HEAD)
    weight = floats_of(p, at.WEIGHT)
    value = floats_of(p, at.VALUE)
    movable = places_of(p, at.MOVABLE)
    lower = floats_of(p, at.LOWER)
    upper = floats_of(p, at.UPPER)
    cost = floats_of(p, at.COST)
    true_cost = floats_of(p, at.TRUE_COST)
    reduced = floats_of(p, at.REDUCED)
    cut_slope = cut_slopes(p)
    cut_intercept = floats_of(p, at.CUT_INTERCEPT)
    cut_index = places_of(p, at.CUT_INDEX)
    cut_used = places_of(p, at.CUT_USED)
    rows, variables = p.size[ROWS], p.size[VARIABLES]
    row, last_row = rows + cut, rows + p.count[CUTS] - 1
    if status[variables + row] != BASIC:
        return False
    place = -1
    for candidate in range(last_row + 1):
        if head[candidate] == variables + row:
            place = candidate
    if place != last_row:
        head[place] = head[last_row]
        weight[place] = weight[last_row]
        value[place] = value[last_row]
    if row != last_row:
        last = variables + last_row
        moved = variables + row
        status[moved] = status[last]
        movable[moved] = movable[last]
        lower[moved] = lower[last]
        upper[moved] = upper[last]
        cost[moved] = cost[last]
        true_cost[moved] = true_cost[last]
        reduced[moved] = reduced[last]
        for candidate in range(last_row):
            if head[candidate] == last:
                head[candidate] = moved
        last_cut = p.count[CUTS] - 1
        for state in range(p.size[LIVE]):
            cut_slope[cut, state] = cut_slope[last_cut, state]
        cut_intercept[cut] = cut_intercept[last_cut]
        cut_index[cut] = cut_index[last_cut]
        cut_used[cut] = cut_used[last_cut]
    p.count[CUTS] -= 1
    return True
