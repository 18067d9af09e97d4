"""The compiled loop over arrivals and ends of jobs."""

from __future__ import annotations

import numpy as np

from capexpand.replay.compiled import inline_kernel, kernel
from capexpand.replay.jobs.places import (
    can_restore,
    lift_parts,
    note_placement,
    place_job,
    place_whole,
    release_parts,
)
from capexpand.replay.jobs.queue import (
    account,
    drop_stale,
    first_group,
    join_queue,
    leave_queue,
    note_idle,
    pop_end,
    push_end,
)
from capexpand.replay.jobs.state import (
    ANY_BLOCKED,
    BIN,
    EVENTS,
    FREE_PART,
    NONE,
    NOW,
    PREEMPTIONS,
    RUNNING_HEAP,
    USED_MILLI,
    WAITING,
    Groups,
    JobResults,
    Jobs,
    JobState,
    Pools,
    Rules,
    Shapes,
    Timeline,
)
from capexpand.replay.packing.cluster import USED, ClusterState
from capexpand.replay.packing.kernel import Classes, Nodes, TypicalArrays


@inline_kernel
def _start(
    j: int, rules: Rules, jobs: Jobs, shapes: Shapes, groups: Groups, state: JobState, results: JobResults
) -> None:
    """Start a job that has been placed and waits no longer.

    Where nobody is preempted the end is known, and most of what else is kept of a job need not be.
    """
    now = state.clocks[NOW]
    if rules.preempt:
        finish = now + state.remaining_s[j]
        results.waited_s[j] += now - state.queued_s[j]
        if np.isnan(results.start_s[j]):
            results.start_s[j] = now
        state.started_s[j] = now
        state.finish_s[j] = finish
        _join_level(j, jobs, shapes, groups, state)
    else:
        finish = now + jobs.duration_s[j]
        results.start_s[j] = now
        results.finish_s[j] = finish
    state.counters[RUNNING_HEAP] = push_end(
        j, finish, state.counters[RUNNING_HEAP], state.finish_s, state.heap_time, state.heap_job
    )
    if rules.fair:
        state.held_milli[jobs.tenant[j]] += shapes.milli[groups.shape[jobs.group[j]]]


@inline_kernel
def _join_level(j: int, jobs: Jobs, shapes: Shapes, groups: Groups, state: JobState) -> None:
    """Put a job at the end of the list of running jobs of its level."""
    level = jobs.level[j]
    state.level_milli[level] += shapes.milli[groups.shape[jobs.group[j]]]
    last = state.last_of_level[level]
    state.before[j] = last
    state.after[j] = NONE
    if last != NONE:
        state.after[last] = j
    state.last_of_level[level] = j


@inline_kernel
def _leave_level(j: int, jobs: Jobs, shapes: Shapes, groups: Groups, state: JobState) -> None:
    """Take a job out of the list of running jobs of its level."""
    state.level_milli[jobs.level[j]] -= shapes.milli[groups.shape[jobs.group[j]]]
    up = state.before[j]
    down = state.after[j]
    if up != NONE:
        state.after[up] = down
    if down != NONE:
        state.before[down] = up
    else:
        state.last_of_level[jobs.level[j]] = up


@inline_kernel
def _unblock(state: JobState) -> None:
    if state.counters[ANY_BLOCKED]:
        state.counters[ANY_BLOCKED] = 0
        for shape in range(len(state.blocked)):
            state.blocked[shape] = False


@inline_kernel
def _start_at_once(
    j: int,
    rules: Rules,
    jobs: Jobs,
    shapes: Shapes,
    groups: Groups,
    tasks: Classes,
    pools: Pools,
    state: JobState,
    results: JobResults,
) -> bool:
    """Start a job that arrives alone at an empty queue, where it fits: it need not stand in line."""
    if not rules.whole or state.counters[WAITING] > 0:
        return False
    if j + 1 < len(jobs.arrival_s) and jobs.arrival_s[j + 1] <= state.clocks[NOW]:
        return False
    shape = groups.shape[jobs.group[j]]
    if not place_whole(j, shape, shapes, tasks, pools, state):
        return False
    note_placement(j, shape, shapes, state, results)
    if rules.preempt:
        state.queued_s[j] = state.clocks[NOW]
    _start(j, rules, jobs, shapes, groups, state, results)
    return True


@inline_kernel
def _end(
    j: int,
    rules: Rules,
    jobs: Jobs,
    nodes: Nodes,
    shapes: Shapes,
    groups: Groups,
    tasks: Classes,
    typical: TypicalArrays,
    pools: Pools,
    cluster: ClusterState,
    state: JobState,
    results: JobResults,
) -> None:
    """End a job and give back what it holds."""
    shape = groups.shape[jobs.group[j]]
    release_parts(j, rules, nodes, tasks, typical, pools, cluster, state)
    state.counters[USED_MILLI] -= shapes.milli[shape]
    if rules.fair:
        state.held_milli[jobs.tenant[j]] -= shapes.milli[shape]
    if rules.preempt:
        results.finish_s[j] = state.finish_s[j]
        state.finish_s[j] = np.inf
        _leave_level(j, jobs, shapes, groups, state)


@kernel
def _preempt_for(
    j: int,
    rules: Rules,
    jobs: Jobs,
    nodes: Nodes,
    shapes: Shapes,
    groups: Groups,
    tasks: Classes,
    typical: TypicalArrays,
    pools: Pools,
    cluster: ClusterState,
    state: JobState,
    results: JobResults,
) -> bool:
    """Place a job by taking from running jobs of lower priority, and tell whether that was possible.

    Victims are freed one at a time, the lowest priority first and within it the latest start, until the job
    fits. Then those whose accelerators are still free, the last victim first, keep them after all.
    """
    shape = groups.shape[jobs.group[j]]
    mask = tasks.mask[shapes.part[shape]]
    wanted = shapes.milli[shape]
    possible = _idle_milli(rules, pools, cluster)
    for level in range(jobs.level[j]):
        possible += state.level_milli[level]
    if possible < wanted:
        return False
    victims = 0
    placed = False
    for level in range(jobs.level[j]):
        victim = state.last_of_level[level]
        while victim != NONE and not placed:
            vshape = groups.shape[jobs.group[victim]]
            node = state.part_node[state.first_part[victim]]
            if mask == 0 or (mask & nodes.model[node]) != 0:
                lift_parts(victim, 1, rules, nodes, tasks, typical, pools, cluster, state)
                state.counters[USED_MILLI] -= shapes.milli[vshape]
                state.victims[victims] = victim
                victims += 1
                if _idle_milli(rules, pools, cluster) >= wanted:
                    placed = place_job(
                        j, shape, rules, nodes, shapes, tasks, typical, pools, cluster, state, results
                    )
            victim = state.before[victim]
        if placed:
            break
    for k in range(victims - 1, -1, -1):
        victim = state.victims[k]
        vshape = groups.shape[jobs.group[victim]]
        if can_restore(victim, rules, tasks, pools, cluster, state):
            lift_parts(victim, -1, rules, nodes, tasks, typical, pools, cluster, state)
            state.counters[USED_MILLI] += shapes.milli[vshape]
        else:
            _requeue(victim, rules, jobs, shapes, groups, state, results)
    return placed


@kernel
def _idle_milli(rules: Rules, pools: Pools, cluster: ClusterState) -> int:
    """Return all idle accelerators [0.001]."""
    if not rules.whole:
        return cluster.total_milli[0] - cluster.counters[USED]
    total = 0
    for pool in range(len(pools.pool_free)):
        total += pools.pool_free[pool]
    return total * 1000


@kernel
def _requeue(
    victim: int,
    rules: Rules,
    jobs: Jobs,
    shapes: Shapes,
    groups: Groups,
    state: JobState,
    results: JobResults,
) -> None:
    """Put a job whose accelerators were taken back into the queue."""
    now = state.clocks[NOW]
    # its accelerators are free already: only the list of parts goes
    part = state.first_part[victim]
    while part != NONE:
        following = state.part_next[part]
        state.part_next[part] = state.counters[FREE_PART]
        state.counters[FREE_PART] = part
        part = following
    state.first_part[victim] = NONE
    if rules.keep_progress:
        state.remaining_s[victim] -= now - state.started_s[victim]
    state.finish_s[victim] = np.inf
    _leave_level(victim, jobs, shapes, groups, state)
    results.preempted[victim] += 1
    state.counters[PREEMPTIONS] += 1
    state.queued_s[victim] = now
    join_queue(victim, jobs, groups, state)


@inline_kernel
def _schedule(
    rules: Rules,
    jobs: Jobs,
    nodes: Nodes,
    shapes: Shapes,
    groups: Groups,
    tasks: Classes,
    typical: TypicalArrays,
    pools: Pools,
    cluster: ClusterState,
    state: JobState,
    results: JobResults,
) -> None:
    """Start every waiting job that may start now."""
    while True:
        g = first_group(rules, groups, state, rules.backfill)
        if g == NONE:
            return
        shape = groups.shape[g]
        if state.blocked[shape]:
            return
        j = jobs.at[groups.head[g]]
        if rules.whole:
            # the fast path is compiled in; the other one costs more than the call
            placed = place_whole(j, shape, shapes, tasks, pools, state)
            if placed:
                note_placement(j, shape, shapes, state, results)
        else:
            placed = place_job(j, shape, rules, nodes, shapes, tasks, typical, pools, cluster, state, results)
        if not placed and rules.preempt and jobs.level[j] > 0:
            before = state.counters[PREEMPTIONS]
            placed = _preempt_for(
                j, rules, jobs, nodes, shapes, groups, tasks, typical, pools, cluster, state, results
            )
            if state.counters[PREEMPTIONS] > before:
                _unblock(state)
        if placed:
            leave_queue(j, jobs, groups, state)
            _start(j, rules, jobs, shapes, groups, state, results)
        else:
            state.blocked[shape] = True
            state.counters[ANY_BLOCKED] = 1
            if not rules.backfill:
                return


@inline_kernel
def _next_end(rules: Rules, state: JobState) -> float:
    """Return the time of the next end, infinite when nothing runs."""
    size = state.counters[RUNNING_HEAP]
    if rules.preempt:
        size = drop_stale(size, state.finish_s, state.heap_time, state.heap_job)
        state.counters[RUNNING_HEAP] = size
    return state.heap_time[0] if size > 0 else np.inf


@kernel
def run_jobs(
    rules: Rules,
    jobs: Jobs,
    nodes: Nodes,
    shapes: Shapes,
    groups: Groups,
    tasks: Classes,
    typical: TypicalArrays,
    pools: Pools,
    cluster: ClusterState,
    state: JobState,
    results: JobResults,
    timeline: Timeline,
) -> None:
    """Run every job to its end.

    What happens at one time happens in this order: jobs end, jobs arrive, jobs start.

    Args:
        rules: the policy.
        jobs: the jobs, by arrival.
        nodes: the nodes.
        shapes: what jobs ask for.
        groups: the lines in which they wait.
        tasks: the parts of which the shapes consist.
        typical: the typical tasks, for gradient descent.
        pools: nodes with whole accelerators only, where that is all that matters.
        cluster: the state of the nodes otherwise.
        state: of jobs and loop.
        results: filled in.
        timeline: filled in.
    """
    count = len(jobs.arrival_s)
    arrived = 0
    while True:
        ending = _next_end(rules, state)
        arriving = jobs.arrival_s[arrived] if arrived < count else np.inf
        now = min(ending, arriving)
        if now == np.inf:
            return
        while state.counters[BIN] < len(timeline.end_s) and timeline.end_s[state.counters[BIN]] <= now:
            interval = state.counters[BIN]
            account(timeline.end_s[interval], state, timeline)
            note_idle(
                rules, nodes, shapes, groups, tasks, pools, cluster, state, timeline.idle_milli[interval]
            )
            state.counters[BIN] = interval + 1
        account(now, state, timeline)
        state.clocks[NOW] = now
        state.counters[EVENTS] += 1
        released = False
        while ending <= now:
            j = state.heap_job[0]
            state.counters[RUNNING_HEAP] = pop_end(
                state.counters[RUNNING_HEAP], state.heap_time, state.heap_job
            )
            _end(j, rules, jobs, nodes, shapes, groups, tasks, typical, pools, cluster, state, results)
            released = True
            ending = _next_end(rules, state)
        if released:
            _unblock(state)
        while arrived < count and jobs.arrival_s[arrived] <= now:
            if not _start_at_once(arrived, rules, jobs, shapes, groups, tasks, pools, state, results):
                if rules.preempt:
                    state.queued_s[arrived] = now
                join_queue(arrived, jobs, groups, state)
            arrived += 1
        if state.counters[WAITING] > 0:
            _schedule(rules, jobs, nodes, shapes, groups, tasks, typical, pools, cluster, state, results)
