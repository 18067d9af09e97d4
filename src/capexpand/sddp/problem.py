"""A multistage stochastic linear program as arrays: stages, realisations and the graph that joins them.

There are no domain words here. A *stage program* is one linear program with columns that carry the
incoming state (fixed by whoever decided before) and columns that carry the outgoing one. A *node* of the
policy graph is a stage program with its own realisations of the data, which are independent of all else
given the node; what depends on the past goes into the state or into the choice of the next node (a Markov
chain). Noise is seen before the node decides. Costs are minimised; ``maximise`` only changes the sign in
which values are reported. The formulation follows Dowson (2020), *The policy graph decomposition of
multistage stochastic programming problems*, Networks 76.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from capexpand.errors import CaseError, Problem
from capexpand.sddp.matrix import ColumnMatrix
from capexpand.sddp.risk import Expectation, RiskMeasure

Floats = NDArray[np.float64]

_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class StageProgram:
    """One stage: least ``cost @ y`` with ``row_lower <= matrix @ y <= row_upper`` and y in bounds.

    Args:
        matrix: all columns, those of the incoming state among them.
        cost: shape (columns,).
        lower: shape (columns,), may be minus infinity; ignored for incoming columns.
        upper: shape (columns,), may be infinity; ignored for incoming columns.
        row_lower: shape (rows,).
        row_upper: shape (rows,).
        incoming: shape (states,), column of each incoming state, -1 where the stage does not use it.
        outgoing: shape (states,), column of each outgoing state, -1 only at stages that nothing follows.
        integer: shape (columns,), which columns must be whole numbers.
        column_names: shape (columns,).
        row_names: shape (rows,).
    """

    matrix: ColumnMatrix
    cost: Floats
    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    incoming: NDArray[np.int_]
    outgoing: NDArray[np.int_]
    integer: NDArray[np.bool_]
    column_names: tuple[str, ...]
    row_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Realisations:
    """The data of a node under each of its outcomes; ``None`` where all outcomes take the stage's own.

    Args:
        probability: shape (outcomes,), sums to 1.
        cost: shape (outcomes, columns).
        lower: shape (outcomes, columns).
        upper: shape (outcomes, columns).
        row_lower: shape (outcomes, rows).
        row_upper: shape (outcomes, rows).
        constant: shape (outcomes,), added to the cost.
        coefficients: shape (outcomes, entries), in place of ``matrix.values``.
    """

    probability: Floats
    cost: Floats | None = None
    lower: Floats | None = None
    upper: Floats | None = None
    row_lower: Floats | None = None
    row_upper: Floats | None = None
    constant: Floats | None = None
    coefficients: Floats | None = None

    @staticmethod
    def certain() -> Realisations:
        """Return the one outcome of a node without noise."""
        return Realisations(np.ones(1))


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the policy graph.

    Args:
        name: how the node is called in results.
        stage: index of its stage program.
        realisations: its outcomes.
        risk: how the costs of what follows this node are weighed.
    """

    name: str
    stage: int
    realisations: Realisations
    risk: RiskMeasure = field(default_factory=Expectation)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class PolicyGraph:
    """The whole problem.

    Args:
        stages: the stage programs.
        nodes: the nodes.
        root: shape (nodes,), probability with which each node comes first.
        transition: shape (nodes, nodes), probability to go from row to column; a row that sums to less
            than 1 ends with the rest, which also serves as discounting.
        initial_state: shape (states,).
        state_names: shape (states,).
        maximise: whether values are reported with the opposite sign.
    """

    stages: tuple[StageProgram, ...]
    nodes: tuple[Node, ...]
    root: Floats
    transition: Floats
    initial_state: Floats
    state_names: tuple[str, ...]
    maximise: bool = False

    def __post_init__(self) -> None:
        problems = list(_problems(self))
        if problems:
            raise CaseError([Problem(text) for text in problems])

    @property
    def sign(self) -> float:
        """Return -1 where a maximum is sought, else 1: reported value = sign times internal cost."""
        return -1.0 if self.maximise else 1.0

    @property
    def has_integers(self) -> bool:
        """Tell whether any stage has whole-number columns."""
        return any(bool(stage.integer.any()) for stage in self.stages)

    @property
    def is_acyclic(self) -> bool:
        """Tell whether no node can follow itself."""
        return topological_order(self.transition) is not None

    def children(self, node: int) -> NDArray[np.int_]:
        """Return the nodes that can follow a node, ascending."""
        return np.flatnonzero(self.transition[node] > 0.0)


def topological_order(transition: Floats) -> list[int] | None:
    """Return the nodes so that each comes before those that follow it, or None where there is a cycle."""
    waiting = (transition > 0.0).sum(axis=0)
    ready = [int(node) for node in np.flatnonzero(waiting == 0)]
    order: list[int] = []
    while ready:
        node = ready.pop(0)
        order.append(node)
        for child in np.flatnonzero(transition[node] > 0.0):
            waiting[child] -= 1
            if waiting[child] == 0:
                ready.append(int(child))
    return order if len(order) == len(transition) else None


_CERTAIN_END = 1e-4
"""Chance to end from which on an endless graph counts as one that ends: ten thousand stages in the mean."""


def _problems(graph: PolicyGraph) -> Sequence[str]:
    """Find everything that is wrong with the arrays."""
    count = len(graph.nodes)
    if graph.root.shape != (count,) or graph.transition.shape != (count, count):
        return ["the graph's probabilities do not fit its nodes"]
    found = _wrong_chances(graph)
    states = len(graph.initial_state)
    found += [
        "a stage does not name an incoming and outgoing column for every state"
        for stage in graph.stages
        if len(stage.incoming) != states or len(stage.outgoing) != states
    ]
    for index, node in enumerate(graph.nodes):
        stage = graph.stages[node.stage]
        if len(graph.children(index)) and (stage.outgoing < 0).any():
            missing = [graph.state_names[i] for i in np.flatnonzero(stage.outgoing < 0)]
            found.append(f"{node.name}: has followers but no outgoing column for {', '.join(missing)}")
    if not np.isfinite(graph.initial_state).all():
        found.append("an initial state is not a finite number")
    return found + _wrong_numbers(graph)


def _wrong_chances(graph: PolicyGraph) -> list[str]:
    """Find probabilities that do not sum to 1, and nodes from which no path ends."""
    found: list[str] = []
    if not abs(graph.root.sum() - 1.0) <= _SUM_TOLERANCE or (graph.root < 0.0).any():
        found.append(f"the probabilities of the first node sum to {graph.root.sum():.6g}, not 1")
    sums = graph.transition.sum(axis=1)
    if (graph.transition < 0.0).any() or not (sums <= 1.0 + _SUM_TOLERANCE).all():
        found.append("the probabilities out of a node are negative or sum to more than 1")
    for node in graph.nodes:
        probability = node.realisations.probability
        if not abs(probability.sum() - 1.0) <= _SUM_TOLERANCE or (probability < 0.0).any():
            total = f"{probability.sum():.6g}"
            found.append(f"{node.name}: the probabilities of its outcomes sum to {total}, not 1")
    return found or _endless(graph)


def _endless(graph: PolicyGraph) -> list[str]:
    """Find a cycle that paths never leave, or hardly ever."""
    if graph.is_acyclic:
        return []
    ends = 1.0 - graph.transition.sum(axis=1) > 1e-9
    can_end, before = ends, np.zeros_like(ends)
    while (can_end != before).any():
        before = can_end
        can_end = can_end | ((graph.transition > 0.0) @ can_end)
    if not can_end.all():
        names = [graph.nodes[node].name for node in np.flatnonzero(~can_end)]
        where = ", ".join(names[:5]) + (" and others" if len(names) > 5 else "")
        why = "probabilities along each cycle must leave a chance to end, which also discounts the future"
        return [f"paths never end once they reach {where}: {why}"]
    stages = np.linalg.solve(np.eye(len(ends)) - graph.transition, np.ones(len(ends)))
    if not 0.0 <= stages.max() <= 1.0 / _CERTAIN_END:
        most = f"{1.0 / _CERTAIN_END:,.0f}"
        return [f"a path goes through {stages.max():,.0f} stages in the mean; at most {most} are solved"]
    return []


def _wrong_numbers(graph: PolicyGraph) -> list[str]:
    """Find numbers that are not finite, and bounds that no number meets."""
    found: list[str] = []
    for number, stage in enumerate(graph.stages):
        name = next((node.name for node in graph.nodes if node.stage == number), "")
        numbers = (("a cost", stage.cost), ("a coefficient", stage.matrix.values))
        found += [f"{name}: {what} is not a finite number" for what, part in numbers if not _is_finite(part)]
        found += _wrong_bounds(name, stage.lower, stage.upper, stage.row_lower, stage.row_upper)
    for node in graph.nodes:
        noise, stage = node.realisations, graph.stages[node.stage]
        numbers = (("cost", noise.cost), ("constant", noise.constant), ("coefficient", noise.coefficients))
        found += [
            f"{node.name}: a {what} of an outcome is not a finite number"
            for what, part in numbers
            if part is not None and not _is_finite(part)
        ]
        bounds = (
            own if part is None else part
            for own, part in (
                (stage.lower, noise.lower), (stage.upper, noise.upper),
                (stage.row_lower, noise.row_lower), (stage.row_upper, noise.row_upper),
            )
        )  # fmt: skip
        found += _wrong_bounds(node.name, *bounds)
    return list(dict.fromkeys(found))


def _wrong_bounds(name: str, *bounds: Floats) -> list[str]:
    """Find bounds without meaning, given the lower and upper ones of columns and then of rows."""
    lower, upper = bounds[0::2], bounds[1::2]
    for least, most in zip(lower, upper, strict=True):
        if (
            np.isnan(least).any()
            or np.isnan(most).any()
            or (least == np.inf).any()
            or (most == -np.inf).any()
        ):
            return [f"{name}: a bound or a right-hand side is not a number"]
    return []


def _is_finite(array: Floats) -> bool:
    return bool(np.isfinite(array).all())
