"""Reads a column of a CSV table by date: long series live beside the case, not in it."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path

from capexpand.case.reading import parse_day, suggest
from capexpand.errors import CaseError, Problem
from capexpand.files import read_content
from capexpand.units import QuantityError

TABLE_LIMIT_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line of a table: a day and a number, and where the number stands."""

    day: date
    number: float
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of numbers by date.

    Args:
        path: the file.
        name: header of the column.
        rows: the lines, by date.
    """

    path: Path
    name: str
    rows: tuple[TableRow, ...]


def read_column(path: Path, name: str, *, tables: dict[Path, bytes]) -> TableColumn:
    """Read the column ``name`` of a CSV file with a header and a column ``date``.

    Args:
        tables: contents of files already read; this one is added.

    Raises:
        CaseError: no such file, no such column, something that is not a date or a number, dates out of
            order or twice; every problem at its line.
    """
    if path not in tables:
        tables[path] = read_content(path, TABLE_LIMIT_BYTES)
    lines = _lines(path, tables[path])
    if not lines:
        raise CaseError([Problem("is empty; a table has a header with date and the columns", file=path)])
    header = [cell.strip() for cell in lines[0].cells]
    for wanted in ("date", name):
        if header.count(wanted) != 1:
            how = "no column" if wanted not in header else "more than one column"
            message = f"has {how} '{wanted}'{suggest(wanted, header)}"
            raise CaseError([Problem(message, file=path, line=1, column=1)])
    return TableColumn(path, name, _rows(path, lines[1:], header, name))


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a table: its cells and the number of its last line in the file."""

    cells: list[str]
    number: int

    def column(self, index: int) -> int:
        """Where a cell begins in its line, from 1; quotes are not counted."""
        return sum(len(cell) + 1 for cell in self.cells[:index]) + 1


def _lines(path: Path, content: bytes) -> list[_Line]:
    try:
        reader = csv.reader(StringIO(content.decode("utf-8-sig")), strict=True)
        return [_Line(cells, reader.line_num) for cells in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise CaseError([Problem(f"is not a CSV table: {error}", file=path)]) from None


def _rows(path: Path, lines: list[_Line], header: list[str], name: str) -> tuple[TableRow, ...]:
    date_index, value_index = header.index("date"), header.index(name)
    problems: list[Problem] = []
    rows: list[TableRow] = []

    def note(message: str, line: _Line, index: int) -> None:
        problems.append(Problem(message, file=path, line=line.number, column=line.column(index)))

    for line in lines:
        if not any(cell.strip() for cell in line.cells):
            continue
        if len(line.cells) <= max(date_index, value_index):
            note(f"has {len(line.cells)} cells, fewer than the header", line, 0)
            continue
        if len(line.cells) > len(header):
            note(f"has {len(line.cells)} cells, more than the header", line, len(header))
            continue
        written, text = line.cells[date_index].strip(), line.cells[value_index].strip()
        day, number = None, _number(text)
        try:
            day = parse_day(written)
        except QuantityError as error:
            note(str(error), line, date_index)
        if day is None:
            pass  # said already
        elif rows and day == rows[-1].day:
            note(f"{day} stands twice", line, date_index)
        elif rows and day < rows[-1].day:
            note(f"{day} comes after {rows[-1].day}; sort the table by date", line, date_index)
        if number is None:
            note(f"'{text}' is not a finite number", line, value_index)
        if day is not None and number is not None:
            rows.append(TableRow(day, number, line.number, line.column(value_index)))
    if not rows and not problems:
        problems.append(Problem("has no rows under its header", file=path, line=1, column=1))
    if problems:
        raise CaseError(problems)
    return tuple(rows)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
