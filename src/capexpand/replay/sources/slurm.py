"""Read what ``sacct --parsable2`` prints.

Ask for the fields like this: ``sacct --allusers --allocations --parsable2 --starttime=... --format=
JobID,User,Account,Partition,State,Submit,Start,End,NNodes,Priority,AllocTRES,ReqTRES``.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from capexpand.errors import CaseError, Problem
from capexpand.replay.sources.tables import parse_times, read_columns, trace_name
from capexpand.replay.traces import JobTrace, make_job_trace

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
    import polars as pl

    required = dict.fromkeys(("JobID", "Submit", "Start", "End"), pl.String)
    names = ("AllocTRES", "ReqTRES", "NNodes", "User", "Account", "Priority")
    table = read_columns(path, required, optional=dict.fromkeys(names, pl.String), separator="|")
    table = table.filter(~pl.col("JobID").str.contains(r"\."))
    if table["AllocTRES"].is_null().all() and table["ReqTRES"].is_null().all():
        raise CaseError([Problem("needs the column AllocTRES or ReqTRES", file=path)])
    submit, start, end = (parse_times(table[name]) for name in ("Submit", "Start", "End"))
    ran = np.isfinite(start) & np.isfinite(end)
    left_out = {"not started or not ended": int((~ran).sum())}
    table = table.filter(pl.Series(ran))
    resources = [
        parse_resources(granted or asked or "")
        for granted, asked in zip(table["AllocTRES"].to_list(), table["ReqTRES"].to_list(), strict=True)
    ]
    nodes = np.maximum(table["NNodes"].cast(pl.Int64, strict=False).fill_null(1).to_numpy(), 1)
    accelerators = np.array([resource.accelerators for resource in resources], dtype=np.int64)
    # a gang is split over its nodes where the numbers allow it, else it is one job of that size
    members = np.where((accelerators % nodes == 0) & (accelerators > 0), nodes, 1)
    owner = table["Account"].fill_null("").to_list()
    user = table["User"].fill_null("").to_list()
    return make_job_trace(
        trace_name(path),
        submit[ran],
        (end - start)[ran],
        accelerators // members,
        members=members,
        cpu_milli=np.array([resource.cpu for resource in resources]) * 1000 / members,
        memory_mib=np.array([resource.memory_mib for resource in resources]) / members,
        models=[resource.model for resource in resources],
        tenants=[account or person for account, person in zip(owner, user, strict=True)],
        priority=table["Priority"].cast(pl.Int64, strict=False).fill_null(0).to_numpy(),
        leave_out_bad=leave_out_bad,
        left_out=left_out if left_out["not started or not ended"] else None,
        source=str(path),
    )


class Resources:
    """What a job was given, as Slurm writes it.

    Args:
        accelerators: accelerators.
        model: their model, empty when not written.
        cpu: CPU cores.
        memory_mib: memory [MiB].
    """

    __slots__ = ("accelerators", "cpu", "memory_mib", "model")

    def __init__(self, accelerators: int, model: str, cpu: float, memory_mib: float) -> None:
        self.accelerators = accelerators
        self.model = model
        self.cpu = cpu
        self.memory_mib = memory_mib


def parse_resources(text: str) -> Resources:
    """Parse trackable resources such as ``cpu=8,gres/gpu:h100=8,gres/gpu=8,mem=100G,node=1``.

    Args:
        text: as in ``AllocTRES``.
    """
    fields = dict(field.split("=", 1) for field in text.split(",") if "=" in field)
    typed = {name.split(":", 1)[1]: value for name, value in fields.items() if name.startswith("gres/gpu:")}
    total = fields.get("gres/gpu")
    count = _number(total) if total is not None else sum(_number(value) for value in typed.values())
    memory = re.fullmatch(r"([\d.]+)([KMGTP]?)[cn]?", fields.get("mem", "0"))
    mib = float(memory.group(1)) * _MEMORY_MIB[memory.group(2)] if memory else 0.0
    model = next(iter(typed)) if len(typed) == 1 else ""
    return Resources(int(count), model, _number(fields.get("cpu", "0")), mib)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
