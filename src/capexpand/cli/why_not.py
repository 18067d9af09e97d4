"""``capexpand why-not``: a decision forced, what it costs, and what would make it optimal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("why-not")(why_not)


def why_not(
    case: Annotated[str, typer.Argument(help="A run folder, a case, or CASE:VARIANT.")],
    asked: Annotated[
        str,
        typer.Argument(help='Such as "orders.OFFER.2025Q3 >= 5000" or "sites.SITE power 2026Q3 >= 40 MW".'),
    ],
    *,
    variant: Annotated[str | None, typer.Option(help="Apply a variant of the case.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; none is written if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Force a decision: what it costs, what gives way, and what would make it optimal."""
    from capexpand.api.questions import why_not as explain
    from capexpand.cli.questions import show
    from capexpand.reporting.terminal import progress

    with progress("Reading the case") as say:
        found = explain(case, asked, variant=variant, out=out, progress=say)
    show(found.sheet(), out, as_json=as_json)
