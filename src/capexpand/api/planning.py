"""``run`` and ``policy``: plan a case, and find a policy for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from capexpand.api.shown import Shown

if TYPE_CHECKING:
    from capexpand.case.schema import Case
    from capexpand.executing.engine import Engine
    from capexpand.pipeline import PlannedPolicy
    from capexpand.policy.case_policy import PolicySettings
    from capexpand.policy.findings import PolicyFindings
    from capexpand.reporting.inputs import Findings
    from capexpand.reporting.sheet import Sheet
    from capexpand.sddp.policy import TrainingRecord
    from capexpand.studies.evidence.findings import EvidenceFindings
    from capexpand.workbook.evidence_page import EvidenceRows

Say = Callable[[str], None]
"""Sees in words how far a command is."""


class TrainingStep(str):
    """How far a training is, in words, with its numbers for whoever draws them.

    Args:
        words: for readers.
        iteration: number of it.
        bound: of the value [million].
        mean: of the last simulated paths [million].
        halfwidth: of its confidence interval [million].
    """

    __slots__ = ("numbers",)
    numbers: Mapping[str, float]

    def __new__(cls, words: str, iteration: int, bound: float, mean: float, halfwidth: float) -> TrainingStep:
        """Return the words with their numbers."""
        made = super().__new__(cls, words)
        made.numbers = {"iteration": iteration, "bound": bound, "mean": mean, "halfwidth": halfwidth}
        return made


_NAMES = {
    "policy": "the policy",
    "naive": "the naive plan",
    "mean_value": "the plan for the mean",
    "base": "the business without the programme",
    "foresight": "perfect foresight",
    "rolling": "the plan made anew each quarter",
    "mean_on_nodes": "the plan for the mean on the numbers of the lattice",
}


@dataclass(frozen=True, slots=True, repr=False)
class Run(Shown):
    """A planned case: everything that was found out, ready to be shown and saved.

    Args:
        findings: of the plans.
        policy: of the policy, if one was sought.
        shown: the sheet of both.
        folder: where the run stands, if it was written.
        evidence: what its value rests on, if it was asked for.
    """

    findings: Findings
    policy: PolicyFindings | None
    shown: Sheet
    folder: Path | None = None
    evidence: EvidenceFindings | None = None

    @property
    def case(self) -> Case:
        """The case that was planned."""
        return self.findings.case

    def save_excel(self, path: Path | str) -> Path:
        """Write the run as a workbook: a financial model in which all money follows its inputs.

        Args:
            path: a file whose name ends in .xlsx; an older workbook of capexpand there is replaced.

        Returns:
            The file.

        Raises:
            RunError: it cannot be written, or the packages for workbooks are not installed.
        """
        from capexpand.workbook.writing import save_workbook

        return save_workbook(self.findings, path, self.policy, evidence=self._evidence_rows())

    def with_workbook(self) -> Run:
        """Return the run with ``workbook.xlsx`` among the files of its folder.

        Raises:
            RunError: the packages for workbooks are not installed.
        """
        from dataclasses import replace

        from capexpand.workbook.writing import workbook_bytes

        book = workbook_bytes(self.findings, self.policy, evidence=self._evidence_rows())
        return replace(self, shown=replace(self.shown, files={**self.shown.files, "workbook.xlsx": book}))

    def _evidence_rows(self) -> EvidenceRows | None:
        from capexpand.api.evidence_in_runs import evidence_rows

        return None if self.evidence is None else evidence_rows(self.evidence)

    def __repr__(self) -> str:
        with_policy = "" if self.policy is None else " with a policy"
        return f"<Run of {self.case.title!r}{with_policy}: {self.document['status']}>"


def run(
    case: Path | str | Case,
    variant: str | None = None,
    out: Path | str | None = None,
    *,
    policy: bool = False,
    risk: str = "mean",
    scenarios: int = 10_000,
    seed: int = 1,
    workers: int = 2,
    on: str | Executor | None = None,
    iterations: int | None = None,
    gap: float | None = None,
    excel: bool = False,
    export: Path | str | None = None,
    evidence: bool = False,
    keep_policy: bool = False,
    progress: Say | None = None,
) -> Run:
    """Plan a case: what the money buys and when, how best to spend it, and whether it pays.

    Args:
        case: a case file, a folder that holds ``case.yaml``, the name of a shipped case, or a loaded case.
        variant: of the case, to be applied.
        out: folder of the run; nothing is written where it is None.
        policy: whether to find a policy as well, which takes minutes.
        risk: attitude of the policy: mean, worst, cvar:LEVEL or cvar:LEVEL:WEIGHT.
        scenarios: to follow the policy through; at least 10.
        seed: of all random numbers of the policy.
        workers: processes of the policy; the result is the same for any number.
        on: where the policy is trained and followed: ``ray`` or ``ray://HOST:PORT`` for a Ray cluster, an
            executor of ``concurrent.futures``, or processes of this machine if None; the result is the same.
        iterations: limit of the training; the usual one if None.
        gap: at which the training ends [%]; the usual one if None.
        excel: whether the run folder holds ``workbook.xlsx``, a financial model with live formulas.
        export: file for the program that the plan solves, ``.mps`` or ``.lp``; none is written where None.
        evidence: whether to say what the value rests on, by kind of evidence, and which facts to find next;
            it takes minutes where a case has hundreds of numbers.
        keep_policy: whether the run folder keeps the policy's cuts in ``policy.cuts``, so that ``simulate``
            can follow it through more futures; they may take hundreds of megabytes.
        progress: sees how far it is.

    Raises:
        CaseError: the case is wrong, or a policy is sought where nothing is uncertain.
        InfeasibleError: no plan satisfies the case.
        SolverError: a solver failed.
        RunError: the folder cannot be written, another process is writing it, or ``excel`` is asked for and
            the packages for workbooks are not installed.
    """
    from contextlib import nullcontext
    from dataclasses import replace

    from capexpand.runs.folder import hold_place

    loaded = loaded_case(case, variant)
    folder = None if out is None else Path(out)
    options = PolicyOptions(risk, scenarios, seed, workers, iterations, gap, on)
    if keep_policy and not policy:
        from capexpand.errors import CaseError, Problem

        raise CaseError([Problem("--keep-policy: there is none to keep; add --policy")])
    if policy:
        options.settings()  # a mistake in them is said before any work is done
        from capexpand.pipeline import refuse_policy

        refuse_policy(loaded)
    if excel:
        from capexpand.workbook.excel import needs_excel

        needs_excel()
    if export is not None:
        from capexpand.optimiser.exporting import check_export

        check_export(Path(export))
    with nullcontext() if folder is None else hold_place(folder):
        found = _found(loaded, folder, options if policy else None, progress or silent)
        if export is not None:
            from capexpand.optimiser.exporting import export_program

            export_program(found.findings.result.plan.data, Path(export))
        if evidence:
            found = _with_evidence(found, workers, on, progress or silent)
        if excel:
            found = found.with_workbook()
        if keep_policy and found.policy is not None:
            from capexpand.policy.kept import KEPT, kept_policy

            cuts = kept_policy(found.policy.outcomes.policy, risk=risk, seed=seed)
            found = replace(found, shown=replace(found.shown, files={**found.shown.files, KEPT: cuts}))
        if folder is not None:
            found.save(folder)
            if policy and found.policy is not None:
                _forget_training(folder, found.policy)
            found = replace(found, folder=folder)
    return found


def policy(
    case: Path | str | Case,
    variant: str | None = None,
    out: Path | str | None = None,
    *,
    risk: str = "mean",
    scenarios: int = 10_000,
    seed: int = 1,
    workers: int = 2,
    on: str | Executor | None = None,
    iterations: int | None = None,
    gap: float | None = None,
    excel: bool = False,
    export: Path | str | None = None,
    keep_policy: bool = False,
    progress: Say | None = None,
) -> Run:
    """Plan a case and find a policy for it: orders to commit now, and a rule for the later ones.

    The arguments are those of ``run``.
    """
    return run(
        case, variant, out, policy=True, risk=risk, scenarios=scenarios, seed=seed, workers=workers, on=on,
        iterations=iterations, gap=gap, excel=excel, export=export, keep_policy=keep_policy,
        progress=progress,
    )  # fmt: skip


def loaded_case(case: Path | str | Case, variant: str | None) -> Case:
    """Return a case that may be loaded already.

    Raises:
        CaseError: it is wrong, or loaded without the variant.
    """
    from capexpand.case.loading import load_case
    from capexpand.case.schema import Case
    from capexpand.errors import CaseError, Problem

    if not isinstance(case, Case):
        return load_case(case, variant)
    if variant not in (None, case.provenance.variant):
        raise CaseError([Problem("is loaded already; load it with this variant", file=case.provenance.path)])
    return case


def silent(_: str) -> None:
    """Show nothing."""


def _with_evidence(found: Run, workers: int, on: str | Executor | None, say: Say) -> Run:
    from dataclasses import replace

    from capexpand.api.evidence_in_runs import with_evidence
    from capexpand.executing.choosing import engine_on
    from capexpand.studies.evidence.findings import find_evidence

    with engine_on(on, workers=workers) as engine:
        rests_on = find_evidence(
            found.case, found.case.title, engine=engine, progress=lambda what: say(f"Planning {what}")
        )
    return replace(found, shown=with_evidence(found.shown, rests_on), evidence=rests_on)


def _found(case: Case, folder: Path | None, options: PolicyOptions | None, say: Say) -> Run:
    with ThreadPoolExecutor(max_workers=1) as pool:
        say("Optimising the plan")
        from capexpand.reporting.bundle import warm_up

        pool.submit(warm_up)  # the page's scripts load while the solver works
        from capexpand.pipeline import evaluate, examine, optimise, report

        plans = optimise(case)
        say("Trying other budgets, horizons and futures")
        examination = examine(plans)
        say("Accounting")
        findings = evaluate(plans, examination)
        sought = None if options is None else find_policy(case, folder, say, options)
        say("Writing the report")
        return Run(findings, sought, report(findings, sought))


@dataclass(frozen=True, slots=True)
class PolicyOptions:
    """The settings of a policy.

    Args:
        risk: attitude, as ``read_risk`` takes it.
        scenarios: to follow the policy through.
        seed: of the training; the scenarios have another of their own.
        workers: processes.
        iterations: limit of the training, or None for the usual one.
        gap_percent: at which the training ends, or None for the usual one.
        on: where it is trained and followed; None for processes of this machine.
    """

    risk: str
    scenarios: int
    seed: int
    workers: int
    iterations: int | None = None
    gap_percent: float | None = None
    on: str | Executor | None = None

    def settings(self) -> PolicySettings:
        """Return the settings of the training.

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


def find_policy(case: Case, folder: Path | None, say: Say, options: PolicyOptions) -> PolicyFindings:
    """Find the policy of a case and follow it through scenarios.

    Args:
        case: as loaded.
        folder: of the run, beside which the training keeps its place in a file until the run is written.
        say: shows how far it is.
        options: of the policy.

    Raises:
        CaseError: the case declares nothing unknown, or the attitude to risk is none.
    """
    from capexpand.executing.choosing import engine_on
    from capexpand.pipeline import evaluate_policy, simulate

    def followed(way: str, done: int, count: int) -> None:
        say(f"Following {_NAMES[way]}: {done} of {count} scenarios (Ctrl-C keeps these)")

    with engine_on(options.on, workers=options.workers) as engine:
        planned = _trained(case, None if folder is None else _training_file(folder), say, options, engine)
        outcomes = simulate(
            planned, options.scenarios, seed=options.seed + 1, engine=engine, progress=followed
        )
    return evaluate_policy(planned, outcomes)


def _training_file(folder: Path) -> Path:
    return folder.parent / f".{folder.name}.training"


def _forget_training(folder: Path, findings: PolicyFindings) -> None:
    """Remove the training's file once the run is written, unless the training is to go on another time."""
    from capexpand.policy.findings import interruption_note

    if interruption_note(findings) is None:
        _training_file(folder).unlink(missing_ok=True)


def _trained(
    case: Case, checkpoint: Path | None, say: Say, options: PolicyOptions, engine: Engine
) -> PlannedPolicy:
    """Train from the checkpoint on; one of another case or other settings is of no use any more."""
    from capexpand.pipeline import LatticeSettings, optimise_policy
    from capexpand.sddp.checkpoint import ForeignCheckpointError

    settings = options.settings()
    say("Drawing futures")

    def trained(record: TrainingRecord) -> bool:
        say(
            TrainingStep(
                f"Training, iteration {record.iterations}: bound {record.bound:,.0f} mn, "
                f"last paths {record.recent_mean:,.0f} ± {record.recent_halfwidth:,.0f} mn "
                "(Ctrl-C keeps this)",
                record.iterations, record.bound, record.recent_mean, record.recent_halfwidth,
            )
        )  # fmt: skip
        return False

    def find() -> PlannedPolicy:
        lattice = LatticeSettings(seed=options.seed)
        return optimise_policy(
            case,
            settings=settings,
            lattice=lattice,
            progress=trained,
            checkpoint=checkpoint,
            engine=engine,
        )

    try:
        return find()
    except ForeignCheckpointError:
        if checkpoint is None:
            raise
        checkpoint.unlink()
        return find()
