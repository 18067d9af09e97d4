"""The warm engine: a case planned again and again with other numbers, each time from a basis at hand.

::

    planner = WarmPlanner()
    plan = planner.solve(compile_case(case))      # the first is solved from nothing
    other = planner.solve(compile_case(variant))  # each later one from the basis of the one before

``planner.optimum(data)`` gives the program, its answer and the duals beside the plan; those of
``WarmPlanner(sides="both")`` say both what more of each limit brings (``plan.shadow``) and what less of it
costs (``shadow_of_less``). Where an answer must not depend on what was solved before, as in a sweep that can
be interrupted, name the optimum to start from: ``planner.optimum(data, start=first)``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from capexpand.errors import InfeasibleError, SolverError
from capexpand.model.blocks import Floats, LinearProgram
from capexpand.model.data import ModelData
from capexpand.model.stage import Stage
from capexpand.optimiser.aims import solve_aimed
from capexpand.optimiser.basis import Basis
from capexpand.optimiser.conflict import explain
from capexpand.optimiser.contradiction import conflict
from capexpand.optimiser.deterministic import build_program, committed_program, limits_of
from capexpand.optimiser.highs import (
    UNNAMED,
    Solution,
    plain_basis,
    read_solution,
    run,
    solve,
    started,
    with_duals_beside,
)
from capexpand.optimiser.highs_model import load
from capexpand.optimiser.naive import Commitments
from capexpand.optimiser.plan import Plan, ShadowPrices, read_plan, shadow_prices

PRIMAL_SIMPLEX = 4

Sides = Literal["any", "more", "both"]
"""For which side of a limit its dual is asked: any valid one, what more brings, or also what less costs."""

if TYPE_CHECKING:
    import highspy


@dataclass(frozen=True, slots=True)
class Optimum:
    """The best plan of a case, with the program that it solves.

    Args:
        data: the compiled case.
        program: of all quarters.
        stages: its columns and rows.
        solution: its answer; the duals are those of more where they were asked for.
        less: the same answer with the duals of less.
        basis: of the answer; None where sizes are whole.
    """

    data: ModelData
    program: LinearProgram
    stages: list[Stage]
    solution: Solution
    less: Solution
    basis: Basis | None

    @property
    def objective(self) -> float:
        """Present value that the plan maximises [money]."""
        return self.solution.objective

    @property
    def plan(self) -> Plan:
        """The plan, whose shadow prices say what one more of each limit brings."""
        return read_plan(self.data, self.stages, self.solution)

    @property
    def shadow_of_less(self) -> ShadowPrices:
        """What one less of each limit costs."""
        return shadow_prices(self.data, self.stages, self.less)


class WarmPlanner:
    """Plans a case with other numbers, each time from a basis at hand.

    The program is handed over whole, in some milliseconds, so no answer depends on numbers that were left
    from the one before. A basis serves as long as the program keeps its rows and columns; a change of
    structure, such as another lead time or one site more, is solved from nothing.

    Args:
        sides: of the limits whose duals are asked for.
        explained: whether an infeasible case is explained by the limits that exclude each other, which takes
            far longer than to find that it is infeasible.
        relative_gap: gap [fraction] at which a program with whole sizes counts as solved.
        time_limit_seconds: when to stop such a program [s].
    """

    def __init__(
        self,
        *,
        sides: Sides = "more",
        explained: bool = True,
        relative_gap: float = 1e-4,
        time_limit_seconds: float = 600.0,
    ) -> None:
        self._sides, self._explained = sides, explained
        self._gap, self._seconds = relative_gap, time_limit_seconds
        self._last: Optimum | None = None

    def solve(self, m: ModelData, commitments: Commitments | None = None) -> Plan:
        """Return the best plan of a case, from the basis of the one before.

        Args:
            commitments: orders that are given; all are chosen if absent.

        Raises:
            InfeasibleError: no plan satisfies the case.
            SolverError: the solver failed or its answer did not pass the checks.
        """
        return self.optimum(m, commitments).plan

    def optimum(
        self,
        m: ModelData,
        commitments: Commitments | None = None,
        *,
        start: Optimum | Basis | None = None,
    ) -> Optimum:
        """Return the best plan of a case with its program and duals.

        Args:
            commitments: orders that are given; all are chosen if absent.
            start: the optimum or the basis to start from; the optimum before if absent. One of the very same
                program is returned as it is.

        Raises:
            InfeasibleError: no plan satisfies the case.
            SolverError: the solver failed or its answer did not pass the checks.
        """
        program, stages = build_program(m)
        if commitments is not None:
            program = committed_program(program, stages, commitments)
        return self.of_program(m, program, stages, start=start)

    def of_program(
        self,
        m: ModelData,
        program: LinearProgram,
        stages: list[Stage],
        *,
        start: Optimum | Basis | None = None,
        from_feasible: bool = False,
    ) -> Optimum:
        """Return the optimum of a program that was built or changed elsewhere, as with a forced order.

        Args:
            start: the optimum or the basis to start from; the optimum before if absent.
            from_feasible: whether the start is known to be feasible here, as where only costs differ; the
                primal simplex method then goes on from it, which may take a tenth of the steps.

        Raises:
            InfeasibleError: nothing satisfies the program.
            SolverError: the solver failed or its answer did not pass the checks.
        """
        before = start if start is not None else self._last
        if isinstance(before, Optimum) and same_numbers(program, before.program):
            self._last = replace(before, data=m, stages=stages)
        elif program.integer.any() or (m.aim is not None and m.aim.objective == "power"):
            limits = {"relative_gap": self._gap, "time_limit_seconds": self._seconds}
            answer = solve(program, **limits) if m.aim is None else solve_aimed(m, program, stages, **limits)
            self._last = Optimum(m, program, stages, answer, answer, None)
        else:
            basis = before.basis if isinstance(before, Optimum) else before
            self._last = self._solved(m, program, stages, basis, from_feasible=from_feasible)
        return self._last

    def _solved(
        self,
        m: ModelData,
        program: LinearProgram,
        stages: list[Stage],
        basis: Basis | None,
        *,
        from_feasible: bool,
    ) -> Optimum:
        import highspy

        kinds = highspy.HighsModelStatus
        fits = basis is not None and basis.shape == (program.cost.size, program.row_lower.size)
        solver = started(program, basis if fits else plain_basis(program))
        if from_feasible and fits:
            solver.setOptionValue("simplex_strategy", PRIMAL_SIMPLEX)
            # moved bounds only add steps where the start is feasible
            solver.setOptionValue("primal_simplex_bound_perturbation_multiplier", 0.0)
        run(program, solver)
        if solver.getModelStatus() != kinds.kOptimal and basis is not None:  # no verdict rests on a basis
            solver = started(program, None)
            run(program, solver)
        status = solver.getModelStatus()
        if status in {kinds.kInfeasible, kinds.kUnboundedOrInfeasible}:
            raise InfeasibleError((explain(conflict(program)) if self._explained else []) or [UNNAMED])
        if status != kinds.kOptimal:
            raise SolverError(f"HiGHS ended with '{solver.modelStatusToString(status)}' and no answer")
        answer = less = read_solution(program, solver, "optimal")
        reached = None if answer.basis is None else answer.basis.statuses
        if self._sides != "any":
            limits = limits_of(stages)
            answer = with_duals_beside(program, solver, answer, limits)
            less = answer
            if self._sides == "both":
                less = with_duals_beside(program, solver, answer, limits, side="less")
        return Optimum(m, program, stages, answer, less, reached)


def same_numbers(one: LinearProgram, other: LinearProgram) -> bool:
    """Tell whether two programs are the same, number by number."""
    names = ("cost", "column_lower", "column_upper", "row_lower", "row_upper", "start", "index", "value")
    return (
        one.offset == other.offset
        and np.array_equal(one.integer, other.integer)
        and all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)
    )


def same_structure(one: LinearProgram, other: LinearProgram) -> bool:
    """Tell whether two programs have the same columns, rows and places of coefficients."""
    return (
        one.cost.size == other.cost.size
        and np.array_equal(one.start, other.start)
        and np.array_equal(one.index, other.index)
    )


class WarmSolver:
    """Solves programs of one shape one after the other for their columns alone, each from the last basis.

    Args:
        perturbed: whether costs are perturbed against cycling. From a basis that is all but optimal that
            takes hundreds of steps which the plain costs do not need.
    """

    def __init__(self, *, perturbed: bool = True) -> None:
        self._basis: highspy.HighsBasis | None = None
        self._shape = (0, 0)
        self._perturbed = perturbed

    def copy(self) -> WarmSolver:
        """Returns a solver that starts where this one stands."""
        made = WarmSolver(perturbed=self._perturbed)
        made._basis, made._shape = self._basis, self._shape
        return made

    def without_first(self, *, columns: int, rows: int) -> WarmSolver:
        """Returns a solver that starts where this one stands, for a program that lacks its first parts.

        What is left of the basis may be a little too large or small; HiGHS mends that.

        Args:
            columns: number of columns that are gone.
            rows: number of rows that are gone.
        """
        import highspy

        made = self.copy()
        if self._basis is not None:
            rest = highspy.HighsBasis()
            rest.col_status = list(self._basis.col_status)[columns:]
            rest.row_status = list(self._basis.row_status)[rows:]
            rest.valid = rest.alien = True
            made._basis, made._shape = rest, (self._shape[0] - columns, self._shape[1] - rows)
        return made

    def solve(self, lp: LinearProgram, *, from_feasible: bool = False) -> Floats:
        """Returns the optimal columns.

        Args:
            from_feasible: whether the last basis is known to be feasible here, as where only costs differ;
                the primal simplex method then goes on from it with a fraction of the steps.

        Raises:
            SolverError: there is no optimum.
        """
        import highspy

        solver = load(lp)
        solver.setOptionValue("parallel", "off")
        shape = (lp.cost.size, lp.row_lower.size)
        if self._basis is not None and shape == self._shape:
            solver.setBasis(self._basis)
            if not self._perturbed:
                solver.setOptionValue("dual_simplex_cost_perturbation_multiplier", 0.0)
            if from_feasible:
                solver.setOptionValue("simplex_strategy", PRIMAL_SIMPLEX)
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            solver.clearSolver()
            solver.run()
            if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                raise SolverError("a scenario's program has no optimum")
        self._basis, self._shape = solver.getBasis(), shape
        return np.asarray(solver.getSolution().col_value)
