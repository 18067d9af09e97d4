"""The compiled loops over arrivals: requests assigned beforehand, or routed by the load they find."""

from __future__ import annotations

import numpy as np

from capexpand.replay.compiled import inline_kernel, kernel
from capexpand.replay.serving.advance import advance, enqueue
from capexpand.replay.serving.lists import match_prefix
from capexpand.replay.serving.state import (
    CLOCK,
    ENDING,
    NEXT_EVENT,
    OUTSTANDING,
    ReplicaState,
    Requests,
    RequestState,
    Served,
    Settings,
)

ROUND_ROBIN, LEAST_OUTSTANDING, PREFIX_AWARE = 0, 1, 2


@kernel
def serve_assigned(
    requests: Requests, settings: Settings, request: RequestState, replica: ReplicaState, served: Served
) -> None:
    """Serve requests in turn, one replica after the other: they do not see each other.

    Args:
        served: filled in.
    """
    count = len(requests.arrival_s)
    replicas = len(replica.numbers)
    for r in range(replicas):
        for i in range(r, count, replicas):
            now = requests.arrival_s[i]
            served.replica[i] = r
            if replica.numbers[r, OUTSTANDING] > 0:
                advance(r, now, requests, settings, request, replica, served)
            enqueue(r, i, now, request, replica)
        advance(r, np.inf, requests, settings, request, replica, served)


@inline_kernel
def choose_replica(
    i: int,
    now: float,
    routing: int,
    slack: int,
    requests: Requests,
    settings: Settings,
    replica: ReplicaState,
) -> int:
    """Choose where a request goes, given how many requests each replica has not finished by now.

    The prefix-aware rule takes the replica that remembers most of the prompt among those with at most
    ``slack`` requests more than the least loaded; ties go to the less loaded, then to the first.
    """
    replicas = len(replica.numbers)
    least = 1 << 60
    best = 0
    for r in range(replicas):
        load = replica.numbers[r, OUTSTANDING]
        if replica.clocks[r, CLOCK] > now:
            load += replica.numbers[r, ENDING]
        if load < least:
            least = load
            best = r
    if routing == LEAST_OUTSTANDING or settings.cache_blocks == 0:
        return best
    first, last = requests.first_block[i], requests.first_block[i + 1]
    most = -1
    lightest = 1 << 60
    for r in range(replicas):
        load = replica.numbers[r, OUTSTANDING]
        if replica.clocks[r, CLOCK] > now:
            load += replica.numbers[r, ENDING]
        if load > least + slack:
            continue
        matched = match_prefix(replica.cache_newer[r], requests.blocks, first, last)
        if matched > most or (matched == most and load < lightest):
            most = matched
            lightest = load
            best = r
    return best


@kernel
def serve_routed(
    routing: int,
    slack: int,
    requests: Requests,
    settings: Settings,
    request: RequestState,
    replica: ReplicaState,
    served: Served,
) -> None:
    """Serve requests, each routed by the loads at its arrival.

    Args:
        routing: one of the numbers above.
        slack: see ``choose_replica``.
        served: filled in.
    """
    replicas = len(replica.numbers)
    for i in range(len(requests.arrival_s)):
        now = requests.arrival_s[i]
        for r in range(replicas):
            if replica.clocks[r, NEXT_EVENT] <= now:
                advance(r, now, requests, settings, request, replica, served)
        r = choose_replica(i, now, routing, slack, requests, settings, replica)
        served.replica[i] = r
        if replica.numbers[r, OUTSTANDING] > 0:
            advance(r, now, requests, settings, request, replica, served)
        enqueue(r, i, now, request, replica)
    for r in range(replicas):
        advance(r, np.inf, requests, settings, request, replica, served)
