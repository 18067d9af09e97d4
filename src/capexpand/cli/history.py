"""``capexpand history``: a chain of rolled plans with its ledger of regret."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("history")(history)


def history(
    folder: Annotated[Path, typer.Argument(help="Folder that holds the runs of capexpand roll.")],
    *,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; none is written if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Show a chain of rolled plans: what was decided on what knowledge, and what it cost."""
    from capexpand.api.questions import history as lay_out
    from capexpand.cli.questions import show
    from capexpand.reporting.terminal import progress

    with progress("Reading the runs") as say:
        found = lay_out(folder, out=out, progress=say)
    show(found.sheet(), out, as_json=as_json)
