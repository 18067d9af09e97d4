"""What a plan pays for changing course, computed anew from what it does."""

from __future__ import annotations

import numpy as np

from capexpand.finance.fleet import by_position
from capexpand.model.data import Floats
from capexpand.optimiser.plan import Plan


def churn_cost(plan: Plan) -> Floats:
    """Return what moved work and changed orders cost [quarter]; nothing in the first.

    Args:
        plan: what is done in each quarter.
    """
    m, cost = plan.data, np.zeros(plan.data.times.count)
    if m.churn is None:
        return cost
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
    cost[1:] = (
        m.churn.use * use
        + m.churn.site * np.maximum(site, 0.0).sum(axis=(0, 1))
        + m.churn.order * order.sum(axis=(0, 1))
        + m.churn.power_order * power.sum(axis=0)
    )
    return cost
