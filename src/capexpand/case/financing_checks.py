"""Checks how a business is financed: dates in order, rates that can be computed, fields in pairs."""

from __future__ import annotations

from collections.abc import Iterator

from capexpand.case.drafts import Draft
from capexpand.case.financing import Covenants, Facility, Financing
from capexpand.case.reading import Place, suggest
from capexpand.case.references import Complaint
from capexpand.timevalue import QuarterCalendar, quarters_spanned

_PLACE: Place = ("financing",)


def financing_complaints(financing: Financing, draft: Draft) -> Iterator[Complaint]:
    """Yield everything that is wrong between the parts of a financing.

    Args:
        draft: the rest of the case.
    """
    if draft.solve is not None and draft.solve.objective != "npv":
        message = f"{draft.solve.objective} is sought without financing; leave one of the two out"
        yield ("solve", "objective"), message
    for name, facility in financing.facilities.items():
        yield from _facility((*_PLACE, "facilities", name), facility, financing, draft)
    cost = financing.equity.issue_cost
    if cost is not None and cost.value >= 1.0:
        yield (*_PLACE, "equity", "issue_cost"), f"{cost.written} leaves nothing of the equity raised"
    yield from _tests(financing.covenants, draft)
    if financing.reference_rate is not None and not any(
        facility.spread is not None for facility in financing.facilities.values()
    ):
        yield (*_PLACE, "reference_rate"), "is used by no facility; give one a spread in place of its rate"
    if not financing.facilities and financing.covenants != Covenants():
        debt = ["debt_service_cover", "loan_to_value", "leverage"]
        for field in debt:
            if getattr(financing.covenants, field) is not None:
                yield (*_PLACE, "covenants", field), "asks for a ratio of debt, but there are no facilities"


def _tests(covenants: Covenants, draft: Draft) -> Iterator[Complaint]:
    """A covenant is tested within the calendar, over some time."""
    for name, test in covenants:
        if test is None:
            continue
        place, calendar = (*_PLACE, "covenants", name), draft.calendar
        over = getattr(test, "over", None)
        if over is not None and over.value <= 0.0:
            yield (
                (*place, "over"),
                f"{over.written} looks back on nothing; write some months, or leave it out",
            )
        if calendar is not None and test.since is not None:
            end = QuarterCalendar(calendar.start, calendar.quarters).ends[-1]
            if test.since > end:
                yield (
                    (*place, "since"),
                    f"{test.since} is after the calendar's end, {end}: it is never tested",
                )


def _facility(place: Place, facility: Facility, financing: Financing, draft: Draft) -> Iterator[Complaint]:
    yield from _rate(place, facility, financing)
    yield from _repayment(place, facility)
    yield from _purpose(place, facility, draft)
    yield from _backlog(place, facility, draft)
    if facility.upfront_fee is not None and facility.upfront_fee.value >= 1.0:
        yield (*place, "upfront_fee"), f"{facility.upfront_fee.written} leaves nothing of what is drawn"
    if facility.amount.value == 0:
        yield (*place, "amount"), "lends nothing; leave the facility out, or say how much"
    if facility.drawn is not None and (
        facility.drawn.currency == facility.amount.currency and facility.drawn.value > facility.amount.value
    ):
        yield (
            (*place, "drawn"),
            f"{facility.drawn.written} is more than the amount, {facility.amount.written}",
        )
    if draft.calendar is None:
        return
    calendar = QuarterCalendar(draft.calendar.start, draft.calendar.quarters)
    first = facility.draw_from or calendar.start
    for field in ("draw_from", "draw_until"):
        day = getattr(facility, field)
        if day is not None and day >= calendar.end:
            yield (*place, field), f"{day} is outside the calendar, {calendar.start} to {calendar.ends[-1]}"
    if facility.draw_until is not None and facility.draw_until < first:
        yield (*place, "draw_until"), f"{facility.draw_until} is before the first day of drawing, {first}"
    if facility.maturity < calendar.start:
        yield (*place, "maturity"), f"{facility.maturity} is before the calendar's start, {calendar.start}"
    last = facility.draw_until or first
    grace = 3.0 if facility.grace is None else facility.grace.value
    repaid = calendar.index(last) + max(1, quarters_spanned(grace))
    if facility.maturity <= last:
        yield (*place, "maturity"), f"{facility.maturity} is not after the last day of drawing, {last}"
    elif facility.kind == "term" and repaid > calendar.index(facility.maturity):
        message = f"{facility.maturity} comes before the first repayment: drawing ends on {last}, then grace"
        yield (*place, "maturity"), message


def _rate(place: Place, facility: Facility, financing: Financing) -> Iterator[Complaint]:
    if facility.rate is None and facility.spread is None:
        yield place, "needs rate, or spread on top of financing.reference_rate"
    elif facility.rate is not None and facility.spread is not None:
        yield (*place, "spread"), "stands beside rate; keep one"
    elif facility.spread is not None and financing.reference_rate is None:
        yield (*place, "spread"), "is on top of financing.reference_rate, which is missing"


def _repayment(place: Place, facility: Facility) -> Iterator[Complaint]:
    revolving = facility.kind == "revolving"
    for field, meant in (("grace", "first repayment"), ("cover_ratio", "cover"), ("sweep", "sweep")):
        if revolving and getattr(facility, field) is not None:
            yield (*place, field), f"has no meaning for a revolving line, which has no {meant}; leave it out"
    if revolving and facility.repayment != "bullet":
        yield (
            (*place, "repayment"),
            "has no meaning for a revolving line, which is repaid at will; leave it out",
        )
    if not revolving and facility.draw_until is None and facility.drawn is None:
        yield place, "needs draw_until, the last day on which a term loan can be drawn"
    sculpted = facility.repayment == "sculpted"
    if sculpted and facility.cover_ratio is None:
        yield place, "is sculpted to a cover ratio; add cover_ratio, e.g. 1.4"
    if not sculpted and facility.cover_ratio is not None:
        message = (
            f"shapes a sculpted loan, but repayment is {facility.repayment}; a covenant may ask for cover"
        )
        yield (*place, "cover_ratio"), message
    if facility.cover_ratio is not None and facility.cover_ratio.value < 1.0:
        yield (*place, "cover_ratio"), f"{facility.cover_ratio.written} is below 1, more than is earned"
    if facility.sweep is not None and not facility.early:
        yield (*place, "sweep"), "repays early; add early: true"


def _purpose(place: Place, facility: Facility, draft: Draft) -> Iterator[Complaint]:
    if not facility.pays_for:
        yield (*place, "pays_for"), "is empty; name servers, halls or both"
    if facility.offers and "servers" not in facility.pays_for:
        yield (*place, "offers"), "names servers, but pays_for leaves servers out"
    if facility.offers and facility.share_of_cost is None:
        yield (*place, "offers"), "limits nothing without share_of_cost; add it, e.g. 80 %"
    for position, offer in enumerate(facility.offers):
        if draft.offers and offer not in draft.offers:
            hint = suggest(offer, list(draft.offers))
            yield (*place, "offers", position), f"there is no offer '{offer}'{hint}"
    if facility.offers and facility.share_of_book is not None:
        yield (
            (*place, "share_of_book"),
            "counts the book of all servers, but offers names some; leave one out",
        )


def _backlog(place: Place, facility: Facility, draft: Draft) -> Iterator[Complaint]:
    """What is lent on contracts names contracts that end, and can be drawn once they are signed."""
    if facility.contracts and facility.share_of_backlog is None:
        yield (*place, "contracts"), "limit nothing without share_of_backlog; add it, e.g. 60 %"
    if facility.share_of_backlog is not None and not facility.contracts:
        yield (
            (*place, "share_of_backlog"),
            "is a share of what contracts will bill; add contracts and name them",
        )
    under = {name: w.contract for name, w in draft.workloads.items() if w.contract is not None}
    signed = []
    for position, name in enumerate(facility.contracts):
        here = (*place, "contracts", position)
        if name not in draft.workloads:
            yield here, f"there is no workload '{name}'{suggest(name, list(under))}"
        elif name not in under:
            yield here, f"'{name}' is sold on the market; name a workload with a contract"
        elif under[name].ends is None:
            yield here, f"'{name}' has no end; add contract.ends, until which its bills count"
        else:
            signed.append(under[name].offered_until)
    until = facility.draw_until
    if until is not None and signed and all(day is not None and day > until for day in signed):
        soonest = min(day for day in signed if day is not None)
        message = (
            f"{until} is before the contracts are signed, {soonest} at the latest; nothing could be drawn"
        )
        yield (*place, "draw_until"), message
