"""Whether a plan rests on where its horizon ends: the same case with more quarters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.metrics import net_present_value
from capexpand.finance.programme import programme_result
from capexpand.model.data import Floats
from capexpand.optimiser.plan import Plan

LONGER = (4, 8)
"""Quarters by which the horizon is lengthened."""


@dataclass(frozen=True, slots=True)
class HorizonCheck:
    """The effect of a longer horizon on value and first orders; money in millions."""

    quarters: int  # more than the case has
    npv: float  # of the programme, after tax
    change: float  # of it, against the case's own horizon
    moved: (
        float | None
    )  # share of the first quarter's orders that is other, by their price; None: none are placed


def horizon_check(plan: Plan, longer: Plan, *, base: Plan, longer_base: Plan) -> HorizonCheck:
    """Returns what changes with a longer horizon.

    Args:
        plan: the best plan of the case.
        longer: the best plan with more quarters.
        base: the plan without the programme.
        longer_base: the same with more quarters.
    """
    ours, more = (programme_result(*pair) for pair in ((plan, base), (longer, longer_base)))
    npv = net_present_value(more.programme, more.times)
    before, after = _first_orders(plan), _first_orders(longer)
    size = max(float(before.sum()), float(after.sum()))
    return HorizonCheck(
        quarters=more.times.count - ours.times.count,
        npv=npv,
        change=npv - net_present_value(ours.programme, ours.times),
        moved=float(np.abs(after - before).sum()) / (2.0 * size) if size > 1e-9 else None,
    )


def _first_orders(plan: Plan) -> Floats:
    """What the orders of the window's first quarter cost [order], hired ones at a year's fees."""
    m, t = plan.data, plan.data.times.window[0]
    year = 4.0
    price = np.where(m.offers.owned[:, None], m.offers.price[:, :, t], year * m.offers.running_cost[:, [t]])
    power = np.where(m.power.owned, m.power.price[:, t], year * m.power.running_cost[:, t])
    units = np.where(plan.ordered[:, :, t] > 0, plan.ordered[:, :, t] * price, 0.0)
    return np.concatenate((units.ravel(), plan.power_ordered_mw[:, t] * power))


def harvest_from(plan: Plan) -> int:
    """Returns the first quarter from which on nothing is ordered, for lack of time to earn it back."""
    ordered = np.nan_to_num(plan.ordered).sum(axis=(0, 1)) > 1e-6
    built = plan.power_ordered_mw.sum(axis=0) > 1e-6
    busy = np.flatnonzero(ordered | built)
    return int(busy[-1]) + 1 if busy.size else 0
