"""The basis of a solved program: a start for the same program again or for one that differs a little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from capexpand.model.blocks import Block, LinearProgram

if TYPE_CHECKING:
    import highspy

Statuses = NDArray[np.uint8]

_LOWER, _BASIC = 0, 1
"""As HiGHS numbers them: a new column stands at its lower bound, a new row is slack."""


@dataclass(frozen=True, slots=True)
class Basis:
    """Which columns and rows are basic in an optimum, and at which bound the others stand.

    Args:
        columns: [column] status as HiGHS numbers it.
        rows: [row].
    """

    columns: Statuses
    rows: Statuses

    @classmethod
    def of(cls, solver: highspy.Highs) -> Basis:
        """Return the basis that a solver stands at."""
        found = solver.getBasis()
        return cls(*(np.frombuffer(bytes(each), np.uint8) for each in (found.col_status, found.row_status)))

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of columns and rows."""
        return self.columns.size, self.rows.size

    def same(self, other: Basis | None) -> bool:
        """Tell whether another basis is this one, status by status."""
        return (
            other is not None
            and np.array_equal(self.columns, other.columns)
            and np.array_equal(self.rows, other.rows)
        )

    def put(self, solver: highspy.Highs) -> None:
        """Let a solver start from here; HiGHS mends a basis that is not square or regular."""
        import highspy

        kinds = [highspy.HighsBasisStatus(number) for number in range(5)]
        basis = highspy.HighsBasis()
        basis.col_status = [kinds[status] for status in self.columns.tolist()]
        basis.row_status = [kinds[status] for status in self.rows.tolist()]
        basis.valid = basis.alien = True
        solver.setBasis(basis)


@dataclass(frozen=True, slots=True)
class NamedBasis:
    """A basis with the blocks of its columns and rows: it fits programs that differ in some of them.

    Args:
        statuses: of the columns and rows.
        column_blocks: where the columns stand.
        row_blocks: where the rows stand.
        plain: the basis of the same program without its cost of churn; None where it has none.
    """

    statuses: Basis
    column_blocks: tuple[Block, ...]
    row_blocks: tuple[Block, ...]
    plain: NamedBasis | None = None

    @classmethod
    def of(cls, lp: LinearProgram, solver: highspy.Highs) -> NamedBasis:
        """Return the basis that a solver ended with.

        Args:
            lp: the program that it holds.
            solver: which has solved it.
        """
        return cls(Basis.of(solver), lp.column_blocks, lp.row_blocks)

    def fitted(self, lp: LinearProgram) -> Basis:
        """Return the basis for a program of which some columns and rows may be new, and others gone.

        Args:
            lp: the program that is to be solved from it.
        """
        return Basis(
            _placed(self.statuses.columns, self.column_blocks, lp.column_blocks, lp.cost.size, new=_LOWER),
            _placed(self.statuses.rows, self.row_blocks, lp.row_blocks, lp.row_lower.size, new=_BASIC),
        )


def _placed(
    statuses: Statuses, blocks: Sequence[Block], wanted: Sequence[Block], count: int, *, new: int
) -> Statuses:
    """Statuses for the positions of other blocks, ``new`` where there was none [count]."""
    known = {(block.name, block.labels): block for block in blocks}
    result = np.full(count, new, dtype=np.uint8)
    for block in wanted:
        old = known.get((block.name, block.labels))
        if old is None:
            continue
        _, here, there = np.intersect1d(
            block.positions, old.positions, assume_unique=True, return_indices=True
        )
        result[block.first + here] = statuses[old.first + there]
    return result
