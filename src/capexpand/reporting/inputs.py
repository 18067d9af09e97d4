"""The input of a report: all findings of a run, in one frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from capexpand.case.schema import Case
from capexpand.finance.bridge import Bridge
from capexpand.finance.by_budget import BudgetCurve
from capexpand.finance.evidence_shares import EvidenceShares, evidence_shares
from capexpand.finance.longer import HorizonCheck
from capexpand.finance.metrics import Metrics
from capexpand.finance.programme import ProgrammeResult
from capexpand.optimiser.what_if import WhatIf
from capexpand.policy.followed import Followed


@dataclass(frozen=True, slots=True)
class RunProvenance:
    """Where a result comes from, so that it can be made again."""

    capexpand: str  # version
    python: str
    solver: str  # name and version
    case_name: str  # folder of the case
    variant: str | None
    case_hash: str  # SHA-256 of the merged document and its tables
    seed: int | None  # of the scenarios; none where nothing is drawn


@dataclass(frozen=True, slots=True)
class EvenPace:
    """A plan that spends a part of the budget evenly; money in millions."""

    fraction: float  # of the budget
    npv: float  # of the programme, after tax
    objective: float


@dataclass(frozen=True, slots=True)
class Examination:
    """How far the headline may be trusted: other sizes, longer horizons, other futures."""

    curve: BudgetCurve | None  # None where sizes are whole
    horizon: tuple[HorizonCheck, ...]
    followed: Followed | None  # None where the case declares no uncertainty
    even: EvenPace | None = None  # the even pace of the highest objective; None where sizes are whole
    standing_mix: EvenPace | None = None  # at that pace in the mix that stands; None where nothing stands
    what_if: WhatIf | None = None  # bounds where limits move; None where none can


@dataclass(frozen=True)
class Findings:
    """The findings of a run: the plan and its returns, the naive plan's, and the checks of both."""

    case: Case
    result: ProgrammeResult  # the optimised plan, with and without the programme
    metrics: Metrics
    naive: ProgrammeResult  # the evenly spent plan
    naive_metrics: Metrics
    bridge: Bridge  # from the objective to the net present value
    checks: dict[str, float]  # name of a limit → largest relative violation found by our own arrays
    warnings: tuple[str, ...]
    provenance: RunProvenance
    examination: Examination | None = None  # of a run; a study of many cases goes without

    @cached_property
    def rests_on(self) -> EvidenceShares | None:
        """Kinds of evidence of the value; None where a plan has no duals, or another aim than the value."""
        plan = self.result.plan
        return None if plan.data.aim else evidence_shares(self.case, plan, self.result.base_plan)
