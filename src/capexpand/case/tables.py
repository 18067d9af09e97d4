"""Reads a column of a CSV table by date: long series live beside the case, not in it."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path

from capexpand.errors import CaseError, Problem

TABLE_LIMIT_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line of a table: a day and a number, and where they stand."""

    day: date
    number: float
    line: int


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of numbers by date.

    Args:
        path: the file.
        column: position of the column in the file, from 1.
        rows: the lines, by date.
    """

    path: Path
    column: int
    rows: tuple[TableRow, ...]


def read_column(path: Path, name: str, *, tables: dict[Path, bytes]) -> TableColumn:
    """Read the column ``name`` of a CSV file with a header and a column ``date``.

    Args:
        path: the file.
        name: header of the column.
        tables: contents of files already read; this one is added.

    Raises:
        CaseError: no such file, no such column, something that is not a date or a number, dates out of
            order or twice; every problem at its line.
    """
    if path not in tables:
        tables[path] = _content(path)
    try:
        text = tables[path].decode("utf-8-sig")
        lines = list(csv.reader(StringIO(text), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise CaseError([Problem(f"is not a CSV table: {error}", file=path)]) from None
    if not lines:
        raise CaseError([Problem("is empty; a table has a header with date and the columns", file=path)])
    header = [cell.strip() for cell in lines[0]]
    for wanted in ("date", name):
        if header.count(wanted) != 1:
            having = "; it has " + ", ".join(header)
            how = "no column" if wanted not in header else "more than one column"
            raise CaseError([Problem(f"{how} '{wanted}'{having}", file=path, line=1, column=1)])
    return TableColumn(
        path, header.index(name) + 1, _rows(path, lines, header.index("date"), header.index(name))
    )


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > TABLE_LIMIT_BYTES:
            raise CaseError([Problem(f"is larger than {TABLE_LIMIT_BYTES // 10**6} MB", file=path)])
        return path.read_bytes()
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else str(error.strerror)
        raise CaseError([Problem(f"cannot read the table: {reason}", file=path)]) from None


def _rows(path: Path, lines: list[list[str]], date_index: int, value_index: int) -> tuple[TableRow, ...]:
    problems: list[Problem] = []
    rows: list[TableRow] = []
    for line, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) <= max(date_index, value_index):
            problems.append(
                Problem(f"has {len(cells)} cells, fewer than the header", file=path, line=line, column=1)
            )
            continue
        day, number = _day(cells[date_index]), _number(cells[value_index])
        if day is None:
            message = f"'{cells[date_index].strip()}' is not a date; write it as 2025-04-01"
            problems.append(Problem(message, file=path, line=line, column=date_index + 1))
        elif rows and day <= rows[-1].day:
            how = (
                "stands twice"
                if day == rows[-1].day
                else f"comes after {rows[-1].day}; sort the table by date"
            )
            problems.append(Problem(f"{day} {how}", file=path, line=line, column=date_index + 1))
        if number is None:
            message = f"'{cells[value_index].strip()}' is not a number"
            problems.append(Problem(message, file=path, line=line, column=value_index + 1))
        if day is not None and number is not None:
            rows.append(TableRow(day, number, line))
    if not rows and not problems:
        problems.append(Problem("has no rows under its header", file=path, line=1, column=1))
    if problems:
        raise CaseError(problems)
    return tuple(rows)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
