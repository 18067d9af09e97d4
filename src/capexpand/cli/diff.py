"""``capexpand diff``: what changed between two plans, and why the value did."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("diff")(diff)


def diff(
    old: Annotated[str, typer.Argument(help="A run folder, a case, or CASE:VARIANT.")],
    new: Annotated[
        str | None, typer.Argument(help="The same; the old case with --variant if not given.")
    ] = None,
    *,
    variant: Annotated[str | None, typer.Option(help="Apply a variant of the new case.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; none is written if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Show what changed between two plans: inputs, decisions, results, and the value by cause."""
    from capexpand.api.questions import diff as find
    from capexpand.cli.questions import show
    from capexpand.reporting.terminal import progress

    with progress("Reading the cases") as say:
        found = find(old, new, variant=variant, out=out, progress=say)
    show(found.sheet(), out, as_json=as_json)
