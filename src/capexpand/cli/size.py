"""``capexpand size``: the cheapest fleet of replicas that keeps a promise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from capexpand.reporting.console import print_json, say

if TYPE_CHECKING:
    from capexpand.replay.sizing import ReplicaKind
    from capexpand.replay.traces import RequestTrace


def register(app: typer.Typer) -> None:
    """Add the command to the application.

    Args:
        app: the application.
    """
    app.command("size")(size)


def size(
    trace: Annotated[Path, typer.Argument(help="A trace of requests.")],
    slo: Annotated[str, typer.Option(help="The promise, e.g. ttft=2s,tpot=50ms,share=0.99.")],
    replicas: Annotated[Path | None, typer.Option(help="JSON file of the replicas to choose from.")] = None,
    model: Annotated[str | None, typer.Option(help="Model of the catalogue, instead of a file.")] = None,
    chip: Annotated[
        list[str] | None,
        typer.Option(
            help="Chip to compare, with the price of one an hour: H100=2.5; 1 if not given. Repeat."
        ),
    ] = None,
    most: Annotated[int, typer.Option(min=1, max=1_000_000, help="Largest number of replicas.")] = 256,
    load: Annotated[float, typer.Option(help="How many times as fast the requests come.")] = 1.0,
    format_name: Annotated[str | None, typer.Option("--format", help="Format of the trace.")] = None,
    routing: Annotated[str, typer.Option(help="round-robin, least-outstanding or prefix-aware.")] = (
        "least-outstanding"
    ),
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
    leave_out_bad: Annotated[bool, typer.Option(help="Leave out bad requests and count them.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes, each with kinds of its own.")] = 2,
    on: Annotated[
        str | None,
        typer.Option(help="Replay on a Ray cluster: ray or ray://HOST:PORT; else processes here."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Find the cheapest fleet that keeps a promise, among every kind, setting and number of replicas."""
    from capexpand.cli.replay import check_load, parse_choice, print_rows
    from capexpand.cli.replay_run import rounded
    from capexpand.errors import CaseError, Problem
    from capexpand.executing.choosing import engine_on
    from capexpand.replay.compiled import announce_compilation
    from capexpand.replay.serving.replicas import Routing
    from capexpand.replay.sizing import describe_promise, parse_promise, read_replica_kinds, size_fleet
    from capexpand.replay.sources.catalogue import read_trace
    from capexpand.replay.traces import RequestTrace

    promise = parse_promise(slo)
    chosen = parse_choice(Routing, routing, "--routing")
    requests = read_trace(
        trace,
        format_name=format_name,
        leave_out_bad=leave_out_bad,
        time_unit=time_unit,
        block_tokens=block_tokens,
    )
    if not isinstance(requests, RequestTrace):
        raise CaseError([Problem("expected a request trace, got a job trace", file=trace)])
    check_load(load)
    if replicas is not None and (model or chip):
        raise CaseError([Problem("is beside --model and --chip; give one of both", file=replicas)])
    kinds = (
        read_replica_kinds(replicas) if replicas is not None else _computed_kinds(requests, model, chip or [])
    )
    with announce_compilation(), engine_on(on, workers=workers) as engine:
        sizing = size_fleet(
            requests.faster(load), kinds, promise, most_replicas=most, routing=chosen, engine=engine
        )
    rows = [
        {
            "kind": one.kind.name,
            "replicas": one.replicas,
            "accelerators": one.replicas * one.kind.accelerators,
            "step_tokens": one.step_tokens,
            "sequences": one.sequences,
            "cost_per_hour": round(one.cost_per_hour, 4),
            "kept_fraction": round(one.kept_fraction, 5),
            "utilisation": rounded(one.outcome.utilisation),
        }
        for one in sizing.by_kind
    ]
    if as_json:
        found = {"promise": describe_promise(promise), "best": rows[0], "by_kind": rows}
        effort = {"candidates": sizing.candidates, "replayed": sizing.replayed}
        print_json(found | effort | {"exclusions": requests.exclusions.in_words()}, indent=None)
        return
    print_rows(f"Cheapest fleet of each kind: {describe_promise(promise)}", rows)
    say(
        f"{sizing.candidates} fleets considered, {sizing.replayed} replayed; {requests.exclusions.in_words()}"
    )


def _computed_kinds(trace: RequestTrace, model: str | None, chips: list[str]) -> tuple[ReplicaKind, ...]:
    """The replicas that a model makes on chips, each written as a name or as name=price."""
    from capexpand.errors import CaseError, Problem
    from capexpand.replay.plan_serving import replica_kinds
    from capexpand.replay.serving.from_hardware import load_of

    if model is None or not chips:
        raise CaseError([Problem("needs replicas to choose from: give --replicas, or --model and --chip")])
    prices: list[tuple[str, float]] = []
    problems: list[Problem] = []
    for text in chips:
        name, _, written = text.partition("=")
        try:
            price = float(written or 1.0)
        except ValueError:
            price = 0.0
        if not 0 < price < float("inf"):
            problems.append(Problem(f"--chip: {written!r} is no price above 0; write it as H100=2.5"))
        prices.append((name.strip(), price))
    if problems:
        raise CaseError(problems)
    return tuple(kind for kind, _ in replica_kinds(model, prices, load_of(trace)))
