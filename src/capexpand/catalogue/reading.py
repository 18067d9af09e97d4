"""Reads a table of the catalogue from its file; refuses it, with every problem, when a row does not hold."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from capexpand.catalogue.columns import CatalogueColumn, Cell
from capexpand.catalogue.rows import Row, Source
from capexpand.catalogue.tables import TABLES, CatalogueTable, Values, source_columns
from capexpand.errors import CaseError, Problem
from capexpand.files import read_text

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

DATA_FOLDER = Path(__file__).parent / "data"

LARGEST_TABLE = 16_000_000
"""The most that a table may hold [byte]."""

MOST_PROBLEMS = 100
"""So many problems of one file are listed."""

SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}

ADDRESS_STARTS = ("https://", "http://", "public-file:", "news-report:")


@cache
def table_named(name: str) -> CatalogueTable:
    """Find the description of a table.

    Raises:
        CaseError: there is no such table; a near name is suggested.
    """
    for table in TABLES:
        if table.name == name:
            return table
    raise CaseError([Problem(f"the catalogue has no table '{name}'{near(name, [t.name for t in TABLES])}")])


def near_names(word: str, options: Iterable[str], *, most: int = 3) -> list[str]:
    """Pick the options that look like a word, the likest first, whatever their capitals."""
    import difflib

    folded = {option.casefold(): option for option in options}
    return [
        folded[key] for key in difflib.get_close_matches(word.casefold(), list(folded), n=most, cutoff=0.5)
    ]


def near(word: str, options: Iterable[str]) -> str:
    """Write a suggestion for a word that is not among the options, or all of them where they are few."""
    options = sorted(set(options))
    found = near_names(word, options)
    if found:
        return f"; did you mean {' or '.join(found)}?"
    return f"; there are {', '.join(options)}" if 0 < len(options) <= 12 else ""


@cache
def load_table(name: str) -> tuple[Row, ...]:
    """Read a packaged table, once in a process.

    Args:
        name: name of the table, such as ``accelerators``.

    Returns:
        Its rows in the order of the file.

    Raises:
        CaseError: no such table, or rows that do not hold; every problem with file and line.
    """
    return read_table(table_named(name), DATA_FOLDER / f"{name}.csv")


def read_table(table: CatalogueTable, path: Path) -> tuple[Row, ...]:
    """Read a table from a file in its format.

    Args:
        table: what the file must hold.

    Returns:
        Its rows in the order of the file.

    Raises:
        CaseError: the file cannot be read, columns are missing or unknown, or cells do not hold; all at once.
    """
    content = read_text(path, LARGEST_TABLE, advice="in several files")
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    problems: list[Problem] = []
    rows: list[Row] = []
    try:
        header: list[str] = [name.strip() for name in next(reader, list[str]())]
        problems.extend(Problem(message, file=path, line=1) for message in _check_header(header, table))
        if not problems:
            rows = _read_rows(reader, header, table=table, path=path, problems=problems)
    except csv.Error as error:
        problems.append(
            Problem(f"is not a table of comma-separated values: {error}", file=path, line=reader.line_num)
        )
    if problems:
        more = len(problems) - MOST_PROBLEMS
        if more > 0:
            problems[MOST_PROBLEMS:] = [Problem(f"and {more} more problems", file=path)]
        raise CaseError(problems)
    return tuple(rows)


def _all_columns(table: CatalogueTable) -> dict[str, CatalogueColumn]:
    columns = list(table.columns)
    for prefix in table.sources:
        columns.extend(source_columns(prefix))
    return {column.name: column for column in columns}


def _check_header(header: list[str], table: CatalogueTable) -> Iterator[str]:
    due = _all_columns(table)
    if not header:
        yield f"is empty; the first line names the columns: {', '.join(due)}"
        return
    separator = next((mark for mark in SEPARATORS if mark in header[0]), None)
    if len(header) == 1 and separator is not None and due.keys() & set(header[0].split(separator)):
        yield f"has {SEPARATORS[separator]} between its cells; save it with commas"
        return
    for name in due:
        if name not in header:
            yield f"column {name} is missing"
    for name in header:
        if name not in due:
            yield f"unknown column {name}{near(name, list(due))}"
        elif header.count(name) > 1:
            yield f"column {name} is there twice"


def _numbered(reader: CsvReader) -> Iterator[tuple[int, list[str]]]:
    """Give each row with the line on which it begins: a cell may go over several lines."""
    line = reader.line_num + 1
    for cells in reader:
        yield line, cells
        line = reader.line_num + 1


def _read_rows(
    reader: CsvReader, header: list[str], *, table: CatalogueTable, path: Path, problems: list[Problem]
) -> list[Row]:
    """Read all rows; what is wrong is added to ``problems``."""
    columns = [_all_columns(table)[name] for name in header]
    rows: list[Row] = []
    seen: dict[tuple[Cell, ...], int] = {}
    for line, cells in _numbered(reader):
        if not cells:
            continue
        if len(cells) != len(columns):
            problems.append(Problem(f"has {len(cells)} cells, not {len(columns)}", file=path, line=line))
            continue
        values: dict[str, Cell] = {}
        found = list(_read_cells(cells, columns, values=values))
        if not found:
            found = list(_check_row(values, table))
            key = tuple(values[name] for name in table.key)
            if key in seen:
                found.append(f"has the same key ({', '.join(table.key)}) as line {seen[key]}")
            seen.setdefault(key, line)
        problems.extend(Problem(message, file=path, line=line) for message in found)
        if not found:
            rows.append(_build(values, table))
    return rows


def _read_cells(
    cells: list[str], columns: list[CatalogueColumn], *, values: dict[str, Cell]
) -> Iterator[str]:
    for cell, column in zip(cells, columns, strict=True):
        stripped = cell.strip()
        if not stripped:
            values[column.name] = column.empty
            if column.required:
                yield f"{column.name} is empty; a {column.kind} is needed"
            continue
        try:
            values[column.name] = column.read(stripped)
        except ValueError as error:
            yield f"{column.name}: {error}"


def _check_row(values: Values, table: CatalogueTable) -> Iterator[str]:
    for prefix in table.sources:
        if values[f"{prefix}source_title"]:
            yield from _check_source(values, prefix)
    yield from table.check(values)


def _check_source(values: Values, prefix: str) -> Iterator[str]:
    url, kind = str(values[f"{prefix}source_url"]), values[f"{prefix}source_kind"]
    verified = values[f"{prefix}verified"]
    if kind == "general_knowledge":
        if verified:
            yield f"{prefix}verified is true, but general knowledge was read nowhere"
    elif not url:
        yield f"{prefix}source_url is empty; only general knowledge has no address"
    if url and not url.startswith(ADDRESS_STARTS):
        yield f"{prefix}source_url '{url}' starts with none of {', '.join(ADDRESS_STARTS)}"
    for name in (f"{prefix}source_place", f"{prefix}source_kind"):
        if not values[name]:
            yield f"{name} is empty although a source is named"
    if verified is None:
        yield f"{prefix}verified is empty although a source is named"


def _build(values: Values, table: CatalogueTable) -> Row:
    cells: dict[str, Cell | Source] = {column.name: values[column.name] for column in table.columns}
    for prefix in table.sources:
        cells[f"{prefix}source"] = _source(values, prefix)
    return table.row_type(**cells)  # pyrefly: ignore


def _source(values: Values, prefix: str) -> Source | None:
    title = values[f"{prefix}source_title"]
    if not title:
        return None
    return Source(
        title=str(title),
        url=str(values[f"{prefix}source_url"]),
        place=str(values[f"{prefix}source_place"]),
        kind=str(values[f"{prefix}source_kind"]),
        verified=bool(values["verified" if not prefix else f"{prefix}verified"]),
    )
