"""Checks what a case says about the announcement: bounds in order, moves that can be computed, no overlap."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from capexpand.case.announcement import (
    Announcement,
    ChangeRange,
    Market,
    PastSpending,
    ShareRange,
    SpentBefore,
)
from capexpand.case.reading import Place
from capexpand.case.references import Complaint
from capexpand.timevalue import add_months

_PLACE: Place = ("announcement",)


def announcement_complaints(announcement: Announcement, as_of: date | None) -> Iterator[Complaint]:
    """Yield everything that is wrong between the parts of an announcement.

    Args:
        as_of: the case's date; what ends later could not be known.
    """
    if announcement.market is not None:
        yield from _market(announcement.market)
    if announcement.past_spending is not None:
        yield from _past(announcement.past_spending, as_of)


def _market(market: Market) -> Iterator[Complaint]:
    place = (*_PLACE, "market")
    for field in ("shares", "price_before"):
        if getattr(market, field).value <= 0:
            yield (*place, field), "must be more than zero"
    yield from _ordered(market.due_to_programme, (*place, "due_to_programme"))
    for name, move in market.moves.items():
        here = (*place, "moves", name)
        if move.gain is None and move.value_added is None:
            yield here, "says no move; it needs gain or value_added"
        elif move.gain is not None and move.value_added is not None and move.gain.value <= 0:
            yield (
                (*here, "gain"),
                "must be more than zero where value_added is given, since it gives the value before",
            )
        for field in ("index_gain", "due_to_programme"):
            bounds = getattr(move, field)
            if bounds is not None:
                yield from _ordered(bounds, (*here, field))
    if market.stake is not None and market.stake.shares.value <= 0:
        yield (*place, "stake", "shares"), "must be more than zero"


def _ordered(bounds: ChangeRange | ShareRange | SpentBefore, place: Place) -> Iterator[Complaint]:
    alike = bounds.low.currency == bounds.high.currency
    if alike and bounds.low.value > bounds.high.value:
        yield (*place, "low"), f"{bounds.low.written} is more than high, {bounds.high.written}"


def _past(past: PastSpending, as_of: date | None) -> Iterator[Complaint]:
    place = (*_PLACE, "past_spending")
    yield from _ordered(past.in_scope, (*place, "in_scope"))
    before: date | None = None
    for end, spent in sorted(past.periods.items()):
        here = (*place, "periods", str(end))
        yield from _ordered(spent, here)
        if as_of is not None and end > as_of:
            yield here, f"ends after the case's date, {as_of}"
        first = add_months(end, 1 - spent.months)
        if before is not None and first <= before:
            yield here, f"has {spent.months} months and so overlaps the period to {before}"
        before = end
