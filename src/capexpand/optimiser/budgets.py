"""Plans for other sizes of the programme, each solved from the basis of the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from capexpand.errors import SolverError
from capexpand.model.blocks import Floats, LinearProgram
from capexpand.model.data import ModelData
from capexpand.model.debt import FinancingColumns
from capexpand.model.stage import Stage
from capexpand.optimiser.deterministic import build_financed_program
from capexpand.optimiser.highs import TOLERANCE, Solution, run, violations
from capexpand.optimiser.highs_model import load
from capexpand.optimiser.plan import Plan, read_plan


def with_own_money(m: ModelData, plan: Plan) -> ModelData:
    """Returns a case whose programme has a size: without a cap, it is the sum that the plan spends.

    Args:
        m: the compiled case.
        plan: its best plan.
    """
    first, last = m.times.window
    at_end = min(last, m.times.count) - 1
    if np.isfinite(m.budget.own) and np.isfinite(m.budget.cap[at_end]):
        return m
    inside = slice(first, at_end + 1)
    anyway = np.cumsum(m.budget.renewal_without_programme[inside])
    spent = max(float(plan.paid[inside].sum()), float(anyway[-1]))
    cap = m.budget.cap.copy()
    cap[inside] = np.minimum(cap[inside], spent)
    return replace(m, budget=replace(m.budget, cap=cap, own=spent - float(anyway[-1])))


def plans_by_budget(m: ModelData, fractions: Sequence[float]) -> list[Plan]:
    """Returns the best plan for each part of the programme's own money, no least spending asked.

    Only right-hand sides differ from one to the next, so each is solved from the basis of the one before by
    the dual simplex method, in some dozens of steps.

    Args:
        m: the compiled case, whose programme has a finite cap and no whole sizes.
        fractions: of the own money, best in falling order.

    Raises:
        SolverError: a program could not be solved, or an answer did not pass our checks.
    """
    import highspy

    plans: list[Plan] = []
    solver: highspy.Highs | None = None
    for fraction in fractions:
        data = m.with_budget(fraction)
        program, stages, financing = build_financed_program(data)
        if solver is None:
            solver = load(program)
            solver.setOptionValue("solver", "ipx")
        else:
            _put_limits(solver, program)
            solver.setOptionValue("solver", "simplex")
        run(program, solver)
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise SolverError("the program of a smaller budget has no optimum")
        plans.append(_plan(data, program, stages, solver, financing))
    return plans


def _put_limits(solver: object, program: LinearProgram) -> None:
    """Puts the bounds of a program in the place of those that a solver holds."""
    rows = np.arange(program.row_lower.size, dtype=np.int32)
    columns = np.arange(program.column_lower.size, dtype=np.int32)
    # pyrefly: ignore[missing-attribute]  absent from highspy's stubs
    solver.changeRowsBounds(rows.size, rows, program.row_lower, program.row_upper)
    # pyrefly: ignore[missing-attribute]  absent from highspy's stubs
    solver.changeColsBounds(columns.size, columns, program.column_lower, program.column_upper)


def _plan(
    m: ModelData,
    program: LinearProgram,
    stages: list[Stage],
    solver: object,
    financing: FinancingColumns | None,
) -> Plan:
    found = solver.getSolution()  # pyrefly: ignore[missing-attribute]
    columns: Floats = np.asarray(found.col_value)
    rows, bounds = violations(program, columns)
    if max(rows, bounds) > TOLERANCE:
        raise SolverError(f"the solver's answer violates a limit by {max(rows, bounds):.2g} (relative)")
    objective = float(program.cost @ columns + program.offset)
    solution = Solution(
        status="optimal",
        objective=objective,
        bound=objective,
        relative_gap=0.0,
        columns=columns,
        row_duals=np.asarray(found.row_dual),
        column_duals=np.asarray(found.col_dual),
        largest_row_violation=rows,
        largest_bound_violation=bounds,
        largest_dual_violation=0.0,
        solver="HiGHS",
        seconds=0.0,
    )
    return read_plan(m, stages, solution, financing)
