"""What churn costs, written a second time: see oracle.py."""

from __future__ import annotations

import itertools

import numpy as np


def churn_cost(of):
    """What moved work and changed orders cost, with the quarter before as variables of their own.

    Work is held against the quarter before by site and by group of sites; what stood or ran before the
    first quarter is unknown, which frees it. Returns what turns weights of quarters into the weighted cost.
    """
    m, costs = of.m, of.m.churn
    if costs is None:
        return lambda weights: 0.0
    charged = []
    later = of.data(np.where(of.quarter > 0, m.times.discount, 0.0), "quarter")
    kept = 1.0 - of.data(m.offers.attrition, "offer")
    here = of.member(m.sites.group, "site", "group")
    serving = of.y if "group" in of.y.coord_dims else (of.y * here).sum("site")
    came = of.variable("came", "group", "offer", "workload", "quarter")
    of.require("came", serving - of.before(serving, 0.0) * kept - came, "<=", 0.0, later > 0)
    moved = of.variable("moved", "group", "offer", "quarter")
    shares = [np.ones(len(m.offers.names))]
    if m.offers.settling is not None:
        left = [np.ones(len(m.offers.names)), *m.offers.settling.T, np.zeros(len(m.offers.names))]
        shares = [before - after for before, after in itertools.pairwise(left)]
    used = sum(
        (of.q.shift(quarter=age).fillna(0.0) if age else of.q) * of.data(share, "offer")
        for age, share in enumerate(shares)
    )
    arrived = (used * here).sum("site")
    of.require("moved", came.sum("workload") - arrived - moved, "<=", 0.0, later > 0)
    charged.append(moved * costs.use)
    elsewhere = of.variable("elsewhere", "site", "offer", "quarter")
    left = of.u - of.before(of.u, 0.0) * kept - used - elsewhere
    of.require("elsewhere", left, "<=", 0.0, later > 0)
    charged.append(elsewhere * costs.site)
    offers, power = m.offers, m.power
    may_x = of.data(offers.orderable, "offer", "destination", "quarter") & of.arrives_in_time(
        offers.lead_quarters, "offer"
    )
    may_b = of.data(power.limit_mw > 0, "power", "quarter") & of.arrives_in_time(power.lead_quarters, "power")
    for name, flow, may, cost in (
        ("x", of.x, may_x, costs.order),
        ("b", of.b, may_b, costs.power_order),
    ):
        both = (may & may.shift(quarter=1, fill_value=False)).astype(float)
        size = of.variable(f"change of {name}", *flow.coord_dims)
        of.require(f"{name} more", flow - of.before(flow, 0.0) - size, "<=", 0.0, both > 0)
        of.require(f"{name} less", of.before(flow, 0.0) - flow - size, "<=", 0.0, both > 0)
        charged.append(size * both * cost)

    def total(weights):
        """The cost, weighted by quarter."""
        counted = of.data(np.where(of.quarter > 0, weights, 0.0), "quarter")
        return sum(((each * counted).sum() for each in charged[1:]), start=(charged[0] * counted).sum())

    return total
