"""The share of a fleet that a trace can use, which goes back into the plan.

For jobs, accelerators stand idle while somebody waits because nodes, models and gangs do not fit each other.
For requests, a promised latency leaves part of the throughput unused. Both come with an interval, from the
spread between stretches of the trace, so that nobody reads more into one number than there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from capexpand.errors import CaseError, Problem
from capexpand.replay.fleet import Fleet
from capexpand.replay.jobs.outcome import JobOutcome
from capexpand.replay.jobs.policies import SchedulingPolicy
from capexpand.replay.jobs.run import replay_jobs
from capexpand.replay.serving.outcome import Promise
from capexpand.replay.serving.replicas import Replica, Routing
from capexpand.replay.serving.serve import highest_load, serve
from capexpand.replay.traces import JobTrace, RequestTrace

# two-sided 95 % quantiles of Student's t by degrees of freedom, from 1 on; 1.96 from 31 on
_STUDENT = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)


@dataclass(frozen=True, slots=True)
class ShareEstimate:
    """A share with its 95 % interval.

    Args:
        fraction: the mean over the stretches.
        low: lower end, not below 0.
        high: upper end, not above 1.
        stretches: from how many stretches of the trace.
    """

    fraction: float
    low: float
    high: float
    stretches: int


def estimate(values: Sequence[float]) -> ShareEstimate:
    """Estimate a share from the values of stretches of time, taken as independent.

    The interval is mean ± t s / sqrt(n) with Student's t. With one stretch it is the whole range.

    Args:
        values: one per stretch, shape (stretches,).
    """
    array = np.asarray(values, dtype=np.float64)
    mean = float(array.mean())
    if len(array) < 2:
        return ShareEstimate(mean, 0.0, 1.0, len(array))
    quantile = _STUDENT[len(array) - 2] if len(array) - 1 <= len(_STUDENT) else 1.96
    half = quantile * float(array.std(ddof=1)) / len(array) ** 0.5
    return ShareEstimate(mean, max(0.0, mean - half), min(1.0, mean + half), len(array))


@dataclass(frozen=True, slots=True)
class Derating:
    """The share of an offer that a workload can use.

    Args:
        workload: name of the trace.
        offer: name of the offer, or ``all``.
        utilisation: share of the accelerators' time in use.
        usable: share that could be used when enough is asked for; what a plan multiplies its capacity by.
    """

    workload: str
    offer: str
    utilisation: ShareEstimate
    usable: ShareEstimate


@dataclass(frozen=True, slots=True)
class FleetReplay:
    """A replay of jobs on a fleet, and the derating that follows.

    Args:
        outcome: the replay.
        load: work asked for over what the fleet can do while jobs arrive, after scaling; None where all
            arrive at once.
        deratings: by offer, the whole fleet first; none where the jobs say nothing about a share.
        note: why there is no derating, empty where there is one.
    """

    outcome: JobOutcome
    load: float | None
    deratings: tuple[Derating, ...]
    note: str = ""


def replay_fleet(
    fleet: Fleet,
    trace: JobTrace,
    *,
    policy: SchedulingPolicy | None = None,
    load: float | None = None,
    stretches: int = 10,
    leave_out_bad: bool = False,
) -> FleetReplay:
    """Replay jobs on a fleet and measure what share of it they use, and could use.

    The first stretch is the fleet filling up and is thrown away. The usable share is one less the
    accelerators that were idle while somebody waited; it says most when ``load`` is 1 or more, and at low
    load it is near 1 because nobody waits.

    Args:
        load: scale the arrivals so that the work asked for is this share of what the fleet can do; as traced
            when None.
        stretches: into how many parts of equal length the arrivals are cut for the interval.
        leave_out_bad: leave out jobs larger than the fleet, where otherwise they are an error.

    Raises:
        CaseError: the fleet has no accelerators, or a job is too large.
    """
    total = fleet.accelerators
    if total == 0:
        raise CaseError([Problem("the fleet has no accelerators")])
    nodes = fleet.as_nodes()
    if leave_out_bad and load is not None:
        # scale by the jobs that can run
        trace = replay_jobs(trace, nodes, policy, intervals=1, leave_out_bad=True).trace
    note = why_no_derating(trace)
    if note and load is not None:
        raise CaseError([Problem(f"{trace.name}: {note}; leave --load out")])
    asked = None if trace.span_s <= 0 else trace.accelerator_seconds / (total * trace.span_s)
    if load is not None and asked:
        trace = trace.faster(load / asked)
        asked = load
    per_stretch = 20
    outcome = replay_jobs(
        trace, nodes, policy, intervals=(stretches + 1) * per_stretch, leave_out_bad=leave_out_bad
    )
    if note:
        return FleetReplay(outcome, asked, (), note)
    used = _by_stretch(outcome.used_fraction, per_stretch)
    stranded = _by_stretch(outcome.idle_by_cause[:, 1:].sum(axis=1) / total, per_stretch)
    whole = Derating(trace.name, "all", estimate(used.tolist()), estimate((1 - stranded).tolist()))
    offers = _by_offer(fleet, outcome, whole, stretches) if len(fleet.kinds) > 1 else ()
    return FleetReplay(outcome, asked, (whole, *offers))


def why_no_derating(trace: JobTrace) -> str:
    """Say why jobs tell nothing about the share of a fleet that can be used; empty where they do."""
    if trace.accelerator_seconds <= 0:
        asks = bool(trace.accelerators.any())
        return f"no job {'holds' if asks else 'asks for'} an accelerator, so there is no derating"
    if trace.span_s <= 0:
        return "all jobs arrive at once, so there is no load and no derating"
    return ""


def _by_stretch(series: np.ndarray, per_stretch: int) -> np.ndarray:
    """Average a series over stretches, without the first."""
    if len(series) < 2 * per_stretch:
        return np.array([series.mean() if len(series) else 0.0])
    return series.reshape(-1, per_stretch).mean(axis=1)[1:]


def _by_offer(fleet: Fleet, outcome: JobOutcome, whole: Derating, stretches: int) -> tuple[Derating, ...]:
    """Split the use over the offers, a job counting where its last run was.

    Idle accelerators while somebody waits are not known by offer; the share stranded is spread in proportion
    to what each offer has idle.
    """
    trace = outcome.trace
    width = trace.span_s / (stretches + 1)
    offer = np.array(fleet.offer_of_node())[outcome.node]
    count = trace.accelerators * trace.accelerator_milli * trace.members / 1000
    begin = outcome.finish_s - trace.duration_s
    result = []
    idle_all = max(1e-12, 1 - whole.utilisation.fraction)
    for place, kind in enumerate(fleet.kinds):
        capacity = kind.units * kind.accelerators
        if capacity == 0:
            continue
        mine = offer == place
        used = []
        for stretch in range(1, stretches + 1):
            low, high = stretch * width, (stretch + 1) * width
            overlap = np.clip(np.minimum(outcome.finish_s, high) - np.maximum(begin, low), 0, None)
            used.append(float((overlap * count)[mine].sum() / (width * capacity)) if width else 0.0)
        use = estimate(np.clip(used, 0, 1).tolist())
        # what is stranded of all idle accelerators, applied to those idle here
        share = (1 - use.fraction) / idle_all

        def spread(usable: float, share: float = share) -> float:
            return float(np.clip(1 - (1 - usable) * share, 0, 1))

        usable = ShareEstimate(
            spread(whole.usable.fraction),
            spread(whole.usable.low),
            spread(whole.usable.high),
            whole.usable.stretches,
        )
        result.append(Derating(trace.name, kind.offer, use, usable))
    return tuple(result)


def derate_serving(
    trace: RequestTrace,
    replica: Replica,
    promise: Promise,
    *,
    offer: str = "all",
    replicas: int = 1,
    routing: Routing = Routing.LEAST_OUTSTANDING,
    stretches: int = 5,
) -> Derating | None:
    """Measure what share of its full throughput a fleet of replicas can use while it keeps a promise.

    Full throughput is what the replicas do with all requests there from the start, over the time until nine
    in ten are done. The usable share is the highest load that keeps the promise over it; the utilisation is
    the trace's own load over it. (Replicas that serve anything are busy all the time, which says little.)

    Args:
        offer: name of the offer, for the result.
        routing: how a request finds its replica.
        stretches: into how many parts of equal numbers of requests the trace is cut for the interval.

    Returns:
        The derating, or None where all requests arrive at once and there is no load.
    """
    pieces = max(1, min(stretches, len(trace) // 50))
    bounds = np.linspace(0, len(trace), pieces + 1).astype(int)
    usable: list[float] = []
    used: list[float] = []
    for low, high in pairwise(bounds.tolist()):
        mask = np.zeros(len(trace), dtype=bool)
        mask[low:high] = True
        piece = trace.only(mask)
        if piece.span_s <= 0:
            continue
        first = float(piece.arrival_s[0])
        piece = RequestTrace(
            piece.name,
            piece.arrival_s - first,
            piece.prompt_tokens,
            piece.output_tokens,
            piece.first_block,
            piece.blocks,
            piece.block_tokens,
        )
        together = serve(piece.faster(1e12), replica, replicas=replicas, routing=routing)
        full_per_s = 0.9 * len(piece) / float(np.quantile(together.finish_s, 0.9))
        factor = highest_load(piece, replica, promise, replicas=replicas, routing=routing)
        usable.append(min(1.0, factor * piece.rate_per_s / full_per_s) if np.isfinite(factor) else 1.0)
        used.append(min(1.0, piece.rate_per_s / full_per_s))
    return Derating(trace.name, offer, estimate(used), estimate(usable)) if used else None
