"""Assumptions moved: a case with a limit wider by an amount, or a price times a factor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from capexpand.model.data import ModelData
from capexpand.studies.why.asked import Topic


def wider(m: ModelData, asked: Topic, more: float) -> ModelData:
    """Return a case with more of a limit: of supply, grid, budget or demand.

    Args:
        asked: the limit; orders stand for their supply, power for its grid.
        more: units, MW at the grid, money [million] or volume, in each quarter that is meant.
    """
    quarters = list(asked.quarters(m))
    if asked.kind in ("orders", "supply"):
        limit = m.offers.limit.copy()
        limit[asked.position][:, quarters] += more
        return replace(m, offers=replace(m.offers, limit=limit))
    if asked.kind in ("power", "grid"):
        grid, committed = m.sites.grid_mw.copy(), m.sites.committed_grid_mw.copy()
        grid[asked.position, quarters] += more
        committed[asked.position, quarters] += more
        return replace(m, sites=replace(m.sites, grid_mw=grid, committed_grid_mw=committed))
    if asked.kind == "budget":
        first, last = m.times.window
        cap = m.budget.cap.copy()
        inside = slice(first, last)
        whole = cap[inside][-1:] if last > first else cap[:0]
        if whole.size and np.isfinite(whole[0]) and whole[0] > 0:
            cap[inside] = cap[inside] * (1.0 + more / whole[0])
        return replace(m, budget=replace(m.budget, cap=cap))
    demand = m.workloads.demand.copy()
    for t in quarters:
        here = demand[asked.position, :, t]
        demand[asked.position, :, t] = here * (1.0 + more / max(float(here.sum()), 1e-300))
    return replace(m, workloads=replace(m.workloads, demand=demand))


def limit_of(m: ModelData, asked: Topic) -> float:
    """Return the limit of what is asked about in its quarter, or the largest of all quarters.

    Args:
        asked: as for ``wider``.
    """
    quarters = list(asked.quarters(m))
    if asked.kind in ("orders", "supply"):
        return float(m.offers.limit[asked.position][:, quarters].sum(axis=0).max())
    if asked.kind in ("power", "grid"):
        return float(m.sites.grid_mw[asked.position, quarters].max())
    if asked.kind == "budget":
        first, last = m.times.window
        return float(m.budget.cap[min(last, m.times.count) - 1]) if last > first else np.inf
    return float(m.workloads.demand[asked.position][:, quarters].sum(axis=0).max())


def priced(m: ModelData, asked: Topic, factor: float) -> ModelData:
    """Return a case in which what is asked about has another price.

    Units cost a factor of their price, or of their fee where they are leased, in the quarters that are
    meant; halls a factor of their cost or fee in every quarter; a workload pays a factor of its price.
    Maintenance and end values stay.
    """
    quarters = list(asked.quarters(m))
    if asked.kind == "orders":
        ours = m.offers.product == asked.position
        price, fee = m.offers.price.copy(), m.offers.running_cost.copy()
        for k in np.flatnonzero(ours):
            price[k][:, quarters] *= factor
            if not m.offers.owned[k]:
                fee[k, quarters[0] :] *= factor
        return replace(m, offers=replace(m.offers, price=price, running_cost=fee))
    if asked.kind == "power":
        ours = (m.power.site == asked.position)[:, None]
        price = np.where(ours, m.power.price * factor, m.power.price)
        rented = ours & ~m.power.owned[:, None]
        fee = np.where(rented, m.power.running_cost * factor, m.power.running_cost)
        return replace(m, power=replace(m.power, price=price, running_cost=fee))
    price = m.workloads.price.copy()
    price[asked.position][:, quarters] *= factor
    penalty = m.workloads.penalty.copy()
    penalty[asked.position, quarters] *= factor
    return replace(m, workloads=replace(m.workloads, price=price, penalty=penalty))
