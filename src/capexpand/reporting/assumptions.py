"""Every number of a case with what stands behind it, by block: for the page's table of sources."""

from __future__ import annotations

import re
from dataclasses import dataclass

from capexpand.case.evidence import evidence_counts
from capexpand.case.numbers import numbers
from capexpand.case.schema import Case
from capexpand.case.values import Figure
from capexpand.finance.evidence_shares import EvidenceShares
from capexpand.units import format_number
from capexpand.wording import listing, money, share

_ADDRESS = re.compile(r"https?://[^\s<>\"',;)]+")
_UNIT_WORDS = {"1": "", "1/year": "per year", "month": "months", "unit": "units"}
NAMED_BLOCKS = ("sites", "offers", "workloads")


@dataclass(frozen=True, slots=True)
class AssumedNumber:
    """One number of a case."""

    place: str  # within its block
    written: str
    canonical: str
    source: str
    address: str  # of the source, empty where it has none
    reason: str
    marks: tuple[str, ...]  # hindsight, unverified, without source or reason
    repeated: bool  # whether source and reason are those of the number before


@dataclass(frozen=True, slots=True)
class AssumptionBlock:
    """A part of a case and its numbers."""

    title: str
    rows: tuple[AssumedNumber, ...]

    @property
    def marked(self) -> int:
        """Number of rows that carry a mark."""
        return sum(1 for row in self.rows if row.marks)


@dataclass(frozen=True, slots=True)
class Origins:
    """How many numbers of a case rest on what."""

    total: int
    sourced: int
    reasoned: int
    unexplained: int
    hindsight: int


def origins(case: Case) -> Origins:
    """Count what the numbers of a case rest on."""
    figures = [found.figure for found in numbers(case)]
    sourced = sum(1 for figure in figures if figure.source)
    explained = sum(1 for figure in figures if figure.explained)
    return Origins(
        total=len(figures),
        sourced=sourced,
        reasoned=explained - sourced,
        unexplained=len(figures) - explained,
        hindsight=sum(1 for figure in figures if figure.hindsight),
    )


def evidence_line(case: Case) -> str:
    """Say how many numbers are of which kind of evidence, and what tells how much value hangs on them."""
    kinds = [f"{count} {name}" for name, count in evidence_counts(case).items() if count]
    return f"By evidence: {listing(kinds)}; capexpand evidence says how much of the value hangs on each."


def shares_line(found: EvidenceShares | None, count: int, currency: str) -> str:
    """Say which kinds of evidence the variance of the value comes from; empty where a plan has no duals.

    Args:
        found: as far as plan and duals tell it.
        count: of the numbers of the whole case.
        currency: of the case.
    """
    if found is None or found.deviation <= 0.0:
        return ""
    kinds = sorted((kind for kind in found.kinds if kind.share > 0.0), key=lambda kind: -kind.share)
    parts = listing([f"{share(kind.share)} comes from {kind.evidence.name} numbers" for kind in kinds])
    first = found.numbers[0]
    return (
        f"Inputs that may be wrong give the value a standard deviation of "
        f"{money(found.deviation, currency)}; of that variance {parts}. A source for {first.path} would "
        f"remove {share(found.removed(first))} of it. This counts prices, volumes, rates and limits, whose "
        f"worth the plan tells at once: {len(found.numbers)} of {count} numbers. capexpand evidence weighs "
        "them all."
    )


def assumption_blocks(case: Case) -> tuple[AssumptionBlock, ...]:
    """Return every number of a case by block, in the order of the case."""
    titles = {
        **{("sites", name): site.title for name, site in case.sites.items()},
        **{("offers", name): offer.title for name, offer in case.offers.items()},
        **{("workloads", name): workload.title for name, workload in case.workloads.items()},
    }
    found: dict[str, list[AssumedNumber]] = {}
    before: dict[str, Figure] = {}
    for number in numbers(case):
        parts = number.path.split(".")
        deep = 2 if parts[0] in NAMED_BLOCKS and len(parts) > 2 else 1
        title = titles.get((parts[0], parts[1]), "") if deep == 2 else ""
        block = f"{parts[0].capitalize().removesuffix('s')}: {title}" if title else _plain(parts[0])
        place = ".".join(parts[deep:]) or parts[0]
        found.setdefault(block, []).append(_assumption(place, number.figure, before.get(block)))
        before[block] = number.figure
    return tuple(AssumptionBlock(title, tuple(rows)) for title, rows in found.items())


def _plain(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _assumption(place: str, figure: Figure, before: Figure | None) -> AssumedNumber:
    source = figure.source or ""
    address = _ADDRESS.search(source)
    marks = []
    if figure.hindsight:
        date = figure.basis_date or figure.known_on
        marks.append(f"hindsight: evidence of {date}" if date else "hindsight")
    if figure.verified is False:
        marks.append("not seen in its source")
    if not figure.explained:
        marks.append("no source or reason")
    return AssumedNumber(
        place=place,
        written=figure.written,
        canonical=f"{format_number(figure.value)} {_UNIT_WORDS.get(figure.unit, figure.unit)}".strip(),
        source=(_ADDRESS.sub("", source).strip(" ,;") if address else source),
        address=address.group() if address else "",
        reason=figure.reason or "",
        marks=tuple(marks),
        repeated=before is not None and (before.source, before.reason) == (figure.source, figure.reason),
    )
