"""The loop over a node's outcomes, compiled by Numba: load, solve, find violated cuts, certify."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from capexpand.sddp.compiling import compiled, making_arrays
from capexpand.sddp.cuts import NEWEST
from capexpand.sddp.kernel import layout as at
from capexpand.sddp.kernel.algebra import (
    add_cut,
    bound_value,
    remove_cut,
)
from capexpand.sddp.kernel.factors import (
    factorise,
    start_from_logicals,
)
from capexpand.sddp.kernel.outcomes import (
    Outcomes,
    lay_outcomes,
    load,
    load_matrix,
)
from capexpand.sddp.kernel.program import (
    BASIC,
    CAPACITY,
    CLOCK,
    COLUMNS,
    CUTS,
    FOREIGN,
    FULL,
    INFEASIBLE,
    LIVE,
    LOWER,
    OPTIMAL,
    OWNER,
    READY,
    ROWS,
    SEEN,
    STATES,
    STUCK,
    TOUCHED,
    VARIABLES,
    Places,
    Program,
    cut_slopes,
    floats_of,
    indices_of,
    places_of,
)
from capexpand.sddp.kernel.simplex import (
    optimise,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

UNCERTAIN = 11
CUT_TOLERANCE = 1e-9
CERTIFICATE_TOLERANCE = 1e-8
FEASIBILITY_TOLERANCE = 1e-7

# Places in the array ``tally``.
ANSWERS, SOLVES, REFACTORED, COLD = 0, 1, 2, 3


class Pool(NamedTuple):
    """The cuts that a node may use.

    Args:
        intercepts: of all cuts.
        slopes: of all cuts, shape (cuts or more, live states).
        selected: the indices that matter.
        lower_bound: shape (1,), lower bound of theta.
    """

    intercepts: Floats
    slopes: Floats
    selected: Integers
    lower_bound: Floats


@compiled
def worst_cut(p: Program, pool: Pool) -> int:
    """Return the selected cut that the solution violates most, or -1."""
    solution = floats_of(p, at.SOLUTION)
    state_work = floats_of(p, at.STATE_WORK)
    live = indices_of(p, at.LIVE)
    cut_index = places_of(p, at.CUT_INDEX)
    states, columns = p.size[LIVE], p.size[COLUMNS]
    theta = solution[columns]
    best, best_cut = -np.inf, -1
    for state in range(states):
        state_work[state] = solution[live[state]]
    for chosen in pool.selected:
        height = pool.intercepts[chosen]
        for state in range(states):
            height += pool.slopes[chosen, state] * state_work[state]
        if height > best:
            best, best_cut = height, chosen
    if best_cut < 0 or best - theta <= CUT_TOLERANCE * (1.0 + abs(theta)):
        return -1
    for cut in range(p.count[CUTS]):
        if cut_index[cut] == best_cut:
            return -1
    return best_cut


@compiled
def read_solution(p: Program) -> None:
    """Write the values of the columns into ``solution``."""
    status = places_of(p, at.STATUS)
    solution = floats_of(p, at.SOLUTION)
    lower = floats_of(p, at.LOWER)
    upper = floats_of(p, at.UPPER)
    head = indices_of(p, at.HEAD)
    value = floats_of(p, at.VALUE)
    for j in range(p.size[VARIABLES]):
        if status[j] != BASIC:
            solution[j] = bound_value(status[j], lower[j], upper[j])
    for place in range(p.size[ROWS] + p.count[CUTS]):
        j = head[place]
        if j < p.size[VARIABLES]:
            solution[j] = value[place]


@compiled
def certify(  # noqa: PLR0912, PLR0915 - one pass over the data, because a call costs 100 ns
    p: Program, o: Outcomes, outcome: int, state: Floats, slope: Floats
) -> tuple[float, float, float, bool]:
    """Check an answer against the original matrix.

    Returns:
        The primal objective, the dual bound D, the worst primal violation relative to its bound, and
        whether D is valid (no multiplier on an infinite bound). ``slope`` receives the slope of D.
    """
    row_work = floats_of(p, at.ROW_WORK)
    state_work = floats_of(p, at.STATE_WORK)
    dual_ = floats_of(p, at.DUAL)
    cut_intercept = floats_of(p, at.CUT_INTERCEPT)
    cut_slope = cut_slopes(p)
    solution = floats_of(p, at.SOLUTION)
    true_cost = floats_of(p, at.TRUE_COST)
    starts = indices_of(p, at.STARTS)
    rows_ = indices_of(p, at.ROWS)
    values = floats_of(p, at.VALUES)
    own_live = places_of(p, at.OWN_LIVE)
    lower = floats_of(p, at.LOWER)
    upper = floats_of(p, at.UPPER)
    reduced_ = floats_of(p, at.REDUCED)
    live_ = indices_of(p, at.LIVE)
    columns, rows, variables = p.size[COLUMNS], p.size[ROWS], p.size[VARIABLES]
    states, live, cuts = p.size[STATES], p.size[LIVE], p.count[CUTS]
    primal = dual = worst = 0.0
    valid = True
    for i in range(rows + cuts):
        row_work[i] = 0.0
    for s in range(live):
        state_work[s] = 0.0
    left = 1.0
    for cut in range(cuts):
        multiplier = dual_[rows + cut]
        if multiplier < 0.0:
            if multiplier < -FEASIBILITY_TOLERANCE:
                valid = False
            multiplier = 0.0
        if multiplier > 0.0:
            left -= multiplier
            dual += multiplier * cut_intercept[cut]
            for s in range(live):
                state_work[s] += multiplier * cut_slope[cut, s]
    for j in range(columns):
        x = solution[j]
        primal += true_cost[j] * x
        reduced = true_cost[j]
        for place in range(starts[j], starts[j + 1]):
            row_work[rows_[place]] += values[place] * x
            reduced -= dual_[rows_[place]] * values[place]
        if own_live[j] >= 0:
            reduced += state_work[own_live[j]]
        low, high = lower[j], upper[j]
        if x < low:
            worst = max(worst, (low - x) / (1.0 + abs(low)))
        elif x > high:
            worst = max(worst, (x - high) / (1.0 + abs(high)))
        reduced_[j] = reduced
        bound = low if reduced > 0.0 else high
        if abs(bound) < np.inf:
            dual += reduced * bound
        elif abs(reduced) > FEASIBILITY_TOLERANCE:
            valid = False
    if variables > columns:
        theta, lower_bound = solution[columns], lower[columns]
        primal += theta
        worst = max(worst, (lower_bound - theta) / (1.0 + abs(lower_bound)))
        if left < -FEASIBILITY_TOLERANCE:
            valid = False
        elif left > 1e-11:
            dual += left * lower_bound
        for cut in range(cuts):
            height = cut_intercept[cut]
            for s in range(live):
                height += cut_slope[cut, s] * solution[live_[s]]
            worst = max(worst, (height - theta) / (1.0 + abs(theta)))
    for s in range(states):
        slope[s] = 0.0
    for i in range(rows):
        multiplier = dual_[i]
        low, high = lower[variables + i], upper[variables + i]
        if row_work[i] < low:
            worst = max(worst, (low - row_work[i]) / (1.0 + abs(low)))
        elif row_work[i] > high:
            worst = max(worst, (row_work[i] - high) / (1.0 + abs(high)))
        bound = low if multiplier > 0.0 else high
        if abs(bound) < np.inf:
            dual += multiplier * bound
        elif abs(multiplier) > FEASIBILITY_TOLERANCE:
            valid = False
    entering = o.entering_value[outcome if o.entering_value.shape[0] > 1 else 0]
    for k in range(len(o.entering_row)):
        slope[o.entering_state[k]] += dual_[o.entering_row[k]] * entering[k]
    fixed_slope = o.fixed_slope[outcome if o.fixed_slope.shape[0] > 1 else 0]
    for k in range(len(o.fixed_place)):
        slope[o.fixed_state[k]] += reduced_[o.fixed[o.fixed_place[k]]] * fixed_slope[k]
    incoming_cost = o.incoming_cost[outcome if o.incoming_cost.shape[0] > 1 else 0]
    extra = o.constant[outcome if o.constant.shape[0] > 1 else 0]
    for s in range(states):
        slope[s] += incoming_cost[s]
        extra += incoming_cost[s] * state[s]
    return primal + extra, dual + extra, worst, valid


@compiled
def solve_with_cuts(p: Program, pool: Pool, tally: Integers) -> int:
    """Solve, add the most violated cut, and again, until none is violated."""
    fresh = True
    while True:
        tally[SOLVES] += 1
        outcome = optimise(p, fresh)
        fresh = False
        if outcome != OPTIMAL:
            return outcome
        read_solution(p)
        if p.size[VARIABLES] == p.size[COLUMNS]:
            return OPTIMAL
        cut = worst_cut(p, pool)
        if cut < 0:
            return OPTIMAL
        if p.count[CUTS] == p.size[CAPACITY]:
            return FULL
        add_cut(p, cut, pool.intercepts[cut], pool.slopes[cut])


@compiled
def is_certified(primal: float, dual: float, worst: float, valid: bool) -> bool:
    """Tell whether an answer is optimal within tolerance, by what ``certify`` found."""
    gap = abs(primal - dual)
    return valid and worst <= FEASIBILITY_TOLERANCE and gap <= CERTIFICATE_TOLERANCE * (1.0 + abs(primal))


@compiled
def answer(  # noqa: PLR0917 - compiled code takes its arguments by position
    p: Program, o: Outcomes, pool: Pool, outcome: int, state: Floats, slope: Floats, tally: Integers
) -> tuple[int, float, float]:
    """Solve one outcome at a state, with fallbacks: refactored, then from the basis of logicals.

    Returns:
        How it ended (OPTIMAL means certified; UNCERTAIN, INFEASIBLE, UNBOUNDED and STUCK are for HiGHS to
        settle; FULL asks for more room), the primal objective and the dual bound.
    """
    tally[ANSWERS] += 1
    if not load(p, o, outcome, state):
        return INFEASIBLE, 0.0, 0.0
    if o.values.shape[0] > 1 or p.count[FOREIGN] != 0:
        load_matrix(p, o.values[outcome if o.values.shape[0] > 1 else 0])
        p.count[FOREIGN] = 0
        if not factorise(p):
            return FULL, 0.0, 0.0
    ended = STUCK
    for attempt in range(3):
        if attempt == 1:
            tally[REFACTORED] += 1
            if not factorise(p):
                return FULL, 0.0, 0.0
        if attempt == 2:
            tally[COLD] += 1
            start_from_logicals(p)
        ended = solve_with_cuts(p, pool, tally)
        if ended == FULL:
            return FULL, 0.0, 0.0
        if ended == OPTIMAL:
            primal, dual, worst, valid = certify(p, o, outcome, state, slope)
            if is_certified(primal, dual, worst, valid):
                return OPTIMAL, primal, dual
            ended = UNCERTAIN
    return ended, 0.0, 0.0


@compiled
def take_over(p: Program, pool: Pool) -> None:
    """Put another node's cuts in the place of those of the node that was answered before.

    Cuts of the same number were made at the same trial point. What was a good basis for the one node is one
    for the other; its factors are void.
    """
    cut_index, cut_intercept = places_of(p, at.CUT_INDEX), floats_of(p, at.CUT_INTERCEPT)
    cut_slope, lower = cut_slopes(p), floats_of(p, at.LOWER)
    first = p.size[VARIABLES] + p.size[ROWS]
    for cut in range(p.count[CUTS]):
        index = cut_index[cut]
        cut_intercept[cut] = lower[first + cut] = pool.intercepts[index]
        for state in range(p.size[LIVE]):
            cut_slope[cut, state] = pool.slopes[index, state]


@compiled
def begin(p: Program, pool: Pool, node: int) -> bool:
    """Make the basis ready for a node and add the newest cuts, which are the likeliest to be violated.

    Returns:
        Whether there was room for all.
    """
    mark = places_of(p, at.MARK)
    alpha_row = floats_of(p, at.ALPHA_ROW)
    true_cost = floats_of(p, at.TRUE_COST)
    upper = floats_of(p, at.UPPER)
    lower = floats_of(p, at.LOWER)
    cut_index = places_of(p, at.CUT_INDEX)
    if p.count[READY] == 0:
        p.count[CUTS] = p.count[TOUCHED] = 0
        places_of(p, at.STATUS)[:] = LOWER  # nothing of earlier answers may show in later ones
        mark[:] = 0
        alpha_row[:] = 0.0
        if not start_from_logicals(p):
            return False
        if p.size[VARIABLES] > p.size[COLUMNS]:
            columns = p.size[COLUMNS]
            true_cost[columns] = 1.0
            upper[columns] = np.inf
        p.count[OWNER], p.count[FOREIGN] = node, 1
    elif p.count[OWNER] != node:
        take_over(p, pool)
        p.count[OWNER], p.count[FOREIGN] = node, 1
    if p.size[VARIABLES] > p.size[COLUMNS]:
        lower[p.size[COLUMNS]] = pool.lower_bound[0]
        known = len(pool.intercepts)
        first = max(p.count[SEEN], known - NEWEST)
        for cut in range(first, known):
            present = p.count[CUTS] >= p.size[CAPACITY]
            for other in range(p.count[CUTS]):
                present = present or cut_index[other] == cut
            if not present:
                add_cut(p, cut, pool.intercepts[cut], pool.slopes[cut])
        p.count[SEEN] = known
    return True


@compiled
def note_used(p: Program) -> None:
    """Note which cuts carry a multiplier."""
    status = places_of(p, at.STATUS)
    cut_used = places_of(p, at.CUT_USED)
    for cut in range(p.count[CUTS]):
        if status[p.size[VARIABLES] + p.size[ROWS] + cut] != BASIC:
            cut_used[cut] = p.count[CLOCK]


@compiled
def trim(p: Program, kept: int) -> None:
    """Remove the cuts that have been inactive for longest, where there are more than wanted."""
    cut_used = places_of(p, at.CUT_USED)
    before = p.count[CUTS]
    if before <= kept:
        return
    target = (2 * kept) // 3
    for age in (64, 16, 4, 1, 0):
        cut = p.count[CUTS] - 1
        while cut >= 0 and p.count[CUTS] > target:
            if p.count[CLOCK] - cut_used[cut] > age:
                remove_cut(p, cut)
            cut -= 1
        if p.count[CUTS] <= kept:
            break
    if p.count[CUTS] < before:
        factorise(p)


@making_arrays
def evaluate_outcomes(  # noqa: PLR0917 - compiled code takes its arguments by position
    size: Integers, count: Integers, floats: Floats, places: Places,
    data_sizes: Integers, data_integers: Integers, data_floats: Floats,
    intercepts: Floats, cut_slopes: Floats, selected: Integers, lower_bound: Floats,
    state: Floats, values: Floats, slopes: Floats, tally: Integers, first: int, kept: int, number: int,
) -> tuple[int, int]:  # fmt: skip
    """Solve all outcomes from ``first`` on at a state, into values (certified dual bounds) and slopes.

    Returns:
        OPTIMAL, or how the outcome ended that is for others to settle, and the number of that outcome.
    """
    p = Program(size, count, floats, places)
    o = lay_outcomes(data_sizes, data_integers, data_floats)
    pool = Pool(intercepts, cut_slopes, selected, lower_bound)
    if not begin(p, pool, number):
        return FULL, first
    for outcome in range(first, len(values)):
        ended, _, dual = answer(p, o, pool, outcome, state, slopes[outcome], tally)
        if ended != OPTIMAL:
            return ended, outcome
        values[outcome] = dual
        note_used(p)
    p.count[CLOCK] += 1
    trim(p, kept)
    return OPTIMAL, len(values)


@making_arrays
def decide_paths(  # noqa: PLR0917 - compiled code takes its arguments by position
    size: Integers, count: Integers, floats: Floats, places: Places,
    data_sizes: Integers, data_integers: Integers, data_floats: Floats,
    intercepts: Floats, cut_slopes: Floats, selected: Integers, lower_bound: Floats,
    states: Floats, outcomes: Integers, values: Floats, costs: Floats, columns: Floats, duals: Floats,
    tally: Integers, first: int, kept: int, number: int,
) -> tuple[int, int]:  # fmt: skip
    """Decide for all paths from ``first`` on; like ``evaluate_outcomes``."""
    p = Program(size, count, floats, places)
    o = lay_outcomes(data_sizes, data_integers, data_floats)
    pool = Pool(intercepts, cut_slopes, selected, lower_bound)
    if not begin(p, pool, number):
        return FULL, first
    slope = np.empty(p.size[STATES])
    width = p.size[COLUMNS]
    solution, dual = floats_of(p, at.SOLUTION), floats_of(p, at.DUAL)
    lower, upper = floats_of(p, at.LOWER), floats_of(p, at.UPPER)
    for path in range(first, len(values)):
        ended, primal, _ = answer(p, o, pool, outcomes[path], states[path], slope, tally)
        if ended != OPTIMAL:
            return ended, path
        values[path] = primal
        costs[path] = primal - (solution[width] if p.size[VARIABLES] > width else 0.0)
        for j in range(width):
            columns[path, j] = min(max(solution[j], lower[j]), upper[j])
        for i in range(p.size[ROWS]):
            duals[path, i] = dual[i]
        note_used(p)
        if path % 16 == 15:
            p.count[CLOCK] += 1
            trim(p, kept)
    return OPTIMAL, len(values)
