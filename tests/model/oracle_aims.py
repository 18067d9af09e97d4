"""The second formulation of plans that serve a share of the demand, at least cost or power."""

from __future__ import annotations

import numpy as np

from capexpand.model.data import ModelData


def aimed_margin(of):
    """Add what a plan is made for, and return the margin [workload, quarter] that its objective counts.

    Returns:
        The share of prices in the objective; None where the objective is power and stands already.
    """
    m = of.m
    if m.aim is None:
        return m.workloads.margin_fraction
    must_serve(of, m.aim.serve)
    if m.aim.objective == "npv":
        return m.workloads.margin_fraction
    if m.aim.objective == "cost":
        return margin_of_damages(m)
    peak = of.model.add_variables(lower=0.0, name="peak")
    of.require("peak", of.P.sum("power") - peak, "<=", 0.0)
    of.model.add_objective(-1.0 * peak, sense="max")
    return None


def margin_of_damages(m: ModelData) -> np.ndarray:
    """Return the share of the price that is damages spared, which a cost counts [workload, quarter]."""
    margin = np.zeros_like(m.workloads.margin_fraction)
    if m.contracts is not None:
        price = m.workloads.price[m.contracts.workload, 0]
        margin[m.contracts.workload] = m.contracts.damages / np.maximum(price, 1e-300)
    return margin


def must_serve(of, share: float) -> None:
    """A share of what can be sold, by its price, and of each obligation, over all quarters."""
    w = of.m.workloads
    obliged = np.array([role == "obligation" for role in w.roles])
    phi = of.data(w.productivity, "workload", "quarter")
    price = of.data(w.price * ~obliged[:, None, None], "workload", "tranche", "quarter")
    whole = float((w.price * w.demand)[~obliged].sum())
    of.model.add_constraints((of.z * (price * phi)).sum() >= share * whole, name="must serve")
    unmet, due = (of.w * phi).sum("quarter"), w.demand.sum(axis=(1, 2))
    most = of.data(np.where(obliged, (1.0 - share) * due, np.inf), "workload")
    of.model.add_constraints(unmet <= most, name="most unmet", mask=of.data(obliged, "workload"))
