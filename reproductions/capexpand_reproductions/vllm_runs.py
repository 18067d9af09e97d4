"""Read measured vLLM runs: a folder with ``meta.json`` and one line per request in ``requests.jsonl``.

This is the layout in which LLMServingSim publishes its ground truth. Times come from two clocks; the engine's
own is used, so that a request counts as arrived when the engine queued it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, BeforeValidator, Field, model_validator

from capexpand.errors import CaseError, Problem
from capexpand.files import parse_json
from capexpand.replay.serving.replicas import Replica, StepTime
from capexpand.replay.sources.json_rows import check_rows, read_record, refuse_truth
from capexpand.replay.sources.tables import read_text
from capexpand.replay.trace_rows import RowPlaces
from capexpand.replay.traces import make_request_trace
from capexpand_reproductions.step_times import MeasuredRun

_ANY_STEP_TIME = StepTime(0.01, 1e-4, 1e-7, 1e-4)
_USUAL_PAGE = 16
_MOST = 10**9
_Number = Annotated[float, BeforeValidator(refuse_truth), Field(allow_inf_nan=False, ge=-1e15, le=1e15)]
_Count = Annotated[int, BeforeValidator(refuse_truth), Field(ge=1, le=_MOST)]


class _Request(BaseModel):
    """A line of ``requests.jsonl``; its other fields are left alone."""

    input_toks: _Number
    output_toks: _Number
    queued_ts: _Number
    first_token_ts: _Number
    last_token_ts: _Number

    @model_validator(mode="after")
    def _in_order(self) -> _Request:
        if not self.queued_ts <= self.first_token_ts <= self.last_token_ts:
            raise ValueError("queued_ts, first_token_ts and last_token_ts do not follow each other")
        return self


class _Engine(BaseModel):
    max_num_batched_tokens: _Count
    max_num_seqs: _Count


class _Cache(BaseModel):
    block_size: Annotated[int, BeforeValidator(refuse_truth), Field(ge=0, le=_MOST)] | None = None
    num_gpu_blocks: _Count | None = None


class _Meta(BaseModel):
    """What is read of ``meta.json``."""

    engine_kwargs: _Engine
    kv_cache: _Cache | None = None


def find_runs(folder: Path) -> tuple[Path, ...]:
    """Find the run folders at or below a folder.

    Args:
        folder: a run, or a folder above runs.

    Raises:
        CaseError: there is none.
    """
    runs = sorted(
        path.parent for path in folder.rglob("requests.jsonl") if (path.parent / "meta.json").exists()
    )
    if not runs:
        raise CaseError([Problem("no folder with requests.jsonl and meta.json here or below", file=folder)])
    return tuple(runs)


def read_run(folder: Path) -> MeasuredRun:
    """Read one measured run.

    Args:
        folder: the folder that holds ``meta.json`` and ``requests.jsonl``.

    Raises:
        CaseError: a file is missing, damaged, or lacks what is needed.
    """
    columns = _read_requests(folder / "requests.jsonl")
    order = np.argsort(columns["queued_ts"], kind="stable")
    queued, first, last = (columns[name][order] for name in ("queued_ts", "first_token_ts", "last_token_ts"))
    trace = make_request_trace(
        folder.name,
        queued - queued[0],
        columns["input_toks"][order],
        columns["output_toks"][order],
        written=RowPlaces(folder / "requests.jsonl"),
    )
    return MeasuredRun(folder.name, trace, first - queued[0], last - queued[0], _read_limits(folder))


def _read_requests(path: Path) -> dict[str, np.ndarray]:
    lines = [(number, line) for number, line in enumerate(read_text(path).splitlines(), 1) if line.strip()]
    if not lines:
        raise CaseError([Problem("holds no request", file=path)])
    rows: list[object] = []
    problems: list[Problem] = []
    for number, line in lines:
        try:
            rows.append(parse_json(line, path, line=number))
        except CaseError as error:
            problems += error.problems
    if problems:
        raise CaseError(problems[:20])
    found = check_rows(rows, _Request, name="requests", source=path, lines=[number for number, _ in lines])
    return {name: np.array([float(getattr(row, name)) for row in found]) for name in _Request.model_fields}


def _read_limits(folder: Path) -> Replica:
    path = folder / "meta.json"
    meta = read_record(path, _Meta)
    engine, cache = meta.engine_kwargs, meta.kv_cache or _Cache()
    page, pages = cache.block_size or _USUAL_PAGE, cache.num_gpu_blocks
    try:
        return Replica(
            _ANY_STEP_TIME,
            step_tokens=engine.max_num_batched_tokens,
            sequences=engine.max_num_seqs,
            # vLLM keeps one page as a placeholder
            memory_tokens=None if pages is None else (pages - 1) * page,
            page_tokens=page,
        )
    except ValueError as error:
        raise CaseError([Problem(str(error), "engine_kwargs", path)]) from None
