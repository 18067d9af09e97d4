"""The own back end: a node's programs by the compiled dual simplex, with HiGHS behind it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from capexpand.optimise.multistage import kernel_node as node
from capexpand.optimise.multistage import kernel_simplex as simplex
from capexpand.optimise.multistage.cuts import CutPool
from capexpand.optimise.multistage.futures import Future
from capexpand.optimise.multistage.highs_stage import HighsStage
from capexpand.optimise.multistage.normal_form import StageData, StageForm
from capexpand.optimise.multistage.stage_solver import Decisions, SolveCounts

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
        self.counts = SolveCounts()
        self.values = np.zeros(form.outcome_count)
        self.slopes = np.zeros((form.outcome_count, form.state_count))
        self._name, self._future, self._pool = name, future, pool
        self._outcomes = outcomes_of(form, form.data)
        self._capacity = _FIRST_CAPACITY
        self._program = empty_program(form, future, self._capacity)
        self._before = np.zeros(len(self._program.status), dtype=np.int64)
        self._tally = np.zeros(4, dtype=np.int64)
        self._kept = max(_ROWS_KEPT, form.outcome_count)
        self._fallback: HighsStage | None = None

    def evaluate(self, state: Floats) -> None:
        """Solve all outcomes at a state, into ``values`` and ``slopes``."""
        first = 0
        pool = self._pool_view()
        while True:
            ended, outcome = node.evaluate_outcomes(
                self._program, self._outcomes, pool, state, self.values, self.slopes,
                self._before, self._tally, first, self._kept,
            )  # fmt: skip
            if ended == simplex.OPTIMAL:
                break
            first = outcome
            if ended == node.FULL:
                self._enlarge()
                continue
            stage = self._handed_over()
            stage.evaluate(state)
            self.values[first:], self.slopes[first:] = stage.values[first:], stage.slopes[first:]
            break
        self._count()

    def decide(
        self, states: Floats, outcomes: NDArray[np.int_], *, data: StageData | None = None
    ) -> Decisions:
        """Solve one outcome for each state, of the node's own data or of other data in its normal form."""
        form, count = self.form, len(states)
        other = data is not None and not np.array_equal(data.values, form.data.values)
        if other:
            self.counts.handed_over += count
            return self._fallback_stage().decide(states, outcomes, data=data)
        source = self._outcomes if data is None else outcomes_of(form, data)
        values, costs = np.zeros(count), np.zeros(count)
        columns, duals = np.zeros((count, form.matrix.column_count)), np.zeros((count, len(form.rows)))
        chosen, states = np.asarray(outcomes, dtype=np.int64), np.ascontiguousarray(states)
        pool, first = self._pool_view(), 0
        while True:
            ended, path = node.decide_paths(
                self._program, source, pool, states, chosen, values, costs, columns, duals,
                self._before, self._tally, first, self._kept,
            )  # fmt: skip
            if ended == simplex.OPTIMAL:
                break
            first = path
            if ended == node.FULL:
                self._enlarge()
                continue
            one = self._handed_over().decide(states[path : path + 1], chosen[path : path + 1], data=data)
            values[path], costs[path] = one.values[0], one.stage_costs[0]
            columns[path], duals[path] = one.columns[0], one.row_duals[0]
            first = path + 1
        self._count()
        return Decisions(values, costs, columns[:, form.outgoing], columns, duals)

    def forget(self) -> None:
        """Drop the basis and the active rows."""
        self._program.count[:] = 0
        self._fallback = None

    def _pool_view(self) -> node.Pool:
        """Return the pool's arrays as they are now."""
        pool = self._pool
        floor = pool.floor if len(pool.floor) else np.zeros(1)
        return node.Pool(pool.intercepts[: pool.count], pool.slopes[: pool.count], pool.selected, floor)

    def _fallback_stage(self) -> HighsStage:
        if self._fallback is None:
            self._fallback = HighsStage(self._name, self.form, self._future, self._pool)
        return self._fallback

    def _handed_over(self) -> HighsStage:
        """Return HiGHS for an answer that could not be certified; the own basis starts anew after it."""
        self.counts.handed_over += 1
        self._program.count[simplex.READY] = 0
        return self._fallback_stage()

    def _enlarge(self) -> None:
        """Give the active cuts more room; the basis starts anew."""
        self._capacity *= 2
        self._program = empty_program(self.form, self._future, self._capacity)
        self._before = np.zeros(len(self._program.status), dtype=np.int64)

    def _count(self) -> None:
        """Move what the compiled code counted into the counts."""
        answers, solves, refactored, cold = (int(value) for value in self._tally)
        self._tally[:] = 0
        self.counts.answers += answers
        self.counts.solves += solves
        self.counts.refactored += refactored
        self.counts.cold += cold


def outcomes_of(form: StageForm, data: StageData) -> node.Outcomes:
    """Return a node's outcomes for the compiled code."""
    rows, states = np.nonzero((data.incoming != 0.0).any(axis=0))
    fixed, fixed_states = np.nonzero((data.fixed_slope != 0.0).any(axis=0))
    return node.Outcomes(
        data.cost, data.incoming_cost, np.ascontiguousarray(data.constant, dtype=np.float64), data.lower, data.upper,
        data.row_lower, data.row_upper,
        rows.astype(np.int64), states.astype(np.int64), np.ascontiguousarray(data.incoming[:, rows, states]),
        form.fixed.astype(np.int64), data.fixed_value,
        fixed.astype(np.int64), fixed_states.astype(np.int64),
        np.ascontiguousarray(data.fixed_slope[:, fixed, fixed_states]),
    )  # fmt: skip


def empty_program(form: StageForm, future: Future, capacity: int) -> simplex.Program:
    """Return a node's program without a basis, with room for some active cuts."""
    columns, rows, states = form.matrix.column_count, form.matrix.row_count, form.state_count
    variables = columns + len(future.costs)
    total, everything = rows + capacity, variables + rows + capacity
    own_outgoing = np.full(columns, -1, dtype=np.int64)
    known = np.flatnonzero(form.outgoing >= 0)
    own_outgoing[form.outgoing[known]] = known
    outgoing = np.where(form.outgoing >= 0, form.outgoing, 0).astype(np.int64)

    def floats(*shape: int) -> Floats:
        return np.zeros(shape)

    def integers(length: int) -> NDArray[np.int64]:
        return np.zeros(length, dtype=np.int64)

    return simplex.Program(
        size=np.array([columns, rows, variables, states, capacity], dtype=np.int64),
        starts=form.matrix.starts.astype(np.int64),
        rows=form.matrix.rows.astype(np.uint32),
        values=form.data.values[0].copy(),
        own_outgoing=own_outgoing,
        outgoing=outgoing,
        cost=floats(everything),
        true_cost=floats(everything),
        lower=floats(everything),
        upper=floats(everything),
        reduced=floats(everything),
        status=integers(everything) + simplex.LOWER,
        head=integers(total),
        inverse=floats(total, total),
        value=floats(total),
        weight=floats(total),
        dual=floats(total),
        solution=floats(variables),
        cut_slope=floats(capacity, states),
        cut_intercept=floats(capacity),
        cut_index=integers(capacity),
        cut_used=integers(capacity),
        count=integers(6),
        row_work=floats(total),
        column_work=floats(max(total, columns)),
        state_work=floats(states),
        alpha_row=floats(everything),
        entry_rows=integers(total + capacity),
        entry_values=floats(total + capacity),
        candidates=integers(everything),
    )
