"""Give a job all the nodes of its gang, or none."""

from __future__ import annotations

from capexpand.replay.compiled import inline_kernel, kernel
from capexpand.replay.jobs.bits import lowest_bit
from capexpand.replay.jobs.state import (
    FREE_PART,
    NONE,
    USED_MILLI,
    JobState,
    JobWorld,
    Pools,
)
from capexpand.replay.packing.cluster import change_node, find_node, fits_node, take_node


@inline_kernel
def _hold(j: int, node: int, c: int, bits: int, state: JobState) -> None:
    """Note that a job holds a part."""
    part = state.counters[FREE_PART]
    state.counters[FREE_PART] = state.part_next[part]
    state.part_node[part] = node
    state.part_class[part] = c
    state.part_bits[part] = bits
    state.part_next[part] = state.first_part[j]
    state.first_part[j] = part


@inline_kernel
def _move_node(n: int, free: int, pools: Pools) -> None:
    """Move a node to the set of those with ``free`` accelerators."""
    pool = pools.of_node[n]
    before = pools.free[n]
    word = n >> 5
    bit = 1 << (n & 31)
    pools.words[pool, before, word] &= ~bit
    pools.members[pool, before] -= 1
    pools.words[pool, free, word] |= bit
    pools.members[pool, free] += 1
    pools.hint[pool, free] = min(pools.hint[pool, free], word)
    pools.pool_free[pool] += free - before
    pools.free[n] = free


@inline_kernel
def _take_whole(j: int, c: int, pool: int, world: JobWorld) -> bool:
    """Take accelerators of the fullest node of a pool that has enough."""
    tasks, pools, state = world.tasks, world.pools, world.state
    number = tasks.number[c]
    for free in range(number, pools.members.shape[1]):
        if pools.members[pool, free] > 0:
            word = pools.hint[pool, free]
            while pools.words[pool, free, word] == 0:
                word += 1
            pools.hint[pool, free] = word
            n = (word << 5) + lowest_bit(pools.words[pool, free, word])
            _move_node(n, free - number, pools)
            _hold(j, n, c, number, state)
            return True
    return False


@inline_kernel
def release_parts(j: int, world: JobWorld) -> None:
    """Give back everything that a job holds."""
    rules, nodes, tasks, typical, pools, cluster, state = (
        world.rules,
        world.nodes,
        world.tasks,
        world.typical,
        world.pools,
        world.cluster,
        world.state,
    )
    part = state.first_part[j]
    while part != NONE:
        n = state.part_node[part]
        c = state.part_class[part]
        if rules.whole:
            _move_node(n, pools.free[n] + tasks.number[c], pools)
        else:
            change_node(rules.placement, n, c, state.part_bits[part], 1, nodes, tasks, typical, cluster)
        following = state.part_next[part]
        state.part_next[part] = state.counters[FREE_PART]
        state.counters[FREE_PART] = part
        part = following
    state.first_part[j] = NONE


@inline_kernel
def place_whole(j: int, shape: int, world: JobWorld) -> bool:
    """Place a job on whole accelerators of the first model, in the cluster's order, that has room."""
    shapes, tasks, pools, state = world.shapes, world.tasks, world.pools, world.state
    c = shapes.part[shape]
    mask = tasks.mask[c]
    wanted = shapes.milli[shape] // 1000
    for pool in range(len(pools.pool_free)):
        if pools.pool_free[pool] < wanted or (mask != 0 and (mask & pools.model[pool]) == 0):
            continue
        complete = True
        for _ in range(shapes.parts[shape]):
            if not _take_whole(j, c, pool, world):
                complete = False
                break
        if complete and shapes.rest[shape] != NONE:
            complete = _take_whole(j, shapes.rest[shape], pool, world)
        if complete:
            return True
        part = state.first_part[j]
        while part != NONE:
            n = state.part_node[part]
            _move_node(n, pools.free[n] + tasks.number[state.part_class[part]], pools)
            following = state.part_next[part]
            state.part_next[part] = state.counters[FREE_PART]
            state.counters[FREE_PART] = part
            part = following
        state.first_part[j] = NONE
    return False


@kernel
def _place_scored(j: int, shape: int, world: JobWorld) -> bool:
    """Place a job by scores; a gang goes to one model, the first one that has room for all of it."""
    rules, nodes, shapes, tasks, typical, pools, cluster, state = (
        world.rules,
        world.nodes,
        world.shapes,
        world.tasks,
        world.typical,
        world.pools,
        world.cluster,
        world.state,
    )
    c = shapes.part[shape]
    rest = shapes.rest[shape]
    rule = rules.placement
    if shapes.parts[shape] == 1 and rest == NONE:
        n = find_node(rule, c, 0, nodes, tasks, typical, cluster)
        if n < 0:
            return False
        _hold(j, n, c, take_node(rule, n, c, nodes, tasks, typical, cluster), state)
        return True
    for pool in range(len(pools.model)):
        model = pools.model[pool]
        if tasks.mask[c] != 0 and (tasks.mask[c] & model) == 0:
            continue
        complete = True
        for k in range(shapes.parts[shape] + 1):
            kind = c
            if k == shapes.parts[shape]:
                if rest == NONE:
                    break
                kind = rest
            n = find_node(rule, kind, model, nodes, tasks, typical, cluster)
            if n < 0:
                complete = False
                break
            _hold(j, n, kind, take_node(rule, n, kind, nodes, tasks, typical, cluster), state)
        if complete:
            return True
        release_parts(j, world)
    return False


@inline_kernel
def note_placement(j: int, shape: int, world: JobWorld) -> None:
    """Count what a placed job uses, and note where it is."""
    shapes, state, results = world.shapes, world.state, world.results
    state.counters[USED_MILLI] += shapes.milli[shape]
    count = 0
    part = state.first_part[j]
    node = NONE
    while part != NONE:
        count += 1
        node = state.part_node[part]
        part = state.part_next[part]
    results.node[j] = node
    results.parts[j] = count


@kernel
def place_job(j: int, shape: int, world: JobWorld) -> bool:
    """Give a job everything that it asks for, or nothing, and tell which."""
    rules = world.rules
    placed = place_whole(j, shape, world) if rules.whole else _place_scored(j, shape, world)
    if placed:
        note_placement(j, shape, world)
    return placed


@inline_kernel
def part_fits(n: int, c: int, world: JobWorld) -> bool:
    """Tell whether a node has room for a part."""
    rules, nodes, tasks, pools, cluster = world.rules, world.nodes, world.tasks, world.pools, world.cluster
    if rules.whole:
        mask = tasks.mask[c]
        return pools.free[n] >= tasks.number[c] and (mask == 0 or (mask & nodes.model[n]) != 0)
    return fits_node(n, c, nodes, tasks, cluster)


@kernel
def can_restore(j: int, world: JobWorld) -> bool:
    """Tell whether the parts that a preempted job held are all still free (scratch is left as it was)."""
    rules, tasks, pools, cluster, state = world.rules, world.tasks, world.pools, world.cluster, world.state
    possible = True
    part = state.first_part[j]
    while part != NONE and possible:
        n = state.part_node[part]
        # parts of one job on one node are counted together
        number = 0
        cpu = 0
        memory = 0
        other = state.first_part[j]
        while other != NONE:
            if state.part_node[other] == n:
                k = state.part_class[other]
                number += tasks.number[k]
                cpu += tasks.cpu[k]
                memory += tasks.memory[k]
            other = state.part_next[other]
        if rules.whole:
            possible = pools.free[n] >= number
        else:
            possible = cluster.cpu_left[n] >= cpu and cluster.memory_left[n] >= memory
            for i in range(cluster.left.shape[1]):
                need = 0
                other = state.first_part[j]
                while other != NONE:
                    if state.part_node[other] == n and state.part_bits[other] >> i & 1:
                        need += tasks.milli[state.part_class[other]]
                    other = state.part_next[other]
                if cluster.left[n, i] < need:
                    possible = False
        part = state.part_next[part]
    return possible


@kernel
def lift_parts(j: int, sign: int, world: JobWorld) -> None:
    """Free what a job holds (sign 1) or take it again (sign -1), its list of parts staying as it is."""
    rules, nodes, tasks, typical, pools, cluster, state = (
        world.rules,
        world.nodes,
        world.tasks,
        world.typical,
        world.pools,
        world.cluster,
        world.state,
    )
    part = state.first_part[j]
    while part != NONE:
        n = state.part_node[part]
        c = state.part_class[part]
        if rules.whole:
            _move_node(n, pools.free[n] + sign * tasks.number[c], pools)
        else:
            change_node(rules.placement, n, c, state.part_bits[part], sign, nodes, tasks, typical, cluster)
        part = state.part_next[part]
