"""Checks of what happens to a unit with age: use after delivery, wear, resale, the end of its life."""

from __future__ import annotations

from collections.abc import Iterator

from capexpand.case.drafts import Draft
from capexpand.case.references import Complaint
from capexpand.case.schema import Offer
from capexpand.timevalue import QuarterCalendar, quarters_spanned

LONGEST_RAMP_MONTHS = 24.0


def age_complaints(place: tuple[str, str], offer: Offer, draft: Draft) -> Iterator[Complaint]:
    """Yield what is wrong with the ages of an offer.

    Args:
        draft: the valid parts of the case.
    """
    if offer.ramp_up is not None and offer.ramp_up.value > LONGEST_RAMP_MONTHS:
        yield (*place, "ramp_up"), f"{offer.ramp_up.written} is longer than two years, the longest allowed"
    if offer.ramp_up is not None and offer.lease is not None and offer.lease.term.value < offer.ramp_up.value:
        message = f"{offer.ramp_up.written} is longer than the lease, {offer.lease.term.written}"
        yield (*place, "ramp_up"), message
    yield from _wear(place, offer)
    yield from _resale(place, offer, draft)


def _wear(place: tuple[str, str], offer: Offer) -> Iterator[Complaint]:
    wear = offer.wear
    if wear is None:
        return
    where = (*place, "wear")
    for name in ("attrition", "maintenance"):
        young, worn = getattr(offer, name), getattr(wear, name)
        if worn.value < young.value:
            yield (*where, name), f"{worn.written} is less than {young.written} of younger units"
    if wear.attrition.value >= 1.0:
        yield (*where, "attrition"), "leaves nothing after a year; state a life instead"
    if offer.life is not None and quarters_spanned(wear.after.value) >= quarters_spanned(offer.life.value):
        yield (*where, "after"), f"{wear.after.written} is not before the end of life, {offer.life.written}"
    if offer.buy is None:
        yield where, "tells on owned units only, and this offer cannot be bought"


def _resale(place: tuple[str, str], offer: Offer, draft: Draft) -> Iterator[Complaint]:
    """A used unit never sells for more than a new one cost before: that would be money from nothing."""
    if offer.buy is None or offer.buy.resale is None:
        return
    where, price, resale = (*place, "buy", "resale"), offer.buy.price, offer.buy.resale
    if resale.currency != price.currency:
        yield where, f"is in {resale.currency}; write it in {price.currency}, as the price"
        return
    if draft.calendar is None:
        return
    starts = (price.first_date, resale.first_date)
    if any(first is not None and first > draft.calendar.start for first in starts):
        return  # which is another complaint
    quarters = QuarterCalendar(draft.calendar.start, draft.calendar.quarters)
    cheapest = float("inf")
    for day, end, new, used in zip(
        quarters.starts,
        quarters.ends,
        price.by_quarter(draft.calendar),
        resale.by_quarter(draft.calendar),
        strict=True,
    ):
        on_sale = (offer.available_from is None or end >= offer.available_from) and (
            offer.available_until is None or day <= offer.available_until
        )
        cheapest = min(cheapest, new) if on_sale else cheapest
        if used > cheapest * (1.0 + 1e-9):
            yield where, f"in {day} a used unit would sell for more than a new one costs until then"
            return
