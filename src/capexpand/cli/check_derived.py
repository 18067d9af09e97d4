"""Print throughput and export terms that ``capexpand check`` computed from hardware."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from capexpand.case.schema import Case
    from capexpand.model.export_terms import ExportSpan
    from capexpand.model.rates import Rate


def rate_lines(found: Sequence[Rate], case: Case) -> list[str]:
    """Write what a unit serves, with what bounds it or why it serves nothing.

    Args:
        found: the rates to show.
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
