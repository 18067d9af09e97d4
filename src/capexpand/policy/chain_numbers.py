"""The numbers of the chain of all quarters under any future, without building it again.

What a scenario's factors move is found once, as for the quarters apart: every number of the chain belongs to
a quarter and moves with that quarter's factors alone, so each pair of an entry and a quarter counts as one
entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from capexpand.errors import SolverError
from capexpand.model.blocks import Block, Floats, Indices, LinearProgram
from capexpand.model.data import ModelData
from capexpand.model.realised import realise
from capexpand.model.stage import Stage
from capexpand.optimiser.deterministic import build_program
from capexpand.policy.stage_numbers import Dependence, find_dependence
from capexpand.scenarios.entries import Entry


@dataclass(frozen=True, slots=True)
class ChainNumbers:
    """The chain of all quarters, and how its numbers depend on a future.

    Args:
        program: as declared.
        stages: [quarter] its columns and rows.
        dependence: of its numbers, on factors [entry and quarter].
        first_columns: [quarter] first column of each.
        first_rows: [quarter] first row of each.
    """

    program: LinearProgram
    stages: tuple[Stage, ...]
    dependence: Dependence
    first_columns: Indices
    first_rows: Indices

    @staticmethod
    def of(m: ModelData, entries: Sequence[Entry]) -> ChainNumbers:
        """Returns the chain of a case.

        Args:
            m: the compiled case as declared.

        Raises:
            SolverError: a number depends on the future in a way that is not understood.
        """
        program, stages = build_program(m)
        quarters = m.times.count

        def at(factors: Floats) -> Floats:
            built, _ = build_program(realise(m, entries, factors.reshape(len(entries), quarters)))
            if not np.array_equal(built.index, program.index):
                raise SolverError("the program of all quarters changes its shape with the future")
            return _vector(built)

        each = [entry for entry in entries for _ in range(quarters)]
        columns, rows = (
            np.array([_first(blocks, label) for label in m.times.labels], dtype=np.int64)
            for blocks in (program.column_blocks, program.row_blocks)
        )
        dependence = find_dependence(each, _vector(program), at)
        return ChainNumbers(program, tuple(stages), dependence, columns, rows)

    def at(self, factors: Floats) -> LinearProgram:
        """Returns the program in one future.

        Args:
            factors: [entry, quarter].
        """
        numbers = _vector(self.program)
        numbers[self.dependence.positions] = self.dependence.values(factors.reshape(-1, 1))[0]
        columns, rows = self.program.cost.size, self.program.row_lower.size
        ends = np.cumsum((columns, columns, columns, rows, rows))
        cost, lower, upper, row_lower, row_upper, value = np.split(numbers, ends)
        return replace(
            self.program,
            cost=cost,
            column_lower=lower,
            column_upper=upper,
            row_lower=row_lower,
            row_upper=row_upper,
            value=value,
        )

    def rest(self, program: LinearProgram, quarter: int, done: Floats) -> LinearProgram:
        """Returns what a program still leaves to decide from a quarter on.

        Args:
            program: from ``at``.
            quarter: from 0; the columns of the quarters before it are given.
            done: [column] their values; those of later columns are not looked at.
        """
        column, row = int(self.first_columns[quarter]), int(self.first_rows[quarter])
        start = int(program.start[row])
        index, value = program.index[start:], program.value[start:]
        own = index >= column
        rows = np.repeat(np.arange(program.row_lower.size - row), np.diff(program.start[row:]))
        given = np.bincount(
            rows[~own], value[~own] * done[index[~own]], minlength=program.row_lower.size - row
        )
        counts = np.bincount(rows[own], minlength=program.row_lower.size - row)
        return replace(
            program,
            cost=program.cost[column:],
            offset=program.offset + float(program.cost[:column] @ done[:column]),
            column_lower=program.column_lower[column:],
            column_upper=program.column_upper[column:],
            integer=program.integer[column:],
            row_lower=program.row_lower[row:] - given,
            row_upper=program.row_upper[row:] - given,
            start=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
            index=index[own] - column,
            value=value[own],
            column_blocks=(),
            row_blocks=(),
        )


def _first(blocks: tuple[Block, ...], label: str) -> int:
    """The first column or row of a quarter: the last axis of all its blocks is the quarter."""
    return next(block.first for block in blocks if block.labels[-1] == (label,))


def _vector(lp: LinearProgram) -> Floats:
    return np.concatenate((lp.cost, lp.column_lower, lp.column_upper, lp.row_lower, lp.row_upper, lp.value))
