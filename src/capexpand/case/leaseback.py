"""Servers that are sold to a lessor and leased back: cash at the sale, a fee for a term, then they go."""

from __future__ import annotations

from capexpand.case.declared import Declared
from capexpand.case.figures import CountRateSeries, Duration, MoneyPerQuarterSeries, MoneySeries


class Leaseback(Declared):
    """Sale of servers that the plan bought, and their lease back: a decision of the plan."""

    price: MoneySeries
    """Price for which a unit is sold to the lessor, by date."""
    fee: MoneyPerQuarterSeries
    """Fee for a unit, fixed by the day of the sale and paid for the whole term, whether it works or not."""
    term: Duration
    """Time from the sale for which a unit is leased back; then what still works is handed over."""
    age: Duration | None = None
    """Age at which a unit is sold, on delivery if absent; rounds to whole quarters."""
    limit: CountRateSeries | None = None
    """Most units that can be sold and leased back in a quarter; no limit if absent."""
