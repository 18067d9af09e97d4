"""Checks contracts with customers: terms that belong together, and days in order."""

from __future__ import annotations

from collections.abc import Iterator

from capexpand.case.drafts import Draft
from capexpand.case.references import Complaint
from capexpand.case.schema import Workload
from capexpand.timevalue import QuarterCalendar
from capexpand.units import VOLUME_UNITS


def contract_complaints(place: tuple[str, str], workload: Workload, draft: Draft) -> Iterator[Complaint]:
    """Yield what is wrong with the contract of a workload.

    Args:
        draft: the rest of the case.
    """
    contract = workload.contract
    if contract is None:
        return
    here = (*place, "contract")
    if workload.role != "external":
        yield here, f"is with a customer, but the workload is {workload.role}; make it external"
    if workload.tranches:
        yield (*place, "tranches"), "have no place beside a contract, which has one price; leave them out"
    if workload.prices is not None:
        yield (*place, "prices"), "have no place beside a contract; write one price"
    penalty = contract.penalty
    if penalty is not None and penalty.unit != f"mn {penalty.currency}/{VOLUME_UNITS[workload.unit]}":
        yield (*here, "penalty"), f"is in {penalty.unit}, but the workload's unit is {workload.unit}"
    price = workload.price
    if penalty is not None and price is not None and penalty.currency != price.currency:
        yield (
            (*here, "penalty"),
            f"is in {penalty.currency}; write it in the currency of the price, {price.currency}",
        )
    if contract.ends is None:
        for field in ("renewed", "renewal_price"):
            if getattr(contract, field) is not None:
                yield (*here, field), "says what follows the term, which has no end; add ends"
    if draft.calendar is not None:
        yield from _days(place, workload, QuarterCalendar(draft.calendar.start, draft.calendar.quarters))


def _days(place: tuple[str, str], workload: Workload, calendar: QuarterCalendar) -> Iterator[Complaint]:
    """Volume within the calendar, and signed before it runs."""
    late = workload.demand.first_date is not None and workload.demand.first_date > calendar.start
    if late and not workload.demand.limit:
        return  # said already
    volume = workload.demand.by_quarter(calendar)
    if not any(volume):
        message = f"asks for nothing within the calendar, {calendar.start} to {calendar.ends[-1]}"
        yield (*place, "demand"), message
        return
    ends = None if workload.contract is None else workload.contract.ends
    first = next(start for start, amount in zip(calendar.starts, volume, strict=True) if amount)
    if ends is not None and ends < first:
        message = f"{ends} is before the first volume within the calendar, {first}; leave the contract out"
        yield (*place, "contract", "ends"), message
    until = None if workload.contract is None else workload.contract.offered_until
    if until is None:
        return
    here = (*place, "contract", "offered_until")
    if until < calendar.start:
        yield here, f"{until} is before the calendar's start; leave it out if it is signed"
    if calendar.index(until) > calendar.index(first):
        yield here, f"{until} is after the first volume, {first}: it would run before it is signed"
