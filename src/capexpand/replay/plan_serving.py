"""From the fleet of a plan and a trace of requests to a derating, with step times from the hardware layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from capexpand.errors import CaseError, Problem
from capexpand.hardware.layouts import TENSOR_WAYS, Layout
from capexpand.hardware.specs import Load
from capexpand.replay.derating import Derating, derate_serving
from capexpand.replay.fleet import NodeKind
from capexpand.replay.plan_derating import PlannedCluster, weighted_mean
from capexpand.replay.serving.from_hardware import HardwareReplica, load_of, replica_on
from capexpand.replay.serving.outcome import Promise
from capexpand.replay.serving.replicas import Replica, Routing
from capexpand.replay.serving.serve import leave_out_too_large, serve
from capexpand.replay.sizing import ReplicaKind
from capexpand.replay.traces import RequestTrace

FILLS = 4
"""How often, at least, a part of the trace fills the replicas that it is replayed on."""


@dataclass(frozen=True, slots=True)
class OfferReplay:
    """Requests replayed on a part of the units of one offer that serve a workload.

    Args:
        workload: the workload.
        offer: the offer.
        accelerators: of the offer in the plan, for this workload.
        found: the replica that a unit makes.
        replicas: how many the trace was replayed on.
        derating: what came of it.
    """

    workload: str
    offer: str
    accelerators: int
    found: HardwareReplica
    replicas: int
    derating: Derating


def replay_plan_serving(
    clusters: Sequence[PlannedCluster],
    trace: RequestTrace,
    model: str,
    promise: Promise,
    *,
    load: float = 1.0,
    routing: Routing = Routing.LEAST_OUTSTANDING,
    leave_out_bad: bool = False,
) -> tuple[OfferReplay, ...]:
    """Replay requests on each offer that serves a workload in a plan.

    Offers do not share requests: each is measured with as many replicas as the trace, at its own speed,
    brings to ``load`` times their full throughput, at least one and at most those of the plan.

    Args:
        model: name in the catalogue of the model that is served.
        load: see above.
        routing: how a request finds its replica.
        leave_out_bad: leave out requests that no replica can hold, where otherwise they are an error.

    Raises:
        CaseError: an offer's accelerator is unknown or cannot serve the model, or the trace is too short.
    """
    if trace.span_s <= 0:
        raise CaseError([Problem(f"{trace.name}: all requests arrive at once, so there is no derating")])
    units: dict[tuple[str, NodeKind], int] = {}
    for cluster in clusters:
        for kind in cluster.fleet.kinds:
            key = (cluster.workload, _one_unit(kind))
            units[key] = units.get(key, 0) + kind.units
    asked = load_of(trace, promise)
    found = []
    for (workload, kind), nodes in units.items():
        hardware = _replica(kind, model, asked)
        requests = leave_out_too_large(trace, hardware.replica, leave_out_bad=leave_out_bad)
        copies = max(1, nodes * kind.accelerators // (hardware.accelerators * hardware.replicas_per_copy))
        there = copies * hardware.replicas_per_copy
        wanted = requests.rate_per_s / (load * _full_rate_per_s(requests, hardware.replica))
        count = int(np.clip(round(wanted), 1, there))
        derating = derate_serving(
            requests,
            hardware.replica,
            promise,
            offer=kind.offer,
            replicas=count,
            routing=routing,
            stretches=_stretches(requests, hardware, count),
        )
        if derating is None:
            raise CaseError([Problem(f"{trace.name}: all requests arrive at once, so there is no derating")])
        found.append(OfferReplay(workload, kind.offer, nodes * kind.accelerators, hardware, count, derating))
    return tuple(found)


def combine_serving(replays: Sequence[OfferReplay]) -> tuple[Derating, ...]:
    """Put the offers of a plan together by workload, weighed by their accelerators.

    Args:
        replays: from ``replay_plan_serving``.

    Returns:
        For each workload the whole (``all``) first, then each of its offers.
    """
    rows: list[Derating] = []
    for workload in dict.fromkeys(one.workload for one in replays):
        mine = [one for one in replays if one.workload == workload]
        rows.append(weighted_mean(workload, "all", [(one.accelerators, one.derating) for one in mine]))
        rows += [Derating(workload, one.offer, one.derating.utilisation, one.derating.usable) for one in mine]
    return tuple(rows)


def replica_kinds(
    model: str, prices: Sequence[tuple[str, float]], load: Load
) -> tuple[tuple[ReplicaKind, HardwareReplica], ...]:
    """List the replicas that a model makes on chips, one for each way to split it within a server.

    Args:
        model: name in the catalogue.
        prices: names of chips, each with the price of one an hour in any one currency.

    Raises:
        CaseError: an unknown name, or the model fits on no server of any of the chips.
    """
    found: list[tuple[ReplicaKind, HardwareReplica]] = []
    problems: list[Problem] = []
    for chip, price in prices:
        best = replica_on(model, chip, load)  # what is wrong with the names or the size is said here
        for ways in (ways for ways in TENSOR_WAYS if ways <= 8):
            try:
                one = replica_on(model, chip, load, layout=Layout(tensor=ways))
            except CaseError as error:
                problems += error.problems
                continue
            name = f"{best.model} on {best.chip} {one.layout}"
            found.append((ReplicaKind(name, one.replica, price * one.accelerators, one.accelerators), one))
    if not found:
        raise CaseError(problems)
    return tuple(found)


def _one_unit(kind: NodeKind) -> NodeKind:
    """The kind alone, so that the same offer in several clusters is one."""
    return NodeKind(kind.offer, 1, kind.accelerators, kind.model)


def _replica(kind: NodeKind, model: str, load: Load) -> HardwareReplica:
    if not kind.model:
        raise CaseError(
            [Problem(f"offer {kind.offer} names no accelerator, from which its step times could be computed")]
        )
    try:
        return replica_on(model, kind.model, load)
    except CaseError as error:
        raise CaseError(
            [Problem(f"offer {kind.offer}: {problem.message}") for problem in error.problems]
        ) from None


def _stretches(trace: RequestTrace, found: HardwareReplica, replicas: int) -> int:
    """Into how many parts the trace can be cut, at most five.

    Requests that all run at once never wait, and would keep any promise: each part has to fill the replicas
    several times over.
    """
    running = min(found.batch, found.replica.sequences) * replicas
    parts = int(len(trace) / (FILLS * running))
    if parts < 1:
        message = (
            f"{trace.name}: {len(trace)} requests are too few to load {replicas} replicas of "
            f"{found.model} on {found.chip}, which run {running:.0f} at once; "
            f"take a trace of {FILLS * running:.0f} or more"
        )
        raise CaseError([Problem(message)])
    return min(5, parts)


def _full_rate_per_s(trace: RequestTrace, replica: Replica) -> float:
    """Requests a second of one replica with all there from the start, until nine in ten are done."""
    outcome = serve(trace.faster(1e12), replica)
    return 0.9 * len(trace) / float(np.quantile(outcome.finish_s, 0.9))
