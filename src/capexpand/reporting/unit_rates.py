"""Throughput of one unit of each offer on each workload, as a heat map, with the origin of each rate."""

from __future__ import annotations

from capexpand.case.schema import Workload
from capexpand.model.export_terms import export_spans
from capexpand.model.rates import FLOP, SECONDS_PER_QUARTER, TOKENS, Rate
from capexpand.reporting.blocks import Cell, Column, Row, Table, table
from capexpand.reporting.context import ReportContext
from capexpand.timevalue import HOURS_PER_QUARTER
from capexpand.wording import number, percent

SHADES = 6
"""Steps of colour from nothing to the best offer of a workload."""

_SHOWN = {
    "token": ("tokens/s", TOKENS / SECONDS_PER_QUARTER),
    "FLOP": ("PFLOP/s", FLOP / SECONDS_PER_QUARTER / 1e15),
    "accelerator_hour": ("hours/hour", 1e6 / HOURS_PER_QUARTER),
    "vcpu_hour": ("vCPU-hours/hour", 1e6 / HOURS_PER_QUARTER),
}
"""What a rate is shown in, and how many of these a canonical volume a quarter is."""


def shown(rate: Rate, workload: Workload) -> tuple[float, str]:
    """Return a rate in the unit that people use for it.

    Returns:
        The number and its unit, such as tokens/s.
    """
    unit, factor = _SHOWN[workload.unit]
    return rate.volume_per_quarter * factor, unit


def rate_table(context: ReportContext) -> Table:
    """Return the rate at which a unit of each offer serves each workload, the best of a workload darkest."""
    workloads, rates = tuple(context.findings.case.workloads.values()), context.rates
    best = [max((line[j].volume_per_quarter for line in rates), default=0.0) for j in range(len(workloads))]
    rows = [
        Row(title, tuple(_cell(rate, workloads[j], best[j]) for j, rate in enumerate(line)))
        for title, line in zip(context.offers, rates, strict=True)
    ]
    heads = [
        Column(title, _SHOWN[workload.unit][0])
        for title, workload in zip(context.workloads, workloads, strict=True)
    ]
    return table("What a unit serves", ("Offer", *heads), rows, kind="heat")


def origin_table(context: ReportContext, rates: Table) -> Table:
    """Return how each rate was found, and why a cell is empty.

    Args:
        rates: from ``rate_table``.
    """
    rows = [
        Row(row.title, (context.workloads[j], cell.tip))
        for row in rates.rows
        for j, cell in enumerate(row.cells)
        if isinstance(cell, Cell) and cell.tip
    ]
    head = ("Offer", Column("Workload", align="text"), Column("How", align="text"))
    return table("How each rate was found", head, rows, kind="found")


def computes_any(context: ReportContext) -> bool:
    """Return whether any rate is computed from hardware rather than stated by the case."""
    return any(rate.origin == "computed" for line in context.rates for rate in line)


def _cell(rate: Rate, workload: Workload, best: float) -> Cell:
    if rate.origin == "none":
        return Cell("–", shade=0)
    value, _ = shown(rate, workload)
    if value <= 0.0:
        why = rate.note.partition(":")[0] if ":" in rate.note else "stated as none"
        return Cell("0", why if len(why) < 30 else "none", f"{rate.origin}: {rate.note}", shade=0)
    digits = f"{value:,.0f}" if value >= 1000 else number(value)
    remark = rate.bound_by if rate.origin == "computed" else rate.origin
    bound = f", bound by {rate.bound_by}" if rate.bound_by else ""
    note = f"{rate.origin}{bound}" + (f": {rate.note}" if rate.note else "")
    return Cell(digits, remark, note, shade=max(1, round(SHADES * rate.volume_per_quarter / best)))


def export_table(context: ReportContext) -> Table:
    """Return the terms that the export rules known on the case's date give each supply that follows them."""
    case = context.findings.case
    titles = dict(zip(case.offers, context.offers, strict=True))
    rows = [
        Row(
            titles[span.offer],
            (
                span.destination,
                f"{span.first} to {span.last}",
                span.term.status
                + (f", {span.term.review}" if span.term.review and span.term.status == "licence" else ""),
                percent(span.term.quantity_fraction),
                percent(span.term.fee_fraction) if span.term.fee_fraction else "–",
                " ".join(span.term.because),
            ),
        )
        for span in export_spans(case)
    ]
    head = (
        "Offer",
        "To",
        "Ordered",
        Column("Status", align="text"),
        "Of the limit",
        "Fee",
        Column("Why", align="text"),
    )
    return table("What the export rules give", head, rows, kind="found")
