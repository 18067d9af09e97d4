"""Read measured vLLM runs: a folder with ``meta.json`` and one line per request in ``requests.jsonl``.

This is the layout in which LLMServingSim publishes its ground truth. Times come from two clocks; the engine's
own is used, so that a request counts as arrived when the engine queued it.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from capexpand.errors import CaseError, Problem
from capexpand.replay.serving.fit import MeasuredRun
from capexpand.replay.serving.replicas import Replica, StepTime
from capexpand.replay.sources.tables import read_bytes
from capexpand.replay.trace_rows import Written
from capexpand.replay.traces import make_request_trace

_FIELDS = ("input_toks", "output_toks", "queued_ts", "first_token_ts", "last_token_ts")
_ANY_STEP_TIME = StepTime(0.01, 1e-4, 1e-7, 1e-4)


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
        written=Written(folder / "requests.jsonl"),
    )
    return MeasuredRun(folder.name, trace, first - queued[0], last - queued[0], _read_limits(folder))


def _read_requests(path: Path) -> dict[str, np.ndarray]:
    rows = []
    problems = []
    for number, line in enumerate(read_bytes(path).decode(errors="replace").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            rows.append([float(record[name]) for name in _FIELDS])
        except json.JSONDecodeError as error:
            problems.append(Problem(f"not a JSON object: {error.msg}", file=path, line=number))
        except KeyError as error:
            problems.append(Problem(f"lacks {error.args[0]}", file=path, line=number))
        except TypeError:
            problems.append(Problem("a field is not a number", file=path, line=number))
    if not rows:
        problems.append(Problem("holds no request", file=path))
    if problems:
        raise CaseError(problems[:20])
    return dict(zip(_FIELDS, np.array(rows).T, strict=True))


def _read_limits(folder: Path) -> Replica:
    path = folder / "meta.json"
    try:
        meta = json.loads(read_bytes(path))
        engine = meta["engine_kwargs"]
        cache = meta.get("kv_cache") or {}
        page = int(cache.get("block_size") or 16)
        pages = cache.get("num_gpu_blocks")
        return Replica(
            _ANY_STEP_TIME,
            step_tokens=int(engine["max_num_batched_tokens"]),
            sequences=int(engine["max_num_seqs"]),
            # vLLM keeps one page as a placeholder
            memory_tokens=None if pages is None else (int(pages) - 1) * page,
            page_tokens=page,
        )
    except json.JSONDecodeError as error:
        raise CaseError([Problem(f"not JSON: {error.msg}", file=path, line=error.lineno)]) from None
    except KeyError as error:
        raise CaseError([Problem(f"lacks {error.args[0]}", file=path)]) from None
