"""Supply terms under the export rules known at a case's date: status, quantity and fee, by quarter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from capexpand.case.hardware_fields import ExportRules
from capexpand.case.schema import Case
from capexpand.timevalue import quarter_starts, quarters_spanned

if TYPE_CHECKING:
    from capexpand.hardware.export_rules import ExportStatus


@dataclass(frozen=True, slots=True)
class ExportTerm:
    """The export terms of orders of one quarter.

    Args:
        shipped_on: the day by which the rules are read: the first of the quarter in which the order arrives.
        status: such as ``free`` or ``licence``.
        review: how an application is met, where a licence is due.
        quantity_fraction: share of the stated limit that can be ordered.
        fee_fraction: share of the price that the buyer pays on top.
        because: why, one sentence for each rule that counts.
    """

    shipped_on: date
    status: str
    review: str
    quantity_fraction: float
    fee_fraction: float
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExportSpan:
    """Quarters of order with the same term, from ``first`` to ``last`` by name."""

    offer: str
    destination: str
    first: str
    last: str
    term: ExportTerm


def export_terms(case: Case, offer: str, destination: str) -> tuple[ExportTerm, ...] | None:
    """Judge a supply by the rules that were known on the case's date, for each quarter of order.

    Args:
        destination: where its units would stand.

    Returns:
        One term a quarter; None where the supply does not take its terms from the rules.

    Raises:
        CaseError: the accelerator was not known on the case's date.
    """
    declared = case.offers[offer]
    supply = declared.supply.get(destination)
    if supply is None or supply.rules is None or declared.accelerator is None:
        return None
    from capexpand.catalogue import find_accelerator, rules_in_force
    from capexpand.hardware.export_rules import export_status
    from capexpand.hardware.export_scope import Transaction

    chip = find_accelerator(find_accelerator(declared.accelerator).name, case.as_of)
    lead = quarters_spanned(declared.lead_time.value)
    days = quarter_starts(case.calendar.start, case.calendar.quarters + lead)[lead:]
    programme = case.programme
    terms: list[ExportTerm] = []
    for day in days:
        sale = Transaction(day, destination, programme.headquarters, programme.end_user, programme.buyer)
        status = export_status(chip, rules_in_force(day, as_of=case.as_of), sale)
        terms.append(_term(day, status, supply.rules))
    return tuple(terms)


def export_spans(case: Case) -> tuple[ExportSpan, ...]:
    """List what the rules give for every supply that takes its terms from them, equal quarters together."""
    labels = [f"{day.year}Q{(day.month + 2) // 3}" for day in _quarter_days(case)]
    spans: list[ExportSpan] = []
    for name, offer in case.offers.items():
        for destination in offer.supply:
            terms = export_terms(case, name, destination) or ()
            first = 0
            for quarter in range(1, len(terms) + 1):
                if quarter == len(terms) or _differs(terms[quarter], terms[first]):
                    last = labels[quarter - 1]
                    spans.append(ExportSpan(name, destination, labels[first], last, terms[first]))
                    first = quarter
    return tuple(spans)


def _quarter_days(case: Case) -> tuple[date, ...]:
    return tuple(quarter_starts(case.calendar.start, case.calendar.quarters))


def _differs(one: ExportTerm, other: ExportTerm) -> bool:
    return (one.status, one.review, one.because) != (other.status, other.review, other.because)


def _term(day: date, found: ExportStatus, rules: ExportRules) -> ExportTerm:
    because = found.because or ("no rule known by then reaches it",)
    if rules.in_country:
        here = "the units are in the country already, so the rules take nothing away:"
        return ExportTerm(day, found.status, found.review, 1.0, 0.0, (here, *because))
    share = 1.0
    if found.status == "licence" and found.review == "case by case":
        share = rules.licence_share.value if rules.licence_share else 0.0
    elif found.status in ("licence", "prohibited"):
        share = 0.0
    passed_on = rules.fee_passed_on.value if rules.fee_passed_on else 1.0
    return ExportTerm(day, found.status, found.review, share, found.fee_share_fraction * passed_on, because)
