"""``capexpand why``: what limits a decision of a plan, what one more is worth, what nearly won."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("why")(why)


def why(
    case: Annotated[str, typer.Argument(help="A run folder, a case, or CASE:VARIANT.")],
    asked: Annotated[
        str,
        typer.Argument(
            help='Such as orders.OFFER.2025Q3, "sites.SITE power 2026Q3", supply.OFFER.2025Q3, '
            "workloads.NAME, budget, or alternatives."
        ),
    ],
    *,
    variant: Annotated[str | None, typer.Option(help="Apply a variant of the case.")] = None,
    within: Annotated[
        float, typer.Option(min=0.0, max=100.0, help="With alternatives: percent of the value given up.")
    ] = 1.0,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; none is written if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Say why a plan decides as it does: limits, the worth and price of one more, what nearly won."""
    from capexpand.api.questions import why as explain
    from capexpand.cli.questions import show
    from capexpand.reporting.terminal import progress

    with progress("Reading the case") as say:
        found = explain(case, asked, variant=variant, within=within, out=out, progress=say)
    show(found.sheet(), out, as_json=as_json)
