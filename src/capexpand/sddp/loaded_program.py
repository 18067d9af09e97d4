"""A node's program inside HiGHS, and which data and cuts it holds at the moment."""

from __future__ import annotations

import ctypes

import numpy as np
from numpy.typing import NDArray

from capexpand.errors import InfeasibleError
from capexpand.sddp.cuts import NEWEST, NodeCuts
from capexpand.sddp.futures import Future
from capexpand.sddp.highs_library import HighsOptions, HighsProgram
from capexpand.sddp.matrix import ColumnMatrix
from capexpand.sddp.normal_form import StageData, StageForm

Floats = NDArray[np.float64]

CUT_TOLERANCE = 1e-8
_ROWS_KEPT = 16


class LoadedProgram:
    """A node's program inside HiGHS: normal form, cost-to-go columns, mixing rows, then active cuts.

    Args:
        name: the node, for messages.
        form: its normal form.
        future: its cost-to-go variables.
        cuts: its cuts.
        integer: whether integer columns must be whole numbers.
    """

    def __init__(self, name: str, form: StageForm, future: Future, cuts: NodeCuts, *, integer: bool) -> None:
        self._name, self._form, self._future, self._cuts = name, form, future, cuts
        data, targets = form.data, len(future.costs)
        columns, rows = form.matrix.column_count, form.matrix.row_count
        self.columns, self.rows = columns, rows
        self._cost = data.of("cost", 0).copy()
        self._lower, self._upper = data.of("lower", 0).copy(), data.of("upper", 0).copy()
        self._values = data.of("values", 0).copy()
        self._new_lower, self._new_upper = self._lower.copy(), self._upper.copy()
        self._row_lower, self._row_upper = np.zeros(rows), np.zeros(rows)
        self._row_pointers = (
            ctypes.c_void_p(self._row_lower.ctypes.data), ctypes.c_void_p(self._row_upper.ctypes.data)
        )  # fmt: skip
        self.program = HighsProgram(
            ColumnMatrix(
                np.append(form.matrix.starts, np.full(targets, form.matrix.starts[-1])).astype(np.int32),
                form.matrix.rows,
                self._values,
                rows,
            ),
            np.append(self._cost, future.costs),
            lower=np.append(self._lower, cuts.lower_bound),
            upper=np.append(self._upper, np.full(targets, np.inf)),
            row_lower=data.of("row_lower", 0),
            row_upper=data.of("row_upper", 0),
            integer=np.append(form.integer, np.zeros(targets, dtype=bool)) if integer else None,
            options=HighsOptions(presolve=integer, solver="choose" if integer else "simplex"),
        )
        self._live = form.outgoing[cuts.states]
        self._cut_columns = np.append(self._live, 0).astype(np.int32)
        self._cut_values = np.zeros(len(self._cut_columns))
        self.active: list[tuple[int, int]] = []
        """Target and number of each cut in the program."""
        self._last_used = np.zeros(0, dtype=np.int64)
        self._clock = 0
        self._seen = 0
        self.mixes = 0
        self._switches = _switches(form) if not integer else None
        self._shift = np.zeros(rows)
        self._switched: int | None = None

    @property
    def theta(self) -> Floats:
        """Return the cost-to-go variables of the last answer."""
        return self.program.column_value[self.columns :]

    @property
    def outgoing_state(self) -> Floats:
        """Return the outgoing state of the last answer, inside its bounds; nonsense where there is none."""
        columns = self._form.outgoing
        return np.clip(self.program.column_value[columns], self._lower[columns], self._upper[columns])

    @property
    def can_switch(self) -> bool:
        """Tell whether outcomes differ only in costs, bounds and right-hand sides."""
        return self._switches is not None

    def load(self, state: Floats, outcome: int, data: StageData) -> None:
        """Put the data of an outcome at a state into HiGHS, changing only what differs.

        Raises:
            InfeasibleError: the state asks a column to leave its bounds.
        """
        self._catch_up()
        np.matmul(data.of("incoming", outcome), state, out=self._shift)
        np.add(data.of("row_lower", outcome), self._shift, out=self._row_lower)
        np.add(data.of("row_upper", outcome), self._shift, out=self._row_upper)
        self.program.set_all_row_bounds(self.rows, self._row_pointers)
        lower, upper = self._new_lower, self._new_upper
        lower[:] = data.of("lower", outcome)
        upper[:] = data.of("upper", outcome)
        fixed = self._form.fixed
        if len(fixed):
            value = data.of("fixed_value", outcome) + data.of("fixed_slope", outcome) @ state
            place_fixed(lower, upper, fixed, value, self._name)
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

    def switch(self, outcome: int) -> None:
        """Go from the last loaded outcome of the node's own data to another at the same state."""
        switches, data, program = self._switches, self._form.data, self.program
        if switches is None:
            return
        if data.row_lower.shape[0] > 1 or data.row_upper.shape[0] > 1:
            np.add(data.of("row_lower", outcome), self._shift, out=self._row_lower)
            np.add(data.of("row_upper", outcome), self._shift, out=self._row_upper)
            program.set_all_row_bounds(self.rows, self._row_pointers)
        if len(switches.bounds):
            program.set_known_bounds(len(switches.bounds), switches.bound_pointers[outcome])
        if len(switches.costs):
            program.set_known_costs(len(switches.costs), switches.cost_pointers[outcome])
        self._switched = outcome

    def _catch_up(self) -> None:
        """Note the bounds and costs that switching put into HiGHS."""
        switches, outcome = self._switches, self._switched
        if switches is None or outcome is None:
            return
        self._lower[switches.bounds] = switches.lower[outcome]
        self._upper[switches.bounds] = switches.upper[outcome]
        self._cost[switches.costs] = switches.cost[outcome]
        self._switched = None

    def _load_matrix(self, values: Floats) -> None:
        changed = np.flatnonzero(values != self._values)
        columns = self._form.matrix.columns
        for entry in changed:
            row, column = int(self._form.matrix.rows[entry]), int(columns[entry])
            self.program.set_coefficient(row, column, float(values[entry]))
        self._values[changed] = values[changed]

    def activate_newest(self) -> None:
        """Add the cuts made since the last look, the latest few: they are the likeliest to be violated."""
        count = self._cuts.count
        if len(self._cuts.functions) == 1:  # with one for each outcome there are too many
            for index in range(max(self._seen, count - NEWEST), count):
                self._activate(0, index)
        self._seen = count

    def activate_violated(self) -> bool:
        """Add the cut that the last answer violates most, for each target; false where there is none."""
        state, added = self.program.column_value[self._live], False
        for target, (function, theta) in enumerate(zip(self._cuts.functions, self.theta, strict=False)):
            height, index = function.highest(state)
            if height - theta > CUT_TOLERANCE * (1.0 + abs(theta)):
                added |= self._activate(target, index)
        return added

    def _activate(self, target: int, index: int) -> bool:
        """Add a cut; false where it is in already and only rounding violates it."""
        if (target, index) in self.active:
            return False
        function = self._cuts.functions[target]
        np.negative(function.slopes[index], out=self._cut_values[:-1])
        self._cut_values[-1] = 1.0
        self._cut_columns[-1] = self.columns + target
        self.program.add_row(float(function.intercepts[index]), np.inf, self._cut_columns, self._cut_values)
        self.active.append((target, index))
        self._last_used = np.append(self._last_used, self._clock)
        return True

    def add_mixes(self) -> None:
        """Add the mixing rows that are new in the pool; they stay, and stand before all cuts."""
        if not self._future.mixed or self.mixes == len(self._cuts.mixes):
            return
        if self.active:
            self.program.delete_rows(self._cut_rows(np.arange(len(self.active))))
            self.active.clear()
            self._last_used = np.zeros(0, dtype=np.int64)
        targets = len(self._future.costs)
        columns = np.arange(self.columns, self.columns + targets, dtype=np.int32)
        for weights in self._cuts.mixes[self.mixes :]:
            self.program.add_row(0.0, np.inf, columns, np.append(-weights, 1.0))
        self.mixes = len(self._cuts.mixes)

    def _cut_rows(self, places: NDArray[np.int_]) -> NDArray[np.int32]:
        return (self.rows + self.mixes + places).astype(np.int32)

    def note_used(self, used: NDArray[np.bool_]) -> None:
        """Note which active cuts carried a multiplier."""
        self._clock += 1
        self._last_used[: len(used)][used] = self._clock

    def trim(self) -> None:
        """Remove the cuts that were not active lately, where there are more than a few."""
        kept = max(_ROWS_KEPT, 2 * self._form.outcome_count, 2 * len(self._future.costs))
        if len(self.active) <= kept:
            return
        order = np.argsort(self._last_used, kind="stable")
        leaving = np.sort(order[: len(self.active) - (2 * kept) // 3])
        self.program.delete_rows(self._cut_rows(leaving))
        staying = np.setdiff1d(np.arange(len(self.active)), leaving)
        self.active = [self.active[place] for place in staying]
        self._last_used = self._last_used[staying]


class _Switches:
    """The columns in which the outcomes of a node differ, with their data."""

    def __init__(self, data: StageData, outcomes: int) -> None:
        self.bounds = _varying(data.lower, data.upper)
        self.costs = _varying(data.cost)
        count = outcomes
        self.lower = np.ascontiguousarray(
            np.broadcast_to(data.lower, (count, data.lower.shape[1]))[:, self.bounds]
        )
        self.upper = np.ascontiguousarray(
            np.broadcast_to(data.upper, (count, data.upper.shape[1]))[:, self.bounds]
        )
        self.cost = np.ascontiguousarray(
            np.broadcast_to(data.cost, (count, data.cost.shape[1]))[:, self.costs]
        )
        places, costs = ctypes.c_void_p(self.bounds.ctypes.data), ctypes.c_void_p(self.costs.ctypes.data)
        self.bound_pointers = [
            (places, ctypes.c_void_p(low.ctypes.data), ctypes.c_void_p(high.ctypes.data))
            for low, high in zip(self.lower, self.upper, strict=True)
        ]
        self.cost_pointers = [(costs, ctypes.c_void_p(cost.ctypes.data)) for cost in self.cost]


def _varying(*arrays: Floats) -> NDArray[np.int32]:
    """Return the columns in which any of the arrays differs between outcomes."""
    differs = np.zeros(arrays[0].shape[1], dtype=bool)
    for array in arrays:
        differs |= (array != array[:1]).any(axis=0)
    return np.flatnonzero(differs).astype(np.int32)


def _switches(form: StageForm) -> _Switches | None:
    """Return what differs between the outcomes, or None where that is not only bounds and costs."""
    data = form.data
    same = all(
        part.shape[0] == 1 for part in (data.incoming, data.values, data.fixed_value, data.fixed_slope)
    )
    switches = _Switches(data, form.outcome_count)
    return switches if same and not np.isin(form.fixed, switches.bounds).any() else None


def place_fixed(lower: Floats, upper: Floats, fixed: NDArray[np.int_], value: Floats, name: str) -> None:
    """Fix columns at the values that the state gives them, in place.

    Raises:
        InfeasibleError: a value lies outside the column's own bounds.
    """
    inside = np.minimum(np.maximum(value, lower[fixed]), upper[fixed])
    if (np.abs(inside - value) > 1e-6 * (1.0 + np.abs(value))).any():
        raise InfeasibleError([f"{name}: the state asks a column to leave its bounds"])
    lower[fixed] = inside
    upper[fixed] = inside
