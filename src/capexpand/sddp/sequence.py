"""In which order to evaluate nodes at one state, so that each is much like the one before it.

The stage solver starts where the last answer ended. Two nodes that follow the same state differ only in their
data, and the less they do, the fewer pivots lead from the one's basis to the other's. So they are put along a
short path through their data: the nearest neighbour first, then improved by reversing parts (2-opt: Croes,
1958, *A method for solving traveling-salesman problems*).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from capexpand.sddp.normal_form import StageForm

_IMPROVED_UP_TO = 60
"""Nodes beyond which the path is left as it is found first."""


def chain(forms: list[StageForm]) -> list[int]:
    """Return the places of nodes along a short path through their data.

    Args:
        forms: the nodes; where their programs differ in size they stay in their order.
    """
    if len(forms) < 3 or len({len(_numbers(form)) for form in forms}) > 1:
        return list(range(len(forms)))
    data = np.array([_numbers(form) for form in forms])
    spread = data.std(axis=0)
    data = data[:, spread > 0.0] / spread[spread > 0.0]
    squared = (data**2).sum(axis=1)
    distance = np.sqrt(np.maximum(squared[:, None] + squared - 2.0 * data @ data.T, 0.0))
    path = _nearest_neighbours(distance)
    return _improved(path, distance) if len(path) <= _IMPROVED_UP_TO else path


def _numbers(form: StageForm) -> NDArray[np.float64]:
    """Return a node's data in the mean of its outcomes, infinite bounds as zero."""
    data = form.data
    parts = (data.cost, data.lower, data.upper, data.row_lower, data.row_upper, data.values)
    return np.concatenate([np.where(np.isfinite(part), part, 0.0).mean(axis=0) for part in parts])


def _nearest_neighbours(distance: NDArray[np.float64]) -> list[int]:
    """Start at the first and go to the nearest that is left."""
    path, left = [0], set(range(1, len(distance)))
    while left:
        here = path[-1]
        path.append(min(left, key=lambda other: (distance[here, other], other)))
        left.remove(path[-1])
    return path


def _improved(path: list[int], distance: NDArray[np.float64]) -> list[int]:
    """Reverse parts of a path for as long as it becomes shorter."""
    count, better = len(path), True
    while better:
        better = False
        for first in range(count - 1):
            for last in range(first + 1, count):
                before = distance[path[first - 1], path[first]] if first else 0.0
                after = distance[path[last], path[last + 1]] if last + 1 < count else 0.0
                new_before = distance[path[first - 1], path[last]] if first else 0.0
                new_after = distance[path[first], path[last + 1]] if last + 1 < count else 0.0
                if new_before + new_after < before + after - 1e-9:
                    path[first : last + 1] = path[first : last + 1][::-1]
                    better = True
    return path
