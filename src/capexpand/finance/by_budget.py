"""The value of the programme at each size of its budget, and of the business without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from capexpand.finance.metrics import net_present_value
from capexpand.finance.programme import programme_result
from capexpand.optimiser.plan import Plan

SIZES = (0.8, 0.5, 0.2)
"""Parts of the programme's own money for which a plan is made, beside all of it and none."""
WORTHLESS = 0.002
"""Objective that one more of the budget adds below which the budget has ended to pay."""


@dataclass(frozen=True, slots=True)
class BudgetPoint:
    """A size of the programme, and what it is worth; money in millions."""

    budget: float  # allowed in the window, what would be spent without the programme included
    own: float  # of it, what only the programme brings
    spent: float  # of the budget
    npv: float  # of the programme, after tax
    objective: float  # above the base's
    marginal: float  # what one more of the budget adds to the objective


@dataclass(frozen=True, slots=True)
class BudgetCurve:
    """Value by size of the programme, the smallest first; money in millions.

    Args:
        points: from no programme to the whole.
        anyway: spent in the window without the programme.
        renewal_and_hire: net present value of the base above the business that orders and hires nothing.
    """

    points: tuple[BudgetPoint, ...]
    anyway: float
    renewal_and_hire: float

    @property
    def last_step(self) -> tuple[float, float]:
        """The last part of the budget, and what it adds to the net present value [money]."""
        before, last = self.points[-2:]
        return last.budget - before.budget, last.npv - before.npv

    @property
    def ends_to_pay(self) -> float | None:
        """The budget beyond which more of it adds next to nothing; None where all of it pays."""
        last = self.points[-1]
        if last.spent < last.budget * (1.0 - 1e-4):
            return last.spent
        paying = [point.budget for point in self.points if point.marginal <= WORTHLESS]
        return paying[0] if paying else None


def budget_curve(plan: Plan, smaller: Sequence[Plan], *, base: Plan, standing: Plan) -> BudgetCurve:
    """Returns what each size of the programme is worth.

    Args:
        plan: the best plan of the whole programme; its data state the size.
        smaller: best plans of smaller programmes.
        base: the plan without the programme.
        standing: the plan of the business that orders nothing.
    """
    points = [_point(one, base) for one in (*smaller, plan)]
    anyway = _budget(base)
    first = BudgetPoint(anyway, 0.0, _spent(base), 0.0, 0.0, _marginal(base))
    kept = sorted((p for p in points if p.own > 0.0), key=lambda point: point.own)
    worth = net_present_value(programme_result(base, standing).programme, base.data.times)
    return BudgetCurve((first, *kept), anyway, worth)


def _point(plan: Plan, base: Plan) -> BudgetPoint:
    result = programme_result(plan, base)
    return BudgetPoint(
        budget=_budget(plan),
        own=plan.data.budget.own,
        spent=_spent(plan),
        npv=net_present_value(result.programme, result.times),
        objective=plan.solver.objective - base.solver.objective,
        marginal=_marginal(plan),
    )


def _at_end(plan: Plan) -> int:
    return min(plan.data.times.window[1], plan.data.times.count) - 1


def _budget(plan: Plan) -> float:
    return float(plan.data.budget.cap[_at_end(plan)])


def _spent(plan: Plan) -> float:
    return float(plan.paid[plan.data.times.window[0] : _at_end(plan) + 1].sum())


def _marginal(plan: Plan) -> float:
    """What one more at the window's end adds, with the caps by date as they are in proportion.

    The whole own money grows on its path, so each quarter's cap counts by its share of it.
    """
    m, first = plan.data, plan.data.times.window[0]
    here = slice(first, _at_end(plan) + 1)
    anyway = np.cumsum(m.budget.renewal_without_programme[here])
    own = m.budget.cap[here] - anyway
    share = own / own[-1] if own[-1] > 0.0 else np.ones_like(own)
    return float(plan.shadow.budget[here] @ share)
