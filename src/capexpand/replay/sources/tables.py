"""Open tables, plain or compressed, with one clear error for everything that is wrong with the file."""

from __future__ import annotations

import csv
import io
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from capexpand.errors import CaseError, Problem
from capexpand.files import decode_text, read_content
from capexpand.files.parquet import ParquetError, count_rows, read_parquet, read_schema, reason
from capexpand.replay.trace_rows import RowPlaces

if TYPE_CHECKING:
    import polars as pl

TRACE_LIMIT_BYTES = 500_000_000
"""The most that is read of a trace, as it lies and unpacked."""

ROW_LIMIT = 50_000_000
LINE = "line of the file"
"""The column that ``read_columns`` adds: the line of each row, null where a file has no lines."""

_ADVICE = "cut the trace into parts"
_MOST = 1e15
"""The largest size that a number of a table has."""


def read_bytes(path: Path, limit_bytes: int = TRACE_LIMIT_BYTES) -> bytes:
    """Read a whole file, unpacking it when its name ends in ``.gz``.

    Args:
        limit_bytes: the most that it may hold, as it lies and unpacked [byte].

    Raises:
        CaseError: it cannot be read, is too large, or its compression is damaged.
    """
    data = read_content(path, limit_bytes, advice=_ADVICE)
    return unpack(path, data, limit_bytes) if path.suffix == ".gz" else data


def unpack(path: Path, data: bytes, limit_bytes: int) -> bytes:
    """Unpack gzip within bounds: a few kilobytes can hold gigabytes.

    Raises:
        CaseError: the compression is damaged, or the content is too large.
    """
    parts: list[bytes] = []
    size = 0
    rest = data
    try:
        while True:
            stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            parts.append(stream.decompress(rest, limit_bytes - size + 1))
            size += len(parts[-1])
            if size > limit_bytes:
                message = f"holds more than {limit_bytes / 1e6:.0f} MB when unpacked; {_ADVICE}"
                raise CaseError([Problem(message, file=path)])
            if not stream.eof:
                raise zlib.error("it ends early")  # noqa: TRY301
            rest = stream.unused_data.lstrip(b"\0")
            if not rest:
                return b"".join(parts)
    except zlib.error as error:
        reason = str(error).rpartition(": ")[2]
        message = f"the compressed file is damaged or cut off: {reason}"
        raise CaseError([Problem(message, file=path)]) from None


def read_text(path: Path, limit_bytes: int = TRACE_LIMIT_BYTES) -> str:
    """Read a text, plain or compressed, in any Unicode encoding that its byte order mark names.

    Raises:
        CaseError: it cannot be read, is too large, or is no text.
    """
    return decode_text(path, read_bytes(path, limit_bytes))


def read_columns(
    path: Path | tuple[Path, bytes],
    required: Mapping[str, type[pl.DataType] | pl.DataType],
    *,
    optional: Mapping[str, type[pl.DataType] | pl.DataType] | None = None,
    lenient: bool = False,
    only_these: bool = False,
) -> pl.DataFrame:
    """Read named columns of a CSV or Parquet file; a missing optional column is filled with nulls.

    A CSV file may be in any Unicode encoding, quoted, separated by commas, semicolons, tabs or bars, and with
    decimal commas where those do not separate.

    Args:
        path: the file; ``.gz`` is unpacked, ``.parquet`` read as such. Or a file's name and its content.
        required: columns that must be there, with their types.
        optional: columns that may be missing, with their types.
        lenient: put null in place of what is not of the type, where otherwise it is an error.
        only_these: refuse columns that are neither required nor optional.

    Returns:
        The columns, and the line of each row as ``LINE``.

    Raises:
        CaseError: the file is damaged, lacks columns, or holds what is not of the type.
    """
    import polars as pl

    path, data = path if isinstance(path, tuple) else (path, read_bytes(path))
    wanted = dict(required) | dict(optional or {})
    table = _read_table(path, data, wanted)
    missing = [name for name in required if name not in table.columns]
    if missing:
        there = ", ".join(_shown(name) for name in table.columns[:30] if name != LINE)
        raise CaseError([Problem(f"lacks the columns {', '.join(missing)}; it has {there}", file=path)])
    problems: list[Problem] = []
    if only_these:
        problems += _unknown_columns(path, table.columns, list(wanted))
    columns: list[pl.Expr | pl.Series] = [table[LINE]]
    for name, kind in wanted.items():
        if name not in table.columns:
            columns.append(pl.lit(None, dtype=kind).alias(name))
            continue
        source = table[name]
        converted = _convert(source, kind)
        bad = converted.is_null() & source.is_not_null()
        row = bad.arg_max()
        if bad.any() and row is not None and not lenient:
            many = f"{bad.sum()} values are not {_words(kind)}, the first is " if bad.sum() > 1 else ""
            message = f"{many}{_shown(str(source[row]))}" + ("" if many else f" is not {_words(kind)}")
            problems.append(Problem(message, path=name, file=path, line=table[LINE][row]))
        columns.append(converted.alias(name))
    if problems:
        raise CaseError(problems)
    return table.select(columns)


def within(table: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Put no number in place of those with which nothing can be computed, so that their rows are named."""
    import polars as pl

    columns_within = [
        pl.when(pl.col(name).is_null() | (pl.col(name).abs() <= _MOST)).then(name).otherwise(float("nan"))
        for name in columns
    ]
    return table.with_columns(each.alias(name) for each, name in zip(columns_within, columns, strict=True))


def _unknown_columns(path: Path, columns: list[str], known: list[str]) -> list[Problem]:
    from capexpand.case.reading import suggest

    return [
        Problem(f"unknown column {_shown(name)}{suggest(name, known)}", file=path, line=1)
        for name in columns
        if name not in known and name != LINE
    ]


def _convert(source: pl.Series, kind: type[pl.DataType] | pl.DataType) -> pl.Series:
    """Turn a column into a type; null where that is not possible."""
    import polars as pl

    if source.dtype != pl.String or kind == pl.String:
        return source.cast(kind, strict=False)
    text = source.str.strip_chars()
    converted = text.cast(kind, strict=False)
    if kind in (pl.Float64, pl.Int64) and (converted.is_null() & text.is_not_null()).any():
        # a decimal comma, and counts written as 3.0
        point = text.str.replace(r"^([+-]?\d+),(\d+)$", "$1.$2")
        number = point.cast(pl.Float64, strict=False)
        whole = kind == pl.Float64 or number.is_null() | (number == number.round())
        usable = number if whole is True else pl.select(pl.when(whole).then(number)).to_series()
        converted = converted.fill_null(usable.cast(kind, strict=False))
    return converted


def _words(kind: type[pl.DataType] | pl.DataType) -> str:
    import polars as pl

    if kind == pl.Int64:
        return "a whole number"
    return "a number" if kind == pl.Float64 else "a time" if kind != pl.String else "a text"


def _shown(text: str) -> str:
    """A text of the file in a message: quoted, cut where it is long, without control characters."""
    text = text if len(text) <= 60 else text[:57] + "..."
    return f"'{text}'" if text.isprintable() else ascii(text)


def is_parquet(path: Path) -> bool:
    """Tell whether a file's name says that it is Parquet."""
    return path.name.lower().removesuffix(".gz").endswith(".parquet")


def _read_table(
    path: Path, data: bytes, wanted: Mapping[str, type[pl.DataType] | pl.DataType]
) -> pl.DataFrame:
    import polars as pl

    if is_parquet(path):
        return _read_parquet(path, data, list(wanted))
    text = decode_text(path, data)
    if not text.strip():
        raise CaseError([Problem("is empty; a table has a line of column names", file=path)])
    first_line = text.lstrip("\n\r").split("\n", 1)[0]
    separator = find_separator(first_line, list(wanted))
    names = heading(first_line, separator)
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        raise CaseError([Problem(f"the column {_shown(twice[0])} stands twice", file=path, line=1)])
    try:
        table = pl.read_csv(io.BytesIO(text.encode()), infer_schema=False, separator=separator)
    except pl.exceptions.PolarsError as error:
        raise CaseError([_ragged(path, text, separator, error)]) from None
    except pl.exceptions.PanicException:
        raise CaseError([Problem("cannot be read as a table", file=path)]) from None
    stripped = [name.strip() for name in table.columns]
    counts = Counter(stripped)
    table.columns = [
        name if counts[name] == 1 else old for old, name in zip(table.columns, stripped, strict=True)
    ]
    skipped = text[: len(text) - len(text.lstrip("\n\r"))].count("\n")
    # blank lines are no rows: where there are none, a row's line follows from its number
    lines = pl.Series(LINE, np.arange(len(table)) + 2 + skipped, dtype=pl.Int64)
    return table.with_columns(lines)


def _ragged(path: Path, text: str, separator: str, error: Exception) -> Problem:
    """Name the line with more fields than the heading, where that is what is wrong."""
    width = 0
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        for row in reader:
            if not row:
                continue
            width = width or len(row)
            if len(row) > width:
                message = (
                    f"has {len(row)} fields, and the heading {width}; quote a text that holds '{separator}'"
                )
                return Problem(message, file=path, line=reader.line_num)
    except csv.Error as other:
        return Problem(f"cannot be read as a table: {other}", file=path)
    return Problem(f"cannot be read as a table: {reason(error)}", file=path)


def _read_parquet(path: Path, data: bytes, wanted: list[str]) -> pl.DataFrame:
    import polars as pl

    try:
        schema, rows = read_schema(data), count_rows(data)
        if rows > ROW_LIMIT:
            message = f"has {rows} rows; at most {ROW_LIMIT} are read, {_ADVICE}"
            raise CaseError([Problem(message, file=path)])
        chosen = [name for name in wanted if name in schema]
        table = read_parquet(data, chosen) if chosen else pl.DataFrame(schema=schema)
    except ParquetError as error:
        raise CaseError([Problem(f"cannot be read as Parquet: {error}", file=path)]) from None
    if chosen:
        table = table.with_columns(**{name: pl.lit(None) for name in schema if name not in chosen})
    nested = [name for name in chosen if table[name].dtype.is_nested()]
    if nested:
        message = f"{nested[0]} holds lists or structures, not values"
        raise CaseError([Problem(message, file=path)])
    return table.with_columns(pl.lit(None, dtype=pl.Int64).alias(LINE))


def find_separator(line: str, names: list[str]) -> str:
    """Choose what separates the fields of a table: the candidate that makes most known column names.

    Args:
        line: the heading.
        names: columns that may stand in it.
    """
    candidates = (",", ";", "\t", "|")
    known = set(names)
    return max(candidates, key=lambda one: (len(known & set(heading(line, one))), line.count(one)))


def heading(line: str, separator: str) -> list[str]:
    """Return the column names of a table's first line, without quotes and spaces around them."""
    try:
        row = next(csv.reader([line.rstrip("\r\n")], delimiter=separator), list[str]())
    except csv.Error:
        row = line.split(separator)
    return [name.strip().strip('"').strip() for name in row]


def parse_times(column: pl.Series) -> np.ndarray:
    """Turn written times into seconds since 1970; not a number where they cannot be read.

    Args:
        column: numbers of seconds, or dates with times to the minute or second, with or without fraction and
            time zone (UTC when without).

    Returns:
        The times [s], shape (rows,).
    """
    import polars as pl

    if column.dtype.is_numeric():
        return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    if column.dtype.is_temporal():
        moment = column.cast(pl.Datetime("us"), strict=False).dt.epoch("us").cast(pl.Float64)
        return moment.fill_null(float("nan")).to_numpy() / 1e6
    text = column.cast(pl.String, strict=False).str.strip_chars()
    seconds = text.cast(pl.Float64, strict=False)
    zone = text.str.extract(r":\d{2}(?:\.\d+)? ?([+-]\d{2}:?\d{2}|Z)$")
    offset = zone.str.slice(0, 1).replace({"-": "-1", "+": "1", "Z": "0"}).cast(
        pl.Float64, strict=False
    ).fill_null(0) * (
        zone.str.slice(1, 2).cast(pl.Float64, strict=False).fill_null(0) * 3600
        + zone.str.slice(-2).cast(pl.Float64, strict=False).fill_null(0) * 60
    )
    plain = (
        text.str.replace(r"(:\d{2}(?:\.\d+)?) ?([+-]\d{2}:?\d{2}|Z)$", "$1")
        .str.replace("T", " ")
        .str.strip_chars()
    )
    # fractions may have up to nine digits: split them off, since one format cannot take them all
    bare = plain.str.replace(r"\.\d+$", "").str.replace(r"^(\S+ \d{2}:\d{2})$", "$1:00")
    whole = bare.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False)
    fraction = plain.str.extract(r"(\.\d+)$").cast(pl.Float64, strict=False).fill_null(0.0)
    written = whole.dt.epoch("s").cast(pl.Float64) + fraction - offset
    return seconds.fill_null(written).fill_null(float("nan")).to_numpy()


def as_written(path: Path, table: pl.DataFrame, times: str) -> RowPlaces:
    """Say where the rows of a table stand.

    Args:
        table: from ``read_columns``.
        times: the column of the times of arrival.
    """
    lines = None if is_parquet(path) else table[LINE].to_numpy()
    return RowPlaces(path, lines, table[times].to_numpy())


def trace_name(path: Path) -> str:
    """Return the name of a file without its endings."""
    return path.name.split(".")[0]
