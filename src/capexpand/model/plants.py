"""Generators and storage that are bought: what they cost, and what they are worth in books and at the end.

A plant is written off evenly over its own term. What is left of it at the horizon's end is known when it is
ordered, so no age enters the state.
"""

from __future__ import annotations

import numpy as np

from capexpand.model.data import Floats, ModelData
from capexpand.model.energy_options import EnergyOptions


def has_plants(m: ModelData) -> bool:
    """Returns whether a case has generators or storage that can be, or were, bought."""
    return m.energy is not None and bool(m.energy.bought.any() or m.energy.kept_worth.any())


def plant_options(m: ModelData) -> EnergyOptions:
    """Returns how the sites of a case get their energy.

    Raises:
        ValueError: the case says only a price of energy.
    """
    if m.energy is None:
        raise ValueError("the case says only a price of energy")
    return m.energy


def share_now(o: EnergyOptions) -> Floats:
    """Returns the share of the cost paid at order, all of it where delivery is at once [contract]."""
    return np.where(o.lead_quarters == 0, 1.0, o.deposit)


def left_at_end(m: ModelData) -> Floats:
    """Returns the share of its term that an order of a quarter has left at the end [contract, quarter]."""
    o, quarter = plant_options(m), np.arange(m.times.count)
    used = m.times.count - quarter[None, :] - o.lead_quarters[:, None]
    return np.where(used > 0, np.maximum(0.0, 1.0 - used / o.term_quarters[:, None]), 0.0)


def market_at_end(m: ModelData) -> Floats:
    """Returns what a MW ordered in a quarter brings at the end on a market [contract, quarter]."""
    o = plant_options(m)
    return o.end_fraction * o.cost[:, -1:] * left_at_end(m)


def worth_at_end(m: ModelData) -> Floats:
    """Returns the same, no more than its own book where the case asks for that [contract, quarter]."""
    worth = market_at_end(m)
    if m.end_value_within_book:
        worth = np.minimum(worth, (1.0 + m.taxes.lost) * plant_options(m).cost * left_at_end(m))
    return worth + plant_options(m).kept_worth[:, None]


def tax_saved(m: ModelData) -> Floats:
    """Returns the present value of the tax saved by writing off a MW, by its order [contract, quarter]."""
    o, last = plant_options(m), m.times.count - 1
    found = np.zeros_like(o.cost)
    for p in np.flatnonzero(o.bought):
        saved = (1.0 + m.taxes.lost) * m.taxes.rate * m.times.worth_of_writing_off(int(o.term_quarters[p]))
        there = np.minimum(np.arange(last + 1) + o.lead_quarters[p], last)
        found[p] = saved[there] * o.cost[p]
    return found
