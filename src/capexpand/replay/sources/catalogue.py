"""The traces that can be read, their origin, and the reader of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from capexpand.errors import CaseError, Problem
from capexpand.files import parse_json
from capexpand.files.parquet import ParquetError, read_schema
from capexpand.replay.sources import jobs, requests, slurm
from capexpand.replay.sources.tables import find_separator, heading, is_parquet, read_bytes, read_text
from capexpand.replay.traces import JobTrace, RequestTrace

Reader = Callable[..., RequestTrace | JobTrace]


@dataclass(frozen=True, slots=True)
class TraceFormat:
    """A format of trace that can be read.

    Args:
        name: as given to ``--format``.
        kind: ``jobs`` or ``requests``.
        contents: what is in it.
        origin: where it is had.
        licence: under which terms.
        patterns: names of files by which it is recognised.
        columns: columns by which a CSV file with another name is recognised.
        reader: the reader.
    """

    name: str
    kind: str
    contents: str
    origin: str
    licence: str
    patterns: tuple[str, ...]
    columns: tuple[str, ...]
    reader: Reader


FORMATS: tuple[TraceFormat, ...] = (
    TraceFormat(
        "alibaba-gpu-2023",
        "jobs",
        "tasks on 6,212 GPUs over 149 days: shares of a GPU, CPU, memory, GPU models",
        "github.com/hkust-adsl/kubernetes-scheduler-simulator, data/csv",
        "Apache-2.0",
        ("openb_pod_list_*.csv*",),
        ("cpu_milli", "memory_mib", "num_gpu", "gpu_milli", "creation_time", "deletion_time"),
        jobs.read_alibaba_gpu_2023,
    ),
    TraceFormat(
        "alibaba-dlrm-2025",
        "jobs",
        "23,871 instances of 156 recommendation services over 31 days",
        "github.com/alibaba/clusterdata, cluster-trace-gpu-v2025",
        "for research or study, by its description",
        ("disaggregated_DLRM_trace.csv*",),
        ("instance_sn", "gpu_request", "creation_time"),
        jobs.read_alibaba_dlrm_2025,
    ),
    TraceFormat(
        "alibaba-genai-2026",
        "jobs",
        "26,823 image requests over 23 days, with the time each took",
        "github.com/alibaba/clusterdata, cluster-trace-v2026-GenAI",
        "for research or study, by its description",
        ("lora_request_trace.csv*", "lora_request_trace.tar.gz"),
        ("gmt_create", "predict_status", "exec_time_seconds"),
        jobs.read_alibaba_genai_2026,
    ),
    TraceFormat(
        "philly",
        "jobs",
        "82,247 training jobs of 15 virtual clusters at Microsoft, 2017",
        "github.com/siasosp23/artifacts, sia-simulator/traces (from github.com/msr-fiddle/philly-traces)",
        "CC-BY-4.0",
        ("philly*jobs*.parquet", "philly.csv*"),
        ("timestamp", "duration", "num_gpus", "cluster"),
        jobs.read_philly,
    ),
    TraceFormat(
        "helios",
        "jobs",
        "jobs of four clusters at SenseTime, 2020",
        "github.com/S-Lab-System-Group/HeliosData",
        "CC-BY-4.0",
        ("cluster_log.csv*",),
        ("vc", "gpu_num", "submit_time", "duration"),
        jobs.read_helios,
    ),
    TraceFormat(
        "slurm",
        "jobs",
        "your own cluster's accounting, as sacct --parsable2 prints it",
        "sacct --allusers --allocations --parsable2 --format=JobID,User,Account,State,Submit,Start,End,"
        "NNodes,Priority,AllocTRES,ReqTRES",
        "yours",
        ("*sacct*",),
        (),
        slurm.read_slurm,
    ),
    TraceFormat(
        "jobs",
        "jobs",
        "the project's own table of jobs, CSV or Parquet",
        "docs/reference/traces.md",
        "yours",
        (),
        ("arrival_s", "duration_s", "accelerators"),
        jobs.read_job_table,
    ),
    TraceFormat(
        "azure",
        "requests",
        "conversation and code requests of Azure's LLM services, 2023 (an hour) and 2024 (a week)",
        "github.com/Azure/AzurePublicDataset",
        "CC-BY-4.0",
        ("AzureLLMInferenceTrace_*.csv*",),
        ("TIMESTAMP", "ContextTokens", "GeneratedTokens"),
        requests.read_azure,
    ),
    TraceFormat(
        "mooncake",
        "requests",
        "requests with the prefixes that they share: an hour of Mooncake, days of Qwen",
        "github.com/kvcache-ai/Mooncake, FAST25-release/traces; "
        "github.com/alibaba-edu/qwen-bailian-usagetraces-anon",
        "Apache-2.0",
        ("*_trace.jsonl*", "*mooncake*.jsonl*", "qwen_*.jsonl*"),
        ("timestamp", "input_length", "output_length"),
        requests.read_mooncake,
    ),
    TraceFormat(
        "requests",
        "requests",
        "the project's own table of requests, CSV or Parquet",
        "docs/reference/traces.md",
        "yours",
        (),
        ("arrival_s", "prompt_tokens", "output_tokens"),
        requests.read_request_table,
    ),
)


def find_format(name: str) -> TraceFormat:
    """Return a format by its name.

    Args:
        name: one of the names in ``FORMATS``.

    Raises:
        CaseError: there is no such format.
    """
    for entry in FORMATS:
        if entry.name == name:
            return entry
    names = ", ".join(entry.name for entry in FORMATS)
    raise CaseError([Problem(f"unknown format {name!r}; there are {names}")])


def recognise(path: Path) -> TraceFormat | None:
    """Recognise the format of a file by its name, else by the columns of its first line.

    Returns:
        The format, or None.
    """
    for entry in FORMATS:
        if any(fnmatch(path.name, pattern) for pattern in entry.patterns):
            return entry
    columns = _columns(path)
    for entry in FORMATS:
        if entry.columns and set(entry.columns) <= columns:
            return entry
    if set(_SLURM_COLUMNS) <= columns:
        return find_format("slurm")
    return None


def _columns(path: Path) -> set[str]:
    """Return the columns of a file's first line, or the fields of its first object, where it has any."""
    if is_parquet(path):
        try:
            return set(read_schema(read_bytes(path)))
        except ParquetError:
            return set()
    text = read_text(path)
    first = text.lstrip()[:_LONGEST_LINE].split("\n", 1)[0].strip()
    if first.startswith("{"):
        try:
            return set(parse_json(first, path))
        except CaseError:
            return set()
    every = [name for entry in FORMATS for name in entry.columns]
    return set(heading(first, find_separator(first, [*every, *_SLURM_COLUMNS])))


_LONGEST_LINE = 1_000_000
_SLURM_COLUMNS = ("JobID", "Submit", "Start", "End")


def read_trace(
    path: Path,
    *,
    format_name: str | None = None,
    leave_out_bad: bool = False,
    time_unit: str | None = None,
    block_tokens: int | None = None,
) -> RequestTrace | JobTrace:
    """Read a trace of any known format.

    Args:
        format_name: its format; recognised when None.
        leave_out_bad: leave out bad rows and count them, where otherwise they are an error.
        time_unit: ``s`` or ``ms``, of a trace in JSON lines that does not say; recognised when None.
        block_tokens: tokens in a block of such a trace; recognised when None.

    Raises:
        CaseError: the format is not recognised, or the trace is bad.
    """
    entry = find_format(format_name) if format_name else recognise(path)
    if entry is None:
        names = ", ".join(known.name for known in FORMATS)
        message = f"the format is not recognised; name it with --format: {names}"
        raise CaseError([Problem(message, file=path)])
    if time_unit is None and block_tokens is None:
        return entry.reader(path, leave_out_bad=leave_out_bad)
    if entry.name != "mooncake":
        message = f"--time-unit and --block-tokens are for JSON lines, not for {entry.name}"
        raise CaseError([Problem(message, file=path)])
    if time_unit not in (None, "s", "ms"):
        raise CaseError([Problem(f"--time-unit: '{time_unit}' is neither s nor ms")])
    return requests.read_mooncake(
        path, leave_out_bad=leave_out_bad, time_unit=time_unit, block_tokens=block_tokens
    )


def find_traces(folder: Path) -> list[tuple[Path, TraceFormat]]:
    """Find the files below a folder whose names say what they are.

    Raises:
        CaseError: there is no such folder.
    """
    if not folder.is_dir():
        raise CaseError([Problem("no such folder", file=folder)])
    found = []
    for path in sorted(folder.rglob("*")):
        entry = next(
            (one for one in FORMATS if any(fnmatch(path.name, pattern) for pattern in one.patterns)), None
        )
        if entry is not None and path.is_file():
            found.append((path, entry))
    return found
