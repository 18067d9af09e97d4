"""A bounded dual simplex for stage programs, compiled by Numba: the arithmetic of one program.

The program is ``min c @ x`` over ``A x - s = 0`` and bounds on all of x and s, where x are the columns of a
stage and its cost-to-go theta (the last, where there is one) and s one logical for each row; the rows are
those of the stage and, behind them, the active cuts ``theta - slope @ outgoing >= intercept``. See
``docs/explanation/stage-solver.md`` for the method, its sources and what was measured.
"""

from __future__ import annotations

import numpy as np

from capexpand.sddp.compiling import compiled
from capexpand.sddp.kernel import layout as at
from capexpand.sddp.kernel.algebra import (
    basis_row,
    bound_value,
    compute_duals,
    compute_values,
    move_flipped,
    pivot_row,
    price,
    replace_basic,
    settle_nonbasic,
    transformed_column,
    undo_flips,
)
from capexpand.sddp.kernel.basis import (
    has_room_for_eta,
)
from capexpand.sddp.kernel.factors import (
    factorise,
)
from capexpand.sddp.kernel.program import (
    BASIC,
    CUTS,
    DUAL_TOLERANCE,
    FLIPPED,
    FREE,
    FULL,
    HARRIS_TOLERANCE,
    INFEASIBLE,
    LOWER,
    OPTIMAL,
    PIVOT_TOLERANCE,
    PIVOTS,
    PIVOTS_BETWEEN_FACTORS,
    PRIMAL_TOLERANCE,
    ROWS,
    SHAKY,
    SHIFTED,
    STUCK,
    TOTAL_PIVOTS,
    TOUCHED,
    UNBOUNDED,
    UPPER,
    VARIABLES,
    Program,
    floats_of,
    indices_of,
    places_of,
)

SMALL_PIVOT = 1e-5
"""A pivot below this is taken from fresh factors only."""
IDLE_PIVOTS = 30
"""Pivots in a row without progress after which costs are perturbed."""
PERTURBATION = 1e-6
PIVOTS_BETWEEN_VALUES = 20
"""Pivots after which basic values are computed anew before an answer."""
NEGLIGIBLE = 5e-8
"""A violation below this that no pivot can mend came in with the state, which is exact to this only."""


@compiled
def choose_leaving(p: Program) -> int:
    """Return the place of the basic variable that is furthest outside its bounds by steepest edge, or -1."""
    head = indices_of(p, at.HEAD)
    value_ = floats_of(p, at.VALUE)
    lower = floats_of(p, at.LOWER)
    upper = floats_of(p, at.UPPER)
    weight = floats_of(p, at.WEIGHT)
    best, best_place = 0.0, -1
    for place in range(p.size[ROWS] + p.count[CUTS]):
        j = head[place]
        value = value_[place]
        outside = lower[j] - value
        if outside > 0.0:
            if outside <= PRIMAL_TOLERANCE * (1.0 + abs(lower[j])):
                continue
        else:
            outside = value - upper[j]
            if outside <= PRIMAL_TOLERANCE * (1.0 + abs(upper[j])):
                continue
        measure = outside * outside / weight[place]
        if measure > best:
            best, best_place = measure, place
    return best_place


@compiled
def choose_entering(p: Program, side: float, slope: float) -> int:  # noqa: PLR0912, PLR0915 - no calls here
    """Return the variable that enters by the bound-flipping ratio test; -1: none can, -2: none is safe.

    Breakpoints are passed in groups within a tolerance (Harris, 1973) while the dual objective still rises;
    boxed variables that are passed are flipped: ``status`` changes and ``flipped`` lists them.
    Of the last group the largest pivot is taken. A group of tiny entries alone is passed without a flip.
    """
    touched = indices_of(p, at.TOUCHED)
    alpha_row = floats_of(p, at.ALPHA_ROW)
    status_ = places_of(p, at.STATUS)
    candidates = indices_of(p, at.CANDIDATES)
    reduced = floats_of(p, at.REDUCED)
    upper = floats_of(p, at.UPPER)
    lower = floats_of(p, at.LOWER)
    flipped = places_of(p, at.FLIPPED)
    left = 0
    largest = 0.0
    tie = 1e-9 * (1.0 + slope)
    only_rounding = False
    p.count[FLIPPED] = 0
    for number in range(p.count[TOUCHED]):
        j = touched[number]
        alpha = side * alpha_row[j]
        if abs(alpha) < 1e-9:
            continue
        status = status_[j]
        if status == FREE or (status == LOWER and alpha > 0.0) or (status == UPPER and alpha < 0.0):
            candidates[left] = j
            left += 1
            largest = max(largest, abs(alpha))
    if left == 0:
        return -1
    while left > 0:
        limit = np.inf
        for number in range(left):
            j = candidates[number]
            ratio = (abs(reduced[j]) + HARRIS_TOLERANCE) / abs(alpha_row[j])
            limit = min(limit, ratio)
        drop, best, entering = 0.0, 0.0, -1
        for number in range(left):
            j = candidates[number]
            size = abs(alpha_row[j])
            if abs(reduced[j]) <= limit * size:
                drop += size * (upper[j] - lower[j])
                if size > best:
                    best, entering = size, j
        # A slope of nearly nothing is a tie, not a sign that the row cannot become feasible.
        last = slope - drop <= tie or not drop < np.inf
        if last and best > PIVOT_TOLERANCE * min(1.0, largest):
            return entering
        if last:
            only_rounding = True  # what stands here is left out; its costs will be shifted
        else:
            slope -= drop
        kept = 0
        for number in range(left):
            j = candidates[number]
            if abs(reduced[j]) > limit * abs(alpha_row[j]):
                candidates[kept] = j
                kept += 1
            elif not last:
                status_[j] = UPPER if status_[j] == LOWER else LOWER
                flipped[p.count[FLIPPED]] = j
                p.count[FLIPPED] += 1
        left = kept
    return -2 if only_rounding else -1


@compiled
def dual_step(p: Program, entering: int, step: float) -> None:
    """Change the reduced costs for a pivot; costs are shifted where a sign would turn wrong by rounding."""
    touched = indices_of(p, at.TOUCHED)
    reduced = floats_of(p, at.REDUCED)
    alpha_row = floats_of(p, at.ALPHA_ROW)
    status_ = places_of(p, at.STATUS)
    cost = floats_of(p, at.COST)
    for number in range(p.count[TOUCHED]):
        j = touched[number]
        changed = reduced[j] - step * alpha_row[j]
        if j != entering:
            status = status_[j]
            if (
                (status == LOWER and changed < 0.0)
                or (status == UPPER and changed > 0.0)
                or (status == FREE and changed != 0.0)
            ):
                cost[j] -= changed
                if abs(changed) > DUAL_TOLERANCE * (1.0 + abs(cost[j])):
                    p.count[SHIFTED] = 1
                changed = 0.0
        reduced[j] = changed
    reduced[entering] = 0.0


@compiled
def perturb(p: Program) -> None:
    """Move the costs of all movable variables away from ties, each by another small amount.

    What stalls is a vertex with many zero reduced costs, where pivots do not raise the objective and may come
    back to where they began. Different costs have no ties; the true ones return in the clean-up.
    """
    movable = places_of(p, at.MOVABLE)
    status = places_of(p, at.STATUS)
    cost = floats_of(p, at.COST)
    reduced = floats_of(p, at.REDUCED)
    state = 12345
    p.count[SHIFTED] = 1
    for j in range(p.size[VARIABLES] + p.size[ROWS] + p.count[CUTS]):
        if movable[j] == 0 or status[j] == FREE:
            continue
        state = (state * 1103515245 + 12345) % 2147483648
        amount = PERTURBATION * (1.0 + abs(cost[j])) * (0.5 + state / 2147483648.0)
        signed = amount if status[j] == LOWER else -amount
        cost[j] += signed
        reduced[j] += signed


@compiled
def start_over(p: Program) -> bool:
    """Factorise anew and compute everything from there; false where the factors have no room."""
    if not factorise(p):
        return False
    price(p)
    settle_nonbasic(p)
    compute_values(p)
    return True


@compiled
def dual_simplex(p: Program, limit: int) -> int:  # noqa: PLR0911, PLR0912, PLR0915 - a call is not free
    """Pivot until no basic variable is outside its bounds, from a dual feasible basis.

    Args:
        p: the program; duals, nonbasic variables and basic values are set.
        limit: pivots after which it gives up.

    Returns:
        OPTIMAL, INFEASIBLE, STUCK or FULL.
    """
    head = places_of(p, at.HEAD)
    value = floats_of(p, at.VALUE)
    lower = floats_of(p, at.LOWER)
    upper = floats_of(p, at.UPPER)
    weight = floats_of(p, at.WEIGHT)
    column_work = floats_of(p, at.COLUMN_WORK)
    alpha_row = floats_of(p, at.ALPHA_ROW)
    reduced = floats_of(p, at.REDUCED)
    status = places_of(p, at.STATUS)
    total = p.size[ROWS] + p.count[CUTS]
    refactored_here, idle = False, 0
    for _ in range(limit):
        place = choose_leaving(p)
        if place < 0:
            return OPTIMAL
        leaving = head[place]
        below = value[place] < lower[leaving]
        target = lower[leaving] if below else upper[leaving]
        norm = basis_row(p, place)
        if norm > 4.0 * weight[place] or norm < 0.25 * weight[place]:
            weight[place] = norm
        pivot_row(p)
        entering = choose_entering(p, -1.0 if below else 1.0, abs(value[place] - target))
        if entering < 0:
            undo_flips(p)
            if refactored_here or p.count[PIVOTS] == 0:
                if abs(value[place] - target) <= NEGLIGIBLE * (1.0 + abs(target)):
                    weight[place] = np.inf  # never chosen again in this solve
                    continue
                return INFEASIBLE if entering == -1 else STUCK
            refactored_here = True
            if not start_over(p):
                return FULL
            continue
        transformed_column(p, entering)
        pivot, expected = column_work[place], alpha_row[entering]
        error = abs(pivot - expected)
        if error > 1e-7 * (1.0 + abs(pivot)) or abs(pivot) < SMALL_PIVOT:
            if p.count[PIVOTS] > 0:
                undo_flips(p)
                if not start_over(p):
                    return FULL
                continue
            if error > 1e-5 * (1.0 + abs(pivot)) or abs(pivot) < PIVOT_TOLERANCE:
                undo_flips(p)
                return STUCK
        move_flipped(p)
        step = reduced[entering] / expected
        dual_step(p, entering, step)
        change = (value[place] - target) / pivot
        entering_value = bound_value(status[entering], lower[entering], upper[entering]) + change
        for other in range(total):
            value[other] -= change * column_work[other]
        replace_basic(p, place, entering, norm)
        value[place] = entering_value
        status[leaving] = LOWER if below else UPPER
        reduced[leaving] = -step if lower[leaving] != upper[leaving] else 0.0
        idle = idle + 1 if abs(step) < 1e-9 else 0
        if idle > IDLE_PIVOTS:
            idle = 0
            perturb(p)
        if (p.count[PIVOTS] >= PIVOTS_BETWEEN_FACTORS or not has_room_for_eta(p)) and not start_over(p):
            return FULL
    return STUCK


@compiled
def _worst_sign(p: Program) -> int:
    """Return the nonbasic variable whose reduced cost has the wrong sign most, or -1."""
    status, reduced, cost = places_of(p, at.STATUS), floats_of(p, at.REDUCED), floats_of(p, at.COST)
    lower, upper = floats_of(p, at.LOWER), floats_of(p, at.UPPER)
    best, entering = 0.0, -1
    for j in range(p.size[VARIABLES] + p.size[ROWS] + p.count[CUTS]):
        if status[j] == BASIC or lower[j] == upper[j]:
            continue
        wrong = -reduced[j] if status[j] == LOWER else reduced[j]
        if status[j] == FREE:
            wrong = abs(reduced[j])
        if wrong > DUAL_TOLERANCE * (1.0 + abs(cost[j])) and wrong > best:
            best, entering = wrong, j
    return entering


@compiled
def primal_simplex(p: Program, limit: int) -> int:
    """Clean up after shifting: pivot on the true costs from a feasible basis (largest violation first).

    Returns:
        OPTIMAL, UNBOUNDED or STUCK.
    """
    status = places_of(p, at.STATUS)
    lower = floats_of(p, at.LOWER)
    upper = floats_of(p, at.UPPER)
    reduced_ = floats_of(p, at.REDUCED)
    value = floats_of(p, at.VALUE)
    column_work = floats_of(p, at.COLUMN_WORK)
    head = places_of(p, at.HEAD)
    total = p.size[ROWS] + p.count[CUTS]
    for _ in range(limit):
        price(p)
        entering = _worst_sign(p)
        if entering < 0:
            return OPTIMAL
        transformed_column(p, entering)
        rising = status[entering] == LOWER or (status[entering] == FREE and reduced_[entering] < 0.0)
        direction = 1.0 if rising else -1.0
        step, place, size = _primal_ratio(p, direction)
        span = upper[entering] - lower[entering]
        if span <= step:
            for other in range(total):
                value[other] -= direction * span * column_work[other]
            status[entering] = UPPER if status[entering] == LOWER else LOWER
            continue
        if place < 0:
            return UNBOUNDED
        if size < PIVOT_TOLERANCE:
            return STUCK
        leaving = head[place]
        to_lower = direction * column_work[place] > 0.0
        entering_value = bound_value(status[entering], lower[entering], upper[entering]) + direction * step
        for other in range(total):
            value[other] -= direction * step * column_work[other]
        replace_basic(p, place, entering, basis_row(p, place))
        value[place] = entering_value
        status[leaving] = LOWER if to_lower else UPPER
        if p.count[PIVOTS] >= PIVOTS_BETWEEN_FACTORS or not has_room_for_eta(p):
            if not factorise(p):
                return FULL
            compute_values(p)
    return STUCK


@compiled
def _primal_ratio(p: Program, direction: float) -> tuple[float, int, float]:
    """Return the longest step along a direction, the place that blocks it (or -1) and its pivot's size."""
    column_work = floats_of(p, at.COLUMN_WORK)
    head = indices_of(p, at.HEAD)
    lower = floats_of(p, at.LOWER)
    upper = floats_of(p, at.UPPER)
    value = floats_of(p, at.VALUE)
    total = p.size[ROWS] + p.count[CUTS]
    limit = np.inf
    for place in range(total):
        rate = direction * column_work[place]
        if abs(rate) < 1e-9:
            continue
        j = head[place]
        bound = lower[j] if rate > 0.0 else upper[j]
        if abs(bound) < np.inf:
            slack = PRIMAL_TOLERANCE * (1.0 + abs(bound))
            limit = min(limit, (abs(value[place] - bound) + slack) / abs(rate))
    if limit == np.inf:
        return np.inf, -1, 0.0
    size, best_place, step = 0.0, -1, 0.0
    for place in range(total):
        rate = direction * column_work[place]
        if abs(rate) < 1e-9:
            continue
        j = head[place]
        bound = lower[j] if rate > 0.0 else upper[j]
        if abs(bound) < np.inf:
            distance = value[place] - bound if rate > 0.0 else bound - value[place]
            ratio = max(distance, 0.0) / abs(rate)
            if ratio <= limit and abs(rate) > size:
                size, best_place, step = abs(rate), place, ratio
    return step, best_place, size


@compiled
def is_dual_feasible(p: Program) -> bool:
    """Tell whether every nonbasic variable stands on the bound that its reduced cost asks for."""
    status = places_of(p, at.STATUS)
    lower = floats_of(p, at.LOWER)
    upper = floats_of(p, at.UPPER)
    reduced_ = floats_of(p, at.REDUCED)
    cost = floats_of(p, at.COST)
    for j in range(p.size[VARIABLES] + p.size[ROWS] + p.count[CUTS]):
        if status[j] == BASIC or lower[j] == upper[j]:
            continue
        reduced, tolerance = reduced_[j], DUAL_TOLERANCE * (1.0 + abs(cost[j]))
        if status[j] != UPPER and reduced < -tolerance:
            return False
        if status[j] != LOWER and reduced > tolerance:
            return False
    return True


@compiled
def optimise(p: Program, fresh: bool) -> int:  # noqa: PLR0912 - as above
    """Solve the loaded program from its basis.

    Args:
        fresh: whether data changed since the last answer; if only a cut was added, what is known stays.

    Returns:
        OPTIMAL, INFEASIBLE, UNBOUNDED or STUCK.
    """
    cost = floats_of(p, at.COST)
    true_cost = floats_of(p, at.TRUE_COST)
    weight = floats_of(p, at.WEIGHT)
    total, variables = p.size[ROWS] + p.count[CUTS], p.size[VARIABLES]
    limit = 200 + 4 * total
    for place in range(total):
        if weight[place] == np.inf:
            weight[place] = 1.0
    for attempt in range(4):
        if fresh or attempt > 0:
            p.count[SHIFTED] = 0
            for j in range(variables + total):
                cost[j] = true_cost[j]
            price(p)
            settle_nonbasic(p)
            compute_values(p)
        before = p.count[TOTAL_PIVOTS]
        outcome = dual_simplex(p, limit)
        if outcome != OPTIMAL:
            return outcome
        for j in range(variables + total):
            cost[j] = true_cost[j]
        afresh = p.count[SHAKY] != 0 or p.count[TOTAL_PIVOTS] > before + PIVOTS_BETWEEN_VALUES
        if p.count[SHAKY] != 0 and not factorise(p):
            return FULL
        if p.count[SHIFTED] == 0:
            compute_duals(p)
        else:
            price(p)
            if not is_dual_feasible(p):
                afresh = True
                outcome = primal_simplex(p, limit)
                if outcome != OPTIMAL:
                    return outcome
        if not afresh:
            return OPTIMAL
        compute_values(p)  # without what rounding left in them on the way
        if choose_leaving(p) < 0:
            return OPTIMAL
    return STUCK
