"""Programs of plans made for something else than their value: least cost, least power, a share served.

The share is a row of its own, and one for each obligation. The costs of the program are replaced; what they
were stays with the last stage, so that the plan still has a value in money.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from capexpand.errors import InfeasibleError
from capexpand.model.aim import Worth
from capexpand.model.blocks import ABSENT, Floats, Indices, LinearProgram
from capexpand.model.data import ModelData
from capexpand.model.stage import Stage
from capexpand.optimiser.basis import NamedBasis
from capexpand.optimiser.forms import Form, with_row
from capexpand.optimiser.highs import PricedLimits, Solution, solve
from capexpand.optimiser.objectives import form_of_objective, objective_named, with_peak
from capexpand.wording import listing, percent

SERVED = "served"
"""Name of the rows of what must be served."""
ROUNDING = 1e-9
"""Relative to the share, by which it may be missed, so that all of a demand is no matter of rounding."""
HELD = 1e-7
"""Relative to the least peak, or in MW, by which it may be exceeded while the value is bettered."""


def aimed(m: ModelData, program: LinearProgram, stages: list[Stage]) -> tuple[LinearProgram, list[Stage]]:
    """Return the program of a case's aim, with its value in money beside the last stage.

    Args:
        program: of all quarters, for the value.
    """
    if m.aim is None:
        return program, stages
    peak = None
    if m.aim.objective == "power":
        program, peak = with_peak(program, stages)
    worth = Worth(program.cost, program.offset, peak)
    program = serving(m, program, stages, m.aim.serve)
    if m.aim.objective != "npv":
        wanted = objective_named(m.aim.objective)
        form = form_of_objective(wanted, m, program, stages, peak=-1 if peak is None else peak, base=0.0)
        cost = np.zeros(program.cost.size)
        np.add.at(cost, form.columns, wanted.sign * form.weights)
        program = replace(program, cost=cost, offset=wanted.sign * form.constant)
    return program, [*stages[:-1], replace(stages[-1], worth=worth)]


def serving(m: ModelData, program: LinearProgram, stages: list[Stage], serve: float) -> LinearProgram:
    """Return a program that serves a share of the demand, by its price, and of each obligation.

    Args:
        serve: least share over the horizon [fraction].
    """
    if serve <= 0.0:
        return program
    sold, *owed = _demanded(m, program, stages)
    least = serve * (1.0 - ROUNDING)
    if sold.weights.size:
        largest = float(sold.weights.max())
        scaled = Form(sold.columns, sold.weights / largest)
        program = with_row(program, scaled, least / largest, np.inf, SERVED)
    for unmet in owed:
        program = with_row(program, unmet, -np.inf, 1.0 - least, SERVED)
    return program


def _demanded(m: ModelData, program: LinearProgram, stages: list[Stage]) -> list[Form]:
    """The share of what is sold by its price, and the share of each obligation that is not served."""
    forms = [form_of_objective(objective_named("served"), m, program, stages, peak=-1, base=0.0)]
    for j, role in enumerate(m.workloads.roles):
        columns = np.array([stage.service.unmet[j] for stage in stages])
        due = float(m.workloads.demand[j].sum())
        there = columns != ABSENT
        if role == "obligation" and there.any() and due > 0.0:
            forms.append(Form(columns[there], m.workloads.productivity[j, there] / due))
    return forms


def solve_aimed(
    m: ModelData,
    program: LinearProgram,
    stages: list[Stage],
    *,
    limits: PricedLimits | None = None,
    start: NamedBasis | None = None,
    relative_gap: float,
    time_limit_seconds: float,
) -> Solution:
    """Solve the program of a case's aim.

    Of the plans with the least peak of power the most valuable is taken. Duals of such a plan are zero: what
    one more of a limit is worth in power and what in money are not to be added.

    Args:
        program: from ``aimed``.
        limits: whose duals should say what more brings.
        start: of a program that differs little.
        relative_gap: at which a program with whole sizes counts as solved [fraction].
        time_limit_seconds: when to stop [s].

    Raises:
        InfeasibleError: no plan satisfies the case; says what share of the demand could be served.
        SolverError: the solver failed.
    """
    worth = stages[-1].worth
    by_power = worth is not None and worth.peak is not None
    settings = {"relative_gap": relative_gap, "time_limit_seconds": time_limit_seconds}
    try:
        found = solve(program, limits=None if by_power else limits, start=start, explained=False, **settings)
    except InfeasibleError:
        raise InfeasibleError(_too_much(m, program, stages)) from None
    if worth is None or worth.peak is None:
        return found
    upper = program.column_upper.copy()
    slack = relative_gap if program.integer.any() else HELD
    upper[worth.peak] = found.columns[worth.peak] + slack * max(1.0, float(found.columns[worth.peak]))
    within = replace(program, cost=worth.cost, offset=worth.offset, column_upper=upper)
    best = solve(within, start=found.basis, **settings)
    return replace(
        best,
        objective=-float(best.columns[worth.peak]),
        bound=found.bound,
        relative_gap=found.relative_gap,
        row_duals=np.zeros_like(best.row_duals),
        column_duals=np.zeros_like(best.column_duals),
    )


def _too_much(m: ModelData, program: LinearProgram, stages: list[Stage]) -> list[str]:
    """Says what share of the demand can be served where the case asks for more.

    Raises:
        InfeasibleError: no plan satisfies the case, whatever it serves.
    """
    sold, *owed = _demanded(m, program, stages)
    rows = [row for block in program.row_blocks if block.name == SERVED for row in [block.first]]
    lower, upper = program.row_lower.copy(), program.row_upper.copy()
    lower[rows], upper[rows] = -np.inf, np.inf
    cost = np.zeros(program.cost.size)
    np.add.at(cost, sold.columns, sold.weights)
    for unmet in owed:
        np.add.at(cost, unmet.columns, -unmet.weights)
    free = replace(program, cost=cost, offset=0.0, row_lower=lower, row_upper=upper)
    most = solve(free, relative_gap=1e-3).columns
    asked = 0.0 if m.aim is None else m.aim.serve
    served = f"at most {percent(sold.value(most))} of the demand can be served, by its price"
    return [f"{served}, and {percent(asked)} is asked for (solve.serve); {_short_of(m, stages, most)}"]


def _short_of(m: ModelData, stages: list[Stage], columns: Floats) -> str:
    """The workloads that cannot be served in full, and the quarters in which they are not."""
    w = m.workloads
    parts: list[str] = []
    for j, name in enumerate(w.names):
        obliged = w.roles[j] == "obligation"
        blocks = [stage.service.unmet[j] if obliged else stage.service.sold[j] for stage in stages]
        amounts = np.array([_amount(block, columns) for block in blocks]) * w.productivity[j]
        due = w.demand[j].sum(axis=0)
        missing = amounts if obliged else due - amounts
        short = np.flatnonzero(missing > 1e-6 * np.maximum(due, 1.0))
        if short.size:
            last = m.times.labels[int(short[-1])]
            parts.append(f"{name} falls short by {percent(float(missing.sum() / due.sum()))}, last in {last}")
    return listing(parts) or "what falls short is within rounding"


def _amount(columns: Indices, values: Floats) -> float:
    """The sum over columns; one that does not exist is 0."""
    there = np.asarray(columns)[np.asarray(columns) != ABSENT]
    return float(values[there].sum())
