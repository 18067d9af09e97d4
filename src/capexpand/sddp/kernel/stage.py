"""The own back end: a node's programs by the compiled dual simplex, with HiGHS behind it."""

from __future__ import annotations

import functools
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from capexpand.compiled_cache import alone
from capexpand.sddp.compiling import cache_folders
from capexpand.sddp.cuts import CutPool, NodeCuts
from capexpand.sddp.futures import Future
from capexpand.sddp.highs_stage import HighsStage
from capexpand.sddp.kernel import layout as at
from capexpand.sddp.kernel import node
from capexpand.sddp.kernel import program as program_memory
from capexpand.sddp.matrix import ColumnMatrix
from capexpand.sddp.normal_form import StageData, StageForm, normal_form
from capexpand.sddp.problem import Node, Realisations, StageProgram
from capexpand.sddp.stage_solver import SolveCounts, StageDecisions

Floats = NDArray[np.float64]
Packed = tuple[NDArray[np.int64], NDArray[np.int64], Floats]
"""Sizes, whole numbers and floats of outcomes, as the compiled code takes them."""

_PACKED: WeakKeyDictionary[StageForm, Packed] = WeakKeyDictionary()

ROW_LIMIT = 400
_FIRST_CAPACITY = 48
_NO_FUNCTION = CutPool(np.zeros(0, dtype=np.int_), np.zeros(1)).functions[0]
_ROWS_KEPT = 16


def suits(form: StageForm, future: Future) -> bool:
    """Tell whether the own solver can serve a node and is likely to be the faster one.

    It wants a certain matrix, no whole numbers, single cuts and at most about 400 rows: an explicit
    inverse costs the square of that a pivot.
    """
    single = len(future.costs) <= 1 and not future.mixed and (not len(future.costs) or future.costs[0] == 1.0)
    return single and not form.integer.any() and len(form.rows) <= ROW_LIMIT


class Workspace:
    """The memory that nodes of the same shape share: what one leaves there is a good start for the next.

    Where nodes are evaluated at one state, one after the other, this takes a third of the pivots that each
    would need from its own last basis, which belongs to another state; and one program stays in the
    processor's caches where twenty would not.
    """

    def __init__(self) -> None:
        self.buffers: _Buffers | None = None

    def ready(self, form: StageForm, future: Future, cuts: NodeCuts) -> _Buffers:
        """Return the memory, made for the first of the nodes."""
        if self.buffers is None:
            self.buffers = _Buffers(form, future, cuts.states, _FIRST_CAPACITY, _first_factor_room(form))
        return self.buffers

    def make_room(self, form: StageForm, future: Future, cuts: NodeCuts, room: tuple[int, int]) -> None:
        """Make the memory with room for so many active cuts and entries of factors."""
        self.buffers = _Buffers(form, future, cuts.states, *room)

    def enlarge(self, form: StageForm, future: Future, cuts: NodeCuts) -> None:
        """Make more room for active cuts and factors; the basis starts anew."""
        old = self.ready(form, future, cuts)
        self.buffers = _Buffers(form, future, cuts.states, 2 * old.capacity, 2 * old.factor_room)


def shape(form: StageForm) -> tuple[bytes, ...]:
    """Return what nodes must have in common to share a workspace."""
    matrix = form.matrix
    parts = (matrix.starts, matrix.rows, form.outgoing, np.array(matrix.row_count))
    return tuple(part.tobytes() for part in parts)


class KernelStage:
    """Solves a node's programs with the compiled dual simplex; HiGHS answers what it cannot certify.

    Args:
        name: the node, for messages.
        form: its normal form.
        future: its cost-to-go variable.
        cuts: its cuts; the solver reads them, whoever made them.
        workspace: shared with other nodes of the same shape and group, or None for one of its own.
        number: of the node among those, from 1.
    """

    def __init__(
        self,
        name: str,
        form: StageForm,
        future: Future,
        cuts: NodeCuts,
        *,
        workspace: Workspace | None = None,
        number: int = 1,
    ) -> None:
        self.form = form
        self._handed_over = 0
        self.values = np.zeros(form.outcome_count)
        self.slopes = np.zeros((form.outcome_count, form.state_count))
        self._name, self._future, self._cuts = name, future, cuts
        self._function = cuts.functions[0] if cuts.functions else _NO_FUNCTION
        self._data = _own_data(form)
        self._tally = np.zeros(4, dtype=np.int64)
        self._kept = max(_ROWS_KEPT, form.outcome_count)
        self._lower_bound = cuts.lower_bound if len(cuts.lower_bound) else np.zeros(1)
        self._workspace = workspace or Workspace()
        self._number = number
        self._fallback: HighsStage | None = None

    @property
    def counts(self) -> SolveCounts:
        """Return what the compiled code and its fallback did."""
        answers, solves, refactored, cold = (int(value) for value in self._tally)
        return SolveCounts(answers, solves, refactored, cold, self._handed_over)

    @property
    def room(self) -> tuple[int, int] | None:
        """Room for active cuts and entries of factors; None before any is needed."""
        made = self._workspace.buffers
        return None if made is None else (made.capacity, made.factor_room)

    def make_room(self, room: tuple[int, int]) -> None:
        """Make as much room as another solver of the node had: bases start anew where it runs out."""
        if self.room != room:
            self._workspace.make_room(self.form, self._future, self._cuts, room)

    def evaluate(self, state: Floats) -> None:
        """Solve all outcomes at a state, into ``values`` and ``slopes``."""
        first = 0
        while True:
            ended, outcome = node.evaluate_outcomes(
                *self._buffers.arrays, *self._data, *self._pool(), state, self.values, self.slopes,
                self._tally, first, self._kept, self._number,
            )  # fmt: skip
            if ended == program_memory.OPTIMAL:
                return
            first = outcome
            if ended == program_memory.FULL:
                self._workspace.enlarge(self.form, self._future, self._cuts)
                continue
            stage = self._hand_over()
            stage.evaluate(state)
            self.values[first:], self.slopes[first:] = stage.values[first:], stage.slopes[first:]
            return

    def decide(
        self, states: Floats, outcomes: NDArray[np.int_], *, data: StageData | None = None
    ) -> StageDecisions:
        """Solve one outcome for each state, of the node's own data or of other data in its normal form."""
        form, count = self.form, len(states)
        source = self._data if data is None else _packed(form, data)
        if data is not None:
            self._buffers.count[program_memory.FOREIGN] = 1
        values, costs = np.zeros(count), np.zeros(count)
        columns, duals = np.zeros((count, form.matrix.column_count)), np.zeros((count, len(form.rows)))
        chosen, states = np.asarray(outcomes, dtype=np.int64), np.ascontiguousarray(states)
        first = 0
        while True:
            ended, path = node.decide_paths(
                *self._buffers.arrays, *source, *self._pool(), states, chosen, values, costs, columns, duals,
                self._tally, first, self._kept, self._number,
            )  # fmt: skip
            if ended == program_memory.OPTIMAL:
                break
            first = path
            if ended == program_memory.FULL:
                self._workspace.enlarge(self.form, self._future, self._cuts)
                continue
            one = self._hand_over().decide(states[path : path + 1], chosen[path : path + 1], data=data)
            values[path], costs[path] = one.values[0], one.stage_costs[0]
            columns[path], duals[path] = one.columns[0], one.row_duals[0]
            first = path + 1
        if data is not None:
            self._buffers.count[program_memory.FOREIGN] = 1
        bounds = form.data if data is None else data
        return StageDecisions(values, costs, _inside(columns, form.outgoing, bounds, chosen), columns, duals)

    def forget(self) -> None:
        """Drop the basis and the active rows."""
        self._buffers.count[:] = 0
        self._fallback = None

    @property
    def _buffers(self) -> _Buffers:
        return self._workspace.ready(self.form, self._future, self._cuts)

    def _pool(self) -> tuple[Floats, Floats, NDArray[np.int64], Floats]:
        """Return the cuts as the compiled code takes them."""
        function = self._function
        return function.intercepts, function.slopes, function.selected, self._lower_bound

    def _fallback_stage(self) -> HighsStage:
        if self._fallback is None:
            self._fallback = HighsStage(self._name, self.form, self._future, self._cuts)
        return self._fallback

    def _hand_over(self) -> HighsStage:
        """Return HiGHS for an answer that could not be certified; the own basis starts anew after it."""
        self._handed_over += 1
        self._buffers.count[program_memory.READY] = 0
        return self._fallback_stage()


def _inside(
    columns: Floats, outgoing: NDArray[np.int_], data: StageData, outcomes: NDArray[np.int64]
) -> Floats:
    """Return the outgoing states inside their bounds: no stage can meet what rounding leaves below zero."""
    lower, upper = (
        bound[outcomes if bound.shape[0] > 1 else np.zeros_like(outcomes)][:, outgoing]
        for bound in (data.lower, data.upper)
    )
    return np.clip(columns[:, outgoing], lower, upper)


@functools.lru_cache(maxsize=1)
@functools.cache
def compile_now() -> None:
    """Compile the solver, or load it from the cache, by solving one tiny program.

    Once for a process, and before it starts others or a clock. Of several processes that begin together on
    one machine, one compiles and the others wait for it.
    """
    stage = StageProgram(
        matrix=ColumnMatrix.from_entries([0, 0], [0, 1], [-1.0, 1.0], shape=(1, 2)),
        cost=np.ones(2),
        lower=np.zeros(2),
        upper=np.ones(2),
        row_lower=np.zeros(1),
        row_upper=np.ones(1),
        incoming=np.array([0]),
        outgoing=np.array([1]),
        integer=np.zeros(2, dtype=bool),
        column_names=("in", "out"),
        row_names=("row",),
    )
    form = normal_form(stage, Node("tiny", 0, Realisations.certain()))
    pool = CutPool(np.zeros(1, dtype=np.int_), np.zeros(1))
    tiny = KernelStage("tiny", form, Future(np.ones(1)), NodeCuts(pool, range(1), np.zeros(1)))
    with alone(next(iter(cache_folders()), None)):
        tiny.evaluate(np.zeros(1))
        tiny.decide(np.zeros((1, 1)), np.zeros(1, dtype=np.int_))


class _Buffers:
    """The memory of a program, with room for some active cuts, as yet without a basis."""

    def __init__(
        self,
        form: StageForm,
        future: Future,
        live_states: NDArray[np.int_],
        capacity: int,
        factor_room: int,
    ) -> None:
        columns, states = form.matrix.column_count, form.state_count
        variables, entries = columns + len(future.costs), len(form.matrix.rows)
        self.capacity, self.factor_room = capacity, factor_room
        self.count = np.zeros(program_memory.COUNTS, dtype=np.int64)
        program = program_memory.memory(
            (
                columns,
                form.matrix.row_count,
                variables,
                states,
                capacity,
                entries,
                factor_room,
                len(live_states),
            ),
            count=self.count,
        )
        self.arrays = tuple(program)
        floats_of, places_of = program_memory.float_view, program_memory.place_view
        matrix, values = form.matrix, form.data.values[0]
        order = np.argsort(matrix.rows, kind="stable")
        floats_of(program, at.VALUES)[:] = values
        floats_of(program, at.ROW_VALUES)[:] = values[order]
        places_of(program, at.STARTS)[:], places_of(program, at.ROWS)[:] = matrix.starts, matrix.rows
        places_of(program, at.ROW_STARTS)[1:] = np.cumsum(
            np.bincount(matrix.rows, minlength=matrix.row_count)
        )
        places_of(program, at.ROW_COLUMNS)[:] = matrix.columns[order]
        places_of(program, at.ROW_ORDER)[:] = order
        live = form.outgoing[live_states]
        places_of(program, at.LIVE)[:] = live
        own = places_of(program, at.OWN_LIVE)
        own[:] = -1
        own[live] = np.arange(len(live))
        places_of(program, at.STATUS)[:] = program_memory.LOWER


def _first_factor_room(form: StageForm) -> int:
    """Return how many entries the factors of a basis will hardly exceed."""
    rows, entries = form.matrix.row_count, len(form.matrix.rows)
    return 2 * entries + 40 * (rows + _FIRST_CAPACITY) + _FIRST_CAPACITY * (form.state_count + rows)


def _own_data(form: StageForm) -> Packed:
    """Return a node's own outcomes, packed once for all solvers of a process; compiled code reads them."""
    if form not in _PACKED:
        _PACKED[form] = _packed(form, form.data)
    return _PACKED[form]


def _packed(form: StageForm, data: StageData) -> Packed:
    """Pack outcomes for the compiled code, see ``node.lay_outcomes``."""
    rows, states = np.nonzero((data.incoming != 0.0).any(axis=0))
    fixed, fixed_states = np.nonzero((data.fixed_slope != 0.0).any(axis=0))
    parts = (
        data.cost, data.incoming_cost, data.constant, data.lower, data.upper, data.row_lower, data.row_upper,
        data.incoming[:, rows, states], data.fixed_value, data.fixed_slope[:, fixed, fixed_states],
        data.values,
    )  # fmt: skip
    sizes = [
        form.matrix.column_count,
        form.matrix.row_count,
        form.state_count,
        len(form.fixed),
        len(rows),
        len(fixed),
        len(form.matrix.rows),
    ]
    sizes += [part.shape[0] for part in parts]
    integers = np.concatenate((rows, states, form.fixed, fixed, fixed_states)).astype(np.int64)
    floats = np.concatenate([np.asarray(part, dtype=np.float64).ravel() for part in parts])
    return np.array(sizes, dtype=np.int64), integers, floats
