"""The own back end: a node's programs by the compiled dual simplex, with HiGHS behind it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from capexpand.optimiser.multistage import kernel_node as node
from capexpand.optimiser.multistage import kernel_simplex as simplex
from capexpand.optimiser.multistage.cuts import CutPool
from capexpand.optimiser.multistage.futures import Future
from capexpand.optimiser.multistage.highs_stage import HighsStage
from capexpand.optimiser.multistage.normal_form import StageData, StageForm
from capexpand.optimiser.multistage.stage_solver import Decisions, SolveCounts

Floats = NDArray[np.float64]

ROW_LIMIT = 300
_FIRST_CAPACITY = 48
_ROWS_KEPT = 16


def suits(form: StageForm, future: Future) -> bool:
    """Tell whether the own solver can serve a node and is likely to be the faster one.

    It wants a certain matrix, no whole numbers, single cuts and at most about 300 rows: an explicit
    inverse costs the square of that a pivot.
    """
    single = len(future.costs) <= 1 and not future.mixed and (not len(future.costs) or future.costs[0] == 1.0)
    certain = form.data.values.shape[0] == 1 and not form.integer.any()
    return single and certain and len(form.rows) <= ROW_LIMIT


class KernelStage:
    """Solves a node's programs with the compiled dual simplex; HiGHS answers what it cannot certify.

    Args:
        name: the node, for messages.
        form: its normal form.
        future: its cost-to-go variable.
        pool: its cuts; the solver reads them, whoever made them.
    """

    def __init__(self, name: str, form: StageForm, future: Future, pool: CutPool) -> None:
        self.form = form
        self._handed_over = 0
        self.values = np.zeros(form.outcome_count)
        self.slopes = np.zeros((form.outcome_count, form.state_count))
        self._name, self._future, self._pool = name, future, pool
        self._data = _packed(form, form.data)
        self._tally = np.zeros(4, dtype=np.int64)
        self._kept = max(_ROWS_KEPT, form.outcome_count)
        self._floor = pool.floor if len(pool.floor) else np.zeros(1)
        self._buffers = _Buffers(form, future, _FIRST_CAPACITY)
        self._fallback: HighsStage | None = None

    @property
    def counts(self) -> SolveCounts:
        """Return what the compiled code and its fallback did."""
        answers, solves, refactored, cold = (int(value) for value in self._tally)
        return SolveCounts(answers, solves, refactored, cold, self._handed_over)

    def evaluate(self, state: Floats) -> None:
        """Solve all outcomes at a state, into ``values`` and ``slopes``."""
        first, pool = 0, self._pool
        while True:
            ended, outcome = node.evaluate_outcomes(
                *self._buffers.arrays, *self._data, pool.intercepts[: pool.count], pool.slopes, pool.selected,
                self._floor, state, self.values, self.slopes, self._tally, first, self._kept,
            )  # fmt: skip
            if ended == simplex.OPTIMAL:
                return
            first = outcome
            if ended == node.FULL:
                self._enlarge()
                continue
            stage = self._hand_over()
            stage.evaluate(state)
            self.values[first:], self.slopes[first:] = stage.values[first:], stage.slopes[first:]
            return

    def decide(
        self, states: Floats, outcomes: NDArray[np.int_], *, data: StageData | None = None
    ) -> Decisions:
        """Solve one outcome for each state, of the node's own data or of other data in its normal form."""
        form, count, pool = self.form, len(states), self._pool
        if data is not None and not np.array_equal(data.values, form.data.values):
            self._handed_over += count
            return self._fallback_stage().decide(states, outcomes, data=data)
        source = self._data if data is None else _packed(form, data)
        values, costs = np.zeros(count), np.zeros(count)
        columns, duals = np.zeros((count, form.matrix.column_count)), np.zeros((count, len(form.rows)))
        chosen, states = np.asarray(outcomes, dtype=np.int64), np.ascontiguousarray(states)
        first = 0
        while True:
            ended, path = node.decide_paths(
                *self._buffers.arrays, *source, pool.intercepts[: pool.count], pool.slopes, pool.selected,
                self._floor, states, chosen, values, costs, columns, duals, self._tally, first, self._kept,
            )  # fmt: skip
            if ended == simplex.OPTIMAL:
                break
            first = path
            if ended == node.FULL:
                self._enlarge()
                continue
            one = self._hand_over().decide(states[path : path + 1], chosen[path : path + 1], data=data)
            values[path], costs[path] = one.values[0], one.stage_costs[0]
            columns[path], duals[path] = one.columns[0], one.row_duals[0]
            first = path + 1
        return Decisions(values, costs, columns[:, form.outgoing], columns, duals)

    def forget(self) -> None:
        """Drop the basis and the active rows."""
        self._buffers.count[:] = 0
        self._fallback = None

    def _fallback_stage(self) -> HighsStage:
        if self._fallback is None:
            self._fallback = HighsStage(self._name, self.form, self._future, self._pool)
        return self._fallback

    def _hand_over(self) -> HighsStage:
        """Return HiGHS for an answer that could not be certified; the own basis starts anew after it."""
        self._handed_over += 1
        self._buffers.count[simplex.READY] = 0
        return self._fallback_stage()

    def _enlarge(self) -> None:
        """Give the active cuts more room; the basis starts anew."""
        self._buffers = _Buffers(self.form, self._future, 2 * self._buffers.capacity)


class _Buffers:
    """The memory of a node's program, with room for some active cuts, as yet without a basis."""

    def __init__(self, form: StageForm, future: Future, capacity: int) -> None:
        columns, states = form.matrix.column_count, form.state_count
        variables, entries = columns + len(future.costs), len(form.matrix.rows)
        self.capacity = capacity
        self.count = np.zeros(6, dtype=np.int64)
        size = np.array(
            [columns, form.matrix.row_count, variables, states, capacity, entries], dtype=np.int64
        )
        floats, integers = simplex.room(size)
        rows = form.matrix.rows.astype(np.uint32)
        self.arrays = (size, self.count, np.zeros(floats), np.zeros(integers, dtype=np.int64), rows)
        program = simplex.assemble(*self.arrays)
        known = np.flatnonzero(form.outgoing >= 0)
        program.starts[:] = form.matrix.starts
        program.values[:] = form.data.values[0]
        program.own_outgoing[:] = -1
        program.own_outgoing[form.outgoing[known]] = known
        program.outgoing[:] = np.maximum(form.outgoing, 0)
        program.status[:] = simplex.LOWER


def _packed(form: StageForm, data: StageData) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Pack outcomes for the compiled code, see ``kernel_node.lay_outcomes``."""
    rows, states = np.nonzero((data.incoming != 0.0).any(axis=0))
    fixed, fixed_states = np.nonzero((data.fixed_slope != 0.0).any(axis=0))
    parts = (
        data.cost, data.incoming_cost, data.constant, data.lower, data.upper, data.row_lower, data.row_upper,
        data.incoming[:, rows, states], data.fixed_value, data.fixed_slope[:, fixed, fixed_states],
    )  # fmt: skip
    sizes = [
        form.matrix.column_count,
        form.matrix.row_count,
        form.state_count,
        len(form.fixed),
        len(rows),
        len(fixed),
    ]
    sizes += [part.shape[0] for part in parts]
    integers = np.concatenate((rows, states, form.fixed, fixed, fixed_states)).astype(np.int64)
    floats = np.concatenate([np.asarray(part, dtype=np.float64).ravel() for part in parts])
    return np.array(sizes, dtype=np.int64), integers, floats
