"""The cost of a policy on sampled paths of the lattice, on all of them, and on scenarios from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from capexpand.errors import InfeasibleError, SolverError
from capexpand.sddp.deadline import Deadline, OutOfTimeError
from capexpand.sddp.normal_form import StageData, form_data
from capexpand.sddp.parallel import in_slices
from capexpand.sddp.problem import PolicyGraph, Realisations
from capexpand.sddp.risk import reweight
from capexpand.sddp.stage_solver import StageDecisions
from capexpand.sddp.stream import Solvers

Floats = NDArray[np.float64]
Observer = Callable[[int, int, NDArray[np.int_], StageDecisions], None]
"""Called with depth, node, the paths that are there and their decisions."""

_LONGEST_PATH = 100_000
_PATHS_WORTH_CONTROL = 100
_RECENT_STATES = 20
_SLICE = 125
"""Paths that are followed with one stream of random numbers, from fresh bases."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """Sampled paths.

    Args:
        values: shape (paths,), in the sense of the problem.
        mean: estimate of the policy's value: their mean, less what a control variate explains of it.
        halfwidth: half of the confidence interval of ``mean``.
    """

    values: Floats
    mean: float
    halfwidth: float


def simulate(
    solvers: Solvers,
    paths: int,
    *,
    generator: np.random.Generator,
    confidence: float = 0.95,
    workers: int = 1,
    deadline: Deadline | None = None,
) -> Simulation:
    """Sample paths of the lattice and follow the policy along them.

    What a path costs depends on what it meets at least as much as on what the policy does. So the mean is
    corrected by a control variate: the sum over the stages of how much more the rest costs at the outcome met
    than in the mean of what could have been met, both from one fixed state a stage. Its mean is zero and
    its values come from the policy's own stage programs (Glasserman, 2003, *Monte Carlo Methods in
    Financial Engineering*, section 4.1).

    Args:
        solvers: a policy's, see ``Policy.solvers``; their bases are dropped.
        generator: random numbers; not those of training.
        confidence: of the interval around the mean.
        workers: processes, no part of the result.
        deadline: when to stop with the paths that were followed until then, or None.

    Raises:
        OutOfTimeError: not even the first paths came to their end.
        SolverError: a path does not end.
    """
    ends = deadline or Deadline()
    sign = solvers.graph.sign
    solvers.forget()
    control = _Control(solvers) if paths >= _PATHS_WORTH_CONTROL else None
    generators = generator.spawn(-(-paths // _SLICE))

    def follow(part: slice) -> tuple[Floats, Floats] | None:
        solvers.forget()
        generator = generators[part.start // _SLICE]
        try:
            return _follow(solvers, part.stop - part.start, generator, control, ends)
        except OutOfTimeError:
            return None

    parts: list[tuple[Floats, Floats]] = []
    for _, found in in_slices(follow, paths, workers=workers, size=_SLICE):
        if found is None:  # those that follow would be a sample of the quick ones
            break
        parts.append(found)
    if not parts:
        raise OutOfTimeError
    costs, variate = (np.concatenate([part[number] for part in parts]) for number in (0, 1))
    return _summary(sign * costs, confidence, sign * (variate - control.start) if control else None)


def _follow(
    solvers: Solvers,
    paths: int,
    generator: np.random.Generator,
    control: _Control | None,
    deadline: Deadline,
) -> tuple[Floats, Floats]:
    """Return the costs of sampled paths and their control variates, zero without control."""
    graph = solvers.graph
    states = np.tile(graph.initial_state, (paths, 1))
    costs, variate = np.zeros(paths), np.zeros(paths)
    nodes = _draw_many(generator, np.tile(graph.root, (paths, 1)))
    for _ in range(_LONGEST_PATH):
        if (nodes < 0).all():
            return costs, variate
        for node in np.unique(nodes[nodes >= 0]):
            deadline.check()
            here = np.flatnonzero(nodes == node)
            probability = solvers.stages[node].form.probability
            outcomes = _draw_many(generator, np.tile(probability / probability.sum(), (len(here), 1)))
            decisions = solvers.stages[node].decide(states[here], outcomes)
            costs[here] += decisions.stage_costs
            states[here] = decisions.next_states
            if control is not None:
                variate[here] += control.variate(int(node), outcomes)
        walking = np.flatnonzero(nodes >= 0)
        nodes[walking] = _draw_many(generator, graph.transition[nodes[walking]])
    raise SolverError(f"a path did not end within {_LONGEST_PATH:,} stages")


class _Control:
    """What the rest costs at each outcome of each node from a fixed state, and in the mean of what follows.

    The state is the mean of those at which the last cuts of the nodes before were made.
    """

    def __init__(self, solvers: Solvers) -> None:
        graph = solvers.graph
        rest = [np.zeros(stage.form.outcome_count) for stage in solvers.stages]
        for node in np.flatnonzero(graph.root > 0.0):
            rest[node] = _values(solvers, int(node), graph.initial_state)
        for group, pool in zip(solvers.node_groups, solvers.pools, strict=True):
            state = graph.initial_state
            if pool.count:
                state = np.zeros(len(graph.initial_state))
                state[pool.states] = pool.trial_states(_RECENT_STATES).mean(axis=0)
            for child in group.children:
                rest[child] = _values(solvers, child, state)
        mean = np.array(
            [stage.form.probability @ costs for stage, costs in zip(solvers.stages, rest, strict=True)]
        )
        self._rest = rest
        self._expected = graph.transition @ mean
        self.start = float(graph.root @ mean)

    def variate(self, node: int, outcomes: NDArray[np.int_]) -> Floats:
        """Return what outcomes of a node add to the control variate, with what is expected after them."""
        return self._rest[node][outcomes] - self._expected[node]


def _values(solvers: Solvers, node: int, state: Floats) -> Floats:
    """The costs of all outcomes of a node at a state; zero where nothing is proven about one of them."""
    stage = solvers.stages[node]
    try:
        stage.evaluate(state)
    except InfeasibleError:  # such a mean of states no path may meet
        return np.zeros(len(stage.values))
    return stage.values.copy() if np.isfinite(stage.values).all() else np.zeros(len(stage.values))


@dataclass(frozen=True, slots=True)
class ScenarioStage:
    """One stage of scenarios that come from outside the lattice.

    Args:
        nodes: shape (paths,), the node whose cuts value the future of each path; -1 where it has ended.
        realise: gives the true data of some paths at a node, one outcome for each of them in order.
    """

    nodes: NDArray[np.int_]
    realise: Callable[[int, NDArray[np.int_]], Realisations]


def simulate_scenarios(
    solvers: Solvers,
    stages: list[ScenarioStage],
    *,
    observe: Observer | None = None,
    deadline: Deadline | None = None,
) -> Simulation:
    """Follow the policy along given scenarios, with their own data and the nearest nodes' cuts.

    Args:
        deadline: when to give up, or None.

    Raises:
        OutOfTimeError: the deadline came first.
    """
    ends = deadline or Deadline()
    graph = solvers.graph
    paths = len(stages[0].nodes)
    states = np.tile(graph.initial_state, (paths, 1))
    costs = np.zeros(paths)
    for depth, stage in enumerate(stages):
        for node in np.unique(stage.nodes[stage.nodes >= 0]):
            ends.check()
            here = np.flatnonzero(stage.nodes == node)
            noise = stage.realise(int(node), here)
            program = graph.stages[graph.nodes[node].stage]
            data: StageData = form_data(program, solvers.forms[node], noise)
            decisions = solvers.stages[node].decide(states[here], np.arange(len(here)), data=data)
            costs[here] += decisions.stage_costs
            states[here] = decisions.next_states
            if observe is not None:
                observe(depth, int(node), here, decisions)
    return _summary(graph.sign * costs, 0.95)


def path_count(graph: PolicyGraph, limit: int) -> int | None:
    """Count the outcomes on the problem's tree, or None where there are more than a limit or no end."""
    if not graph.is_acyclic:
        return None
    outcomes = np.array([len(node.realisations.probability) for node in graph.nodes], dtype=float)
    follows = graph.transition > 0.0
    level = (graph.root > 0.0) * outcomes
    total = 0.0
    while level.any():
        total += level.sum()
        if total > limit:
            return None
        level = (level @ follows) * outcomes
    return int(total)


@dataclass(frozen=True, slots=True)
class ExactValue:
    """The value of a policy over the whole tree, in the sense of the problem.

    Args:
        mean: its expectation.
        risk_value: its nested risk.
    """

    mean: float
    risk_value: float


def evaluate_exactly(solvers: Solvers) -> ExactValue:
    """Evaluate a policy on every path of a small tree.

    The nested risk of a policy is at least the optimum, so it closes a deterministic gap, also under
    risk aversion, where no sample mean can.
    """
    graph = solvers.graph
    mean = risk_value = 0.0
    for node in np.flatnonzero(graph.root > 0.0):
        means, risks = _exact_node(solvers, int(node), graph.initial_state)
        probability = graph.root[node] * solvers.stages[node].form.probability
        mean += float(probability @ means)
        risk_value += float(probability @ risks)
    return ExactValue(graph.sign * mean, graph.sign * risk_value)


def _exact_node(solvers: Solvers, node: int, state: Floats) -> tuple[Floats, Floats]:
    """Return expected and risk-adjusted cost of each outcome of a node at a state."""
    graph, stage = solvers.graph, solvers.stages[node]
    outcomes = np.arange(stage.form.outcome_count)
    decisions = stage.decide(np.tile(state, (len(outcomes), 1)), outcomes)
    means, risks = decisions.stage_costs.copy(), decisions.stage_costs.copy()
    children = graph.children(node)
    if not len(children):
        return means, risks
    probability = np.concatenate(
        [graph.transition[node, child] * solvers.stages[child].form.probability for child in children]
    )
    for outcome in outcomes:
        parts = [_exact_node(solvers, int(child), decisions.next_states[outcome]) for child in children]
        means[outcome] += probability @ np.concatenate([part[0] for part in parts])
        costs = np.concatenate([part[1] for part in parts])
        risks[outcome] += reweight(graph.nodes[node].risk, costs, probability) @ costs
    return means, risks


def _draw_many(generator: np.random.Generator, probability: Floats) -> NDArray[np.int_]:
    """Draw an index for each row of probabilities; -1 for the rest that is missing to 1."""
    cumulative = np.cumsum(probability, axis=1)
    full = probability.sum(axis=1) > 1.0 - 1e-9
    cumulative[full, -1] = np.inf
    drawn = (generator.random(len(probability))[:, None] >= cumulative).sum(axis=1)
    over = drawn >= probability.shape[1]
    drawn[over] = -1
    # A full row whose last entries are zero must not land on them.
    for row in np.flatnonzero((drawn >= 0) & (probability[np.arange(len(drawn)), drawn] <= 0.0)):
        drawn[row] = int(np.flatnonzero(probability[row])[-1])
    return drawn


def _summary(values: Floats, confidence: float, control: Floats | None = None) -> Simulation:
    """Mean and interval, with a control variate of mean zero at its best weight where there is one."""
    quantile = NormalDist().inv_cdf(0.5 + confidence / 2.0)
    rest = values
    if control is not None and (variance := float(control.var())) > 0.0:
        weight = float(((control - control.mean()) * values).mean()) / variance
        rest = values - weight * control
    spread = float(rest.std(ddof=1)) if len(values) > 1 else 0.0
    return Simulation(values, float(rest.mean()), float(quantile * spread / np.sqrt(len(values))))
