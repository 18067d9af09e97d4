"""Plans for other sizes of the programme, each solved from the basis of the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from capexpand.model.data import ModelData
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.optimiser.plan import Plan


def with_own_money(m: ModelData, plan: Plan) -> ModelData:
    """Returns a case whose programme has a size: without a cap, it is the sum that the plan spends."""
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


def plans_by_budget(m: ModelData, fractions: Sequence[float], *, start: Plan | None = None) -> list[Plan]:
    """Returns the best plan for each part of the programme's own money, no least spending asked.

    Only right-hand sides differ from one to the next, so each is solved from the basis of the one before by
    the dual simplex method, in some hundreds of steps.

    Args:
        m: the compiled case, whose programme has a finite cap and no whole sizes.
        fractions: of the own money, best in falling order.
        start: the plan with all of the money.

    Raises:
        SolverError: a program could not be solved, or an answer did not pass our checks.
    """
    plans: list[Plan] = []
    for fraction in fractions:
        plans.append(optimise_plan(m.with_budget(fraction), duals=False, start=start))
        start = plans[-1]
    return plans
