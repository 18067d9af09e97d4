"""From the fleet of a plan and a trace to a derating by workload and offer.

A plan's fleet is usually far larger than the cluster that a trace comes from. The trace keeps its own time,
with its days and nights, and is replayed on a part of the fleet that it fills: see :func:`part_for`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from capexpand.errors import CaseError, Problem
from capexpand.replay.derating import Derating, FleetReplay, ShareEstimate, replay_fleet, why_no_derating
from capexpand.replay.fleet import Fleet, NodeKind
from capexpand.replay.jobs.policies import SchedulingPolicy
from capexpand.replay.packing.tasks import MAX_ACCELERATORS
from capexpand.replay.traces import JobTrace


@dataclass(frozen=True, slots=True)
class PlannedCluster:
    """Units that serve one workload at sites that are alike to it; no job reaches beyond them.

    Args:
        workload: the workload.
        sites: the sites, joined by ``+``.
        fleet: the units, as nodes.
    """

    workload: str
    sites: str
    fleet: Fleet


@dataclass(frozen=True, slots=True)
class ClusterReplay:
    """A trace replayed on a part of a planned cluster.

    Args:
        cluster: the whole cluster.
        part: what of it the trace was replayed on.
        replay: what came of it.
    """

    cluster: PlannedCluster
    part: Fleet
    replay: FleetReplay


def nodes_of_unit(accelerators: int) -> tuple[int, int]:
    """Cut a unit of an offer into nodes that replay can hold.

    A rack with more accelerators than a node may have becomes equal nodes, as large as possible.

    Args:
        accelerators: in a unit, at least 1.

    Returns:
        Nodes in a unit, and accelerators in each.
    """
    size = next(n for n in range(min(accelerators, MAX_ACCELERATORS), 0, -1) if accelerators % n == 0)
    return accelerators // size, size


def part_for(fleet: Fleet, trace: JobTrace, load: float) -> Fleet:
    """Choose the part of a fleet that a trace fills to a load at its own speed.

    The part holds every kind in proportion, by largest remainder and at least one node of each, and is large
    enough for the largest gang. What then still differs from the load is made up by faster or slower
    arrivals. A fleet that is smaller than what the trace asks for is taken whole.

    Args:
        load: work asked for over what the part can do.
    """
    kinds = [kind for kind in fleet.kinds if kind.units > 0 and kind.accelerators > 0]
    if not kinds or trace.span_s <= 0:
        return fleet
    wanted = trace.accelerator_seconds / trace.span_s / load
    largest = int((trace.accelerators * trace.members).max())
    # a gang stays on one model: the most common one has to hold it, and the nodes lost to rounding
    common = max(kinds, key=lambda kind: kind.units * kind.accelerators)
    needed = (largest + 2 * common.accelerators) / (common.units * common.accelerators)
    share = min(1.0, max(wanted / fleet.accelerators, needed))
    exact = np.array([kind.units * share for kind in kinds])
    counts = np.maximum(np.floor(exact), 1).astype(int)
    left = round(float(exact.sum())) - int(counts.sum())
    for place in np.argsort(np.floor(exact) - exact, kind="stable")[: max(left, 0)]:
        counts[place] = min(counts[place] + 1, kinds[int(place)].units)
    return Fleet(tuple(replace(kind, units=int(count)) for kind, count in zip(kinds, counts, strict=True)))


def fit_to_plan(trace: JobTrace, fleet: Fleet) -> JobTrace:
    """Drop what a plan cannot say: CPU, main memory, and models that its fleet does not have at all."""
    kept = trace.accelerators_only()
    if len(kept) == 0:
        raise CaseError([Problem(f"{trace.name}: no job asks for an accelerator")])
    there = {kind.model_name for kind in fleet.kinds}
    asked = {name for models in kept.models for name in models.split("|") if name}
    if asked & there:
        return kept
    return replace(kept, models=("",), model_index=np.zeros_like(kept.model_index))


def replay_plan(
    clusters: Sequence[PlannedCluster],
    trace: JobTrace,
    *,
    policy: SchedulingPolicy | None = None,
    load: float = 1.0,
    leave_out_bad: bool = False,
) -> tuple[ClusterReplay, ...]:
    """Replay a trace on each cluster of a plan, scaled to it.

    Args:
        trace: the jobs, the same for each cluster.
        load: work asked for over what the part of the cluster can do.
        leave_out_bad: leave out jobs larger than the cluster, where otherwise they are an error.

    Raises:
        CaseError: there is nothing to replay, or a job is too large.
    """
    found = []
    for cluster in clusters:
        jobs = fit_to_plan(trace, cluster.fleet)
        note = why_no_derating(jobs)
        if note:
            raise CaseError([Problem(f"{trace.name}: {note}")])
        part = part_for(cluster.fleet, jobs, load)
        result = replay_fleet(part, jobs, policy=policy, load=load, leave_out_bad=leave_out_bad)
        found.append(ClusterReplay(cluster, part, result))
    return tuple(found)


def combine(replays: Sequence[ClusterReplay]) -> tuple[Derating, ...]:
    """Put the clusters of a plan together, by workload and offer.

    Each counts with its accelerators in the plan. All replay the same trace, so that their errors go
    together: the ends of the intervals are averaged, not narrowed.

    Args:
        replays: from ``replay_plan``.

    Returns:
        For each workload the whole (``all``) first, then each of its offers.
    """
    weighted: dict[tuple[str, str], list[tuple[float, Derating]]] = {}
    for one in replays:
        kinds = one.cluster.fleet.kinds
        whole = one.replay.deratings[0]
        by_offer = {row.offer: row for row in one.replay.deratings[1:]}
        weighted.setdefault((one.cluster.workload, "all"), []).append((one.cluster.fleet.accelerators, whole))
        for kind in kinds:
            # a part with one kind only has no rows by offer: the whole stands for it
            row = by_offer.get(kind.offer, whole)
            key = (one.cluster.workload, kind.offer)
            weighted.setdefault(key, []).append((kind.units * kind.accelerators, row))
    workloads = list(dict.fromkeys(workload for workload, _ in weighted))
    return tuple(
        weighted_mean(workload, offer, parts)
        for name in workloads
        for (workload, offer), parts in sorted(weighted.items(), key=lambda item: item[0][1] != "all")
        if workload == name
    )


def weighted_mean(workload: str, offer: str, parts: Sequence[tuple[float, Derating]]) -> Derating:
    """Average deratings whose errors go together.

    Args:
        workload: name for the result.
        offer: name for the result.
        parts: weight and derating of each, at least one weight above 0.
    """
    weights = np.array([weight for weight, _ in parts], dtype=np.float64)

    def mean(estimates: Sequence[ShareEstimate]) -> ShareEstimate:
        rows = np.array([(one.fraction, one.low, one.high) for one in estimates])
        fraction, low, high = (weights @ rows / weights.sum()).tolist()
        return ShareEstimate(fraction, low, high, min(one.stretches for one in estimates))

    return Derating(
        workload, offer, mean([one.utilisation for _, one in parts]), mean([one.usable for _, one in parts])
    )


def planned_kind(
    offer: str, units: float, *, accelerators: int, model: str, memory_gb: float | None = None
) -> NodeKind:
    """Describe planned units of an offer as nodes.

    Args:
        units: as planned; rounded to whole ones.
        model: name of its accelerator, empty where the case has none.
        memory_gb: accelerator memory of a unit, where known [GB].
    """
    nodes, size = nodes_of_unit(accelerators)
    memory_gib = 0.0 if memory_gb is None else memory_gb / accelerators * 1e9 / 2**30
    return NodeKind(offer, int(units + 0.5) * nodes, size, model, accelerator_memory_gib=round(memory_gib, 3))
