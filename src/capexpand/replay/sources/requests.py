"""Readers of traces of requests to language models: Azure, Mooncake, and the project's own table."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from capexpand.errors import CaseError, Problem
from capexpand.files import parse_json
from capexpand.replay.sources.json_rows import show
from capexpand.replay.sources.tables import LINE, as_written, parse_times, read_columns, read_text, trace_name
from capexpand.replay.trace_rows import RowPlaces
from capexpand.replay.traces import MOST_TOKENS, RequestTrace, make_request_trace


def read_azure(path: Path, *, leave_out_bad: bool = False) -> RequestTrace:
    """Read an Azure LLM inference trace, of 2023 or in the later format with a time zone.

    Args:
        path: the CSV file with ``TIMESTAMP``, ``ContextTokens`` and ``GeneratedTokens``.
        leave_out_bad: leave out bad rows and count them, where otherwise they are an error.
    """
    import polars as pl

    columns = {"TIMESTAMP": pl.String, "ContextTokens": pl.Float64, "GeneratedTokens": pl.Float64}
    table = read_columns(path, columns, lenient=leave_out_bad)
    time = parse_times(table["TIMESTAMP"])
    known = time[np.isfinite(time)]
    return make_request_trace(
        trace_name(path),
        time - (known.min() if len(known) else 0.0),
        table["ContextTokens"].to_numpy(),
        table["GeneratedTokens"].to_numpy(),
        leave_out_bad=leave_out_bad,
        written=as_written(path, table, "TIMESTAMP"),
    )


def read_mooncake(
    path: Path,
    *,
    leave_out_bad: bool = False,
    time_unit: str | None = None,
    block_tokens: int | None = None,
) -> RequestTrace:
    """Read requests with prefixes, one JSON object per line: Mooncake's and Qwen's traces.

    Mooncake writes times in ms and prefixes in blocks of 512 tokens, Qwen times in s and blocks of 16. Times
    count as s where the lines have Qwen's ``chat_id``, as ms where all of them are whole numbers. The size
    of a block is the one of which every prompt has as many as the line says.

    Args:
        path: the file, plain or compressed.
        leave_out_bad: leave out bad rows and count them, where otherwise they are an error.
        time_unit: ``s`` or ``ms``; recognised when None.
        block_tokens: tokens in a block; recognised when None.

    Raises:
        CaseError: lines are no JSON objects or lack fields and may not be left out, or the units are not
            recognised.
    """
    lines, rows, prefixes, qwen = _mooncake_lines(path, leave_out_bad=leave_out_bad)
    time, prompt, output = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    unit = time_unit or _time_unit(path, time, qwen=qwen)
    size = 0
    count = np.array([len(blocks) for blocks in prefixes])
    if count.any():
        size = block_tokens or _block_size(path, prompt, count, lines)
        wrong = (count > 0) & np.isfinite(prompt) & (count != np.ceil(prompt / size))
        if wrong.any() and not leave_out_bad:
            row = int(np.flatnonzero(wrong)[0])
            message = (
                f"has {count[row]} blocks for {prompt[row]:.0f} tokens, and with {size} tokens in a block it "
                f"would be {np.ceil(prompt[row] / size):.0f}; give the size with --block-tokens"
            )
            raise CaseError([Problem(message, path="hash_ids", file=path, line=lines[row])])
        time = np.where(wrong, np.nan, time)
    return make_request_trace(
        trace_name(path),
        time / (1000 if unit == "ms" else 1),
        prompt,
        output,
        prefixes=prefixes if size else None,
        block_tokens=size,
        leave_out_bad=leave_out_bad,
        written=RowPlaces(path, np.array(lines), time),
        read_as=f"times in {unit}" + (f", blocks of {size} tokens" if size else ""),
    )


def _mooncake_lines(
    path: Path, *, leave_out_bad: bool
) -> tuple[list[int], list[list[float]], list[list[int]], bool]:
    """Return the number, the three numbers and the blocks of each line, and whether they are Qwen's."""
    numbers: list[int] = []
    rows: list[list[float]] = []
    prefixes: list[list[int]] = []
    problems: list[Problem] = []
    qwen = False
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        values, blocks = [float("nan")] * 3, list[int]()
        try:
            record = parse_json(line, path, line=number)
            values = [_number(record, name, path, number) for name in _MOONCAKE_FIELDS]
            blocks = _blocks(record, path, number)
            qwen = qwen or "chat_id" in record
        except CaseError as error:
            problems += error.problems
            if len(problems) >= 20 and not leave_out_bad:
                break
        numbers.append(number)
        rows.append(values)
        prefixes.append(blocks)
    if problems and not leave_out_bad:
        raise CaseError(problems[:20])
    if not rows:
        raise CaseError([Problem("holds no request", file=path)])
    return numbers, rows, prefixes, qwen


_MOONCAKE_FIELDS = ("timestamp", "input_length", "output_length")
_BLOCK_SIZES = (512, 16, 32, 64, 128, 256, 1024, 2048)


def _number(record: object, name: str, path: Path, line: int) -> float:
    if not isinstance(record, dict):
        raise CaseError([Problem(f"{show(record)} is not an object", file=path, line=line)])
    if name not in record:
        raise CaseError([Problem("is missing", path=name, file=path, line=line)])
    value = record[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
        raise CaseError([Problem(f"{show(value)} is not a number", path=name, file=path, line=line)])
    return float(value)


def _blocks(record: dict[str, object], path: Path, line: int) -> list[int]:
    blocks = record.get("hash_ids")
    if not blocks:
        return list[int]()
    if not isinstance(blocks, list) or not all(type(block) is int for block in blocks):
        message = f"{show(blocks)} is not a list of whole numbers"
        raise CaseError([Problem(message, path="hash_ids", file=path, line=line)])
    return blocks


def _time_unit(path: Path, time: np.ndarray, *, qwen: bool) -> str:
    known = time[np.isfinite(time)]
    if qwen:
        return "s"
    if (known == np.round(known)).all():
        return "ms"
    message = "times with fractions may be s or ms; say which with --time-unit s or --time-unit ms"
    raise CaseError([Problem(message, path="timestamp", file=path)])


def _block_size(path: Path, prompt: np.ndarray, count: np.ndarray, lines: list[int]) -> int:
    """Return the size of a block of which every prompt has as many as its line says."""
    known = np.isfinite(prompt) & (prompt >= 1) & (count > 0)
    for size in _BLOCK_SIZES:
        if (count[known] == np.ceil(prompt[known] / size)).all():
            return size
    # the first line that alone, or with those before it, fits no size
    row = next(
        row
        for row in np.flatnonzero(known).tolist()
        if not any(
            (count[: row + 1] == np.ceil(prompt[: row + 1] / size))[known[: row + 1]].all()
            for size in _BLOCK_SIZES
        )
    )
    message = (
        f"{count[row]} blocks for {prompt[row]:.0f} tokens (and those of the lines before) fit no usual size "
        "of a block; correct the trace, or give the size with --block-tokens"
    )
    raise CaseError([Problem(message, path="hash_ids", file=path, line=lines[row])])


def read_request_table(path: Path, *, leave_out_bad: bool = False) -> RequestTrace:
    """Read requests from the project's own table, CSV or Parquet.

    Args:
        path: columns ``arrival_s``, ``prompt_tokens``, ``output_tokens``; optional ``prefix`` (numbers of
            shared blocks, separated by spaces) with ``block_tokens`` (the same in every row).
        leave_out_bad: leave out bad rows and count them, where otherwise they are an error.

    Raises:
        CaseError: everything that is wrong with the table.
    """
    import polars as pl

    required = {"arrival_s": pl.Float64, "prompt_tokens": pl.Float64, "output_tokens": pl.Float64}
    optional = {"prefix": pl.String, "block_tokens": pl.Int64}
    table = read_columns(path, required, optional=optional, lenient=leave_out_bad)
    prefixes = None
    block_tokens = 0
    if table["prefix"].is_not_null().any():
        sizes = table["block_tokens"].drop_nulls().unique().to_list()
        if len(sizes) != 1 or not 1 <= sizes[0] <= MOST_TOKENS:
            found = f"; there are {', '.join(map(str, sizes[:5]))}" if sizes else ""
            message = f"needs one size in all rows, from 1 to {MOST_TOKENS:,} tokens{found}"
            raise CaseError([Problem(message, path="block_tokens", file=path)])
        block_tokens = sizes[0]
        lines = table[LINE].to_list()
        prefixes = [
            _prefix(text or "", path, line)
            for text, line in zip(table["prefix"].to_list(), lines, strict=True)
        ]
    return make_request_trace(
        trace_name(path),
        table["arrival_s"].to_numpy(),
        table["prompt_tokens"].to_numpy(),
        table["output_tokens"].to_numpy(),
        prefixes=prefixes,
        block_tokens=block_tokens,
        leave_out_bad=leave_out_bad,
        written=as_written(path, table, "arrival_s"),
    )


def _prefix(text: str, path: Path, line: int | None) -> list[int]:
    try:
        return [int(block) for block in text.split()]
    except ValueError:
        message = f"{show(text)} is not a list of whole numbers, separated by spaces"
        raise CaseError([Problem(message, path="prefix", file=path, line=line)]) from None
