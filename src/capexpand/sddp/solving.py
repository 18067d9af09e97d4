"""Solve a multistage stochastic program from a file: the public function behind ``capexpand solve``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from capexpand.errors import CaseError, InfeasibleError, Problem, SolverError
from capexpand.files.json_text import JsonObject
from capexpand.sddp.assessment import assess
from capexpand.sddp.deadline import Deadline, OutOfTimeError, broken_off
from capexpand.sddp.extensive import ExtensiveSolution, solve_extensive
from capexpand.sddp.formats.reading import read_with_scenarios
from capexpand.sddp.formats.stochoptformat import StatedGraph
from capexpand.sddp.futures import CutKind
from capexpand.sddp.initial_lower_bounds import initial_lower_bounds
from capexpand.sddp.policy import Assessment, FirstDecision, Policy
from capexpand.sddp.problem import PolicyGraph
from capexpand.sddp.simulation import simulate_scenarios
from capexpand.sddp.stream import Solvers
from capexpand.sddp.training import Progress, TrainingSettings, train

Floats = NDArray[np.float64]

_TRAINING_SHARE = 0.8
"""Part of the time that is left after reading which the training may take; the rest is for the simulation."""
_MOST = {"iterations": 10**9, "paths": 10**8, "seed": 2**63, "streams": 1000, "workers": 1000}
_SIMULATION_KEY = 2_000_000
_PATHS, _INTEGER_PATHS = 1000, 100


class RecourseError(SolverError):
    """A stage has no feasible point at a state that earlier stages reach, and no cut keeps them from it."""


@dataclass(frozen=True, slots=True)
class TrainedSolution:
    """A policy and its value.

    Args:
        policy: as trained.
        value: of the policy on the problem's own paths; None where the time was up before any was followed.
        scenario_values: on the scenarios of the file, shape (scenarios,); None where it has none or the time
            was up.
    """

    policy: Policy
    value: Assessment | None
    scenario_values: Floats | None

    def document(self) -> JsonObject:
        """Return the solution as plain data, for JSON."""
        policy, value = self.policy, self.value
        counts = policy.counts
        found: JsonObject = {
            "status": policy.status,
            "sense": "max" if policy.graph.maximise else "min",
            "method": "sddp",
            "bound": policy.bound,
            "bound_is": bound_statement(policy),
            "simulated_mean": None if value is None else value.mean,
            "simulated_halfwidth": None if value is None else value.halfwidth,
            "simulated_paths": 0 if value is None else value.paths,
            "simulated_exactly": value is not None and value.exact,
            "risk_value": None if value is None else value.risk_value,
            "gap_fraction": None if value is None else value.gap_fraction,
            "iterations": policy.records[-1].iterations if policy.records else 0,
            "seconds": round(policy.seconds, 3),
            "solves": counts.solves,
            "back_ends": policy.back_ends_used,
            "fallbacks": {
                "refactored": counts.refactored,
                "cold": counts.cold,
                "handed_over": counts.handed_over,
                "uncertified": counts.uncertified,
            },
            "first_stage": _first_stage(policy.first_decisions()),
        }
        if self.scenario_values is not None:
            found["validation_scenarios"] = {
                "mean": float(self.scenario_values.mean()),
                "values": [float(each) for each in self.scenario_values],
            }
        return found


@dataclass(frozen=True, slots=True)
class TreeSolution:
    """The optimum of the whole tree.

    Args:
        graph: the problem.
        extensive: its extensive form's optimum.
    """

    graph: PolicyGraph
    extensive: ExtensiveSolution

    def document(self) -> JsonObject:
        """Return the solution as plain data, for JSON."""
        solution = self.extensive
        return {
            "status": "optimal",
            "sense": "max" if self.graph.maximise else "min",
            "method": "extensive",
            "bound": solution.value,
            "bound_is": "the optimum of the whole tree",
            "simulated_mean": solution.value,
            "simulated_halfwidth": 0.0,
            "iterations": 0,
            "seconds": round(solution.seconds, 3),
            "columns": solution.columns,
            "rows": solution.rows,
            "first_stage": _first_stage(solution.first),
        }


@dataclass(frozen=True, slots=True)
class SolveSettings:
    """How to solve a file: what ``capexpand.solve`` takes, under the same names."""

    method: Literal["sddp", "extensive"] = "sddp"
    iterations: int = 3000
    seconds: float = 120.0
    gap: float = 1.0
    seed: int = 1
    paths: int | None = None
    streams: int = 1
    workers: int = 1
    cuts: Literal["single", "multi"] = "single"
    back_end: str = "auto"
    checkpoint: Path | None = None
    weight: float | None = None
    stages: int | None = None

    def check(self) -> None:
        """Refuse numbers that are not finite or beyond all bounds.

        Raises:
            CaseError: everything that is wrong with them.
        """
        if not (math.isfinite(self.seconds) and math.isfinite(self.gap)):
            raise CaseError([Problem("must be finite numbers", path="seconds and gap")])
        values = {name: getattr(self, name) for name in _MOST}
        problems = [
            Problem(f"is more than {_MOST[name]:,}", path=name)
            for name, value in values.items()
            if value is not None and value > _MOST[name]
        ]
        if problems:
            raise CaseError(problems)

    def training(self, seconds: float) -> TrainingSettings:
        """Return the settings of a training.

        Args:
            seconds: that it may take [s].
        """
        return TrainingSettings(
            iterations=self.iterations,
            seconds=seconds,
            seed=self.seed,
            streams=self.streams,
            workers=self.workers,
            cuts=CutKind(self.cuts),
            back_end=self.back_end,
            gap_fraction=self.gap / 100.0,
        )


def solve(
    file: Path, chosen: SolveSettings | None = None, progress: Progress | None = None
) -> TrainedSolution | TreeSolution:
    """Solve a multistage stochastic linear program and say how good the policy is.

    Args:
        file: in JSON.
        chosen: how; as usual if None.

    Raises:
        CaseError: the file or an argument is wrong.
        InfeasibleError: no policy is feasible.
        RecourseError: a stage cannot go on from a state that earlier stages reach.
        RunError: the checkpoint cannot be used.
        SolverError: the solver failed, or the time was up before there was a result.
    """
    how = SolveSettings() if chosen is None else chosen
    how.check()
    deadline = Deadline.after(how.seconds)
    try:
        with broken_off(deadline):
            stated = read_with_scenarios(file, weight=how.weight, stages=how.stages)
        if how.method == "extensive":
            return TreeSolution(stated.graph, solve_extensive(stated.graph, deadline=deadline))
        settings = how.training(deadline.part(_TRAINING_SHARE).remaining)
        policy = _trained(stated.graph, settings, progress, how.checkpoint)
        return _assessed(stated, policy, settings, how.paths, deadline)
    except OutOfTimeError:
        advice = "raise the limit" + ("" if how.method == "extensive" else ", or take --back-end highs")
        raise SolverError(f"the time was up after {how.seconds:g} s without a result; {advice}") from None


def _trained(
    graph: PolicyGraph, settings: TrainingSettings, progress: Progress | None, checkpoint: Path | None
) -> Policy:
    """Train, and tell a problem without a plan from one whose recourse is not complete."""
    try:
        return train(graph, settings=settings, progress=progress, checkpoint=checkpoint)
    except InfeasibleError as error:
        _check_first_stage(graph)
        raise RecourseError(
            f"{error.conflict[0]}: the recourse is not complete. Training needs a feasible point in every "
            "stage from every state that it can be handed; add a slack with a cost to the stage, or use "
            "--method extensive, which solves small trees without that"
        ) from None


def _check_first_stage(graph: PolicyGraph) -> None:
    """Solve the first stage alone.

    Raises:
        InfeasibleError: not even that is feasible, so no policy is.
    """
    solvers = Solvers(graph, initial_lower_bounds(graph).stage_and_future, kind=CutKind.SINGLE)
    for node in np.flatnonzero(graph.root > 0.0):
        solvers.stages[node].evaluate(graph.initial_state)


def _assessed(
    stated: StatedGraph, policy: Policy, settings: TrainingSettings, paths: int | None, deadline: Deadline
) -> TrainedSolution:
    """Simulate a policy on fresh paths of the lattice and on the scenarios of the file, as time allows."""
    seeds = np.random.SeedSequence(settings.seed, spawn_key=(_SIMULATION_KEY,))
    value, scenario_values = None, None
    try:
        value = assess(
            policy.solvers(),
            policy.bound,
            paths=paths or (_INTEGER_PATHS if stated.graph.has_integers else _PATHS),
            exact_limit=settings.exact_limit,
            check=0,
            generator=np.random.Generator(np.random.PCG64(seeds)),
            workers=settings.workers,
            deadline=deadline,
        )
        if stated.scenarios is not None:
            scenario_values = simulate_scenarios(policy.solvers(), stated.scenarios, deadline=deadline).values
    except OutOfTimeError:
        pass
    except InfeasibleError as error:
        message = f"{error.conflict[0]} on a path of the simulation: the recourse is not complete"
        raise RecourseError(f"{message}; use --method extensive, which solves small trees without") from None
    return TrainedSolution(policy, value, scenario_values)


def bound_statement(policy: Policy) -> str:
    """Return what the bound of a policy bounds, in words."""
    side = "upper" if policy.graph.maximise else "lower"
    if policy.initial_bounds.assumed:
        return f"{side} bound, if no cost-to-go lies below the assumed floor"
    if policy.graph.has_integers:
        return f"{side} bound, with the whole numbers of later stages relaxed"
    return f"certified {side} bound"


def _first_stage(decisions: tuple[FirstDecision, ...]) -> JsonObject:
    """Return one outcome's decisions by name, several under their node and outcome."""
    if len(decisions) == 1:
        return dict(decisions[0].columns)
    return {f"{decision.node}#{decision.outcome}": dict(decision.columns) for decision in decisions}
