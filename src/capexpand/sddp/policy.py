"""A policy: the problem with the cuts that training found, and what is known about how good it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capexpand.sddp.futures import CutKind
from capexpand.sddp.initial_lower_bounds import InitialLowerBounds
from capexpand.sddp.problem import PolicyGraph
from capexpand.sddp.stage_solver import SolveCounts, StageDecisions
from capexpand.sddp.stream import Solvers

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """Where training stands after a round of iterations.

    Args:
        iterations: iterations of all streams so far.
        bound: best certified bound so far, in the sense of the problem.
        path_value: mean value of the paths walked in this round, less a control variate of mean zero.
        recent_mean: mean value of the last hundred paths or fewer, walked while the policy still changed;
            it shows where things stand, and no rule stops by it.
        recent_halfwidth: half of its 95 % confidence interval.
        first_state: shape (states,), outgoing state of the first stage, as decided at the start of the
            round's first iteration.
        seconds: time since the start, earlier sessions of the same training included.
        solves: linear programs solved so far.
    """

    iterations: int
    bound: float
    path_value: float
    recent_mean: float
    recent_halfwidth: float
    first_state: Floats
    seconds: float
    solves: int


@dataclass(frozen=True, slots=True)
class Assessment:
    """A policy's value in the lattice, against the bound.

    Args:
        mean: expected value, in the sense of the problem.
        halfwidth: half of the confidence interval of the mean; zero where computed exactly.
        risk_value: the nested risk of the policy; equal to the mean without risk aversion, None where
            the tree is too large to compute it.
        gap_fraction: what the policy may at most lose against the optimum, as a fraction of the value;
            the upper end of the confidence interval counts. None where nothing can be claimed.
        exact: whether all paths were evaluated rather than a sample.
        paths: number of paths.
    """

    mean: float
    halfwidth: float
    risk_value: float | None
    gap_fraction: float | None
    exact: bool
    paths: int


@dataclass(frozen=True, slots=True)
class FirstDecision:
    """The policy's decision in the first stage in one outcome.

    Args:
        node: name of the node.
        outcome: number of the outcome.
        probability: its probability.
        columns: every decision by its name, the incoming state aside.
    """

    node: str
    outcome: int
    probability: float
    columns: dict[str, float]


@dataclass(frozen=True, slots=True)
class Policy:
    """A trained policy.

    Args:
        graph: the problem.
        kind: single or multi cuts.
        back_end: the stage solver asked for.
        initial_bounds: bounds before the cuts.
        bound: certified bound on the optimum, in the sense of the problem (integers relaxed except in
            the first stage).
        status: ``converged``, ``stalled``, ``iteration_limit``, ``time_limit`` or ``interrupted``.
        assessment: the last one made, if any.
        records: one for each round.
        seconds: time spent.
        counts: what the stage solvers did.
    """

    graph: PolicyGraph
    kind: CutKind
    back_end: str
    initial_bounds: InitialLowerBounds
    bound: float
    status: str
    assessment: Assessment | None
    records: tuple[TrainingRecord, ...]
    seconds: float
    counts: SolveCounts
    _solvers: Solvers

    def solvers(self) -> Solvers:
        """Return stage solvers with all cuts."""
        return self._solvers

    @property
    def back_ends_used(self) -> dict[str, int]:
        """Return how many nodes each stage solver serves."""
        return self.solvers().back_ends_used()

    @property
    def compiled(self) -> bool:
        """Whether the compiled stage solver serves some node."""
        return "KernelStage" in self.back_ends_used

    def decide(self, node: int, state: Floats, outcome: int = 0) -> StageDecisions:
        """Decide at one node, state and outcome."""
        return self.solvers().stages[node].decide(state[None], np.array([outcome]))

    def first_decisions(self) -> tuple[FirstDecision, ...]:
        """Return what the policy does in the first stage, in each of its outcomes."""
        return first_decisions(self.solvers())


def first_decisions(solvers: Solvers) -> tuple[FirstDecision, ...]:
    """Return what solvers decide in the first stage, in each of its outcomes."""
    graph = solvers.graph
    found: list[FirstDecision] = []
    for node in np.flatnonzero(graph.root > 0.0):
        stage = solvers.stages[node]
        form = stage.form
        names = graph.stages[graph.nodes[node].stage].column_names
        outcomes = np.arange(form.outcome_count)
        states = np.tile(graph.initial_state, (len(outcomes), 1))
        decisions = stage.decide(states, outcomes)
        for outcome in outcomes:
            values = decisions.columns[outcome]
            columns = {
                names[column]: float(value) for column, value in zip(form.columns, values, strict=True)
            }
            probability = float(graph.root[node] * form.probability[outcome])
            found.append(FirstDecision(graph.nodes[node].name, int(outcome), probability, columns))
    return tuple(found)


def first_stage_bound(solvers: Solvers) -> float:
    """Return the internal lower bound with the first stage's whole numbers respected."""
    graph, total = solvers.graph, 0.0
    for node in np.flatnonzero(graph.root > 0.0):
        stage = solvers.stages[node]
        outcomes = np.arange(stage.form.outcome_count)
        decisions = stage.decide(np.tile(graph.initial_state, (len(outcomes), 1)), outcomes)
        total += float(graph.root[node] * (stage.form.probability @ decisions.values))
    return total
