"""A sparse matrix by columns, as far as the engine needs one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class ColumnMatrix:
    """A sparse matrix, column by column.

    Args:
        starts: shape (columns + 1,), where each column begins in ``rows`` and ``values``.
        rows: shape (entries,), row of each entry, ascending in each column.
        values: shape (entries,).
        row_count: number of rows.
    """

    starts: Integers
    rows: Integers
    values: Floats
    row_count: int

    @property
    def column_count(self) -> int:
        """Return the number of columns."""
        return len(self.starts) - 1

    @property
    def columns(self) -> Integers:
        """Return the column of each entry, shape (entries,)."""
        return np.repeat(np.arange(self.column_count, dtype=np.int32), np.diff(self.starts))

    @staticmethod
    def from_entries(
        rows: NDArray[np.int_] | list[int],
        columns: NDArray[np.int_] | list[int],
        values: Floats | list[float],
        *,
        shape: tuple[int, int],
    ) -> ColumnMatrix:
        """Build the matrix from (row, column, value) entries in any order; entries of one place add up.

        Zero values keep their place, so that noise may change them.
        """
        row_of = np.asarray(rows, dtype=np.int64)
        column_of = np.asarray(columns, dtype=np.int64)
        place, inverse = np.unique(column_of * max(shape[0], 1) + row_of, return_inverse=True)
        summed = np.zeros(len(place))
        np.add.at(summed, inverse, np.asarray(values, dtype=np.float64))
        place_columns = place // max(shape[0], 1)
        counts = np.bincount(place_columns, minlength=shape[1])
        starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
        return ColumnMatrix(starts, (place % max(shape[0], 1)).astype(np.int32), summed, shape[0])

    def entry_index(self, row: int, column: int) -> int:
        """Return where the entry of a place stands in ``values``, or -1 where there is none."""
        begin, end = self.starts[column], self.starts[column + 1]
        found = np.searchsorted(self.rows[begin:end], row)
        if begin + found < end and self.rows[begin + found] == row:
            return int(begin + found)
        return -1

    def dense(self, values: Floats | None = None) -> Floats:
        """Return the matrix as an array of shape (rows, columns), with other values where given."""
        full = np.zeros((self.row_count, self.column_count))
        full[self.rows, self.columns] = self.values if values is None else values
        return full
