"""Throughput and export terms that were worked out from hardware and rules, for a checked case."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
