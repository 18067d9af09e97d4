"""Plans that are nearly as good: the least and most of each offer and site within a share of the value."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from capexpand.case.schema import Case
from capexpand.errors import CaseError, Problem, SolverError
from capexpand.model.blocks import ABSENT
from capexpand.model.compile import compile_case
from capexpand.model.data import ModelData
from capexpand.optimiser.forms import Form, with_row
from capexpand.optimiser.highs import run
from capexpand.optimiser.highs_model import load
from capexpand.optimiser.warm import PRIMAL_SIMPLEX, Optimum, WarmPlanner
from capexpand.pipeline import refuse_objective


@dataclass(frozen=True, slots=True)
class NearRange:
    """How much of one thing plans have that are nearly as good.

    Args:
        kind: orders in the window, or power at the window's end.
        name: of the offer or site.
        unit: units or MW.
        planned: by the best plan.
        least: of any plan within the share of the value.
        most: of any.
    """

    kind: str
    name: str
    unit: str
    planned: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Near:
    """Near-optimal alternatives.

    Args:
        label: of the case.
        case: as loaded.
        data: the compiled case.
        share: of the programme's value that may be given up [fraction].
        value: what the programme adds to the objective [million].
        ranges: by offer and site.
    """

    label: str
    case: Case
    data: ModelData
    share: float
    value: float
    ranges: tuple[NearRange, ...]


def near_optimal(case: Case, label: str, share: float = 0.01) -> Near:
    """Find the least and the most of each offer and site in plans that are nearly as good as the best.

    Args:
        case: as ``load_case`` gives it.
        label: of the case.
        share: of what the programme adds to the objective that may be given up [fraction].

    Raises:
        CaseError: sizes are whole.
        InfeasibleError: the case has no plan.
        SolverError: a program could not be solved.
    """
    refuse_objective(case, "what is nearly as good")
    m = compile_case(case)
    if m.whole_sizes:
        message = "sizes are whole (solve.whole_sizes); near-optimal plans are sought among divisible ones"
        raise CaseError([Problem(message, file=case.provenance.path)])
    optimum = WarmPlanner(sides="any").optimum(m)
    base = WarmPlanner(sides="any").optimum(m.without_programme())
    value = optimum.objective - base.objective
    enough = optimum.objective - share * max(value, 0.0)
    lp = optimum.program
    there = np.flatnonzero(lp.cost)
    worth = Form(there, lp.cost[there], lp.offset)
    within = replace(optimum, program=with_row(lp, worth, enough, np.inf))
    ranges = [
        NearRange(
            kind,
            name,
            unit,
            form.value(optimum.solution.columns),
            *(extreme(within, form, most=most) for most in (False, True)),
        )
        for kind, name, unit, form in _forms(optimum)
    ]
    return Near(label, case, m, share, value, tuple(ranges))


def _forms(optimum: Optimum) -> list[tuple[str, str, str, Form]]:
    m = optimum.data
    first, last = m.times.window
    inside = optimum.stages[first : min(last, m.times.count)]
    found: list[tuple[str, str, str, Form]] = []
    for g, name in enumerate(m.offers.products):
        parts = [stage.orders.ordered[m.offers.product == g].ravel() for stage in inside]
        columns = np.concatenate(parts or [np.zeros(0, np.int64)])
        columns = columns[columns != ABSENT]
        if columns.size:
            found.append(("orders", name, "units", Form(columns, np.ones(columns.size))))
    for s, name in enumerate(m.sites.names):
        columns = inside[-1].power.energised[m.power.site == s] if inside else np.zeros(0, np.int64)
        columns = columns[columns != ABSENT]
        if columns.size:
            found.append(("power", name, "MW", Form(columns, np.ones(columns.size))))
    return found


def extreme(optimum: Optimum, form: Form, *, most: bool) -> float:
    """Return the most or the least of a sum of columns that a program allows.

    Args:
        optimum: whose program it is; its basis is where the search starts, where the rows are as many.
        most: whether the most is sought, else the least.

    Raises:
        SolverError: the solver failed.
    """
    import highspy

    lp = optimum.program
    cost = np.zeros(lp.cost.size)
    np.add.at(cost, form.columns, form.weights if most else -form.weights)
    sought = replace(lp, cost=cost, offset=0.0)
    solver = load(sought)
    solver.setOptionValue("parallel", "off")
    basis = optimum.basis
    rows = lp.row_lower.size
    if basis is not None and basis.columns.size == cost.size and not lp.integer.any():
        missing = rows - basis.rows.size
        if missing >= 0:  # a row that was added is basic: it has room
            replace(basis, rows=np.append(basis.rows, np.ones(missing, np.uint8))).put(solver)
            solver.setOptionValue("simplex_strategy", PRIMAL_SIMPLEX)
    run(sought, solver)
    status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kUnbounded:
        return np.inf if most else -np.inf
    if status != highspy.HighsModelStatus.kOptimal:
        raise SolverError(f"HiGHS ended with '{solver.modelStatusToString(status)}' and no answer")
    return form.value(np.asarray(solver.getSolution().col_value))
