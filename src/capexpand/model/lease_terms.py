"""Terms of leases and colocation beyond a fee and a least time, compiled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

FOREVER = 10_000
"""Quarters that stand for no end."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of power options, or of offer options; of those that are owned they say nothing [option]."""

    fixed: Flags  # whether the fee of the order holds for the term, raised by the escalation
    escalation: Floats  # raise of a fixed fee after each year [fraction]
    longest_quarters: (
        Integers  # from delivery to the last quarter in which it may be held, ``FOREVER``: no end
    )
    least: Floats  # [option, quarter] paid for whether it is held or not, MW or units

    def growth(self, quarters: int) -> Floats:
        """Return how much a fixed fee has risen by the quarter of its term [option, quarter of the term]."""
        return (1.0 + self.escalation)[:, None] ** (np.arange(quarters) // 4)


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """Terms of rented power and leased units."""

    power: Terms
    units: Terms
    within_cap: bool  # whether leases count within the cap, at the present value of their payments


def paid_over(terms: Terms, weight: Floats, t: int, *, lead: Integers, term: Integers) -> Floats:
    """Return the sum of weights over a term that is signed now, each times the fee's rise [option].

    Args:
        weight: [quarter].
        t: the quarter of signing.
        lead: [option] quarters until delivery.
        term: [option] least quarters for which it is held.
    """
    longest = int(term.max(initial=0))
    grown = terms.growth(longest)
    age = np.arange(longest)
    when = t + lead[:, None] + age
    counted = (age < term[:, None]) & (when < weight.size)
    return np.where(counted, weight[np.minimum(when, weight.size - 1)] * grown, 0.0).sum(axis=1)
