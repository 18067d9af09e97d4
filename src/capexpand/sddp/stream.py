"""One logical stream of training: its own random numbers, solvers and cut pools.

A stream walks forward through the graph, drawing outcomes and deciding with the cuts known so far, then
backward, making a cut at each state it met (Pereira and Pinto, 1991). Streams exchange cuts at barriers
in a fixed order and share nothing else, so that what a stream computes depends on its number and not on
the process that runs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capexpand.sddp.checked_stage import CheckedStage
from capexpand.sddp.cuts import CutPool, NodeCuts, TrialPoint
from capexpand.sddp.futures import CutKind, NodeGroup, future_of, node_groups
from capexpand.sddp.highs_stage import HighsStage
from capexpand.sddp.kept_cuts import KeptCuts
from capexpand.sddp.normal_form import StageForm, normal_forms
from capexpand.sddp.problem import PolicyGraph
from capexpand.sddp.risk import is_risk_neutral, reweight
from capexpand.sddp.sequence import chain
from capexpand.sddp.stage_solver import SolveCounts, StageSolver

Floats = NDArray[np.float64]

_WORTH_COMPILING = 20_000
"""Columns a sweep from which the own stage solver pays, which is compiled for half a minute on first use."""
_CENTRE_WEIGHT = 0.25
"""Weight of a new state in the running mean that is the centre of a group."""
_STABILISATION_FADES = 100
"""Rounds after which the stabilisation is half as strong as at first: once paths have settled, cuts at the
very states that they meet are worth more than cuts that hold for many."""
_EXACT_ROUNDS = 3
"""Of so many rounds one makes its cuts at the very states that it met; without it nothing would converge."""


@dataclass(frozen=True, slots=True)
class Step:
    """One node on a path, with what was decided there.

    Args:
        node: the node.
        outcome: its outcome.
        state: shape (states,), the outgoing state.
        cost: the stage's cost.
    """

    node: int
    outcome: int
    state: Floats
    cost: float


@dataclass(frozen=True, slots=True)
class Mix:
    """A mixing row of multi-cuts under risk, see ``CutPool.add_mix``."""

    node: int
    weights: Floats


@dataclass(frozen=True, slots=True)
class Iteration:
    """What one iteration of a stream found.

    Args:
        trial_points: the new cuts, in the order of their making.
        mixes: the new mixing rows.
        bound: certified lower bound on the problem's value.
        path_cost: cost of the path that was walked, less what it owes to the control variate.
        first_state: shape (states,), outgoing state of the first stage.
        counts: what the solvers did.
    """

    trial_points: tuple[TrialPoint, ...]
    mixes: tuple[Mix, ...]
    bound: float
    path_cost: float
    first_state: Floats
    counts: SolveCounts


class Solvers:
    """The stage solvers and cut pools of all nodes of a graph.

    Args:
        graph: the problem.
        lower_bound: shape (nodes,), from ``initial_lower_bounds``.
        kind: single or multi cuts.
        back_end: which solver answers the stage programs.
        whole: whether decisions respect whole-number columns.
    """

    def __init__(
        self,
        graph: PolicyGraph,
        lower_bound: Floats,
        *,
        kind: CutKind,
        back_end: str = "highs",
        whole: bool = True,
    ) -> None:
        self.graph = graph
        self.forms = normal_forms(graph)
        back_end = chosen_back_end(graph, back_end)
        self._made_with = (kind, back_end, whole)
        self.node_groups: list[NodeGroup] = node_groups(graph, kind)
        self.group_of = {node: number for number, of in enumerate(self.node_groups) for node in of.members}
        self.pools: list[CutPool] = []
        self.cuts: list[NodeCuts] = [NodeCuts.none()] * len(graph.nodes)
        for group in self.node_groups:
            self._open_pool(group, lower_bound, kind, select_all=back_end == "check")
        self.stages: list[StageSolver] = self._stage_solvers()
        self.sequences = [chain([self.forms[child] for child in of.children]) for of in self.node_groups]
        """In which order a group's followers are evaluated, by their places."""

    def _open_pool(self, group: NodeGroup, lower_bound: Floats, kind: CutKind, *, select_all: bool) -> None:
        """Make the pool of a group and what its members see of it."""
        graph, members = self.graph, group.members
        initial_lower_bounds = [
            _target_lower_bounds(graph, member, lower_bound, kind, group) for member in members
        ]
        outcomes, single = group.probability.shape[1], kind is CutKind.SINGLE
        functions = np.concatenate(initial_lower_bounds) if single else initial_lower_bounds[0][:outcomes]
        pool = CutPool(
            _live_states([self.forms[member] for member in members]), functions, select_all=select_all
        )
        for place, member in enumerate(members):
            own = range(place, place + 1) if single else range(outcomes)
            self.cuts[member] = NodeCuts(pool, own, initial_lower_bounds[place])
        self.pools.append(pool)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the solvers behind but for the room that they needed: they live in a library's memory."""
        return {**self.__dict__, "stages": [getattr(stage, "room", None) for stage in self.stages]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.stages = self._stage_solvers()
        for stage, room in zip(self.stages, state["stages"], strict=True):
            if room is not None:
                stage.make_room(room)  # type: ignore[attr-defined]

    def _stage_solvers(self) -> list[StageSolver]:
        """Make the solver of every node by the back end that serves it."""
        kind, back_end, whole = self._made_with
        futures = [future_of(self.graph, node, kind) for node in range(len(self.graph.nodes))]
        names = [node.name for node in self.graph.nodes]
        parts = list(zip(names, self.forms, futures, self.cuts, strict=True))
        if back_end == "highs":
            return [HighsStage(*part, whole=whole) for part in parts]
        from capexpand.sddp.kernel.stage import KernelStage, Workspace, shape, suits

        solvers: list[StageSolver] = []
        shared: dict[tuple[object, ...], Workspace] = {}
        for number, part in enumerate(parts):
            _, form, future, cuts = part
            if not suits(form, future):
                solvers.append(HighsStage(*part, whole=whole))
                continue
            key = (self.group_of.get(number), len(cuts.lower_bound), *shape(form))
            workspace = shared.setdefault(key, Workspace())
            kernel = KernelStage(*part, workspace=workspace, number=number + 1)
            if back_end == "check":
                solvers.append(CheckedStage(part[0], kernel, HighsStage(*part, cold=True)))
            else:
                solvers.append(kernel)
        return solvers

    def take(self, iteration: Iteration) -> None:
        """Take in what an iteration of another stream found."""
        for point in iteration.trial_points:
            self.pools[point.group].add(point)
        for mix in iteration.mixes:
            self.cuts[mix.node].add_mix(mix.weights)

    def kept(self, number: int) -> KeptCuts:
        """Return what has to be kept of the cuts of a group."""
        mixes = [
            (member, weights)
            for member in self.node_groups[number].members
            for weights in self.cuts[member].mixes
        ]
        found = self.pools[number].kept()
        if not mixes:
            return found
        nodes, weights = zip(*mixes, strict=True)
        return replace(found, mix_nodes=np.array(nodes, dtype=np.int64), mix_weights=np.array(weights))

    def restore(self, number: int, kept: KeptCuts) -> None:
        """Take the kept cuts of a group into solvers that have none.

        Raises:
            ValueError: they are of another group.
        """
        self.pools[number].restore(kept)
        for node, weights in zip(kept.mix_nodes, kept.mix_weights, strict=True):
            member = int(node)
            if member not in self.node_groups[number].members:
                raise ValueError("a kept mixing row is of another group")
            if len(weights) != len(self.cuts[member].lower_bound) - 1:
                raise ValueError("a kept mixing row has another length")
            self.cuts[member].add_mix(weights)

    def counts(self) -> SolveCounts:
        """Return what all solvers did together."""
        total = SolveCounts()
        for stage in self.stages:
            total.add(stage.counts)
        return total

    def back_ends_used(self) -> dict[str, int]:
        """Return how many nodes each stage solver serves."""
        names = [type(stage).__name__ for stage in self.stages]
        return {name: names.count(name) for name in sorted(set(names))}

    def bound(self) -> float:
        """Return a certified lower bound on the value of the problem with its integers relaxed."""
        total = 0.0
        for node in np.flatnonzero(self.graph.root > 0.0):
            stage = self.stages[node]
            stage.evaluate(self.graph.initial_state)
            total += float(self.graph.root[node] * (stage.form.probability @ stage.values))
        return total

    def forget(self) -> None:
        """Drop every basis, so that what follows depends on the cuts alone, and cuts that are of no use."""
        for stage in self.stages:
            stage.forget()
        for pool in self.pools:
            pool.forget_unused()


def _live_states(forms: list[StageForm]) -> NDArray[np.int_]:
    """Return the states that one of several nodes can hand on as anything but zero."""
    live = np.zeros(forms[0].state_count, dtype=np.bool_)
    for form in forms:
        columns = form.outgoing
        live |= (form.data.lower[:, columns] != 0.0).any(axis=0)
        live |= (form.data.upper[:, columns] != 0.0).any(axis=0)
    return np.flatnonzero(live)


def _target_lower_bounds(
    graph: PolicyGraph, node: int, lower_bound: Floats, kind: CutKind, group: NodeGroup
) -> Floats:
    """Return the lower bounds of a node's cost-to-go variables."""
    children = graph.children(node)
    ends = graph.transition[node].sum() < 1.0 - 1e-9
    risk_neutral = is_risk_neutral(graph.nodes[node].risk)
    least = float(graph.transition[node] @ lower_bound)
    if not risk_neutral:
        least = float(min(lower_bound[children].min(), 0.0 if ends else np.inf))
    if kind is CutKind.SINGLE:
        return np.array([least])
    outcomes = [len(graph.nodes[child].realisations.probability) for child in group.children]
    each = np.repeat(lower_bound[list(group.children)], outcomes)
    return each if risk_neutral else np.append(each, least)


def chosen_back_end(graph: PolicyGraph, back_end: str) -> str:
    """Return what ``auto`` means for a graph: the own stage solver for all but small problems."""
    if back_end != "auto":
        return back_end
    columns = sum(
        len(node.realisations.probability) * len(graph.stages[node.stage].cost) for node in graph.nodes
    )
    return "kernel" if columns >= _WORTH_COMPILING else "highs"


class ForwardPassStream:
    """A stream of iterations.

    Args:
        solvers: the stream's own solvers.
        kind: single or multi cuts.
        generator: the stream's own random numbers.
        longest_path: where to stop walking in an endless graph.
        warm_starts: paths to make cuts along before any is walked.
        stabilisation: how far trial points are moved towards the centre of earlier ones, see
            ``TrainingSettings``.
    """

    def __init__(
        self,
        solvers: Solvers,
        *,
        kind: CutKind,
        generator: np.random.Generator,
        longest_path: int,
        warm_starts: tuple[tuple[Step, ...], ...] = (),
        stabilisation: float = 0.0,
    ) -> None:
        self.solvers = solvers
        self._warm_starts = list(warm_starts)
        self.generator = generator
        self._kind = kind
        self._longest_path = longest_path
        self._stabilisation = stabilisation
        self._centres: dict[int, Floats] = {}
        self._rounds = 0
        self._counted = SolveCounts()

    def iterate(self) -> Iteration:
        """Walk forward once and make cuts backward."""
        warm_starts = bool(self._warm_starts)
        exact = warm_starts or self._rounds % _EXACT_ROUNDS == 0
        path = list(self._warm_starts.pop(0)) if warm_starts else self._walk()
        trial_points: list[TrialPoint] = []
        mixes: list[Mix] = []
        cost = float(sum(step.cost for step in path))
        for step, following in zip(reversed(path), (None, *reversed(path)), strict=False):
            group = self.solvers.group_of.get(step.node)
            if group is not None:
                state = step.state if exact else self._trial(group, step.state)
                values = self._make_cuts(group, state, trial_points, mixes)
                if values is not None and not warm_starts and (following or len(path) < self._longest_path):
                    cost -= self._variate(group, step.node, following, values)
        bound = self.solvers.bound()
        if not warm_starts:
            cost -= float(self.solvers.stages[path[0].node].values[path[0].outcome]) - bound
        counts = self.solvers.counts()
        new = SolveCounts()
        new.add(counts)
        _subtract(new, self._counted)
        self._counted = counts
        return Iteration(tuple(trial_points), tuple(mixes), bound, cost, path[0].state, new)

    def _variate(self, number: int, node: int, following: Step | None, values: Floats) -> float:
        """Return how much more the rest costs at what follows a node on a path than in the mean.

        Its mean is zero, whatever the values are, as long as nothing in them knows what follows. So a path's
        cost less its control variate has the mean of its cost, and a spread ten times smaller.

        Args:
            number: of the node's group.
            following: the step that follows, or None where the path ends.
            values: of all outcomes of the group's followers, at one state.
        """
        group = self.solvers.node_groups[number]
        expected = float(group.probability[group.members.index(node)] @ values)
        if following is None:
            return -expected
        before = group.children[: group.children.index(following.node)]
        first = sum(len(self.solvers.stages[child].values) for child in before)
        return float(values[first + following.outcome]) - expected

    def _trial(self, group: int, state: Floats) -> Floats:
        """Return where to make cuts: between a state and the centre of those where cuts were made."""
        centre = self._centres.get(group)
        if centre is None:
            return state
        live, trial = self.solvers.pools[group].states, state.copy()
        trial[live] += (
            self._stabilisation / (1.0 + self._rounds / _STABILISATION_FADES) * (centre - state[live])
        )
        return trial

    def move_centres(self, merged: Sequence[Iteration]) -> None:
        """Move the centres by the states at which all streams of a round made cuts, in their order."""
        self._rounds += 1
        if self._stabilisation == 0.0:
            return
        for iteration in merged:
            moved: set[int] = set()
            for point in iteration.trial_points:
                if point.group not in moved:
                    moved.add(point.group)
                    centre = self._centres.get(point.group, point.state)
                    self._centres[point.group] = centre + _CENTRE_WEIGHT * (point.state - centre)

    def kept(self, number: int) -> KeptCuts:
        """Return what has to be kept of the cuts of a group."""
        centre = self._centres.get(number)
        found = self.solvers.kept(number)
        return found if centre is None else replace(found, centre=centre)

    def restore(self, number: int, kept: KeptCuts) -> None:
        """Take up what was kept of a group."""
        self.solvers.restore(number, kept)
        if kept.centre.size:
            self._centres[number] = kept.centre

    def receive(self, iteration: Iteration) -> None:
        """Take in the cuts of another stream."""
        self.solvers.take(iteration)

    def take_in(self, merged: Sequence[Iteration]) -> None:
        """Take in cuts of an earlier training, whoever found them."""
        for iteration in merged:
            self.receive(iteration)
        self.move_centres(merged)

    def repeat(self, iteration: Iteration) -> None:
        """Take in the cuts of an earlier iteration of this stream, just as it made them."""
        for point in iteration.trial_points:
            self.solvers.pools[point.group].offer(point)
        for mix in iteration.mixes:
            self.solvers.cuts[mix.node].add_mix(mix.weights)

    def _walk(self) -> list[Step]:
        """Draw a path and decide along it."""
        graph, state = self.solvers.graph, self.solvers.graph.initial_state
        node: int | None = draw(self.generator, graph.root)
        path: list[Step] = []
        while node is not None and len(path) < self._longest_path:
            stage = self.solvers.stages[node]
            outcome = draw(self.generator, stage.form.probability)
            decision = stage.decide(state[None], np.array([outcome or 0]))
            state = decision.next_states[0]
            path.append(Step(node, outcome or 0, state, float(decision.stage_costs[0])))
            node = draw(self.generator, graph.transition[node])
        return path

    def _make_cuts(
        self, number: int, state: Floats, trial_points: list[TrialPoint], mixes: list[Mix]
    ) -> Floats | None:
        """Evaluate what can follow at a state and cut the future of every node of a group.

        Returns:
            The values of all outcomes of its followers; None where nothing is proven about one of them.
        """
        solvers, group = self.solvers, self.solvers.node_groups[number]
        stages = [solvers.stages[child] for child in group.children]
        for place in solvers.sequences[number]:
            stages[place].evaluate(state)
        values = np.concatenate([stage.values for stage in stages])
        live = solvers.pools[number].states
        slopes = np.concatenate([stage.slopes for stage in stages])[:, live]
        if not np.isfinite(values).all():  # the solver proved nothing for one of them; another one will
            return None
        here, heights = state[live], values
        if self._kind is CutKind.SINGLE:
            weights = self._weights(group, values)
            heights, slopes = weights @ values, weights @ slopes
        point = TrialPoint(number, here, heights - slopes @ here, slopes)
        if solvers.pools[number].offer(point):
            trial_points.append(point)
        if self._kind is CutKind.SINGLE:
            return values
        for member, probability in zip(group.members, group.probability, strict=True):
            risk = solvers.graph.nodes[member].risk
            if not is_risk_neutral(risk):
                weights = reweight(risk, values, probability)
                if solvers.cuts[member].add_mix(weights):
                    mixes.append(Mix(member, weights))
        return values

    def _weights(self, group: NodeGroup, values: Floats) -> Floats:
        """Return the weights of the outcomes for each member, shape (members, outcomes)."""
        risks = [self.solvers.graph.nodes[member].risk for member in group.members]
        if all(map(is_risk_neutral, risks)):
            return group.probability
        pairs = zip(risks, group.probability, strict=True)
        return np.array([reweight(risk, values, probability) for risk, probability in pairs])


def draw(generator: np.random.Generator, probability: Floats) -> int | None:
    """Draw an index by its probability; None for the rest that is missing to 1."""
    index = int(np.searchsorted(np.cumsum(probability), generator.random(), side="right"))
    if index < len(probability):
        return index
    if probability.sum() > 1.0 - 1e-9:
        return int(np.flatnonzero(probability)[-1])
    return None


def _subtract(counts: SolveCounts, other: SolveCounts) -> None:
    """Subtract another's counts, in place."""
    for name in SolveCounts.__slots__:
        setattr(counts, name, getattr(counts, name) - getattr(other, name))
