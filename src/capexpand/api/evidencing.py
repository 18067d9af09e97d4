"""``evidence``: what a programme's value rests on."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from capexpand.api.planning import Say, silent
from capexpand.api.questions import Questioned

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from capexpand.case.schema import Case
    from capexpand.studies.evidence.findings import EvidenceFindings


def evidence(
    case: Path | str | Case,
    *,
    top: int = 15,
    replan: bool = False,
    workers: int = 2,
    on: str | Executor | None = None,
    variant: str | None = None,
    out: Path | str | None = None,
    progress: Say | None = None,
) -> Questioned[EvidenceFindings]:
    """Find what the value rests on, and the next fact worth finding.

    Each number of the case has a kind of evidence (reported, derived, estimated, remembered, assumed) with a
    deviation, and the value a slope in it; together they say which share of the value's variance comes from
    which kind, and how much of it would go if a number were found in a source.

    Args:
        case: a run folder, a case, or CASE:VARIANT.
        top: how many of the next facts are shown, at least 1.
        replan: whether to plan again, with the number higher and lower, what a plan follows in steps only,
            such as lead times; that takes two plans for each.
        workers: processes; the result is the same for any number.
        on: where the numbers are measured: ``ray`` or ``ray://HOST:PORT`` for a Ray cluster, an executor
            of ``concurrent.futures``, or processes of this machine if None; the result is the same.
        variant: of the case, to be applied.
        out: folder of the run; nothing is written where it is None.
        progress: sees how far it is.

    Raises:
        CaseError: the case is wrong, or its files were changed since it was loaded.
        InfeasibleError: the case has no plan.
        SolverError: a solver failed.
        RunError: a run cannot be read, or the folder not be written.
    """
    from capexpand.errors import CaseError, Problem
    from capexpand.executing.choosing import engine_on
    from capexpand.runs.folder import hold_place
    from capexpand.studies.evidence.findings import find_evidence
    from capexpand.studies.evidence.sheet import evidence_sheet
    from capexpand.studies.subjects import read_subject

    wrong = [
        Problem(f"--{name}: '{value}' is below 1")
        for name, value in (("top", top), ("workers", workers))
        if value < 1
    ]
    if wrong:
        raise CaseError(wrong)
    say = progress or silent
    place = None if out is None else Path(out)
    with (
        nullcontext() if place is None else hold_place(place),
        engine_on(on, workers=workers) as engine,
    ):
        subject = read_subject(case, variant)
        found = find_evidence(
            subject.case, subject.label, replan=replan, engine=engine,
            progress=lambda what: say(f"Planning {what}"),
        )  # fmt: skip
        answer = Questioned(found, evidence_sheet(found, top=top))
        if place is not None:
            answer.save(place)
    return answer
