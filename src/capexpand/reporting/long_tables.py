"""Lay arrays out as long tables: one value in a row, beside the names of its place on every axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from capexpand.model.data import Floats

if TYPE_CHECKING:
    import polars


@dataclass(frozen=True, slots=True)
class ArrayAxis:
    """One axis of an array.

    Args:
        columns: by column of the table, what it says at each position of the axis; the first names the axis.
    """

    columns: dict[str, Sequence[str] | Sequence[date]]

    @classmethod
    def named(cls, column: str, names: Sequence[str] | Sequence[date]) -> ArrayAxis:
        """Return an axis with one column.

        Args:
            column: name of the column.
            names: what it says at each position.
        """
        return cls({column: names})


@dataclass(frozen=True, slots=True)
class CountedArray:
    """An array, what it counts, and in which unit.

    Args:
        name: what is counted.
        values: one axis for each axis of the table.
        unit: the unit of all values, or one for each position of the first axis.
    """

    name: str
    values: Floats
    unit: str | Sequence[str]


def long_table(
    axes: Sequence[ArrayAxis], quantities: Sequence[CountedArray], *, zeros: bool = True
) -> polars.DataFrame:
    """Return a table with a row for each finite value of each quantity.

    Args:
        axes: the axes of the values, in order.
        quantities: what is laid out; all have the same axes.
        zeros: whether values of zero have rows too.
    """
    import polars

    return polars.concat([_laid_out(axes, quantity, zeros=zeros) for quantity in quantities])


def _laid_out(axes: Sequence[ArrayAxis], quantity: CountedArray, *, zeros: bool) -> polars.DataFrame:
    import polars

    values = quantity.values
    kept = np.isfinite(values) if zeros else np.isfinite(values) & (values != 0.0)
    places = np.nonzero(kept)
    columns: dict[str, polars.Series] = {}
    for axis, place in zip(axes, places, strict=True):
        for column, names in axis.columns.items():
            columns[column] = polars.Series(column, list(names))[place]
    rows = len(places[0])
    columns["quantity"] = polars.repeat(quantity.name, rows, eager=True)
    columns["value"] = polars.Series("value", values[kept])
    if isinstance(quantity.unit, str):
        columns["unit"] = polars.repeat(quantity.unit, rows, eager=True)
    else:
        columns["unit"] = polars.Series("unit", list(quantity.unit))[places[0]]
    return polars.DataFrame(columns)
