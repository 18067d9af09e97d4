"""Rows as lines of sheets: where each stands, and its formula in every cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from capexpand.finance.rows import Label, Later, Rows, present
from capexpand.model.data import Flags, Floats

TITLE, UNIT, CONSTANT, TOTAL, BEFORE, FIRST = 0, 1, 2, 3, 4, 5
"""Columns of every sheet: title, unit, single number, total, what stands before, first quarter."""

_AXES_SHOWN = (
    "site", "power", "option", "destination", "successor", "hire", "contract", "agreement", "facility",
    "year", "workload", "tranche",
)  # fmt: skip
_ROW_OPERANDS = ("arrive", "beyond", "trailing", "total", "dot", "first", "last", "carried")
"""Operators that need a row of cells as their operand, not a formula."""

Index = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One row of cells that belongs to a line: a corkscrew has several."""

    title: str
    formulas: tuple[str, ...]  # one a quarter, or one alone
    values: Floats
    before: str = ""  # formula of what stands before the first quarter
    stood: float = 0.0  # its value
    total: bool = False


@dataclass(slots=True)
class Line:
    """A line of the model at one place of its axes."""

    rows: Rows
    index: Index
    label: Label
    sheet: str
    title: str
    height: int = 1  # rows of cells, of which the last holds the line's own values
    row: int = -1  # position of the first row of cells, from 0

    @property
    def own_row(self) -> int:
        """Position of the row that holds the line's values."""
        return self.row + self.height - 1

    @property
    def values(self) -> Floats:
        """Values [quarter], or one number of shape []."""
        return self.rows.values[self.index]


@dataclass(slots=True)
class Sheets:
    """Collects the lines that are asked for, and everything that they rest on, and writes their formulas.

    Args:
        quarters: number of quarters.
        number: the row that numbers the quarters.
        sheet_of: the sheet of a label, by its block and by what the line depends on.
        names: titles by axis.
        scopes: identity of given rows → what depends on them, such as ``plan``.
        titles: identity and place of an input → its own title.
    """

    quarters: int
    number: Rows
    sheet_of: Callable[[Rows, Label, frozenset[str]], str]
    names: Mapping[str, tuple[str, ...]]
    scopes: Mapping[int, str]
    titles: Mapping[tuple[int, Index], str]
    lines: dict[tuple[int, Index], Line] = field(default_factory=dict)
    labels: dict[int, Label] = field(default_factory=dict)
    _signatures: dict[int, int] = field(default_factory=dict)
    _interned: dict[object, int] = field(default_factory=dict)
    _present: dict[int, Flags] = field(default_factory=dict)
    _scope: dict[int, frozenset[str]] = field(default_factory=dict)
    _helpers: dict[int, Rows] = field(default_factory=dict)
    _kept: list[Rows] = field(default_factory=list)

    # what a row is

    def signature(self, rows: Rows) -> int:
        """Return a number that rows share which are computed alike from the same inputs."""
        known = self._signatures.get(id(rows))
        if known is not None:
            return known
        self._kept.append(rows)
        operands = tuple(self.signature(operand) for operand in rows.operands)
        if rows.operator == "given":
            is_literal = rows.label is None and not rows.axes and not rows.timed and rows.values in (0.0, 1.0)
            key: object = ("literal", float(rows.values)) if is_literal else ("given", id(rows))
        else:
            detail = id(rows.detail) if rows.operator == "later" else _hashable(rows.detail)
            key = (rows.operator, operands, detail)
        found = self._interned.setdefault(key, len(self._interned))
        self._signatures[id(rows)] = found
        if rows.label is not None:
            self.labels.setdefault(found, rows.label)
        return found

    def there(self, rows: Rows, index: Index) -> bool:
        """Return whether a row is there at a place."""
        found = self._present.get(id(rows))
        if found is None:
            found = self._present[id(rows)] = present(rows)
        return bool(found[index])

    def scope(self, rows: Rows) -> frozenset[str]:
        """Return whose decisions a row depends on."""
        known = self._scope.get(id(rows))
        if known is None:
            own = self.scopes.get(id(rows))
            known = (
                frozenset([own]) if own else frozenset().union(*(self.scope(each) for each in rows.operands))
            )
            self._scope[id(rows)] = known
        return known

    # which lines there are

    def want(self, rows: Rows) -> None:
        """Ask for rows at all their places, and for all that they rest on."""
        self.signature(rows)
        for index in np.ndindex(*rows.values.shape[: len(rows.axes)]):
            if self.there(rows, index):
                self._visit(rows, index)

    def _visit(self, rows: Rows, index: Index) -> None:
        key = (self.signature(rows), index)
        is_line = key[0] in self.labels
        if is_line and key in self.lines:
            return
        for operand, place in self._needs(rows, index):
            self._visit(operand, place)
        if is_line and key not in self.lines:
            self.lines[key] = self._line(rows, index, self.labels[key[0]])

    def _needs(self, rows: Rows, index: Index) -> Iterator[tuple[Rows, Index]]:
        """The operands that a formula refers to, each at its place."""
        if rows.operator == "previous":
            yield rows.operands[0], self._place(rows.operands[0], rows, index)
            return
        if rows.operator in ("arrive", "beyond", "trailing"):
            self._as_line(rows.operands[0], rows)
            yield from self._here(rows.operands[0], rows, index)
            yield self._helper(rows), self._place(self._helper(rows), rows, index)
            yield self.number, ()
            return
        for operand in rows.operands:
            if rows.operator in _ROW_OPERANDS:
                self._as_line(operand, rows)
            yield from self._here(operand, rows, index)

    def _here(self, operand: Rows, rows: Rows, index: Index) -> Iterator[tuple[Rows, Index]]:
        for place in self._places(operand, rows, index):
            if self.there(operand, place):
                yield operand, place

    def _places(self, operand: Rows, rows: Rows, index: Index) -> Iterator[Index]:
        """Where an operand is read: at one place, or along the axis that is summed over."""
        if rows.operator in ("sum", "least"):
            axis = str(rows.detail)
            at = operand.axes.index(axis)
            for i in range(operand.values.shape[at]):
                yield (*index[:at], i, *index[at:])
        else:
            yield self._place(operand, rows, index)

    def _place(self, operand: Rows, rows: Rows, index: Index) -> Index:
        where = dict(zip(rows.axes, index, strict=True))
        if rows.operator == "take":
            old, new, places = cast("tuple[str, str, tuple[int, ...]]", rows.detail)
            where[old] = places[where[new]]
        return tuple(where[axis] for axis in operand.axes)

    def _as_line(self, operand: Rows, rows: Rows) -> None:
        """Give an operand that must stand in cells of its own a label."""
        signature = self.signature(operand)
        if signature not in self.labels:
            label = self.labels.get(self.signature(rows))
            title, block = (label.title, label.block) if label else ("Working", "value")
            unit = label.unit if label else ""
            self.labels[signature] = Label(f"working {signature}", f"{title}: basis", unit, block)

    def _helper(self, rows: Rows) -> Rows:
        """The quarter in which what is put in arrives, or ceases to be written off."""
        delay = rows.operands[1]
        signature = self.signature(delay)
        if signature not in self._helpers:
            title = (
                "Quarter after the last write-off" if rows.operator == "trailing" else "Quarter of arrival"
            )
            made = (self.number + delay).named(f"arrival {signature}", title, "number", "time")
            self._helpers[signature] = made
            self.signature(made)
        return self._helpers[signature]

    def _line(self, rows: Rows, index: Index, label: Label) -> Line:
        place = self.sheet_of(rows, label, self.scope(rows))
        own = self.titles.get((id(rows), index))
        names = [self.names[axis][i] for axis, i in zip(rows.axes, index, strict=True) if axis in _AXES_SHOWN]
        title = own or ": ".join([label.title, ", ".join(names)] if names else [label.title])
        height = {"balance": 4, "carried": 3}.get(rows.operator, 1)
        if rows.operator == "balance":
            height -= sum(
                1 for each in rows.operands[:2] if not self.there(each, self._place(each, rows, index))
            )
        return Line(rows, index, label, place, title, height)

    # formulas

    def parts(self, line: Line) -> tuple[Part, ...]:
        """Return the rows of cells of a line, with a formula and a value in each cell."""
        rows = line.rows
        if rows.operator == "balance":
            return self._corkscrew(line)
        if rows.operator == "carried":
            return self._carried(line)
        if not rows.timed:
            text = self._formula(rows, line.index, -1, line.sheet, top=True)
            return (Part(line.title, (text,), line.values),)
        texts = self._across(rows, line.index, line.sheet, top=True)
        return (Part(line.title, texts, line.values, total=line.label.unit == "money"),)

    def _across(self, rows: Rows, index: Index, sheet: str, *, top: bool = False) -> tuple[str, ...]:
        return tuple(self._formula(rows, index, t, sheet, top=top) for t in range(self.quarters))

    def _corkscrew(self, line: Line) -> tuple[Part, ...]:
        added, taken = line.rows.operands[:2]
        start = line.rows.operands[2] if len(line.rows.operands) > 2 else None
        places = [self._place(each, line.rows, line.index) for each in line.rows.operands]
        if start is not None and not self.there(start, places[2]):
            start = None
        closing = line.values
        first = 0.0 if start is None else float(start.values[places[2]])
        opening = np.concatenate(([first], closing[:-1]))
        own = line.own_row
        parts = [
            Part(
                f"{line.title}: at the start",
                tuple(cell(FIRST + t - 1, own) for t in range(self.quarters)),
                opening,
            )
        ]
        sums = [[cell(FIRST + t, line.row)] for t in range(self.quarters)]
        for sign, operand, place, word in (
            ("+", added, places[0], "added"), ("-", taken, places[1], "taken off"),
        ):  # fmt: skip
            if self.there(operand, place):
                at = line.row + len(parts)
                texts = self._across(operand, place, line.sheet)
                parts.append(Part(f"{line.title}: {word}", texts, operand.values[place], total=True))
                for t in range(self.quarters):
                    sums[t].append(f"{sign}{cell(FIRST + t, at)}")
        before = "" if start is None else self._formula(start, places[2], -1, line.sheet)
        parts.append(Part(line.title, tuple("".join(each) for each in sums), closing, before, first))
        return tuple(parts)

    def _carried(self, line: Line) -> tuple[Part, ...]:
        profit, closing, own = line.rows.operands[0], line.values, line.own_row
        opening = np.concatenate(([0.0], closing[:-1]))
        quarters = range(self.quarters)
        return (
            Part(f"{line.title}: at the start", tuple(cell(FIRST + t - 1, own) for t in quarters), opening),
            Part(
                f"{line.title}: profit",
                self._across(profit, (), line.sheet),
                profit.values,
                total=True,
            ),
            Part(
                line.title,
                tuple(
                    f"MAX(0,{cell(FIRST + t, line.row)}-{cell(FIRST + t, line.row + 1)})" for t in quarters
                ),
                closing,
            ),
        )

    def reference(self, rows: Rows, index: Index, t: int, sheet: str = "") -> str:
        """Return the reference to a line's cell: of a quarter, or its single one.

        Args:
            t: the quarter; -1 for a single number.
            sheet: on which the reference stands.
        """
        line = self.lines[self.signature(rows), index]
        prefix = "" if line.sheet == sheet else f"{quoted(line.sheet)}!"
        if not line.rows.timed:
            return prefix + cell(CONSTANT, line.own_row, fixed=True)
        return prefix + cell(FIRST + t, line.own_row)

    def range_of(self, rows: Rows, index: Index, sheet: str = "") -> str:
        """Return the reference to all quarters of a line."""
        line = self.lines[self.signature(rows), index]
        prefix = "" if line.sheet == sheet else f"{quoted(line.sheet)}!"
        ends = (
            cell(FIRST, line.own_row, fixed=True),
            cell(FIRST + self.quarters - 1, line.own_row, fixed=True),
        )
        return f"{prefix}{ends[0]}:{ends[1]}"

    def _formula(self, rows: Rows, index: Index, t: int, sheet: str, *, top: bool = False) -> str:
        return self._text(rows, index, t, sheet, top=top)[0]

    def _text(self, rows: Rows, index: Index, t: int, sheet: str, *, top: bool = False) -> tuple[str, int]:
        """The formula of a place and how tightly it binds: 1 sums, 2 products, 3 powers, 4 all else."""
        if not self.there(rows, index):
            return "0", 4
        if rows.operator == "given" and rows.label is None and not rows.axes and not rows.timed:
            return f"{float(rows.values):.0f}", 4
        if not top and (self.signature(rows), index) in self.lines:
            return self.reference(rows, index, t, sheet), 4
        return self._operation(rows, index, t, sheet)

    def _operation(self, rows: Rows, index: Index, t: int, sheet: str) -> tuple[str, int]:
        operator = rows.operator
        if operator in _BINARY:
            return self._binary(rows, index, t, sheet)
        if operator in ("sum", "least"):
            return self._many(rows, index, t, sheet)
        if operator in ("only", "take"):
            return self._text(rows.operands[0], self._place(rows.operands[0], rows, index), t, sheet)
        if operator in ("arrive", "beyond", "trailing"):
            return self._arrivals(rows, index, t, sheet), 4
        return self._reading(rows, index, t, sheet), 4

    def _reading(self, rows: Rows, index: Index, t: int, sheet: str) -> str:
        """What reads single cells or whole rows of other lines."""
        if rows.operator == "later":
            closing = cast("Later", rows.detail).rows
            if closing is None:
                raise ValueError("a balance was needed and never made")
            line = self.lines[self.signature(closing), ()]
            return ("" if line.sheet == sheet else f"{quoted(line.sheet)}!") + cell(FIRST + t, line.row)
        places = [self._place(operand, rows, index) for operand in rows.operands]
        if rows.operator in ("previous", "first", "last"):
            line = self.lines[self.signature(rows.operands[0]), places[0]]
            prefix = "" if line.sheet == sheet else f"{quoted(line.sheet)}!"
            if rows.operator == "previous":  # the opening balance, which a corkscrew shows first
                return prefix + cell(FIRST + t, line.row)
            at = 0 if rows.operator == "first" else self.quarters - 1
            return prefix + cell(FIRST + at, line.own_row, fixed=True)
        if rows.operator in ("total", "dot"):
            ranges = [
                self.range_of(one, place, sheet) for one, place in zip(rows.operands, places, strict=True)
            ]
            return ("SUM(" if rows.operator == "total" else "SUMPRODUCT(") + ",".join(ranges) + ")"
        texts = [
            self._formula(one, place, t, sheet) for one, place in zip(rows.operands, places, strict=True)
        ]
        pattern = {
            "whole": "ROUNDUP({0}/{1},0)", "if zero": "IF({0}=0,{1},{2})", "over": "IF({1}>0,{0}/({1}),0)",
        }[rows.operator]  # fmt: skip
        return pattern.format(*texts)

    def _binary(self, rows: Rows, index: Index, t: int, sheet: str) -> tuple[str, int]:
        sign, binds, function = _BINARY[rows.operator]
        operands = [(one, self._place(one, rows, index)) for one in rows.operands]
        if rows.operator in "+-":
            shown = [self.there(*each) for each in operands]
            if not shown[1]:
                return self._text(*operands[0], t, sheet)
            if not shown[0]:
                text, tight = self._text(*operands[1], t, sheet)
                if rows.operator == "+":
                    return text, tight
                return f"-{text}" if tight > 1 else f"-({text})", 1
        (left, left_binds), (right, right_binds) = (self._text(*each, t, sheet) for each in operands)
        if function:
            return function.format(left, right), 4
        left = left if left_binds > binds or (left_binds == binds and binds < 3) else f"({left})"
        right_alone = right_binds > binds or (right_binds == binds and rows.operator in "+*")
        return f"{left}{sign}{right if right_alone else f'({right})'}", binds

    def _many(self, rows: Rows, index: Index, t: int, sheet: str) -> tuple[str, int]:
        operand = rows.operands[0]
        places = [place for place in self._places(operand, rows, index) if self.there(operand, place)]
        texts = [self._text(operand, place, t, sheet) for place in places]
        lines = [self._seen(operand, place) for place in places]
        if all(line is not None for line in lines) and len(lines) > 1:
            found = cast("list[Line]", lines)
            column = FIRST + t if operand.timed else CONSTANT
            spans = [
                ("" if place == sheet else f"{quoted(place)}!") + cell(column, one, fixed=not operand.timed)
                + ("" if one == two else f":{cell(column, two, fixed=not operand.timed)}")
                for place, one, two in _runs(found)
            ]  # fmt: skip
            return f"{'MIN' if rows.operator == 'least' else 'SUM'}({','.join(spans)})", 4
        if rows.operator == "least":
            return f"MIN({','.join(text for text, _ in texts)})", 4
        if len(texts) == 1:
            return texts[0]
        return "+".join(text for text, _ in texts), 1

    def _seen(self, rows: Rows, place: Index) -> Line | None:
        """The line that a place leads to, through selections; None where it is a formula."""
        while (self.signature(rows), place) not in self.lines and rows.operator in ("only", "take"):
            rows, place = rows.operands[0], self._place(rows.operands[0], rows, place)
        line = self.lines.get((self.signature(rows), place))
        return line if line is not None and line.height == 1 else None

    def _arrivals(self, rows: Rows, index: Index, t: int, sheet: str) -> str:
        operand, helper = rows.operands[0], self._helper(rows)
        values = self.range_of(operand, self._place(operand, rows, index), sheet)
        arrival = self.range_of(helper, self._place(helper, rows, index), sheet)
        if rows.operator == "beyond":
            last = self.reference(self.number, (), self.quarters - 1, sheet)
            return f'SUMIF({arrival},">"&{last},{values})'
        now = self.reference(self.number, (), t, sheet)
        if rows.operator == "arrive":
            return f"SUMIF({arrival},{now},{values})"
        numbers = self.range_of(self.number, (), sheet)
        return f'SUMIFS({values},{numbers},"<="&{now},{arrival},">"&{now})'


_BINARY: dict[str, tuple[str, int, str]] = {
    "+": ("+", 1, ""),
    "-": ("-", 1, ""),
    "*": ("*", 2, ""),
    "/": ("/", 2, ""),
    "^": ("^", 3, ""),
    "<": ("", 4, "IF({0}<{1},1,0)"),
    "min": ("", 4, "MIN({0},{1})"),
    "max": ("", 4, "MAX({0},{1})"),
}


def _runs(lines: list[Line]) -> list[tuple[str, int, int]]:
    """Sheet, first and last position of the rows that are neighbours."""
    runs: list[tuple[str, int, int]] = []
    for line in lines:
        if runs and runs[-1][0] == line.sheet and runs[-1][2] + 1 == line.own_row:
            runs[-1] = (line.sheet, runs[-1][1], line.own_row)
        else:
            runs.append((line.sheet, line.own_row, line.own_row))
    return runs


def _hashable(detail: object) -> object:
    if isinstance(detail, np.ndarray):
        return (detail.shape, detail.tobytes())
    if isinstance(detail, tuple):
        return tuple(_hashable(each) for each in detail)
    return detail


def column_name(column: int) -> str:
    """Return the letters of a column, from 0."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def cell(column: int, row: int, *, fixed: bool = False) -> str:
    """Return the reference to a cell; positions count from 0.

    Args:
        column: position.
        row: position.
        fixed: whether the reference stays where it is when a formula is copied.
    """
    return f"${column_name(column)}${row + 1}" if fixed else f"{column_name(column)}{row + 1}"


def quoted(sheet: str) -> str:
    """Return the name of a sheet as formulas need it."""
    return f"'{sheet}'" if " " in sheet else sheet
