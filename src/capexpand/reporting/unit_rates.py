"""What one unit of each offer serves of each workload, as a heat map, and how each rate was found."""

from __future__ import annotations

from dataclasses import dataclass

from capexpand.case.schema import Workload
from capexpand.model.export_terms import export_spans
from capexpand.model.rates import FLOP, SECONDS_PER_QUARTER, TOKENS, Rate
from capexpand.reporting.digest import Digest
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


@dataclass(frozen=True, slots=True)
class HeatCell:
    """A cell of the heat map.

    Args:
        text: the rate, or nothing where the case gives none.
        remark: what bounds it, where it comes from, or why it is nothing.
        note: the whole story.
        shade: 0 for nothing to ``SHADES`` for the best offer of the workload.
    """

    text: str
    remark: str
    note: str
    shade: int


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Rates of units: a row for each offer, a column for each workload."""

    columns: tuple[tuple[str, str], ...]  # title and unit
    rows: tuple[tuple[str, tuple[HeatCell, ...]], ...]
    notes: tuple[tuple[str, str, str], ...]  # offer, workload, how the rate was found or why there is none
    computed: bool


def shown(rate: Rate, workload: Workload) -> tuple[float, str]:
    """Gives a rate in the unit that people use for it.

    Args:
        rate: the rate.
        workload: its workload.

    Returns:
        The number and its unit, such as tokens/s.
    """
    unit, factor = _SHOWN[workload.unit]
    return rate.volume_per_quarter * factor, unit


def heat_map(digest: Digest) -> HeatMap:
    """Returns what a unit of each offer serves of each workload.

    Args:
        digest: what the run found out.
    """
    case, rates = digest.findings.case, digest.rates
    workloads = tuple(case.workloads.values())
    best = [max((line[j].volume_per_quarter for line in rates), default=0.0) for j in range(len(workloads))]
    rows = tuple(
        (title, tuple(_cell(rate, workloads[j], best[j]) for j, rate in enumerate(line)))
        for title, line in zip(digest.offers, rates, strict=True)
    )
    notes = tuple(
        (title, digest.workloads[j], cell.note)
        for title, cells in rows
        for j, cell in enumerate(cells)
        if cell.note
    )
    columns = tuple(
        (title, _SHOWN[workload.unit][0]) for title, workload in zip(digest.workloads, workloads, strict=True)
    )
    computed = any(rate.origin == "computed" for line in rates for rate in line)
    return HeatMap(columns, rows, notes, computed)


def _cell(rate: Rate, workload: Workload, best: float) -> HeatCell:
    if rate.origin == "none":
        return HeatCell("–", "", "", 0)
    value, _ = shown(rate, workload)
    if value <= 0.0:
        why = rate.note.partition(":")[0] if ":" in rate.note else "stated as none"
        return HeatCell("0", why if len(why) < 30 else "none", f"{rate.origin}: {rate.note}", 0)
    digits = f"{value:,.0f}" if value >= 1000 else number(value)
    remark = rate.bound_by if rate.origin == "computed" else rate.origin
    bound = f", bound by {rate.bound_by}" if rate.bound_by else ""
    note = f"{rate.origin}{bound}" + (f": {rate.note}" if rate.note else "")
    return HeatCell(digits, remark, note, max(1, round(SHADES * rate.volume_per_quarter / best)))


@dataclass(frozen=True, slots=True)
class ExportRow:
    """What the export rules give for orders of some quarters."""

    offer: str
    destination: str
    quarters: str
    status: str
    quantity: str
    fee: str
    because: tuple[str, ...]


def export_rows(digest: Digest) -> tuple[ExportRow, ...]:
    """Returns what the export rules known on the case's date give for each supply that follows them.

    Args:
        digest: what the run found out.
    """
    case = digest.findings.case
    titles = dict(zip(case.offers, digest.offers, strict=True))
    return tuple(
        ExportRow(
            titles[span.offer],
            span.destination,
            f"{span.first} to {span.last}",
            span.term.status
            + (f", {span.term.review}" if span.term.review and span.term.status == "licence" else ""),
            percent(span.term.quantity_fraction),
            percent(span.term.fee_fraction) if span.term.fee_fraction else "–",
            span.term.because,
        )
        for span in export_spans(case)
    )
