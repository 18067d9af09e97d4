"""Open tables, plain or compressed, with one clear error for everything that is wrong with the file."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

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
    path: Path,
    required: Mapping[str, type[pl.DataType]],
    *,
    optional: Mapping[str, type[pl.DataType]] | None = None,
    separator: str = ",",
) -> pl.DataFrame:
    """Read named columns of a CSV or Parquet file; a missing optional column is filled with nulls.

    Args:
        path: the file; ``.gz`` is decompressed, ``.parquet`` read as such.
        required: columns that must be there, with their types.
        optional: columns that may be missing, with their types.
        separator: between the fields of a CSV file.

    Raises:
        CaseError: the file is damaged, lacks columns, or holds what is not of the type.
    """
    import polars as pl

    table = _read_table(path, separator=separator)
    missing = [name for name in required if name not in table.columns]
    if missing:
        problem = Problem(f"lacks the columns {', '.join(missing)}; it has {', '.join(table.columns)}", file=path)
        raise CaseError([problem])
    wanted = dict(required)
    columns = []
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
        if bad.any() and row is not None:
            message = f"{bad.sum()} values are not of type {kind.__name__}, the first is {source[row]!r}"
            problems.append(Problem(message, path=name, file=path, line=row + 2))
        columns.append(converted.alias(name))
    if problems:
        raise CaseError(problems)
    return table.select(columns) if columns else table


def _read_table(path: Path, *, separator: str) -> pl.DataFrame:
    import polars as pl

    data = read_bytes(path)
    name = path.name.removesuffix(".gz")
    try:
        if name.endswith(".parquet"):
            return pl.read_parquet(io.BytesIO(data))
        return pl.read_csv(io.BytesIO(data), infer_schema=False, separator=separator)
    except pl.exceptions.PolarsError as error:
        first = str(error).splitlines()[0]
        raise CaseError([Problem(f"cannot be read as a table: {first}", file=path)]) from None
