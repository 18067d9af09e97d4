"""``capexpand replay``: run a trace on a fleet, and say what the fleet really reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from capexpand.cli.replay_run import (
    check_place,
    derating_row,
    jobs_document,
    requests_document,
    rounded,
    write_derating,
)
from capexpand.reporting.console import output, print_json, say

if TYPE_CHECKING:
    from capexpand.replay.jobs.policies import SchedulingPolicy
    from capexpand.replay.serving.outcome import Distribution, Promise
    from capexpand.replay.serving.replicas import Routing
    from capexpand.replay.sizing import ReplicaKind
    from capexpand.replay.traces import JobTrace, RequestTrace
    from capexpand.runs.planned_fleet import PlannedFleet

Choice = TypeVar("Choice", bound=IntEnum)


def register(app: typer.Typer) -> None:
    """Add the command to the application.

    Args:
        app: the application.
    """
    app.command("replay")(replay)


def replay(  # noqa: PLR0912 - one branch for each way to name a fleet
    run: Annotated[
        Path | None, typer.Argument(help="A run folder, whose planned fleet is taken, instead of --fleet.")
    ] = None,
    *,
    trace: Annotated[Path, typer.Option(help="The trace: jobs or requests, or ServeGen's folder.")],
    fleet: Annotated[Path | None, typer.Option(help="CSV or JSON file of nodes, for jobs.")] = None,
    replicas: Annotated[Path | None, typer.Option(help="JSON file of a replica, for requests.")] = None,
    quarter: Annotated[
        str | None, typer.Option(help="Of the run: a day in it or its name; the fullest if not given.")
    ] = None,
    workload: Annotated[str | None, typer.Option(help="Of the run: one workload only.")] = None,
    model: Annotated[
        str | None, typer.Option(help="Model of the catalogue, for replicas computed on --chip or the run.")
    ] = None,
    chip: Annotated[str | None, typer.Option(help="Chip of the catalogue, with --model.")] = None,
    count: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many replicas.")] = 1,
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
    time_unit: Annotated[
        str | None, typer.Option(help="s or ms, of times in JSON lines; recognised if not given.")
    ] = None,
    block_tokens: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=10_000_000,
            help="Tokens in a block of a prefix in JSON lines; recognised if not given.",
        ),
    ] = None,
    leave_out_bad: Annotated[bool, typer.Option(help="Leave out bad rows and count them.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write the derating: a .json or .csv file, or a folder for both.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Replay a trace on a fleet: waiting, utilisation, what is stranded and why, derating for a plan."""
    from capexpand.errors import CaseError, Problem
    from capexpand.replay.compiled import announce_compilation
    from capexpand.replay.derating import why_no_derating
    from capexpand.replay.serving.replicas import Routing
    from capexpand.replay.sizing import parse_promise
    from capexpand.replay.sources.catalogue import read_trace
    from capexpand.replay.traces import JobTrace

    check_load(load)
    if out is not None:
        check_place(out, [one for one in (trace, fleet, replicas) if one is not None])
    plan = _planned(run, fleet or replicas, quarter=quarter, workload=workload)
    if servegen:
        loaded = _generate(trace, servegen, span_hours)
    else:
        loaded = read_trace(
            trace,
            format_name=format_name,
            leave_out_bad=leave_out_bad,
            time_unit=time_unit,
            block_tokens=block_tokens,
        )
    with announce_compilation():
        if isinstance(loaded, JobTrace):
            policy = _policy(order, placement, backfill=backfill, preempt=preempt)
            if plan is not None:
                document = jobs_document(plan, loaded, policy, load=load, leave_out_bad=leave_out_bad)
            elif fleet is not None:
                jobs = _only_with_accelerators(loaded) if accelerators_only else loaded
                if out is not None and (note := why_no_derating(jobs)):
                    raise CaseError([Problem(f"{note}; leave --out out", file=trace)])
                document = _replay_jobs(jobs, fleet, policy, load=load, leave_out_bad=leave_out_bad)
            else:
                raise CaseError([Problem("jobs need a fleet of nodes: give a run, or --fleet", file=trace)])
        else:
            chosen = parse_choice(Routing, routing, "--routing")
            promise = parse_promise(slo) if slo else None
            if plan is not None:
                if model is None or promise is None:
                    raise CaseError([Problem("requests on a run need --model and --slo", file=trace)])
                document = requests_document(
                    plan, loaded, model, promise, routing=chosen, load=load, leave_out_bad=leave_out_bad
                )
            else:
                kind = _replica_kind(loaded, replicas, model, chip, promise)
                document = _replay_requests(
                    loaded,
                    kind,
                    count,
                    routing=chosen,
                    promise=promise,
                    load=load,
                    leave_out_bad=leave_out_bad,
                )
    if out is not None:
        if not document["deratings"]:
            raise CaseError(
                [Problem(f"{document.get('note') or 'nothing was promised (--slo)'}, so none is written")]
            )
        write_derating(document, out)
    if as_json:
        print_json(document, indent=None)
        return
    _print(document)


def _generate(folder: Path, model: str, span_hours: float) -> RequestTrace:
    from capexpand.replay.sources.servegen import generate_servegen

    return generate_servegen(folder, model=model, span_s=3600 * span_hours)


def check_load(load: float | None) -> None:
    """Refuse a factor on the load that is not finite or beyond all bounds.

    Args:
        load: as given; None for none.

    Raises:
        CaseError: it lies outside 1e-6 to 1e6.
    """
    from capexpand.errors import CaseError, Problem

    if load is not None and not 1e-6 <= load <= 1e6:
        raise CaseError([Problem(f"--load must be above 0 (from 0.000001 to 1,000,000), not {load:g}")])


def _planned(
    run: Path | None, instead: Path | None, *, quarter: str | None, workload: str | None
) -> PlannedFleet | None:
    """The fleet of a run, if one was given; it excludes a fleet that is written down."""
    from capexpand.errors import CaseError, Problem

    if run is None:
        if quarter or workload:
            raise CaseError([Problem("--quarter and --workload choose from a run; name its folder")])
        return None
    if instead is not None:
        raise CaseError([Problem("is beside a run, which has its own fleet; give one of both", file=instead)])
    from capexpand.runs.planned_fleet import read_planned_fleet

    return read_planned_fleet(run, quarter=quarter, workload=workload)


def _policy(order: str, placement: str, *, backfill: bool, preempt: bool) -> SchedulingPolicy:
    from capexpand.errors import CaseError, Problem
    from capexpand.replay.jobs.policies import Order, SchedulingPolicy
    from capexpand.replay.packing.tasks import PlacementRule

    try:
        return SchedulingPolicy(
            parse_choice(Order, order, "--order"),
            parse_choice(PlacementRule, placement, "--placement"),
            backfill=backfill,
            preempt=preempt,
        )
    except ValueError as error:
        raise CaseError([Problem(str(error))]) from None


def _only_with_accelerators(trace: JobTrace) -> JobTrace:
    from capexpand.errors import CaseError, Problem

    jobs = trace.accelerators_only()
    if len(jobs) == 0:
        message = "no job asks for an accelerator, so nothing is left with --accelerators-only"
        raise CaseError([Problem(f"{trace.name}: {message}")])
    return jobs


def _replay_jobs(
    trace: JobTrace,
    fleet_file: Path,
    policy: SchedulingPolicy,
    *,
    load: float | None,
    leave_out_bad: bool,
) -> dict[str, object]:
    from capexpand.replay.derating import replay_fleet
    from capexpand.replay.fleet import read_fleet
    from capexpand.replay.serving.outcome import describe

    result = replay_fleet(
        read_fleet(fleet_file), trace, policy=policy, load=load, leave_out_bad=leave_out_bad
    )
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


def _replica_kind(
    trace: RequestTrace, file: Path | None, model: str | None, chip: str | None, promise: Promise | None
) -> ReplicaKind:
    """The one kind of replica of a file, or the one that a model makes on a chip."""
    from capexpand.errors import CaseError, Problem
    from capexpand.replay.serving.from_hardware import load_of, replica_on
    from capexpand.replay.sizing import ReplicaKind, read_replica_kinds

    if file is not None and (model or chip):
        raise CaseError([Problem("is beside --model and --chip; give one of both", file=file)])
    if file is not None:
        kinds = read_replica_kinds(file)
        if len(kinds) != 1:
            raise CaseError(
                [Problem("a replay takes one kind of replica; capexpand size compares", file=file)]
            )
        return kinds[0]
    if model is None or chip is None:
        raise CaseError([Problem("requests need a replica: give --replicas, or --model and --chip")])
    found = replica_on(model, chip, load_of(trace, promise))
    name = f"{found.model} on {found.chip} {found.layout}"
    return ReplicaKind(name, found.replica, 0.0, found.accelerators)


def _replay_requests(
    trace: RequestTrace,
    kind: ReplicaKind,
    count: int,
    *,
    routing: Routing,
    promise: Promise | None,
    load: float | None,
    leave_out_bad: bool,
) -> dict[str, object]:
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


def print_rows(title: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Print rows of equal fields as a table.

    Args:
        title: above it.
        rows: at least one.
    """
    from rich.table import Table

    table = Table(title=title)
    for name, value in rows[0].items():
        table.add_column(name, justify="left" if isinstance(value, str) else "right", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    output(width=240).print(table)  # a table that is piped keeps its columns whole


def _cell(value: object) -> str:
    return "–" if value is None else str(value)


def _distribution(one: Distribution) -> dict[str, float | None]:
    return {name: rounded(getattr(one, name)) for name in ("mean", "p50", "p90", "p99")}


def _print(document: dict[str, object]) -> None:
    for name, value in document.items():
        if isinstance(value, list):
            if value:
                print_rows(name.replace("_", " "), value)
        elif isinstance(value, dict):
            parts = ", ".join(f"{key} {'–' if part is None else f'{part:g}'}" for key, part in value.items())
            say(f"{name.replace('_', ' ')}: {parts}")
        else:
            say(f"{name.replace('_', ' ')}: {_cell(value)}")
