"""The compiled state of a cluster: who has what, and every score kept until its node changes.

A score depends on a node's state and a task's class alone. Nodes change one at a time, so each class keeps
its scores of all nodes and recomputes, when it next looks, only those of nodes in the log of changes since
then.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from capexpand.replay.compiled import kernel
from capexpand.replay.packing.kernel import (
    INFEASIBLE,
    MILLI,
    Classes,
    Nodes,
    TypicalArrays,
    best_fit_score,
    clustering_score,
    dot_product_score,
    fragment_milli,
    gradient_choice,
    packing_score,
)

# numba freezes module constants, so the rules are plain numbers here
RANDOM, DOT_PRODUCT, CLUSTERING, PACKING, BEST_FIT, GRADIENT = 0, 1, 2, 3, 4, 5
# places in ClusterState.counters
LOGGED, DRAWN, USED = 0, 1, 2


class ClusterState(NamedTuple):
    """What a cluster holds, and the scores of its nodes.

    Idle CPU [0.001 core], idle memory [MiB], idle share of each accelerator [0.001] and its sum, tasks held
    by size, how many sizes are held, fragmented accelerators [0.001]; scores by class and node with the
    version of the node that they belong to; the log of changed nodes and how far each class has read it;
    counters; scratch; draws; all accelerators [0.001].
    """

    cpu_left: np.ndarray
    memory_left: np.ndarray
    left: np.ndarray
    total_left: np.ndarray
    held: np.ndarray
    held_kinds: np.ndarray
    fragment: np.ndarray
    score: np.ndarray
    stamp: np.ndarray
    version: np.ndarray
    log: np.ndarray
    read_until: np.ndarray
    counters: np.ndarray
    scratch: np.ndarray
    draws: np.ndarray
    total_milli: np.ndarray


def empty_cluster(nodes: Nodes, tasks: Classes, typical: TypicalArrays, draws: np.ndarray) -> ClusterState:
    """Make the state of a cluster that holds nothing.

    Args:
        tasks: the classes of task that will come.
        draws: uniform draws in [0, 1) for the random rule, used in turn.
    """
    count, classes = len(nodes.cpu), len(tasks.cpu)
    width = max(1, int(nodes.number.max(initial=0)))
    kinds = int(tasks.kind.max(initial=0)) + 1
    left = np.where(np.arange(width) < nodes.number[:, None], MILLI, 0).astype(np.int64)
    log = np.zeros(8 * count + 4096, dtype=np.int64)
    log[:count] = np.arange(count)
    state = ClusterState(
        nodes.cpu.copy(),
        nodes.memory.copy(),
        left,
        nodes.number * MILLI,
        np.zeros((count, kinds), dtype=np.int64),
        np.zeros(count, dtype=np.int64),
        np.zeros(count),
        np.full((classes, count), INFEASIBLE, dtype=np.int32),
        np.zeros((classes, count), dtype=np.int32),
        np.ones(count, dtype=np.int32),
        log,
        np.zeros(classes, dtype=np.int64),
        np.array([count, 0, 0], dtype=np.int64),
        np.zeros(width, dtype=np.int64),
        draws,
        np.array([nodes.number.sum() * MILLI], dtype=np.int64),
    )
    measure_fragments(nodes, typical, state)
    return state


@kernel
def measure_fragments(nodes: Nodes, typical: TypicalArrays, state: ClusterState) -> None:
    """Compute the fragmented accelerators of every node."""
    for n in range(len(nodes.cpu)):
        state.fragment[n] = fragment_milli(
            state.cpu_left[n], state.left[n], nodes.number[n], nodes.model[n], typical
        )


@kernel
def room_for(left: np.ndarray, count: int, milli: int) -> int:
    """Return how many accelerators have a share idle."""
    room = 0
    for i in range(count):
        if left[i] >= milli:
            room += 1
    return room


@kernel
def fits_node(n: int, c: int, nodes: Nodes, tasks: Classes, state: ClusterState) -> bool:
    """Tell whether a node has room for a task, whatever else is asked."""
    if state.cpu_left[n] < tasks.cpu[c] or state.memory_left[n] < tasks.memory[c]:
        return False
    number = tasks.number[c]
    if number == 0:
        return True
    mask = tasks.mask[c]
    if nodes.number[n] == 0 or (mask != 0 and (mask & nodes.model[n]) == 0):
        return False
    return room_for(state.left[n], nodes.number[n], tasks.milli[c]) >= number


@kernel
def _score(
    rule: int, n: int, c: int, nodes: Nodes, tasks: Classes, typical: TypicalArrays, state: ClusterState
) -> int:
    cpu = tasks.scored_cpu[c]
    milli = tasks.milli[c]
    number = tasks.number[c]
    if rule == DOT_PRODUCT:
        return dot_product_score(state.cpu_left[n], state.total_left[n], cpu, milli * number)
    if rule == CLUSTERING:
        same = state.held[n, tasks.kind[c]] > 0
        return clustering_score(state.total_left[n], state.held_kinds[n], same, number)
    if rule == PACKING:
        return packing_score(state.left[n], nodes.number[n], milli, number, state.scratch)
    if rule == BEST_FIT:
        return best_fit_score(state.cpu_left[n], state.total_left[n], cpu, milli * number)
    if rule == GRADIENT:
        return gradient_choice(
            state.cpu_left[n],
            state.left[n],
            nodes.number[n],
            nodes.model[n],
            state.fragment[n],
            cpu,
            milli,
            number,
            typical,
            state.scratch,
        )[0]
    return 0


@kernel
def find_node(
    rule: int,
    c: int,
    model: int,
    nodes: Nodes,
    tasks: Classes,
    typical: TypicalArrays,
    state: ClusterState,
) -> int:
    """Return the node where a task should go, or -1.

    Args:
        rule: how a node is chosen.
        c: the class of the task.
        model: bit of the only model allowed, 0 for what the task allows.
        nodes: the nodes; among equal scores the first wins.
    """
    row = state.score[c]
    stamp = state.stamp[c]
    logged = state.counters[LOGGED]
    for entry in range(state.read_until[c], logged):
        n = state.log[entry]
        if stamp[n] != state.version[n]:
            stamp[n] = state.version[n]
            row[n] = INFEASIBLE
            if fits_node(n, c, nodes, tasks, state):
                row[n] = _score(rule, n, c, nodes, tasks, typical, state)
    state.read_until[c] = logged
    count = len(row)
    if rule == RANDOM:
        feasible = 0
        for n in range(count):
            if row[n] > INFEASIBLE and (model == 0 or nodes.model[n] == model):
                feasible += 1
        if feasible == 0:
            return -1
        skip = int(_draw(state) * feasible)
        for n in range(count):
            if row[n] > INFEASIBLE and (model == 0 or nodes.model[n] == model):
                if skip == 0:
                    return n
                skip -= 1
        return -1
    if model != 0:
        best = -1
        for n in range(count):
            if row[n] > INFEASIBLE and nodes.model[n] == model and (best < 0 or row[n] > row[best]):
                best = n
        return best
    top = row[0]
    for n in range(count):
        top = max(top, row[n])
    if top == INFEASIBLE:
        return -1
    for n in range(count):
        if row[n] == top:
            return n
    return -1


@kernel
def _draw(state: ClusterState) -> float:
    drawn = state.counters[DRAWN]
    state.counters[DRAWN] = drawn + 1
    return state.draws[drawn % len(state.draws)]


@kernel
def _choose_accelerator(
    rule: int, n: int, c: int, nodes: Nodes, tasks: Classes, typical: TypicalArrays, state: ClusterState
) -> int:
    """Return the accelerator of a node on which a task takes its share."""
    milli = tasks.milli[c]
    left = state.left[n]
    if rule == GRADIENT:
        return gradient_choice(
            state.cpu_left[n],
            left,
            nodes.number[n],
            nodes.model[n],
            state.fragment[n],
            tasks.scored_cpu[c],
            milli,
            1,
            typical,
            state.scratch,
        )[1]
    chosen = -1
    if rule == RANDOM:
        skip = int(_draw(state) * room_for(left, nodes.number[n], milli))
        for i in range(nodes.number[n]):
            if left[i] >= milli:
                if skip == 0:
                    return i
                skip -= 1
        return chosen
    for i in range(nodes.number[n]):
        if left[i] >= milli and (chosen < 0 or left[i] < left[chosen]):
            chosen = i
    return chosen


@kernel
def take_node(
    rule: int,
    n: int,
    c: int,
    nodes: Nodes,
    tasks: Classes,
    typical: TypicalArrays,
    state: ClusterState,
) -> int:
    """Put a task on a node that has room, and return the bits of the accelerators that it takes."""
    milli = tasks.milli[c]
    number = tasks.number[c]
    taken = 0
    if number == 1 and milli < MILLI:
        taken = 1 << _choose_accelerator(rule, n, c, nodes, tasks, typical, state)
    else:
        wanted = number
        for i in range(nodes.number[n]):
            if wanted > 0 and state.left[n, i] >= milli:
                taken |= 1 << i
                wanted -= 1
    change_node(rule, n, c, taken, -1, nodes, tasks, typical, state)
    return taken


@kernel
def change_node(
    rule: int,
    n: int,
    c: int,
    taken: int,
    sign: int,
    nodes: Nodes,
    tasks: Classes,
    typical: TypicalArrays,
    state: ClusterState,
) -> None:
    """Take (sign -1) or give back (sign 1) what a task uses, and note that the node changed.

    Args:
        rule: how nodes are chosen; fragments are kept up for gradient descent, and where the log is read.
        c: the class of the task.
        taken: bits of its accelerators.
        sign: -1 or 1.
    """
    milli = tasks.milli[c]
    number = tasks.number[c]
    for i in range(nodes.number[n]):
        if taken >> i & 1:
            state.left[n, i] += sign * milli
    state.cpu_left[n] += sign * tasks.cpu[c]
    state.memory_left[n] += sign * tasks.memory[c]
    state.total_left[n] += sign * milli * number
    state.counters[USED] -= sign * milli * number
    if number > 0:
        kind = tasks.kind[c]
        before = state.held[n, kind]
        state.held[n, kind] = before - sign
        if before == 0:
            state.held_kinds[n] += 1
        elif before - sign == 0:
            state.held_kinds[n] -= 1
    if rule == GRADIENT:
        state.fragment[n] = fragment_milli(
            state.cpu_left[n], state.left[n], nodes.number[n], nodes.model[n], typical
        )
    state.version[n] += 1
    logged = state.counters[LOGGED]
    if logged == len(state.log):
        # start the log again: everybody reads all nodes, and skips those that they know already
        count = len(nodes.cpu)
        for m in range(count):
            state.log[m] = m
        for k in range(len(state.read_until)):
            state.read_until[k] = 0
        logged = count
    state.log[logged] = n
    state.counters[LOGGED] = logged + 1
