"""A bounded dual simplex for stage programs, compiled by Numba: the arithmetic of one program.

The program is ``min c @ x`` over ``A x - s = 0`` and bounds on all of x and s, where x are the columns of a
stage and its cost-to-go theta (the last, where there is one) and s one logical for each row; the rows are
those of the stage and, behind them, the active cuts ``theta - slope @ outgoing >= intercept``. The inverse
of the basis is explicit: rows by place in the basis, columns by row of the program. See
``docs/explanation/stage-solver.md`` for the method, its sources and what was measured.
"""

from __future__ import annotations

import numpy as np

from capexpand.optimiser.multistage.compiling import compiled
from capexpand.optimiser.multistage.kernel_algebra import (
    bound_value,
    compute_values,
    move_flipped,
    price,
    refactor,
    replace_basic,
    row_times_columns,
    settle_nonbasic,
    transformed_column,
)
from capexpand.optimiser.multistage.kernel_program import (
    BASIC,
    CUTS,
    DUAL_TOLERANCE,
    FREE,
    INFEASIBLE,
    LOWER,
    OPTIMAL,
    PIVOT_TOLERANCE,
    PIVOTS,
    PIVOTS_BETWEEN_FACTORS,
    PRIMAL_TOLERANCE,
    ROWS,
    STUCK,
    UNBOUNDED,
    UPPER,
    VARIABLES,
    Program,
)


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
