"""Open tables, plain or compressed, with one clear error for everything that is wrong with the file."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from capexpand.errors import CaseError, Problem

if TYPE_CHECKING:
    import polars as pl


def read_bytes(path: Path) -> bytes:
    """Read a whole file, decompressing it when its name ends in ``.gz``.

    Args:
        path: the file.

    Raises:
        CaseError: the file is not there, or its compression is damaged.
    """
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.suffix == ".gz" else data
    except FileNotFoundError:
        raise CaseError([Problem("no such file", file=path)]) from None
    except IsADirectoryError:
        raise CaseError([Problem("is a folder, where a file is due", file=path)]) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CaseError([Problem(f"the compressed file is damaged or cut off: {error}", file=path)]) from None


def read_columns(
    path: Path | tuple[Path, bytes],
    required: Mapping[str, type[pl.DataType] | pl.DataType],
    *,
    optional: Mapping[str, type[pl.DataType] | pl.DataType] | None = None,
    separator: str = ",",
    lenient: bool = False,
) -> pl.DataFrame:
    """Read named columns of a CSV or Parquet file; a missing optional column is filled with nulls.

    Args:
        path: the file; ``.gz`` is decompressed, ``.parquet`` read as such. Or a file's name and its content.
        required: columns that must be there, with their types.
        optional: columns that may be missing, with their types.
        separator: between the fields of a CSV file.
        lenient: put null in place of what is not of the type, where otherwise it is an error.

    Raises:
        CaseError: the file is damaged, lacks columns, or holds what is not of the type.
    """
    import polars as pl

    path, data = path if isinstance(path, tuple) else (path, read_bytes(path))
    table = _read_table(path, data, separator=separator)
    missing = [name for name in required if name not in table.columns]
    if missing:
        problem = Problem(
            f"lacks the columns {', '.join(missing)}; it has {', '.join(table.columns)}", file=path
        )
        raise CaseError([problem])
    wanted = dict(required)
    columns: list[pl.Expr | pl.Series] = []
    for name, kind in (optional or {}).items():
        if name in table.columns:
            wanted[name] = kind
        else:
            columns.append(pl.lit(None, dtype=kind).alias(name))
    problems = []
    for name, kind in wanted.items():
        source = table[name]
        converted = source.cast(kind, strict=False)
        bad = converted.is_null() & source.is_not_null()
        if source.dtype == pl.String and kind != pl.String:
            bad &= source.str.strip_chars() != ""
        row = bad.arg_max()
        if bad.any() and row is not None and not lenient:
            message = f"{bad.sum()} values are not of type {kind}, the first is {source[row]!r}"
            problems.append(Problem(message, path=name, file=path, line=row + 2))
        columns.append(converted.alias(name))
    if problems:
        raise CaseError(problems)
    return table.select(columns)


def _read_table(path: Path, data: bytes, *, separator: str) -> pl.DataFrame:
    import polars as pl

    name = path.name.removesuffix(".gz")
    try:
        if name.endswith(".parquet"):
            return pl.read_parquet(io.BytesIO(data))
        return pl.read_csv(io.BytesIO(data), infer_schema=False, separator=separator)
    except pl.exceptions.PolarsError as error:
        first = str(error).splitlines()[0]
        raise CaseError([Problem(f"cannot be read as a table: {first}", file=path)]) from None


def parse_times(column: pl.Series) -> np.ndarray:
    """Turn written times into seconds since 1970; not a number where they cannot be read.

    Args:
        column: numbers of seconds, or dates with times, with or without fraction and time zone (UTC when
            without).

    Returns:
        The times [s], shape (rows,).
    """
    import polars as pl

    if column.dtype.is_numeric():
        return column.cast(pl.Float64).to_numpy()
    if column.dtype.is_temporal():
        return column.cast(pl.Datetime("us")).dt.epoch("us").cast(pl.Float64).to_numpy() / 1e6
    text = column.cast(pl.String).str.strip_chars()
    seconds = text.cast(pl.Float64, strict=False)
    zone = text.str.extract(r"([+-]\d{2}:?\d{2}|Z)$")
    offset = zone.str.slice(0, 1).replace({"-": "-1", "+": "1", "Z": "0"}).cast(
        pl.Float64, strict=False
    ).fill_null(0) * (
        zone.str.slice(1, 2).cast(pl.Float64, strict=False).fill_null(0) * 3600
        + zone.str.slice(-2).cast(pl.Float64, strict=False).fill_null(0) * 60
    )
    plain = text.str.replace(r"([+-]\d{2}:?\d{2}|Z)$", "").str.replace("T", " ").str.strip_chars()
    # fractions may have up to nine digits: split them off, since one format cannot take them all
    whole = plain.str.replace(r"\.\d+$", "").str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False)
    fraction = plain.str.extract(r"(\.\d+)$").cast(pl.Float64, strict=False).fill_null(0.0)
    written = whole.dt.epoch("s").cast(pl.Float64) + fraction - offset
    return seconds.fill_null(written).to_numpy()


def trace_name(path: Path) -> str:
    """Return the name of a file without its endings.

    Args:
        path: the file.
    """
    return path.name.split(".")[0]
