"""``capexpand replay``: run a trace on a fleet, and say what the fleet really reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from capexpand.cli.options import AsJson, BlockTokens, On, TimeUnit, Workers
from capexpand.reporting.console import output, print_json, say


def replay(
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
    time_unit: TimeUnit = None,
    block_tokens: BlockTokens = None,
    leave_out_bad: Annotated[bool, typer.Option(help="Leave out bad rows and count them.")] = False,
    seeds: Annotated[
        int,
        typer.Option(min=1, max=100_000, help="Draw so often: random placement, or generated requests."),
    ] = 1,
    workers: Workers = 2,
    on: On = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the derating: a .json or .csv file, or a folder for both.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Replay a trace on a fleet: waiting, utilisation, what is stranded and why, derating for a plan."""
    from capexpand.api.replaying import replay as replayed

    found = replayed(
        run, trace=trace, fleet=fleet, replicas=replicas, quarter=quarter, workload=workload, model=model,
        chip=chip, count=count, format=format_name, servegen=servegen, span_hours=span_hours, load=load,
        order=order, placement=placement, backfill=backfill, preempt=preempt,
        accelerators_only=accelerators_only, routing=routing, slo=slo, time_unit=time_unit,
        block_tokens=block_tokens, leave_out_bad=leave_out_bad, seeds=seeds, workers=workers, on=on, out=out,
    )  # fmt: skip
    if as_json:
        print_json(found.document, indent=None)
        return
    _print(found.document)


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


def _print(document: Mapping[str, Any]) -> None:
    for name, value in document.items():
        if isinstance(value, list):
            if value:
                print_rows(name.replace("_", " "), value)
        elif isinstance(value, dict):
            parts = ", ".join(f"{key} {'–' if part is None else f'{part:g}'}" for key, part in value.items())
            say(f"{name.replace('_', ' ')}: {parts}")
        else:
            say(f"{name.replace('_', ' ')}: {_cell(value)}")
