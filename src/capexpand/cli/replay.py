"""``capexpand replay``: run a trace on a fleet, and say what the fleet really reaches."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from capexpand.replay.derating import Derating
    from capexpand.replay.serving.outcome import Distribution
    from capexpand.replay.traces import JobTrace, RequestTrace

Choice = TypeVar("Choice", bound=IntEnum)
Row = dict[str, str | float | int]


def register(app: typer.Typer) -> None:
    """Add the command to the application.

    Args:
        app: the application.
    """
    app.command("replay")(replay)


def replay(
    trace: Annotated[Path, typer.Option(help="The trace: jobs or requests, or ServeGen's folder.")],
    fleet: Annotated[Path | None, typer.Option(help="CSV or JSON file of nodes, for jobs.")] = None,
    replicas: Annotated[Path | None, typer.Option(help="JSON file of a replica, for requests.")] = None,
    count: Annotated[int, typer.Option(min=1, help="How many replicas.")] = 1,
    format_name: Annotated[str | None, typer.Option("--format", help="Format of the trace.")] = None,
    servegen: Annotated[str | None, typer.Option(help="Generate requests of this model of ServeGen.")] = None,
    span_hours: Annotated[float, typer.Option(min=0.0, help="How much to generate.")] = 1.0,
    load: Annotated[
        float | None, typer.Option(help="Jobs: share of the fleet's work asked for. Requests: speed-up.")
    ] = None,
    order: Annotated[
        str, typer.Option(help="first-come, shortest-first, priority or fair-share.")
    ] = "first-come",
    placement: Annotated[
        str,
        typer.Option(help="best-fit, fragmentation-gradient, packing, clustering, dot-product or random."),
    ] = "best-fit",
    backfill: Annotated[bool, typer.Option(help="Let later jobs pass one that cannot start.")] = False,
    preempt: Annotated[bool, typer.Option(help="Take from jobs of lower priority.")] = False,
    accelerators_only: Annotated[bool, typer.Option(help="Ignore CPU and memory; much faster.")] = False,
    routing: Annotated[str, typer.Option(help="round-robin, least-outstanding or prefix-aware.")] = (
        "least-outstanding"
    ),
    slo: Annotated[str | None, typer.Option(help="A promise, e.g. ttft=2s,tpot=50ms,share=0.99.")] = None,
    leave_out_bad: Annotated[bool, typer.Option(help="Leave out bad rows and count them.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the derating to this JSON file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Replay a trace on a fleet: waiting, utilisation, what is stranded and why, derating for a plan."""
    from capexpand.errors import CaseError, Problem
    from capexpand.replay.compiled import announce_compilation
    from capexpand.replay.sources.catalogue import read_trace
    from capexpand.replay.sources.servegen import generate_servegen
    from capexpand.replay.traces import JobTrace

    if load is not None and load <= 0:
        raise CaseError([Problem("--load must be above 0")])
    if servegen:
        loaded: RequestTrace | JobTrace = generate_servegen(trace, model=servegen, span_s=3600 * span_hours)
    else:
        loaded = read_trace(trace, format_name=format_name, leave_out_bad=leave_out_bad)
    with announce_compilation():
        if isinstance(loaded, JobTrace):
            if fleet is None:
                raise CaseError([Problem("jobs need a fleet of nodes: give --fleet", file=trace)])
            jobs = loaded.accelerators_only() if accelerators_only else loaded
            document = _replay_jobs(
                jobs,
                fleet,
                (order, placement),
                backfill=backfill,
                preempt=preempt,
                load=load,
                leave_out_bad=leave_out_bad,
            )
        else:
            if replicas is None:
                raise CaseError([Problem("requests need a replica: give --replicas", file=trace)])
            document = _replay_requests(
                loaded, replicas, count, routing=routing, slo=slo, load=load, leave_out_bad=leave_out_bad
            )
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps({"deratings": document["deratings"]}, indent=1) + "\n")
    if as_json:
        typer.echo(json.dumps(document))
        return
    _print(document)


def _replay_jobs(
    trace: JobTrace,
    fleet_file: Path,
    choices: tuple[str, str],
    *,
    backfill: bool,
    preempt: bool,
    load: float | None,
    leave_out_bad: bool,
) -> dict[str, object]:
    from capexpand.errors import CaseError, Problem
    from capexpand.replay.derating import replay_fleet
    from capexpand.replay.fleet import read_fleet
    from capexpand.replay.jobs.policies import Order, SchedulingPolicy
    from capexpand.replay.packing.tasks import PlacementRule
    from capexpand.replay.serving.outcome import describe

    try:
        policy = SchedulingPolicy(
            parse_choice(Order, choices[0], "--order"),
            parse_choice(PlacementRule, choices[1], "--placement"),
            backfill=backfill,
            preempt=preempt,
        )
    except ValueError as error:
        raise CaseError([Problem(str(error))]) from None
    result = replay_fleet(
        read_fleet(fleet_file), trace, policy=policy, load=load, leave_out_bad=leave_out_bad
    )
    outcome = result.outcome
    return {
        "trace": outcome.trace.name,
        "jobs": len(outcome.trace),
        "exclusions": outcome.trace.exclusions.in_words(),
        "load": round(result.load, 4),
        "utilisation": round(outcome.utilisation_while_arriving, 4),
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
        "deratings": [_derating(one) for one in result.deratings],
    }


def _replay_requests(
    trace: RequestTrace,
    replica_file: Path,
    count: int,
    *,
    routing: str,
    slo: str | None,
    load: float | None,
    leave_out_bad: bool,
) -> dict[str, object]:
    from capexpand.errors import CaseError, Problem
    from capexpand.replay.derating import derate_serving
    from capexpand.replay.serving.outcome import describe
    from capexpand.replay.serving.replicas import Routing
    from capexpand.replay.serving.serve import highest_load, serve
    from capexpand.replay.sizing import describe_promise, parse_promise, read_replica_kinds

    kinds = read_replica_kinds(replica_file)
    if len(kinds) != 1:
        raise CaseError(
            [Problem("a replay takes one kind of replica; capexpand size compares", file=replica_file)]
        )
    kind = kinds[0]
    chosen = parse_choice(Routing, routing, "--routing")
    promise = parse_promise(slo) if slo else None
    outcome = serve(
        trace.faster(load or 1.0), kind.replica, replicas=count, routing=chosen, leave_out_bad=leave_out_bad
    )
    served = outcome.trace
    document: dict[str, object] = {
        "trace": served.name,
        "requests": len(served),
        "exclusions": served.exclusions.in_words(),
        "replicas": count,
        "utilisation": round(outcome.utilisation, 4),
        "output_tokens_per_s": round(outcome.output_tokens_per_s, 2),
        "ttft_s": _distribution(describe(outcome.time_to_first_token_s)),
        "tpot_s": _distribution(describe(outcome.time_per_token_s)),
        "e2e_s": _distribution(describe(outcome.end_to_end_s)),
        "reused_prompt_fraction": round(outcome.reuse_fraction, 4),
        "peak_memory_tokens": int(outcome.peak_memory_tokens.max()),
        "preemptions": int(outcome.preempted.sum()),
        "deratings": [],
    }
    if promise is not None:
        factor = highest_load(served, kind.replica, promise, replicas=count, routing=chosen)
        document |= {
            "promise": describe_promise(promise),
            "kept_fraction": round(outcome.kept_fraction(promise), 5),
            "goodput_per_s": round(outcome.goodput_per_s(promise), 4),
            "highest_load_per_s": round(factor * served.rate_per_s, 4),
            "deratings": [
                _derating(
                    derate_serving(
                        served, kind.replica, promise, offer=kind.name, replicas=count, routing=chosen
                    )
                )
            ],
        }
    return document


def parse_choice(kind: type[Choice], text: str, option: str) -> Choice:
    """Return the member that a user named, in lower case with hyphens.

    Args:
        kind: the enumeration.
        text: what the user wrote.
        option: the option, for the message.

    Raises:
        CaseError: there is no such member.
    """
    from capexpand.errors import CaseError, Problem

    names = {member.name.lower().replace("_", "-"): member for member in kind}
    if text not in names:
        raise CaseError([Problem(f"{option}: unknown {text!r}; there are {', '.join(names)}")])
    return names[text]


def print_rows(title: str, rows: Sequence[Row]) -> None:
    """Print rows of equal fields as a table.

    Args:
        title: above it.
        rows: at least one.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title)
    for name, value in rows[0].items():
        table.add_column(name, justify="left" if isinstance(value, str) else "right")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    # a table that is piped keeps its columns whole
    Console(width=None if Console().is_terminal else 240).print(table)


def _distribution(one: Distribution) -> dict[str, float]:
    return {name: round(getattr(one, name), 4) for name in ("mean", "p50", "p90", "p99")}


def _derating(one: Derating) -> Row:
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


def _print(document: dict[str, object]) -> None:
    for name, value in document.items():
        if isinstance(value, list):
            if value:
                print_rows(name.replace("_", " "), value)
        elif isinstance(value, dict):
            parts = ", ".join(f"{key} {part:g}" for key, part in value.items())
            typer.echo(f"{name.replace('_', ' ')}: {parts}")
        else:
            typer.echo(f"{name.replace('_', ' ')}: {value}")
