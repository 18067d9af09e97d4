"""The reference back end: one persistent HiGHS program per node, warm-started, with few cuts in it.

The program holds only cuts that were active lately. After each solve one product over the pool's
selection finds the most violated cut; it is added and the program solved again, until none is violated.
Rows that have not been active for a while leave. So the program stays small however many cuts there are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from capexpand.errors import InfeasibleError, SolverError
from capexpand.optimise.multistage.certificate import Multipliers, dense_matrix, dual_bound
from capexpand.optimise.multistage.cuts import CutPool
from capexpand.optimise.multistage.futures import Future
from capexpand.optimise.multistage.highs_library import HighsOptions, HighsProgram, SolveStatus
from capexpand.optimise.multistage.matrix import ColumnMatrix
from capexpand.optimise.multistage.normal_form import StageData, StageForm
from capexpand.optimise.multistage.stage_solver import Decisions, SolveCounts

Floats = NDArray[np.float64]

_CUT_TOLERANCE = 1e-8
_AGREEMENT = 1e-7
_ROWS_KEPT = 24


class HighsStage:
    """Solves a node's programs with HiGHS.

    Args:
        name: the node, for messages.
        form: its normal form.
        future: its cost-to-go variables.
        pool: its cuts; the solver reads them, whoever made them.
        whole: whether integer columns must be whole numbers in ``decide``.
    """

    def __init__(self, name: str, form: StageForm, future: Future, pool: CutPool, *, whole: bool = False) -> None:
        self.form = form
        self.counts = SolveCounts()
        self.values = np.zeros(form.outcome_count)
        self.slopes = np.zeros((form.outcome_count, form.state_count))
        self._name = name
        self._future = future
        self._pool = pool
        self._dense = dense_matrix(form)
        self._program = _LoadedProgram(form, future, pool, integer=False)
        self._whole = whole and bool(form.integer.any())
        self._integer_program: _LoadedProgram | None = None
        outcomes = form.outcome_count
        self._multipliers = Multipliers(
            np.zeros((outcomes, len(form.rows))),
            np.zeros(outcomes),
            np.zeros((outcomes, form.state_count)),
            np.zeros(outcomes),
        )
        self._objectives = np.zeros(outcomes)

    def evaluate(self, state: Floats) -> None:
        """Solve all outcomes at a state, into ``values`` and ``slopes``."""
        form = self.form
        for outcome in range(form.outcome_count):
            self._solve_relaxed(state, outcome, form.data)
            self._keep_multipliers(outcome, state)
        bound = dual_bound(form, state, self._multipliers, dense=self._dense, data=form.data)
        slack = np.abs(self._objectives - bound.values)
        wrong = ~bound.valid | (slack > _AGREEMENT * (1.0 + np.abs(self._objectives)))
        if wrong.any():
            for outcome in np.flatnonzero(wrong):
                self._program.program.forget_basis()
                self._solve_relaxed(state, int(outcome), form.data)
                self._keep_multipliers(int(outcome), state)
                self.counts.cold += 1
            bound = dual_bound(form, state, self._multipliers, dense=self._dense, data=form.data)
            slack = np.abs(self._objectives - bound.values)
            self.counts.uncertified += int((slack > 10 * _AGREEMENT * (1.0 + np.abs(self._objectives))).sum())
            if not bound.valid.all():
                raise SolverError(f"{self._name}: HiGHS's duals prove nothing even from a cold start")
        self.values[:] = bound.values
        self.slopes[:] = bound.slopes
        self._program.trim()

    def decide(
        self, states: Floats, outcomes: NDArray[np.int_], *, data: StageData | None = None
    ) -> Decisions:
        """Solve one outcome for each state, of the node's own data or of other data in its normal form."""
        form, count = self.form, len(states)
        source = form.data if data is None else data
        values, costs = np.zeros(count), np.zeros(count)
        next_states = np.zeros((count, form.state_count))
        columns = np.zeros((count, form.matrix.column_count))
        duals = np.zeros((count, len(form.rows)))
        for path in range(count):
            outcome = int(outcomes[path])
            loaded = self._solve_chosen(states[path], outcome, source)
            constant = float(source.of("constant", outcome) + source.of("incoming_cost", outcome) @ states[path])
            values[path] = loaded.program.objective + constant
            costs[path] = values[path] - float(self._future.costs @ loaded.theta)
            columns[path] = loaded.program.column_value[: form.matrix.column_count]
            next_states[path] = loaded.outgoing_state
            if loaded is self._program:
                duals[path] = loaded.program.row_dual[: len(form.rows)]
        self._program.trim()
        return Decisions(values, costs, next_states, columns, duals)

    def forget(self) -> None:
        """Drop bases and active rows."""
        self._program = _LoadedProgram(self.form, self._future, self._pool, integer=False)
        self._integer_program = None

    def _solve_chosen(self, state: Floats, outcome: int, data: StageData) -> _LoadedProgram:
        """Solve with whole numbers where the node has them and they are wanted."""
        if not self._whole:
            self._solve_relaxed(state, outcome, data)
            return self._program
        if self._integer_program is None:
            self._integer_program = _LoadedProgram(self.form, self._future, self._pool, integer=True)
        loaded = self._integer_program
        loaded.load(state, outcome, data, self._name)
        self.counts.integer_solves += 1
        status = loaded.solve_with_cuts(self.counts)
        if status is not SolveStatus.OPTIMAL:
            self._refuse(status)
        return loaded

    def _solve_relaxed(self, state: Floats, outcome: int, data: StageData) -> None:
        """Solve the linear program; from the slack basis where the warm start fails."""
        loaded = self._program
        loaded.load(state, outcome, data, self._name)
        status = loaded.solve_with_cuts(self.counts)
        if status is not SolveStatus.OPTIMAL:
            loaded.program.forget_basis()
            self.counts.cold += 1
            status = loaded.solve_with_cuts(self.counts)
            if status is not SolveStatus.OPTIMAL:
                self._refuse(status)
        if data is self.form.data:
            extra = float(data.of("constant", outcome) + data.of("incoming_cost", outcome) @ state)
            self._objectives[outcome] = loaded.program.objective + extra

    def _refuse(self, status: SolveStatus) -> None:
        """Say which node has no answer, and why."""
        if status is SolveStatus.INFEASIBLE:
            message = f"the stage program of {self._name} has no feasible point at a state that earlier stages reach"
            raise InfeasibleError([message])
        if status in {SolveStatus.UNBOUNDED, SolveStatus.UNBOUNDED_OR_INFEASIBLE}:
            raise SolverError(f"the stage program of {self._name} is unbounded or infeasible")
        raise SolverError(f"HiGHS did not solve the stage program of {self._name}")

    def _keep_multipliers(self, outcome: int, state: Floats) -> None:
        """Store the duals of an outcome, split into rows, cuts and what is left on the floors."""
        rows, loaded, kept = len(self.form.rows), self._program, self._multipliers
        kept.rows[outcome] = loaded.program.row_dual[:rows]
        if not len(self._future.costs):
            return
        value, slope, left = loaded.cut_multipliers()
        kept.cut_value[outcome] = value
        kept.cut_slope[outcome] = slope
        kept.floor_value[outcome] = float(np.where(np.abs(left) < 1e-12, 0.0, left) @ self._pool.floor)


class _LoadedProgram:
    """A node's program inside HiGHS, and which data and cuts it holds at the moment."""

    def __init__(self, form: StageForm, future: Future, pool: CutPool, *, integer: bool) -> None:
        self._form, self._future, self._pool = form, future, pool
        self._integer = integer
        data, targets = form.data, len(future.costs)
        columns, rows = form.matrix.column_count, form.matrix.row_count
        self._columns, self._rows = columns, rows
        self._cost = data.of("cost", 0).copy()
        self._lower, self._upper = data.of("lower", 0).copy(), data.of("upper", 0).copy()
        self._values = data.of("values", 0).copy()
        self._new_lower, self._new_upper = self._lower.copy(), self._upper.copy()
        self._row_lower, self._row_upper = np.zeros(rows), np.zeros(rows)
        matrix = ColumnMatrix(
            np.append(form.matrix.starts, np.full(targets, form.matrix.starts[-1])).astype(np.int32),
            form.matrix.rows, self._values, rows,
        )  # fmt: skip
        self.program = HighsProgram(
            matrix,
            np.append(self._cost, future.costs),
            lower=np.append(self._lower, pool.floor),
            upper=np.append(self._upper, np.full(targets, np.inf)),
            row_lower=data.of("row_lower", 0),
            row_upper=data.of("row_upper", 0),
            integer=np.append(form.integer, np.zeros(targets, dtype=bool)) if integer else None,
            options=HighsOptions(presolve=integer, solver="choose" if integer else "simplex"),
        )
        self._kept_states = np.flatnonzero(form.outgoing >= 0)
        self._outgoing = form.outgoing[self._kept_states]
        self._cut_columns = np.append(self._outgoing, 0).astype(np.int32)
        self._cut_values = np.zeros(len(self._cut_columns))
        self._active: list[int] = []
        self._last_used: list[int] = []
        self._mixes: list[int] = []
        self._clock = 0

    @property
    def theta(self) -> Floats:
        """Return the cost-to-go variables of the last answer."""
        return self.program.column_value[self._columns :]

    @property
    def outgoing_state(self) -> Floats:
        """Return the outgoing state of the last answer, inside its bounds."""
        state = np.zeros(len(self._form.outgoing))
        columns = self._outgoing
        state[self._kept_states] = np.clip(
            self.program.column_value[columns], self._lower[columns], self._upper[columns]
        )
        return state

    def load(self, state: Floats, outcome: int, data: StageData, name: str) -> None:
        """Put the data of an outcome at a state into HiGHS, changing only what differs."""
        shift = data.of("incoming", outcome) @ state
        np.add(data.of("row_lower", outcome), shift, out=self._row_lower)
        np.add(data.of("row_upper", outcome), shift, out=self._row_upper)
        self.program.set_row_bounds(self._row_lower, self._row_upper)
        lower, upper = self._new_lower, self._new_upper
        lower[:] = data.of("lower", outcome)
        upper[:] = data.of("upper", outcome)
        fixed = self._form.fixed
        if len(fixed):
            value = data.of("fixed_value", outcome) + data.of("fixed_slope", outcome) @ state
            place_fixed(lower, upper, fixed, value, name)
        changed = np.flatnonzero((lower != self._lower) | (upper != self._upper)).astype(np.int32)
        if len(changed):
            self._lower[changed], self._upper[changed] = lower[changed], upper[changed]
            self.program.set_column_bounds(changed, lower[changed], upper[changed])
        cost = data.of("cost", outcome)
        changed = np.flatnonzero(cost != self._cost).astype(np.int32)
        if len(changed):
            self._cost[changed] = cost[changed]
            self.program.set_costs(changed, cost[changed])
        if data is not self._form.data or data.values.shape[0] > 1:
            self._load_matrix(data.of("values", outcome))

    def _load_matrix(self, values: Floats) -> None:
        changed = np.flatnonzero(values != self._values)
        columns = self._form.matrix.columns
        for entry in changed:
            row, column = int(self._form.matrix.rows[entry]), int(columns[entry])
            self.program.set_coefficient(row, column, float(values[entry]))
        self._values[changed] = values[changed]

    def solve_with_cuts(self, counts: SolveCounts) -> SolveStatus:
        """Solve, add the most violated cut of the pool, and again, until none is violated."""
        self._add_mixes()
        while True:
            counts.solves += 1
            status = self.program.solve()
            if status is not SolveStatus.OPTIMAL or not self._add_violated():
                return status

    def _add_violated(self) -> bool:
        """Add the most violated cut of each target; tell whether there was any."""
        pool = self._pool
        if pool.count == 0:
            return False
        state = self.program.column_value[self._outgoing]
        theta = self.theta
        slopes = pool.scan_slopes
        heights = slopes @ state if len(self._kept_states) == slopes.shape[1] else slopes[:, self._kept_states] @ state
        heights += pool.scan_intercepts
        if len(theta) == 1:
            worst = int(np.argmax(heights))
            if heights[worst] - theta[0] <= _CUT_TOLERANCE * (1.0 + abs(theta[0])):
                return False
            return self._activate(int(pool.selected[worst]))
        targets = pool.targets[pool.selected]
        excess = heights - theta[targets]
        added = False
        for target in np.unique(targets):
            own = np.flatnonzero(targets == target)
            worst = own[np.argmax(excess[own])]
            if excess[worst] > _CUT_TOLERANCE * (1.0 + abs(theta[target])):
                added |= self._activate(int(pool.selected[worst]))
        return added

    def _activate(self, index: int) -> bool:
        """Add a cut's row; false where it is in already and only rounding violates it."""
        if index in self._active:
            return False
        pool = self._pool
        self._cut_values[:-1] = -pool.slopes[index, self._kept_states]
        self._cut_values[-1] = 1.0
        self._cut_columns[-1] = self._columns + pool.targets[index]
        self.program.add_row(float(pool.intercepts[index]), np.inf, self._cut_columns, self._cut_values)
        self._active.append(index)
        self._last_used.append(self._clock)
        return True

    def _add_mixes(self) -> None:
        """Add the mixing rows that are new in the pool; they stay. They stand before all cuts."""
        if not self._future.mixed or len(self._mixes) == len(self._pool.mixes):
            return
        if self._active:
            self.program.delete_rows(self._cut_rows(np.arange(len(self._active))))
            self._active.clear()
            self._last_used.clear()
        targets = len(self._future.costs)
        columns = np.arange(self._columns, self._columns + targets, dtype=np.int32)
        for index in range(len(self._mixes), len(self._pool.mixes)):
            self.program.add_row(0.0, np.inf, columns, np.append(-self._pool.mixes[index], 1.0))
            self._mixes.append(index)

    def _cut_rows(self, places: NDArray[np.int_]) -> NDArray[np.int32]:
        return (self._rows + len(self._mixes) + places).astype(np.int32)

    def cut_multipliers(self) -> tuple[float, Floats, Floats]:
        """Return the cuts' multipliers times intercepts and slopes, and what is left on the floors."""
        self._clock += 1
        duals = self.program.row_dual
        left = self._future.costs.copy()
        mixing = np.maximum(duals[self._rows : self._rows + len(self._mixes)], 0.0)
        for weight, index in zip(mixing, self._mixes, strict=True):
            left[-1] -= weight
            left[:-1] += weight * self._pool.mixes[index]
        of_cuts = np.maximum(duals[self._rows + len(self._mixes) :], 0.0)
        if not len(of_cuts):
            return 0.0, np.zeros(self._pool.slopes.shape[1]), left
        for place in np.flatnonzero(of_cuts > 0.0):
            self._last_used[place] = self._clock
        if len(left) == 1 and abs(of_cuts.sum() - 1.0) < 1e-6:
            of_cuts /= of_cuts.sum()
        active = np.array(self._active)
        np.subtract.at(left, self._pool.targets[active], of_cuts)
        return float(of_cuts @ self._pool.intercepts[active]), of_cuts @ self._pool.slopes[active], left

    def trim(self) -> None:
        """Remove the cuts that were not active lately, where there are more than a few."""
        kept = max(_ROWS_KEPT, 2 * self._form.outcome_count, 2 * len(self._future.costs))
        if len(self._active) <= kept:
            return
        order = np.argsort(np.array(self._last_used), kind="stable")
        leaving = np.sort(order[: len(self._active) - kept // 2])
        self.program.delete_rows(self._cut_rows(leaving))
        gone = set(leaving.tolist())
        self._active = [cut for place, cut in enumerate(self._active) if place not in gone]
        self._last_used = [used for place, used in enumerate(self._last_used) if place not in gone]


def place_fixed(lower: Floats, upper: Floats, fixed: NDArray[np.int_], value: Floats, name: str) -> None:
    """Fix columns at the values that the state gives them, in place.

    Raises:
        InfeasibleError: a value lies outside the column's own bounds.
    """
    inside = np.clip(value, lower[fixed], upper[fixed])
    if (np.abs(inside - value) > 1e-6 * (1.0 + np.abs(value))).any():
        raise InfeasibleError([f"{name}: the state asks a column to leave its bounds"])
    lower[fixed] = inside
    upper[fixed] = inside
