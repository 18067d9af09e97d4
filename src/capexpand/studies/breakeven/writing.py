"""Writes what must be believed as a run folder: the case's copy, the document, tables and the page."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from capexpand.runs.folder import Content, table_files, write_run
from capexpand.studies.breakeven.document import belief_document
from capexpand.studies.breakeven.findings import BeliefFindings
from capexpand.studies.breakeven.page import belief_page

if TYPE_CHECKING:
    import polars


def write_beliefs(findings: BeliefFindings, folder: Path) -> None:
    """Writes a run folder, whole or not at all.

    Args:
        findings: of a programme.
        folder: where the run is to stand; an older run there is replaced.

    Raises:
        RunError: the folder cannot be written.
    """
    origin = findings.case.provenance
    document = belief_document(findings)
    files = {"case/case.yaml": origin.text.encode()}
    files |= {f"case/{name}": data for name, data in origin.tables.items()}
    files["beliefs.json"] = (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
    files["report.html"] = belief_page(findings).encode()
    files |= table_files(tables(document))
    about = {
        "capexpand": version("capexpand"),
        "python": platform.python_version(),
        "solver": findings.break_evens.valuation.result.plan.solver.solver,
        "kind": "beliefs",
        "case": document["case"],
        "variant": origin.variant,
        "case_hash": origin.content_hash,
        "seed": findings.seed if findings.distribution is not None else None,
    }
    write_run(folder, Content(files, about))


def tables(document: dict[str, Any]) -> dict[str, polars.DataFrame]:
    """Returns the tables of a document by name.

    Args:
        document: from ``belief_document``.
    """
    import polars

    named = {"break_even": document["break_even"], "pairs": document["pairs"]}
    if document["market"] is not None:
        named["market_beliefs"] = document["market"]["beliefs"]
    if document["past_spending"] is not None:
        named["past_spending"] = [
            {**row, "spent_low": row["spent"][0], "spent_high": row["spent"][1]}
            for row in document["past_spending"]["sums"]
        ]
    return {
        name: polars.DataFrame(
            [{key: value for key, value in row.items() if key != "spent"} for row in rows],
            infer_schema_length=None,
        )
        for name, rows in named.items()
        if rows
    }
