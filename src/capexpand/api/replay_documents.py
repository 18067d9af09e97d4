"""Documents of a replay: a trace on the fleet that a run planned, on nodes of one's own, on replicas."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capexpand.replay.derating import Derating
    from capexpand.replay.fleet import Fleet
    from capexpand.replay.jobs.policies import SchedulingPolicy
    from capexpand.replay.serving.from_hardware import HardwareReplica
    from capexpand.replay.serving.outcome import Percentiles, Promise
    from capexpand.replay.serving.replicas import Routing
    from capexpand.replay.sizing import ReplicaKind
    from capexpand.replay.traces import JobTrace, RequestTrace
    from capexpand.runs.planned_fleet import PlannedFleet

Row = dict[str, str | float | int | None]
LOAD = 1.0
"""Work asked for over what a part of the plan's fleet can do, where the user says nothing."""


def jobs_document(
    plan: PlannedFleet, trace: JobTrace, policy: SchedulingPolicy, *, load: float | None, leave_out_bad: bool
) -> dict[str, object]:
    """Replay jobs on each cluster of a plan, and return what to show and write.

    Args:
        plan: the fleet of a quarter.
        trace: the jobs.
        policy: how a cluster decides.
        load: work asked for over what the part of a cluster can do.
        leave_out_bad: leave out jobs larger than the cluster, where otherwise they are an error.
    """
    from capexpand.replay.plan_derating import combine, replay_plan

    replays = replay_plan(plan.clusters, trace, policy=policy, load=load or LOAD, leave_out_bad=leave_out_bad)
    return about(plan, trace.name) | {
        "jobs": len(replays[0].replay.outcome.trace),
        "exclusions": replays[0].replay.outcome.trace.exclusions.in_words(),
        "clusters": [
            {
                "workload": one.cluster.workload,
                "sites": one.cluster.sites,
                "accelerators": one.cluster.fleet.accelerators,
                "replayed_on": one.part.accelerators,
                "load": rounded(one.replay.load),
                "utilisation": round(one.replay.outcome.utilisation_while_arriving, 4),
                "stranded": round(one.replay.outcome.stranded_fraction, 4),
                "mean_wait_s": round(float(one.replay.outcome.wait_s.mean()), 1),
            }
            for one in replays
        ],
        "deratings": [derating_row(one) | {"trace": trace.name} for one in combine(replays)],
    }


def requests_document(
    plan: PlannedFleet,
    trace: RequestTrace,
    model: str,
    promise: Promise,
    *,
    routing: Routing,
    load: float | None,
    leave_out_bad: bool,
) -> dict[str, object]:
    """Replay requests on each offer of a plan, and return what to show and write.

    Args:
        plan: the fleet of a quarter.
        trace: the requests.
        model: name of the model that is served.
        promise: what must be kept.
        routing: how a request finds its replica.
        load: share of the replicas' full throughput that the trace asks for at its own speed.
        leave_out_bad: leave out requests that no replica can hold, where otherwise they are an error.
    """
    from capexpand.replay.plan_serving import combine_serving, replay_plan_serving
    from capexpand.replay.sizing import describe_promise

    replays = replay_plan_serving(
        plan.clusters,
        trace,
        model,
        promise,
        load=load or LOAD,
        routing=routing,
        leave_out_bad=leave_out_bad,
    )
    return about(plan, trace.name) | {
        "model": replays[0].found.model,
        "promise": describe_promise(promise),
        "requests": len(trace),
        "exclusions": trace.exclusions.in_words(),
        "offers": [
            {
                "workload": one.workload,
                "offer": one.offer,
                "chip": one.found.chip,
                "layout": one.found.layout,
                "accelerators": one.accelerators,
                "replicas": one.replicas,
            }
            | step_time_row(one.found)
            for one in replays
        ],
        "deratings": [derating_row(one) | {"trace": trace.name} for one in combine_serving(replays)],
    }


def rounded(value: float | None, digits: int = 4) -> float | None:
    """Round a number for a document; what is not finite is none."""
    return None if value is None or not math.isfinite(value) else round(value, digits)


def step_time_row(one: HardwareReplica) -> Row:
    """Return the four numbers of a replica's step time, and its memory.

    Args:
        one: a replica worked out from a model and a chip.
    """
    names = ("base_s", "per_prefill_token_s", "per_cached_token_s", "per_sequence_s")
    numbers: Row = {name: float(f"{getattr(one.replica.step_time, name):.4g}") for name in names}
    return numbers | {"memory_tokens": one.replica.memory_tokens or 0}


def about(plan: PlannedFleet, trace: str) -> dict[str, object]:
    """Say what was replayed on what.

    Args:
        plan: the fleet of a quarter.
        trace: name of the trace.
    """
    return {
        "trace": trace,
        "run": plan.folder.name,
        "case_hash": plan.case_hash,
        "quarter": plan.quarter,
        "power_mw": round(plan.power_mw, 3),
    }


def derating_row(one: Derating) -> Row:
    """Return a derating as a row of a derating file.

    Args:
        one: the derating.
    """
    return {
        "workload": one.workload,
        "offer": one.offer,
        "utilisation": round(one.utilisation.fraction, 4),
        "utilisation_low": round(one.utilisation.low, 4),
        "utilisation_high": round(one.utilisation.high, 4),
        "usable": round(one.usable.fraction, 4),
        "usable_low": round(one.usable.low, 4),
        "usable_high": round(one.usable.high, 4),
        "stretches": one.usable.stretches,
    }


def write_derating(document: dict[str, object], out: Path) -> tuple[Path, ...]:
    """Write a derating that a case can refer to.

    Args:
        document: with the list ``deratings``, and whatever says where they come from.
        out: a file that ends in ``.json`` or ``.csv``, or a folder that gets one of each.

    Returns:
        The files written.

    Raises:
        RunError: they cannot be written.
    """
    from capexpand.errors import RunError
    from capexpand.files import csv_of, json_of, write_file

    files = derating_files(out)
    about = {name: document[name] for name in _ABOUT if name in document}
    rows: list[Row] = document["deratings"]  # type: ignore[assignment]
    try:
        files[0].parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{out}: cannot be written: {error.strerror or error}") from error
    for file in files:
        if file.suffix == ".json":
            text = (
                json.dumps(about | {"deratings": rows}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
            )
            write_file(file, text, ours=json_of("trace", "deratings"))
        else:
            write_file(file, _as_csv(rows), ours=csv_of("workload", "offer"))
    return files


def derating_files(out: Path) -> tuple[Path, ...]:
    """Return the files that a derating is written to: the one named, or one of each kind in a folder."""
    return (out,) if out.suffix in (".json", ".csv") else (out / "derating.json", out / "derating.csv")


def check_place(out: Path, inputs: Sequence[Path]) -> None:
    """Refuse a place where something stands that is no derating, before any work is done.

    Args:
        out: as given.
        inputs: the files that the command reads.

    Raises:
        RunError: it does, or the place cannot be written.
    """
    from capexpand.files import check_file, csv_of, json_of
    from capexpand.files.reading import is_folder

    for file in derating_files(out):
        ours = json_of("trace", "deratings") if file.suffix == ".json" else csv_of("workload", "offer")
        if is_folder(file.parent):  # otherwise it is made, and nothing stands there
            check_file(file, ours=ours, inputs=inputs)


_ABOUT = ("trace", "run", "case_hash", "quarter", "model", "promise")


def _as_csv(rows: list[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["workload", "offer"], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _guarded(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _guarded(value: str | float | None) -> str | float | None:
    """Keep a spreadsheet from computing a name (of a trace's file) that begins as a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value


def fleet_document(
    trace: JobTrace,
    fleet: Fleet,
    policy: SchedulingPolicy,
    *,
    load: float | None,
    leave_out_bad: bool,
) -> dict[str, object]:
    """Replay jobs on nodes of one's own, and return what to show and write."""
    from capexpand.replay.derating import replay_fleet
    from capexpand.replay.serving.outcome import describe

    result = replay_fleet(fleet, trace, policy=policy, load=load, leave_out_bad=leave_out_bad)
    outcome = result.outcome
    document: dict[str, object] = {
        "trace": outcome.trace.name,
        "jobs": len(outcome.trace),
        "exclusions": outcome.trace.exclusions.in_words(),
        "load": rounded(result.load),
        "utilisation": rounded(outcome.utilisation_while_arriving),
        "stranded": round(outcome.stranded_fraction, 4),
        "idle_by_cause": {name: round(value, 4) for name, value in outcome.stranded_by_cause().items()},
        "wait_s": _distribution(describe(outcome.wait_s)),
        "completion_s": _distribution(describe(outcome.completion_s)),
        "preemptions": int(outcome.preempted.sum()),
        "makespan_h": round(outcome.makespan_s / 3600, 3),
        "by_tenant": [
            {"tenant": one.name, "jobs": one.jobs, "hours": round(one.accelerator_hours, 1)}
            | {f"wait_{key}": value for key, value in _distribution(one.wait_s).items()}
            for one in outcome.by_tenant()
        ],
        "by_model": [
            {"model": one.name, "jobs": one.jobs, "hours": round(one.accelerator_hours, 1)}
            | {f"wait_{key}": value for key, value in _distribution(one.wait_s).items()}
            for one in outcome.by_model()
        ],
        "deratings": [derating_row(one) for one in result.deratings],
    }
    if result.note:
        document["note"] = result.note
    return document


def replicas_document(
    trace: RequestTrace,
    kind: ReplicaKind,
    count: int,
    *,
    routing: Routing,
    promise: Promise | None,
    load: float | None,
    leave_out_bad: bool,
) -> dict[str, object]:
    """Replay requests on equal replicas, and return what to show and write."""
    from capexpand.replay.derating import derate_serving
    from capexpand.replay.serving.outcome import describe
    from capexpand.replay.serving.serve import highest_load, serve
    from capexpand.replay.sizing import describe_promise

    outcome = serve(
        trace.faster(load or 1.0), kind.replica, replicas=count, routing=routing, leave_out_bad=leave_out_bad
    )
    served = outcome.trace
    document: dict[str, object] = {
        "trace": served.name,
        "requests": len(served),
        "exclusions": served.exclusions.in_words(),
        **({"read_as": served.read_as} if served.read_as else {}),
        "replica": kind.name,
        "replicas": count,
        "utilisation": rounded(outcome.utilisation),
        "output_tokens_per_s": rounded(outcome.output_tokens_per_s, 2),
        "ttft_s": _distribution(describe(outcome.time_to_first_token_s)),
        "tpot_s": _distribution(describe(outcome.time_per_token_s)),
        "e2e_s": _distribution(describe(outcome.end_to_end_s)),
        "reused_prompt_fraction": round(outcome.reuse_fraction, 4),
        "peak_memory_tokens": int(outcome.peak_memory_tokens.max()),
        "preemptions": int(outcome.preempted.sum()),
        "deratings": [],
    }
    if promise is not None:
        factor = highest_load(served, kind.replica, promise, replicas=count, routing=routing)
        derating = derate_serving(
            served, kind.replica, promise, offer=kind.name, replicas=count, routing=routing
        )
        document |= {
            "promise": describe_promise(promise),
            "kept_fraction": round(outcome.kept_fraction(promise), 5),
            "goodput_per_s": round(outcome.goodput_per_s(promise), 4),
            "highest_load_per_s": rounded(factor * served.rate_per_s if factor else 0.0),
            "deratings": [] if derating is None else [derating_row(derating)],
        }
        if derating is None:
            document["note"] = "all requests arrive at once, so there is no load and no derating"
    return document


def _distribution(one: Percentiles) -> dict[str, float | None]:
    return {name: rounded(getattr(one, name)) for name in ("mean", "p50", "p90", "p99")}
