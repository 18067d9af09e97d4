"""The sheet of a workbook that says what the value rests on."""

from __future__ import annotations

from dataclasses import dataclass

from capexpand.finance.evidence_shares import EvidenceShares
from capexpand.workbook.formulas import BEFORE, CONSTANT, TITLE, TOTAL, UNIT
from capexpand.workbook.layout import EVIDENCE, HEADER
from capexpand.workbook.writer import Writer

NEXT_FACTS = 15
AT_ONCE = "From prices, volumes, rates and limits, whose worth the plan tells at once; --evidence weighs all"


@dataclass(frozen=True, slots=True)
class KindRow:
    """One kind of evidence.

    Args:
        name: one word.
        meaning: in a few words.
        deviation: taken of a number [fraction].
        numbers: of the case that are of it.
        share: of the variance of the value [fraction].
    """

    name: str
    meaning: str
    deviation: float
    numbers: int
    share: float


@dataclass(frozen=True, slots=True)
class FactRow:
    """A number of the case, and what it would bring to find it in a source.

    Args:
        path: of the number.
        kind: of its evidence.
        effect: of one deviation on the value [money].
        removed: share of the variance that would go [fraction].
        stands: its source or reason.
    """

    path: str
    kind: str
    effect: float
    removed: float
    stands: str


@dataclass(frozen=True, slots=True)
class EvidenceRows:
    """What stands on the sheet: the kinds, the firmest first, the next facts worth finding, and a note."""

    kinds: tuple[KindRow, ...]
    facts: tuple[FactRow, ...]
    note: str = ""

    @classmethod
    def of(cls, found: EvidenceShares) -> EvidenceRows:
        """Return the kinds by the numbers whose slope plan and duals give at once.

        Args:
            found: of a run.
        """
        return cls(
            tuple(
                KindRow(
                    kind.evidence.name,
                    kind.evidence.meaning,
                    kind.evidence.deviation,
                    kind.numbers,
                    kind.share,
                )
                for kind in found.kinds
            ),
            tuple(
                FactRow(one.path, one.evidence.name, one.effect, found.removed(one), "")
                for one in found.numbers[:NEXT_FACTS]
                if one.removed > 0.0
            ),
            AT_ONCE,
        )


def write_evidence(w: Writer, rows: EvidenceRows) -> None:
    """Write the kinds with their shares, then the facts, as values: no formula gives a slope."""
    sheet, row = w.at[EVIDENCE], HEADER
    w.heading(
        EVIDENCE, "What the value rests on, to first order (values: no formula gives a slope)", timed=False
    )
    _heads(w, row - 1, ("Evidence", "Taken deviation", "Numbers", "Share of variance", ""))
    for kind in rows.kinds:
        w.text(sheet, row, TITLE, f"{kind.name}: {kind.meaning}")
        sheet.write_number(row, UNIT, kind.deviation, w.style.of("decision", "share"))
        sheet.write_number(row, CONSTANT, kind.numbers, w.style.of("decision"))
        sheet.write_number(row, TOTAL, kind.share, w.style.of("decision", "share"))
        row += 1
    if rows.note:
        w.text(sheet, row, TITLE, rows.note, "note")
        row += 1
    _heads(
        w,
        row + 1,
        ("The next facts worth finding", "Evidence", "One deviation", "Gone if found", "Stands as"),
    )
    for at, fact in enumerate(rows.facts, start=row + 2):
        w.text(sheet, at, TITLE, fact.path)
        w.text(sheet, at, UNIT, fact.kind, "unit")
        sheet.write_number(at, CONSTANT, fact.effect, w.style.of("decision", "money"))
        sheet.write_number(at, TOTAL, fact.removed, w.style.of("decision", "share"))
        w.text(sheet, at, BEFORE, fact.stands, "note")


def _heads(w: Writer, row: int, names: tuple[str, ...]) -> None:
    for column, name in zip((TITLE, UNIT, CONSTANT, TOTAL, BEFORE), names, strict=True):
        w.text(w.at[EVIDENCE], row, column, name, "head_left" if column < CONSTANT else "head")
