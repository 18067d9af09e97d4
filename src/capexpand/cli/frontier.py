"""``capexpand frontier``: what each step of one objective costs in another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("frontier")(frontier)


def frontier(
    case: Annotated[str, typer.Argument(help="A run folder, a case, or CASE:VARIANT.")],
    *,
    objectives: Annotated[
        str, typer.Option(help="Two of npv, cost, power, energy, spending and served.")
    ] = "npv,power",
    points: Annotated[int, typer.Option(min=2, max=200, help="Points of the frontier.")] = 9,
    serve: Annotated[
        float, typer.Option(min=0.0, max=100.0, help="Percent of the demand that must be served, by price.")
    ] = 0.0,
    variant: Annotated[str | None, typer.Option(help="Apply a variant of the case.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; none is written if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Find the frontier between two objectives: cheapest to serve, least power, most value."""
    from capexpand.api.questions import frontier as find
    from capexpand.cli.questions import show
    from capexpand.reporting.terminal import progress

    with progress("Reading the case") as say:
        found = find(
            case, objectives=objectives, points=points, serve=serve, variant=variant, out=out, progress=say
        )
    show(found.sheet(), out, as_json=as_json)
