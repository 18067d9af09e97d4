"""What a plan pays for changing course, computed anew from what it does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.fleet import by_position
from capexpand.model.data import Floats
from capexpand.optimiser.plan import Plan


@dataclass(frozen=True, slots=True)
class Moves:
    """What changes from one quarter to the next [quarter]; nothing in the first."""

    use: Floats  # units that take up another workload
    site: Floats  # units whose work comes from another site
    order: Floats  # units more or less than ordered in the quarter before
    power_order: Floats  # MW more or less


def churn_cost(plan: Plan) -> Floats:
    """Return what moved work and changed orders cost [quarter]; nothing in the first.

    Args:
        plan: what is done in each quarter.
    """
    c = plan.data.churn
    if c is None:
        return np.zeros(plan.data.times.count)
    found = moves(plan)
    return c.use * found.use + c.site * found.site + c.order * found.order + c.power_order * found.power_order


def moves(plan: Plan) -> Moves:
    """Return what a plan moves and changes, counted where a case charges for it.

    Args:
        plan: what is done in each quarter.
    """
    m = plan.data
    if m.churn is None:
        none = np.zeros(m.times.count)
        return Moves(none, none, none, none)
    kept = 1.0 - m.offers.attrition
    fresh = np.zeros_like(plan.placed)
    for age, share in enumerate(m.offers.coming_into_use.T[: m.times.count]):
        fresh[..., age:] += share[:, None] * plan.placed[..., : m.times.count - age]
    taken = np.maximum(plan.serving[..., 1:] - kept[:, None, None] * plan.serving[..., :-1], 0.0)
    new = by_position(fresh, m.sites.group, plan.serving.shape[0])[..., 1:]
    use = np.maximum(taken.sum(axis=2) - new, 0.0).sum(axis=(0, 1))
    site = plan.running[..., 1:] - kept[:, None] * plan.running[..., :-1] - fresh[..., 1:]
    quarter = np.arange(m.times.count)
    allowed = m.offers.orderable & (quarter + m.offers.lead_quarters[:, None] < m.times.count)[:, None]
    raisable = (m.power.limit_mw > 0.0) & (quarter + m.power.lead_quarters[:, None] < m.times.count)
    order, power = (
        np.where(may[..., 1:] & may[..., :-1], np.abs(np.diff(ordered, axis=-1)), 0.0)
        for may, ordered in ((allowed, plan.ordered), (raisable, plan.power_ordered_mw))
    )
    first = np.zeros(1)
    return Moves(
        use=np.concatenate((first, use)),
        site=np.concatenate((first, np.maximum(site, 0.0).sum(axis=(0, 1)))),
        order=np.concatenate((first, order.sum(axis=(0, 1)))),
        power_order=np.concatenate((first, power.sum(axis=0))),
    )
