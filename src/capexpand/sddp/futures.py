"""How a node's cost-to-go is represented: by one variable, or by one for each outcome that can follow."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from capexpand.sddp.problem import PolicyGraph
from capexpand.sddp.risk import is_risk_neutral

Floats = NDArray[np.float64]


class CutKind(Enum):
    """Whether the outcomes that follow share one cut or have each their own."""

    SINGLE = "single"
    """One cut at each trial point: small programs, the right choice with more than a few outcomes."""
    MULTI = "multi"
    """One cut for each outcome: fewer iterations and larger programs; worth it for a handful of outcomes."""


@dataclass(frozen=True, slots=True)
class Future:
    """The cost-to-go variables of a node.

    Args:
        costs: shape (targets,), their weights in the stage's objective; empty where nothing follows.
        mixed: whether the last target is the risk of the others, tied to them by mixing rows.
    """

    costs: Floats
    mixed: bool = False


@dataclass(frozen=True, slots=True)
class NodeGroup:
    """Nodes whose followers are the same: one evaluation of the followers gives a cut for each of them.

    Args:
        members: the nodes.
        children: the nodes that can follow.
        probability: shape (members, outcomes), over all outcomes of all children in order.
    """

    members: tuple[int, ...]
    children: tuple[int, ...]
    probability: Floats


def node_groups(graph: PolicyGraph, kind: CutKind) -> list[NodeGroup]:
    """Group the nodes by what can follow them; nodes that nothing follows are in no group.

    With multi-cuts the members of a group have the same followers, since each follower has a variable of its
    own. Single cuts need no such thing: nodes that share a follower form one group, in which what cannot
    follow a member has no chance; so one trial point cuts the future of every regime of a stage, though some
    transitions are impossible.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for node in range(len(graph.nodes)):
        children = tuple(int(child) for child in graph.children(node))
        if children:
            groups.setdefault(children, []).append(node)
    if kind is CutKind.SINGLE:
        groups = _joined_groups(groups)
    return [
        NodeGroup(tuple(members), children, _joint_probability(graph, members, children))
        for children, members in groups.items()
    ]


def _joined_groups(groups: dict[tuple[int, ...], list[int]]) -> dict[tuple[int, ...], list[int]]:
    """Join the groups that share a follower, directly or through others."""
    joined: list[tuple[set[int], list[int]]] = []
    for children, members in groups.items():
        followers, together = set(children), list(members)
        apart: list[tuple[set[int], list[int]]] = []
        for others, theirs in joined:
            if followers & others:
                followers |= others
                together += theirs
            else:
                apart.append((others, theirs))
        joined = [*apart, (followers, together)]
    return {tuple(sorted(followers)): sorted(members) for followers, members in joined}


def _joint_probability(graph: PolicyGraph, members: list[int], children: tuple[int, ...]) -> Floats:
    return np.array(
        [
            np.concatenate(
                [
                    graph.transition[member, child] * graph.nodes[child].realisations.probability
                    for child in children
                ]
            )
            for member in members
        ]
    )


def future_of(graph: PolicyGraph, node: int, kind: CutKind) -> Future:
    """Return the cost-to-go variables of a node."""
    children = tuple(int(child) for child in graph.children(node))
    if not children:
        return Future(np.zeros(0))
    if kind is CutKind.SINGLE:
        return Future(np.ones(1))
    probability = _joint_probability(graph, [node], children)[0]
    if is_risk_neutral(graph.nodes[node].risk):
        return Future(probability)
    return Future(np.append(np.zeros(len(probability)), 1.0), mixed=True)
