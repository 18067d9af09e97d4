"""Hold what a checkpoint says against the problem that is to go on from it."""

from __future__ import annotations

from typing import Any

import numpy as np

from capexpand.sddp.checkpoint import LoggedState
from capexpand.sddp.kept_cuts import Record, unpacked_cuts
from capexpand.sddp.stream import Iteration, Solvers


def fits(state: LoggedState, solvers: Solvers, streams: int, *, asynchronous: bool = False) -> bool:
    """Return whether a training can go on from a state.

    Checksums tell a damaged file; a file that somebody wrote may hold rounds of another shape all the same.

    Args:
        solvers: of the problem, before any cut; the kept cuts are tried on them.
        asynchronous: whether a round holds what some of the streams found.
    """
    counts = [state.extra.get("next_check"), state.extra.get("checks")]
    whole = all(isinstance(one, int) and 0 <= one < 10**9 for one in counts)
    return (
        whole
        and 0.0 <= state.seconds < 1e12
        and len(state.generators) == streams
        and all(_is_state(one) for one in state.generators)
        and all((1 if asynchronous else streams) <= len(group) <= streams for group in state.rounds)
        and all(_iteration_fits(one, solvers) for group in state.rounds for one in group)
        and _kept_fit(state.kept, solvers, 1 if asynchronous else streams + 1)
    )


def _kept_fit(kept: tuple[Record, ...], solvers: Solvers, streams: int) -> bool:
    """Whether kept cuts, as each stream and the training itself know them, are of the problem's groups."""
    if not kept:
        return True
    try:
        for group, record in enumerate(kept):
            for number in range(streams):
                solvers.restore(group, unpacked_cuts(record, number))
    except (KeyError, ValueError, IndexError, TypeError):
        return False
    return len(kept) == len(solvers.pools)


def _is_state(state: Any) -> bool:
    try:
        np.random.PCG64().state = state
    except (TypeError, ValueError, KeyError, OverflowError):
        return False
    return True


def _iteration_fits(iteration: Iteration, solvers: Solvers) -> bool:
    states = solvers.graph.initial_state.shape
    numbers = np.array([iteration.bound, iteration.path_cost])
    if not np.isfinite(numbers).all() or iteration.first_state.shape != states:
        return False
    for point in iteration.trial_points:
        if not 0 <= point.group < len(solvers.pools):
            return False
        pool = solvers.pools[point.group]
        if point.state.shape != pool.states.shape or point.intercepts.shape != pool.lower_bound.shape:
            return False
        if not all(np.isfinite(part).all() for part in (point.state, point.intercepts, point.slopes)):
            return False
    return all(
        0 <= mix.node < len(solvers.cuts)
        and len(mix.weights) == len(solvers.cuts[mix.node].lower_bound) - 1
        and np.isfinite(mix.weights).all()
        for mix in iteration.mixes
    )
