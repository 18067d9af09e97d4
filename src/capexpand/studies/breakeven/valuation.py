"""The net present value of a programme at any level of a driver, re-optimised or with its orders fixed.

Two readings of every driver. *Re-optimised*: the planner knows, and plans for it. *Committed*: the orders of
the programme's window were placed for the declared world and stay as they are, whatever they now cost; what
runs where, what stands still, and what is renewed after the window follows what has turned out. In both, the
business without the programme is planned for what has turned out, since nothing of it was committed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from capexpand.errors import InfeasibleError, SolverError
from capexpand.finance.metrics import net_present_value
from capexpand.finance.programme import ProgrammeResult, programme_result
from capexpand.finance.schedule import hall_purchases, unit_purchases
from capexpand.model.blocks import Floats, LinearProgram
from capexpand.model.data import Flags, ModelData, Role
from capexpand.optimiser.deterministic import build_program, committed_program, optimise_plan
from capexpand.optimiser.highs import TOLERANCE, Solution, violations
from capexpand.optimiser.naive import Commitments
from capexpand.optimiser.plan import Plan, read_plan
from capexpand.optimiser.warm import WarmSolver
from capexpand.studies.breakeven.programs import Built, Programs

Reading = Literal["planned", "committed"]
READINGS: tuple[Reading, ...] = ("planned", "committed")


def paying_workloads(m: ModelData, *, transfer: bool) -> Flags:
    """Return the workloads whose price is money of the net present value [workload].

    Args:
        transfer: whether internal workloads count as if they paid their transfer value.
    """
    roles = ("external", "internal") if transfer else ("external",)
    return np.array([role in roles for role in m.workloads.roles])


def paid_by_the_group(m: ModelData) -> ModelData:
    """Return a case whose internal workloads pay their transfer value in cash; its plans are the same."""
    roles: tuple[Role, ...] = tuple("external" if role == "internal" else role for role in m.workloads.roles)
    return replace(m, workloads=replace(m.workloads, roles=roles))


@dataclass(frozen=True, slots=True)
class Worlds:
    """A case at one level: as a planner knows it, and as it meets those who planned for another."""

    known: ModelData
    met: ModelData
    family: str  # what differs, by name
    level: float  # and how far
    costs_only: bool = False  # whether only the objective differs from the declared case
    operates: bool = True  # whether operation differs


class Valuation:
    """Values a programme in changed worlds, each program solved from the basis of the one before.

    Args:
        m: the compiled case, internal workloads paid or not as the value is meant.
    """

    def __init__(self, m: ModelData) -> None:
        self.data = m
        self._solvers = {name: WarmSolver() for name in (*READINGS, "base")}
        self._programs, self._family = Programs(), ""
        self.result = self._result(m, "planned", None)
        self._solvers["committed"] = self._solvers["planned"].copy()
        self._declared = {name: solver.copy() for name, solver in self._solvers.items()}
        self.npv = _npv(self.result)
        paid = self.result.programme.capital_payments
        self.scale = max(float(np.abs(paid) @ m.times.discount), 1e-6)

    def start_anew(self) -> None:
        """Let what follows start from the declared world, whatever was asked before."""
        self._family = ""

    def value(self, worlds: Worlds, reading: Reading) -> float:
        """Return the programme's net present value after tax [money] in a changed world.

        Args:
            reading: whether the plan is made for it or kept to.

        Raises:
            InfeasibleError: something that must be done cannot be done there.
            SolverError: a program could not be solved.
        """
        return _npv(self.programme(worlds, reading))

    def programme(self, worlds: Worlds, reading: Reading) -> ProgrammeResult:
        """Return the statements with and without the programme in a changed world.

        Args:
            reading: whether the plan is made for it or kept to.

        Raises:
            InfeasibleError: something that must be done cannot be done there.
            SolverError: a program could not be solved.
        """
        if reading == "committed" and not worlds.operates:
            plans = (replace(plan, data=worlds.met) for plan in (self.result.plan, self.result.base_plan))
            return programme_result(*plans)
        if (
            worlds.family != self._family
        ):  # a new driver starts from the declared world, not where the last ended
            self._family = worlds.family
            self._solvers = {name: solver.copy() for name, solver in self._declared.items()}
        data = worlds.known if reading == "planned" else worlds.met
        return self._result(data, reading, worlds)

    def _result(self, m: ModelData, reading: Reading, worlds: Worlds | None) -> ProgrammeResult:
        base = self._plan(m.without_programme(), "base", None, worlds)
        if reading == "planned":
            return programme_result(self._plan(m, reading, None, worlds), base)
        given = kept_commitments(self.result.plan)
        return programme_result(self._plan(_paid_for(m, self.result.plan), reading, given, worlds), base)

    def _plan(self, m: ModelData, purpose: str, given: Commitments | None, worlds: Worlds | None) -> Plan:
        """The best plan, with given orders or free: from the basis at hand, or afresh where that fails."""
        if m.whole_sizes:
            return optimise_plan(m, given)
        if worlds is None or (given is not None and not np.array_equal(m.budget.renewal, self._kept_renewal)):
            built = Built(*build_program(m))  # what orders cost more is no straight line
        else:
            built = self._programs.at(f"{worlds.family} {purpose}", worlds.level, m)
        program = built.program
        if given is not None:
            program = committed_program(program, built.stages, given)
        try:
            feasible = worlds is not None and worlds.costs_only
            answer = _solution(program, self._solvers[purpose].solve(program, from_feasible=feasible))
        except SolverError:
            return optimise_plan(m, given)
        return read_plan(m, built.stages, answer)

    @property
    def _kept_renewal(self) -> Floats:
        return _paid_for(self.data, self.result.plan).budget.renewal


def _npv(result: ProgrammeResult) -> float:
    return float(net_present_value(result.programme, result.times))


def kept_commitments(plan: Plan) -> Commitments:
    """Return the orders of the programme's window; before and after it, orders are chosen anew."""
    first, last = plan.data.times.window
    inside = np.zeros(plan.data.times.count, dtype=np.bool_)
    inside[first:last] = True
    return Commitments(
        power_ordered_mw=np.where(inside, np.maximum(plan.power_ordered_mw, 0.0), np.nan),
        ordered=np.where(inside, np.maximum(plan.ordered, 0.0), np.nan),
    )


def _paid_for(m: ModelData, plan: Plan) -> ModelData:
    """A case in which the orders of a plan's window can be placed and paid, whatever they cost there."""
    kept = kept_commitments(plan)
    units, halls = np.nan_to_num(kept.ordered), np.nan_to_num(kept.power_ordered_mw)
    more = _payments(m, units, halls) - _payments(plan.data, units, halls)
    room = 1.0 + 1e-9  # a sum that is rounded must not miss a limit that it just met
    renewal = m.budget.renewal * room + np.maximum(more, 0.0)
    return replace(m, budget=replace(m.budget, cap=np.full_like(m.budget.cap, np.inf), renewal=renewal))


def _payments(m: ModelData, units: Floats, halls: Floats) -> Floats:
    """What orders cost in each quarter [quarter]."""
    servers = unit_purchases(m, units, m.offers.price).payments.sum(axis=(0, 1))
    return servers + hall_purchases(m, halls).payments.sum(axis=0)


def _solution(lp: LinearProgram, columns: Floats) -> Solution:
    """An answer in the form that plans are read from, checked by our own arithmetic; without duals.

    Raises:
        SolverError: it violates a row or a bound.
    """
    rows, bounds = violations(lp, columns)
    if max(rows, bounds) > TOLERANCE:
        raise SolverError(f"the solver's answer violates a limit by {max(rows, bounds):.2g} (relative)")
    objective = float(lp.cost @ columns + lp.offset)
    return Solution(
        status="optimal",
        objective=objective,
        bound=objective,
        relative_gap=0.0,
        columns=columns,
        row_duals=np.zeros(lp.row_lower.size),
        column_duals=np.zeros(columns.size),
        largest_row_violation=rows,
        largest_bound_violation=bounds,
        largest_dual_violation=0.0,
        solver="HiGHS",
        seconds=0.0,
    )


def value_or_none(valuation: Valuation, worlds: Worlds, reading: Reading) -> float | None:
    """Return the net present value [money], or None where something that must be done cannot be done.

    Args:
        reading: whether the plan is made for it or kept to.

    Raises:
        SolverError: a program could not be solved.
    """
    try:
        return valuation.value(worlds, reading)
    except InfeasibleError:
        return None
