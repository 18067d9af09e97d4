"""A case as the rows of a workbook: each row a field with its value, and back to a tree of nodes.

A row has a field (its place in the case), a value, a unit, and where wanted a source, a reason and the date
of the evidence. ``As`` says how a value is meant where the cell alone would not: as a text, a number,
nothing, an empty list or an empty mapping.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from capexpand.case.document import DocumentNode, Mark
from capexpand.errors import CaseError, Problem
from capexpand.files.json_text import JsonObject
from capexpand.files.workbooks import read_cells

COLUMNS = ("Field", "Value", "Unit", "As", "Source", "Reason", "Date", "Meaning")
FIELD, VALUE, UNIT, AS, SOURCE, REASON, DATE = range(7)
ORIGINS = ((SOURCE, "source"), (REASON, "reason"), (DATE, "basis_date"))
TEXT, NUMBER, WHOLE, NOTHING, EMPTY_LIST, EMPTY_MAPPING = (
    "text", "number", "whole", "nothing", "empty list", "empty mapping",
)  # fmt: skip
KINDS = (TEXT, NUMBER, WHOLE, NOTHING, EMPTY_LIST, EMPTY_MAPPING)
ROOT = "Origin"
"""Name of the sheet by which the workbook of a run is known."""

_STEP = re.compile(r'\[(\d+)\]|\.?"((?:[^"\\]|\\.)*)"|\.?([^."\[\]]+)')
_PLAIN_STEP = re.compile(r"[A-Za-z0-9_-]+")
_QUANTITY = re.compile(r"(-?(?:0|[1-9]\d{0,14})(?:\.\d+)?) (\S.*)")
_NO_QUANTITY = ("title", "description", "source", "reason", "status", "name")

_CONTAINERS = (dict, list)
Step = str | int
Place = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class CellMark(Mark):
    """A place in a workbook."""

    cell: str = ""

    def problem(self, message: str, path: str = "") -> Problem:  # pyrefly: ignore[missing-override-decorator]
        """Return a problem at this cell."""
        return Problem(message, path=path, file=self.file, line=self.line, column=self.column, cell=self.cell)


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field of a case as cells."""

    field: str
    value: object = ""
    unit: str = ""
    kind: str = ""
    source: str = ""
    reason: str = ""
    date: str = ""


# a document as rows


def rows_of(document: Mapping[str, Any]) -> Iterator[tuple[Place, FieldRow]]:
    """Yield a document as rows, in its order.

    Args:
        document: a case as plain data.
    """
    yield from _rows(document, ())


def _rows(value: Any, place: Place) -> Iterator[tuple[Place, FieldRow]]:
    if place and isinstance(value, dict) and _sourced(value):
        row = _row(value["value"], place)
        texts = {name: value.get(name, "") for _, name in ORIGINS}
        yield place, FieldRow(row.field, row.value, row.unit, row.kind, *texts.values())
    elif isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _rows(inner, (*place, str(key)))
    elif isinstance(value, list) and value:
        for i, inner in enumerate(value):
            yield from _rows(inner, (*place, i))
    else:
        yield place, _row(value, place)


def _sourced(value: JsonObject) -> bool:
    """Whether a mapping is a number with its origin, which takes one row."""
    inner = value.get("value")
    rest = {key: text for key, text in value.items() if key != "value"}
    return (
        "value" in value
        and inner is not None
        and not isinstance(inner, _CONTAINERS)
        and bool(rest)
        and set(rest) <= {name for _, name in ORIGINS}
        and all(isinstance(text, str) and text and text.strip() == text for text in rest.values())
    )


def _row(value: Any, place: Place) -> FieldRow:
    name = write_place(place)
    if value is None or isinstance(value, _CONTAINERS):
        return FieldRow(name, kind=NOTHING if value is None else _EMPTY[type(value).__name__])
    if isinstance(value, bool):
        return FieldRow(name, value)
    if isinstance(value, int | float):
        return _number_row(name, value)
    text = str(value)
    found = _QUANTITY.fullmatch(text) if place and place[-1] not in _NO_QUANTITY else None
    if found is not None and written_number(float(found[1])) == found[1] and found[2].strip() == found[2]:
        number = float(found[1])
        return FieldRow(name, int(number) if number.is_integer() else number, found[2])
    return FieldRow(name, text, kind=TEXT if text.strip() != text or not text else "")


_EMPTY = {"dict": EMPTY_MAPPING, "list": EMPTY_LIST}


def _number_row(name: str, value: float) -> FieldRow:
    """A number as a cell where the cell keeps it to the last digit, or else as a text."""
    if isinstance(value, int):
        return FieldRow(name, value) if abs(value) < 10**15 else FieldRow(name, str(value), kind=WHOLE)
    exact = math.isfinite(value) and float(f"{value:.16G}") == value and not value.is_integer()
    return FieldRow(name, value) if exact else FieldRow(name, repr(value), kind=NUMBER)


def written_number(number: float) -> str:
    """Return a number as a case file writes it: no exponent, no trailing zeros."""
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    text = repr(number)
    return text if "e" not in text else f"{number:.20f}".rstrip("0")


def write_place(place: Place) -> str:
    """Return a place as text, such as ``workloads.chat.tranches[0].share``."""
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            quoted = step.replace("\\", "\\\\").replace('"', '\\"')
            text += "." * bool(text) + (step if _PLAIN_STEP.fullmatch(step) else f'"{quoted}"')
    return text


def read_place(text: str) -> Place | None:
    """Return the steps of a place; None where the text is none."""
    steps: list[Step] = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None or ((at == 0) == found[0].startswith(".") and not found[0].startswith("[")):
            return None
        index, quoted, plain = found.groups()
        if index is not None:
            steps.append(int(index))
        elif quoted is not None:
            steps.append(re.sub(r"\\(.)", r"\1", quoted))
        else:
            steps.append(plain.strip())
        at = found.end()
    return tuple(steps) if steps and isinstance(steps[0], str) else None


# rows as a document


def read_workbook_document(path: Path) -> DocumentNode:
    """Read a workbook that holds a case.

    Args:
        path: an .xlsx file.

    Returns:
        The tree, whose marks name sheet and cell.

    Raises:
        CaseError: it is no workbook of a case; every mistake is named by sheet and cell.
    """
    cells = read_cells(path)
    problems: list[Problem] = []
    root = _Branch(CellMark(path, 1, 1, "A1"))
    sheets = [name for name, rows in cells.items() if rows and _header(rows[0])]
    if not sheets:
        what = "is the workbook of a run; capexpand import makes a variant of what was changed in it"
        first = ", ".join(COLUMNS[:3])
        none = f"holds no case: no sheet begins with {first}; capexpand new DIR --excel writes one"
        raise CaseError([Problem(what if ROOT in cells and "Control" in cells else none, file=path)])
    for number, sheet in enumerate(sheets):
        for i, cells_of_row in enumerate(cells[sheet][1:], start=2):
            _add(root, _Reader(path, sheet, i, number, [*cells_of_row, *[""] * 7]), problems)
    if problems:
        raise CaseError(problems)
    return root.node(problems)


def _header(row: list[object]) -> bool:
    return [str(cell).strip().lower() for cell in row[:3]] == [name.lower() for name in COLUMNS[:3]]


@dataclass(slots=True)
class _Branch:
    """A mapping or list that is being filled."""

    mark: CellMark
    inner: dict[Step, _Branch | DocumentNode] | None = None
    marks: dict[Step, CellMark] | None = None

    def node(self, problems: list[Problem]) -> DocumentNode:
        inner, marks = self.inner or {}, self.marks or {}
        made = {
            step: each if isinstance(each, DocumentNode) else each.node(problems)
            for step, each in inner.items()
        }
        if made and all(isinstance(step, int) for step in made):
            return DocumentNode(tuple(made[step] for step in sorted(made)), self.mark, {})
        values = {str(step): node for step, node in made.items()}
        return DocumentNode(values, self.mark, {str(step): mark for step, mark in marks.items()})


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one row."""

    path: Path
    sheet: str
    row: int
    number: int  # of the sheet, so that problems come in the order of the book
    cells: list[object]

    def mark(self, column: int) -> CellMark:
        name = f"'{self.sheet}'" if not self.sheet.isalnum() else self.sheet
        return CellMark(
            self.path,
            1_000_000 * self.number + self.row,
            column + 1,
            f"{name}!{'ABCDEFGH'[column]}{self.row}",
        )

    def text(self, column: int) -> str:
        cell = self.cells[column]
        return _day(cell) if isinstance(cell, date) else str(cell).strip()

    def value(self, problems: list[Problem]) -> DocumentNode | None:
        kind, cell, unit = self.text(AS).lower(), self.cells[VALUE], self.text(UNIT)
        if kind and kind not in KINDS:
            known = ", ".join(KINDS)
            problems.append(self.mark(AS).problem(f"'{kind}' is none of {known}; leave it empty if in doubt"))
            return None
        found = self._value(kind, cell, unit, problems)
        origin = {name: self.text(column) for column, name in ORIGINS if self.text(column)}
        mark = self.mark(VALUE)
        if not origin or found is None:
            return found
        fields = {"value": found}
        keys: dict[str, Mark] = {"value": mark}
        for column, name in ORIGINS:
            if name in origin:
                fields[name] = DocumentNode(origin[name], self.mark(column), {})
                keys[name] = self.mark(column)
        return DocumentNode(fields, mark, keys)

    def _value(self, kind: str, cell: object, unit: str, problems: list[Problem]) -> DocumentNode | None:
        mark = self.mark(VALUE)
        if kind in (NOTHING, EMPTY_LIST, EMPTY_MAPPING):
            empty: Any = {NOTHING: None, EMPTY_LIST: (), EMPTY_MAPPING: {}}[kind]
            return DocumentNode(empty, mark, {})
        if kind in (NUMBER, WHOLE):
            try:
                return DocumentNode(int(str(cell)) if kind == WHOLE else float(str(cell)), mark, {})
            except ValueError:
                problems.append(mark.problem(f"'{cell}' is not a {kind} number"))
                return None
        if isinstance(cell, str) and not cell and kind != TEXT:
            problems.append(mark.problem("has no value; write one, or delete the row"))
            return None
        return DocumentNode(self._scalar(kind, cell, unit), mark, {})

    def _scalar(self, kind: str, cell: object, unit: str) -> str | int | float | bool:
        if isinstance(cell, bool):
            return cell
        if isinstance(cell, int | float):
            if kind == TEXT or unit:
                return f"{written_number(float(cell))}{' ' if unit else ''}{unit}"
            return int(cell) if float(cell).is_integer() else float(cell)
        text = _day(cell) if isinstance(cell, date) else str(cell)
        return f"{text} {unit}" if unit else text


def _day(cell: date) -> str:
    return (cell.date() if isinstance(cell, datetime) else cell).isoformat()


def _add(root: _Branch, reader: _Reader, problems: list[Problem]) -> None:
    """Put the value of a row at its place in the tree."""
    name = reader.text(FIELD)
    if not name:
        if reader.text(VALUE):
            problems.append(reader.mark(FIELD).problem("names no field for the value beside it"))
        return
    if name.startswith("#"):
        return
    place = read_place(name)
    mark = reader.mark(FIELD)
    if place is None:
        problems.append(mark.problem(f"'{name}' is not the place of a field, such as finance.tax_rate"))
        return
    value = reader.value(problems)
    if value is None:
        return
    branch = root
    for step in place[:-1]:
        branch.inner, branch.marks = branch.inner or {}, branch.marks or {}
        below = branch.inner.setdefault(step, _Branch(mark))
        branch.marks.setdefault(step, mark)
        if isinstance(below, DocumentNode):
            problems.append(mark.problem(f"'{name}' lies inside a field that has a value already", name))
            return
        branch = below
    branch.inner, branch.marks = branch.inner or {}, branch.marks or {}
    if place[-1] in branch.inner:
        first = branch.marks[place[-1]].cell
        problems.append(mark.problem(f"'{name}' stands twice, first in {first}", name))
        return
    branch.inner[place[-1]] = value
    branch.marks[place[-1]] = reader.mark(VALUE)
    kinds = {isinstance(step, int) for step in branch.inner}
    if len(kinds) > 1:
        problems.append(mark.problem(f"'{name}' makes a list of what has named fields", name))
