"""Quantisation: groups of points around centres, by Lloyd's algorithm from well-spread starts."""

from __future__ import annotations

import numpy as np

from capexpand.scenarios.entries import Floats, Integers

_ROUNDS = 60
_SETTLED = 0.001  # share of points that may still change their group when the search ends
_FEWEST = 4096  # points are all used
_POINTS_EACH = 100  # of each group, on which centres are found; more move a centre by a tenth of a deviation

_PRODUCTS = (
    200_000  # of a block of points with all centres; larger ones the linear algebra splits over threads
)


def squared_distances(points: Floats, centres: Floats) -> Floats:
    """Return squared distances [point, centre] between points [point, feature] and centres."""
    squares = (points**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1)[None, :]
    return np.maximum(squares - 2.0 * points @ centres.T, 0.0)


def nearest(points: Floats, centres: Floats) -> Integers:
    """Return the nearest centre of each point.

    The square of a point is the same beside every centre, so |c|² / 2 − p c decides. Blocks of points are so
    small that they stay in the processor's cache and that no threads are started for them, which wait for
    each other where the machine is busy.

    Args:
        points: [point, feature].
        centres: [centre, feature].
    """
    half = (centres**2).sum(axis=1) / 2.0
    found = np.empty(len(points), dtype=np.int64)
    size = max(_PRODUCTS // max(centres.size, 1), 16)
    for first in range(0, len(points), size):
        block = slice(first, first + size)
        found[block] = np.argmin(half - points[block] @ centres.T, axis=1)
    return found


def quantise(points: Floats, groups: int, *, generator: np.random.Generator) -> Integers:
    """Return the group of each point, so that points lie near the mean of their group.

    The starts are drawn with chances proportional to the squared distance from those before (Arthur and
    Vassilvitskii, 2007, k-means++); then means and groups take turns until they settle. Of very many points
    the first hundred for each group do, and the others join the nearest mean. There are fewer groups than
    asked for where fewer points differ; none is empty.

    Args:
        points: [point, feature] in random order.
        groups: number of groups wanted.
    """
    if groups < 2 or points.shape[1] == 0:
        return np.zeros(len(points), dtype=np.int64)
    few = points[: max(_POINTS_EACH * groups, _FEWEST)]
    centres = _settled(few, _starts(few, groups, generator))
    group = nearest(points, centres)
    return np.unique(group, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _settled(points: Floats, centres: Floats) -> Floats:
    """The centres after means and groups have taken turns until hardly a point changes its group."""
    group = nearest(points, centres)
    for _ in range(_ROUNDS):
        sizes = np.bincount(group, minlength=len(centres))
        sums = np.array([np.bincount(group, feature, minlength=len(centres)) for feature in points.T])
        kept = sizes > 0
        centres = (sums.reshape(points.shape[1], -1).T)[kept] / sizes[kept, None]
        moved = nearest(points, centres)
        changed = np.count_nonzero(moved != group)
        group = moved
        if changed <= _SETTLED * len(points):
            break
    return centres


def _starts(points: Floats, groups: int, generator: np.random.Generator) -> Floats:
    centres = points[[generator.integers(len(points))]]
    away = squared_distances(points, centres)[:, 0]
    scale = 1e-20 * float(np.max((points**2).sum(axis=1), initial=0.0))
    while len(centres) < groups:
        away[away <= 1e-9 * away.max(initial=0.0)] = 0.0  # rounding makes no point new
        total = away.sum()
        if total <= scale or not np.isfinite(total):
            break
        chosen = int(np.searchsorted(np.cumsum(away), generator.random() * total))
        chosen = min(chosen, len(points) - 1)
        centres = np.concatenate([centres, points[[chosen]]])
        away = np.minimum(away, squared_distances(points, centres[-1:])[:, 0])
    return centres
