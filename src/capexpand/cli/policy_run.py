"""The part of ``capexpand run --policy`` that finds a policy and follows it, with progress and resuming."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capexpand.case.schema import Case
    from capexpand.pipeline import PlannedPolicy
    from capexpand.policy.case_policy import PolicySettings
    from capexpand.policy.findings import PolicyFindings
    from capexpand.reporting.terminal import Say
    from capexpand.sddp.policy import TrainingRecord

_NAMES = {
    "policy": "the policy",
    "naive": "the naive plan",
    "mean_value": "the plan for the mean",
    "base": "the business without the programme",
    "foresight": "perfect foresight",
    "rolling": "the plan made anew each quarter",
}


@dataclass(frozen=True, slots=True)
class PolicyOptions:
    """What the command line says about a policy.

    Args:
        risk: attitude, as ``read_risk`` takes it.
        scenarios: to follow the policy through.
        seed: of the training; the scenarios have another of their own.
        workers: processes.
        iterations: limit of the training, or None for the usual one.
        gap_percent: at which the training ends, or None for the usual one.
    """

    risk: str
    scenarios: int
    seed: int
    workers: int
    iterations: int | None = None
    gap_percent: float | None = None

    def settings(self) -> PolicySettings:
        """Returns the settings of the training.

        Raises:
            CaseError: the attitude to risk is none.
        """
        from capexpand.policy.case_policy import PolicySettings
        from capexpand.policy.risk_attitudes import read_risk

        usual = PolicySettings()
        return PolicySettings(
            risk=read_risk(self.risk),
            seed=self.seed,
            workers=self.workers,
            iterations=usual.iterations if self.iterations is None else self.iterations,
            gap_fraction=usual.gap_fraction if self.gap_percent is None else self.gap_percent / 100.0,
        )


def find_policy(case: Case, folder: Path, say: Say, options: PolicyOptions) -> PolicyFindings:
    """Returns what there is to say about the policy of a case.

    Args:
        case: as loaded.
        folder: of the run; the training keeps its place in a file beside it until it is done.
        say: shows what is being done.
        options: what the command line says.

    Raises:
        CaseError: the case declares nothing unknown, or the attitude to risk is none.
        RunError: another process works on the same folder.
    """
    from capexpand.files import hold
    from capexpand.pipeline import evaluate_policy, simulate
    from capexpand.policy.findings import interruption_note

    def followed(way: str, done: int, count: int) -> None:
        say(f"Following {_NAMES[way]}: {done} of {count} scenarios (Ctrl-C keeps these)")

    checkpoint = folder.parent / f".{folder.name}.training"
    with hold(folder):  # before the training, which two processes would share, and until its file is removed
        planned = _trained(case, checkpoint, say, options)
        outcomes = simulate(
            planned, options.scenarios, seed=options.seed + 1, workers=options.workers, progress=followed
        )
        findings = evaluate_policy(planned, outcomes)
        if interruption_note(findings) is None:
            checkpoint.unlink(missing_ok=True)
    return findings


def _trained(case: Case, checkpoint: Path, say: Say, options: PolicyOptions) -> PlannedPolicy:
    """Trains from the checkpoint on; one of another case or other settings is of no use any more."""
    from capexpand.pipeline import LatticeSettings, optimise_policy
    from capexpand.sddp.checkpoint import ForeignCheckpointError

    settings = options.settings()
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    say("Drawing futures")

    def trained(record: TrainingRecord) -> bool:
        say(
            f"Training, iteration {record.iterations}: bound {record.bound:,.0f} mn, "
            f"last paths {record.recent_mean:,.0f} ± {record.recent_halfwidth:,.0f} mn (Ctrl-C keeps this)"
        )
        return False

    def find() -> PlannedPolicy:
        lattice = LatticeSettings(seed=options.seed)
        return optimise_policy(
            case, settings=settings, lattice=lattice, progress=trained, checkpoint=checkpoint
        )

    try:
        return find()
    except ForeignCheckpointError:
        checkpoint.unlink()
        return find()
