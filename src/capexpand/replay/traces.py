"""The two kinds of trace, whatever their source, and what was left out when they were read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from capexpand.replay.trace_rows import LAST_TIME_S, Fault, RowPlaces, bad_times, check_rows, not_whole

MOST_TOKENS = 10_000_000
LARGEST = 1e30
"""Beyond which a number is shown as this one."""
MOST_ACCELERATORS = 1_000_000
MOST_MEMBERS = 100_000
MOST_CPU_OR_MEMORY = 1e12
MOST_PRIORITY = 2.0**53


@dataclass(frozen=True, slots=True)
class Exclusions:
    """How many rows were left out, by reason.

    Args:
        rows: rows that were read.
        counts: rows left out, by the reason in words.
    """

    rows: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Rows left out for any reason."""
        return sum(self.counts.values())

    def plus(self, counts: Mapping[str, int]) -> Exclusions:
        """Add rows left out later.

        Args:
            counts: rows left out, by reason; zeros are dropped.
        """
        merged = dict(self.counts)
        for reason, count in counts.items():
            if count:
                merged[reason] = merged.get(reason, 0) + int(count)
        return Exclusions(self.rows, merged)

    def in_words(self) -> str:
        """Say what was left out in one line."""
        if not self.total:
            return f"all {self.rows} rows used"
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.counts.items())
        return f"{self.total} of {self.rows} rows left out: {reasons}"


@dataclass(frozen=True, slots=True)
class RequestTrace:
    """Requests to a language model, in order of arrival.

    Args:
        name: what to call the trace.
        arrival_s: time of arrival since the first [s], shape (requests,).
        prompt_tokens: tokens of the prompt [token], shape (requests,).
        output_tokens: tokens generated [token], shape (requests,).
        first_block: where each request's prefix begins in ``blocks``, shape (requests + 1,).
        blocks: numbers of the blocks that prompts share, from 0.
        block_tokens: tokens in a block; 0 where the trace knows no prefixes.
        exclusions: what was left out.
        read_as: units that the reader recognised, such as ``times in ms``.
    """

    name: str
    arrival_s: np.ndarray
    prompt_tokens: np.ndarray
    output_tokens: np.ndarray
    first_block: np.ndarray
    blocks: np.ndarray
    block_tokens: int = 0
    exclusions: Exclusions = field(default_factory=Exclusions)
    read_as: str = ""

    def __len__(self) -> int:
        return len(self.arrival_s)

    @property
    def span_s(self) -> float:
        """Time from the first arrival to the last [s]."""
        return float(self.arrival_s[-1] - self.arrival_s[0]) if len(self) else 0.0

    @property
    def rate_per_s(self) -> float:
        """Mean arrivals per second over the span [1/s]."""
        return (len(self) - 1) / self.span_s if self.span_s > 0 else float("inf")

    def faster(self, factor: float) -> RequestTrace:
        """Return the same requests arriving ``factor`` times as fast.

        Args:
            factor: above 0; 2 doubles the load.
        """
        return replace(self, arrival_s=self.arrival_s / factor)

    def only(self, keep: np.ndarray, counts: Mapping[str, int] | None = None) -> RequestTrace:
        """Return some of the requests.

        Args:
            keep: which, shape (requests,), of type bool.
            counts: why the others are left out.
        """
        first, last = self.first_block[:-1], self.first_block[1:]
        lengths = np.where(keep, last - first, 0)
        mask = np.repeat(keep, last - first)
        return RequestTrace(
            self.name,
            self.arrival_s[keep],
            self.prompt_tokens[keep],
            self.output_tokens[keep],
            np.concatenate(([0], np.cumsum(lengths[keep]))).astype(np.int64),
            self.blocks[mask],
            self.block_tokens,
            self.exclusions.plus(counts or {}),
            self.read_as,
        )


@dataclass(frozen=True, slots=True)
class JobTrace:
    """Jobs for a cluster, in order of arrival.

    Args:
        name: what to call the trace.
        arrival_s: time of arrival since the first [s], shape (jobs,).
        duration_s: running time once started [s], shape (jobs,).
        accelerators: accelerators asked for, per member of the gang, shape (jobs,).
        accelerator_milli: share of each accelerator asked for [0.001], shape (jobs,).
        members: members of the gang, each on one node at a time, shape (jobs,).
        cpu_milli: CPU asked for per member [0.001 core], shape (jobs,).
        memory_mib: memory asked for per member [MiB], shape (jobs,).
        models: accelerator models allowed, joined by ``|``, empty for any; one entry per distinct value.
        model_index: which entry of ``models`` each job has, shape (jobs,).
        tenants: the distinct tenants.
        tenant_index: whose each job is, shape (jobs,).
        priority: higher goes first under the priority order, shape (jobs,).
        exclusions: what was left out.
    """

    name: str
    arrival_s: np.ndarray
    duration_s: np.ndarray
    accelerators: np.ndarray
    accelerator_milli: np.ndarray
    members: np.ndarray
    cpu_milli: np.ndarray
    memory_mib: np.ndarray
    models: tuple[str, ...]
    model_index: np.ndarray
    tenants: tuple[str, ...]
    tenant_index: np.ndarray
    priority: np.ndarray
    exclusions: Exclusions = field(default_factory=Exclusions)

    def __len__(self) -> int:
        return len(self.arrival_s)

    @property
    def span_s(self) -> float:
        """Time from the first arrival to the last [s]."""
        return float(self.arrival_s[-1] - self.arrival_s[0]) if len(self) else 0.0

    @property
    def accelerator_seconds(self) -> float:
        """The work asked for [accelerator s]."""
        milli = self.accelerators * self.members * self.accelerator_milli
        return float((milli / 1000 * self.duration_s).sum())

    def accelerators_only(self) -> JobTrace:
        """Return the same jobs without their requests for CPU and memory, much faster to replay."""
        nothing = np.zeros(len(self), dtype=np.int64)
        kept = self.only(self.accelerators > 0, {"without accelerators": int((self.accelerators == 0).sum())})
        nothing = nothing[: len(kept)]
        return replace(kept, cpu_milli=nothing, memory_mib=nothing)

    def faster(self, factor: float) -> JobTrace:
        """Return the same jobs arriving ``factor`` times as fast.

        Args:
            factor: above 0; 2 doubles the load.
        """
        return replace(self, arrival_s=self.arrival_s / factor)

    def only(self, keep: np.ndarray, counts: Mapping[str, int] | None = None) -> JobTrace:
        """Return some of the jobs.

        Args:
            keep: which, shape (jobs,), of type bool.
            counts: why the others are left out.
        """
        columns = {
            name: getattr(self, name)[keep]
            for name in (
                "arrival_s",
                "duration_s",
                "accelerators",
                "accelerator_milli",
                "members",
                "cpu_milli",
                "memory_mib",
                "model_index",
                "tenant_index",
                "priority",
            )
        }
        return replace(self, exclusions=self.exclusions.plus(counts or {}), **columns)


def make_request_trace(
    name: str,
    arrival_s: np.ndarray,
    prompt_tokens: np.ndarray,
    output_tokens: np.ndarray,
    *,
    prefixes: list[list[int]] | None = None,
    block_tokens: int = 0,
    leave_out_bad: bool = False,
    written: RowPlaces | None = None,
    read_as: str = "",
) -> RequestTrace:
    """Check requests, put them in order of arrival, and count from the first.

    Args:
        name: what to call the trace.
        arrival_s: times of arrival, in any order [s]; not a number where unknown.
        output_tokens: tokens that each request generates.
        prefixes: identities of the blocks of each prompt, in any numbering.
        leave_out_bad: leave out bad rows and count them, where otherwise they are an error.
        written: where the rows stand.
        read_as: units that the reader recognised.

    Raises:
        CaseError: rows are bad and not to be left out, or none is left.
    """
    place = written or RowPlaces()
    arrival = np.asarray(arrival_s, dtype=np.float64)
    prompt = np.asarray(prompt_tokens, dtype=np.float64)
    output = np.asarray(output_tokens, dtype=np.float64)
    bad = bad_times(arrival, place) | {
        "without prompt tokens": Fault("prompt tokens", ~(prompt >= 1), prompt),
        "without output tokens": Fault("output tokens", ~(output >= 1), output),
        "with parts of a token": Fault("tokens", not_whole(prompt) | not_whole(output), prompt + output),
        "with too many tokens": Fault(
            "tokens", np.maximum(prompt, output) > MOST_TOKENS, prompt + output, f"at most {MOST_TOKENS:,}"
        ),
    }
    keep, counts = check_rows(bad, arrival, leave_out_bad=leave_out_bad, written=place, name=name)
    order = np.flatnonzero(keep)
    order = order[np.argsort(arrival[order], kind="stable")]
    arrival = arrival[order]
    numbers: dict[int, int] = {}
    first = np.zeros(len(order) + 1, dtype=np.int64)
    flat: list[int] = []
    if prefixes is not None:
        for number, row in enumerate(order):
            flat.extend(numbers.setdefault(block, len(numbers)) for block in prefixes[row])
            first[number + 1] = len(flat)
    return RequestTrace(
        name,
        arrival - arrival[0],
        prompt[order].astype(np.int64),
        output[order].astype(np.int64),
        first,
        np.array(flat, dtype=np.int64),
        block_tokens if prefixes is not None else 0,
        Exclusions(len(keep)).plus(counts),
        read_as,
    )


@dataclass(frozen=True, slots=True)
class JobDetails:
    """What jobs ask for beside accelerators, each of shape (jobs,).

    Args:
        accelerator_milli: share of each accelerator [0.001]; whole ones when None.
        members: members of the gang; one when None.
        cpu_milli: CPU per member [0.001 core]; no limit when None.
        memory_mib: memory per member [MiB]; no limit when None.
        models: models that each job allows, joined by ``|``; any when None.
        tenants: whose each job is; nobody's when None.
        priority: higher goes first under the priority order; all equal when None.
    """

    accelerator_milli: np.ndarray | None = None
    members: np.ndarray | None = None
    cpu_milli: np.ndarray | None = None
    memory_mib: np.ndarray | None = None
    models: Sequence[str] | None = None
    tenants: Sequence[str] | None = None
    priority: np.ndarray | None = None


def make_job_trace(
    name: str,
    arrival_s: np.ndarray,
    duration_s: np.ndarray,
    accelerators: np.ndarray,
    *,
    details: JobDetails | None = None,
    leave_out_bad: bool = False,
    in_order: bool = False,
    left_out: Mapping[str, int] | None = None,
    written: RowPlaces | None = None,
) -> JobTrace:
    """Check jobs, put them in order of arrival, and count from the first.

    Args:
        name: what to call the trace.
        arrival_s: times of arrival [s]; not a number where unknown.
        duration_s: running times [s]; not a number where unknown.
        accelerators: accelerators per member of the gang; 0 for jobs without. A part of one, such as 0.5, is
            a share of it.
        details: what else the jobs ask for.
        leave_out_bad: leave out bad rows and count them, where otherwise they are an error.
        in_order: the source promises rows in order of arrival, so that a row out of order is an error.
        left_out: rows that the reader had to leave out already, by reason.
        written: where the rows stand.

    Raises:
        CaseError: rows are bad and not to be left out, or none is left.
    """
    place, asked = written or RowPlaces(), details or JobDetails()
    arrival = np.asarray(arrival_s, dtype=np.float64)
    rows = len(arrival)

    def numbers(column: np.ndarray | None, otherwise: float) -> np.ndarray:
        return np.full(rows, otherwise) if column is None else np.asarray(column, dtype=np.float64)

    count, share = _shares(
        np.asarray(accelerators, dtype=np.float64), numbers(asked.accelerator_milli, 1000.0)
    )
    columns = _JobColumns(
        arrival,
        np.asarray(duration_s, dtype=np.float64),
        count,
        share,
        numbers(asked.members, 1.0),
        numbers(asked.cpu_milli, 0.0),
        numbers(asked.memory_mib, 0.0),
        numbers(asked.priority, 0.0),
    )
    sequence = np.lexsort((np.arange(rows), arrival)) if not in_order else np.arange(rows)
    bad = {reason: _reordered(fault, sequence) for reason, fault in columns.faults(place).items()}
    lines = None if place.lines is None else place.lines[sequence]
    keep, counts = check_rows(
        bad, arrival[sequence], leave_out_bad=leave_out_bad, written=RowPlaces(place.file, lines), name=name
    )
    order = sequence[keep]
    order = order[np.argsort(arrival[order], kind="stable")]
    model_names, model_index = _number_names(asked.models, order)
    tenant_names, tenant_index = _number_names(asked.tenants, order)
    already = dict(left_out or {})
    return JobTrace(
        name,
        arrival[order] - arrival[order[0]],
        columns.duration[order],
        count[order].astype(np.int64),
        np.round(share[order]).astype(np.int64),
        columns.gang[order].astype(np.int64),
        _round_up(columns.cpu[order]),
        _round_up(columns.memory[order]),
        model_names,
        model_index,
        tenant_names,
        tenant_index,
        columns.priority[order].astype(np.int64),
        Exclusions(rows + sum(already.values())).plus(already).plus(counts),
    )


@dataclass(frozen=True, slots=True)
class _JobColumns:
    """The numbers of jobs before they are checked, each of shape (jobs,)."""

    arrival: np.ndarray
    duration: np.ndarray
    count: np.ndarray
    share: np.ndarray
    gang: np.ndarray
    cpu: np.ndarray
    memory: np.ndarray
    priority: np.ndarray

    def faults(self, written: RowPlaces) -> dict[str, Fault]:
        """Return for which reasons which jobs cannot be used."""
        count, share, gang = self.count, self.share, self.gang
        wanted = count > 0
        return bad_times(self.arrival, written) | {
            "without a running time": Fault("running time", ~np.isfinite(self.duration), self.duration),
            "with a negative running time": Fault("running time", self.duration < 0, self.duration),
            "with a running time too long": Fault(
                "running time", self.duration > LAST_TIME_S, self.duration, "running times are in seconds"
            ),
            "with a negative or unknown number of accelerators": Fault("accelerators", ~(count >= 0), count),
            "with a part of an accelerator": Fault(
                "accelerators",
                not_whole(count),
                count,
                "a share of one accelerator is below 1, or 1 with accelerator_milli (0.001 accelerator)",
            ),
            "with a share of an accelerator outside 1..1000": Fault(
                "accelerator_milli", wanted & ~((share >= 1) & (share <= 1000)), share
            ),
            "with a share of several accelerators": Fault(
                "accelerator_milli", (count > 1) & (share < 1000), share
            ),
            "with a gang of nobody": Fault("members", ~(gang >= 1), gang),
            "with a part of a member": Fault("members", not_whole(gang), gang),
            "with too many accelerators or members": Fault(
                "accelerators",
                ~((count <= MOST_ACCELERATORS) & (gang <= MOST_MEMBERS)),
                np.clip(count, -LARGEST, LARGEST) * np.clip(gang, -LARGEST, LARGEST),
                f"at most {MOST_ACCELERATORS:,} for a member, and {MOST_MEMBERS:,} members",
            ),
            "with negative CPU or memory": Fault(
                "CPU or memory", ~((self.cpu >= 0) & (self.memory >= 0)), np.minimum(self.cpu, self.memory)
            ),
            "with too much CPU or memory": Fault(
                "CPU or memory",
                ~((self.cpu <= MOST_CPU_OR_MEMORY) & (self.memory <= MOST_CPU_OR_MEMORY)),
                np.maximum(self.cpu, self.memory),
                f"at most {MOST_CPU_OR_MEMORY:,.0f} (0.001 core, MiB)",
            ),
            "with a priority that is not a whole number": Fault(
                "priority",
                ~(np.abs(self.priority) <= MOST_PRIORITY) | not_whole(self.priority),
                self.priority,
            ),
        }


def _shares(count: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Read a part of one accelerator as a share of it; both given together stay as they are, a fault."""
    part = (count > 0) & (count < 1) & (share == 1000)
    return np.where(part, 1.0, count), np.where(part, 1000 * np.where(part, count, 1.0), share)


def _reordered(fault: Fault, order: np.ndarray) -> Fault:
    return Fault(fault.field, fault.rows[order], fault.values[order], fault.right)


def _round_up(values: np.ndarray) -> np.ndarray:
    """Round to whole numbers upwards, but for the rounding of arithmetic: nothing asked for becomes none."""
    return np.ceil(values - 1e-6).astype(np.int64)


def _number_names(names: Sequence[str] | None, order: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """Number the distinct names in the order of their first use."""
    if names is None:
        return ("",), np.zeros(len(order), dtype=np.int64)
    numbers: dict[str, int] = {}
    index = [numbers.setdefault(names[row] or "", len(numbers)) for row in order.tolist()]
    return tuple(numbers), np.array(index, dtype=np.int64)
