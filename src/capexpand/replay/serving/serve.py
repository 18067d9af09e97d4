"""Replay a trace of requests on replicas."""

from __future__ import annotations

import numpy as np

from capexpand.errors import CaseError, Problem
from capexpand.replay.serving.outcome import Promise, ServingOutcome
from capexpand.replay.serving.replicas import Replica, Routing
from capexpand.replay.serving.state import (
    BUSY,
    CACHE_NEWEST,
    CACHE_OLDEST,
    CLOCK_COLUMNS,
    FREE_PAGES,
    HEAD,
    ITERATIONS,
    LAST_RUNNING,
    LOWEST_FREE,
    NEXT_EVENT,
    NONE,
    NUMBER_COLUMNS,
    PARTIAL,
    TAIL,
    TOKEN_SECONDS,
    UNLIMITED,
    ReplicaState,
    Requests,
    RequestState,
    Served,
    Settings,
)
from capexpand.replay.traces import RequestTrace

MOST_BYTES = 2_000_000_000
MOST_STEPS = 100_000_000


def leave_out_too_large(trace: RequestTrace, replica: Replica, *, leave_out_bad: bool) -> RequestTrace:
    """Leave out requests that no replica can ever hold, or refuse the trace.

    Args:
        leave_out_bad: leave them out and count them, where otherwise they are an error.

    Raises:
        CaseError: there are some and they are not to be left out, or nothing else is left.
    """
    if replica.memory_tokens is None:
        return trace
    room = replica.memory_tokens // replica.page_tokens * replica.page_tokens
    fits = trace.prompt_tokens + trace.output_tokens <= room
    if fits.all():
        return trace
    count = int((~fits).sum())
    largest = int((trace.prompt_tokens + trace.output_tokens).max())
    reason = "larger than the memory of a replica"
    if leave_out_bad and fits.any():
        return trace.only(fits, {reason: count})
    message = f"{trace.name}: {count} requests are {reason}: up to {largest} tokens, and it holds {room}"
    raise CaseError([Problem(message)])


def serve(
    trace: RequestTrace,
    replica: Replica,
    *,
    replicas: int = 1,
    routing: Routing = Routing.LEAST_OUTSTANDING,
    slack: int = 8,
    leave_out_bad: bool = False,
) -> ServingOutcome:
    """Replay requests on equal replicas that compute prompts and decode in the same steps.

    Args:
        routing: how a request finds its replica.
        slack: by how many requests the prefix-aware rule may leave the least loaded replica.
        leave_out_bad: leave out requests that no replica can hold, where otherwise they are an error.

    Raises:
        CaseError: a request is larger than any replica, and may not be left out.
    """
    if replicas < 1:
        raise CaseError([Problem(f"at least one replica is needed, not {replicas}")])
    usable = leave_out_too_large(trace, replica, leave_out_bad=leave_out_bad)
    return _run(usable, replica, replicas, routing=routing, slack=slack)


def highest_load(
    trace: RequestTrace,
    replica: Replica,
    promise: Promise,
    *,
    replicas: int = 1,
    routing: Routing = Routing.LEAST_OUTSTANDING,
    tolerance: float = 0.01,
) -> float:
    """Find how many times as fast the requests may come before the promise breaks.

    The share of requests served in time falls with the load up to noise; a bisection finds a crossing.

    Args:
        promise: what must be kept, for its share of the requests.
        routing: how a request finds its replica.
        tolerance: relative width at which to stop.

    Returns:
        The factor on the rate of arrival; 0 when the promise breaks however slowly they come, infinite when
        it holds even if all come at once.
    """

    def keeps(factor: float) -> bool:
        outcome = serve(trace.faster(factor), replica, replicas=replicas, routing=routing)
        return outcome.kept_fraction(promise) >= promise.share

    low, high = 1.0, 1.0
    if keeps(1.0):
        while keeps(high):
            low, high = high, high * 2
            if high > 2.0**40:
                return float("inf")
    else:
        while not keeps(low):
            low, high = low / 2, low
            if low < 2.0**-20:
                return 0.0
    while high > low * (1 + tolerance):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if keeps(middle) else (low, middle)
    return low


def _settings(replica: Replica, trace: RequestTrace) -> Settings:
    cache = 0
    if trace.block_tokens > 0:
        tokens = replica.cache_tokens
        cache = UNLIMITED if tokens is None else tokens // trace.block_tokens
    step = replica.step_time
    return Settings(
        float(step.base_s),
        float(step.per_prefill_token_s),
        float(step.per_cached_token_s),
        float(step.per_sequence_s),
        replica.step_tokens,
        replica.sequences,
        replica.page_tokens,
        UNLIMITED if replica.pages is None else replica.pages,
        cache,
        trace.block_tokens,
    )


def _empty_replicas(count: int, replica: Replica, settings: Settings, blocks: int) -> ReplicaState:
    numbers = np.zeros((count, NUMBER_COLUMNS), dtype=np.int64)
    numbers[:, [FREE_PAGES, LOWEST_FREE]] = settings.pages
    numbers[:, [PARTIAL, HEAD, TAIL, LAST_RUNNING, CACHE_NEWEST, CACHE_OLDEST]] = NONE
    clocks = np.zeros((count, CLOCK_COLUMNS))
    clocks[:, NEXT_EVENT] = np.inf
    remembered = blocks if settings.cache_blocks else 0
    heap = (count, 2 * replica.sequences + 2)
    return ReplicaState(
        numbers,
        clocks,
        np.zeros(heap, dtype=np.int64),
        np.zeros(heap, dtype=np.int64),
        np.zeros((count, replica.page_tokens), dtype=np.int64),
        np.full((count, remembered), -2, dtype=np.int32),
        np.full((count, remembered), NONE, dtype=np.int32),
        np.zeros(replica.sequences + 1, dtype=np.int64),
    )


def _check_size(trace: RequestTrace, replica: Replica, replicas: int, blocks: int) -> None:
    """Refuse a replay that would not fit into memory, or that would make steps for ever."""
    held = replicas * (2 * 8 * (2 * replica.sequences + 2) + 8 * replica.page_tokens + 8 * blocks)
    if held > MOST_BYTES:
        message = (
            f"{replicas:,} replicas, {replica.sequences} sequences, pages of {replica.page_tokens} tokens "
            f"and {blocks:,} remembered blocks would take {held / 1e9:.0f} GB; replay fewer replicas"
        )
        raise CaseError([Problem(message)])
    steps = float((trace.prompt_tokens / replica.step_tokens).sum())
    if steps > MOST_STEPS:
        message = f"the prompts of {trace.name} take {steps:.2g} steps of {replica.step_tokens} tokens"
        raise CaseError([Problem(f"{message}; at most {MOST_STEPS:.0e} are replayed, take larger steps")])


def _run(
    trace: RequestTrace, replica: Replica, replicas: int, *, routing: Routing, slack: int
) -> ServingOutcome:
    from capexpand.replay.serving.loop import serve_assigned, serve_routed

    count = len(trace)
    settings = _settings(replica, trace)
    blocks = int(trace.blocks.max()) + 1 if len(trace.blocks) else 0
    _check_size(trace, replica, replicas, blocks if settings.cache_blocks else 0)
    state = _empty_replicas(replicas, replica, settings, blocks)
    requests = Requests(
        trace.arrival_s, trace.prompt_tokens, trace.output_tokens, trace.first_block, trace.blocks
    )
    request = RequestState(
        np.zeros(count, dtype=np.int64),
        np.zeros(count, dtype=np.int64),
        np.full(count, NONE, dtype=np.int64),
        np.zeros(count, dtype=np.int64),
        *(np.full(count, NONE, dtype=np.int32) for _ in range(3)),
    )
    served = Served(
        np.zeros(count),
        np.zeros(count),
        np.zeros(count, dtype=np.int32),
        np.zeros(count, dtype=np.int32),
        np.zeros(count, dtype=np.int64),
    )
    if routing is Routing.ROUND_ROBIN:
        serve_assigned(requests, settings, request, state, served)
    else:
        serve_routed(int(routing), slack, requests, settings, request, state, served)
    busy = state.clocks[:, BUSY]
    return ServingOutcome(
        trace,
        served.first_token_s,
        served.finish_s,
        served.replica,
        served.preempted,
        served.reused,
        busy,
        state.numbers[:, ITERATIONS],
        (settings.pages - state.numbers[:, LOWEST_FREE]) * replica.page_tokens,
        np.divide(state.clocks[:, TOKEN_SECONDS], busy, out=np.zeros(replicas), where=busy > 0),
    )
