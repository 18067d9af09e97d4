"""How a case is hedged against exchange rates, as a user writes it."""

from __future__ import annotations

from capexpand.case.declared import Declared
from capexpand.case.figures import ExchangeRateSeries, FractionSeries


class Hedge(Declared):
    """Forward contracts on a currency: a share of all payments and receipts is settled at their rate."""

    share: FractionSeries
    """Share of what is paid and received in the currency that is settled at the forward rate, by date."""
    forward: ExchangeRateSeries | None = None
    """Forward rate agreed at the start, by date of settlement; the rate in exchange_rates if absent."""
