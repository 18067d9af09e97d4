"""Currencies of a case: rates of exchange, hedged shares, and the rate at which money is settled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from capexpand.case.hedges import Hedge
from capexpand.case.references import Complaint
from capexpand.case.values import Series

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    from capexpand.case.schema import Case
    from capexpand.timevalue import Horizon


def settled_rates(case: Case, currency: str | None, calendar: Horizon) -> NDArray[float64]:
    """Return the rate at which money of a currency is settled: share × forward + (1 − share) × rate.

    Args:
        case: with its rates and hedges.
        currency: of an amount; None for a number without one.

    Returns:
        [quarter] money of the case for one of the currency.
    """
    import numpy as np

    if currency is None or currency == case.currency:
        return np.ones(calendar.quarters)
    spot = case.exchange_rates[currency].values(calendar)
    hedge = case.hedges.get(currency)
    if hedge is None:
        return spot
    share = hedge.share.values(calendar)
    forward = spot if hedge.forward is None else hedge.forward.values(calendar)
    return share * forward + (1.0 - share) * spot


def hedged_part(case: Case, currency: str, calendar: Horizon) -> NDArray[float64]:
    """Return the part of the settled rate of a currency that no process moves [quarter], from 0 to 1.

    Args:
        case: with its rates and hedges.
        currency: other than the case's own.
    """
    import numpy as np

    hedge = case.hedges.get(currency)
    if hedge is None:
        return np.zeros(calendar.quarters)
    spot = case.exchange_rates[currency].values(calendar)
    forward = spot if hedge.forward is None else hedge.forward.values(calendar)
    return hedge.share.values(calendar) * forward / settled_rates(case, currency, calendar)


def hedge_complaints(
    hedges: Mapping[str, Hedge], home: str | None, rates: Mapping[str, Series] | None
) -> Iterator[Complaint]:
    """Yield what is wrong with the hedges of a case.

    Args:
        home: the case's currency, None where it could not be read.
        rates: of exchange, None where they could not be read.
    """
    if home is None or rates is None:
        return
    for code, hedge in hedges.items():
        if code == home:
            yield ("hedges", code), f"{code} is the case's currency; leave this out"
        elif code not in rates:
            yield (
                ("hedges", code),
                f"there is no exchange rate for {code}; add {home}/{code} under exchange_rates",
            )
        elif hedge.forward is not None and hedge.forward.unit != f"{home}/{code}":
            yield (
                ("hedges", code, "forward"),
                f"is in {hedge.forward.unit}; write how many {home} a {code} is: {home}/{code}",
            )
