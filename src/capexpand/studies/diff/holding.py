"""Orders kept in another world, as far as its limits let them be placed; operation is optimised."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from capexpand.errors import InfeasibleError
from capexpand.model.blocks import ABSENT, LinearProgram
from capexpand.model.data import ModelData
from capexpand.model.stage import Stage
from capexpand.optimiser.deterministic import build_program
from capexpand.optimiser.naive import Commitments
from capexpand.optimiser.plan import Plan
from capexpand.optimiser.warm import WarmPlanner

PRICE_OF_LEAVING_OUT = 50.0
"""Money charged for each money of a kept order that is not placed: more than any order can earn."""
CHEAP = 1e-3
"""Money by which an order is weighed that costs less [million]: rented power is free to order."""


def plan_holding(planner: WarmPlanner, m: ModelData, orders: Commitments) -> Plan:
    """Return the best plan that places given orders as far as the limits of a case let it.

    Nothing beyond them is ordered in the quarters that they cover. Of orders that do not fit together those
    of least money are left out. Contracts that ask for more than is kept are not held to.

    Args:
        planner: solves the program, from a basis at hand.
        orders: to be kept; free where they are NaN.

    Raises:
        InfeasibleError: no plan satisfies the case.
        SolverError: the solver failed.
    """
    try:
        return _held(planner, m, orders)
    except InfeasibleError:
        return replace(_held(planner, m.without_demands(), orders), data=m)


def objective_of(plan: Plan, orders: Commitments) -> float:
    """Return the objective of a plan that holds orders, without what it was paid for holding them [million].

    Args:
        plan: from ``plan_holding``.
    """
    paid = 0.0
    for placed, kept, price in (
        (plan.power_ordered_mw, orders.power_ordered_mw, plan.data.power.price),
        (plan.ordered, orders.ordered, plan.data.offers.price),
    ):
        held = np.isfinite(kept)
        paid += float((placed * np.maximum(price, CHEAP))[held].sum())
    return plan.solver.objective - PRICE_OF_LEAVING_OUT * paid


def _held(planner: WarmPlanner, m: ModelData, orders: Commitments) -> Plan:
    program, stages = build_program(m)
    return planner.of_program(m, held_program(m, program, stages, orders), stages).plan


def held_program(
    m: ModelData, program: LinearProgram, stages: list[Stage], orders: Commitments
) -> LinearProgram:
    """Return a program in which given orders are an upper bound that it pays to reach.

    Args:
        orders: to be kept; free where they are NaN.
    """
    upper, cost = program.column_upper.copy(), program.cost.copy()
    for t, stage in enumerate(stages):
        for columns, amounts, price in (
            (stage.power.ordered, orders.power_ordered_mw[:, t], m.power.price[:, t]),
            (stage.orders.ordered, orders.ordered[:, :, t], m.offers.price[:, :, t]),
        ):
            kept = (columns != ABSENT) & np.isfinite(amounts)
            at = columns[kept]
            upper[at] = np.minimum(upper[at], amounts[kept])
            cost[at] += PRICE_OF_LEAVING_OUT * np.maximum(price[kept], CHEAP)
    return replace(program, column_upper=upper, cost=cost)
