"""What duals say that the limits of a program are worth, each on its own side; see ``brackets``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capexpand.model.blocks import Floats, Indices, LinearProgram

_NEGLIGIBLE_DUAL = 1e-8
"""Dual of a limit that does not exist which counts as rounding, relative to the largest cost."""


@dataclass(frozen=True, slots=True)
class KnownSupports:
    """What is known of supports against the reference, before any program is bounded.

    Args:
        values: [support] what each plan is worth at the reference's prices.
        activity: [row, support] what each plan takes of each row.
        activity_ends: [row] the least and the most over the supports.
        column_ends: [column] the same of the plans.
        duals: [support, row] and
        reduced: [support, column] without what rounding left on sides without a limit.
        worth: [support] of the reference's limits by these; infinite where they do not fit it.
    """

    values: Floats
    activity: Floats
    activity_ends: tuple[Floats, Floats]
    column_ends: tuple[Floats, Floats]
    duals: Floats
    reduced: Floats
    worth: Floats

    @classmethod
    def of(cls, reference: LinearProgram, columns: Floats, duals: Floats, reduced: Floats) -> KnownSupports:
        """Return what is known of plans [column, support], duals [row, support] and reduced costs."""
        activity = np.asarray(matrix_of(reference) @ columns)
        size = 10 * _NEGLIGIBLE_DUAL * max(1.0, float(np.abs(reference.cost).max(initial=0.0)))
        count = columns.shape[1]
        clean_reduced, clean_duals = np.zeros((count, columns.shape[0])), np.zeros((count, duals.shape[0]))
        worths = np.full(count, np.inf)
        for k in range(count):
            clean_reduced[k] = _without_rounding(
                reduced[:, k], reference.column_lower, reference.column_upper, size
            )
            clean_duals[k] = _without_rounding(
                duals[:, k], reference.row_lower, reference.row_upper, size / 10
            )
            worths[k] = worth(clean_duals[k], reference.row_lower, reference.row_upper) + worth(
                clean_reduced[k], reference.column_lower, reference.column_upper
            )
        return cls(
            values=reference.cost @ columns,
            activity=activity,
            activity_ends=_ends(activity),
            column_ends=_ends(columns),
            duals=clean_duals,
            reduced=clean_reduced,
            worth=worths,
        )

    def priced(
        self, reference: LinearProgram, program: LinearProgram, places: tuple[Indices, ...]
    ) -> Floats | None:
        """Return what each support's duals say of a program's limits [support].

        Only what moved is priced anew. None where that is not enough: a limit comes or goes, prices change
        what counts as rounding, or the duals of a support do not fit the reference.

        Args:
            reference: against which the supports are known.
            program: whose limits are priced.
            places: where its costs and bounds differ from the reference.
        """
        if not np.isfinite(self.worth).all() or places[0].size:
            return None
        total = self.worth.copy()
        pairs = (
            (np.union1d(places[1], places[2]), self.reduced, "column"),
            (np.union1d(places[3], places[4]), self.duals, "row"),
        )
        for at, prices, kind in pairs:
            if not at.size:
                continue
            sides = [
                (getattr(each, f"{kind}_lower")[at], getattr(each, f"{kind}_upper")[at])
                for each in (reference, program)
            ]
            if any((np.isfinite(old) != np.isfinite(new)).any() for old, new in zip(*sides, strict=True)):
                return None
            here = prices[:, at]
            moved = [
                np.where(
                    new == old,
                    0.0,
                    np.where(np.isfinite(new), new, 0.0) - np.where(np.isfinite(old), old, 0.0),
                )
                for old, new in zip(*sides, strict=True)
            ]
            total += np.where(here > 0.0, here, 0.0) @ moved[1] + np.where(here < 0.0, here, 0.0) @ moved[0]
        return total


def _ends(values: Floats) -> tuple[Floats, Floats]:
    """The least and the most over the last axis."""
    if not values.shape[1]:
        return np.zeros(values.shape[0]), np.zeros(values.shape[0])
    return values.min(axis=1), values.max(axis=1)


def priced_own(program: LinearProgram, duals: Floats, reduced: Floats) -> float:
    """Return what duals say that the limits of a program are worth, at the prices for which they are optimal.

    Args:
        program: whose limits are priced.
        duals: [row].
        reduced: [column] the reduced costs that belong to the duals.

    Returns:
        A bound of the optimum at those prices, without the program's offset; infinite where a limit that they
        price is.
    """
    return priced(program, duals, reduced, own=True)


def priced(program: LinearProgram, duals: Floats, reduced: Floats, *, own: bool = False) -> float:
    """What duals say that the limits of a program are worth in all; infinite where they do not fit it.

    A positive dual prices the upper side of its row, a negative one the lower; so do reduced costs with
    columns.

    Args:
        program: whose limits are priced.
        duals: [row].
        reduced: [column] costs less what the duals say of the column.
        own: whether the duals are optimal for the costs that these are reduced from.
    """
    size = _NEGLIGIBLE_DUAL * max(1.0, float(np.abs(program.cost).max(initial=0.0)))
    reduced = _without_rounding(
        reduced, program.column_lower, program.column_upper, 10 * size if own else size
    )
    duals = _without_rounding(duals, program.row_lower, program.row_upper, size)
    endless = (reduced > 0) & ~np.isfinite(program.column_upper)
    if endless.any():
        duals, reduced = _raised(program, duals, reduced, endless)
    rows = worth(duals, program.row_lower, program.row_upper)
    return rows + worth(reduced, program.column_lower, program.column_upper)


def _without_rounding(duals: Floats, lower: Floats, upper: Floats, size: float) -> Floats:
    """Duals without what rounding left on sides that have no limit."""
    endless = ~np.isfinite(np.where(duals > 0, upper, lower))
    return np.where(endless & (np.abs(duals) <= size), 0.0, duals)


def worth(duals: Floats, lower: Floats, upper: Floats) -> float:
    """Return what limits are worth by their duals: above 0 on the upper side, below 0 on the lower."""
    there = np.flatnonzero(duals)
    limit = np.where(duals[there] > 0, upper[there], lower[there])
    return float(duals[there] @ limit) if np.isfinite(limit).all() else float("inf")


def _raised(
    program: LinearProgram, duals: Floats, reduced: Floats, endless: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Duals in which the supply of what pays more than it costs is worth the difference.

    Orders have no upper limit of their own; the supply's row limits them.
    """
    duals, reduced = duals.copy(), reduced.copy()
    for block in program.row_blocks:
        if block.name != "supply":
            continue
        for row in range(block.first, block.first + block.positions.size):
            entries = slice(program.start[row], program.start[row + 1])
            columns = program.index[entries]
            gain = float(np.max(np.where(endless[columns], reduced[columns], 0.0), initial=0.0))
            if gain > 0.0 and np.isfinite(program.row_upper[row]):
                duals[row] += gain
                reduced[columns] -= gain * program.value[entries]
    return duals, reduced


def matrix_of(program: LinearProgram) -> Any:
    """Return the coefficients of a program as a sparse matrix."""
    from scipy.sparse import csr_array

    return csr_array(
        (program.value, program.index, program.start), shape=(program.row_lower.size, program.cost.size)
    )
