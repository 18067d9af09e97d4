"""Turn a trace, a fleet and a policy into the arrays of the compiled loop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.errors import CaseError, Problem
from capexpand.replay.jobs.bits import level_offsets
from capexpand.replay.jobs.places import place_job, release_parts
from capexpand.replay.jobs.policies import Order, SchedulingPolicy
from capexpand.replay.jobs.state import (
    CLOCKS,
    COUNTERS,
    NONE,
    USED_MILLI,
    Groups,
    JobResults,
    Jobs,
    JobState,
    JobWorld,
    Pools,
    Rules,
    Shapes,
    Timeline,
)
from capexpand.replay.packing.arrays import as_classes, as_nodes, as_typical
from capexpand.replay.packing.cluster import empty_cluster
from capexpand.replay.packing.tasks import (
    MILLI,
    NodeArrays,
    PlacementRule,
    TaskClass,
    TypicalTask,
    find_typical_tasks,
    model_mask,
)
from capexpand.replay.traces import JobTrace

_MOST_SCORES = 100_000_000
_MOST_PLACEMENTS = 2_000_000_000
"""Parts of the largest gang times nodes: more would be looked at for minutes for one job."""


@dataclass(frozen=True, slots=True)
class CompiledReplay:
    """The world of the loop, and the shape of each job, shape (jobs,)."""

    world: JobWorld
    shape_of_job: np.ndarray


def number_rows(columns: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Number the distinct rows of several columns of whole numbers.

    Args:
        columns: each of shape (rows,), not below 0.

    Returns:
        The number of each row, shape (rows,), and a row that has each number, shape (distinct,).
    """
    rows = len(columns[0])
    key = np.zeros(rows, dtype=np.int64)
    span = 1
    for column in columns:
        values = column.astype(np.int64, copy=False)
        width = int(values.max(initial=0)) + 1
        if span * width > 1 << 22:
            # compress before going on: a table by key would not fit
            distinct, key = np.unique(key, return_inverse=True)
            span = len(distinct)
            if span * width > 1 << 22:
                distinct, values = np.unique(values, return_inverse=True)
                width = len(distinct)
        key = key * width + values
        span *= width
    if span <= 1 << 22:
        first = np.full(span, rows, dtype=np.int64)
        first[key[::-1]] = np.arange(rows - 1, -1, -1)
        present = np.flatnonzero(first < rows)
        number = np.zeros(span, dtype=np.int64)
        number[present] = np.arange(len(present))
        return number[key], first[present]
    _, first, number = np.unique(key, return_index=True, return_inverse=True)
    return number, first


def compile_replay(
    trace: JobTrace, nodes: NodeArrays, policy: SchedulingPolicy, *, intervals: int
) -> CompiledReplay:
    """Build the arrays of a replay.

    Args:
        intervals: into how many equal parts the time from the first arrival to the last is cut.
    """
    levels = np.unique(trace.priority, return_inverse=True)[1] if policy.order is Order.PRIORITY else None
    asks = [
        trace.accelerators,
        trace.accelerator_milli,
        trace.members,
        trace.cpu_milli,
        trace.memory_mib,
        trace.model_index,
    ]
    if policy.preempt and levels is not None:
        asks.append(levels)
    shape_of_job, example = number_rows(asks)
    shapes, classes = _shapes(trace, example, nodes)
    tasks = as_classes(classes, nodes.model_names)
    whole = _whole_only(classes, policy)
    _check_size(trace, len(classes), len(nodes), shapes, whole=whole)
    rules = Rules(
        policy.order is Order.FAIR_SHARE,
        policy.backfill,
        policy.preempt,
        policy.keep_progress,
        whole,
        int(policy.placement),
    )
    typical = as_typical(_typical(classes, shapes, shape_of_job, policy), nodes.model_names)
    node_arrays = as_nodes(nodes)
    draws = np.random.default_rng(policy.seed).random(1 << 16)
    cluster = empty_cluster(
        node_arrays, tasks if not whole else as_classes(classes[:1], nodes.model_names), typical, draws
    )
    jobs, groups = _lines(trace, shape_of_job, policy, levels)
    pools = _pools(nodes)
    state = _state(trace, shapes, jobs, nodes, shape_of_job, preempt=policy.preempt)
    count = len(trace)
    results = JobResults(
        np.full(count, np.nan),
        np.full(count, np.nan),
        np.zeros(count if policy.preempt else 0),
        np.zeros(count, dtype=np.int32),
        np.full(count, NONE, dtype=np.int32),
        np.zeros(count, dtype=np.int32),
    )
    end = np.linspace(0.0, float(trace.arrival_s[-1]), intervals + 1)[1:]
    end = end if end[-1] > 0 else np.zeros(0)
    timeline = Timeline(end, np.zeros(len(end)), np.zeros(len(end)), np.zeros((len(end), 7), dtype=np.int64))
    world = JobWorld(
        rules, jobs, node_arrays, shapes, groups, tasks, typical, pools, cluster, state, results, timeline
    )
    return CompiledReplay(world, shape_of_job)


def shapes_that_fit(compiled: CompiledReplay) -> np.ndarray:
    """Tell which shapes fit an empty cluster.

    Args:
        compiled: a replay that has not run; it is left as it was.

    Returns:
        One truth value per shape, shape (shapes,).
    """
    world = compiled.world
    fits = np.zeros(len(world.shapes.part), dtype=bool)
    for shape in range(len(fits)):
        job = int(np.argmax(compiled.shape_of_job == shape))
        fits[shape] = place_job(job, shape, world)
        if fits[shape]:
            release_parts(job, world)
    world.state.counters[USED_MILLI] = 0
    return fits


def _check_size(trace: JobTrace, classes: int, nodes: int, shapes: Shapes, *, whole: bool) -> None:
    """Refuse a replay whose scores would not fit into memory, or that would look at nodes for ever."""
    if whole:
        return
    hint = "leave them out with --accelerators-only"
    if classes * nodes > _MOST_SCORES:
        message = (
            f"{classes} different requests on {nodes} nodes are too many to score; round the requests for "
        )
        raise CaseError([Problem(f"{trace.name}: {message}CPU and memory, or {hint}")])
    parts = int(shapes.parts.max(initial=1))
    if parts * nodes > _MOST_PLACEMENTS:
        message = f"a gang of {parts} on {nodes} nodes with CPU and memory is too large to place"
        raise CaseError([Problem(f"{trace.name}: {message}; replay a part of the fleet, or {hint}")])


def _whole_only(classes: list[TaskClass], policy: SchedulingPolicy) -> bool:
    return policy.placement is PlacementRule.BEST_FIT and all(
        task.accelerators > 0
        and task.accelerator_milli == MILLI
        and task.cpu_milli == 0
        and task.memory_mib == 0
        for task in classes
    )


def _shapes(trace: JobTrace, example: np.ndarray, nodes: NodeArrays) -> tuple[Shapes, list[TaskClass]]:
    """Split what jobs ask for into parts that each fit a node, a large job into as few nodes as possible."""
    classes: dict[TaskClass, int] = {}
    rows = []
    for job in example.tolist():
        accelerators = int(trace.accelerators[job])
        milli = int(trace.accelerator_milli[job]) if accelerators else 0
        members = int(trace.members[job])
        models = trace.models[int(trace.model_index[job])]
        cpu, memory = int(trace.cpu_milli[job]), int(trace.memory_mib[job])
        mask = model_mask(models, nodes.model_names)
        allowed = (nodes.model_bit & mask) != 0 if mask else np.ones(len(nodes), dtype=bool)
        width = int(nodes.accelerators[allowed].max(initial=0))
        parts, rest, size = members, 0, accelerators
        last: TaskClass | None = None
        if members == 1 and width and accelerators > width and milli == MILLI:
            parts, rest = divmod(accelerators, width)
            size = width
            share = width / accelerators
            if rest:
                part_cpu, part_memory = cpu * rest / accelerators, memory * rest / accelerators
                last = TaskClass(round(part_cpu), milli, rest, models, round(part_memory))
            cpu, memory = round(cpu * share), round(memory * share)
        part = classes.setdefault(TaskClass(cpu, milli, size, models, memory), len(classes))
        rest_class = NONE if last is None else classes.setdefault(last, len(classes))
        rows.append((parts, part, rest_class, accelerators * milli * members))
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return Shapes(*(np.ascontiguousarray(column) for column in table.T)), list(classes)


def _typical(
    classes: list[TaskClass], shapes: Shapes, shape_of_job: np.ndarray, policy: SchedulingPolicy
) -> tuple[TypicalTask, ...]:
    if policy.placement is not PlacementRule.FRAGMENTATION_GRADIENT:
        return (TypicalTask(TaskClass(1, MILLI, 1, "", 0), 1.0),)
    counts = np.bincount(shape_of_job, minlength=len(shapes.part))
    tasks: list[TaskClass] = []
    # a thousand tasks in the proportions of the trace are enough to find the typical ones
    scale = max(1.0, counts.sum() / 1000)
    for part, count in zip(shapes.part.tolist(), counts.tolist(), strict=True):
        tasks.extend([classes[part]] * max(1, round(count / scale)))
    return find_typical_tasks(tasks)


def _lines(
    trace: JobTrace, shape_of_job: np.ndarray, policy: SchedulingPolicy, levels: np.ndarray | None
) -> tuple[Jobs, Groups]:
    """Rank the jobs by the order, and stand them in the lines of their groups."""
    count = len(trace)
    if policy.order is Order.SHORTEST_FIRST:
        order = np.argsort(trace.duration_s, kind="stable")
    elif levels is not None:
        order = np.argsort(-levels, kind="stable")
    else:
        order = np.arange(count)
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    columns = [shape_of_job]
    if policy.order is Order.FAIR_SHARE:
        columns.append(trace.tenant_index)
    group, example = number_rows(columns)
    groups = len(example)
    small = group.astype(np.uint16) if groups < 1 << 16 else group
    at = order[np.argsort(small[order], kind="stable")]
    place = np.empty(count, dtype=np.int64)
    place[at] = np.arange(count)
    sizes = np.bincount(group, minlength=groups)
    end = np.cumsum(sizes)
    return (
        Jobs(
            trace.arrival_s,
            trace.duration_s,
            group,
            place,
            rank,
            np.zeros(count, dtype=np.int64) if levels is None else levels.astype(np.int64),
            trace.tenant_index.astype(np.int64, copy=False),
            at,
        ),
        Groups(
            shape_of_job[example],
            trace.tenant_index[example].astype(np.int64),
            end - sizes,
            end,
            np.full(groups, NONE, dtype=np.int64),
            np.zeros(groups, dtype=np.int64),
            np.zeros(groups, dtype=np.int64),
            np.zeros(groups, dtype=np.int64),
        ),
    )


def _pools(nodes: NodeArrays) -> Pools:
    """Group the nodes that have accelerators by model, in the order in which the models first occur."""
    bits = list(dict.fromkeys(nodes.model_bit.tolist()))
    width = int(nodes.accelerators.max(initial=0)) + 1
    of_node = np.array([bits.index(bit) for bit in nodes.model_bit.tolist()], dtype=np.int64)
    members = np.zeros((len(bits), width), dtype=np.int64)
    words = np.zeros((len(bits), width, -(-len(nodes) // 32)), dtype=np.int64)
    pool_free = np.zeros(len(bits), dtype=np.int64)
    for n, (pool, free) in enumerate(zip(of_node.tolist(), nodes.accelerators.tolist(), strict=True)):
        words[pool, free, n >> 5] |= 1 << (n & 31)
        members[pool, free] += 1
        pool_free[pool] += free
    model = np.array(bits, dtype=np.int64)
    return Pools(of_node, nodes.accelerators.copy(), pool_free, model, members, words, np.zeros_like(members))


def _state(
    trace: JobTrace,
    shapes: Shapes,
    jobs: Jobs,
    nodes: NodeArrays,
    shape_of_job: np.ndarray,
    *,
    preempt: bool,
) -> JobState:
    count = len(trace)
    levels = int(jobs.level.max(initial=0)) + 1
    tenants = max(1, len(trace.tenants))
    parts = _most_parts(shapes, nodes, shape_of_job)
    following = np.arange(1, parts + 1, dtype=np.int64)
    following[-1] = NONE
    heap = min(2 * count, 2 * parts) + 2
    offsets = level_offsets(count)
    # only a job that may be preempted needs more than its parts
    kept = count if preempt else 1
    return JobState(
        trace.duration_s.astype(np.float64).copy() if preempt else np.zeros(1),
        np.full(kept, np.inf),
        np.zeros(kept),
        np.zeros(kept),
        np.full(count, NONE, dtype=np.int64),
        np.full(kept, NONE, dtype=np.int64),
        np.full(kept, NONE, dtype=np.int64),
        np.full(levels, NONE, dtype=np.int64),
        np.zeros(levels, dtype=np.int64),
        np.zeros(heap),
        np.zeros(heap, dtype=np.int64),
        np.zeros(parts, dtype=np.int64),
        np.zeros(parts, dtype=np.int64),
        np.zeros(parts, dtype=np.int64),
        following,
        np.zeros(int(offsets[-1]), dtype=np.int64),
        offsets,
        np.zeros(len(shapes.part), dtype=bool),
        np.zeros(tenants, dtype=np.int64),
        np.zeros(min(count, parts) + 1, dtype=np.int64),
        np.zeros(COUNTERS, dtype=np.int64),
        np.zeros(CLOCKS),
    )


def _most_parts(shapes: Shapes, nodes: NodeArrays, shape_of_job: np.ndarray) -> int:
    """Bound the parts that can be held at one time, from above."""
    parts = shapes.parts + (shapes.rest != NONE)
    most_in_job = int(parts.max(initial=1))
    most = int(parts[shape_of_job].sum())
    smallest = int(shapes.milli.min(initial=MILLI))
    if smallest > 0:  # jobs without accelerators have no such bound
        total_milli = nodes.total_accelerators * MILLI
        jobs = min(len(shape_of_job), total_milli // max(1, smallest // most_in_job) + 1)
        most = min(most, jobs * most_in_job, 4 * total_milli)
    # with victims lifted and the new job placed both hold parts for a moment
    return 2 * max(1, most) + 2 * most_in_job + 2


def leave_out_larger(trace: JobTrace, nodes: NodeArrays, *, leave_out_bad: bool) -> JobTrace:
    """Leave out jobs that ask for more accelerators than the cluster has, before anything is built for them.

    Args:
        leave_out_bad: leave them out, where otherwise they are an error.

    Raises:
        CaseError: there are some and they may not be left out, or nothing else is left.
    """
    milli = trace.accelerators * trace.members * trace.accelerator_milli
    keep = milli <= nodes.total_accelerators * MILLI
    if keep.all():
        return trace
    if leave_out_bad and keep.any():
        return trace.only(keep, {"larger than the cluster": int((~keep).sum())})
    raise _too_large(trace, keep)


def _too_large(trace: JobTrace, keep: np.ndarray) -> CaseError:
    row = int(np.flatnonzero(~keep)[0])
    members, accelerators = int(trace.members[row]), int(trace.accelerators[row])
    asked = f"{members} x " if members > 1 else ""
    if accelerators:
        asked += f"{accelerators} accelerators"
        milli = int(trace.accelerator_milli[row])
        asked += f" of {milli / 1000:g}" if milli < MILLI else ""
        models = trace.models[int(trace.model_index[row])]
        asked += f" of {models}" if models else ""
    cpu, memory = int(trace.cpu_milli[row]), int(trace.memory_mib[row])
    asked += f"{' with' if accelerators else ''} {cpu / 1000:g} cores" if cpu else ""
    asked += f" and {memory / 1024:g} GiB of memory" if memory else ""
    message = f"{trace.name}: {(~keep).sum()} jobs are larger than the cluster, the first asks for {asked}"
    return CaseError([Problem(f"{message}; leave such jobs out with --leave-out-bad")])


def check_fits(compiled: CompiledReplay, trace: JobTrace, *, leave_out_bad: bool) -> np.ndarray | None:
    """Find jobs that the empty cluster cannot hold.

    Args:
        leave_out_bad: leave them out, where otherwise they are an error.

    Returns:
        Which jobs to keep, shape (jobs,), or None when all fit.

    Raises:
        CaseError: some do not fit and may not be left out, or none fits.
    """
    fits = shapes_that_fit(compiled)
    if fits.all():
        return None
    keep = fits[compiled.shape_of_job]
    if leave_out_bad and keep.any():
        return keep
    raise _too_large(trace, keep)
