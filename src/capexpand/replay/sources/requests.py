"""Readers of traces of requests to language models: Azure, Mooncake, and the project's own table."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from capexpand.errors import CaseError, Problem
from capexpand.replay.sources.tables import parse_times, read_bytes, read_columns, trace_name
from capexpand.replay.traces import RequestTrace, make_request_trace

MOONCAKE_BLOCK_TOKENS = 512


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
        source=str(path),
    )


def read_mooncake(path: Path, *, leave_out_bad: bool = False) -> RequestTrace:
    """Read a Mooncake trace: one JSON object per line, times in ms, prefixes in blocks of 512 tokens.

    Args:
        path: the file, plain or compressed.
        leave_out_bad: leave out bad rows and count them, where otherwise they are an error.

    Raises:
        CaseError: lines are no JSON objects or lack fields, and may not be left out.
    """
    rows: list[list[float]] = []
    prefixes: list[list[int]] = []
    problems = []
    lines = [line for line in read_bytes(path).decode(errors="replace").splitlines() if line.strip()]
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
            values = [float(record[name]) for name in ("timestamp", "input_length", "output_length")]
            blocks = [int(block) for block in record.get("hash_ids") or []]
        except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            what = f"lacks {error.args[0]}" if isinstance(error, KeyError) else f"cannot be read: {error}"
            problems.append(Problem(what, file=path, line=number))
            values = [float("nan")] * 3
            blocks = list[int]()
        rows.append(values)
        prefixes.append(blocks)
    if problems and not leave_out_bad:
        raise CaseError(problems[:20])
    time, prompt, output = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return make_request_trace(
        trace_name(path),
        time / 1000,
        prompt,
        output,
        prefixes=prefixes if any(prefixes) else None,
        block_tokens=MOONCAKE_BLOCK_TOKENS,
        leave_out_bad=leave_out_bad,
        source=str(path),
    )


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
        if len(sizes) != 1 or sizes[0] < 1:
            raise CaseError([Problem("needs one size above 0 in all rows", path="block_tokens", file=path)])
        block_tokens = sizes[0]
        try:
            prefixes = [[int(block) for block in (text or "").split()] for text in table["prefix"].to_list()]
        except ValueError as error:
            raise CaseError([Problem(f"needs whole numbers: {error}", path="prefix", file=path)]) from None
    return make_request_trace(
        trace_name(path),
        table["arrival_s"].to_numpy(),
        table["prompt_tokens"].to_numpy(),
        table["output_tokens"].to_numpy(),
        prefixes=prefixes,
        block_tokens=block_tokens,
        leave_out_bad=leave_out_bad,
        source=str(path),
    )


def reusable_fraction(trace: RequestTrace) -> float:
    """Return the share of prompt tokens that a cache of any size would remember.

    Requests are taken in order of arrival. A prompt can reuse the blocks at its beginning that an earlier
    prompt had; the last block of a prompt may be partly filled, and counts with the tokens that the prompt
    has.

    Args:
        trace: requests with prefixes.
    """
    seen: set[int] = set()
    reused = 0
    blocks = trace.blocks.tolist()
    first = trace.first_block.tolist()
    for i, prompt in enumerate(trace.prompt_tokens.tolist()):
        matched = 0
        own = blocks[first[i] : first[i + 1]]
        for block in own:
            if block not in seen:
                break
            matched += 1
        reused += min(matched * trace.block_tokens, prompt)
        seen.update(own)
    return reused / float(trace.prompt_tokens.sum())
