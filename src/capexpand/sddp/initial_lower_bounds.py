"""A valid lower bound on each node's cost-to-go, needed before the first cut.

First by sight: a stage whose costs all stand on finite bounds cannot cost less than their sum. Where that
is not finite, by relaxation: the stage's program with a free incoming state (within the bounds that the
outgoing columns before it have) and the outcomes' data relaxed to their union. Where even that is
unbounded, the states along the unbounded direction are boxed: the least and the greatest value that each
can reach stage after stage from the initial state, by small programs; all states where those alone do not
help. What is still unbounded then is *assumed* to be above a large negative number, which the result states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capexpand.sddp.highs_library import HighsOptions, HighsProgram, SolveStatus
from capexpand.sddp.problem import PolicyGraph, Realisations, StageProgram, topological_order

Floats = NDArray[np.float64]

_ASSUMED = -1e7
_ROUNDS = 40


@dataclass(frozen=True, slots=True)
class InitialLowerBounds:
    """Lower bounds before any cut.

    Args:
        stage_and_future: shape (nodes,), a bound on the cost of a node and of all that follows it.
        assumed: whether any of them is an assumption rather than proven.
    """

    stage_and_future: Floats
    assumed: bool


def initial_lower_bounds(graph: PolicyGraph) -> InitialLowerBounds:
    """Bound the value of every node from below, valid for every state that can be reached."""
    own = np.array([_by_sight(graph, node) for node in range(len(graph.nodes))])
    assumed = False
    if np.isinf(own).any():
        own, assumed = _by_relaxation(graph, own)
    if topological_order(graph.transition) is not None:
        total = own.copy()
        for node in reversed(topological_order(graph.transition) or []):
            total[node] += _least_future(graph, node, total)
        return InitialLowerBounds(total, assumed)
    return _cyclic(graph, own, assumed)


def _least_future(graph: PolicyGraph, node: int, total: Floats) -> float:
    """Bound the risk of what follows: at least the least of its values (or of an end at zero)."""
    children = graph.children(node)
    if not len(children):
        return 0.0
    ends = graph.transition[node].sum() < 1.0 - 1e-9
    return float(min(total[children].min(), 0.0 if ends else np.inf))


def _cyclic(graph: PolicyGraph, own: Floats, assumed: bool) -> InitialLowerBounds:
    """Bound an endless graph by the sum of discounted stage bounds.

    Risk measures here are at least the expectation, so ``v = own + P v`` bounds all of them.
    """
    total = np.linalg.solve(np.eye(len(own)) - graph.transition, own)
    return InitialLowerBounds(np.asarray(total, dtype=np.float64), assumed)


def _by_sight(graph: PolicyGraph, node: int) -> float:
    """Sum each cost on the better of its column's bounds; minus infinity where one of them is."""
    stage, noise = graph.stages[graph.nodes[node].stage], graph.nodes[node].realisations
    cost = stage.cost[None] if noise.cost is None else noise.cost
    lower = (stage.lower[None] if noise.lower is None else noise.lower).min(axis=0, keepdims=True).copy()
    upper = (stage.upper[None] if noise.upper is None else noise.upper).max(axis=0, keepdims=True).copy()
    seen = stage.incoming[stage.incoming >= 0]
    lower[:, seen], upper[:, seen] = -np.inf, np.inf
    with np.errstate(invalid="ignore"):
        least = np.where(cost > 0.0, cost * lower, np.where(cost < 0.0, cost * upper, 0.0))
    total = least.sum(axis=1)
    return float((total + (0.0 if noise.constant is None else noise.constant)).min())


@dataclass(frozen=True, slots=True)
class _Union:
    """A node's data relaxed so that every outcome's feasible points and costs are covered."""

    cost: Floats
    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    constant: float


def _unions(stage: StageProgram, noise: Realisations) -> list[tuple[_Union, Floats]]:
    """Return one relaxation of all outcomes where that is valid, else one for each; with matrix values."""

    def rows_of(array: Floats | None, own: Floats) -> Floats:
        return own[None] if array is None else array

    lower, upper = rows_of(noise.lower, stage.lower), rows_of(noise.upper, stage.upper)
    row_lower, row_upper = (
        rows_of(noise.row_lower, stage.row_lower),
        rows_of(noise.row_upper, stage.row_upper),
    )
    cost = rows_of(noise.cost, stage.cost)
    constant = np.zeros(1) if noise.constant is None else noise.constant
    signed = lower.min(axis=0) < 0.0
    signed[stage.incoming[stage.incoming >= 0]] = True
    mixed_signs = ((cost != cost[:1]).any(axis=0) & signed).any()
    if noise.coefficients is None and not mixed_signs:
        union = _Union(
            cost.min(axis=0), lower.min(axis=0), upper.max(axis=0),
            row_lower.min(axis=0), row_upper.max(axis=0), float(constant.min()),
        )  # fmt: skip
        return [(union, stage.matrix.values)]

    def pick(array: Floats, outcome: int) -> Floats:
        return array[outcome if len(array) > 1 else 0]

    values = rows_of(noise.coefficients, stage.matrix.values)
    return [
        (
            _Union(
                pick(cost, r), pick(lower, r), pick(upper, r),
                pick(row_lower, r), pick(row_upper, r), float(pick(constant, r)),
            ),
            pick(values, r),
        )
        for r in range(len(noise.probability))
    ]  # fmt: skip


class _Relaxation:
    """The programs with free incoming state of one node."""

    def __init__(self, stage: StageProgram, noise: Realisations) -> None:
        self._stage = stage
        self._unions = _unions(stage, noise)
        self._seen = stage.incoming >= 0
        columns = stage.incoming[self._seen]
        self._columns = columns.astype(np.int32)
        self._all = np.arange(len(stage.cost), dtype=np.int32)
        self._programs: list[HighsProgram] = []
        self._known: dict[bytes, tuple[float, NDArray[np.int_]]] = {}
        for union, values in self._unions:
            lower, upper = union.lower.copy(), union.upper.copy()
            lower[columns], upper[columns] = -np.inf, np.inf
            matrix = type(stage.matrix)(
                stage.matrix.starts, stage.matrix.rows, values, stage.matrix.row_count
            )
            self._programs.append(
                HighsProgram(
                    matrix,
                    union.cost,
                    lower=lower,
                    upper=upper,
                    row_lower=union.row_lower,
                    row_upper=union.row_upper,
                    options=HighsOptions(primal=True),
                )
            )

    def least(self, cost: Floats | None, box: tuple[Floats, Floats]) -> tuple[float, NDArray[np.int_]]:
        """Minimise a cost (the stage's own where None) over the box of incoming states.

        Returns:
            The least value over all outcomes, minus infinity where unbounded, and then the states to box.
        """
        key = b"".join(part.tobytes() for part in (np.zeros(0) if cost is None else cost, *box))
        if key not in self._known:
            self._known[key] = self._solve(cost, box)
        return self._known[key]

    def _solve(self, cost: Floats | None, box: tuple[Floats, Floats]) -> tuple[float, NDArray[np.int_]]:
        least, to_box = np.inf, np.zeros(0, dtype=np.int_)
        for (union, _), program in zip(self._unions, self._programs, strict=True):
            objective = union.cost if cost is None else cost
            program.set_costs(self._all, np.ascontiguousarray(objective))
            if len(self._columns):
                lower, upper = box[0][self._seen].copy(), box[1][self._seen].copy()
                program.set_column_bounds(self._columns, lower, upper)
            status = program.solve()
            if status not in {SolveStatus.OPTIMAL, SolveStatus.INFEASIBLE}:
                program.forget_basis()
                status = program.solve()
            if status is SolveStatus.OPTIMAL:
                least = min(least, program.objective + (union.constant if cost is None else 0.0))
            elif status is not SolveStatus.INFEASIBLE:
                # A direction shows which states to box first; without one all are boxed.
                ray = program.unbounded_direction()
                states = np.flatnonzero(self._seen)
                moving = states if ray is None else states[np.abs(ray[self._columns]) > 1e-9]
                return -np.inf, moving
        return least, to_box


def _relaxations(graph: PolicyGraph) -> list[_Relaxation]:
    """Build one relaxation for each stage program, over the outcomes of all nodes that have it."""
    by_stage = {}
    for number, stage in enumerate(graph.stages):
        noises = [node.realisations for node in graph.nodes if node.stage == number]
        if noises:
            by_stage[number] = _Relaxation(stage, _joined(stage, noises))
    return [by_stage[node.stage] for node in graph.nodes]


def _joined(stage: StageProgram, noises: Sequence[Realisations]) -> Realisations:
    """Put the outcomes of several nodes behind each other."""

    def joined(name: str, own: Floats) -> Floats | None:
        parts = [getattr(noise, name) for noise in noises]
        if all(part is None for part in parts):
            return None
        counts = [len(noise.probability) for noise in noises]
        return np.concatenate(
            [
                np.tile(own, (n, *(1,) * own.ndim)) if p is None else p
                for p, n in zip(parts, counts, strict=True)
            ]
        )

    return Realisations(
        probability=np.concatenate([noise.probability for noise in noises]),
        cost=joined("cost", stage.cost),
        lower=joined("lower", stage.lower),
        upper=joined("upper", stage.upper),
        row_lower=joined("row_lower", stage.row_lower),
        row_upper=joined("row_upper", stage.row_upper),
        constant=joined("constant", np.zeros(())),
        coefficients=joined("coefficients", stage.matrix.values),
    )


def _by_relaxation(graph: PolicyGraph, own: Floats) -> tuple[Floats, bool]:
    """Bound the nodes that sight could not bound."""
    relaxations = _relaxations(graph)
    boxed: set[int] = set()
    own = own.copy()
    everything = set(range(len(graph.initial_state)))
    for attempt in range(3):
        boxes = _boxes(graph, relaxations, boxed)
        wanted: set[int] = set()
        for node in np.flatnonzero(np.isinf(own)):
            value, moving = relaxations[node].least(None, boxes[node])
            if np.isfinite(value) or value > 0.0:
                own[node] = value if np.isfinite(value) else 0.0
            wanted.update(int(state) for state in moving)
        if not np.isinf(own).any():
            break
        # First only these and the states that feed them; asking again and again would cost more than all.
        boxed = _feeding(graph, wanted) if attempt == 0 else everything
    endless = np.isinf(own)
    own[endless] = _ASSUMED
    return own, bool(endless.any())


def _feeding(graph: PolicyGraph, wanted: set[int]) -> set[int]:
    """Return states with all that feed them: whose incoming column shares a row with their outgoing one."""
    count = len(graph.initial_state)
    feeds = np.zeros((count, count), dtype=bool)
    for stage in graph.stages:
        used = stage.matrix.dense() != 0.0
        held = np.where(stage.outgoing >= 0, used[:, stage.outgoing], False)
        met = np.where(stage.incoming >= 0, used[:, stage.incoming], False)
        feeds |= (held.T.astype(np.int64) @ met.astype(np.int64)) > 0
    found, todo = set(wanted), list(wanted)
    while todo:
        new = {int(state) for state in np.flatnonzero(feeds[todo.pop()])} - found
        found |= new
        todo.extend(new)
    return found


def _open_sides(stage: StageProgram, state: int) -> list[float]:
    """Return 1 where a state has no lower bound of its own, and -1 where it has no upper bound."""
    column = stage.outgoing[state]
    return [
        sign for sign, bound in ((1.0, stage.lower[column]), (-1.0, stage.upper[column])) if np.isinf(bound)
    ]


def _boxes(
    graph: PolicyGraph, relaxations: list[_Relaxation], boxed: set[int]
) -> list[tuple[Floats, Floats]]:
    """Return for each node a box that holds every incoming state it can meet.

    Only the states in ``boxed`` are computed; the others take the bounds of the columns before them.
    """
    count, states = len(graph.nodes), len(graph.initial_state)
    lower, upper = np.full((count, states), np.inf), np.full((count, states), -np.inf)
    for node in np.flatnonzero(graph.root > 0.0):
        lower[node], upper[node] = graph.initial_state, graph.initial_state
    order = topological_order(graph.transition)
    sequence = order if order is not None else list(range(count)) * _ROUNDS
    for node in sequence:
        children = graph.children(node)
        if not len(children) or (lower[node] > upper[node]).any():
            continue
        out_lower, out_upper = _outgoing_box(
            graph, relaxations[node], node, (lower[node], upper[node]), boxed
        )
        lower[children] = np.minimum(lower[children], out_lower)
        upper[children] = np.maximum(upper[children], out_upper)
    if order is None:
        _drop_unsettled(graph, relaxations, boxed, lower, upper)
    return [(lower[node], upper[node]) for node in range(count)]


def _outgoing_box(
    graph: PolicyGraph, relaxation: _Relaxation, node: int, box: tuple[Floats, Floats], boxed: set[int]
) -> tuple[Floats, Floats]:
    """Return bounds of a node's outgoing state."""
    stage, noise = graph.stages[graph.nodes[node].stage], graph.nodes[node].realisations
    low = stage.lower[stage.outgoing] if noise.lower is None else noise.lower[:, stage.outgoing].min(axis=0)
    high = stage.upper[stage.outgoing] if noise.upper is None else noise.upper[:, stage.outgoing].max(axis=0)
    low, high = low.copy(), high.copy()
    for state in boxed:
        direction = np.zeros(len(stage.cost))
        for sign in _open_sides(stage, state):
            direction[stage.outgoing[state]] = sign
            value, _ = relaxation.least(direction, box)
            if np.isfinite(value) and sign > 0.0:
                low[state] = max(low[state], value - 1e-7 * (1.0 + abs(value)))
            elif np.isfinite(value):
                high[state] = min(high[state], -value + 1e-7 * (1.0 + abs(value)))
    return low, high


def _drop_unsettled(
    graph: PolicyGraph, relaxations: list[_Relaxation], boxed: set[int], lower: Floats, upper: Floats
) -> None:
    """On an endless graph, give up the boxes that one more round would still widen, in place."""
    unsettled: set[int] = set()
    for node in range(len(graph.nodes)):
        if not len(graph.children(node)) or (lower[node] > upper[node]).any():
            continue
        low, high = _outgoing_box(graph, relaxations[node], node, (lower[node], upper[node]), boxed)
        for child in graph.children(node):
            wider = (low < lower[child] - 1e-5) | (high > upper[child] + 1e-5)
            unsettled.update(int(state) for state in np.flatnonzero(wider))
    for state in unsettled:
        lower[:, state], upper[:, state] = -np.inf, np.inf
