"""Checks the sale and leaseback of servers: terms within life and calendar, and no money from nothing."""

from __future__ import annotations

from collections.abc import Iterator

from capexpand.case.drafts import Draft
from capexpand.case.references import Complaint
from capexpand.case.schema import Offer
from capexpand.timevalue import QuarterCalendar, quarters_spanned


def leaseback_complaints(place: tuple[str, str], offer: Offer, draft: Draft) -> Iterator[Complaint]:
    """Yield what is wrong with the sale and leaseback of an offer.

    Args:
        place: of the offer.
        draft: the valid parts of the case.
    """
    terms = None if offer.buy is None else offer.buy.leaseback
    if terms is None or offer.buy is None:
        return
    here = (*place, "buy", "leaseback")
    for field, series in (("price", terms.price), ("fee", terms.fee)):
        if series.currency != offer.buy.price.currency:
            message = f"is in {series.currency}; write it in {offer.buy.price.currency}, as the price"
            yield (*here, field), message
            return
    age = 0 if terms.age is None else quarters_spanned(terms.age.value)
    term = quarters_spanned(terms.term.value)
    if offer.life is not None and age + term > quarters_spanned(offer.life.value):
        yield (*here, "term"), f"{terms.term.written} after the sale is beyond the life, {offer.life.written}"
    if draft.finance is None or draft.calendar is None:
        return
    life = draft.finance.server_life
    if terms.age is not None and age >= quarters_spanned(life.value):
        message = f"{terms.age.written} leaves nothing in the books, {life.written} long; state a resale"
        yield (*here, "age"), message
    wait = age + quarters_spanned(offer.lead_time.value)
    if wait + term > draft.calendar.quarters:
        message = f"{terms.term.written} after order, delivery and sale is beyond the calendar's end"
        yield (*here, "term"), f"{message}; a shorter term, or a longer calendar, can be planned"
        return
    yield from _from_nothing(here, offer, draft, wait=wait, term=term)


def _from_nothing(
    here: tuple[str, ...], offer: Offer, draft: Draft, *, wait: int, term: int
) -> Iterator[Complaint]:
    """A sale never brings more than a new unit and all fees cost: that would be money without an end."""
    calendar, finance, buy = draft.calendar, draft.finance, offer.buy
    if calendar is None or finance is None or buy is None or buy.leaseback is None:
        return
    terms = buy.leaseback
    stated = (buy.price, terms.price, terms.fee)
    if any(not each.limit and each.first_date and each.first_date > calendar.start for each in stated):
        return  # which is another complaint
    price, sale, fee = (each.by_quarter(calendar) for each in stated)
    worth = sum((1.0 + finance.discount_rate.value) ** (-quarter / 4.0) for quarter in range(term))
    starts = QuarterCalendar(calendar.start, calendar.quarters).starts
    for t in range(wait, calendar.quarters - term + 1):
        if sale[t] > (min(price[: t - wait + 1]) + worth * fee[t]) * (1.0 + 1e-9):
            message = f"in {starts[t]} a sale would bring more than a new unit and the fees of the term cost"
            yield (*here, "price"), message
            return
