"""Replay a trace of jobs on a cluster."""

from __future__ import annotations

import numpy as np

from capexpand.replay.jobs.outcome import JobOutcome
from capexpand.replay.jobs.policies import Order, SchedulingPolicy
from capexpand.replay.packing.tasks import NodeArrays
from capexpand.replay.traces import JobTrace


def replay_jobs(
    trace: JobTrace,
    nodes: NodeArrays,
    policy: SchedulingPolicy | None = None,
    *,
    intervals: int = 200,
    leave_out_bad: bool = False,
) -> JobOutcome:
    """Run every job of a trace on a cluster that is empty at first.

    Args:
        nodes: the cluster; the order of its nodes breaks ties.
        policy: how it decides; first come, first served with best fit when None.
        intervals: into how many equal parts the time from the first arrival to the last is cut for the
            series.
        leave_out_bad: leave out jobs larger than the cluster, where otherwise they are an error.

    Returns:
        What became of each job, and what the cluster did over time.

    Raises:
        CaseError: a job is larger than the cluster and may not be left out.
    """
    from capexpand.replay.jobs.compile import check_fits, compile_replay, leave_out_larger
    from capexpand.replay.jobs.first_come import run_first_come
    from capexpand.replay.jobs.loop import run_jobs
    from capexpand.replay.jobs.state import BUSY_MILLI_S, EVENTS

    chosen = policy or SchedulingPolicy()
    trace = leave_out_larger(trace, nodes, leave_out_bad=leave_out_bad)
    compiled = compile_replay(trace, nodes, chosen, intervals=intervals)
    keep = check_fits(compiled, trace, leave_out_bad=leave_out_bad)
    if keep is not None:
        trace = trace.only(keep, {"larger than the cluster": int((~keep).sum())})
        compiled = compile_replay(trace, nodes, chosen, intervals=intervals)
    world = compiled.world
    simple = world.rules.whole and chosen.order is Order.FIRST_COME and not chosen.backfill
    (run_first_come if simple else run_jobs)(world)
    results, timeline = world.results, world.timeline
    width = np.diff(timeline.end_s, prepend=0.0)
    total = nodes.total_accelerators
    names = {1 << place: name for place, name in enumerate(nodes.model_names)} | {0: ""}
    return JobOutcome(
        trace,
        results.start_s,
        results.finish_s,
        results.waited_s if chosen.preempt else results.start_s - trace.arrival_s,
        results.preempted,
        results.node,
        results.parts,
        tuple(names[bit] for bit in nodes.model_bit.tolist()),
        total,
        float(world.state.clocks[BUSY_MILLI_S]) / 1000,
        timeline.end_s,
        timeline.used_milli_s / 1000 / (total * width) if total else timeline.used_milli_s,
        timeline.waiting_s / width,
        timeline.idle_milli / 1000,
        int(world.state.counters[EVENTS]),
    )
