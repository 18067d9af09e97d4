"""The compiled loop for the simplest policy, in which the queue is a stretch of the trace.

First come, first served without passing and without preemption, on nodes with whole accelerators only: jobs
start in the order of their arrival, so that those who wait are the ones between the last that started and the
last that arrived. What is counted at every event stays in registers. The results are those of
``loop.run_jobs``.
"""

from __future__ import annotations

import numpy as np

from capexpand.replay import heap
from capexpand.replay.compiled import inline_kernel, kernel
from capexpand.replay.jobs.places import note_placement, place_whole, release_parts
from capexpand.replay.jobs.queue import note_idle
from capexpand.replay.jobs.state import (
    ACTIVE,
    BUSY_MILLI_S,
    EVENTS,
    NONE,
    JobWorld,
)


@inline_kernel
def _show_queue(first: int, waiting: np.ndarray, world: JobWorld) -> None:
    """Show those who wait in the form in which the general loop keeps them, for the causes of idleness."""
    jobs, groups, state = world.jobs, world.groups, world.state
    active = 0
    for g in range(len(waiting)):
        if waiting[g] > 0:
            groups.active[active] = g
            groups.head_rank[g] = 1
            active += 1
    state.counters[ACTIVE] = active
    if first != NONE:
        groups.head_rank[jobs.group[first]] = 0


@kernel
def run_first_come(world: JobWorld) -> None:
    """Run every job to its end, as ``loop.run_jobs`` does."""
    jobs, shapes, groups, state, results, timeline = (
        world.jobs,
        world.shapes,
        world.groups,
        world.state,
        world.results,
        world.timeline,
    )
    arrival_s = jobs.arrival_s
    times = state.heap_time
    ends = state.heap_job
    waiting = groups.start
    for g in range(len(waiting)):
        waiting[g] = 0
    count = len(arrival_s)
    intervals = len(timeline.end_s)
    arrived = 0
    first = 0
    running = 0
    used = 0
    last = 0.0
    busy = 0.0
    interval = 0
    events = 0
    blocked = False
    while True:
        now = arrival_s[arrived] if arrived < count else np.inf
        if running > 0 and times[0] < now:
            now = times[0]
        if now == np.inf:
            break
        while interval < intervals and timeline.end_s[interval] <= now:
            passed = timeline.end_s[interval] - last
            last = timeline.end_s[interval]
            busy += used * passed
            timeline.used_milli_s[interval] += used * passed
            timeline.waiting_s[interval] += (arrived - first) * passed
            _show_queue(first if first < arrived else NONE, waiting, world)
            note_idle(world, timeline.idle_milli[interval])
            interval += 1
        passed = now - last
        last = now
        busy += used * passed
        if interval < intervals:
            timeline.used_milli_s[interval] += used * passed
            timeline.waiting_s[interval] += (arrived - first) * passed
        events += 1
        while running > 0 and times[0] <= now:
            j = ends[0]
            running = heap.pop(times, ends, running)
            release_parts(j, world)
            used -= shapes.milli[groups.shape[jobs.group[j]]]
            blocked = False
        while arrived < count and arrival_s[arrived] <= now:
            waiting[jobs.group[arrived]] += 1
            arrived += 1
        while first < arrived and not blocked:
            g = jobs.group[first]
            shape = groups.shape[g]
            if not place_whole(first, shape, world):
                blocked = True
                break
            note_placement(first, shape, world)
            used += shapes.milli[shape]
            finish = now + jobs.duration_s[first]
            results.start_s[first] = now
            results.finish_s[first] = finish
            running = heap.push(times, ends, running, finish, first, state.finish_s)
            waiting[g] -= 1
            first += 1
    state.clocks[BUSY_MILLI_S] = busy
    state.counters[EVENTS] = events
