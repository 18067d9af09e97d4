"""Solves a ``LinearProgram`` with HiGHS, and checks the answer with our own arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from capexpand.errors import InfeasibleError, SolverError
from capexpand.model.blocks import Floats, LinearProgram
from capexpand.optimise.conflict import Description, explain

if TYPE_CHECKING:
    import highspy

TOLERANCE = 1e-6  # largest violation of a row or bound that passes, relative to the size of its limit


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
        raise InfeasibleError(explain(conflict(lp)))
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
        raise SolverError("HiGHS did not take the program; a coefficient may not be a number")
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
    """Returns an irreducible set of rows and column bounds that exclude each other, by block and labels."""
    solver = load(lp)
    solver.setOptionValue("iis_strategy", 2)
    _, iis = solver.getIis()
    rows = [lp.describe_row(int(i)) for i in iis.row_index_]
    return [*rows, *(lp.describe_column(int(i)) for i in iis.col_index_)]
