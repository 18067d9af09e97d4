"""Takes the formulation apart: one program for each quarter, with columns for the state before and after.

Every program is built by ``model.stage.add_stage``, the same function that builds the deterministic chain.
The
state that they share keeps only what can still matter: a number of it lives in a quarter where some row or
cost
of that quarter uses it, or where a later one will (so orders are remembered up to their lead time and term
and no longer, spending up to the window's end, stocks only where they are finite).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from capexpand.model.blocks import ABSENT, Blocks, Floats, Indices, LinearProgram
from capexpand.model.data import Flags, ModelData
from capexpand.model.opening_columns import opening_columns
from capexpand.model.quarter import add_quarter
from capexpand.model.stage import Stage, State

_OVERRUN = 100.0  # times the price of what is overrun; far above what one more of any limit is worth
PARTS = tuple(field.name for field in fields(State))


@dataclass(frozen=True, slots=True)
class StateLayout:
    """Which numbers of the state live when, and where each stands in the state vector.

    Args:
        shapes: [part] shape of each part of ``State``, in the order of ``PARTS``.
        live: [quarter, position] whether a number matters in a quarter or later; positions run through all
            parts, flattened.
        kept: [slot] position of each number of the state vector: all that live in some quarter.
        opening: [slot] value before the first quarter.
        dearest_mw: the highest price of a megawatt [money].
        names: [slot] of each its part and its place there.
    """

    shapes: tuple[tuple[int, ...], ...]
    live: Flags
    kept: Indices
    opening: Floats
    dearest_mw: float
    names: tuple[str, ...]

    def names_of(self, slots: Indices) -> tuple[str, ...]:
        """Returns the names of some slots.

        Args:
            slots: places in the state vector.
        """
        return tuple(self.names[slot] for slot in slots.tolist())

    def state_after(self, columns: Floats, stage: Stage) -> Floats:
        """Returns the state [slot] that a solution [column] of a chain leaves after one of its stages."""
        after = _flat(stage.state)[self.kept]
        return np.where(after == ABSENT, 0.0, columns[np.maximum(after, 0)])


@dataclass(frozen=True, slots=True)
class QuarterProgram:
    """The program of one quarter.

    Args:
        program: to be maximised; its first columns are those of the state before.
        stage: what its columns and rows are.
        incoming: [slot] column of the state before, ``ABSENT`` where the slot does not live.
        outgoing: [slot] column of the state after, ``ABSENT`` everywhere in the last quarter.
    """

    program: LinearProgram
    stage: Stage
    incoming: Indices
    outgoing: Indices


def state_layout(m: ModelData) -> StateLayout:
    """Returns the state that the quarters of a case hand on."""
    lp = Blocks()
    before = opening_columns(lp, m)
    opening, first = lp.build().column_lower, _flat(before)
    shapes = tuple(getattr(before, part).shape for part in PARTS)
    present = [first != ABSENT]
    used: list[Flags] = []
    passed: list[Indices] = []  # [position after] position before, where a column is only handed on
    for t in range(m.times.count):
        lp = Blocks()
        columns = _incoming(lp, shapes, present[t])
        stage = add_quarter(lp, m, t, columns)
        program, here, after = lp.build(), _flat(columns), _flat(stage.state)
        touched = np.bincount(program.index, minlength=program.cost.size) > 0
        used.append((here != ABSENT) & (touched | (program.cost != 0.0))[here])
        count = int(present[t].sum())
        place = np.flatnonzero(here != ABSENT)
        passed.append(
            np.where((after != ABSENT) & (after < count), place[np.clip(after, 0, count - 1)], ABSENT)
        )
        present.append(after != ABSENT)
    live = np.zeros((m.times.count + 1, first.size), dtype=np.bool_)
    for t in reversed(range(m.times.count)):
        live[t] = present[t] & used[t] & ~_spent_in_vain(m, shapes, t)
        later = passed[t][live[t + 1] & (passed[t] != ABSENT)]
        live[t, later] = True
    kept = np.flatnonzero(live.any(axis=0))
    start = np.where(first != ABSENT, opening[np.maximum(first, 0)], 0.0)[kept]
    dearest = max(
        float(np.max(m.power.price, initial=0.0)), float(np.max(m.power.running_cost, initial=0.0)), 1.0
    )
    return StateLayout(shapes, live, kept, start, dearest, _slot_names(shapes, kept))


def _slot_names(shapes: Sequence[tuple[int, ...]], kept: Indices) -> tuple[str, ...]:
    """The part of each position that is kept, and its place there [slot]."""
    firsts = np.concatenate(([0], np.cumsum([np.prod(shape, dtype=np.int64) for shape in shapes])))
    part_of = np.searchsorted(firsts, kept, side="right") - 1
    names: list[str] = []
    for position, part in zip(kept.tolist(), part_of.tolist(), strict=True):
        place = np.unravel_index(position - int(firsts[part]), shapes[part])
        names.append(f"{PARTS[part]} {' '.join(str(int(axis)) for axis in place)}")
    return tuple(names)


def _spent_in_vain(m: ModelData, shapes: Sequence[tuple[int, ...]], t: int) -> Flags:
    """What no later limit looks at: spending after the window, dues after the horizon."""
    dead = {part: np.zeros(shape, dtype=np.bool_) for part, shape in zip(PARTS, shapes, strict=True)}
    dead["spent"][:] = t >= m.times.window[1] and not m.budget.growing
    dead["due"][:] = t + np.arange(dead["due"].size) >= m.times.count
    return np.concatenate([dead[part].ravel() for part in PARTS])


def quarter_program(m: ModelData, layout: StateLayout, quarter: int) -> QuarterProgram:
    """Returns the program of one quarter.

    Args:
        m: the compiled case, with the quarter's data as they are to be.
        layout: of the case; the data may differ from those it was made from, but not in what exists.
        quarter: from 0.
    """
    lp = Blocks()
    before = _incoming(lp, layout.shapes, layout.live[quarter])
    count = int(layout.live[quarter].sum())
    stage = add_quarter(lp, m, quarter, before)
    _give_way(lp, layout, stage)
    after = _flat(stage.state)[layout.kept]
    if quarter == m.times.count - 1:
        return QuarterProgram(lp.build(), stage, _flat(before)[layout.kept], np.full(after.size, ABSENT))
    wanted = layout.live[quarter + 1, layout.kept]
    handed = wanted & (after < count)  # a column of the state before; the engine wants one of its own
    labels = [layout.names_of(np.flatnonzero(handed))]
    signed = [name.startswith("funding") for name in labels[0]]  # earnings may be below 0
    carried = lp.columns("carried", labels, lower=np.where(signed, -np.inf, 0.0))
    rows = lp.rows("carried", labels, lower=0.0, upper=0.0)
    lp.add(rows, carried)
    lp.add(rows, after[handed], -1.0)
    idle = lp.columns("idle", [tuple(str(slot) for slot in np.flatnonzero(~wanted))], upper=0.0)
    outgoing = after.copy()
    outgoing[handed], outgoing[~wanted] = carried, idle
    return QuarterProgram(lp.build(), stage, _flat(before)[layout.kept], outgoing)


def _give_way(lp: Blocks, layout: StateLayout, stage: Stage) -> None:
    """Lets limits give way to rounding, at a price that no plan pays on purpose."""
    for rows, price in (
        (stage.money.budget_rows, 1.0),
        (stage.money.renewal_rows, 1.0),
        (stage.power.commitment_rows.ravel(), layout.dearest_mw),
    ):
        there = rows[rows != ABSENT]
        over = lp.columns("overrun", [tuple(map(str, there))])
        lp.add(there, over, -1.0)
        lp.add_cost(over, -_OVERRUN * price)


def _incoming(lp: Blocks, shapes: Sequence[tuple[int, ...]], live: Flags) -> State:
    """Adds the columns of the state before a quarter."""
    parts: dict[str, Indices] = {}
    start = 0
    for part, shape in zip(PARTS, shapes, strict=True):
        size = int(np.prod(shape, dtype=np.int64))
        there = live[start : start + size].reshape(shape)
        labels = [tuple(map(str, range(length))) for length in shape]
        parts[part] = lp.columns(f"before: {part}", labels, where=there)
        start += size
    return State(**parts)


def _flat(state: State) -> Indices:
    return np.concatenate([getattr(state, part).ravel() for part in PARTS])
