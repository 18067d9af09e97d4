"""The compiled loop over arrivals that stay."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from capexpand.replay import compiled
from capexpand.replay.compiled import forget_stale_code, kernel
from capexpand.replay.packing.cluster import GRADIENT, USED, ClusterState, find_node, take_node
from capexpand.replay.packing.kernel import Classes, Nodes, TypicalArrays, fragment_milli

forget_stale_code(Path(__file__).parent, Path(compiled.__file__).parent)


class Placements(NamedTuple):
    """The results, each of shape (arrivals,).

    Node or -1, bits of the accelerators taken, accelerators in use and fragmented after the arrival [0.001].
    """

    node: np.ndarray
    taken: np.ndarray
    used_milli: np.ndarray
    fragment_milli: np.ndarray


@kernel
def pack_arrivals(
    rule: int,
    nodes: Nodes,
    tasks: Classes,
    typical: TypicalArrays,
    arrivals: np.ndarray,
    state: ClusterState,
    placed: Placements,
) -> None:
    """Place every arrival or leave it out, and record what is used and fragmented after each.

    Args:
        rule: the number of a ``PlacementRule``.
        nodes: the nodes, in the order in which ties are broken.
        tasks: the classes of task.
        typical: the typical tasks.
        arrivals: class of each arrival, shape (arrivals,).
        state: of an empty cluster.
        placed: filled in.
    """
    fragment = 0.0
    for n in range(len(state.fragment)):
        fragment += state.fragment[n]
    for a in range(len(arrivals)):
        c = arrivals[a]
        n = find_node(rule, c, 0, nodes, tasks, typical, state)
        placed.node[a] = n
        if n >= 0:
            before = state.fragment[n]
            placed.taken[a] = take_node(rule, n, c, nodes, tasks, typical, state)
            if rule != GRADIENT:
                state.fragment[n] = fragment_milli(
                    state.cpu_left[n], state.left[n], nodes.number[n], nodes.model[n], typical
                )
            fragment += state.fragment[n] - before
        placed.used_milli[a] = state.counters[USED]
        placed.fragment_milli[a] = fragment
