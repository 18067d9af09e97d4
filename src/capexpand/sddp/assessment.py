"""When to stop: the gap that a policy may at most have, and whether the bound still moves.

The usual rule of the first papers, stop when the bound lies inside the confidence interval of the
simulated mean, stops the sooner the *larger* the variance. Here the upper end of the interval must come
within the tolerance of the bound (Shapiro, 2011, *Analysis of stochastic dual dynamic programming method*,
section 5), the k-th check of a training spends only the share 1/(k(k+1)) of the error probability, so that
looking often does not make a false stop likely, and the bound must have stopped moving as well. Small
trees are evaluated on every path, which gives a deterministic gap. With risk aversion and a large tree no
gap is claimed: only the stall of the bound can end the training.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from capexpand.sddp.deadline import Deadline, broken_off
from capexpand.sddp.policy import Assessment, TrainingRecord
from capexpand.sddp.risk import is_risk_neutral
from capexpand.sddp.simulation import evaluate_exactly, path_count, simulate
from capexpand.sddp.stream import Solvers

_ERROR_PROBABILITY = 0.05


def assess(
    solvers: Solvers,
    bound: float,
    *,
    paths: int,
    exact_limit: int,
    check: int,
    generator: np.random.Generator,
    workers: int = 1,
    deadline: Deadline | None = None,
) -> Assessment:
    """Measure a policy against a bound.

    Args:
        bound: in the sense of the problem.
        paths: how many to sample where the tree is too large.
        exact_limit: outcomes up to which a tree counts as small.
        check: number of this check in the training, from 1; 0 for one that stands alone.
        generator: random numbers for the sample.
        workers: processes that follow it, no part of the result.
        deadline: when to stop with the paths that were followed until then, or None.

    Raises:
        OutOfTimeError: not even the first paths came to their end.
    """
    graph = solvers.graph
    count = path_count(graph, exact_limit)
    if count is not None:
        with broken_off(deadline or Deadline()):
            exact = evaluate_exactly(solvers)
        gap = graph.sign * (exact.risk_value - bound) / scale(bound, exact.risk_value)
        return Assessment(exact.mean, 0.0, exact.risk_value, max(0.0, float(gap)), True, count)
    error = _ERROR_PROBABILITY / (check * (check + 1)) if check else _ERROR_PROBABILITY
    sample = simulate(
        solvers, paths, generator=generator, confidence=1.0 - error, workers=workers, deadline=deadline
    )
    neutral = all(is_risk_neutral(node.risk) for node in graph.nodes)
    gap = None
    if neutral:
        upper = graph.sign * (sample.mean - bound) + sample.halfwidth
        gap = max(upper, 0.0) / scale(bound, sample.mean)
    return Assessment(
        sample.mean, sample.halfwidth, sample.mean if neutral else None, gap, False, len(sample.values)
    )


def scale(*values: float) -> float:
    """Return what a difference is relative to: the largest of the values, but not nothing."""
    return max(1e-4, *(abs(value) for value in values))


def stall_fraction(records: Sequence[TrainingRecord], iterations: int) -> float:
    """Return how far the bound moved over the last iterations, as a fraction; infinity before that."""
    now = records[-1]
    earlier = [record for record in records if record.iterations <= now.iterations - iterations]
    if not earlier:
        return np.inf
    return abs(now.bound - earlier[-1].bound) / scale(now.bound)
