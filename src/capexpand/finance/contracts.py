"""Contracts in the statements: what is paid and not taken, damages, prepayments, and the backlog."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.data import Floats, ModelData
from capexpand.optimiser.plan import Plan


def contract_prices(m: ModelData) -> Floats:
    """Returns prices without the damages that delivery spares [workload, tranche, quarter]."""
    price = m.workloads.price
    if m.contracts is None:
        return price
    price = price.copy()
    price[m.contracts.workload, 0] = m.contracts.price
    return price


def contract_margins(m: ModelData) -> Floats:
    """Returns the share of the price that is left after ordinary costs [workload, quarter]."""
    margin = m.workloads.margin_fraction
    if m.contracts is None:
        return margin
    margin = margin.copy()
    margin[m.contracts.workload] = m.contracts.margin_fraction
    return margin


@dataclass(frozen=True, slots=True)
class Backlog:
    """The order backlog [contract, quarter] and its share of revenue [quarter]."""

    signed: Floats  # [contract]
    delivered: Floats  # [contract, quarter] volume
    volume: Floats  # [contract, quarter] asked for
    bills: Floats  # [contract, quarter] money for what is delivered, and for what is not taken
    damages: Floats  # [contract, quarter] money
    left: Floats  # [quarter] money still to be billed within the horizon after a quarter's end
    coverage: Floats  # [quarter] share of revenue that is contracted; NaN without revenue


def backlog(plan: Plan, revenue: Floats) -> Backlog | None:
    """Returns what a plan has under contract, or None where there are no contracts.

    Args:
        plan: what is done in each quarter.
        revenue: [quarter] of the whole business.
    """
    c = plan.data.contracts
    if c is None or plan.signed is None:
        return None
    part = plan.signed[:, None]
    delivered = plan.sold[c.workload, 0]
    bills = c.price * delivered + part * c.unused
    total = bills.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        coverage = np.where(revenue > 0.0, total / revenue, np.nan)
    return Backlog(
        signed=plan.signed,
        delivered=delivered,
        volume=part * c.volume,
        bills=bills,
        damages=c.damages * np.maximum(part * c.volume - delivered, 0.0),
        left=(part * c.bills).sum() - np.cumsum((part * c.bills).sum(axis=0)),
        coverage=coverage,
    )
