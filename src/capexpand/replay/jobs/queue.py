"""The compiled queue: who is next, and why accelerators are idle."""

from __future__ import annotations

import numpy as np

from capexpand.replay.compiled import inline_kernel, kernel
from capexpand.replay.jobs.bits import add, discard, next_member
from capexpand.replay.jobs.places import part_fits
from capexpand.replay.jobs.state import (
    ACTIVE,
    BIN,
    BUSY_MILLI_S,
    HELD_BACK,
    LACKS_CPU,
    LACKS_MEMORY,
    LAST_CHANGE,
    NO_DEMAND,
    NONE,
    OTHER_MODEL,
    REST_OF_GANG,
    TOO_FEW_ON_NODE,
    USED_MILLI,
    WAITING,
    JobState,
    JobWorld,
    Timeline,
)


@inline_kernel
def join_queue(j: int, world: JobWorld) -> None:
    """Let a job wait at its place in the line of its group."""
    jobs, groups, state = world.jobs, world.groups, world.state
    g = jobs.group[j]
    place = jobs.place[j]
    add(state.waiting_words, 0, state.waiting_offsets, place)
    head = groups.head[g]
    if head == NONE:
        groups.active_at[g] = state.counters[ACTIVE]
        groups.active[state.counters[ACTIVE]] = g
        state.counters[ACTIVE] += 1
    if head == NONE or place < head:
        groups.head[g] = place
        groups.head_rank[g] = jobs.rank[j]
    state.counters[WAITING] += 1


@inline_kernel
def leave_queue(j: int, world: JobWorld) -> None:
    """Take a job that stands first in the line of its group out of it."""
    jobs, groups, state = world.jobs, world.groups, world.state
    g = jobs.group[j]
    place = jobs.place[j]
    discard(state.waiting_words, 0, state.waiting_offsets, place)
    following = next_member(state.waiting_words, 0, state.waiting_offsets, place)
    state.counters[WAITING] -= 1
    if following == NONE or following >= groups.end[g]:
        groups.head[g] = NONE
        last = state.counters[ACTIVE] - 1
        state.counters[ACTIVE] = last
        at = groups.active_at[g]
        moved = groups.active[last]
        groups.active[at] = moved
        groups.active_at[moved] = at
    else:
        groups.head[g] = following
        groups.head_rank[g] = jobs.rank[jobs.at[following]]


@inline_kernel
def first_group(world: JobWorld, skip_blocked: bool) -> int:
    """Return the group whose first job goes first, or -1.

    Under fair share the tenant that holds the fewest accelerators goes first, and within it the earlier job.
    """
    rules, groups, state = world.rules, world.groups, world.state
    best = NONE
    best_held = 0
    best_rank = 0
    for k in range(state.counters[ACTIVE]):
        g = groups.active[k]
        if skip_blocked and state.blocked[groups.shape[g]]:
            continue
        held = state.held_milli[groups.tenant[g]] if rules.fair else 0
        rank = groups.head_rank[g]
        if best == NONE or held < best_held or (held == best_held and rank < best_rank):
            best = g
            best_held = held
            best_rank = rank
    return best


@inline_kernel
def account(now: float, state: JobState, timeline: Timeline) -> None:
    """Add the time since the last change to the interval that it lies in, which must not end before."""
    passed = now - state.clocks[LAST_CHANGE]
    state.clocks[LAST_CHANGE] = now
    used = state.counters[USED_MILLI] * passed
    state.clocks[BUSY_MILLI_S] += used
    interval = state.counters[BIN]
    if interval < len(timeline.end_s):
        timeline.used_milli_s[interval] += used
        timeline.waiting_s[interval] += state.counters[WAITING] * passed


@kernel
def note_idle(world: JobWorld, idle: np.ndarray) -> None:
    """Say of every idle accelerator why it is idle.

    With nobody waiting there is no demand. Otherwise the job that goes first decides: another model is
    wanted; memory, CPU or accelerators of the node do not suffice; or the node would do, and the rest of the
    gang finds no room. An accelerator that a later job could use, but may not before the first, is held back
    by the order.
    """
    rules, nodes, shapes, groups, tasks, pools, cluster, state = (
        world.rules,
        world.nodes,
        world.shapes,
        world.groups,
        world.tasks,
        world.pools,
        world.cluster,
        world.state,
    )
    first = first_group(world, False)
    for n in range(len(nodes.cpu)):
        milli = pools.free[n] * 1000 if rules.whole else cluster.total_left[n]
        if milli == 0:
            continue
        if first == NONE:
            idle[NO_DEMAND] += milli
            continue
        c = shapes.part[groups.shape[first]]
        mask = tasks.mask[c]
        cause = TOO_FEW_ON_NODE
        if mask != 0 and (mask & nodes.model[n]) == 0:
            cause = OTHER_MODEL
        elif part_fits(n, c, world):
            cause = REST_OF_GANG
        elif not rules.whole and cluster.memory_left[n] < tasks.memory[c]:
            cause = LACKS_MEMORY
        elif not rules.whole and cluster.cpu_left[n] < tasks.cpu[c]:
            cause = LACKS_CPU
        if not rules.backfill:
            for k in range(state.counters[ACTIVE]):
                g = groups.active[k]
                shape = groups.shape[g]
                if (
                    g != first
                    and shapes.parts[shape] == 1
                    and shapes.rest[shape] == NONE
                    and part_fits(n, shapes.part[shape], world)
                ):
                    cause = HELD_BACK
                    break
        idle[cause] += milli
