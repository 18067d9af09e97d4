"""Builds linear programs from named blocks of columns and rows. It knows nothing of what they mean.

A block is an array of columns (or rows) with labelled axes; coefficients are added between arrays of
columns and rows that broadcast against each other, so that a formulation reads like its mathematics.
A column that does not exist is written as ``ABSENT`` and is passed over wherever it is used.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Indices = NDArray[np.int64]
Floats = NDArray[np.float64]

ABSENT = -1
INFINITY = float("inf")
_MANY_ENTRIES = 1_000_000
"""Coefficients that are collected, absent ones among them, before those that count are picked."""


@dataclass(frozen=True, slots=True)
class Block:
    """A named run of columns or rows, with a label for each position on each axis."""

    name: str
    first: int
    labels: tuple[tuple[str, ...], ...]
    positions: Indices  # [count] flat position in the block's shape of each column or row that exists

    def describe(self, index: int) -> tuple[str, tuple[str, ...]]:
        """Returns the block's name and the axis labels of one of its columns or rows."""
        shape = tuple(len(axis) for axis in self.labels)
        place = np.unravel_index(int(self.positions[index - self.first]), shape)
        return self.name, tuple(axis[int(i)] for axis, i in zip(self.labels, place, strict=True))

    def names(self) -> Iterator[str]:
        """Yield a name for each column or row, ``block (label, label)``, in order."""
        everything = tuple(product(*self.labels))
        for position in self.positions.tolist():
            yield f"{self.name} ({', '.join(everything[position])})"


@dataclass(frozen=True, slots=True)
class LinearProgram:
    """max cost·x + offset with row_lower ≤ A x ≤ row_upper and column_lower ≤ x ≤ column_upper.

    The matrix is held by rows: the entries of row i are ``start[i]:start[i+1]`` of ``index`` and ``value``.
    """

    cost: Floats
    offset: float
    column_lower: Floats
    column_upper: Floats
    integer: NDArray[np.bool_]
    row_lower: Floats
    row_upper: Floats
    start: Indices
    index: Indices
    value: Floats
    column_blocks: tuple[Block, ...]
    row_blocks: tuple[Block, ...]

    def describe_row(self, row: int) -> tuple[str, tuple[str, ...]]:
        """Returns the name of the block that a row belongs to, and the row's labels."""
        return _find(self.row_blocks, row).describe(row)

    def describe_column(self, column: int) -> tuple[str, tuple[str, ...]]:
        """Returns the name of the block that a column belongs to, and the column's labels."""
        return _find(self.column_blocks, column).describe(column)

    def without(self, columns: Collection[str], rows: Collection[str]) -> LinearProgram:
        """Returns the program without some blocks.

        Args:
            columns: names of blocks of columns that go.
            rows: names of blocks of rows that go.
        """
        kept_columns, column_blocks = _kept(self.column_blocks, columns, self.cost.size)
        kept_rows, row_blocks = _kept(self.row_blocks, rows, self.row_lower.size)
        row_of = np.repeat(np.arange(self.row_lower.size), np.diff(self.start))
        entries = kept_rows[row_of] & kept_columns[self.index]
        counts = np.bincount(row_of[entries], minlength=self.row_lower.size)[kept_rows]
        return LinearProgram(
            cost=self.cost[kept_columns],
            offset=self.offset,
            column_lower=self.column_lower[kept_columns],
            column_upper=self.column_upper[kept_columns],
            integer=self.integer[kept_columns],
            row_lower=self.row_lower[kept_rows],
            row_upper=self.row_upper[kept_rows],
            start=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
            index=(np.cumsum(kept_columns) - 1)[self.index[entries]],
            value=self.value[entries],
            column_blocks=column_blocks,
            row_blocks=row_blocks,
        )

    def activity(self, solution: Floats) -> Floats:
        """Returns A x for a solution [columns], by our own arithmetic."""
        products = self.value * solution[self.index]
        result = np.zeros(len(self.row_lower))
        filled = np.flatnonzero(np.diff(self.start))
        if filled.size:
            result[filled] = np.add.reduceat(products, self.start[filled])
        return result


def _kept(
    blocks: tuple[Block, ...], gone: Collection[str], count: int
) -> tuple[NDArray[np.bool_], tuple[Block, ...]]:
    """Which columns or rows stay, and their blocks in their new places."""
    stays = np.ones(count, dtype=np.bool_)
    for block in blocks:
        if block.name in gone:
            stays[block.first : block.first + block.positions.size] = False
    place = np.cumsum(stays) - 1
    return stays, tuple(
        replace(block, first=int(place[block.first])) for block in blocks if block.name not in gone
    )


def _find(blocks: tuple[Block, ...], index: int) -> Block:
    starts = [block.first for block in blocks]
    return blocks[int(np.searchsorted(starts, index, side="right")) - 1]


class Blocks:
    """Collects blocks of columns and rows and turns them into a ``LinearProgram``."""

    def __init__(self) -> None:
        self._columns: list[tuple[Floats, Floats, bool]] = []
        self._rows: list[tuple[Floats, Floats]] = []
        self._entries = _Collected(3)
        self._costs = _Collected(2)
        self._column_blocks: list[Block] = []
        self._row_blocks: list[Block] = []
        self._column_count = 0
        self._row_count = 0
        self.offset = 0.0

    def columns(
        self,
        name: str,
        labels: Sequence[Sequence[str]],
        *,
        lower: ArrayLike = 0.0,
        upper: ArrayLike = INFINITY,
        where: NDArray[np.bool_] | None = None,
        integer: bool = False,
    ) -> Indices:
        """Adds a block of columns and returns their indices, shaped by the labels.

        Args:
            name: the block's name.
            labels: for each axis the labels of its positions.
            lower: smallest values, broadcast to the shape.
            upper: largest values, broadcast to the shape.
            where: which positions exist, all if absent; the others come back as ``ABSENT``.
            integer: whether the columns take whole values only.
        """
        shape, positions = _layout(labels, where)
        first = self._column_count
        if positions.size:
            self._columns.append((_pick(lower, shape, positions), _pick(upper, shape, positions), integer))
            self._column_blocks.append(Block(name, first, tuple(tuple(axis) for axis in labels), positions))
            self._column_count += positions.size
        return _indices(shape, positions, first)

    def rows(
        self,
        name: str,
        labels: Sequence[Sequence[str]],
        *,
        lower: ArrayLike = -INFINITY,
        upper: ArrayLike = INFINITY,
        where: NDArray[np.bool_] | None = None,
    ) -> Indices:
        """Adds a block of rows and returns their indices, shaped by the labels; see ``columns``."""
        shape, positions = _layout(labels, where)
        first = self._row_count
        if positions.size:
            self._rows.append((_pick(lower, shape, positions), _pick(upper, shape, positions)))
            self._row_blocks.append(Block(name, first, tuple(tuple(axis) for axis in labels), positions))
            self._row_count += positions.size
        return _indices(shape, positions, first)

    def add(self, rows: Indices, columns: Indices, coefficients: ArrayLike = 1.0) -> None:
        """Adds coefficients between rows and columns; the three arrays broadcast against each other."""
        self._entries.add(rows, columns, np.asarray(coefficients, dtype=np.float64))

    def add_cost(self, columns: Indices, coefficients: ArrayLike) -> None:
        """Adds to the objective coefficients of columns; the arrays broadcast against each other."""
        self._costs.add(columns, np.asarray(coefficients, dtype=np.float64))

    def build(self) -> LinearProgram:
        """Returns the program, with entries that were added twice at one place summed."""
        row, column, value = self._entries.all()
        row, column, value = _summed(row, column, value, self._column_count)
        cost = np.zeros(self._column_count)
        np.add.at(cost, *self._costs.all())
        integer = [np.full(lower.size, flag) for lower, _, flag in self._columns]
        return LinearProgram(
            cost=cost,
            offset=self.offset,
            column_lower=_joined([column[0] for column in self._columns]),
            column_upper=_joined([column[1] for column in self._columns]),
            integer=_joined(integer).astype(np.bool_),
            row_lower=_joined([row[0] for row in self._rows]),
            row_upper=_joined([row[1] for row in self._rows]),
            start=np.searchsorted(row, np.arange(self._row_count + 1)).astype(np.int64),
            index=column,
            value=value,
            column_blocks=tuple(self._column_blocks),
            row_blocks=tuple(self._row_blocks),
        )


class _Collected:
    """Indices and a value for each coefficient, in the order in which they were added.

    Most additions are of some hundred numbers, so what is absent or zero is left out of many at once.

    Args:
        width: number of arrays; the last one holds the values.
    """

    def __init__(self, width: int) -> None:
        self._picked: list[tuple[NDArray[Any], ...]] = []
        self._width = width
        self._waiting = self._nothing()
        self._count = 0

    def _nothing(self) -> list[list[NDArray[Any]]]:
        return [[] for _ in range(self._width)]

    def add(self, *arrays: NDArray[Any]) -> None:
        """Add arrays that broadcast against each other."""
        shape = np.broadcast(*arrays).shape
        for waiting, array in zip(self._waiting, arrays, strict=True):
            waiting.append((array if array.shape == shape else _filled(array, shape)).flatten())
        self._count += prod(shape)
        if self._count > _MANY_ENTRIES:
            self._pick()

    def _pick(self) -> None:
        if not self._count:
            return
        *places, values = (np.concatenate(waiting) for waiting in self._waiting)
        kept = values != 0.0
        for place in places:
            kept &= place != ABSENT
        self._picked.append((*(place[kept] for place in places), values[kept]))
        self._waiting, self._count = self._nothing(), 0

    def all(self) -> tuple[NDArray[Any], ...]:
        """Return what counts of all that was added."""
        self._pick()
        if not self._picked:
            nothing = np.zeros(0, dtype=np.int64)
            return (*(nothing for _ in range(self._width - 1)), np.zeros(0))
        return tuple(np.concatenate(parts) for parts in zip(*self._picked, strict=True))


def _filled(array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """An array broadcast to a shape; numpy's own function takes several times as long on small ones."""
    made = np.empty(shape, dtype=array.dtype)
    made[...] = array
    return made


def _layout(
    labels: Sequence[Sequence[str]], where: NDArray[np.bool_] | None
) -> tuple[tuple[int, ...], Indices]:
    shape = tuple(len(axis) for axis in labels)
    if where is None:
        return shape, np.arange(prod(shape), dtype=np.int64)
    there = np.asarray(where, dtype=np.bool_)
    return shape, np.flatnonzero(there if there.shape == shape else _filled(there, shape))


def _indices(shape: tuple[int, ...], positions: Indices, first: int) -> Indices:
    """The numbers of new columns or rows at their places, ``ABSENT`` elsewhere."""
    indices = np.empty(prod(shape), dtype=np.int64)
    indices.fill(ABSENT)
    indices[positions] = np.arange(first, first + positions.size)
    return indices.reshape(shape)


def _pick(values: ArrayLike, shape: tuple[int, ...], positions: Indices) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 0:
        return np.full(positions.size, float(array))
    return (array if array.shape == shape else _filled(array, shape)).ravel()[positions]


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0)


def _summed(row: Indices, column: Indices, value: Floats, width: int) -> tuple[Indices, Indices, Floats]:
    key = row * max(width, 1) + column
    if key.size > 1 and not bool(np.all(key[1:] > key[:-1])):
        order = np.argsort(key, kind="stable")
        key, value = key[order], value[order]
        first = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
        key, value = key[first], np.add.reduceat(value, first)
    return key // max(width, 1), key % max(width, 1), value
