"""What a value rests on, as a part of a run: in its report, its JSON and its workbook."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capexpand.reporting.sheet import Sheet
    from capexpand.studies.evidence.findings import EvidenceFindings
    from capexpand.workbook.evidence_page import EvidenceRows

PARTS = ("value", "standard_deviation", "evidence", "next_facts", "without_slope")
"""Of the document of the study, what the document of a run has as ``rests_on``."""


def with_evidence(sheet: Sheet, found: EvidenceFindings) -> Sheet:
    """Return the sheet of a run with what its value rests on.

    Args:
        sheet: of the run.
        found: what ``find_evidence`` found of its case.
    """
    from capexpand.reporting.blocks import Section
    from capexpand.studies.evidence.sheet import evidence_sheet

    own = evidence_sheet(found)
    blocks = tuple(block for section in own.sections for block in section.blocks)
    return replace(
        sheet,
        answers=(*sheet.answers, *own.answers[:2]),
        sections=(*sheet.sections, Section("evidence", "What the value rests on", blocks)),
        document={**sheet.document, "rests_on": {part: own.document[part] for part in PARTS}},
        tables={**sheet.tables, "facts": own.tables["facts"]},
    )


def evidence_rows(found: EvidenceFindings) -> EvidenceRows:
    """Return what a workbook says of it.

    Args:
        found: what ``find_evidence`` found.
    """
    from capexpand.studies.evidence.sheet import USUAL_TOP
    from capexpand.workbook.evidence_page import EvidenceRows, FactRow, KindRow

    return EvidenceRows(
        tuple(
            KindRow(
                kind.evidence.name, kind.evidence.meaning, kind.evidence.deviation, kind.numbers, kind.share
            )
            for kind in found.kinds
        ),
        tuple(
            FactRow(
                one.fact.path,
                one.fact.evidence.name,
                one.sensitivity.effect or 0.0,
                one.removed,
                "; ".join(filter(None, (one.fact.source, one.fact.reason))) or "no source or reason",
            )
            for one in found.ranked[:USUAL_TOP]
            if one.removed > 0.0
        ),
    )
