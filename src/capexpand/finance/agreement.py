"""How far numbers are above limits, or apart from those expected, relative to their size."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def above(value: ArrayLike, limit: ArrayLike) -> float:
    """Returns by how much values are above their limits at most, relative; an infinite limit never binds.

    What is no number breaks every limit, so the answer is then infinite.

    Args:
        value: any numbers.
        limit: what they may be; broadcast against the values.
    """
    value, limit = np.broadcast_arrays(np.asarray(value, np.float64), np.asarray(limit, np.float64))
    if np.isnan(value).any() or np.isnan(limit).any():
        return np.inf
    bounded = limit != np.inf
    value, limit = value[bounded], limit[bounded]
    size = np.maximum(1.0, np.maximum(np.abs(value), np.abs(limit)))
    return max(0.0, float(np.max((value - limit) / size, initial=0.0)))


def apart(value: ArrayLike, expected: ArrayLike) -> float:
    """Returns how far values are from those expected at most, relative.

    Args:
        value: any numbers.
        expected: what they should be; broadcast against the values.
    """
    return max(above(value, expected), above(expected, value))
