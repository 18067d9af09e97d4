"""Keeps a comparison as a run folder."""

from __future__ import annotations

import json
from pathlib import Path

from capexpand.runs.folder import Content, table_files, write_run
from capexpand.studies.comparison.comparing import Comparison
from capexpand.studies.comparison.document import comparison_document, frame
from capexpand.studies.comparison.page import comparison_page


def write_comparison(comparison: Comparison, folder: Path) -> None:
    """Write a run folder: every case's copy, the figures, the page, whole or not at all.

    The same cases, compared again from their copies, give the same figures.

    Args:
        comparison: the programmes side by side.
        folder: where it is to stand; an older run there is replaced.

    Raises:
        RunError: the folder cannot be written.
    """
    document = comparison_document(comparison)
    files = {
        "comparison.json": (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode(),
        "report.html": comparison_page(comparison).encode(),
    }
    files |= table_files({"comparison": frame(comparison)})
    for one in comparison.programmes:
        origin, place = one.case.provenance, f"cases/{one.label.replace(':', '-')}"
        files[f"{place}/case.yaml"] = origin.text.encode()
        files |= {f"{place}/{name}": data for name, data in origin.tables.items()}
    source = comparison.programmes[0].findings.provenance
    about = {
        "kind": "comparison",
        "capexpand": source.capexpand,
        "python": source.python,
        "solver": source.solver,
        "currency": comparison.currency,
        "rates_of": comparison.rates.day.isoformat(),
        "cases": {one.label: one.findings.provenance.case_hash for one in comparison.programmes},
    }
    write_run(folder, Content(files, about))
