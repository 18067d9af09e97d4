"""What follows from the terms of sale and leaseback: when units can be sold, and what the books then hold."""

from __future__ import annotations

import numpy as np

from capexpand.model.ages import left_by_age
from capexpand.model.data import Flags, Floats, Integers, ModelData


def sale_origin(m: ModelData) -> Integers:
    """Return when what is sold in a quarter was ordered, below 0 if before the start [option, quarter]."""
    return np.arange(m.times.count) - (m.leaseback_terms.age + m.offers.lead_quarters)[:, None]


def can_be_sold(m: ModelData) -> Flags:
    """Return whether units can be sold: those of orders of the plan, for a term within the horizon.

    A term that outlasts the horizon would bring its price and leave out most of its fees.

    Returns:
        [option, quarter].
    """
    ends = np.arange(m.times.count) + m.leaseback_terms.term[:, None] <= m.times.count
    return (sale_origin(m) >= 0) & ends & m.leaseback_terms.there[:, None]


def rest_of_life(m: ModelData) -> Floats:
    """Return the quarters over which what is sold would still have been written off [option]."""
    return np.maximum(m.taxes.server_life_quarters - m.leaseback_terms.age, 1).astype(np.float64)


def book_at_sale(m: ModelData) -> Floats:
    """Return what the books hold of a unit when it is sold [option, destination, quarter]."""
    origin = sale_origin(m)[:, None, :]
    paid = np.take_along_axis(
        m.offers.price, np.broadcast_to(np.maximum(origin, 0), m.offers.price.shape), axis=2
    )
    lost = m.taxes.value_added_tax if m.taxes.recovery_quarters is None else 0.0
    left = np.maximum(1.0 - m.leaseback_terms.age / m.taxes.server_life_quarters, 0.0)
    return np.where(can_be_sold(m)[:, None, :], (1.0 + lost) * left[:, None, None] * paid, 0.0)


def left_since_sale(m: ModelData) -> Floats:
    """Return what is left of 1 sold, by the quarters since its sale [option, from 0 to the horizon]."""
    left, age = left_by_age(m), m.leaseback_terms.age
    after = np.minimum(np.arange(left.shape[1])[None, :] + age[:, None], left.shape[1] - 1)
    at_sale = np.take_along_axis(left, np.minimum(age, left.shape[1] - 1)[:, None], axis=1)
    return np.take_along_axis(left, after, axis=1) / at_sale


def left_until_sale(m: ModelData) -> Floats:
    """Return what is left of 1 delivered when it is old enough to be sold [option]."""
    left = left_by_age(m)
    return left[np.arange(len(left)), np.minimum(m.leaseback_terms.age, left.shape[1] - 1)]


def leased_at_end(m: ModelData) -> Floats:
    """Return the part of what is sold that is leased and works at the horizon's end [option, quarter]."""
    held = m.times.count - 1 - np.arange(m.times.count)
    kept = left_since_sale(m)[:, held]
    return np.where((held < m.leaseback_terms.term[:, None]) & can_be_sold(m), kept, 0.0)
