"""Solves a ``LinearProgram`` with HiGHS, and checks the answer with our own arithmetic."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from capexpand.errors import InfeasibleError, SolverError
from capexpand.model.blocks import Floats, Indices, LinearProgram
from capexpand.model.churn import without_churn
from capexpand.optimiser.basis import Basis, NamedBasis
from capexpand.optimiser.conflict import NO_WHOLE_SIZES, explain
from capexpand.optimiser.contradiction import conflict
from capexpand.optimiser.highs_model import load

if TYPE_CHECKING:
    import highspy

TOLERANCE = 1e-6  # largest violation of a row or bound that passes, relative to the size of its limit
WIDENING = 1e-6  # relative to a limit, by which it is widened to learn what more of it brings
INTERIOR_POINT_COLUMNS = 5_000  # from this size on the interior point method with crossover is the faster
DEVEX = 1
"""Edge weights of the dual simplex method that need no start: steepest edge from a basis at hand first solves
for the weight of each row, which takes longer than the steps that it saves."""
UNNAMED = "limits that lie within the solver's tolerance of each other"


@dataclass(frozen=True, slots=True)
class Solution:
    """The answer to a linear program. Duals are zero where the program has whole-number columns."""

    status: str  # "optimal", or "time limit" with the best answer found
    objective: float
    bound: float  # no answer is better than this
    relative_gap: float
    columns: Floats  # [column]
    row_duals: Floats  # [row] change of the objective for one more on the row's binding side
    column_duals: Floats  # [column] change of the objective for one more on the column's binding bound
    largest_row_violation: float  # relative to the size of the row's limit
    largest_bound_violation: float
    largest_dual_violation: float  # reduced cost of the wrong sign, relative to the largest cost
    solver: str
    seconds: float
    basis: NamedBasis | None = None  # absent with whole-number columns


@dataclass(frozen=True, slots=True)
class PricedLimits:
    """Rows and columns whose upper limits are asked about: what would one more of each bring?"""

    rows: Indices
    columns: Indices


def solve(
    lp: LinearProgram,
    *,
    limits: PricedLimits | None = None,
    start: NamedBasis | None = None,
    relative_gap: float = 1e-4,
    time_limit_seconds: float = 600.0,
    explained: bool = True,
) -> Solution:
    """Solves a program.

    Args:
        lp: the program, to be maximised.
        start: of a program that differs little, from which the dual simplex method goes on.
        limits: whose duals should say what more brings. At a kink of the objective, as at a limit of zero, a
            dual can be anything between that and what less costs; any such dual is given if absent.
        relative_gap: gap [fraction] at which a program with whole-number columns counts as solved.
        time_limit_seconds: when to stop [s].
        explained: whether the limits that exclude each other are sought, which takes long in a large program.

    Raises:
        InfeasibleError: nothing satisfies the rows; carries the limits that exclude each other, in words.
        SolverError: the solver failed, the program is unbounded, or the answer did not pass our checks.
    """
    import highspy

    plain = None if lp.integer.any() else plain_basis(lp, start)
    solver = started(lp, plain if plain is not None else start)
    solver.setOptionValue("mip_rel_gap", relative_gap)
    solver.setOptionValue("time_limit", time_limit_seconds)
    kinds = highspy.HighsModelStatus
    run(lp, solver)
    status = solver.getModelStatus()
    if status in {kinds.kInfeasible, kinds.kUnboundedOrInfeasible}:
        raise InfeasibleError(
            (explain(conflict(lp)) if explained else []) or [NO_WHOLE_SIZES if lp.integer.any() else UNNAMED]
        )
    info = solver.getInfo()
    has_answer = info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible)
    if status != kinds.kOptimal and not (status == kinds.kTimeLimit and has_answer):
        raise SolverError(f"HiGHS ended with '{solver.modelStatusToString(status)}' and no answer")
    answer = read_solution(lp, solver, "optimal" if status == kinds.kOptimal else "time limit")
    if limits is not None and status == kinds.kOptimal and not lp.integer.any():
        answer = with_duals_beside(lp, solver, answer, limits)
    if plain is not None and answer.basis is not None:
        answer = replace(answer, basis=replace(answer.basis, plain=plain))
    return answer


def plain_basis(lp: LinearProgram, start: NamedBasis | None = None) -> NamedBasis | None:
    """Return the optimal basis of a program without its cost of churn, from which that with it is near.

    The cost of churn ties all quarters to each other. In two steps a program with it is solved several times
    sooner than at once: first the program without, then a thousand steps of the dual simplex method.

    Args:
        lp: the program, without whole numbers.
        start: of a program that differs little.

    Returns:
        None where the program has no cost of churn, or where the first step finds no optimum.
    """
    import highspy

    plain = without_churn(lp)
    if plain is None:
        return None
    solver = started(plain, None if start is None else start.plain or start)
    run(plain, solver)
    optimal = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return NamedBasis.of(plain, solver) if optimal else None


def started(lp: LinearProgram, start: NamedBasis | Basis | None) -> highspy.Highs:
    """Return a solver that holds a program and starts from a basis, or without one by the quicker method.

    Args:
        start: of a program that differs little; a bare one serves only where it fits. Either is of no use to
            a program with whole numbers.
    """
    solver = load(lp)
    solver.setOptionValue("parallel", "off")
    if lp.integer.any():
        return solver
    fitted = start.fitted(lp) if isinstance(start, NamedBasis) else start
    if fitted is not None and fitted.shape == (lp.cost.size, lp.row_lower.size):
        fitted.put(solver)
        solver.setOptionValue("simplex_dual_edge_weight_strategy", DEVEX)
    elif lp.cost.size >= INTERIOR_POINT_COLUMNS:
        solver.setOptionValue("solver", "ipx")
    return solver


_FALLBACKS: tuple[dict[str, str | int], ...] = (
    {"solver": "simplex"},
    {"presolve": "off"},
    {"simplex_strategy": 4},
)
"""Options tried one after the other, each beside those before it, where an answer is in doubt: presolve may
give back columns that are rounded by more than passes, and some programs end without a verdict."""


def run(lp: LinearProgram, solver: highspy.Highs) -> None:
    """Run a solver that holds a program, again with other options where its answer is in doubt."""
    solver.run()
    for options in _FALLBACKS:
        if _holds(lp, solver):
            break
        solver.clearSolver()
        for option, value in options.items():
            solver.setOptionValue(option, value)
        solver.run()


def _holds(lp: LinearProgram, solver: highspy.Highs) -> bool:
    """Whether the solver came to a verdict, and an optimum passes our own arithmetic."""
    import highspy

    kinds = highspy.HighsModelStatus
    if solver.getModelStatus() in {kinds.kNotset, kinds.kUnknown, kinds.kSolveError}:
        return False
    if solver.getModelStatus() != kinds.kOptimal or lp.integer.any():
        return True
    return max(violations(lp, np.asarray(solver.getSolution().col_value))) <= TOLERANCE


def read_solution(lp: LinearProgram, solver: highspy.Highs, status: str) -> Solution:
    """Return the answer that a solver stands at, checked by our own arithmetic.

    Args:
        lp: the program that it holds.
        solver: after a run that found an answer.
        status: in words.

    Raises:
        SolverError: the answer violates a row or a bound.
    """
    solution, info = solver.getSolution(), solver.getInfo()
    columns = np.asarray(solution.col_value)
    whole = bool(lp.integer.any())
    duals = np.zeros(lp.row_lower.size) if whole else np.asarray(solution.row_dual)
    reduced = np.zeros(columns.size) if whole else np.asarray(solution.col_dual)
    objective = float(lp.cost @ columns + lp.offset)
    bound = float(info.mip_dual_bound) if whole else objective
    rows, bounds = violations(lp, columns)
    worst = max(rows, bounds)
    if worst > TOLERANCE:
        raise SolverError(f"the solver's answer violates a limit by {worst:.2g} (relative); no plan is given")
    return Solution(
        status=status,
        objective=objective,
        bound=bound,
        relative_gap=abs(bound - objective) / max(abs(objective), 1e-9),
        columns=columns,
        row_duals=duals,
        column_duals=reduced,
        largest_row_violation=rows,
        largest_bound_violation=bounds,
        largest_dual_violation=0.0 if whole else _dual_violation(lp, columns, duals),
        solver=f"HiGHS {solver.version()}",
        seconds=float(solver.getRunTime()),
        basis=None if whole or status != "optimal" else NamedBasis.of(lp, solver),
    )


def with_duals_beside(
    lp: LinearProgram,
    solver: highspy.Highs,
    answer: Solution,
    limits: PricedLimits,
    *,
    side: Literal["more", "less"] = "more",
) -> Solution:
    """Return the answer with the duals that it has when all limits are a little wider, or a little narrower.

    The simplex method goes on from where the solver stands, mostly for no step at all. Where the narrower
    program has no answer, as where all of a limit is needed, the duals stay those at hand.

    Args:
        solver: that solved it; it is left with the moved limits.
        limits: that are moved.
        side: to which.
    """
    import highspy

    rows, columns = limits.rows.astype(np.int32), limits.columns.astype(np.int32)
    row_upper, column_upper = (
        _beside(below[at], above[at], side)
        for below, above, at in (
            (lp.row_lower, lp.row_upper, rows),
            (lp.column_lower, lp.column_upper, columns),
        )
    )
    # pyrefly: ignore[missing-attribute]  absent from highspy's stubs
    solver.changeRowsBounds(rows.size, rows, lp.row_lower[rows], row_upper)
    solver.changeColsBounds(columns.size, columns, lp.column_lower[columns], column_upper)
    solver.setOptionValue("solver", "simplex")
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return answer
    found = solver.getSolution()
    duals = np.asarray(found.row_dual)
    worst = _dual_violation(lp, answer.columns, duals)
    if worst > max(answer.largest_dual_violation, TOLERANCE):
        return answer
    return replace(
        answer, row_duals=duals, column_duals=np.asarray(found.col_dual), largest_dual_violation=worst
    )


def _beside(lower: Floats, upper: Floats, side: Literal["more", "less"]) -> Floats:
    """Upper limits a little further away, or a little nearer but never below the lower ones."""
    step = WIDENING * np.maximum(1.0, np.where(np.isfinite(upper), np.abs(upper), 0.0))
    return upper + step if side == "more" else np.maximum(upper - step, np.minimum(lower, upper))


def violations(lp: LinearProgram, columns: Floats) -> tuple[float, float]:
    """Returns the largest violation of a row and of a column's bound, relative to the size of the limit.

    Args:
        columns: [column] an answer to it.
    """
    return (
        _violation(lp.activity(columns), lp.row_lower, lp.row_upper),
        _violation(columns, lp.column_lower, lp.column_upper),
    )


def _violation(values: Floats, lower: Floats, upper: Floats) -> float:
    below = (lower - values) / np.maximum(1.0, np.abs(np.where(np.isfinite(lower), lower, 0.0)))
    above = (values - upper) / np.maximum(1.0, np.abs(np.where(np.isfinite(upper), upper, 0.0)))
    return float(max(np.max(below, initial=0.0), np.max(above, initial=0.0)))


def _dual_violation(lp: LinearProgram, columns: Floats, duals: Floats) -> float:
    """Largest reduced cost, computed from the row duals, that would still improve the objective."""
    reduced = lp.cost.copy()
    row_of = np.repeat(np.arange(lp.row_lower.size), np.diff(lp.start))
    np.subtract.at(reduced, lp.index, lp.value * duals[row_of])
    room_up = columns < lp.column_upper - 1e-7 * np.maximum(1.0, np.abs(columns))
    room_down = columns > lp.column_lower + 1e-7 * np.maximum(1.0, np.abs(columns))
    worst = max(np.max(reduced[room_up], initial=0.0), np.max(-reduced[room_down], initial=0.0))
    return float(worst / max(1.0, np.max(np.abs(lp.cost), initial=0.0)))
