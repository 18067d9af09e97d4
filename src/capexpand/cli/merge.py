"""``capexpand merge``: the shards of a sweep or a study become its run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command("merge")(merge)


def merge(
    shards: Annotated[list[Path], typer.Argument(help="Folders that --shard wrote, in any order.")],
    *,
    workers: Annotated[int, typer.Option(min=1, help="Processes, where bounds ask for more points.")] = 2,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; none is written if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Join the shards of a sweep or a study into the run that one machine would have given, byte for byte."""
    from capexpand.api.merging import merge as join
    from capexpand.reporting.console import output
    from capexpand.reporting.terminal import print_path, progress

    with progress("Reading the shards") as say:
        found = join(shards, workers=workers, out=out, progress=say)
    if as_json:
        print(found.sheet().json())
        return
    console = output()
    found.sheet().print(console)
    if out is not None:
        console.print()
        print_path("Report", out / "report.html", console)
