"""The best operation of a given fleet: running, serving and selling in one quarter, by scenario.

It is the part of the stage's program that nothing of later quarters depends on: its columns run, serve, sell
and leave unmet; power and units come in from outside. So a fixed plan needs no program of its own.
"""

from __future__ import annotations

import numpy as np

from capexpand.model.blocks import ABSENT, Floats, Indices
from capexpand.optimiser.multistage.cuts import NodeCuts
from capexpand.optimiser.multistage.futures import Future
from capexpand.optimiser.multistage.highs_stage import HighsStage
from capexpand.optimiser.multistage.matrix import ColumnMatrix
from capexpand.optimiser.multistage.normal_form import form_data, normal_form
from capexpand.optimiser.multistage.problem import Node, Realisations, StageProgram
from capexpand.optimiser.stage_numbers import StageNumbers

_ROWS = {"run", "running power", "grid", "sharing", "service"}


class Operation:
    """Operates given fleets in one quarter.

    Args:
        numbers: of the quarter.
    """

    def __init__(self, numbers: StageNumbers) -> None:
        stage = numbers.built.stage
        whole = numbers.stage_program()
        service = stage.service
        own = _existing(service.running, service.serving, service.sold, service.unmet)
        self._given = _existing(stage.power.energised, stage.fleet.installed)
        self._columns = np.concatenate((self._given, own))
        self._rows = numbers.rows_of(_ROWS)
        self._width = len(whole.cost)
        self._numbers = numbers
        self._program = _part(whole, self._rows, self._columns, self._given.size)
        node = Node("operation", 0, Realisations.certain())
        self._form = normal_form(self._program, node)
        self._solver = HighsStage(
            f"operation of quarter {numbers.quarter + 1}",
            self._form,
            Future(np.zeros(0)),
            NodeCuts.none(),
        )

    def forget(self) -> None:
        """Drops the basis, so that what follows depends on nothing that was solved before."""
        self._solver.forget()

    def operate(self, factors: Floats, power: Floats, installed: Floats) -> Floats:
        """Returns the quarter's columns [scenario, column], those that operation does not decide left at 0.

        Args:
            factors: [entry, scenario].
            power: [scenario, power option] MW energised.
            installed: [scenario, site and offer option] units.
        """
        count = factors.shape[1]
        everything = self._numbers.realisations(factors, np.ones(count), coefficients=False)
        rows, columns = self._rows, self._columns
        noise = Realisations(
            probability=everything.probability,
            cost=None if everything.cost is None else everything.cost[:, columns],
            lower=None if everything.lower is None else everything.lower[:, columns],
            upper=None if everything.upper is None else everything.upper[:, columns],
            row_lower=None if everything.row_lower is None else everything.row_lower[:, rows],
            row_upper=None if everything.row_upper is None else everything.row_upper[:, rows],
        )
        stage = self._numbers.built.stage
        full = np.zeros((count, self._width))
        for blocks, values in ((stage.power.energised, power), (stage.fleet.installed.ravel(), installed)):
            there = blocks != ABSENT
            full[:, blocks[there]] = values[:, there]
        states = full[:, self._given]
        data = form_data(self._program, self._form, noise)
        decisions = self._solver.decide(states, np.arange(count), data=data)
        full[:, columns[self._form.columns]] = decisions.columns
        return full


def _existing(*blocks: Indices) -> Indices:
    joined = np.concatenate([block.ravel() for block in blocks])
    return joined[joined != ABSENT]


def _part(whole: StageProgram, rows: Indices, columns: Indices, given: int) -> StageProgram:
    """Some rows and columns of a program, the first columns as the state that comes in."""
    row_place, column_place = np.full(len(whole.row_lower), ABSENT), np.full(len(whole.cost), ABSENT)
    row_place[rows], column_place[columns] = np.arange(rows.size), np.arange(columns.size)
    entry_rows, entry_columns = row_place[whole.matrix.rows], column_place[whole.matrix.columns]
    kept = (entry_rows != ABSENT) & (entry_columns != ABSENT)
    cost = whole.cost[columns].copy()
    cost[:given] = 0.0  # what stands costs the same however it is operated
    return StageProgram(
        matrix=ColumnMatrix.from_entries(
            entry_rows[kept], entry_columns[kept], whole.matrix.values[kept], shape=(rows.size, columns.size)
        ),
        cost=cost,
        lower=whole.lower[columns],
        upper=whole.upper[columns],
        row_lower=whole.row_lower[rows],
        row_upper=whole.row_upper[rows],
        incoming=np.arange(given),
        outgoing=np.full(given, ABSENT),
        integer=np.zeros(columns.size, dtype=np.bool_),
        column_names=tuple(whole.column_names[column] for column in columns),
        row_names=tuple(whole.row_names[row] for row in rows),
    )
