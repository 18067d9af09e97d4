"""First-order effect of a small change of a program on its optimal value, without solving it again.

By the envelope theorem the best value of max c·x + k with lower ≤ A x ≤ upper changes to first order by::

    dk + dc·x + Σ y·d(limit) − y·dA x

with the best columns x and the duals y as they stand, each limit on the side that its dual prices; limits of
columns count with their reduced costs. Where several plans or several duals are best, this is the change for
the one that the solver gave, which lies between what a little more and a little less do.
"""

from __future__ import annotations

import numpy as np

from capexpand.model.blocks import Floats, LinearProgram
from capexpand.optimiser.highs import Solution
from capexpand.optimiser.warm import same_structure

JUMP = 0.001
"""Relative change of a coefficient or limit from which on a program may have jumped rather than moved."""


def first_order_change(
    program: LinearProgram, solution: Solution, changed: LinearProgram
) -> tuple[float, bool] | None:
    """Return by how much the best value changes to first order.

    Args:
        program: that was solved.
        solution: its answer, with duals.
        changed: the program after a small change.

    Returns:
        The change [money], and whether everything moved by little; None where the structure differs.
    """
    if not same_structure(program, changed):
        return None
    x, duals, reduced = solution.columns, solution.row_duals, solution.column_duals
    total, small = changed.offset - program.offset, True
    pairs: list[tuple[Floats, Floats, Floats]] = [(program.cost, changed.cost, x)]
    for multiplier, sides in (
        (duals, ("row_lower", "row_upper")),
        (reduced, ("column_lower", "column_upper")),
    ):
        for name, side in zip(sides, (-1.0, 1.0), strict=True):
            weight = np.where(side * multiplier > 0.0, multiplier, 0.0)
            pairs.append((getattr(program, name), getattr(changed, name), weight))
    rows = np.repeat(np.arange(program.row_lower.size), np.diff(program.start))
    pairs.append((program.value, changed.value, -duals[rows] * x[program.index]))
    for old, new, weight in pairs:
        at = np.flatnonzero(old != new)
        if not at.size:
            continue
        size = np.maximum(np.abs(old[at]), np.abs(new[at]))
        if not np.isfinite(size).all():
            return None
        moved = new[at] - old[at]
        small = small and bool((np.abs(moved) <= JUMP * size).all())
        total += float(weight[at] @ moved)
    return total, small
