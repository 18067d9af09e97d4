"""The compiled loop over arrivals and ends of jobs."""

from __future__ import annotations

import numpy as np

from capexpand.replay import heap
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
    first_group,
    join_queue,
    leave_queue,
    note_idle,
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
    JobState,
    JobWorld,
    Rules,
)
from capexpand.replay.packing.cluster import USED


@inline_kernel
def _start(j: int, world: JobWorld) -> None:
    """Start a job that has been placed and waits no longer.

    Where nobody is preempted the end is known, and most of what else is kept of a job need not be.
    """
    rules, jobs, shapes, groups, state, results = (
        world.rules,
        world.jobs,
        world.shapes,
        world.groups,
        world.state,
        world.results,
    )
    now = state.clocks[NOW]
    if rules.preempt:
        finish = now + state.remaining_s[j]
        results.waited_s[j] += now - state.queued_s[j]
        if np.isnan(results.start_s[j]):
            results.start_s[j] = now
        state.started_s[j] = now
        state.finish_s[j] = finish
        _join_level(j, world)
    else:
        finish = now + jobs.duration_s[j]
        results.start_s[j] = now
        results.finish_s[j] = finish
    state.counters[RUNNING_HEAP] = heap.push(
        state.heap_time, state.heap_job, state.counters[RUNNING_HEAP], finish, j, state.finish_s
    )
    if rules.fair:
        state.held_milli[jobs.tenant[j]] += shapes.milli[groups.shape[jobs.group[j]]]


@inline_kernel
def _join_level(j: int, world: JobWorld) -> None:
    """Put a job at the end of the list of running jobs of its level."""
    jobs, shapes, groups, state = world.jobs, world.shapes, world.groups, world.state
    level = jobs.level[j]
    state.level_milli[level] += shapes.milli[groups.shape[jobs.group[j]]]
    last = state.last_of_level[level]
    state.before[j] = last
    state.after[j] = NONE
    if last != NONE:
        state.after[last] = j
    state.last_of_level[level] = j


@inline_kernel
def _leave_level(j: int, world: JobWorld) -> None:
    """Take a job out of the list of running jobs of its level."""
    jobs, shapes, groups, state = world.jobs, world.shapes, world.groups, world.state
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
def _start_at_once(j: int, world: JobWorld) -> bool:
    """Start a job that arrives alone at an empty queue, where it fits: it need not stand in line."""
    rules, jobs, groups, state = world.rules, world.jobs, world.groups, world.state
    if not rules.whole or state.counters[WAITING] > 0:
        return False
    if j + 1 < len(jobs.arrival_s) and jobs.arrival_s[j + 1] <= state.clocks[NOW]:
        return False
    shape = groups.shape[jobs.group[j]]
    if not place_whole(j, shape, world):
        return False
    note_placement(j, shape, world)
    if rules.preempt:
        state.queued_s[j] = state.clocks[NOW]
    _start(j, world)
    return True


@inline_kernel
def _end(j: int, world: JobWorld) -> None:
    """End a job and give back what it holds."""
    rules, jobs, shapes, groups, state, results = (
        world.rules,
        world.jobs,
        world.shapes,
        world.groups,
        world.state,
        world.results,
    )
    shape = groups.shape[jobs.group[j]]
    release_parts(j, world)
    state.counters[USED_MILLI] -= shapes.milli[shape]
    if rules.fair:
        state.held_milli[jobs.tenant[j]] -= shapes.milli[shape]
    if rules.preempt:
        results.finish_s[j] = state.finish_s[j]
        state.finish_s[j] = np.inf
        _leave_level(j, world)


@kernel
def _preempt_for(j: int, world: JobWorld) -> bool:
    """Place a job by taking from running jobs of lower priority, and tell whether that was possible.

    Victims are freed one at a time, the lowest priority first and within it the latest start, until the job
    fits. Then those whose accelerators are still free, the last victim first, keep them after all.
    """
    jobs, nodes, shapes, groups, tasks, state = (
        world.jobs,
        world.nodes,
        world.shapes,
        world.groups,
        world.tasks,
        world.state,
    )
    shape = groups.shape[jobs.group[j]]
    mask = tasks.mask[shapes.part[shape]]
    wanted = shapes.milli[shape]
    possible = _idle_milli(world)
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
                lift_parts(victim, 1, world)
                state.counters[USED_MILLI] -= shapes.milli[vshape]
                state.victims[victims] = victim
                victims += 1
                if _idle_milli(world) >= wanted:
                    placed = place_job(j, shape, world)
            victim = state.before[victim]
        if placed:
            break
    for k in range(victims - 1, -1, -1):
        victim = state.victims[k]
        vshape = groups.shape[jobs.group[victim]]
        if can_restore(victim, world):
            lift_parts(victim, -1, world)
            state.counters[USED_MILLI] += shapes.milli[vshape]
        else:
            _requeue(victim, world)
    return placed


@kernel
def _idle_milli(world: JobWorld) -> int:
    """Return all idle accelerators [0.001]."""
    rules, pools, cluster = world.rules, world.pools, world.cluster
    if not rules.whole:
        return cluster.total_milli[0] - cluster.counters[USED]
    total = 0
    for pool in range(len(pools.pool_free)):
        total += pools.pool_free[pool]
    return total * 1000


@kernel
def _requeue(victim: int, world: JobWorld) -> None:
    """Put a job whose accelerators were taken back into the queue."""
    rules, state, results = world.rules, world.state, world.results
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
    _leave_level(victim, world)
    results.preempted[victim] += 1
    state.counters[PREEMPTIONS] += 1
    state.queued_s[victim] = now
    join_queue(victim, world)


@inline_kernel
def _schedule(world: JobWorld) -> None:
    """Start every waiting job that may start now."""
    rules, jobs, groups, state = world.rules, world.jobs, world.groups, world.state
    while True:
        g = first_group(world, rules.backfill)
        if g == NONE:
            return
        shape = groups.shape[g]
        if state.blocked[shape]:
            return
        j = jobs.at[groups.head[g]]
        if rules.whole:
            # the fast path is compiled in; the other one costs more than the call
            placed = place_whole(j, shape, world)
            if placed:
                note_placement(j, shape, world)
        else:
            placed = place_job(j, shape, world)
        if not placed and rules.preempt and jobs.level[j] > 0:
            before = state.counters[PREEMPTIONS]
            placed = _preempt_for(j, world)
            if state.counters[PREEMPTIONS] > before:
                _unblock(state)
        if placed:
            leave_queue(j, world)
            _start(j, world)
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
        size = heap.drop_stale(state.heap_time, state.heap_job, size, state.finish_s)
        state.counters[RUNNING_HEAP] = size
    return state.heap_time[0] if size > 0 else np.inf


@kernel
def run_jobs(world: JobWorld) -> None:
    """Run every job to its end.

    What happens at one time happens in this order: jobs end, jobs arrive, jobs start.

    Args:
        world: of the replay; its results and its timeline are filled in.
    """
    rules, jobs, state, timeline = world.rules, world.jobs, world.state, world.timeline
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
            note_idle(world, timeline.idle_milli[interval])
            state.counters[BIN] = interval + 1
        account(now, state, timeline)
        state.clocks[NOW] = now
        state.counters[EVENTS] += 1
        released = False
        while ending <= now:
            j = state.heap_job[0]
            state.counters[RUNNING_HEAP] = heap.pop(
                state.heap_time, state.heap_job, state.counters[RUNNING_HEAP]
            )
            _end(j, world)
            released = True
            ending = _next_end(rules, state)
        if released:
            _unblock(state)
        while arrived < count and jobs.arrival_s[arrived] <= now:
            if not _start_at_once(arrived, world):
                if rules.preempt:
                    state.queued_s[arrived] = now
                join_queue(arrived, world)
            arrived += 1
        if state.counters[WAITING] > 0:
            _schedule(world)
