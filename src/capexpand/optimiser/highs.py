"""Solves a ``LinearProgram`` with HiGHS, and checks the answer with our own arithmetic."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from capexpand.errors import InfeasibleError, SolverError
from capexpand.model.blocks import Floats, Indices, LinearProgram
from capexpand.optimiser.conflict import NO_WHOLE_SIZES, Description, explain

if TYPE_CHECKING:
    import highspy

TOLERANCE = 1e-6  # largest violation of a row or bound that passes, relative to the size of its limit
RAY_TOLERANCE = 1e-9  # smallest weight of a row in a contradiction, relative to the largest
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


def solve(lp: LinearProgram, *, relative_gap: float = 1e-4, time_limit_seconds: float = 600.0) -> Solution:
    """Solves a program.

    Args:
        lp: the program, to be maximised.
        relative_gap: gap [fraction] at which a program with whole-number columns counts as solved.
        time_limit_seconds: when to stop [s].

    Raises:
        InfeasibleError: nothing satisfies the rows; carries the limits that exclude each other, in words.
        SolverError: the solver failed, the program is unbounded, or the answer did not pass our checks.
    """
    import highspy

    solver = load(lp)
    solver.setOptionValue("mip_rel_gap", relative_gap)
    solver.setOptionValue("time_limit", time_limit_seconds)
    solver.run()
    status = solver.getModelStatus()
    kinds = highspy.HighsModelStatus
    if status in {kinds.kInfeasible, kinds.kUnboundedOrInfeasible}:
        raise InfeasibleError(explain(conflict(lp)) or [NO_WHOLE_SIZES if lp.integer.any() else UNNAMED])
    info = solver.getInfo()
    has_answer = info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible)
    if status != kinds.kOptimal and not (status == kinds.kTimeLimit and has_answer):
        raise SolverError(f"HiGHS ended with '{solver.modelStatusToString(status)}' and no answer")
    answer = _read(lp, solver, "optimal" if status == kinds.kOptimal else "time limit")
    worst = max(answer.largest_row_violation, answer.largest_bound_violation)
    if worst > TOLERANCE:
        raise SolverError(f"the solver's answer violates a limit by {worst:.2g} (relative); no plan is given")
    return answer


def load(lp: LinearProgram) -> highspy.Highs:
    """Returns a HiGHS object that holds the program."""
    import highspy

    limits = (lp.column_lower, lp.column_upper, lp.row_lower, lp.row_upper)
    if (
        not (np.isfinite(lp.value).all() and np.isfinite(lp.cost).all())
        or np.isnan(np.concatenate(limits)).any()
    ):
        raise SolverError("a coefficient or limit of the program is not a number")
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = lp.cost.size, lp.row_lower.size
    model.sense_ = highspy.ObjSense.kMaximize
    model.offset_ = lp.offset
    model.col_cost_, model.col_lower_, model.col_upper_ = lp.cost, lp.column_lower, lp.column_upper
    model.row_lower_, model.row_upper_ = lp.row_lower, lp.row_upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = lp.start, lp.index, lp.value
    if lp.integer.any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        model.integrality_ = [kinds[int(flag)] for flag in lp.integer]
    if solver.passModel(model) == highspy.HighsStatus.kError:
        raise SolverError("HiGHS did not take the program")
    return solver


def _read(lp: LinearProgram, solver: highspy.Highs, status: str) -> Solution:
    solution, info = solver.getSolution(), solver.getInfo()
    columns = np.asarray(solution.col_value)
    whole = bool(lp.integer.any())
    duals = np.zeros(lp.row_lower.size) if whole else np.asarray(solution.row_dual)
    reduced = np.zeros(columns.size) if whole else np.asarray(solution.col_dual)
    objective = float(lp.cost @ columns + lp.offset)
    bound = float(info.mip_dual_bound) if whole else objective
    rows = lp.activity(columns)
    return Solution(
        status=status,
        objective=objective,
        bound=bound,
        relative_gap=abs(bound - objective) / max(abs(objective), 1e-9),
        columns=columns,
        row_duals=duals,
        column_duals=reduced,
        largest_row_violation=_violation(rows, lp.row_lower, lp.row_upper),
        largest_bound_violation=_violation(columns, lp.column_lower, lp.column_upper),
        largest_dual_violation=0.0 if whole else _dual_violation(lp, columns, duals),
        solver=f"HiGHS {solver.version()}",
        seconds=float(solver.getRunTime()),
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


def conflict(lp: LinearProgram) -> list[Description]:
    """Returns rows and column bounds that exclude each other, none of which can be spared.

    They are found from a ray of the dual program, weights with which rows add up to a contradiction (Farkas'
    lemma), by leaving out one row after the other while a contradiction remains (a deletion filter).
    HiGHS's own search for such a set is not used: release 1.15.1 crashes on some programs.

    Args:
        lp: a program that has no solution; empty is returned where only its whole numbers exclude one.
    """
    crossed = np.flatnonzero(lp.row_lower > lp.row_upper)
    if crossed.size:
        return [lp.describe_row(int(i)) for i in crossed]
    kept = np.arange(lp.row_lower.size)
    weights = _contradiction(lp, kept)
    if weights is None:
        return []
    for row in np.flatnonzero(weights):
        if weights[row]:
            fewer = _contradiction(lp, np.setdiff1d(np.flatnonzero(weights), [row]))
            weights = weights if fewer is None else fewer
    return [
        *(lp.describe_row(int(i)) for i in np.flatnonzero(weights)),
        *(lp.describe_column(int(i)) for i in _bounds_used(lp, weights)),
    ]


def _contradiction(lp: LinearProgram, kept: Indices) -> Floats | None:
    """Returns weights [row] with which some of the rows exclude any solution, or None if they allow one."""
    entries = np.concatenate(
        [np.arange(lp.start[i], lp.start[i + 1]) for i in kept] or [np.zeros(0, np.int64)]
    )
    only = replace(
        lp,
        cost=np.zeros_like(lp.cost),
        integer=np.zeros_like(lp.integer),
        row_lower=lp.row_lower[kept],
        row_upper=lp.row_upper[kept],
        start=np.concatenate(([0], np.cumsum(np.diff(lp.start)[kept]))),
        index=lp.index[entries],
        value=lp.value[entries],
    )
    solver = load(only)
    for option, value in (("presolve", "off"), ("solver", "simplex"), ("simplex_strategy", 1)):
        solver.setOptionValue(option, value)
    solver.run()
    _, found, ray = solver.getDualRay()  # pyrefly: ignore[missing-attribute]  absent from highspy's stubs
    if not found:
        return None
    weights = np.zeros(lp.row_lower.size)
    weights[kept] = np.where(np.abs(ray) > RAY_TOLERANCE * np.max(np.abs(ray)), ray, 0.0)
    return weights


def _bounds_used(lp: LinearProgram, weights: Floats) -> Indices:
    """Columns whose bound is part of a contradiction, those that merely cannot be negative left out.

    Weighted rows ask for w·A x of at least what their limits give; bounds allow no more than a lesser value.
    """
    row_of = np.repeat(np.arange(lp.row_lower.size), np.diff(lp.start))
    slope = np.zeros(lp.cost.size)
    np.add.at(slope, lp.index, lp.value * weights[row_of])
    slope[np.abs(slope) <= RAY_TOLERANCE * np.max(np.abs(weights), initial=1.0)] = 0.0
    for sign in (1.0, -1.0):
        asked = _extreme(-sign * weights, lp.row_lower, lp.row_upper)
        allowed = _extreme(sign * slope, lp.column_lower, lp.column_upper)
        if -asked > allowed:
            used = np.where(sign * slope > 0, lp.column_upper, lp.column_lower)
            return np.flatnonzero((slope != 0) & (used != 0)).astype(np.int64)
    return np.zeros(0, dtype=np.int64)


def _extreme(slope: Floats, lower: Floats, upper: Floats) -> float:
    """Returns the largest value of slope·x for x within its bounds."""
    moved = slope != 0
    return float(np.sum(slope[moved] * np.where(slope[moved] > 0, upper[moved], lower[moved])))
