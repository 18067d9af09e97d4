"""Finds a policy for a case: what to commit now, and a rule for later that reacts to what is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from capexpand.model.blocks import ABSENT, Floats
from capexpand.model.data import ModelData
from capexpand.model.stage import Stage
from capexpand.policy.graph import Stages, lower_bound, policy_graph, take_apart
from capexpand.policy.warm_starts import warm_start_trajectories, whole_contract_trajectories
from capexpand.scenarios.lattice import Lattice
from capexpand.sddp.policy import Policy, TrainingRecord
from capexpand.sddp.risk import Expectation, RiskMeasure
from capexpand.sddp.simulation import simulate
from capexpand.sddp.training import OpenStreams, TrainingSettings, train
from capexpand.sddp.workers import open_workers

Progress = Callable[[TrainingRecord], bool | None]
_CHECK_KEY = 2_000_000


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """How to find a policy.

    Args:
        risk: how a planner weighs what may follow.
        iterations: limit of the training.
        seconds: limit of time, or None; a training that it ends is not reproducible to the last digit.
        gap_fraction: of the bound, at which the training may stop; with a smaller one it also
            goes on for longer where the bound hardly moves.
        seed: of all random numbers of the training.
        streams: logical streams, part of the result.
        workers: processes, no part of it.
        sample_paths: of the lattice, on which the gap is measured.
        warm_starts: number of good plans of single futures along which the first cuts are made.
        stabilisation: of the engine, see its ``TrainingSettings``.
        back_end: of the engine.
    """

    risk: RiskMeasure = field(default_factory=Expectation)
    iterations: int = 300
    seconds: float | None = None
    gap_fraction: float = 0.01
    seed: int = 1
    streams: int = 2
    workers: int = 1
    sample_paths: int = 500
    warm_starts: int = 4
    stabilisation: float = 0.3
    back_end: str = "auto"


@dataclass(frozen=True, slots=True)
class Gap:
    """How far a policy may be from the best one on the lattice.

    Args:
        bound: no policy is worth more on the lattice [money].
        mean: of the policy in sampled paths of the lattice.
        halfwidth: half the 95 % confidence interval of the mean.
        fraction: (bound − mean) / |bound|; None with risk aversion, where no sample can tell.
        paths: sampled.
    """

    bound: float
    mean: float
    halfwidth: float
    fraction: float | None
    paths: int


@dataclass(frozen=True, slots=True)
class FirstOrders:
    """What a policy commits in its first quarter."""

    power_mw: Floats  # [power option]
    units: Floats  # [offer option, destination]
    energy_mw: Floats  # [contract for energy] signed for; generators and storage are bought or rented so
    reserved: Floats  # [hire option] units reserved from clouds
    signed: Floats  # [contract with a customer] part that is signed of those whose last day is in the quarter

    @classmethod
    def of(cls, columns: Floats, stage: Stage) -> FirstOrders:
        """Return what a solution [column] orders in a stage."""
        blocks = (
            stage.power.ordered, stage.orders.ordered, stage.energy.signed, stage.hire.signed, stage.signed
        )  # fmt: skip
        return cls(*(np.where(block == ABSENT, 0.0, columns[np.maximum(block, 0)]) for block in blocks))


@dataclass(frozen=True, slots=True)
class CasePolicy:
    """A policy for a case.

    Args:
        stages: the case taken apart.
        lattice: on which it was trained.
        trained: the engine's policy.
        gap: how good it is.
    """

    stages: Stages
    lattice: Lattice
    trained: Policy
    gap: Gap

    @property
    def data(self) -> ModelData:
        """The compiled case as the policy sees it."""
        return self.stages.data

    def first_orders(self) -> FirstOrders:
        """Returns what the first quarter commits."""
        numbers = self.stages.numbers[0]
        self.trained.solvers().forget()  # among equally good orders the cuts decide
        decided = self.trained.decide(0, self.stages.layout.opening)
        columns = np.zeros(numbers.built.program.cost.size)
        columns[self.trained.solvers().forms[0].columns] = decided.columns[0]
        return FirstOrders.of(columns, numbers.built.stage)


def optimise_policy(
    m: ModelData,
    lattice: Lattice,
    *,
    settings: PolicySettings | None = None,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
    open_streams: OpenStreams = open_workers,
) -> CasePolicy:
    """Returns the policy of highest objective on a lattice, by stochastic dual dynamic programming.

    Args:
        progress: sees each round and may end the training; Ctrl-C ends it too; what was reached stays.
        checkpoint: file from which the training resumes.
        open_streams: spreads the streams over workers.

    Raises:
        SolverError: a program could not be solved.
        RunError: the checkpoint belongs to another case or cannot be written.
    """
    chosen = settings or PolicySettings()
    stages = take_apart(m, lattice)
    graph = policy_graph(stages, lattice, chosen.risk)
    trained = train(
        graph,
        settings=TrainingSettings(
            iterations=chosen.iterations,
            seconds=chosen.seconds,
            seed=chosen.seed,
            streams=chosen.streams,
            workers=chosen.workers,
            gap_fraction=chosen.gap_fraction,
            stall_fraction=0.05 * chosen.gap_fraction,
            stall_iterations=20,
            sample_paths=chosen.sample_paths,
            stabilisation=chosen.stabilisation,
            lower_bound=lower_bound(stages, graph),
            back_end=chosen.back_end,
        ),
        progress=progress,
        checkpoint=checkpoint,
        open_streams=open_streams,
        warm_starts=whole_contract_trajectories(m, stages, lattice)
        + warm_start_trajectories(stages, lattice, chosen.warm_starts, seed=chosen.seed),
    )
    neutral = chosen.risk.mixture() == Expectation().mixture()
    return CasePolicy(stages, lattice, trained, _gap(trained, chosen, neutral=neutral))


def _gap(trained: Policy, settings: PolicySettings, *, neutral: bool) -> Gap:
    """The last assessment of the training, or one of its own where the training ended without any."""
    found = trained.assessment
    if found is not None and abs(found.mean) > 0.0 and trained.status == "converged":
        mean, halfwidth, paths = found.mean, found.halfwidth, found.paths
    else:
        seeds = np.random.SeedSequence(settings.seed, spawn_key=(_CHECK_KEY,))
        sample = simulate(
            trained.solvers(),
            settings.sample_paths,
            generator=np.random.Generator(np.random.PCG64(seeds)),
            workers=settings.workers,
        )
        mean, halfwidth, paths = sample.mean, sample.halfwidth, settings.sample_paths
    fraction = (trained.bound - mean) / max(abs(trained.bound), 1e-9) if neutral else None
    return Gap(trained.bound, mean, halfwidth, fraction, paths)
