"""``capexpand size``: the cheapest fleet of replicas that keeps a promise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from capexpand.cli.options import AsJson, BlockTokens, On, TimeUnit
from capexpand.reporting.console import print_json, say


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
    time_unit: TimeUnit = None,
    block_tokens: BlockTokens = None,
    leave_out_bad: Annotated[bool, typer.Option(help="Leave out bad requests and count them.")] = False,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes; the result is the same for any number.")
    ] = 2,
    on: On = None,
    as_json: AsJson = False,
) -> None:
    """Find the cheapest fleet that keeps a promise, among every kind, setting and number of replicas."""
    from capexpand.api.replaying import size as sized
    from capexpand.cli.replay import print_rows

    found = sized(
        trace, slo=slo, replicas=replicas, model=model, chip=chip, most=most, load=load, format=format_name,
        routing=routing, time_unit=time_unit, block_tokens=block_tokens, leave_out_bad=leave_out_bad,
        workers=workers, on=on,
    ).document  # fmt: skip
    if as_json:
        print_json(found, indent=None)
        return
    print_rows(f"Cheapest fleet of each kind: {found['promise']}", found["by_kind"])
    say(f"{found['candidates']} fleets considered, {found['replayed']} replayed; {found['exclusions']}")
