"""A bounded dual simplex for stage programs, compiled by Numba: the arithmetic of one program.

The program is ``min c @ x`` over ``A x - s = 0`` and bounds on all of x and s, where x are the columns of a
stage and its cost-to-go theta (the last, where there is one) and s one logical for each row; the rows are
those of the stage and, behind them, the active cuts ``theta - slope @ outgoing >= intercept``. The inverse
of the basis is explicit: rows by place in the basis, columns by row of the program. See
``docs/explanation/stage-solver.md`` for the method, its sources and what was measured.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from capexpand.optimiser.multistage.compiling import compiled, inlined

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
def choose_leaving(p: Program) -> int:
    """Return the place of the basic variable that is furthest outside its bounds by steepest edge, or -1."""
    best, best_place = 0.0, -1
    for place in range(p.size[ROWS] + p.count[CUTS]):
        j = p.head[place]
        value = p.value[place]
        outside = p.lower[j] - value
        if outside > 0.0:
            if outside <= PRIMAL_TOLERANCE * (1.0 + abs(p.lower[j])):
                continue
        else:
            outside = value - p.upper[j]
            if outside <= PRIMAL_TOLERANCE * (1.0 + abs(p.upper[j])):
                continue
        measure = outside * outside / p.weight[place]
        if measure > best:
            best, best_place = measure, place
    return best_place


@compiled
def choose_entering(p: Program, side: float, slope: float) -> int:  # noqa: PLR0912 - branches are cheaper than calls here
    """Return the variable that enters by the bound-flipping ratio test; -1: none can, -2: none is safe.

    Breakpoints are passed in groups within a tolerance (Harris, 1973) while the dual objective still rises;
    boxed variables that are passed are flipped: ``status`` changes and ``alpha_row`` keeps their entries.
    Of the last group the largest pivot is taken.
    """
    left = 0
    largest = 0.0
    tie = 1e-9 * (1.0 + slope)
    for j in range(p.size[VARIABLES] + p.size[ROWS] + p.count[CUTS]):
        alpha = side * p.alpha_row[j]
        if alpha == 0.0 or p.status[j] == BASIC:
            continue
        if abs(alpha) < 1e-9:
            continue
        rises = p.status[j] == LOWER and alpha > 0.0
        falls = p.status[j] == UPPER and alpha < 0.0
        if rises or falls or p.status[j] == FREE:
            p.candidates[left] = j
            left += 1
            largest = max(largest, abs(alpha))
    if left == 0:
        return -1
    while left > 0:
        limit = np.inf
        for number in range(left):
            j = p.candidates[number]
            ratio = (abs(p.reduced[j]) + DUAL_TOLERANCE) / abs(p.alpha_row[j])
            limit = min(limit, ratio)
        drop, best, entering = 0.0, 0.0, -1
        for number in range(left):
            j = p.candidates[number]
            size = abs(p.alpha_row[j])
            if abs(p.reduced[j]) <= limit * size:
                drop += size * (p.upper[j] - p.lower[j])
                if size > best:
                    best, entering = size, j
        # A slope of nearly nothing is a tie, not a sign that the row cannot become feasible.
        if slope - drop <= tie or not drop < np.inf:
            return entering if best > PIVOT_TOLERANCE * min(1.0, largest) else -2
        slope -= drop
        kept = 0
        for number in range(left):
            j = p.candidates[number]
            if abs(p.reduced[j]) <= limit * abs(p.alpha_row[j]):
                p.status[j] = UPPER if p.status[j] == LOWER else LOWER
            else:
                p.candidates[kept] = j
                kept += 1
        left = kept
    return -1


@compiled
def dual_step(p: Program, entering: int) -> bool:
    """Change the reduced costs for a pivot; costs are shifted where a sign would turn wrong by rounding.

    Returns:
        Whether a cost was shifted by more than rounding.
    """
    total = p.size[VARIABLES] + p.size[ROWS] + p.count[CUTS]
    step = p.reduced[entering] / p.alpha_row[entering]
    shifted = False
    for j in range(total):
        if p.status[j] == BASIC:
            continue
        alpha = p.alpha_row[j]
        if alpha == 0.0:
            continue
        changed = p.reduced[j] - step * alpha
        low, high = p.lower[j] > -np.inf, p.upper[j] < np.inf
        if p.lower[j] != p.upper[j] and j != entering:
            wrong = (
                (p.status[j] == LOWER and changed < 0.0)
                or (p.status[j] == UPPER and changed > 0.0)
                or (not low and not high and changed != 0.0)
            )
            if wrong:
                p.cost[j] -= changed
                if abs(changed) > DUAL_TOLERANCE * (1.0 + abs(p.true_cost[j])):
                    shifted = True
                changed = 0.0
        p.reduced[j] = changed
    p.reduced[entering] = 0.0
    return shifted


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
def dual_simplex(p: Program, limit: int) -> int:
    """Pivot until no basic variable is outside its bounds, from a dual feasible basis.

    Args:
        p: the program; duals, nonbasic variables and basic values are set.
        limit: pivots after which it gives up.

    Returns:
        OPTIMAL, INFEASIBLE or STUCK.
    """
    total, variables = p.size[ROWS] + p.count[CUTS], p.size[VARIABLES]
    refactored_here = False
    for _ in range(limit):
        place = choose_leaving(p)
        if place < 0:
            return OPTIMAL
        leaving = p.head[place]
        below = p.value[place] < p.lower[leaving]
        target = p.lower[leaving] if below else p.upper[leaving]
        row_times_columns(p, p.inverse[place], p.alpha_row, True)
        for j in range(variables + total):
            p.before[j] = p.status[j]
        entering = choose_entering(p, -1.0 if below else 1.0, abs(p.value[place] - target))
        if entering < 0:
            for j in range(variables + total):
                p.status[j] = p.before[j]
            if refactored_here or p.count[PIVOTS] == 0:
                return INFEASIBLE if entering == -1 else STUCK
            refactored_here = True
            refactor(p)
            price(p)
            settle_nonbasic(p)
            compute_values(p)
            continue
        transformed_column(p, entering)
        pivot = p.column_work[place]
        if abs(pivot - p.alpha_row[entering]) > 1e-7 * (1.0 + abs(pivot)):
            for j in range(variables + total):
                p.status[j] = p.before[j]
            if p.count[PIVOTS] == 0:
                return STUCK
            refactor(p)
            price(p)
            settle_nonbasic(p)
            compute_values(p)
            continue
        move_flipped(p)
        step = p.reduced[entering] / p.alpha_row[entering]
        dual_step(p, entering)
        change = (p.value[place] - target) / pivot
        entering_value = bound_value(p.status[entering], p.lower[entering], p.upper[entering]) + change
        for other in range(total):
            p.value[other] -= change * p.column_work[other]
        replace_basic(p, place, entering)
        p.value[place] = entering_value
        p.status[leaving] = LOWER if below else UPPER
        p.reduced[leaving] = -step if p.lower[leaving] != p.upper[leaving] else 0.0
        if p.count[PIVOTS] >= PIVOTS_BETWEEN_FACTORS:
            refactor(p)
            price(p)
            settle_nonbasic(p)
            compute_values(p)
    return STUCK


@compiled
def primal_simplex(p: Program, limit: int) -> int:
    """Clean up after shifting: pivot on the true costs from a feasible basis (largest violation first).

    Returns:
        OPTIMAL, UNBOUNDED or STUCK.
    """
    variables, total = p.size[VARIABLES], p.size[ROWS] + p.count[CUTS]
    for _ in range(limit):
        price(p)
        best, entering = 0.0, -1
        for j in range(variables + total):
            if p.status[j] == BASIC or p.lower[j] == p.upper[j]:
                continue
            reduced = p.reduced[j]
            wrong = -reduced if p.status[j] == LOWER else reduced
            if p.status[j] == FREE:
                wrong = abs(reduced)
            if wrong > DUAL_TOLERANCE * (1.0 + abs(p.cost[j])) and wrong > best:
                best, entering = wrong, j
        if entering < 0:
            return OPTIMAL
        transformed_column(p, entering)
        rising = p.status[entering] == LOWER or (p.status[entering] == FREE and p.reduced[entering] < 0.0)
        direction = 1.0 if rising else -1.0
        step, place, size = _primal_ratio(p, direction)
        span = p.upper[entering] - p.lower[entering]
        if span <= step:
            for other in range(total):
                p.value[other] -= direction * span * p.column_work[other]
            p.status[entering] = UPPER if p.status[entering] == LOWER else LOWER
            continue
        if place < 0:
            return UNBOUNDED
        if size < PIVOT_TOLERANCE:
            return STUCK
        leaving = p.head[place]
        to_lower = direction * p.column_work[place] > 0.0
        entering_value = (
            bound_value(p.status[entering], p.lower[entering], p.upper[entering]) + direction * step
        )
        for other in range(total):
            p.value[other] -= direction * step * p.column_work[other]
        replace_basic(p, place, entering)
        p.value[place] = entering_value
        p.status[leaving] = LOWER if to_lower else UPPER
        if p.count[PIVOTS] >= PIVOTS_BETWEEN_FACTORS:
            refactor(p)
            compute_values(p)
    return STUCK


@compiled
def _primal_ratio(p: Program, direction: float) -> tuple[float, int, float]:
    """Return the longest step along a direction, the place that blocks it (or -1) and its pivot's size."""
    total = p.size[ROWS] + p.count[CUTS]
    limit = np.inf
    for place in range(total):
        rate = direction * p.column_work[place]
        if abs(rate) < 1e-9:
            continue
        j = p.head[place]
        bound = p.lower[j] if rate > 0.0 else p.upper[j]
        if abs(bound) < np.inf:
            slack = PRIMAL_TOLERANCE * (1.0 + abs(bound))
            limit = min(limit, (abs(p.value[place] - bound) + slack) / abs(rate))
    if limit == np.inf:
        return np.inf, -1, 0.0
    size, best_place, step = 0.0, -1, 0.0
    for place in range(total):
        rate = direction * p.column_work[place]
        if abs(rate) < 1e-9:
            continue
        j = p.head[place]
        bound = p.lower[j] if rate > 0.0 else p.upper[j]
        if abs(bound) < np.inf:
            distance = p.value[place] - bound if rate > 0.0 else bound - p.value[place]
            ratio = max(distance, 0.0) / abs(rate)
            if ratio <= limit and abs(rate) > size:
                size, best_place, step = abs(rate), place, ratio
    return step, best_place, size


@compiled
def is_dual_feasible(p: Program) -> bool:
    """Tell whether every nonbasic variable stands on the bound that its reduced cost asks for."""
    for j in range(p.size[VARIABLES] + p.size[ROWS] + p.count[CUTS]):
        if p.status[j] == BASIC or p.lower[j] == p.upper[j]:
            continue
        reduced, tolerance = p.reduced[j], DUAL_TOLERANCE * (1.0 + abs(p.cost[j]))
        if p.status[j] != UPPER and reduced < -tolerance:
            return False
        if p.status[j] != LOWER and reduced > tolerance:
            return False
    return True


@compiled
def optimise(p: Program, fresh: bool) -> int:
    """Solve the loaded program from its basis.

    Args:
        p: the program.
        fresh: whether data changed since the last answer; if only a cut was added, what is known stays.

    Returns:
        OPTIMAL, INFEASIBLE, UNBOUNDED or STUCK.
    """
    total, variables = p.size[ROWS] + p.count[CUTS], p.size[VARIABLES]
    limit = 200 + 20 * total
    for attempt in range(4):
        if fresh or attempt > 0:
            for j in range(variables + total):
                p.cost[j] = p.true_cost[j]
            price(p)
            settle_nonbasic(p)
            compute_values(p)
        outcome = dual_simplex(p, limit)
        if outcome != OPTIMAL:
            return outcome
        for j in range(variables + total):
            p.cost[j] = p.true_cost[j]
        price(p)
        if is_dual_feasible(p):
            return OPTIMAL
        outcome = primal_simplex(p, limit)
        if outcome != OPTIMAL:
            return outcome
        if choose_leaving(p) < 0:
            return OPTIMAL
    return STUCK


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
