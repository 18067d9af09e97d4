"""What a plan would be worth if whole kinds of limits were wider or narrower: certified, from few solves.

Budget, supply, grid and demand stand on the right of rows and above columns, so the best objective is concave
in a factor on each: plans that were solved bound it from below where they are mixed, their duals from above;
docs/explanation/brackets.md has the mathematics. A few plans more are solved from the basis of the plan at
hand, each at the end of factors where the bounds are widest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from capexpand.errors import SolverError
from capexpand.model.blocks import Floats, Indices, LinearProgram
from capexpand.model.data import ModelData
from capexpand.optimiser.basis import NamedBasis
from capexpand.optimiser.brackets import MARGIN, Bracket, ProgramChange, best_mixture
from capexpand.optimiser.deterministic import build_program
from capexpand.optimiser.highs import Solution, plain_basis, read_solution, run, started
from capexpand.optimiser.limit_prices import priced_own, worth
from capexpand.optimiser.plan import Plan

Family = Literal["budget", "supply", "grid", "demand"]
FAMILIES: tuple[Family, ...] = ("budget", "supply", "grid", "demand")
LEAST, MOST = 0.7, 1.3
"""Ends of the factors. The grid only grows: what stands may need all of it."""
SOLVES = 4
"""Plans that are solved beside the one at hand; each takes about as long as a tenth of a run."""
CLOSE = 0.005
"""Width of the bounds, as a share of the objective, at which no more is solved."""
_BOUNDS = ("row_lower", "row_upper", "column_lower", "column_upper")


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Bounds of the best objective over factors on kinds of limits.

    Args:
        families: whose limits can be moved.
        points: [support, family] factors at which a plan was solved; the first is the plan itself.
        lower: [support] what each plan is worth, without the offset [money].
        upper: [support] what its duals say that the limits as declared are worth, without the offset [money].
        slopes: [support, family] what its duals say that a factor one higher is worth [money].
        offset: of the objective [money].
    """

    families: tuple[Family, ...]
    points: Floats
    lower: Floats
    upper: Floats
    slopes: Floats
    offset: float

    def between(self, factors: Sequence[float] | Floats) -> Bracket:
        """Return bounds of the best objective at factors [family] within ``ends`` [money]."""
        at = np.asarray(factors, dtype=np.float64)
        shares = best_mixture(self.lower, self.points, at)
        low = None if shares is None else float(shares @ self.lower) + self.offset
        high = float(np.min(self.upper + self.slopes @ (at - 1.0))) + self.offset
        return Bracket(
            None if low is None else low - MARGIN * max(1.0, abs(low)), high + MARGIN * max(1.0, abs(high))
        )


def scaled(m: ModelData, family: Family, factor: float) -> ModelData:
    """Return a case in which every limit of one kind is a factor wider.

    Args:
        family: the kind; obligations are owed as they are.
        factor: on the limits.
    """
    if family == "supply":
        return replace(m, offers=replace(m.offers, limit=m.offers.limit * factor))
    if family == "grid":
        grid, promised = m.sites.grid_mw * factor, m.sites.committed_grid_mw * factor
        return replace(m, sites=replace(m.sites, grid_mw=grid, committed_grid_mw=promised))
    if family == "demand":
        owed = np.array([role == "obligation" for role in m.workloads.roles])[:, None, None]
        demand = np.where(owed, m.workloads.demand, m.workloads.demand * factor)
        return replace(m, workloads=replace(m.workloads, demand=demand))
    return replace(m, budget=replace(m.budget, cap=m.budget.cap * factor))


def ends(family: Family) -> tuple[float, float]:
    """Return the least and the largest factor of a kind of limit."""
    return (1.0, MOST) if family == "grid" else (LEAST, MOST)


def what_if(plan: Plan) -> WhatIf | None:
    """Return the bounds around a plan; None where it has no duals, or no kind of limit can be moved.

    Args:
        plan: the best plan of its case.

    Raises:
        SolverError: an answer did not pass our checks.
    """
    m, basis = plan.data, plan.basis
    if m.whole_sizes or basis is None:
        return None
    reference = build_program(m)[0]
    moves = {family: _move(reference, m, family) for family in FAMILIES}
    found = {family: move for family, move in moves.items() if move is not None}
    counts = sum(np.concatenate(move) > 0.0 for move in found.values())
    if not found or np.max(counts) > 1:  # what two factors move would not add up
        return None
    families, kept = tuple(found), tuple(found.values())
    points = [np.ones(len(families))]
    answers = [_solved(reference, basis, moved=False)]
    if answers[0] is None:
        return None
    bounds = _bounds_of(reference, families, kept, points, answers)
    waiting = _corners(families)
    while bounds is not None and len(points) <= SOLVES and waiting:
        widths = [bounds.between(point).width for point in waiting]
        widest = int(np.argmax(widths))
        if widths[widest] <= CLOSE * abs(plan.solver.objective):
            break
        point = waiting.pop(widest)
        answer = _solved(_moved(reference, kept, point), basis, moved=True)
        if answer is not None:
            points.append(point)
            answers.append(answer)
            bounds = _bounds_of(reference, families, kept, points, answers)
    return bounds


def _corners(families: tuple[Family, ...]) -> list[Floats]:
    """Factors at which a plan may be solved: all at an end, then each alone."""
    limits = np.array([ends(family) for family in families])
    found = [limits[:, 0], limits[:, 1]]
    for place in range(len(families)):
        found += [np.where(np.arange(len(families)) == place, limits[:, end], 1.0) for end in (0, 1)]
    return [point for point in {tuple(point): point for point in found}.values() if (point != 1.0).any()]


def _bounds_of(
    reference: LinearProgram,
    families: tuple[Family, ...],
    moves: tuple[_Move, ...],
    points: list[Floats],
    answers: list[Solution | None],
) -> WhatIf | None:
    """The bounds that solved programs give; None where the duals of the first give none."""
    solved = [answer for answer in answers if answer is not None]
    upper = np.array([priced_own(reference, one.row_duals, one.column_duals) for one in solved])
    slopes = np.array([[_slope(reference, move, one) for move in moves] for one in solved])
    usable = np.isfinite(upper) & np.isfinite(slopes).all(axis=1)
    if not usable[0]:
        return None
    return WhatIf(
        families=families,
        points=np.stack(points),
        lower=np.array([float(reference.cost @ one.columns) for one in solved]),
        upper=np.where(usable, upper, np.inf),
        slopes=np.where(usable[:, None], slopes, 0.0),
        offset=reference.offset,
    )


_Move = tuple[Floats, ...]
"""By how much each bound of a program grows for a factor one higher, in the order of ``_BOUNDS``."""


def _move(reference: LinearProgram, m: ModelData, family: Family) -> _Move | None:
    """What a factor moves; None where that is not upper limits alone, or nothing.

    Limits are multiplied by the factor and stand in the bounds as they are, less what is fixed, so one other
    program tells the line.
    """
    wider = build_program(scaled(m, family, MOST))[0]
    change = ProgramChange.between(reference, wider)
    if change is None or not change.kinds <= {"limits"} or wider.offset != reference.offset:
        return None
    move: list[Floats] = []
    for name in _BOUNDS:
        here, there = getattr(reference, name), getattr(wider, name)
        moved = here != there
        if moved.any() and (name.endswith("lower") or not np.isfinite(there[moved] + here[moved]).all()):
            return None
        slope = np.zeros(here.size)
        slope[moved] = (there[moved] - here[moved]) / (MOST - 1.0)
        if (slope < 0.0).any():
            return None
        move.append(slope)
    return tuple(move) if any(slope.any() for slope in move) else None


def _moved(reference: LinearProgram, moves: Sequence[_Move], point: Floats) -> LinearProgram:
    bounds = {name: getattr(reference, name).copy() for name in _BOUNDS}
    for move, factor in zip(moves, point, strict=True):
        for name, slope in zip(_BOUNDS, move, strict=True):
            at: Indices = np.flatnonzero(slope)
            bounds[name][at] += (factor - 1.0) * slope[at]
    return replace(reference, **bounds)


def _slope(reference: LinearProgram, move: _Move, answer: Solution) -> float:
    """What duals say that a factor one higher is worth: only upper limits move."""
    rows, columns = np.flatnonzero(move[1]), np.flatnonzero(move[3])
    total = 0.0
    for at, duals, slope, lower, upper in (
        (rows, answer.row_duals, move[1], reference.row_lower, reference.row_upper),
        (columns, answer.column_duals, move[3], reference.column_lower, reference.column_upper),
    ):
        total += worth(duals[at], lower[at], upper[at] + slope[at]) - worth(duals[at], lower[at], upper[at])
    return total


def _solved(program: LinearProgram, basis: NamedBasis, *, moved: bool) -> Solution | None:
    """The optimum of a program from a basis at hand; None where there is none."""
    import highspy

    solver = started(program, (plain_basis(program, basis) if moved else None) or basis)
    run(program, solver)
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    try:
        return read_solution(program, solver, "optimal")
    except SolverError:  # a bound that is missing is only a wider bracket
        return None
