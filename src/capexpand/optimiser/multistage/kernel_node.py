"""The loop over a node's outcomes, compiled by Numba: load, solve, find violated cuts, certify."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from capexpand.optimiser.multistage.compiling import compiled, inlined
from capexpand.optimiser.multistage.kernel_simplex import (
    BASIC,
    CAPACITY,
    CLOCK,
    COLUMNS,
    CUTS,
    FREE,
    INFEASIBLE,
    LOWER,
    OPTIMAL,
    READY,
    ROWS,
    SEEN,
    STATES,
    STUCK,
    UPPER,
    VARIABLES,
    Program,
    add_cut,
    assemble,
    bound_value,
    optimise,
    refactor,
    remove_cut,
    start_from_logicals,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

FULL, UNCERTAIN = 10, 11
CUT_TOLERANCE = 1e-9
CERTIFICATE_TOLERANCE = 1e-8
FEASIBILITY_TOLERANCE = 1e-7
NEWEST = 4

# Places in the array ``tally``.
ANSWERS, SOLVES, REFACTORED, COLD = 0, 1, 2, 3


class Outcomes(NamedTuple):
    """A node's outcomes in normal form; arrays of length 1 in the first axis are shared.

    The entries of T and of the fixed columns' slopes are kept as lists of places that are not zero:
    ``entering_row[k]``, ``entering_state[k]`` and ``entering_value[:, k]``, and so for ``fixed_...``.
    """

    cost: Floats
    incoming_cost: Floats
    constant: Floats
    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    entering_row: Integers
    entering_state: Integers
    entering_value: Floats
    fixed: Integers
    fixed_value: Floats
    fixed_place: Integers
    fixed_state: Integers
    fixed_slope: Floats


@compiled
def lay_outcomes(sizes: Integers, integers: Integers, floats: Floats) -> Outcomes:
    """Lay a node's outcomes over two buffers.

    ``sizes`` holds the numbers of columns, rows, states, fixed columns, entries of T and of the fixed
    columns' slopes, and then the number of outcomes of each float array in the order of their making.
    """
    columns, rows, states, fixed, entering, slopes = (
        sizes[0],
        sizes[1],
        sizes[2],
        sizes[3],
        sizes[4],
        sizes[5],
    )
    widths = (columns, states, 1, columns, columns, rows, rows, entering, fixed, slopes)
    f = np.zeros(11, dtype=np.int64)
    for k in range(10):
        f[k + 1] = f[k] + widths[k] * sizes[6 + k]
    a = entering
    b = a + entering
    c = b + fixed
    d = c + slopes
    return Outcomes(
        floats[f[0] : f[1]].reshape(sizes[6], columns),
        floats[f[1] : f[2]].reshape(sizes[7], states),
        floats[f[2] : f[3]],
        floats[f[3] : f[4]].reshape(sizes[9], columns),
        floats[f[4] : f[5]].reshape(sizes[10], columns),
        floats[f[5] : f[6]].reshape(sizes[11], rows),
        floats[f[6] : f[7]].reshape(sizes[12], rows),
        integers[0:a],
        integers[a:b],
        floats[f[7] : f[8]].reshape(sizes[13], entering),
        integers[b:c],
        floats[f[8] : f[9]].reshape(sizes[14], fixed),
        integers[c:d],
        integers[d : d + slopes],
        floats[f[9] : f[10]].reshape(sizes[15], slopes),
    )


class Pool(NamedTuple):
    """The cuts that a node may use.

    Args:
        intercepts: all of the pool.
        slopes: all of the pool.
        selected: the indices that matter.
        floor: shape (1,), lower bound of theta.
    """

    intercepts: Floats
    slopes: Floats
    selected: Integers
    floor: Floats


@compiled
def load(p: Program, o: Outcomes, outcome: int, state: Floats) -> bool:  # noqa: PLR0912 - see certify
    """Put an outcome at a state into the program; false where a fixed column would leave its bounds."""
    columns, rows, variables = p.size[COLUMNS], p.size[ROWS], p.size[VARIABLES]
    cost = o.cost[outcome if o.cost.shape[0] > 1 else 0]
    lower = o.lower[outcome if o.lower.shape[0] > 1 else 0]
    upper = o.upper[outcome if o.upper.shape[0] > 1 else 0]
    row_lower = o.row_lower[outcome if o.row_lower.shape[0] > 1 else 0]
    row_upper = o.row_upper[outcome if o.row_upper.shape[0] > 1 else 0]
    for j in range(columns):
        p.true_cost[j] = cost[j]
        p.lower[j] = lower[j]
        p.upper[j] = upper[j]
    for i in range(rows):
        p.row_work[i] = 0.0
    entering = o.entering_value[outcome if o.entering_value.shape[0] > 1 else 0]
    for k in range(len(o.entering_row)):
        p.row_work[o.entering_row[k]] += entering[k] * state[o.entering_state[k]]
    for i in range(rows):
        p.lower[variables + i] = row_lower[i] + p.row_work[i]
        p.upper[variables + i] = row_upper[i] + p.row_work[i]
        p.true_cost[variables + i] = 0.0
    fixed_value = o.fixed_value[outcome if o.fixed_value.shape[0] > 1 else 0]
    slope = o.fixed_slope[outcome if o.fixed_slope.shape[0] > 1 else 0]
    inside = True
    for f in range(len(o.fixed)):
        p.column_work[f] = fixed_value[f]
    for k in range(len(o.fixed_place)):
        p.column_work[o.fixed_place[k]] += slope[k] * state[o.fixed_state[k]]
    for f in range(len(o.fixed)):
        j, value = o.fixed[f], p.column_work[f]
        clipped = min(max(value, p.lower[j]), p.upper[j])
        if abs(clipped - value) > 1e-6 * (1.0 + abs(value)):
            inside = False
        p.lower[j], p.upper[j] = clipped, clipped
        if p.status[j] == UPPER:
            p.status[j] = LOWER
    for j in range(columns):
        if p.status[j] != BASIC:
            p.status[j] = legal_status(p.status[j], p.lower[j], p.upper[j])
    for i in range(rows):
        j = variables + i
        if p.status[j] != BASIC:
            p.status[j] = legal_status(p.status[j], p.lower[j], p.upper[j])
    return inside


@inlined
def legal_status(status: int, lower: float, upper: float) -> int:
    """Return on which bound a nonbasic variable stands: where it stood, if it still has that bound."""
    if lower > -np.inf:
        return UPPER if status == UPPER and upper < np.inf else LOWER
    return UPPER if upper < np.inf else FREE


@compiled
def worst_cut(p: Program, pool: Pool) -> int:
    """Return the selected cut that the solution violates most, or -1."""
    states, columns = p.size[STATES], p.size[COLUMNS]
    theta = p.solution[columns]
    best, best_cut = -np.inf, -1
    for state in range(states):
        p.state_work[state] = p.solution[p.outgoing[state]]
    for number in range(len(pool.selected)):
        cut = pool.selected[number]
        height = pool.intercepts[cut]
        for state in range(states):
            height += pool.slopes[cut, state] * p.state_work[state]
        if height > best:
            best, best_cut = height, cut
    if best_cut < 0 or best - theta <= CUT_TOLERANCE * (1.0 + abs(theta)):
        return -1
    for cut in range(p.count[CUTS]):
        if p.cut_index[cut] == best_cut:
            return -1
    return best_cut


@compiled
def read_solution(p: Program) -> None:
    """Write the values of the columns into ``solution``."""
    for j in range(p.size[VARIABLES]):
        if p.status[j] != BASIC:
            p.solution[j] = bound_value(p.status[j], p.lower[j], p.upper[j])
    for place in range(p.size[ROWS] + p.count[CUTS]):
        j = p.head[place]
        if j < p.size[VARIABLES]:
            p.solution[j] = p.value[place]


@compiled
def certify(  # noqa: PLR0912, PLR0915 - one pass over the data, because a call costs 100 ns
    p: Program, o: Outcomes, outcome: int, state: Floats, slope: Floats
) -> tuple[float, float, float, bool]:
    """Check an answer against the original matrix.

    Returns:
        The primal objective, the dual bound D, the worst primal violation relative to its bound, and
        whether D is valid (no multiplier on an infinite bound). ``slope`` receives the slope of D.
    """
    columns, rows, variables = p.size[COLUMNS], p.size[ROWS], p.size[VARIABLES]
    states, cuts = p.size[STATES], p.count[CUTS]
    primal = dual = worst = 0.0
    valid = True
    for i in range(rows + cuts):
        p.row_work[i] = 0.0
    for s in range(states):
        p.state_work[s] = 0.0
    left = 1.0
    for cut in range(cuts):
        multiplier = p.dual[rows + cut]
        if multiplier < 0.0:
            if multiplier < -FEASIBILITY_TOLERANCE:
                valid = False
            multiplier = 0.0
        if multiplier > 0.0:
            left -= multiplier
            dual += multiplier * p.cut_intercept[cut]
            for s in range(states):
                p.state_work[s] += multiplier * p.cut_slope[cut, s]
    for j in range(columns):
        x = p.solution[j]
        primal += p.true_cost[j] * x
        reduced = p.true_cost[j]
        for place in range(p.starts[j], p.starts[j + 1]):
            p.row_work[p.rows[place]] += p.values[place] * x
            reduced -= p.dual[p.rows[place]] * p.values[place]
        if p.own_outgoing[j] >= 0:
            reduced += p.state_work[p.own_outgoing[j]]
        low, high = p.lower[j], p.upper[j]
        worst = max(worst, (low - x) / (1.0 + abs(low)) if low > -np.inf else 0.0)
        worst = max(worst, (x - high) / (1.0 + abs(high)) if high < np.inf else 0.0)
        p.reduced[j] = reduced
        bound = low if reduced > 0.0 else high
        if abs(bound) < np.inf:
            dual += reduced * bound
        elif abs(reduced) > FEASIBILITY_TOLERANCE:
            valid = False
    if variables > columns:
        theta, floor = p.solution[columns], p.lower[columns]
        primal += theta
        worst = max(worst, (floor - theta) / (1.0 + abs(floor)))
        if left < -FEASIBILITY_TOLERANCE:
            valid = False
        elif left > 1e-11:
            dual += left * floor
        for cut in range(cuts):
            height = p.cut_intercept[cut]
            for s in range(states):
                height += p.cut_slope[cut, s] * p.solution[p.outgoing[s]]
            worst = max(worst, (height - theta) / (1.0 + abs(theta)))
    for s in range(states):
        slope[s] = 0.0
    for i in range(rows):
        multiplier = p.dual[i]
        low, high = p.lower[variables + i], p.upper[variables + i]
        worst = max(worst, (low - p.row_work[i]) / (1.0 + abs(low)) if low > -np.inf else 0.0)
        worst = max(worst, (p.row_work[i] - high) / (1.0 + abs(high)) if high < np.inf else 0.0)
        bound = low if multiplier > 0.0 else high
        if abs(bound) < np.inf:
            dual += multiplier * bound
        elif abs(multiplier) > FEASIBILITY_TOLERANCE:
            valid = False
    entering = o.entering_value[outcome if o.entering_value.shape[0] > 1 else 0]
    for k in range(len(o.entering_row)):
        slope[o.entering_state[k]] += p.dual[o.entering_row[k]] * entering[k]
    fixed_slope = o.fixed_slope[outcome if o.fixed_slope.shape[0] > 1 else 0]
    for k in range(len(o.fixed_place)):
        slope[o.fixed_state[k]] += p.reduced[o.fixed[o.fixed_place[k]]] * fixed_slope[k]
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
    ended = STUCK
    for attempt in range(3):
        if attempt == 1:
            tally[REFACTORED] += 1
            refactor(p)
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
def begin(p: Program, pool: Pool) -> None:
    """Make the basis ready and add the newest cuts, which are the likeliest to be violated."""
    if p.count[READY] == 0:
        p.count[CUTS] = 0
        start_from_logicals(p)
        if p.size[VARIABLES] > p.size[COLUMNS]:
            columns = p.size[COLUMNS]
            p.true_cost[columns] = 1.0
            p.upper[columns] = np.inf
    if p.size[VARIABLES] > p.size[COLUMNS]:
        p.lower[p.size[COLUMNS]] = pool.floor[0]
        known = len(pool.intercepts)
        first = max(p.count[SEEN], known - NEWEST)
        for cut in range(first, known):
            present = p.count[CUTS] >= p.size[CAPACITY]
            for other in range(p.count[CUTS]):
                present = present or p.cut_index[other] == cut
            if not present:
                add_cut(p, cut, pool.intercepts[cut], pool.slopes[cut])
        p.count[SEEN] = known


@compiled
def note_used(p: Program) -> None:
    """Note which cuts carry a multiplier."""
    for cut in range(p.count[CUTS]):
        if p.status[p.size[VARIABLES] + p.size[ROWS] + cut] != BASIC:
            p.cut_used[cut] = p.count[CLOCK]


@compiled
def trim(p: Program, kept: int) -> None:
    """Remove the cuts that have been inactive for longest, where there are more than wanted."""
    if p.count[CUTS] <= kept:
        return
    target = (2 * kept) // 3
    for age in (64, 16, 4, 1, 0):
        cut = p.count[CUTS] - 1
        while cut >= 0 and p.count[CUTS] > target:
            if p.count[CLOCK] - p.cut_used[cut] > age:
                remove_cut(p, cut)
            cut -= 1
        if p.count[CUTS] <= kept:
            return


@compiled
def evaluate_outcomes(  # noqa: PLR0917 - compiled code takes its arguments by position
    size: Integers, count: Integers, floats: Floats, integers: Integers, rows: NDArray[np.uint32],
    data_sizes: Integers, data_integers: Integers, data_floats: Floats,
    intercepts: Floats, cut_slopes: Floats, selected: Integers, floor: Floats,
    state: Floats, values: Floats, slopes: Floats, tally: Integers, first: int, kept: int,
) -> tuple[int, int]:  # fmt: skip
    """Solve all outcomes from ``first`` on at a state, into values (certified dual bounds) and slopes.

    Returns:
        OPTIMAL, or how the outcome ended that is for others to settle, and the number of that outcome.
    """
    p = assemble(size, count, floats, integers, rows)
    o = lay_outcomes(data_sizes, data_integers, data_floats)
    pool = Pool(intercepts, cut_slopes, selected, floor)
    begin(p, pool)
    for outcome in range(first, len(values)):
        ended, _, dual = answer(p, o, pool, outcome, state, slopes[outcome], tally)
        if ended != OPTIMAL:
            return ended, outcome
        values[outcome] = dual
        note_used(p)
    p.count[CLOCK] += 1
    trim(p, kept)
    return OPTIMAL, len(values)


@compiled
def decide_paths(  # noqa: PLR0917 - compiled code takes its arguments by position
    size: Integers, count: Integers, floats: Floats, integers: Integers, rows: NDArray[np.uint32],
    data_sizes: Integers, data_integers: Integers, data_floats: Floats,
    intercepts: Floats, cut_slopes: Floats, selected: Integers, floor: Floats,
    states: Floats, outcomes: Integers, values: Floats, costs: Floats, columns: Floats, duals: Floats,
    tally: Integers, first: int, kept: int,
) -> tuple[int, int]:  # fmt: skip
    """Decide for all paths from ``first`` on; like ``evaluate_outcomes``."""
    p = assemble(size, count, floats, integers, rows)
    o = lay_outcomes(data_sizes, data_integers, data_floats)
    pool = Pool(intercepts, cut_slopes, selected, floor)
    begin(p, pool)
    slope = np.empty(p.size[STATES])
    width = p.size[COLUMNS]
    for path in range(first, len(values)):
        ended, primal, _ = answer(p, o, pool, outcomes[path], states[path], slope, tally)
        if ended != OPTIMAL:
            return ended, path
        values[path] = primal
        costs[path] = primal - (p.solution[width] if p.size[VARIABLES] > width else 0.0)
        for j in range(width):
            columns[path, j] = min(max(p.solution[j], p.lower[j]), p.upper[j])
        for i in range(p.size[ROWS]):
            duals[path, i] = p.dual[i]
        note_used(p)
        if path % 16 == 15:
            p.count[CLOCK] += 1
            trim(p, kept)
    return OPTIMAL, len(values)
