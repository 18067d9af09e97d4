"""Readers of traces of jobs: Alibaba, Philly, Helios, and the project's own table."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np

from capexpand.errors import CaseError, Problem
from capexpand.files import read_content
from capexpand.replay.sources.tables import (
    TRACE_LIMIT_BYTES,
    as_written,
    parse_times,
    read_columns,
    trace_name,
    unpack,
    within,
)
from capexpand.replay.traces import JobDetails, JobTrace, make_job_trace

_DLRM_SPAN_S = 31 * 86_400.0


def read_alibaba_gpu_2023(path: Path, *, leave_out_bad: bool = False) -> JobTrace:
    """Read tasks of the Alibaba GPU trace of 2023: shares of accelerators, CPU, memory, models, times.

    A task runs from when it was scheduled to when it was deleted. Tasks that were never scheduled have no
    running time and are always left out and counted.

    Args:
        path: ``openb_pod_list_*.csv``; the lists of 2023 without times (``multigpu``) cannot be replayed.
        leave_out_bad: leave out bad rows and count them, where otherwise they are an error.
    """
    import polars as pl

    numbers = ("cpu_milli", "memory_mib", "num_gpu", "gpu_milli", "creation_time", "deletion_time")
    columns = dict.fromkeys(numbers, pl.Float64)
    optional = {"gpu_spec": pl.String, "qos": pl.String, "scheduled_time": pl.Float64}
    table = read_columns(path, columns, optional=optional, lenient=leave_out_bad)
    never = int(table["scheduled_time"].is_null().sum())
    table = table.filter(pl.col("scheduled_time").is_not_null())
    shared = table["num_gpu"].to_numpy() > 0
    return make_job_trace(
        trace_name(path),
        table["creation_time"].to_numpy(),
        (table["deletion_time"] - table["scheduled_time"]).to_numpy(),
        table["num_gpu"].to_numpy(),
        details=JobDetails(
            accelerator_milli=np.where(shared, table["gpu_milli"].to_numpy(), 1000),
            cpu_milli=table["cpu_milli"].to_numpy(),
            memory_mib=table["memory_mib"].to_numpy(),
            models=table["gpu_spec"].fill_null("").to_list(),
            tenants=table["qos"].fill_null("").to_list(),
        ),
        leave_out_bad=leave_out_bad,
        left_out={"never scheduled": never} if never else None,
        written=as_written(path, table, "creation_time"),
    )


def read_alibaba_dlrm_2025(path: Path, *, leave_out_bad: bool = False) -> JobTrace:
    """Read instances of the Alibaba trace of recommendation models of 2025.

    Instances that existed at the start arrive at time 0, those that outlive the trace run to its end.

    Args:
        path: ``disaggregated_DLRM_trace.csv``.
        leave_out_bad: leave out bad rows and count them, where otherwise they are an error.
    """
    import polars as pl

    numbers = ("cpu_request", "gpu_request", "memory_request", "creation_time", "deletion_time")
    columns = dict.fromkeys(numbers, pl.Float64) | {"app_name": pl.String}
    table = within(read_columns(path, columns, lenient=leave_out_bad), numbers)
    start = table["creation_time"].fill_null(0.0).fill_nan(0.0).to_numpy()
    end = table["deletion_time"].fill_nan(None)
    last = max(_DLRM_SPAN_S, float(start.max(initial=0.0)))
    return make_job_trace(
        trace_name(path),
        start,
        end.fill_null(last).to_numpy() - start,
        table["gpu_request"].to_numpy(),
        details=JobDetails(
            cpu_milli=table["cpu_request"].to_numpy() * 1000,
            memory_mib=table["memory_request"].to_numpy() * 1024,
            tenants=table["app_name"].fill_null("").to_list(),
        ),
        leave_out_bad=leave_out_bad,
        written=as_written(path, table, "creation_time"),
    )


def read_alibaba_genai_2026(path: Path, *, leave_out_bad: bool = False) -> JobTrace:
    """Read image requests of the Alibaba trace of 2026, each a job on one accelerator.

    Requests that did not succeed have no meaningful running time and are always left out and counted.

    Args:
        path: ``lora_request_trace.csv``, plain or in its ``.tar.gz``.
        leave_out_bad: leave out bad rows and count them, where otherwise they are an error.
    """
    import polars as pl

    columns = {"gmt_create": pl.String, "predict_status": pl.String, "exec_time_seconds": pl.Float64}
    optional = {"groupId": pl.String, "checkpoint_model_version_id": pl.String}
    table = read_columns(_out_of_archive(path), columns, optional=optional, lenient=leave_out_bad)
    failed = int((table["predict_status"] != "SUCCEED").sum())
    table = table.filter(pl.col("predict_status") == "SUCCEED")
    return make_job_trace(
        "lora_request_trace",
        parse_times(table["gmt_create"]),
        table["exec_time_seconds"].to_numpy(),
        np.ones(len(table)),
        details=JobDetails(tenants=table["groupId"].fill_null("").to_list()),
        leave_out_bad=leave_out_bad,
        left_out={"not successful": failed} if failed else None,
        written=as_written(path, table, "gmt_create"),
    )


def _out_of_archive(path: Path) -> Path | tuple[Path, bytes]:
    """Return the file itself, or the table inside an archive."""
    if not path.name.endswith((".tar.gz", ".tgz", ".tar")):
        return path
    content = read_content(path, TRACE_LIMIT_BYTES)
    try:
        if not path.name.endswith(".tar"):
            content = unpack(path, content, TRACE_LIMIT_BYTES)
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for member in archive:
                name = Path(member.name).name
                # archives made on a Mac carry a shadow of each file
                if member.isfile() and name.endswith(".csv") and not name.startswith("._"):
                    # a sparse member may say that it is larger than the archive
                    if member.size > TRACE_LIMIT_BYTES:
                        raise CaseError([Problem(f"{name} in the archive is too large", file=path)])
                    stream = archive.extractfile(member)
                    return path, stream.read() if stream else b""
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise CaseError([Problem(f"the archive is damaged or cut off: {error}", file=path)]) from None
    raise CaseError([Problem("the archive holds no CSV file", file=path)])


def read_philly(path: Path, *, leave_out_bad: bool = False) -> JobTrace:
    """Read Philly jobs as Sia's artefact has them: submission, running time, accelerators, virtual cluster.

    Args:
        path: CSV or Parquet with ``timestamp``, ``duration`` [s], ``num_gpus`` and ``cluster``.
        leave_out_bad: leave out bad rows and count them, where otherwise they are an error.
    """
    import polars as pl

    columns = {"timestamp": pl.String, "duration": pl.Float64, "num_gpus": pl.Float64}
    table = read_columns(path, columns, optional={"cluster": pl.String}, lenient=leave_out_bad)
    return make_job_trace(
        trace_name(path),
        parse_times(table["timestamp"]),
        table["duration"].to_numpy(),
        table["num_gpus"].to_numpy(),
        details=JobDetails(tenants=table["cluster"].fill_null("").to_list()),
        leave_out_bad=leave_out_bad,
        written=as_written(path, table, "timestamp"),
    )


def read_helios(path: Path, *, leave_out_bad: bool = False) -> JobTrace:
    """Read the job log of a Helios cluster.

    Args:
        path: ``cluster_log.csv`` with ``vc``, ``gpu_num``, ``submit_time`` and ``duration`` [s]; ``cpu_num``
            is read where it stands. Jobs without accelerators are kept.
        leave_out_bad: leave out bad rows and count them, where otherwise they are an error.
    """
    import polars as pl

    columns = {"vc": pl.String, "gpu_num": pl.Float64, "submit_time": pl.String, "duration": pl.Float64}
    table = read_columns(path, columns, optional={"cpu_num": pl.Float64}, lenient=leave_out_bad)
    return make_job_trace(
        trace_name(path),
        parse_times(table["submit_time"]),
        table["duration"].to_numpy(),
        table["gpu_num"].to_numpy(),
        details=JobDetails(
            cpu_milli=table["cpu_num"].fill_null(0.0).to_numpy() * 1000,
            tenants=table["vc"].fill_null("").to_list(),
        ),
        leave_out_bad=leave_out_bad,
        written=as_written(path, table, "submit_time"),
    )


def read_job_table(path: Path, *, leave_out_bad: bool = False) -> JobTrace:
    """Read jobs from the project's own table, CSV or Parquet.

    Args:
        path: columns ``arrival_s``, ``duration_s``, ``accelerators``; optional ``accelerator_milli``,
            ``members``, ``cpu_milli``, ``memory_mib``, ``models``, ``tenant``, ``priority``.
        leave_out_bad: leave out bad rows and count them, where otherwise they are an error.
    """
    import polars as pl

    required = dict.fromkeys(("arrival_s", "duration_s", "accelerators"), pl.Float64)
    defaults = {"accelerator_milli": 1000, "members": 1, "cpu_milli": 0, "memory_mib": 0, "priority": 0}
    optional = dict.fromkeys(defaults, pl.Float64) | {"models": pl.String, "tenant": pl.String}
    table = read_columns(path, required, optional=optional, lenient=leave_out_bad)
    numbers = {name: table[name].fill_null(value).to_numpy() for name, value in defaults.items()}
    return make_job_trace(
        trace_name(path),
        table["arrival_s"].to_numpy(),
        table["duration_s"].to_numpy(),
        table["accelerators"].to_numpy(),
        details=JobDetails(
            accelerator_milli=numbers["accelerator_milli"],
            members=numbers["members"],
            cpu_milli=numbers["cpu_milli"],
            memory_mib=numbers["memory_mib"],
            priority=numbers["priority"],
            models=table["models"].fill_null("").to_list(),
            tenants=table["tenant"].fill_null("").to_list(),
        ),
        leave_out_bad=leave_out_bad,
        in_order=True,
        written=as_written(path, table, "arrival_s"),
    )
