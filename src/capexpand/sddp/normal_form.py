"""The normal form of a node: the incoming state moves to the right-hand side, simple rows to bounds.

For a node with state x and outcome r the solvers see

    min cost[r] @ y + theta        row_lower[r] + T x <= A y <= row_upper[r] + T x,  lower[r] <= y <= upper[r]

where y holds all columns but the incoming ones. Rows that say ``a y_j = b + T x`` for a single column
(pipelines that move on by one stage, for instance) leave the program: they fix y_j at ``(b + T x) / a``,
which saves about a quarter of the rows of an expansion program and is exact. Since every dependence on x
is in right-hand sides and fixed values, the value is convex in x and row duals give its slope.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from capexpand.sddp.matrix import ColumnMatrix
from capexpand.sddp.problem import Node, PolicyGraph, Realisations, StageProgram

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StageData:
    """Outcomes in normal form; first axis: outcome, of length 1 where all outcomes share it.

    Args:
        cost: shape (outcomes, columns).
        incoming_cost: shape (outcomes, states), cost on the incoming state itself.
        constant: shape (outcomes,).
        lower: shape (outcomes, columns).
        upper: shape (outcomes, columns).
        row_lower: shape (outcomes, rows).
        row_upper: shape (outcomes, rows).
        incoming: shape (outcomes, rows, states), T.
        fixed_value: shape (outcomes, fixed), constant part of the fixed columns.
        fixed_slope: shape (outcomes, fixed, states), their slope in x.
        values: shape (outcomes, entries) of A.
    """

    cost: Floats
    incoming_cost: Floats
    constant: Floats
    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    incoming: Floats
    fixed_value: Floats
    fixed_slope: Floats
    values: Floats

    def of(self, name: str, outcome: int) -> Floats:
        """Return an outcome's part of one of the arrays, whether or not the outcomes share it."""
        array: Floats = getattr(self, name)
        return array[outcome if array.shape[0] > 1 else 0]


@dataclass(frozen=True, slots=True)
class FormPlaces:
    """Where in a stage program the numbers of its normal form stand.

    Args:
        entries: of the kept matrix, among those of the stage's.
        fixed_entries: the coefficient of each fixed column.
        entering: entries of the incoming columns.
        entering_rows: their rows.
        entering_states: their states.
    """

    entries: NDArray[np.int_]
    fixed_entries: NDArray[np.int_]
    entering: NDArray[np.int_]
    entering_rows: NDArray[np.int_]
    entering_states: NDArray[np.int_]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class StageForm:
    """What of the normal form is the same for all outcomes of a node.

    Args:
        matrix: A, kept rows and columns.
        columns: shape (columns,), which column of the stage program each is.
        rows: shape (rows,), which row of the stage program each is.
        fixed: shape (fixed,), columns (of this form) whose value the state gives.
        fixed_rows: shape (fixed,), the stage program's row that gives it.
        outgoing: shape (states,), columns (of this form) of the outgoing state.
        integer: shape (columns,).
        data: the outcomes.
        probability: shape (outcomes,).
        places: where in the stage program the numbers stand.
    """

    matrix: ColumnMatrix
    columns: NDArray[np.int_]
    rows: NDArray[np.int_]
    fixed: NDArray[np.int_]
    fixed_rows: NDArray[np.int_]
    outgoing: NDArray[np.int_]
    integer: NDArray[np.bool_]
    data: StageData
    probability: Floats
    places: FormPlaces

    @property
    def state_count(self) -> int:
        """Return the number of states."""
        return self.data.incoming.shape[2]

    @property
    def outcome_count(self) -> int:
        """Return the number of outcomes."""
        return len(self.probability)


_FORMS: WeakKeyDictionary[PolicyGraph, tuple[StageForm, ...]] = WeakKeyDictionary()
"""Of the graphs in use: all solvers of one, in this process and those forked from it, share its forms."""


def normal_forms(graph: PolicyGraph) -> tuple[StageForm, ...]:
    """Return the normal form of every node, made once for a graph.

    Nodes that differ in numbers alone share what is the same in both: the places, and how the incoming state
    enters, which takes far more memory than all the rest. Each is held against the last one before it that
    keeps the same rows: where a row fixes a column in some nodes only, neighbours have different rows.
    """
    known = _FORMS.get(graph)
    if known is None:
        found: list[StageForm] = []
        last: dict[tuple[bytes, bytes], StageForm] = {}
        for node in graph.nodes:
            form = normal_form(graph.stages[node.stage], node)
            kept = form.rows.tobytes(), form.fixed_rows.tobytes()
            found.append(_sharing(form, last[kept]) if kept in last else form)
            last[kept] = found[-1]
        known = _FORMS[graph] = tuple(found)
    return known


def _sharing(form: StageForm, other: StageForm) -> StageForm:
    """Return the form with the other's arrays in place of its own where they are equal."""

    def same(one: NDArray[Any], two: NDArray[Any]) -> NDArray[Any]:
        return two if np.array_equal(one, two) else one

    def shared(part: Any, like: Any) -> Any:
        arrays = {
            name: same(mine, getattr(like, name))
            for name in part.__slots__
            if isinstance(mine := getattr(part, name), np.ndarray)
        }
        return replace(part, **arrays)

    return replace(
        shared(form, other),
        matrix=shared(form.matrix, other.matrix),
        data=shared(form.data, other.data),
        places=shared(form.places, other.places),
    )


def normal_form(stage: StageProgram, node: Node) -> StageForm:
    """Bring a node into normal form."""
    noise = node.realisations
    incoming = np.zeros(len(stage.cost), dtype=bool)
    incoming[stage.incoming[stage.incoming >= 0]] = True
    columns = np.flatnonzero(~incoming)
    place = np.full(len(stage.cost), -1)
    place[columns] = np.arange(len(columns))
    fixed_rows, fixed_columns, fixed_entries = _defining_rows(stage, noise, incoming)
    kept = np.ones(stage.matrix.row_count, dtype=bool)
    kept[fixed_rows] = False
    rows = np.flatnonzero(kept)
    matrix, entries = _kept_matrix(stage.matrix, kept, incoming)
    state_of = np.full(len(stage.cost), -1)
    state_of[stage.incoming[stage.incoming >= 0]] = np.flatnonzero(stage.incoming >= 0)
    entering_state = state_of[stage.matrix.columns]
    entering = np.flatnonzero(entering_state >= 0)
    places = FormPlaces(
        entries,
        fixed_entries,
        entering,
        stage.matrix.rows[entering].astype(np.int_),
        entering_state[entering],
    )
    data = _data(stage, noise, (rows, columns, fixed_rows), places)
    outgoing = np.where(stage.outgoing >= 0, place[stage.outgoing], -1)
    return StageForm(
        matrix=matrix,
        columns=columns,
        rows=rows,
        fixed=place[fixed_columns],
        fixed_rows=fixed_rows,
        outgoing=outgoing,
        integer=stage.integer[columns],
        data=data,
        probability=noise.probability,
        places=places,
    )


def form_data(stage: StageProgram, form: StageForm, noise: Realisations) -> StageData:
    """Bring other outcomes of the same node (sampled off the lattice) into its normal form.

    The rows that were moved to fixed values must stay equalities with the same coefficient.
    """
    return _data(stage, noise, (form.rows, form.columns, form.fixed_rows), form.places, own=form.data)


def _kept_matrix(
    matrix: ColumnMatrix, kept: NDArray[np.bool_], incoming: NDArray[np.bool_]
) -> tuple[ColumnMatrix, NDArray[np.int_]]:
    """Return the matrix without the moved rows and incoming columns, and where its entries come from."""
    row_place = np.cumsum(kept) - 1
    entry_columns = matrix.columns
    entries = np.flatnonzero(kept[matrix.rows] & ~incoming[entry_columns])
    counts = np.bincount(entry_columns[entries], minlength=matrix.column_count)[~incoming]
    starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    rows = row_place[matrix.rows[entries]].astype(np.int32)
    return ColumnMatrix(starts, rows, matrix.values[entries].copy(), int(kept.sum())), entries


def _defining_rows(
    stage: StageProgram, noise: Realisations, incoming: NDArray[np.bool_]
) -> tuple[NDArray[np.int_], NDArray[np.int_], NDArray[np.int_]]:
    """Find equality rows with one certain coefficient, at most one for each column."""
    matrix = stage.matrix
    entry_columns = matrix.columns
    own = ~incoming[entry_columns]
    counts = np.bincount(matrix.rows[own], minlength=matrix.row_count)
    row_lower = stage.row_lower[None] if noise.row_lower is None else noise.row_lower
    row_upper = stage.row_upper[None] if noise.row_upper is None else noise.row_upper
    equal = (row_lower == row_upper).all(axis=0)
    fixed_rows: list[int] = []
    fixed_columns: list[int] = []
    fixed_entries: list[int] = []
    used: set[int] = set()
    for entry in np.flatnonzero(own & (counts == 1)[matrix.rows] & equal[matrix.rows]):
        row, column = int(matrix.rows[entry]), int(entry_columns[entry])
        certain = noise.coefficients is None or bool(
            (noise.coefficients[:, entry] == matrix.values[entry]).all()
        )
        if column in used or not certain or abs(matrix.values[entry]) < 1e-9:
            continue
        used.add(column)
        fixed_rows.append(row)
        fixed_columns.append(column)
        fixed_entries.append(int(entry))
    return (
        np.array(fixed_rows, dtype=np.int_),
        np.array(fixed_columns, dtype=np.int_),
        np.array(fixed_entries, dtype=np.int_),
    )


def _data(
    stage: StageProgram,
    noise: Realisations,
    kept: tuple[NDArray[np.int_], NDArray[np.int_], NDArray[np.int_]],
    places: FormPlaces,
    *,
    own: StageData | None = None,
) -> StageData:
    """Collect the outcomes' arrays for the kept rows and columns and the rows that fix columns.

    Where the state enters as it does in the node's own data, those arrays are taken as they are.
    """
    rows, columns, fixed_rows = kept
    states = len(stage.incoming)
    values = stage.matrix.values[None] if noise.coefficients is None else noise.coefficients
    cost = stage.cost[None] if noise.cost is None else noise.cost
    row_lower = stage.row_lower[None] if noise.row_lower is None else noise.row_lower
    row_upper = stage.row_upper[None] if noise.row_upper is None else noise.row_upper
    outcomes = len(noise.probability)
    entering = values[:, places.entering]
    # of many scenarios at once, what comes in usually enters all alike
    entering = entering[:1] if bool((entering == entering[:1]).all()) else entering
    there = np.flatnonzero(stage.incoming >= 0)
    incoming_cost = np.zeros((cost.shape[0], states))
    incoming_cost[:, there] = cost[:, stage.incoming[there]]
    scale = stage.matrix.values[places.fixed_entries]
    lower = stage.lower[None] if noise.lower is None else noise.lower
    upper = stage.upper[None] if noise.upper is None else noise.upper
    if own is not None and bool((entering == stage.matrix.values[places.entering]).all()):
        incoming, fixed_slope = own.incoming, own.fixed_slope
    else:
        slope = np.zeros((entering.shape[0], stage.matrix.row_count, states))
        slope[:, places.entering_rows, places.entering_states] = -entering
        incoming, fixed_slope = _shared(slope[:, rows, :]), _shared(slope[:, fixed_rows, :] / scale[:, None])
    return StageData(
        cost=_shared(cost[:, columns]),
        incoming_cost=_shared(incoming_cost),
        constant=_shared(np.zeros(outcomes) if noise.constant is None else noise.constant),
        lower=_shared(lower[:, columns]),
        upper=_shared(upper[:, columns]),
        row_lower=_shared(row_lower[:, rows]),
        row_upper=_shared(row_upper[:, rows]),
        incoming=incoming,
        fixed_value=_shared(row_lower[:, fixed_rows] / scale),
        fixed_slope=fixed_slope,
        values=_shared(values[:, places.entries]),
    )


def _shared(array: Floats) -> Floats:
    """Return one row where all outcomes have the same."""
    same = array.shape[0] > 1 and bool((array == array[:1]).all())
    return np.ascontiguousarray(array[:1] if same else array)
