"""What ``capexpand check`` shows of what was worked out from hardware: throughput and export terms."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from capexpand.case.schema import Case
    from capexpand.model.export_terms import ExportSpan
    from capexpand.model.rates import Rate


def computed_rates(case: Case) -> tuple[Rate, ...]:
    """Give what is computed from hardware, and what stands beside it or in its place.

    Args:
        case: a good case.

    Returns:
        Rates of the workloads that name a model; none where no workload does.
    """
    asking = [name for name, workload in case.workloads.items() if workload.serving or workload.training]
    if not asking:
        return ()
    from capexpand.model.rates import service_rates

    found = (rate for line in service_rates(case) for rate in line)
    return tuple(rate for rate in found if rate.workload in asking and rate.origin != "none")


def derived_exports(case: Case) -> tuple[ExportSpan, ...]:
    """Give what export rules leave of the supplies that take their terms from them.

    Args:
        case: a good case.
    """
    if not any(supply.rules for offer in case.offers.values() for supply in offer.supply.values()):
        return ()
    from capexpand.model.export_terms import export_spans

    return export_spans(case)


def rate_data(rate: Rate, case: Case) -> dict[str, object]:
    """Turn a rate into what ``--json`` prints.

    Args:
        rate: the rate.
        case: its case.
    """
    return {
        "workload": rate.workload,
        "offer": rate.offer,
        "value": rate.volume_per_quarter,
        "unit": _volume_unit(rate, case),
        "origin": rate.origin,
        "bound_by": rate.bound_by,
        "note": rate.note,
    }


def _volume_unit(rate: Rate, case: Case) -> str:
    from capexpand.units import VOLUME_UNITS

    return f"{VOLUME_UNITS[case.workloads[rate.workload].unit]}/quarter"


def export_data(span: ExportSpan) -> dict[str, object]:
    """Turn a span into what ``--json`` prints.

    Args:
        span: quarters of one supply with the same terms.
    """
    return {
        "offer": span.offer,
        "destination": span.destination,
        "first_quarter": span.first,
        "last_quarter": span.last,
        "status": span.term.status,
        "review": span.term.review,
        "quantity_fraction": span.term.quantity_fraction,
        "fee_fraction": span.term.fee_fraction,
        "because": list(span.term.because),
    }


def rate_lines(found: Sequence[Rate], case: Case) -> list[str]:
    """Write what a unit serves, with what bounds it or why it serves nothing.

    Args:
        found: the rates to show.
        case: their case.
    """
    lines: list[str] = []
    for workload, rates in groupby(
        sorted(found, key=lambda rate: rate.workload), key=lambda rate: rate.workload
    ):
        lines += ["", typer.style(f"throughput of a unit for {workload}", bold=True)]
        for rate in rates:
            bound = f", bound by {rate.bound_by}" if rate.bound_by else ""
            value = f"{_per_second(rate, case)}  {rate.origin}{bound}"
            lines.append(f"  {rate.offer:<18} {value}" + (f"; {rate.note}" if rate.note else ""))
    return lines


def _per_second(rate: Rate, case: Case) -> str:
    """A rate in what people say: tokens or operations a second."""
    from capexpand.model.rates import FLOP, SECONDS_PER_QUARTER, TOKENS

    if case.workloads[rate.workload].unit == "FLOP":
        return f"{rate.volume_per_quarter * FLOP / SECONDS_PER_QUARTER / 1e15:.3g} PFLOP/s"
    return f"{rate.volume_per_quarter * TOKENS / SECONDS_PER_QUARTER:,.0f} token/s"


def export_lines(spans: Sequence[ExportSpan], case: Case) -> list[str]:
    """Write what the export rules known on the case's date give, and why.

    Args:
        spans: what was derived.
        case: the case.
    """
    if not spans:
        return []
    lines = ["", typer.style(f"export rules known on {case.as_of}, by quarter of order", bold=True)]
    for span in spans:
        term = span.term
        review = f" ({term.review})" if term.review and term.status == "licence" else ""
        fee = f", fee {term.fee_fraction:.0%}" if term.fee_fraction else ""
        quantity = f"{term.quantity_fraction:.0%} of the limit"
        head = f"{span.offer} to {span.destination}, {span.first} to {span.last}"
        lines.append(f"  {head}: {term.status}{review}, {quantity}{fee}")
        lines += [f"    {text}" for text in term.because]
    return lines
