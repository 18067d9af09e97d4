"""The linear algebra of the compiled dual simplex: products, prices, the inverse and the rows of cuts."""

from __future__ import annotations

import numpy as np

from capexpand.optimiser.multistage.compiling import compiled, inlined
from capexpand.optimiser.multistage.kernel_program import (
    BASIC,
    CLOCK,
    COLUMNS,
    CUTS,
    DUAL_TOLERANCE,
    FREE,
    LOWER,
    PIVOT_TOLERANCE,
    PIVOTS,
    READY,
    ROWS,
    STATES,
    TOTAL_PIVOTS,
    UPPER,
    VARIABLES,
    Floats,
    Program,
)


@compiled
def gather_column(p: Program, variable: int) -> int:
    """Write a variable's column into ``entry_rows`` and ``entry_values``; return the number of entries."""
    columns, rows, variables, cuts = p.size[COLUMNS], p.size[ROWS], p.size[VARIABLES], p.count[CUTS]
    if variable >= variables:
        p.entry_rows[0] = variable - variables
        p.entry_values[0] = -1.0
        return 1
    entries = 0
    if variable == columns:
        for cut in range(cuts):
            p.entry_rows[cut] = rows + cut
            p.entry_values[cut] = 1.0
        return cuts
    for place in range(p.starts[variable], p.starts[variable + 1]):
        p.entry_rows[entries] = p.rows[place]
        p.entry_values[entries] = p.values[place]
        entries += 1
    state = p.own_outgoing[variable]
    if state >= 0:
        for cut in range(cuts):
            p.entry_rows[entries] = rows + cut
            p.entry_values[entries] = -p.cut_slope[cut, state]
            entries += 1
    return entries


@compiled
def transformed_column(p: Program, variable: int) -> None:
    """Write the inverse times a variable's column into ``column_work``."""
    total = p.size[ROWS] + p.count[CUTS]
    entries = gather_column(p, variable)
    for place in range(total):
        summed = 0.0
        for entry in range(entries):
            summed += p.inverse[place, p.entry_rows[entry]] * p.entry_values[entry]
        p.column_work[place] = summed


@compiled
def row_times_columns(p: Program, row: Floats, result: Floats, skip_fixed: bool) -> None:
    """Multiply a row vector with the columns of all nonbasic variables; zero elsewhere."""
    columns, rows, variables = p.size[COLUMNS], p.size[ROWS], p.size[VARIABLES]
    cuts, states = p.count[CUTS], p.size[STATES]
    for state in range(states):
        p.state_work[state] = 0.0
    on_theta = 0.0
    for cut in range(cuts):
        factor = row[rows + cut]
        if factor != 0.0:
            on_theta += factor
            for state in range(states):
                p.state_work[state] += factor * p.cut_slope[cut, state]
    for j in range(columns):
        result[j] = 0.0
        if p.status[j] == BASIC or (skip_fixed and p.lower[j] == p.upper[j]):
            continue
        summed = 0.0
        for place in range(p.starts[j], p.starts[j + 1]):
            summed += row[p.rows[place]] * p.values[place]
        state = p.own_outgoing[j]
        if state >= 0:
            summed -= p.state_work[state]
        result[j] = summed
    if variables > columns:
        result[columns] = on_theta if p.status[columns] != BASIC else 0.0
    for i in range(rows + cuts):
        j = variables + i
        wanted = p.status[j] != BASIC and not (skip_fixed and p.lower[j] == p.upper[j])
        result[j] = -row[i] if wanted else 0.0


@compiled
def price(p: Program) -> None:
    """Compute duals and reduced costs from the costs and the inverse."""
    total, variables = p.size[ROWS] + p.count[CUTS], p.size[VARIABLES]
    for i in range(total):
        p.dual[i] = 0.0
    for place in range(total):
        cost = p.cost[p.head[place]]
        if cost != 0.0:
            for i in range(total):
                p.dual[i] += cost * p.inverse[place, i]
    row_times_columns(p, p.dual, p.reduced, False)
    for j in range(variables + total):
        p.reduced[j] = 0.0 if p.status[j] == BASIC else p.cost[j] - p.reduced[j]


@compiled
def settle_nonbasic(p: Program) -> bool:
    """Put each nonbasic variable on the bound that its reduced cost asks for; shift costs where it has none.

    Returns:
        Whether a cost was shifted by more than rounding.
    """
    shifted = False
    for j in range(p.size[VARIABLES] + p.size[ROWS] + p.count[CUTS]):
        if p.status[j] == BASIC:
            continue
        low, high, reduced = p.lower[j], p.upper[j], p.reduced[j]
        if low == high:
            p.status[j] = LOWER
            continue
        has_low, has_high = low > -np.inf, high < np.inf
        if has_low and has_high:
            if reduced > DUAL_TOLERANCE or (p.status[j] != UPPER and reduced >= -DUAL_TOLERANCE):
                p.status[j] = LOWER
            else:
                p.status[j] = UPPER
            wrong = (reduced < 0.0) if p.status[j] == LOWER else (reduced > 0.0)
        elif has_low:
            p.status[j] = LOWER
            wrong = reduced < 0.0
        elif has_high:
            p.status[j] = UPPER
            wrong = reduced > 0.0
        else:
            p.status[j] = FREE
            wrong = reduced != 0.0
        if wrong:
            p.cost[j] -= reduced
            p.reduced[j] = 0.0
            if abs(reduced) > DUAL_TOLERANCE * (1.0 + abs(p.true_cost[j])):
                shifted = True
    return shifted


@inlined
def bound_value(status: int, lower: float, upper: float) -> float:
    """Return the value of a nonbasic variable. Scalars, because passing the program costs 100 ns a call."""
    return lower if status == LOWER else (upper if status == UPPER else 0.0)


@compiled
def compute_values(p: Program) -> None:  # noqa: PLR0912 - branches are cheaper than calls here
    """Compute the basic variables from the nonbasic ones."""
    columns, rows, variables, cuts = p.size[COLUMNS], p.size[ROWS], p.size[VARIABLES], p.count[CUTS]
    total = rows + cuts
    for i in range(total):
        p.row_work[i] = 0.0
        j = variables + i
        if p.status[j] != BASIC:
            p.row_work[i] = -bound_value(p.status[j], p.lower[j], p.upper[j])
    for state in range(p.size[STATES]):
        p.state_work[state] = 0.0
    for j in range(columns):
        if p.status[j] == BASIC:
            continue
        x = bound_value(p.status[j], p.lower[j], p.upper[j])
        if x != 0.0:
            for place in range(p.starts[j], p.starts[j + 1]):
                p.row_work[p.rows[place]] += p.values[place] * x
            if p.own_outgoing[j] >= 0:
                p.state_work[p.own_outgoing[j]] = x
    theta = 0.0
    if variables > columns and p.status[columns] != BASIC:
        theta = bound_value(p.status[columns], p.lower[columns], p.upper[columns])
    for cut in range(cuts):
        summed = theta
        for state in range(p.size[STATES]):
            summed -= p.cut_slope[cut, state] * p.state_work[state]
        p.row_work[rows + cut] += summed
    for place in range(total):
        summed = 0.0
        for i in range(total):
            summed += p.inverse[place, i] * p.row_work[i]
        p.value[place] = -summed


@compiled
def move_flipped(p: Program) -> None:  # noqa: PLR0912 - branches are cheaper than calls here
    """Change the basic values for the boxed variables whose bound changed since ``before`` was noted."""
    columns, rows, variables, cuts = p.size[COLUMNS], p.size[ROWS], p.size[VARIABLES], p.count[CUTS]
    total = rows + cuts
    moved = False
    for i in range(total):
        p.row_work[i] = 0.0
    for j in range(variables + total):
        if p.status[j] == p.before[j] or p.status[j] == BASIC:
            continue
        moved = True
        change = p.upper[j] - p.lower[j] if p.status[j] == UPPER else p.lower[j] - p.upper[j]
        if j >= variables:
            p.row_work[j - variables] -= change
        elif j == columns:
            for cut in range(cuts):
                p.row_work[rows + cut] += change
        else:
            for place in range(p.starts[j], p.starts[j + 1]):
                p.row_work[p.rows[place]] += p.values[place] * change
            if p.own_outgoing[j] >= 0:
                for cut in range(cuts):
                    p.row_work[rows + cut] -= p.cut_slope[cut, p.own_outgoing[j]] * change
    if not moved:
        return
    for place in range(total):
        summed = 0.0
        for i in range(total):
            summed += p.inverse[place, i] * p.row_work[i]
        p.value[place] -= summed


@compiled
def replace_basic(p: Program, place: int, entering: int) -> None:
    """Change the inverse for a variable that enters at a place; ``column_work`` holds its column.

    The norms of the changed rows are computed on the way, so the steepest-edge weights are exact.
    """
    total = p.size[ROWS] + p.count[CUTS]
    inverse_pivot = 1.0 / p.column_work[place]
    pivot_row, own = p.row_work, p.inverse[place]
    norm = 0.0
    for i in range(total):
        value = own[i] * inverse_pivot
        own[i] = value
        pivot_row[i] = value
        norm += value * value
    p.weight[place] = norm
    for other in range(total):
        factor = p.column_work[other]
        if other == place or factor == 0.0:
            continue
        row = p.inverse[other]
        norm = 0.0
        for i in range(total):
            changed = row[i] - factor * pivot_row[i]
            row[i] = changed
            norm += changed * changed
        p.weight[other] = norm
    p.head[place] = entering
    p.status[entering] = BASIC
    p.count[PIVOTS] += 1
    p.count[TOTAL_PIVOTS] += 1


@compiled
def start_from_logicals(p: Program) -> None:
    """Make all logicals basic."""
    variables, total = p.size[VARIABLES], p.size[ROWS] + p.count[CUTS]
    for j in range(variables):
        if p.status[j] == BASIC:
            p.status[j] = LOWER
    for place in range(total):
        for i in range(total):
            p.inverse[place, i] = 0.0
        p.inverse[place, place] = -1.0
        p.head[place] = variables + place
        p.status[variables + place] = BASIC
        p.weight[place] = 1.0
    p.count[PIVOTS] = 0
    p.count[READY] = 1


@compiled
def refactor(p: Program) -> None:
    """Compute the inverse anew: columns enter the basis of logicals one by one, each at its largest pivot.

    A column without a usable pivot leaves the basis, and a logical takes its place.
    """
    variables, total = p.size[VARIABLES], p.size[ROWS] + p.count[CUTS]
    wanted = 0
    for place in range(total):
        if p.head[place] < variables:
            p.candidates[wanted] = p.head[place]
            wanted += 1
    for place in range(total):
        for i in range(total):
            p.inverse[place, i] = 0.0
        p.inverse[place, place] = -1.0
        p.weight[place] = 1.0
        # A place is free (-1) where its logical is not wanted in the basis.
        p.head[place] = variables + place if p.status[variables + place] == BASIC else -1
    for number in range(wanted):
        entering = p.candidates[number]
        transformed_column(p, entering)
        best, best_place = PIVOT_TOLERANCE, -1
        for place in range(total):
            if p.head[place] == -1 and abs(p.column_work[place]) > best:
                best, best_place = abs(p.column_work[place]), place
        if best_place < 0:
            p.status[entering] = LOWER
        else:
            _eliminate(p, best_place)
            p.head[best_place] = entering
    for place in range(total):
        norm = 0.0
        for i in range(total):
            norm += p.inverse[place, i] * p.inverse[place, i]
        p.weight[place] = norm
        if p.head[place] == -1:
            p.head[place] = variables + place
            p.status[variables + place] = BASIC
    p.count[PIVOTS] = 0


@compiled
def _eliminate(p: Program, place: int) -> None:
    """Make the column in ``column_work`` a unit column by row operations on the inverse."""
    total = p.size[ROWS] + p.count[CUTS]
    inverse_pivot = 1.0 / p.column_work[place]
    pivot_row, own = p.row_work, p.inverse[place]
    for i in range(total):
        own[i] *= inverse_pivot
        pivot_row[i] = own[i]
    for other in range(total):
        factor = p.column_work[other]
        if other != place and factor != 0.0:
            row = p.inverse[other]
            for i in range(total):
                row[i] -= factor * pivot_row[i]


@compiled
def add_cut(p: Program, index: int, intercept: float, slope: Floats) -> None:
    """Append a cut's row with its logical basic, and the row that the inverse gains."""
    columns, rows, variables = p.size[COLUMNS], p.size[ROWS], p.size[VARIABLES]
    cut = p.count[CUTS]
    total = rows + cut
    for state in range(p.size[STATES]):
        p.cut_slope[cut, state] = slope[state]
    p.cut_intercept[cut] = intercept
    p.cut_index[cut] = index
    p.cut_used[cut] = p.count[CLOCK]
    for i in range(total + 1):
        p.inverse[total, i] = 0.0
        p.inverse[i, total] = 0.0
    held = 0.0
    for place in range(total):
        j = p.head[place]
        factor = 0.0
        if j == columns and variables > columns:
            factor = 1.0
        elif j < columns and p.own_outgoing[j] >= 0:
            factor = -slope[p.own_outgoing[j]]
        if factor != 0.0:
            held += factor * p.value[place]
            for i in range(total):
                p.inverse[total, i] += factor * p.inverse[place, i]
    for state in range(p.size[STATES]):
        j = p.outgoing[state]
        if p.status[j] != BASIC:
            held -= slope[state] * bound_value(p.status[j], p.lower[j], p.upper[j])
    if p.status[columns] != BASIC:
        held += bound_value(p.status[columns], p.lower[columns], p.upper[columns])
    p.inverse[total, total] = -1.0
    norm = 0.0
    for i in range(total + 1):
        norm += p.inverse[total, i] * p.inverse[total, i]
    logical = variables + total
    p.weight[total] = norm
    p.head[total] = logical
    p.value[total] = held
    p.status[logical] = BASIC
    p.reduced[logical] = 0.0
    p.cost[logical] = 0.0
    p.true_cost[logical] = 0.0
    p.lower[logical] = intercept
    p.upper[logical] = np.inf
    p.count[CUTS] = cut + 1


@compiled
def remove_cut(p: Program, cut: int) -> bool:
    """Remove a cut whose logical is basic; the last row takes its place. False where it is not basic."""
    rows, variables = p.size[ROWS], p.size[VARIABLES]
    row, last_row = rows + cut, rows + p.count[CUTS] - 1
    if p.status[variables + row] != BASIC:
        return False
    place = -1
    for candidate in range(last_row + 1):
        if p.head[candidate] == variables + row:
            place = candidate
    if place != last_row:
        for i in range(last_row + 1):
            p.inverse[place, i] = p.inverse[last_row, i]
        p.head[place] = p.head[last_row]
        p.weight[place] = p.weight[last_row]
        p.value[place] = p.value[last_row]
    if row != last_row:
        for other in range(last_row):
            p.inverse[other, row] = p.inverse[other, last_row]
        last = variables + last_row
        moved = variables + row
        p.status[moved] = p.status[last]
        p.lower[moved], p.upper[moved] = p.lower[last], p.upper[last]
        p.reduced[moved] = p.reduced[last]
        for other in range(last_row):
            if p.head[other] == last:
                p.head[other] = moved
        last_cut = p.count[CUTS] - 1
        for state in range(p.size[STATES]):
            p.cut_slope[cut, state] = p.cut_slope[last_cut, state]
        p.cut_intercept[cut] = p.cut_intercept[last_cut]
        p.cut_index[cut] = p.cut_index[last_cut]
        p.cut_used[cut] = p.cut_used[last_cut]
    p.count[CUTS] -= 1
    return True
