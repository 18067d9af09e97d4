"""The points of a sweep: a grid, a Latin hypercube, a Sobol design, or one axis at a time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np

from capexpand.errors import CaseError, Problem
from capexpand.model.data import Floats
from capexpand.studies.sweep.axes import Axis, Point

Design = Literal["grid", "lhs", "sobol", "one-at-a-time"]
DESIGNS: tuple[Design, ...] = ("grid", "lhs", "sobol", "one-at-a-time")

MOST_POINTS = 100_000
USUAL_POINTS = {"lhs": 100, "sobol": 256}


@dataclass(frozen=True, slots=True)
class Points:
    """The points of a design.

    Args:
        design: by name.
        points: in order; the same point may stand twice.
        base: of a Sobol design the number of its base points, else 0: rows A, then B, then for each axis A
            with the column of B.
    """

    design: Design
    points: tuple[Point, ...]
    base: int = 0


def make_points(axes: tuple[Axis, ...], design: str, count: int | None, *, seed: int) -> Points:
    """Return the points of a design.

    Args:
        design: one of ``DESIGNS``.
        count: most points of a Latin hypercube or Sobol design; the usual number if None.
        seed: of the random numbers of these two.

    Raises:
        CaseError: there is no such design, or it has too many or too few points.
    """
    if design not in DESIGNS:
        raise CaseError([Problem(f"there is no design '{design}'; there are {', '.join(DESIGNS)}")])
    if design == "grid":
        _check_size(_product(axes), "grid")
        return Points("grid", tuple(product(*(axis.levels for axis in axes))))
    if design == "one-at-a-time":
        return Points("one-at-a-time", _one_at_a_time(axes))
    wanted = USUAL_POINTS[design] if count is None else count
    _check_size(wanted, design)
    if design == "lhs":
        if wanted < 2:
            raise CaseError([Problem("a Latin hypercube has at least 2 points; raise --points")])
        return Points("lhs", _latin(axes, wanted, seed))
    return _sobol(axes, wanted, seed)


def _product(axes: tuple[Axis, ...]) -> int:
    size = 1
    for axis in axes:
        size *= len(axis.levels)
    return size


def _check_size(count: int, design: str) -> None:
    if count > MOST_POINTS:
        raise CaseError(
            [
                Problem(
                    f"{count:,} points are too many, {MOST_POINTS:,} is the most; lower the counts"
                    + (", or take --design lhs with --points" if design == "grid" else "")
                )
            ]
        )


def _one_at_a_time(axes: tuple[Axis, ...]) -> tuple[Point, ...]:
    """Each axis through its levels while the others stay as declared, or in the middle of theirs."""
    start = [a.levels[len(a.levels) // 2] if a.declared is None else a.declared for a in axes]
    return tuple(
        (*start[:number], level, *start[number + 1 :])
        for number, axis in enumerate(axes)
        for level in axis.levels
    )


def _latin(axes: tuple[Axis, ...], count: int, seed: int) -> tuple[Point, ...]:
    from scipy.stats import qmc

    shares = qmc.LatinHypercube(len(axes), rng=np.random.default_rng(seed)).random(count)
    return _placed(axes, shares)


def _placed(axes: tuple[Axis, ...], shares: Floats) -> tuple[Point, ...]:
    return tuple(tuple(a.at(float(u)) for a, u in zip(axes, row, strict=True)) for row in shares)


def _sobol(axes: tuple[Axis, ...], count: int, seed: int) -> Points:
    """Saltelli's design: A, B, and A with one column of B for each axis."""
    from scipy.stats import qmc

    each = len(axes) + 2
    if count < 8 * each:
        raise CaseError(
            [Problem(f"a Sobol design of {len(axes)} axes has at least {8 * each} points; raise --points")]
        )
    base = 1 << ((count // each).bit_length() - 1)
    shares = qmc.Sobol(2 * len(axes), rng=np.random.default_rng(seed)).random(base)
    one, other = shares[:, : len(axes)], shares[:, len(axes) :]
    rows = [one, other]
    for number in range(len(axes)):
        mixed = one.copy()
        mixed[:, number] = other[:, number]
        rows.append(mixed)
    return Points("sobol", _placed(axes, np.concatenate(rows)), base)


def order_of_solving(
    axes: tuple[Axis, ...], points: list[Point], start: Point
) -> tuple[list[int], list[int]]:
    """Return the order in which to solve points, and from which earlier one each starts.

    Points near the declared case come first. Each starts from the nearest of those that are nearer to the
    declared case than itself, so what it starts from depends on the design alone: not on the number of
    processes, nor on what was solved before an interruption.

    Args:
        start: the coordinates of the declared case, or of the middle.

    Returns:
        Positions in order; and for each position the one that it starts from, -1 for the declared case.
    """
    at = np.array([_scaled(axes, point) for point in points])
    away = np.abs(at - np.array(_scaled(axes, start))).sum(axis=1)
    order = np.argsort(np.round(away, 9), kind="stable")
    parents = np.full(len(points), -1, dtype=np.int64)
    for rank, i in enumerate(order):
        earlier = order[: min(rank, 4000)]
        earlier = earlier[away[earlier] < away[i] - 1e-6]
        if earlier.size:
            apart = np.abs(at[earlier] - at[i]).sum(axis=1)
            nearest = int(np.argmin(np.round(apart, 9)))
            if apart[nearest] < away[i]:
                parents[i] = earlier[nearest]
    return order.tolist(), parents.tolist()


def _scaled(axes: tuple[Axis, ...], point: Point) -> tuple[float, ...]:
    """Coordinates as shares of their range; two choices are far apart."""
    return tuple(
        (x - a.low) / (a.high - a.low) if a.numeric and a.high > a.low else 10.0 * x
        for a, x in zip(axes, point, strict=True)
    )
