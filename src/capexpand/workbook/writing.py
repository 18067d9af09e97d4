"""Writes the financial model of a run as an Excel workbook."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from capexpand.errors import RunError
from capexpand.files import write_file
from capexpand.model.data import Floats
from capexpand.policy.findings import TITLES, PolicyFindings
from capexpand.reporting.inputs import Findings
from capexpand.workbook import pages
from capexpand.workbook.evidence_page import EvidenceRows, write_evidence
from capexpand.workbook.excel import is_ours, needs_excel
from capexpand.workbook.financial_model import financial_model
from capexpand.workbook.layout import lay_out
from capexpand.workbook.writer import Writer


def save_workbook(
    findings: Findings,
    path: Path | str,
    policy: PolicyFindings | None = None,
    *,
    evidence: EvidenceRows | None = None,
) -> Path:
    """Write the workbook of a run.

    Args:
        path: the file; an older workbook of capexpand there is replaced.
        policy: of the run, if one was sought: its net present values and those of its rivals are added.
        evidence: what the value rests on, if it was asked for; else what plan and duals tell of it.

    Returns:
        The file.

    Raises:
        RunError: a package that writes workbooks is missing, or the file cannot be written.
    """
    place = Path(path)
    if place.suffix.lower() != ".xlsx":
        raise RunError(f"{place}: a workbook's name ends in .xlsx")
    write_file(place, workbook_bytes(findings, policy, evidence=evidence), ours=is_ours)
    return place


def workbook_bytes(
    findings: Findings, policy: PolicyFindings | None = None, *, evidence: EvidenceRows | None = None
) -> bytes:
    """Return the workbook of a run; the same run gives the same bytes.

    Args:
        policy: of the run, if one was sought.
        evidence: what the value rests on, if it was asked for; else what plan and duals tell of it.

    Raises:
        RunError: the package that writes workbooks is missing.
    """
    needs_excel()
    from xlsxwriter import Workbook

    if evidence is None and findings.rests_on is not None:
        evidence = EvidenceRows.of(findings.rests_on)
    model = financial_model(findings)
    stream = BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with Workbook(stream, options) as book:
        futures_of = futures(findings, policy)
        writer = Writer(book, model, lay_out(model), futures_of, evidence=evidence is not None)
        writer.write_lines()
        pages.write_pages(writer)
        if evidence is not None:
            write_evidence(writer, evidence)
    return stream.getvalue()


def futures(findings: Findings, policy: PolicyFindings | None) -> dict[str, Floats]:
    """Return net present values by future [scenario] of the plan and of each strategy, by their titles.

    Args:
        policy: of the run, if one was sought.
    """
    found: dict[str, Floats] = {}
    examined = findings.examination
    if examined is not None and examined.followed is not None:
        found["The plan, kept to"] = examined.followed.npv
    if policy is not None:
        for strategy, returns in policy.strategies.returns.items():
            title = TITLES[strategy]
            found[title[0].upper() + title[1:]] = returns.npv
    return found
