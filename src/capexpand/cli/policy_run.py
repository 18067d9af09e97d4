"""The part of ``capexpand run --policy`` that finds a policy and follows it, with progress and resuming."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.status import Status

    from capexpand.case.schema import Case
    from capexpand.optimiser.multistage.policy import TrainingRecord
    from capexpand.reporting.policy_findings import PolicyFindings

_NAMES = {
    "policy": "the policy",
    "naive": "the naive plan",
    "mean_value": "the plan for the mean",
    "base": "the business without the programme",
    "foresight": "perfect foresight",
    "rolling": "the plan made anew each quarter",
}


def find_policy(
    case: Case, folder: Path, status: Status, *, risk: str, scenarios: int, seed: int, workers: int
) -> PolicyFindings:
    """Returns what there is to say about the policy of a case.

    Args:
        case: as loaded.
        folder: of the run; the training keeps its place in a file beside it until it is done.
        status: the line that shows progress.
        risk: attitude, as ``read_risk`` takes it.
        scenarios: to follow the policy through.
        seed: of the training; the scenarios have another of their own.
        workers: processes.

    Raises:
        CaseError: the case declares nothing unknown, or the attitude to risk is none.
    """
    from capexpand.optimiser.case_policy import PolicySettings
    from capexpand.optimiser.risk_attitudes import read_risk
    from capexpand.pipeline import LatticeSettings, evaluate_policy, optimise_policy, simulate

    settings = PolicySettings(risk=read_risk(risk), seed=seed, workers=workers)
    folder.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = folder.parent / f".{folder.name}.training"
    status.update("Drawing futures")

    def trained(record: TrainingRecord) -> bool:
        status.update(
            f"Training, iteration {record.iterations}: bound {record.bound:,.0f} mn, "
            f"last paths {record.recent_mean:,.0f} ± {record.recent_halfwidth:,.0f} mn (Ctrl-C keeps this)"
        )
        return False

    def followed(way: str, done: int, count: int) -> None:
        status.update(f"Following {_NAMES[way]}: {done} of {count} scenarios")

    planned = optimise_policy(
        case, settings=settings, lattice=LatticeSettings(seed=seed), progress=trained, checkpoint=checkpoint
    )
    outcomes = simulate(planned, scenarios, seed=seed + 1, workers=workers, progress=followed)
    findings = evaluate_policy(planned, outcomes)
    checkpoint.unlink(missing_ok=True)
    return findings
