"""``capexpand frontier``: what each step of one objective costs in another."""

from __future__ import annotations

from typing import Annotated

import typer

from capexpand.cli.options import AsJson, Out, PlannedCase, Variant, show


def frontier(
    case: PlannedCase,
    *,
    objectives: Annotated[
        str, typer.Option(help="Two of npv, cost, power, energy, spending and served.")
    ] = "npv,power",
    points: Annotated[int, typer.Option(min=2, max=200, help="Points of the frontier.")] = 9,
    serve: Annotated[
        float, typer.Option(min=0.0, max=100.0, help="Percent of the demand that must be served, by price.")
    ] = 0.0,
    variant: Variant = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Find the frontier between two objectives: cheapest to serve, least power, most value."""
    from capexpand.api.questions import frontier as find
    from capexpand.reporting.terminal import progress

    with progress("Reading the case") as say:
        found = find(
            case, objectives=objectives, points=points, serve=serve, variant=variant, out=out, progress=say
        )
    show(found.sheet(), out, as_json=as_json)
