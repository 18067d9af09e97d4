"""A contract with a customer, as a user writes it: what makes a workload's volume and price binding."""

from __future__ import annotations

from capexpand.case.declared import Declared
from capexpand.case.figures import Day, Fraction, FractionSeries, Ratio, UnitPriceSeries


class Contract(Declared):
    """Terms under which the workload's demand is bought at its price, whatever the market does.

    The volume by date is the workload's ``demand``, the price by date its ``price``; no process moves them.
    """

    offered_until: Day | None = None
    """Last day on which it can be signed: whether to sign, or what part of it, is a decision then. Signed
    already if absent."""
    take_or_pay: Fraction | None = None
    """Share of the volume that is paid whether it is taken or not, 0 if absent."""
    taken: FractionSeries | None = None
    """Share of the volume that the customer is expected to take, by date, 1 if absent."""
    penalty: UnitPriceSeries | None = None
    """Damages for each unit taken for and not delivered, beside its price that is not earned; 0 if absent."""
    prepayment: Fraction | None = None
    """Share of all bills that is paid on signing and credited to each of them, 0 if absent."""
    ends: Day | None = None
    """Last day of its term; what follows in demand is at the terms of renewal. No end if absent."""
    renewed: Fraction | None = None
    """Share of the volume after its term that is expected to be renewed, 0 if absent."""
    renewal_price: Ratio | None = None
    """Price after its term, as a ratio of the stated one, 1 if absent."""
