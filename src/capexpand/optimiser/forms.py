"""Weighted sums of a program's columns, and programs in which one is held between two amounts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from capexpand.model.blocks import Block, Floats, Indices, LinearProgram

ROW = "what is forced"


@dataclass(frozen=True, slots=True)
class Form:
    """A weighted sum of a program's columns, and a constant: what is asked about, as a number."""

    columns: Indices
    weights: Floats
    constant: float = 0.0

    def value(self, columns: Floats) -> float:
        """Return its value for a solution [columns]."""
        return float(self.weights @ columns[self.columns]) + self.constant


def with_row(program: LinearProgram, form: Form, least: float, most: float, name: str = ROW) -> LinearProgram:
    """Return a program with one row more: a weighted sum of columns between two bounds.

    Args:
        program: to which the row is added as the last.
        least: of it.
        most: of it.
        name: of the row, for readers.
    """
    order = np.argsort(form.columns, kind="stable")
    rows = program.row_lower.size
    block = Block(name, rows, ((name,),), np.zeros(1, np.int64))
    return replace(
        program,
        row_lower=np.append(program.row_lower, least - form.constant),
        row_upper=np.append(program.row_upper, most - form.constant),
        start=np.append(program.start, program.start[-1] + form.columns.size),
        index=np.concatenate((program.index, form.columns[order])),
        value=np.concatenate((program.value, form.weights[order])),
        row_blocks=(*program.row_blocks, block),
    )
