"""The compiled queue: who is next, who runs, who has ended."""

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
    Groups,
    Jobs,
    JobState,
    Pools,
    Rules,
    Shapes,
    Timeline,
)
from capexpand.replay.packing.cluster import ClusterState
from capexpand.replay.packing.kernel import Classes, Nodes


@kernel
def _sift_up(j: int, finish: float, child: int, times: np.ndarray, ends: np.ndarray) -> None:
    while child > 0:
        parent = (child - 1) >> 1
        if times[parent] < finish or (times[parent] == finish and ends[parent] < j):
            break
        times[child] = times[parent]
        ends[child] = ends[parent]
        child = parent
    times[child] = finish
    ends[child] = j


@kernel
def push_end(
    j: int, finish: float, size: int, finish_s: np.ndarray, times: np.ndarray, ends: np.ndarray
) -> int:
    """Add a job's end to a heap of ``size``, and return how many it holds then.

    Jobs that end together leave in order of their number.
    """
    if size == len(times):
        # rebuild the heap without the ends of runs that were cut short
        kept = 0
        for i in range(size):
            time = times[i]
            other = ends[i]
            if finish_s[other] == time and other != j:
                _sift_up(other, time, kept, times, ends)
                kept += 1
        size = kept
    _sift_up(j, finish, size, times, ends)
    return size + 1


@kernel
def pop_end(size: int, times: np.ndarray, ends: np.ndarray) -> int:
    """Remove the top of a heap of ``size``, and return how many are left."""
    last = size - 1
    moved_time = times[last]
    moved = ends[last]
    # let the hole sink to the bottom without asking whether it may stop, and lift the last entry into it:
    # that entry came from the bottom and mostly stays there
    hole = 0
    child = 1
    while child < last:
        right = min(child + 1, last)
        later = times[child]
        other = times[right]
        # a sum of truth values needs no jump that the processor would have to guess
        child += int(other < later) + int(other == later and ends[right] < ends[child])
        times[hole] = times[child]
        ends[hole] = ends[child]
        hole = child
        child = 2 * hole + 1
    _sift_up(moved, moved_time, hole, times, ends)
    return last


@kernel
def drop_stale(size: int, finish_s: np.ndarray, times: np.ndarray, ends: np.ndarray) -> int:
    """Remove from the top of a heap the runs that were cut short, and return how many ends are left."""
    while size > 0 and finish_s[ends[0]] != times[0]:
        size = pop_end(size, times, ends)
    return size


@inline_kernel
def join_queue(j: int, jobs: Jobs, groups: Groups, state: JobState) -> None:
    """Let a job wait at its place in the line of its group."""
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
def leave_queue(j: int, jobs: Jobs, groups: Groups, state: JobState) -> None:
    """Take a job that stands first in the line of its group out of it."""
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
def first_group(rules: Rules, groups: Groups, state: JobState, skip_blocked: bool) -> int:
    """Return the group whose first job goes first, or -1.

    Under fair share the tenant that holds the fewest accelerators goes first, and within it the earlier job.
    """
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
def note_idle(
    rules: Rules,
    nodes: Nodes,
    shapes: Shapes,
    groups: Groups,
    tasks: Classes,
    pools: Pools,
    cluster: ClusterState,
    state: JobState,
    idle: np.ndarray,
) -> None:
    """Say of every idle accelerator why it is idle.

    With nobody waiting there is no demand. Otherwise the job that goes first decides: another model is
    wanted; memory, CPU or accelerators of the node do not suffice; or the node would do, and the rest of the
    gang finds no room. An accelerator that a later job could use, but may not before the first, is held back
    by the order.
    """
    first = first_group(rules, groups, state, False)
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
        elif part_fits(n, c, rules, nodes, tasks, pools, cluster):
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
                    and part_fits(n, shapes.part[shape], rules, nodes, tasks, pools, cluster)
                ):
                    cause = HELD_BACK
                    break
        idle[cause] += milli
