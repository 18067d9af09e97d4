"""Parquet: what a user names is read in a process apart first, since some damage makes the library abort."""

from __future__ import annotations

import os
import subprocess
import sys
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polars import DataFrame, Schema

_TRIAL = "import io, sys, polars; polars.read_parquet(io.BytesIO(sys.stdin.buffer.read()))"


class ParquetError(ValueError):
    """A file is no Parquet table that can be read; the message is a clause without the file's name."""


def read_schema(content: bytes) -> Schema:
    """Return the columns of a Parquet file with their types.

    Raises:
        ParquetError: it has no readable head.
    """
    import polars as pl

    try:
        return pl.Schema(pl.read_parquet_schema(BytesIO(content)))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        raise ParquetError(reason(error)) from None


def count_rows(content: bytes) -> int:
    """Return how many rows a Parquet file says that it has.

    Raises:
        ParquetError: it has no readable head.
    """
    import polars as pl

    try:
        return int(pl.scan_parquet(BytesIO(content)).select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        raise ParquetError(reason(error)) from None


def read_parquet(content: bytes, columns: Sequence[str] | None = None) -> DataFrame:
    """Read a Parquet table, first in a process of its own, which a damaged file may end.

    Args:
        columns: which of its columns; all if None.

    Raises:
        ParquetError: it is damaged.
    """
    import polars as pl

    if not _ends_well(content):
        raise ParquetError("it is damaged")
    try:
        return pl.read_parquet(BytesIO(content), columns=None if columns is None else list(columns))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        raise ParquetError(reason(error)) from None


def parquet_bytes(frame: DataFrame) -> bytes:
    """Return a table as the content of a Parquet file."""
    buffer = BytesIO()
    frame.rechunk().write_parquet(buffer)
    return buffer.getvalue()


def reason(error: BaseException) -> str:
    """Return the first line of what the library says, unless it speaks of its own insides."""
    first = (str(error).splitlines() or [""])[0]
    return "it is damaged" if not first or "{" in first or "Error" in first else first[:200]


def _ends_well(content: bytes) -> bool:
    """Tell whether a process that reads the file lives to its end, be it with an error."""
    if not sys.executable:  # Python within another program
        return True
    environment = {**os.environ, "POLARS_MAX_THREADS": "1"}
    done = subprocess.run(  # noqa: S603 - the code is ours
        [sys.executable, "-c", _TRIAL],
        input=content,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        check=False,
    )
    return done.returncode in (0, 1)
