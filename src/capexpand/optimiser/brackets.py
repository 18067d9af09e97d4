"""Certified brackets: what solved programs say about the optimum of one that was not solved.

Two facts of linear programming carry everything; docs/explanation/brackets.md has the mathematics.

* Any mixture of plans that satisfies a program is worth no more than its optimum. Limits move: plans that
  were solved elsewhere are mixed until they fit, which for a concave value is interpolation. Prices move:
  each plan keeps its orders and is valued at the new prices.
* Any duals bound the optimum from above. Limits move: duals that were solved elsewhere price the new limits,
  each on its own side. Prices move: duals are mixed until they fit the new prices, which for a convex value
  is interpolation.

Where coefficients move, duals of another program bound nothing unless they happen to fit, and what bounds
from below is a plan whose payments were worked out anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capexpand.model.blocks import Floats, Indices, LinearProgram
from capexpand.optimiser.highs import TOLERANCE, Solution, violations
from capexpand.optimiser.limit_prices import KnownSupports, matrix_of, priced
from capexpand.optimiser.warm import same_structure

MARGIN = 1e-7
"""By which a bracket is wider than its two bounds, relative to them: what a solver may be off."""
PARTS = ("cost", "column_lower", "column_upper", "row_lower", "row_upper", "value")
"""Of a program, the arrays whose numbers may move."""

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class ProgramChange:
    """Where the numbers of a program differ from those of a reference of the same structure.

    Args:
        offset: of the program.
        places: for each part of a program the entries that differ.
        numbers: what stands there.
    """

    offset: float
    places: tuple[Indices, ...]
    numbers: tuple[Floats, ...]

    @classmethod
    def between(cls, reference: LinearProgram, program: LinearProgram) -> ProgramChange | None:
        """Return what differs, or None where rows, columns or places of coefficients do.

        Args:
            reference: the program against which changes are noted.
            program: that is compared with it.
        """
        if not same_structure(reference, program):
            return None
        pairs = [(getattr(reference, name), getattr(program, name)) for name in PARTS]
        places = tuple(np.flatnonzero(old != new) for old, new in pairs)
        numbers = tuple(new[at] for (_, new), at in zip(pairs, places, strict=True))
        return cls(program.offset, places, numbers)

    def put(self, reference: LinearProgram) -> LinearProgram:
        """Return the program that differs so from the reference."""
        changed: dict[str, Any] = {"offset": self.offset}
        for name, at, new in zip(PARTS, self.places, self.numbers, strict=True):
            part = getattr(reference, name).copy()
            part[at] = new
            changed[name] = part
        return replace(reference, **changed)

    @property
    def coefficients(self) -> str:
        """Names the coefficients: programs of the same name have the same ones."""
        digest = hashlib.sha256(self.places[-1].tobytes())
        digest.update(self.numbers[-1].tobytes())
        return digest.hexdigest()

    @property
    def kinds(self) -> frozenset[str]:
        """What moved: ``limits``, ``prices``, ``coefficients``."""
        cost, *bounds, value = (at.size > 0 for at in self.places)
        found = [("prices", cost), ("limits", any(bounds)), ("coefficients", value)]
        return frozenset(name for name, moved in found if moved)


@dataclass(frozen=True, slots=True)
class Support:
    """A solved program: its plan and duals, which bound others.

    Args:
        change: of the program against the reference.
        columns: positions and values of the columns that are not zero.
        duals: the same of the rows' duals.
        reduced: the same of the columns' reduced costs.
    """

    change: ProgramChange
    columns: tuple[Indices, Floats]
    duals: tuple[Indices, Floats]
    reduced: tuple[Indices, Floats]

    @classmethod
    def of(cls, change: ProgramChange | None, solution: Solution) -> Support | None:
        """Return what a solution supports, or None where the program has another structure.

        Args:
            solution: an optimum with duals.
        """
        if change is None:
            return None
        vectors = (solution.columns, solution.row_duals, solution.column_duals)
        return cls(change, *((np.flatnonzero(v), v[np.flatnonzero(v)]) for v in vectors))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all of it as arrays, for files."""
        found: dict[str, NDArray[Any]] = {"support_objective": np.array(self.change.offset)}
        for name, at, new in zip(PARTS, self.change.places, self.change.numbers, strict=True):
            found[f"change_{name}_at"], found[f"change_{name}"] = at, new
        for name in ("columns", "duals", "reduced"):
            found[f"{name}_at"], found[name] = getattr(self, name)
        return found

    @classmethod
    def of_arrays(cls, arrays: Arrays) -> Support:
        """Return what ``arrays`` gave."""
        change = ProgramChange(
            float(arrays["support_objective"]),
            tuple(arrays[f"change_{name}_at"] for name in PARTS),
            tuple(arrays[f"change_{name}"] for name in PARTS),
        )
        return cls(
            change, *((arrays[f"{name}_at"], arrays[name]) for name in ("columns", "duals", "reduced"))
        )


@dataclass(frozen=True, slots=True)
class Bracket:
    """Bounds of the best objective of a program [money].

    Args:
        lower: reached by a plan; None where no plan is known to satisfy the program.
        upper: passed by none; None where nothing bounds it.
    """

    lower: float | None
    upper: float | None

    @property
    def width(self) -> float:
        """How far the two are apart [money]; infinite where one is missing."""
        if self.lower is None or self.upper is None:
            return float("inf")
        return self.upper - self.lower


class Brackets:
    """Bounds programs by others that were solved.

    Args:
        reference: against which the changes of the supports are noted.
        supports: of solved programs.
    """

    def __init__(self, reference: LinearProgram, supports: Sequence[Support]) -> None:
        self.reference = reference
        self.supports = tuple(supports)
        self._programs = [support.change.put(reference) for support in self.supports]
        sizes = (reference.cost.size, reference.row_lower.size, reference.cost.size)
        self._columns, self._duals, self._reduced = (
            _dense([getattr(support, name) for support in self.supports], size)
            for name, size in zip(("columns", "duals", "reduced"), sizes, strict=True)
        )
        self._names = [support.change.coefficients for support in self.supports]
        self._known = KnownSupports.of(reference, self._columns, self._duals, self._reduced)

    def vectors(self, number: int) -> tuple[Floats, Floats, Floats]:
        """Return the columns, the rows' duals and the reduced costs of a support."""
        return self._columns[:, number], self._duals[:, number], self._reduced[:, number]

    def at(self, program: LinearProgram) -> Bracket:
        """Return a bracket of the optimum of a program that was not solved.

        Args:
            program: of the structure of the reference; one of another is bounded by nothing.
        """
        change = ProgramChange.between(self.reference, program)
        if change is None or not self.supports:
            return Bracket(None, None)
        alike = np.array([name == change.coefficients for name in self._names])
        if alike.all() and not change.places[-1].size:
            return _margined(self._lower_known(program, change), self._upper(program, alike, change))
        lower = self._lower(program, alike)
        upper = self._upper(program, alike)
        return _margined(lower, upper)

    def _lower_known(self, program: LinearProgram, change: ProgramChange) -> float | None:
        """As ``_lower``, where no coefficient moves: what the plans take of each row is known already."""
        known, plans = self._known, self._columns
        values = program.cost @ plans if change.places[0].size else known.values
        rows: list[Floats] = []
        limits: list[Floats] = []
        for amounts, (least, most), lower, upper in (
            (known.activity, known.activity_ends, program.row_lower, program.row_upper),
            (plans, known.column_ends, program.column_lower, program.column_upper),
        ):
            for sign, end, limit in ((1.0, most, upper), (-1.0, -least, -lower)):
                room = TOLERANCE / 10 * np.maximum(1.0, np.abs(np.where(np.isfinite(limit), limit, 0.0)))
                broken = np.flatnonzero(end > limit + room)
                rows.append(sign * amounts[broken])
                limits.append(limit[broken])
        weights = _mixture(-values, np.concatenate(rows), np.concatenate(limits))
        if weights is None or max(violations(program, plans @ weights)) > TOLERANCE:
            return None
        return float(values @ weights) + program.offset

    def _lower(self, program: LinearProgram, alike: NDArray[np.bool_]) -> float | None:
        """The best mixture of known plans that satisfies the program."""
        plans = self._columns.copy()
        for k in np.flatnonzero(~alike):
            plans[:, k] = settled(program, plans[:, k])
        matrix = matrix_of(program)
        activity = matrix @ plans
        values = program.cost @ plans
        bounds = (
            (activity, program.row_lower, program.row_upper),
            (plans, program.column_lower, program.column_upper),
        )
        rows: list[Floats] = []
        limits: list[Floats] = []
        for amounts, least, most in bounds:
            for sign, limit in ((1.0, most), (-1.0, -least)):
                room = TOLERANCE / 10 * np.maximum(1.0, np.abs(np.where(np.isfinite(limit), limit, 0.0)))
                broken = np.flatnonzero((sign * amounts > (limit + room)[:, None]).any(axis=1))
                rows.append(sign * amounts[broken])
                limits.append(limit[broken])
        weights = _mixture(-values, np.concatenate(rows), np.concatenate(limits))
        if weights is None or max(violations(program, plans @ weights)) > TOLERANCE:
            return None
        return float(values @ weights) + program.offset

    def _upper(
        self, program: LinearProgram, alike: NDArray[np.bool_], change: ProgramChange | None = None
    ) -> float | None:
        """The least of what mixed duals and each support's own duals say.

        Args:
            program: that is bounded.
            alike: [support] whether it has the same coefficients.
            change: of the program, where no coefficient moves.
        """
        known = None if change is None else self._known.priced(self.reference, program, change.places)
        if known is not None and change is not None and not change.places[0].size and self._one_price:
            best = float(known.min())  # every support's duals are optimal for these prices
            return best + program.offset if np.isfinite(best) else None
        found = [self._mixed_duals(program, alike, known) if alike.any() else np.inf]
        reduced = program.cost[:, None] - matrix_of(program).T @ self._duals
        found += [priced(program, self._duals[:, k], reduced[:, k]) for k in range(len(self.supports))]
        best = min(found)
        return float(best) + program.offset if np.isfinite(best) else None

    @property
    def _one_price(self) -> bool:
        """Whether every support was solved at the prices of the reference."""
        return not any(support.change.places[0].size for support in self.supports)

    def _mixed_duals(
        self, program: LinearProgram, alike: NDArray[np.bool_], known: Floats | None = None
    ) -> float:
        """Duals of programs with the same coefficients, mixed until they fit the new prices.

        What they lack of a price costs the most of that column, where it has a most.
        """
        who = np.flatnonzero(alike)
        own = known
        if own is None:
            own = np.array([priced(program, self._duals[:, k], self._reduced[:, k], own=True) for k in who])
        usable = np.isfinite(own)
        if not usable.any():
            return float("inf")
        who, own = who[usable], own[usable]
        costs = np.stack([self._programs[k].cost for k in who], axis=1)
        moved = np.flatnonzero((costs != program.cost[:, None]).any(axis=1))
        if not moved.size:
            return float(own.min())
        excess, most, least = (
            costs[moved] - program.cost[moved, None],
            program.column_upper[moved],
            program.column_lower[moved],
        )
        profiles, weight = _grouped(excess, most, least)
        if profiles is None:
            return float("inf")
        finite = np.isfinite(weight)
        lacking = np.where(finite, weight, 0.0)
        # columns of the mixture: the supports, then for each profile what it lacks
        slack = np.where(finite[:, None], np.eye(len(weight)), 0.0)
        weights = _mixture(
            np.concatenate((own, lacking)),
            np.hstack((-profiles, -slack)),
            np.zeros(len(weight)),
            shares=len(who),
        )
        if weights is None:
            return float("inf")
        shares = weights[: len(who)]
        short = np.maximum(-(profiles @ shares), 0.0)
        short[short <= 1e-9] = 0.0
        if (short > 0)[~finite].any():
            return float("inf")
        return float(own @ shares + np.where(finite, lacking, 0.0) @ short)


def _margined(lower: float | None, upper: float | None) -> Bracket:
    """A bracket wider than its two bounds by what a solver may be off."""
    return Bracket(
        None if lower is None else lower - MARGIN * max(1.0, abs(lower)),
        None if upper is None else upper + MARGIN * max(1.0, abs(upper)),
    )


def best_mixture(values: Floats, points: Floats, at: Floats) -> Floats | None:
    """Return the shares of solved points whose limits fit together and whose mixture is worth most.

    Args:
        values: [point] what the plan of each point is worth.
        points: [point, factor] of limits that only widen with their factor.
        at: [factor] within which the mixture must stay.

    Returns:
        The shares [point], or None where no mixture fits.
    """
    return _mixture(-values, points.T, at)


def settled(program: LinearProgram, plan: Floats) -> Floats:
    """Return a plan with the same decisions, paid for as a program says.

    What is paid, due, spent and written off follows from the orders; a floor's shortfall and the end values
    follow from these.

    Args:
        program: with other coefficients than the plan was made for.
        plan: [column].
    """
    found = plan.copy()
    own = dict.fromkeys(("payment",), "paid") | {"due": "due", "spending": "spent", "end book": "end book"}
    columns = {(block.name, block.labels): block for block in program.column_blocks}
    for block in program.row_blocks:
        if block.name in own:
            held = columns.get((own[block.name], block.labels))
            if held is None or held.positions.size != block.positions.size:
                continue
            for place in range(block.positions.size):
                row, column = block.first + place, held.first + place
                entries = slice(program.start[row], program.start[row + 1])
                rest = program.value[entries] @ found[program.index[entries]]
                found[column] += program.row_lower[row] - rest
        elif block.name == "floor":
            _raise_shortfall(program, found, block.first)
        elif block.name == "end value by the market":
            _lower_end_values(program, found, block.first, block.positions.size)
    return found


def _raise_shortfall(program: LinearProgram, plan: Floats, row: int) -> None:
    entries = slice(program.start[row], program.start[row + 1])
    last = program.index[entries][-1]  # the shortfall stands behind what is spent
    rest = program.value[entries] @ plan[program.index[entries]] - plan[last]
    plan[last] = max(program.row_lower[row] - rest, 0.0)


def _lower_end_values(program: LinearProgram, plan: Floats, first: int, count: int) -> None:
    """End values are the least of what the market would pay and what the books hold."""
    book = next((b for b in program.row_blocks if b.name == "end value by the books"), None)
    held = next((b for b in program.column_blocks if b.name == "end value"), None)
    if book is None or held is None:
        return
    for place in range(count):
        column = held.first + place
        plan[column] = 0.0
        most = np.inf
        for row in (first + place, book.first + place):
            entries = slice(program.start[row], program.start[row + 1])
            most = min(most, program.row_upper[row] - program.value[entries] @ plan[program.index[entries]])
        plan[column] = max(most, 0.0)


def _grouped(excess: Floats, most: Floats, least: Floats) -> tuple[Floats | None, Floats]:
    """Columns whose prices move alike, together: what each support has too much of the price, and their most.

    Args:
        excess: [column, support] price of the support less the price now.
        most: [column] upper bound.
        least: [column] lower bound; below 0 there is no such bound.
    """
    if (least < 0).any():
        return None, np.zeros(0)
    size = np.abs(excess).max(axis=1)
    profiles = np.round(excess / size[:, None], 11)
    groups, member = np.unique(profiles, axis=0, return_inverse=True)
    weight = np.zeros(len(groups))
    np.add.at(weight, member.ravel(), size * most)
    return groups, weight


def _mixture(costs: Floats, rows: Floats, limits: Floats, *, shares: int | None = None) -> Floats | None:
    """Return weights of least cost with rows·weights ≤ limits, the first of them shares that add up to one.

    Args:
        costs: [weight].
        rows: [row, weight].
        limits: [row].
        shares: how many weights are shares; all if None.
    """
    from scipy.optimize import linprog

    count = costs.size if shares is None else shares
    if count == 1 and not rows.size:
        return np.ones(1)
    scale = np.maximum(np.abs(rows).max(axis=1, initial=0.0), np.abs(limits))
    scale = np.where(scale > 0, scale, 1.0)
    level = max(1.0, float(np.abs(costs).max()))
    one = np.zeros((1, costs.size))
    one[0, :count] = 1.0
    found = linprog(
        costs / level,
        A_ub=rows / scale[:, None] if rows.size else None,
        b_ub=limits / scale if rows.size else None,
        A_eq=one,
        b_eq=[1.0],
        method="highs",
    )
    if found.status != 0:
        return None
    weights = np.maximum(found.x, 0.0)
    total = float(weights[:count].sum())
    weights[:count] /= total
    return weights


def _dense(vectors: list[tuple[Indices, Floats]], size: int) -> Floats:
    """Vectors side by side [size, vector]."""
    found = np.zeros((size, len(vectors)))
    for k, (at, values) in enumerate(vectors):
        found[at, k] = values
    return found
