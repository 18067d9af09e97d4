"""Plans two cases and finds what changed between them: inputs, decisions, results, and the value by cause."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from capexpand.case.schema import Case
from capexpand.errors import CaseError, Problem
from capexpand.pipeline import evaluate, optimise
from capexpand.reporting.inputs import Findings
from capexpand.runs.folder import read_manifest
from capexpand.studies.diff.causes import Causes, Sides, causes
from capexpand.studies.diff.decisions import DecisionChange, NamedOrders, decisions
from capexpand.studies.diff.inputs import Documents, InputChange
from capexpand.studies.subjects import Subject
from capexpand.wording import money

Progress = Callable[[str], None]
AS_RECORDED = 1e-6
"""Distance of a value planned anew from the one that a run recorded, as a share, within which they agree."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of two plans: what it is of, and what was found out."""

    label: str
    findings: Findings

    @property
    def case(self) -> Case:
        """The case that was planned."""
        return self.findings.case

    @property
    def npv(self) -> float:
        """The programme's net present value after tax [million]."""
        return self.findings.metrics.npv


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference between two plans.

    Args:
        old: the plan before.
        new: the plan after.
        changes: of inputs.
        decisions: orders that differ.
        causes: the change of value by cause.
        notes: what a reader must know of the two.
    """

    old: Side
    new: Side
    changes: tuple[InputChange, ...]
    decisions: tuple[DecisionChange, ...]
    causes: Causes
    notes: tuple[str, ...]

    @property
    def currency(self) -> str:
        """Code of the currency of all money."""
        return self.new.case.currency

    @property
    def numbers_changed(self) -> tuple[InputChange, ...]:
        """The changes that are not of words alone."""
        return tuple(change for change in self.changes if change.cause != "words")


def difference(old: Subject, new: Subject, progress: Progress | None = None) -> Difference:
    """Plan two cases, and find what changed between them and why the value did.

    Args:
        old: before.
        new: after.
        progress: is told what is being planned.

    Raises:
        CaseError: the cases count in different currencies.
        InfeasibleError: a case has no plan.
        SolverError: a program could not be solved.
    """
    if old.case.currency != new.case.currency:
        message = (
            f"{old.label} counts in {old.case.currency}, {new.label} in {new.case.currency}; "
            "a difference needs one currency (capexpand compare takes several)"
        )
        raise CaseError([Problem(message)])
    sides: list[Side] = []
    for subject in (old, new):
        if progress is not None:
            progress(subject.label)
        sides.append(Side(subject.label, evaluate(optimise(subject.case))))
    before, after = sides
    plans = before.findings.result.plan, after.findings.result.plan
    documents = Documents.of(old.case, new.case)
    return Difference(
        old=before,
        new=after,
        changes=documents.changes(),
        decisions=_still_open(decisions(*(NamedOrders.of(plan) for plan in plans)), sides),
        causes=causes(documents, Sides(*plans, before.npv, after.npv), progress),
        notes=_notes((old, new), sides),
    )


def _still_open(found: tuple[DecisionChange, ...], sides: list[Side]) -> tuple[DecisionChange, ...]:
    """Decisions of quarters that begin in neither plan's past."""
    start = max(side.findings.result.times.labels[0] for side in sides)
    return tuple(decision for decision in found if decision.quarter >= start)


def _notes(subjects: tuple[Subject, Subject], sides: list[Side]) -> tuple[str, ...]:
    notes: list[str] = []
    starts = [side.findings.result.plan.data.times.labels[0] for side in sides]
    if starts[0] != starts[1]:
        notes.append(
            f"the old value is money of the start of {starts[0]}, the new one of {starts[1]}; what was "
            "earned and paid in between is part of the cause 'time that has passed'"
        )
    for subject, side in zip(subjects, sides, strict=True):
        recorded = _recorded(subject)
        if recorded is not None and abs(side.npv - recorded) > AS_RECORDED * max(1.0, abs(recorded)):
            notes.append(
                f"{subject.label}: planned anew from its case it is worth "
                f"{money(side.npv, side.case.currency)}; the run recorded "
                f"{money(recorded, side.case.currency)}, by another version of capexpand"
            )
    return tuple(notes)


def _recorded(subject: Subject) -> float | None:
    """The value that a run recorded [million], if it did."""
    if subject.folder is None or "metrics.json" not in read_manifest(subject.folder)["files"]:
        return None
    npv = json.loads((subject.folder / "metrics.json").read_text("utf-8")).get("npv")
    return npv / 1e6 if isinstance(npv, int | float) else None
