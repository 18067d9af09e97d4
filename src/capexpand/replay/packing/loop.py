"""The compiled loop over arrivals."""

from __future__ import annotations

import numpy as np

from capexpand.replay.compiled import allocating_kernel, kernel
from capexpand.replay.packing.kernel import (
    INFEASIBLE,
    MILLI,
    Classes,
    Nodes,
    Placements,
    TypicalArrays,
    best_fit_score,
    clustering_score,
    dot_product_score,
    fragment_milli,
    gradient_choice,
    packing_score,
)

# numba freezes module constants, so the rules are plain numbers here
_RANDOM, _DOT, _CLUSTER, _PACK, _BEST, _GRADIENT = 0, 1, 2, 3, 4, 5


@kernel
def _room(left: np.ndarray, count: int, milli: int) -> int:
    room = 0
    for i in range(count):
        if left[i] >= milli:
            room += 1
    return room


@allocating_kernel
def pack_arrivals(
    rule: int,
    cluster: Nodes,
    tasks: Classes,
    typical: TypicalArrays,
    arrivals: np.ndarray,
    draws: np.ndarray,
    placed: Placements,
) -> None:
    """Place every arrival or leave it out, and record what is used and fragmented after each.

    Args:
        rule: the number of a ``PlacementRule``.
        cluster: the nodes, in the order in which ties are broken.
        tasks: the classes of task.
        typical: the typical tasks.
        arrivals: class of each arrival, shape (arrivals,).
        draws: uniform draws in [0, 1) for the random rule, shape (arrivals, 2).
        placed: filled in.
    """
    node_cpu, node_count, node_model = cluster.cpu, cluster.number, cluster.model
    nodes = len(node_cpu)
    classes = len(tasks.cpu)
    width = max(1, node_count.max())
    kinds = tasks.kind.max() + 1
    cpu_left = node_cpu.copy()
    memory_left = cluster.memory.copy()
    left = np.zeros((nodes, width), dtype=np.int64)
    total_left = np.zeros(nodes, dtype=np.int64)
    held = np.zeros((nodes, kinds), dtype=np.int64)
    held_kinds = np.zeros(nodes, dtype=np.int64)
    scratch = np.zeros(width, dtype=np.int64)
    node_fragment = np.zeros(nodes)
    score = np.full((classes, nodes), INFEASIBLE, dtype=np.int32)
    stamp = np.zeros((classes, nodes), dtype=np.int32)
    version = np.ones(nodes, dtype=np.int32)
    log = np.zeros(len(arrivals) + nodes, dtype=np.int32)
    logged = nodes
    read_until = np.zeros(classes, dtype=np.int64)
    cluster_fragment = 0.0
    used = 0
    for n in range(nodes):
        log[n] = n
        for i in range(node_count[n]):
            left[n, i] = MILLI
        total_left[n] = node_count[n] * MILLI
        node_fragment[n] = fragment_milli(
            cpu_left[n],
            left[n],
            node_count[n],
            node_model[n],
            typical,
        )
        cluster_fragment += node_fragment[n]
    for a in range(len(arrivals)):
        c = arrivals[a]
        cpu = tasks.cpu[c]
        scored = tasks.scored_cpu[c]
        milli = tasks.milli[c]
        number = tasks.number[c]
        mask = tasks.mask[c]
        row = score[c]
        for entry in range(read_until[c], logged):
            n = log[entry]
            if stamp[c, n] == version[n]:
                continue
            stamp[c, n] = version[n]
            fits = cpu_left[n] >= cpu and memory_left[n] >= tasks.memory[c]
            if fits and number > 0:
                fits = node_count[n] > 0 and (mask == 0 or (mask & node_model[n]) != 0)
                fits = fits and _room(left[n], node_count[n], milli) >= number
            if not fits:
                row[n] = INFEASIBLE
            elif rule == _RANDOM:
                row[n] = 0
            elif rule == _DOT:
                row[n] = dot_product_score(cpu_left[n], total_left[n], scored, milli * number)
            elif rule == _CLUSTER:
                same = held[n, tasks.kind[c]] > 0
                row[n] = clustering_score(total_left[n], held_kinds[n], same, number)
            elif rule == _PACK:
                row[n] = packing_score(left[n], node_count[n], milli, number, scratch)
            elif rule == _BEST:
                row[n] = best_fit_score(cpu_left[n], total_left[n], scored, milli * number)
            else:
                row[n] = gradient_choice(
                    cpu_left[n],
                    left[n],
                    node_count[n],
                    node_model[n],
                    node_fragment[n],
                    scored,
                    milli,
                    number,
                    typical,
                    scratch,
                )[0]
        read_until[c] = logged
        best = -1
        if rule == _RANDOM:
            feasible = 0
            for n in range(nodes):
                if row[n] >= 0:
                    feasible += 1
            if feasible > 0:
                skip = int(draws[a, 0] * feasible)
                for n in range(nodes):
                    if row[n] >= 0:
                        if skip == 0:
                            best = n
                            break
                        skip -= 1
        else:
            top = row.max()
            if top >= 0:
                for n in range(nodes):
                    if row[n] == top:
                        best = n
                        break
        placed.node[a] = best
        taken = 0
        if best >= 0:
            n = best
            if number == 1 and milli < MILLI:
                chosen = -1
                if rule == _GRADIENT:
                    chosen = gradient_choice(
                        cpu_left[n],
                        left[n],
                        node_count[n],
                        node_model[n],
                        node_fragment[n],
                        scored,
                        milli,
                        number,
                        typical,
                        scratch,
                    )[1]
                elif rule == _RANDOM:
                    skip = int(draws[a, 1] * _room(left[n], node_count[n], milli))
                    for i in range(node_count[n]):
                        if left[n, i] >= milli:
                            if skip == 0:
                                chosen = i
                                break
                            skip -= 1
                else:
                    for i in range(node_count[n]):
                        if left[n, i] >= milli and (chosen < 0 or left[n, i] < left[n, chosen]):
                            chosen = i
                left[n, chosen] -= milli
                taken = 1 << chosen
            else:
                wanted = number
                for i in range(node_count[n]):
                    if wanted > 0 and left[n, i] >= milli:
                        left[n, i] -= milli
                        taken |= 1 << i
                        wanted -= 1
            cpu_left[n] -= cpu
            memory_left[n] -= tasks.memory[c]
            total_left[n] -= milli * number
            used += milli * number
            if number > 0:
                if held[n, tasks.kind[c]] == 0:
                    held_kinds[n] += 1
                held[n, tasks.kind[c]] += 1
            cluster_fragment -= node_fragment[n]
            node_fragment[n] = fragment_milli(
                cpu_left[n],
                left[n],
                node_count[n],
                node_model[n],
                typical,
            )
            cluster_fragment += node_fragment[n]
            version[n] += 1
            log[logged] = n
            logged += 1
        placed.taken[a] = taken
        placed.used_milli[a] = used
        placed.fragment_milli[a] = cluster_fragment
