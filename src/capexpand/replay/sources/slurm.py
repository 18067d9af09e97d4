"""Read what ``sacct --parsable2`` prints.

Ask for the fields like this: ``sacct --allusers --allocations --parsable2 --starttime=... --format=
JobID,User,Account,Partition,State,Submit,Start,End,NNodes,Priority,AllocTRES,ReqTRES``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from capexpand.errors import CaseError, Problem
from capexpand.replay.sources.json_rows import show
from capexpand.replay.sources.tables import LINE, parse_times, read_text, trace_name
from capexpand.replay.trace_rows import RowPlaces
from capexpand.replay.traces import JobDetails, JobTrace, make_job_trace

_REQUIRED = ("JobID", "Submit", "Start", "End")
_NO_TIME = ("", "Unknown", "None", "N/A", "INVALID")

_MEMORY_MIB = {"K": 1 / 1024, "M": 1.0, "G": 1024.0, "T": 1024.0**2, "P": 1024.0**3, "": 1.0}


def read_slurm(path: Path, *, leave_out_bad: bool = False) -> JobTrace:
    """Read Slurm's accounting of finished jobs.

    Steps of jobs are ignored. Jobs that never started or have not ended are always left out and counted.

    Args:
        path: the text that ``sacct --parsable2`` printed, with its heading.
        leave_out_bad: leave out bad rows and count them, where otherwise they are an error.

    Raises:
        CaseError: columns are missing, or jobs are bad and may not be left out.
    """
    table = _read_rows(path, leave_out_bad=leave_out_bad)
    jobs = [row for row in table.rows if "." not in row["JobID"]]
    if not any(row.get("AllocTRES") or row.get("ReqTRES") for row in jobs):
        raise CaseError([Problem("needs the column AllocTRES or ReqTRES", file=path)])
    submit, start, end = (_times(jobs, name) for name in ("Submit", "Start", "End"))
    _check_times(path, jobs, submit, start, end, leave_out_bad=leave_out_bad)
    ran = np.isfinite(start) & np.isfinite(end)
    left_out = table.left_out | ({"not started or not ended": int((~ran).sum())} if not ran.all() else {})
    jobs = [row for row, done in zip(jobs, ran.tolist(), strict=True) if done]
    resources = [_resources(path, row, leave_out_bad=leave_out_bad) for row in jobs]
    members = np.array([members_of(one) for one in resources], dtype=np.int64)
    return make_job_trace(
        trace_name(path),
        submit[ran],
        (end - start)[ran],
        np.array([one.accelerators for one in resources], dtype=np.float64) / members,
        details=JobDetails(
            members=members,
            cpu_milli=np.array([one.cpu for one in resources], dtype=np.float64) * 1000 / members,
            memory_mib=np.array([one.memory_mib for one in resources], dtype=np.float64) / members,
            models=[one.model for one in resources],
            tenants=[row.get("Account") or row.get("User") or "" for row in jobs],
            priority=np.array([_priority(row) for row in jobs]),
        ),
        leave_out_bad=leave_out_bad,
        left_out=left_out or None,
        written=RowPlaces(
            path, np.array([int(row[LINE]) for row in jobs]), np.array([row["Submit"] for row in jobs])
        ),
    )


def members_of(one: Resources) -> int:
    """Return into how many equal members a job on several nodes is split.

    One for each node where the accelerators divide; otherwise as many as come nearest to the nodes and
    divide them, so that no single node has to hold everything.

    Args:
        one: what the job was given.
    """
    if one.nodes <= 1:
        return 1
    if one.accelerators % one.nodes == 0:
        return one.nodes
    for distance in range(1, one.nodes):
        for members in (one.nodes - distance, one.nodes + distance):
            if 1 < members <= one.accelerators and one.accelerators % members == 0:
                return members
    return 1


@dataclass(frozen=True, slots=True)
class _Rows:
    """The lines of a listing, by column, with their number; how many are left out, by reason."""

    rows: list[dict[str, str]]
    left_out: dict[str, int]


def _read_rows(path: Path, *, leave_out_bad: bool) -> _Rows:
    """Split the lines at their bars: sacct never quotes, so that a quotation mark is a part of a name."""
    lines = read_text(path).split("\n")
    numbered = [(number, line.rstrip("\r")) for number, line in enumerate(lines, start=1) if line.strip()]
    if not numbered:
        raise CaseError([Problem("is empty; a listing has a line of column names", file=path)])
    first, top = numbered[0]
    names = [name.strip() for name in top.split("|")]
    missing = [name for name in _REQUIRED if name not in names]
    if missing:
        found = f"{', '.join(names[:30])}"
        message = f"lacks the columns {', '.join(missing)}; it has {show(found)}"
        raise CaseError([Problem(message, file=path, line=first)])
    problems: list[Problem] = []
    rows: list[dict[str, str]] = []
    for number, line in numbered[1:]:
        fields = line.split("|")
        if len(fields) == len(names):
            rows.append(dict(zip(names, map(str.strip, fields), strict=True)) | {LINE: str(number)})
            continue
        message = (
            f"{show(line)} has {len(fields)} fields, and the heading {len(names)}: a name with a bar or "
            "a line break cannot be told apart; leave that column out, or such rows with --leave-out-bad"
        )
        problems.append(Problem(message, file=path, line=number))
    if problems and not leave_out_bad:
        raise CaseError(problems[:20])
    if not rows:
        raise CaseError([Problem("holds no job", file=path)])
    return _Rows(rows, {"with a wrong number of fields": len(problems)} if problems else {})


def _times(rows: list[dict[str, str]], name: str) -> np.ndarray:
    import polars as pl

    return parse_times(pl.Series([row[name] for row in rows], dtype=pl.String))


def _check_times(
    path: Path,
    rows: list[dict[str, str]],
    submit: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    *,
    leave_out_bad: bool,
) -> None:
    """Refuse a time that is neither a time nor one of the words that sacct writes in its place."""
    if leave_out_bad:
        return
    problems = [
        Problem(
            f"{show(row[name])} is not a time such as 2024-05-01T00:00:00",
            path=name,
            file=path,
            line=int(row[LINE]),
        )
        for name, times in (("Submit", submit), ("Start", start), ("End", end))
        for row, time in zip(rows, times.tolist(), strict=True)
        if math.isnan(time) and row[name] not in _NO_TIME
    ]
    if problems:
        raise CaseError(problems[:20])


def _resources(path: Path, row: dict[str, str], *, leave_out_bad: bool) -> Resources:
    """Read what a job was given; where that cannot be read, a number that later counts as a bad row."""
    name = "AllocTRES" if row.get("AllocTRES") else "ReqTRES"
    try:
        one = parse_resources(row.get(name) or "")
        written = row.get("NNodes", "").strip()
        nodes = int(written) if re.fullmatch(r"\d{1,6}", written) else one.nodes
    except ValueError as error:
        if leave_out_bad:
            return Resources(-1, "", 0.0, 0.0, 1)
        raise CaseError([Problem(str(error), path=name, file=path, line=int(row[LINE]))]) from None
    return Resources(one.accelerators, one.model, one.cpu, one.memory_mib, max(nodes, 1))


def _priority(row: dict[str, str]) -> float:
    text = row.get("Priority", "")
    return float(text) if re.fullmatch(r"\d{1,15}", text) else 0.0


@dataclass(frozen=True, slots=True)
class Resources:
    """What a job was given, as Slurm writes it.

    Args:
        accelerators: accelerators in all.
        model: their model, empty when not written.
        cpu: CPU cores in all.
        memory_mib: memory in all [MiB].
        nodes: nodes, at least 1.
    """

    accelerators: int
    model: str
    cpu: float
    memory_mib: float
    nodes: int = 1


def parse_resources(text: str) -> Resources:
    """Parse trackable resources such as ``cpu=8,gres/gpu:h100=8,gres/gpu=8,mem=100G,node=1``.

    Args:
        text: as in ``AllocTRES``.

    Raises:
        ValueError: an amount cannot be read; the message quotes it.
    """
    fields = dict(field.split("=", 1) for field in text.split(",") if "=" in field)
    typed = {name.split(":", 1)[1]: value for name, value in fields.items() if name.startswith("gres/gpu:")}
    total = fields.get("gres/gpu")
    count = (
        _whole("gres/gpu", total) if total is not None else sum(_whole("gres/gpu", n) for n in typed.values())
    )
    model = next(iter(typed)) if len(typed) == 1 else ""
    return Resources(
        count,
        model,
        float(_whole("cpu", fields.get("cpu", "0"))),
        _memory(fields.get("mem", "0")),
        _whole("node", fields.get("node", "1")),
    )


def _whole(name: str, text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text.strip()):
        raise ValueError(f"{show(f'{name}={text}')} is not a whole number")
    return int(text)


def _memory(text: str) -> float:
    memory = re.fullmatch(r"(\d{1,15}(?:\.\d{1,6})?)([KMGTP]?)B?[cn]?", text.strip())
    if memory is None:
        raise ValueError(f"{show(f'mem={text}')} is not an amount of memory such as 100G")
    return float(memory.group(1)) * _MEMORY_MIB[memory.group(2)]
