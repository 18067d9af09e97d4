"""Plans for other sizes of the programme, each solved from the basis of the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from capexpand.errors import InfeasibleError, SolverError
from capexpand.model.data import ModelData
from capexpand.optimiser.plan import Plan
from capexpand.optimiser.warm import WarmPlanner


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
    planner = WarmPlanner(sides="any")
    plans: list[Plan] = []
    for fraction in fractions:
        try:
            plans.append(planner.solve(m.with_budget(fraction)))
        except InfeasibleError as error:
            raise SolverError("the program of a smaller budget has no optimum") from error
    return plans
