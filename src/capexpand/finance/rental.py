"""Holds what a plan earns per accelerator-hour against rental prices that were known when it was made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from capexpand.catalogue import SiteCost, site_costs

HOURLY_RENTAL = "USD_per_GPU_hour"
RECENT = timedelta(days=550)  # quotes of the last year and a half count as the market of the day
FACTOR = 2.0  # beyond this factor of the market a result is doubtful


@dataclass(frozen=True, slots=True)
class RentalMarket:
    """Rental prices of accelerators that were known on a day, in USD per accelerator-hour."""

    as_of: date
    quotes: tuple[SiteCost, ...]

    @property
    def low(self) -> float:
        """Tenth percentile of the quotes [USD/accelerator-hour]."""
        return float(np.quantile([quote.value for quote in self.quotes], 0.1))

    @property
    def high(self) -> float:
        """Ninetieth percentile of the quotes [USD/accelerator-hour]."""
        return float(np.quantile([quote.value for quote in self.quotes], 0.9))


def rental_market(as_of: date) -> RentalMarket | None:
    """Returns the rental prices known on a day, or None where none were.

    Args:
        as_of: quotes known later, or older than a year and a half, do not count.
    """
    quotes = tuple(
        row
        for row in site_costs(as_of)
        if row.unit == HOURLY_RENTAL and row.known_on is not None and row.known_on > as_of - RECENT
    )
    return RentalMarket(as_of, quotes) if quotes else None


def doubtful_rental(implied_usd: float, market: RentalMarket) -> str | None:
    """Says how an implied price stands beside the market where it is beyond a factor of two of it.

    Args:
        implied_usd: revenue per accelerator-hour [USD].
        market: the rental prices known then.

    Returns:
        The doubt in words, or None.
    """
    span = f"{market.low:.2f} to {market.high:.2f} USD known on {market.as_of}"
    if implied_usd > FACTOR * market.high:
        return f"more than {FACTOR:g} times the rental prices of {span}"
    if implied_usd < market.low / FACTOR:
        return f"less than 1/{FACTOR:g} of the rental prices of {span}"
    return None
