"""``capexpand history``: a chain of rolled plans with its ledger of regret."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from capexpand.cli.options import AsJson, Out, show


def history(
    folder: Annotated[Path, typer.Argument(help="Folder that holds the runs of capexpand roll.")],
    *,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Show a chain of rolled plans: what was decided on what knowledge, and what it cost."""
    from capexpand.api.questions import history as lay_out
    from capexpand.reporting.terminal import progress

    with progress("Reading the runs") as say:
        found = lay_out(folder, out=out, progress=say)
    show(found.sheet(), out, as_json=as_json)
