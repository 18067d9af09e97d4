"""Contracts on offer in the equations of a quarter: the part that is signed is a number of the state."""

from __future__ import annotations

import numpy as np

from capexpand.model.blocks import ABSENT, INFINITY, Blocks, Indices
from capexpand.model.data import ModelData


def nothing_signed(m: ModelData) -> Indices:
    """Return the columns of what was signed before the first quarter [contract]: there are none."""
    return np.full(0 if m.contracts is None else len(m.contracts.workload), ABSENT, dtype=np.int64)


def add_signing(lp: Blocks, m: ModelData, t: int, before: Indices, *, sold: Indices) -> Indices:
    """Z ≤ σ D/φ, with σ chosen in the last quarter in which a contract can be signed.

    Its terms are the same on any day before, so nothing is lost by waiting for that quarter. What it earns
    if nothing is delivered, and its prepayments, come with σ in each quarter.

    Args:
        t: the quarter, from 0.
        before: σ of the quarter before [contract].
        sold: [workload, tranche] in base units.

    Returns:
        σ [contract], ``ABSENT`` where nothing is on offer, or not yet.
    """
    c = m.contracts
    if c is None or not c.offered.any():
        return before
    here, names = (m.times.labels[t],), [m.workloads.names[j] for j in c.workload]
    now, signed = c.offered & (c.signing == t), (before != ABSENT)[:, None]
    most = np.where(now, 1.0, INFINITY)[:, None]
    there = now[:, None] | signed
    part = lp.columns("contract", [names, here], upper=most, where=there, integer=m.whole_sizes)[:, 0]
    kept = lp.rows("signed before", [names, here], lower=0.0, upper=0.0, where=signed)[:, 0]
    lp.add(kept, part)
    lp.add(kept, before, -1.0)
    needs = m.workloads.demand[c.workload, 0, t] / m.workloads.productivity[c.workload, t]
    asked = (c.offered & (needs > 0.0))[:, None]
    rows = lp.rows("under contract", [names, here], upper=0.0, where=asked)[:, 0]
    lp.add(rows, sold[c.workload, 0])
    lp.add(rows, part, -needs)
    disc = m.times.discount[t]
    lp.add_cost(part, disc * ((1.0 - m.taxes.rate) * c.constant[:, t] + c.prepayments[:, t]))
    return part
