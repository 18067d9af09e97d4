"""How the numbers of a quarter's program depend on the factors of a future, found once and applied to many.

Every number of a program is a constant, or linear in one factor, or (prices at order, with a fee of their
own)
linear in each of two. So a few programs built at chosen factors tell all there is to know, and the numbers of
ten thousand scenarios need no further building. A last program, at other factors, checks it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from capexpand.errors import SolverError
from capexpand.model.ages import MANY_UNITS
from capexpand.model.blocks import ABSENT, Floats, Indices
from capexpand.model.data import ModelData
from capexpand.model.realised import realise_quarter
from capexpand.policy.stages import QuarterProgram, StateLayout, quarter_program
from capexpand.scenarios.entries import Entry
from capexpand.sddp.matrix import ColumnMatrix
from capexpand.sddp.problem import Realisations, StageProgram

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Dependence:
    """The numbers that factors move: value = start + slope · (f − 1) + fee slope · g + joint · (f − 1) g.

    Args:
        positions: [moved] where each stands in the vector of all numbers.
        start: [moved] value with all factors neutral.
        entry: [moved] the entry whose factor is f, ``ABSENT`` where there is none.
        slope: [moved].
        fee_entry: [moved] the entry whose addition is g.
        fee_slope: [moved].
        joint_slope: [moved].
    """

    positions: Indices
    start: Floats
    entry: Indices
    slope: Floats
    fee_entry: Indices
    fee_slope: Floats
    joint_slope: Floats

    def values(self, factors: Floats) -> Floats:
        """Returns the moved numbers [scenario, moved] for factors [entry, scenario]."""
        if not self.positions.size:
            return np.zeros((factors.shape[1], 0))
        f = np.where(self.entry == ABSENT, 0.0, (factors.T - 1.0)[:, self.entry])
        g = np.where(self.fee_entry == ABSENT, 0.0, factors.T[:, self.fee_entry])
        return self.start + self.slope * f + (self.fee_slope + self.joint_slope * f) * g


@dataclass(frozen=True, slots=True)
class OrderLimits:
    """What can be ordered in a quarter, stocks and money aside."""

    power: Floats  # [scenario, power option] MW
    supply: Floats  # [scenario, offer, destination] units
    released: Floats  # [scenario, offer option, destination] share of what is due that is delivered
    least: Floats  # [scenario, offer, destination] units by contract


class StageNumbers:
    """The program of a quarter as the engine takes it, and its numbers under any factors.

    Args:
        m: the compiled case as declared.
        layout: of its state.
        entries: what the factors move.
        quarter: from 0.
    """

    def __init__(self, m: ModelData, layout: StateLayout, entries: Sequence[Entry], quarter: int) -> None:
        self.quarter, self.data = quarter, m
        self.built: QuarterProgram = quarter_program(m, layout, quarter)
        lp = self.built.program
        rows = np.repeat(np.arange(lp.row_lower.size), np.diff(lp.start))
        order = np.lexsort((rows, lp.index))
        counts = np.bincount(lp.index, minlength=lp.cost.size)
        starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
        self._matrix = ColumnMatrix(starts, rows[order].astype(np.int32), lp.value[order], lp.row_lower.size)
        self._order = order
        self._sizes = (lp.cost.size,) * 3 + (lp.row_lower.size,) * 2 + (lp.value.size,)
        self._ends = np.cumsum(self._sizes)
        self._start = self._numbers(self.built)
        self._column_names = tuple(chain.from_iterable(block.names() for block in lp.column_blocks))
        self._row_names = tuple(chain.from_iterable(block.names() for block in lp.row_blocks))

        def at(factors: Floats) -> Floats:
            built = quarter_program(realise_quarter(m, entries, factors, quarter), layout, quarter)
            return self._numbers(built)

        self.dependence = find_dependence(entries, self._start, at)
        place = np.searchsorted(self._ends, self.dependence.positions, side="right")
        self._parts = [np.flatnonzero(place == part) for part in range(len(self._sizes))]
        self.prices_move = bool(self._parts[5].size)

    def _numbers(self, built: QuarterProgram) -> Floats:
        """All numbers of a program in one vector: cost, column bounds, row bounds, coefficients."""
        lp = built.program
        sizes = (lp.cost.size, lp.row_lower.size, lp.value.size)
        if sizes != (self._sizes[0], self._sizes[3], self._sizes[5]):
            raise SolverError(f"the program of quarter {self.quarter + 1} changes its shape with the future")
        return np.concatenate(
            [-lp.cost, lp.column_lower, lp.column_upper, lp.row_lower, lp.row_upper, lp.value[self._order]]
        )

    def stage_program(self, factors: Floats | None = None) -> StageProgram:
        """Returns the program with the coefficients of given factors [entry], or as declared."""
        lp, values = self.built.program, self._matrix.values
        if factors is not None and self.prices_move:
            values = self._part(5, self.dependence.values(factors[:, None]))[0]
        first = len(self._matrix.starts) - 1
        return StageProgram(
            matrix=ColumnMatrix(self._matrix.starts, self._matrix.rows, values, self._matrix.row_count),
            cost=-lp.cost,
            lower=lp.column_lower,
            upper=lp.column_upper,
            row_lower=lp.row_lower,
            row_upper=lp.row_upper,
            incoming=self.built.incoming,
            outgoing=self.built.outgoing,
            integer=np.zeros(first, dtype=np.bool_),
            column_names=self._column_names,
            row_names=self._row_names,
        )

    def realisations(
        self, factors: Floats, probability: Floats, *, coefficients: bool, constant: float = 0.0
    ) -> Realisations:
        """Returns the numbers under given factors as outcomes of a node.

        Args:
            factors: [entry, outcome].
            probability: [outcome].
            coefficients: whether the outcomes carry their own coefficients; a lattice node has them in its
                program instead.
            constant: added to the cost of each [money].
        """
        moved = self.dependence.values(factors)

        def part(index: int) -> Floats | None:
            return self._part(index, moved) if self._parts[index].size else None

        return Realisations(
            probability=probability,
            cost=part(0),
            lower=part(1),
            upper=part(2),
            row_lower=part(3),
            row_upper=part(4),
            constant=np.full(probability.size, constant) if constant else None,
            coefficients=part(5) if coefficients else None,
        )

    def order_limits(self, factors: Floats) -> OrderLimits:
        """Returns what can be ordered in the quarter under factors [entry, scenario]."""
        moved = self.dependence.values(factors)
        stage = self.built.stage
        upper, least, supply = (self._part(part, moved) for part in (2, 3, 4))
        power, rows = stage.power.ordered, stage.orders.supply_rows
        return OrderLimits(
            power=np.where(power == ABSENT, 0.0, upper[:, np.maximum(power, 0)]),
            supply=np.where(rows == ABSENT, np.inf, np.maximum(supply[:, np.maximum(rows, 0)], 0.0)),
            released=self._released(supply),
            least=np.where(rows == ABSENT, 0.0, np.maximum(least[:, np.maximum(rows, 0)], 0.0)),
        )

    def _released(self, row_upper: Floats) -> Floats:
        """1 where what is due is delivered; what may be held back has a row that says so."""
        orders = self.built.stage.orders.ordered
        result = np.ones((len(row_upper), orders.size))
        for block in self.built.program.row_blocks:
            if block.name == "release":
                rows = block.first + np.arange(block.positions.size)
                result[:, block.positions] = np.clip(row_upper[:, rows] / MANY_UNITS, 0.0, 1.0)
        return result.reshape(len(row_upper), *orders.shape)

    def costs(self, factors: Floats) -> Floats:
        """Returns the costs [scenario, column] under factors [entry, scenario]."""
        return self._part(0, self.dependence.values(factors))

    def coefficients(self, factors: Floats) -> Floats:
        """Returns the coefficients [scenario, entry of the matrix] under factors [entry, scenario]."""
        return self._part(5, self.dependence.values(factors))

    def rows_of(self, names: set[str]) -> Indices:
        """Returns the rows of blocks with given names."""
        blocks = [block for block in self.built.program.row_blocks if block.name in names]
        return np.concatenate([block.first + np.arange(block.positions.size) for block in blocks])

    def entries_of(self, column: int) -> Indices:
        """Returns where the coefficients of a column stand."""
        return np.arange(self._matrix.starts[column], self._matrix.starts[column + 1], dtype=np.int64)

    def entry_rows(self, entries: Indices) -> Indices:
        """Returns the rows of coefficients."""
        return self._matrix.rows[entries].astype(np.int64)

    def _part(self, index: int, moved: Floats) -> Floats:
        """One of the six kinds of numbers [scenario, number]."""
        end = int(self._ends[index])
        start = end - self._sizes[index]
        result = np.repeat(self._start[None, start:end], moved.shape[0], axis=0)
        here = self._parts[index]
        result[:, self.dependence.positions[here] - start] = moved[:, here]
        return result


def find_dependence(entries: Sequence[Entry], start: Floats, at: Callable[[Floats], Floats]) -> Dependence:
    """Finds what moves what by two programs for the factors, two for the fees, and one for both.

    With f − 1 the same for all entries in one program and proportional to the entry's number in the other,
    the ratio of the two changes of a number tells which entry moves it.
    """
    added = np.array([entry.added for entry in entries], dtype=np.bool_)
    neutral = np.where(added, 0.0, 1.0).astype(np.float64)
    chosen = (~added).astype(np.float64)
    if not added.size:
        nothing = np.zeros(0)
        none = np.zeros(0, dtype=np.int64)
        return Dependence(none, nothing, none, nothing, none, nothing, nothing)
    share = np.asarray((1.0 + np.arange(added.size)) / added.size, dtype=np.float64)
    entry, slope = _moved_by(
        start, at(neutral + 0.5 * chosen), at(neutral + 0.5 * share * chosen), 0.5, share
    )
    fee_entry, fee_slope = np.full(start.size, ABSENT), np.zeros(start.size)
    joint = np.zeros(start.size)
    if added.any():
        fees = added.astype(np.float64)
        one = at(neutral + 0.5 * fees)
        fee_entry, fee_slope = _moved_by(start, one, at(neutral + 0.5 * share * fees), 0.5, share)
        both = at(neutral + 0.5)
        twice = (entry != ABSENT) & (fee_entry != ABSENT)
        joint[twice] = (both[twice] - start[twice]) / 0.25 - (slope + fee_slope)[twice] / 0.5
    positions = np.flatnonzero((entry != ABSENT) | (fee_entry != ABSENT))
    found = Dependence(
        positions,
        start[positions],
        entry[positions],
        slope[positions],
        fee_entry[positions],
        fee_slope[positions],
        joint[positions],
    )
    trial = neutral + np.random.default_rng(5).uniform(0.05, 0.95, added.size)
    expected, wanted = start.copy(), at(trial)
    expected[positions] = found.values(trial[:, None])[0]
    if not np.allclose(expected, wanted, rtol=1e-6, atol=1e-6):
        raise SolverError("a number of the program depends on the future in a way that is not understood")
    return found


def _moved_by(
    start: Floats, one: Floats, other: Floats, step: float, share: Floats
) -> tuple[Indices, Floats]:
    """The entry that moves each number and the slope, from two programs."""
    with np.errstate(invalid="ignore"):
        change, second = one - start, other - start
    size = np.where(np.isfinite(start), np.abs(start), 0.0)
    moved = np.isfinite(change) & (np.abs(change) > _ROUNDING * np.maximum(size, 1e-3))
    ratio = np.divide(second, change, out=np.zeros_like(change), where=moved)
    entry = np.rint(ratio * share.size).astype(np.int64) - 1
    if not ((entry[moved] >= 0) & (entry[moved] < share.size)).all():
        raise SolverError("two uncertain numbers meet at one place of the program")
    return np.where(moved, entry, ABSENT), np.where(moved, change / step, 0.0)
