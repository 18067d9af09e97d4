"""Rows of a financial model: numbers that remember how they were computed.

A ``Rows`` holds values by named axes (a workload, a site, ...) and, mostly, by quarter. Every operation on
rows computes its result with numpy at once and keeps operator and operands. So one expression of a line gives
both the number in our own statements and the formula in a workbook (``workbook/formulas.py``), and the two
cannot drift apart. The operators are those that a planner's spreadsheet has: sums, products, balances carried
forward, arrivals after a lead time, what is still being written off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import ClassVar, Literal, cast

import numpy as np

from capexpand.finance.schedule import delivered, still_written_off
from capexpand.model.data import Flags, Floats, Integers

AXES = (
    "item", "site", "power", "option", "destination", "successor", "hire", "contract", "agreement",
    "facility", "year", "workload", "tranche",
)  # fmt: skip
"""Axes in the order in which values are kept; quarters come last."""

Operator = Literal[
    "given", "+", "-", "*", "/", "^", "<", "min", "max", "whole", "if zero", "only", "take", "sum", "least",
    "total", "dot", "first", "last", "arrive", "beyond", "trailing", "balance", "previous", "carried",
    "later", "over",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Label:
    """How a line is called.

    Args:
        key: unique within a statement, such as ``energy``.
        title: for a reader.
        unit: such as ``mn CNY`` or ``MW``; ``money`` stands for millions of the case's currency.
        block: the part of the model that it belongs to.
    """

    key: str
    title: str
    unit: str
    block: str


@dataclass(eq=False, slots=True)
class Rows:
    """Values and how they came about.

    Args:
        values: [*axes, quarter] or [*axes], for a single number of shape [].
        axes: names of the leading axes, in the order of ``AXES``.
        timed: whether the last axis is the quarter.
        operator: what made them.
        operands: of the operator.
        detail: what else the operator needs.
        label: how the line is called, where it is one.
    """

    values: Floats
    axes: tuple[str, ...] = ()
    timed: bool = True
    operator: Operator = "given"
    operands: tuple[Rows, ...] = ()
    detail: object = None
    label: Label | None = field(default=None)

    __array_ufunc__: ClassVar[None] = None  # an array times rows is for rows to compute

    def named(self, key: str, title: str, unit: str, block: str) -> Rows:
        """Give the rows a label, which makes them a line of the model; return them."""
        self.label = Label(key, title, unit, block)
        return self

    def __add__(self, other: Rows | float) -> Rows:
        return _elementwise("+", np.add, self, other)

    def __radd__(self, other: float) -> Rows:
        return _elementwise("+", np.add, other, self)

    def __sub__(self, other: Rows | float) -> Rows:
        return _elementwise("-", np.subtract, self, other)

    def __rsub__(self, other: float) -> Rows:
        return _elementwise("-", np.subtract, other, self)

    def __mul__(self, other: Rows | float) -> Rows:
        return _elementwise("*", np.multiply, self, other)

    def __rmul__(self, other: float) -> Rows:
        return _elementwise("*", np.multiply, other, self)

    def __truediv__(self, other: Rows | float) -> Rows:
        return _elementwise("/", np.divide, self, other)

    def __rtruediv__(self, other: float) -> Rows:
        return _elementwise("/", np.divide, other, self)

    def __pow__(self, other: Rows | float) -> Rows:
        return _elementwise("^", np.power, self, other)

    def below(self, other: Rows | float) -> Rows:
        """Return 1 where the values are less than others, else 0."""
        return _elementwise("<", np.less, self, other)

    def if_zero(self, then: Rows | float, otherwise: Rows | float) -> Rows:
        """Return one thing where the values are 0, and another elsewhere; all without quarters."""
        one, two = _rows(then), _rows(otherwise)
        axes = _union(self, one, two)
        values = np.where(_aligned(self, axes) == 0.0, _aligned(one, axes), _aligned(two, axes))
        return Rows(values, axes, False, "if zero", (self, one, two))

    def sum(self, axis: str | int = 0) -> Rows:
        """Return sums over an axis.

        Args:
            axis: its name, or its position.
        """
        name = self.axes[axis] if isinstance(axis, int) else axis
        place = self.axes.index(name)
        rest = (*self.axes[:place], *self.axes[place + 1 :])
        return Rows(self.values.sum(axis=place), rest, self.timed, "sum", (self,), name)

    def least(self, axis: str) -> Rows:
        """Return the least value along an axis, of those that are there."""
        place = self.axes.index(axis)
        rest = (*self.axes[:place], *self.axes[place + 1 :])
        there = np.broadcast_to(_spread(present(self), timed=self.timed), self.values.shape)
        least = np.where(there, self.values, np.inf).min(axis=place)
        values = np.where(there.any(axis=place), least, 0.0)
        return Rows(values, rest, self.timed, "least", (self,), axis)

    def only(self, axis: str | tuple[str, ...], chosen: Flags) -> Rows:
        """Return the rows whose place is chosen; elsewhere there is nothing.

        Args:
            axis: name of the axis, or names of several, over which rows that lack one are spread.
            chosen: [place on the axis, ...].
        """
        names = (axis,) if isinstance(axis, str) else axis
        flags = Rows(np.asarray(chosen, dtype=np.float64), names, False)
        axes = _union(self, flags)
        chosen_there = _aligned(flags, axes, timed=self.timed) > 0.0
        values = np.where(chosen_there, _aligned(self, axes, timed=self.timed), 0.0)
        return Rows(values, axes, self.timed, "only", (self,), (names, np.asarray(chosen)))

    def take(self, axis: str, other: str, places: Integers | Sequence[int]) -> Rows:
        """Return the rows by another axis, for each place of which they say where it is on the old one.

        Args:
            axis: the old axis.
            other: the new one.
            places: [place on the new axis] the place on the old one.
        """
        at = self.axes.index(axis)
        axes = tuple(other if name == axis else name for name in self.axes)
        order = sorted(range(len(axes)), key=lambda i: AXES.index(axes[i]))
        taken = np.take(self.values, np.asarray(places, dtype=np.int64), axis=at)
        if order != list(range(len(axes))):
            taken = taken.transpose(*order, *((len(axes),) if self.timed else ()))
        sorted_axes = tuple(axes[i] for i in order)
        return Rows(taken, sorted_axes, self.timed, "take", (self,), (axis, other, tuple(map(int, places))))

    def total(self) -> Rows:
        """Return the sum over all quarters."""
        return Rows(self.values.sum(axis=-1), self.axes, False, "total", (self,))

    def dot(self, other: Rows) -> Rows:
        """Return the sum over the quarters of the products with other rows; neither has other axes."""
        return Rows(np.asarray(self.values @ other.values), (), False, "dot", (self, other))

    def first(self) -> Rows:
        """Return the values of the first quarter."""
        return Rows(self.values[..., 0], self.axes, False, "first", (self,))

    def last(self) -> Rows:
        """Return the values of the last quarter."""
        return Rows(self.values[..., -1], self.axes, False, "last", (self,))

    def arrive(self, delay_quarters: Rows) -> Rows:
        """Return in each quarter what was put in a delay before; what comes after the horizon is left out.

        Args:
            delay_quarters: whole quarters, without a quarter of its own and with no axis that the rows lack.
        """
        delay = np.broadcast_to(_aligned(delay_quarters, self.axes), self.values.shape[:-1])
        values = delivered(self.values, delay.astype(np.int64))
        return Rows(values, self.axes, True, "arrive", (self, delay_quarters))

    def beyond(self, delay_quarters: Rows) -> Rows:
        """Return the sum of what arrives only after the horizon's end."""
        within = max(self.values.shape[-1] - int(delay_quarters.values), 0)
        values = np.asarray(self.values[..., within:].sum(axis=-1))
        return Rows(values, self.axes, False, "beyond", (self, delay_quarters))

    def trailing(self, life_quarters: Rows) -> Rows:
        """Return in each quarter the sum of that quarter and those before it, over a life of quarters.

        Args:
            life_quarters: number of quarters, with no axis that the rows lack.
        """
        lives = np.broadcast_to(_aligned(life_quarters, self.axes), self.values.shape[:-1]).astype(np.int64)
        values = np.zeros_like(self.values)
        for life in np.unique(lives):
            values[lives == life] = still_written_off(self.values[lives == life], int(life))
        return Rows(values, self.axes, True, "trailing", (self, life_quarters))

    def carried_forward(self) -> tuple[Rows, Rows]:
        """Return losses carried forward at each quarter's start and end, the values being profits.

        Λ_t = max(0, Λ_{t-1} - profit_t), from Λ = 0.
        """
        ends = np.zeros(self.values.size)
        carried = 0.0
        for t, profit in enumerate(self.values):
            carried = max(0.0, carried - profit)
            ends[t] = carried
        closing = Rows(ends, (), True, "carried", (self,))
        opening = Rows(np.concatenate(([0.0], ends[:-1])), (), True, "previous", (closing,))
        return opening, closing


def balance(added: Rows, taken: Rows, *, start: Rows | None = None) -> Rows:
    """Return a balance at each quarter's end: what was there, and what was added, less what was taken.

    Args:
        start: what stands before the first quarter; nothing if absent.
    """
    operands = (added, taken) if start is None else (added, taken, start)
    axes = _union(*operands)
    begun = np.zeros(()) if start is None else _aligned(start, axes)[..., None]
    values = begun + np.cumsum(_aligned(added, axes) - _aligned(taken, axes), axis=-1)
    return Rows(values, axes, True, "balance", operands)


def at_start(closing: Rows) -> Rows:
    """Return what a balance is at each quarter's start.

    Args:
        closing: from ``balance``.
    """
    begun = 0.0 if len(closing.operands) < 3 else _aligned(closing.operands[2], closing.axes)
    first = np.broadcast_to(np.asarray(begun), closing.values.shape[:-1])[..., None]
    values = np.concatenate((first, closing.values[..., :-1]), axis=-1)
    return Rows(values, closing.axes, True, "previous", (closing,))


class Later:
    """A balance that other lines need before it can be written: what cash earns adds to cash.

    Args:
        start: what stands before the first quarter.
        closing: [quarter] what the balance comes to; ``is_now`` refuses a line that comes to anything else.
    """

    def __init__(self, start: float, closing: Floats) -> None:
        self.rows: Rows | None = None
        self._closing = closing
        self.opening = Rows(np.concatenate(([start], closing[:-1])), (), True, "later", (), self)

    def is_now(self, rows: Rows) -> Rows:
        """Say which balance it is; return it.

        Raises:
            ValueError: it does not come to what was said before.
        """
        size = max(1.0, float(np.max(np.abs(self._closing), initial=0.0)))
        if not np.allclose(rows.values, self._closing, rtol=0.0, atol=1e-9 * size):
            raise ValueError("a balance does not come to what the lines that it rests on were told")
        self.rows = rows
        return rows


def ratio(one: Rows, other: Rows) -> Rows:
    """Return quotients; 0 where there is nothing to divide by, or less.

    Args:
        one: of the same axes and quarters as the other.
    """
    divides = other.values > 0.0
    values = np.divide(one.values, other.values, out=np.zeros_like(other.values), where=divides)
    return Rows(values, other.axes, other.timed, "over", (one, other))


def minimum(one: Rows | float, other: Rows | float) -> Rows:
    """Return the smaller of two."""
    return _elementwise("min", np.minimum, one, other)


def maximum(one: Rows | float, other: Rows | float) -> Rows:
    """Return the larger of two."""
    return _elementwise("max", np.maximum, one, other)


def whole_quarters(months: Rows, months_per_quarter: Rows) -> Rows:
    """Return how many whole quarters durations take up, rounded up.

    Args:
        months: durations [month].
        months_per_quarter: three.
    """
    quarters = np.ceil(months.values / months_per_quarter.values - 1e-9)
    return Rows(np.maximum(quarters, 0.0), months.axes, False, "whole", (months, months_per_quarter))


def nothing(axes: tuple[str, ...] = (), shape: tuple[int, ...] = (), *, timed: bool = False) -> Rows:
    """Return rows that are not there: they count as zero and stand in no workbook."""
    return Rows(np.zeros(shape), axes, timed, detail=np.zeros(shape[: len(axes)], dtype=np.bool_))


def stated(values: Floats | Integers | Flags, *axes: str, timed: bool = True) -> Rows:
    """Return what a compiled case says.

    Args:
        values: [*axes, quarter] or [*axes].
        axes: their names.
        timed: whether the last axis is the quarter.
    """
    return Rows(np.asarray(values, dtype=np.float64), axes, timed)


def decided(
    values: Floats, *axes: str, timed: bool = True, called: tuple[str, str, str, str] | None = None
) -> Rows:
    """Return what a plan does; what is never done is not there.

    Args:
        values: [*axes, quarter] or [*axes].
        axes: their names.
        timed: whether the last axis is the quarter.
        called: key, title, unit and block.
    """
    done = values != 0.0
    rows = Rows(values, axes, timed, detail=done.any(axis=-1) if timed else done)
    return rows if called is None else rows.named(*called)


def rows_of(group: object) -> Iterator[tuple[str, Rows]]:
    """Yield the names and rows of a dataclass, those of dataclasses in it as well."""
    if not is_dataclass(group):
        return
    for each in fields(group):
        found = getattr(group, each.name)
        if isinstance(found, Rows):
            yield each.name, found
        elif is_dataclass(found):
            yield from rows_of(found)


def present(rows: Rows) -> Flags:
    """Return which rows are there [*axes].

    A decision that is never taken is not, nor is what the case does not declare, nor what depends on either.
    What has been left out stays zero, whatever an input becomes.
    """
    return _present(rows, {})


def _present(rows: Rows, known: dict[int, Flags]) -> Flags:
    if id(rows) not in known:
        known[id(rows)] = np.asarray(_presence(rows, known))
    return known[id(rows)]


def _presence(rows: Rows, known: dict[int, Flags]) -> Flags:
    shape = rows.values.shape[: len(rows.axes)]
    found = [_present(operand, known) for operand in rows.operands]
    if rows.operator in ("given", "later"):
        stated = (
            np.ones(shape, dtype=np.bool_)
            if rows.detail is None or rows.operator == "later"
            else np.asarray(rows.detail)
        )
        return np.asarray(stated, dtype=np.bool_)
    if rows.operator in ("sum", "least"):
        return np.asarray(found[0].any(axis=rows.operands[0].axes.index(str(rows.detail))))
    if rows.operator in ("only", "take"):
        return _selected(rows, found[0])
    spread = [
        np.broadcast_to(_expanded(one, operand.axes, rows.axes), shape)
        for one, operand in zip(found, rows.operands, strict=True)
    ]
    if rows.operator in ("/", "arrive", "trailing", "beyond", "^", "if zero", "whole", "over"):
        return np.asarray(spread[0])
    combine = np.logical_and if rows.operator in ("*", "dot") else np.logical_or
    return np.asarray(combine.reduce(spread))


def _selected(rows: Rows, found: Flags) -> Flags:
    """Which of the chosen rows are there."""
    there = Rows(found.astype(np.float64), rows.operands[0].axes, False)
    if rows.operator == "only":
        axes, chosen = cast("tuple[tuple[str, ...], Flags]", rows.detail)
        return np.asarray(there.only(axes, chosen).values > 0.0)
    axis, other, places = cast("tuple[str, str, tuple[int, ...]]", rows.detail)
    return np.asarray(there.take(axis, other, places).values > 0.0)


def literal(value: float) -> Rows:
    """Return a number that may stand in a formula itself: 0 or 1, nothing else."""
    if value not in (0.0, 1.0):
        raise ValueError(f"{value} is a constant and needs a cell of its own")
    return Rows(np.asarray(value), (), False, detail=np.asarray(value != 0.0), label=None)


def _rows(value: Rows | float) -> Rows:
    return value if isinstance(value, Rows) else literal(float(value))


def _union(*operands: Rows) -> tuple[str, ...]:
    if len({operand.axes for operand in operands}) == 1:
        return operands[0].axes
    return tuple(axis for axis in AXES if any(axis in operand.axes for operand in operands))


def _aligned(rows: Rows, axes: tuple[str, ...], *, timed: bool = False) -> Floats:
    """The values with the axes of a result; those that are missing have one place."""
    if rows.axes == axes:
        return rows.values if rows.timed or not timed else rows.values[..., None]
    index = [slice(None) if axis in rows.axes else None for axis in axes]
    if rows.timed or timed:
        index.append(slice(None) if rows.timed else None)
    return rows.values[tuple(index)]


def _expanded(flags: Flags, axes: tuple[str, ...], wanted: tuple[str, ...]) -> Flags:
    return flags[tuple(slice(None) if axis in axes else None for axis in wanted)]


def _spread(flags: Flags, *, timed: bool) -> Flags:
    return flags[..., None] if timed else flags


def _elementwise(
    operator: Operator, function: Callable[..., Floats], one: Rows | float, other: Rows | float
) -> Rows:
    left, right = _rows(one), _rows(other)
    axes, timed = _union(left, right), left.timed or right.timed
    values = function(_aligned(left, axes, timed=timed), _aligned(right, axes, timed=timed))
    return Rows(np.asarray(values, dtype=np.float64), axes, timed, operator, (left, right))


def running_total(flow: Floats) -> Floats:
    """Return the sum up to each quarter's end; of rows, a balance."""
    if isinstance(flow, Rows):
        return balance(flow, nothing(timed=True, shape=flow.values.shape))  # pyrefly: ignore
    return np.cumsum(flow)


def last_of(stock: Floats) -> float:
    """Return the value of the last quarter; of rows, rows."""
    return stock.last() if isinstance(stock, Rows) else float(stock[-1])  # pyrefly: ignore


def present_value(discount: Floats, flow: Floats) -> float:
    """Return the sum of the flows of quarters, each times its discount factor; of rows, rows."""
    if isinstance(flow, Rows):
        return flow.dot(discount)  # pyrefly: ignore
    return float(discount @ flow)
