"""``capexpand evidence``: what a value rests on, and the next fact worth finding."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("evidence")(evidence)


def evidence(
    case: Annotated[str, typer.Argument(help="A run folder, a case, or CASE:VARIANT.")],
    *,
    top: Annotated[int, typer.Option(min=1, help="How many of the next facts to show.")] = 15,
    replan: Annotated[
        bool,
        typer.Option(
            "--replan", help="Plan again what a plan follows in steps only, such as lead times: slow."
        ),
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    on: Annotated[
        str | None,
        typer.Option(help="Measure on a Ray cluster: ray or ray://HOST:PORT; else processes here."),
    ] = None,
    variant: Annotated[str | None, typer.Option(help="Apply a variant of the case.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; none is written if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Find what the value rests on: shares by kind of evidence, and the next fact worth finding."""
    from capexpand.api.evidencing import evidence as find
    from capexpand.cli.questions import show
    from capexpand.reporting.terminal import progress

    with progress("Reading the case") as say:
        found = find(
            case, top=top, replan=replan, workers=workers, on=on, variant=variant, out=out, progress=say
        )
    show(found.sheet(), out, as_json=as_json)
