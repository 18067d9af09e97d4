"""``capexpand study``: many plans from one manifest, in one table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command("study")(study)


def study(
    manifest: Annotated[Path, typer.Argument(help="A YAML file with cases, variants, dates and risks.")],
    *,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    on: Annotated[
        str | None,
        typer.Option(help="Plan on a Ray cluster: ray or ray://HOST:PORT; else processes here."),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(help="Plan one part only, as 3/40, and write its folder; `merge` joins the parts."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; none is written if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Plan cases × variants × dates × attitudes to risk, and rank them in one table."""
    from capexpand.api.studying import study as plan
    from capexpand.reporting.console import output
    from capexpand.reporting.terminal import print_path, progress

    with progress("Reading the cases") as say:
        found = plan(manifest, workers=workers, on=on, shard=shard, out=out, progress=say)
    if as_json:
        print(found.sheet().json())
        return
    console = output()
    found.sheet().print(console)
    if out is not None:
        console.print()
        if shard is None:
            print_path("Report", out / "report.html", console)
        else:
            print_path("Shard", out, console)
