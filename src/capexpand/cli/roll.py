"""``capexpand roll``: a plan rolled forward from what really stands and was observed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from capexpand.cli.options import AsJson, PlannedCase, Variant, show


def roll(
    case: PlannedCase,
    *,
    actuals: Annotated[
        Path | None,
        typer.Option(help="CSV, Parquet or .xlsx of what stands, is due, was paid and observed."),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="The day; the end of the latest quarter observed if not given.")
    ] = None,
    variant: Variant = None,
    assumptions: Annotated[
        str | None, typer.Option(help="A case with the assumptions of now, if they changed.")
    ] = None,
    template: Annotated[
        Path | None,
        typer.Option(help="Write the table that the plan expects to .csv or .xlsx, and stop."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run, to be rolled again; none is written if not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Roll a plan forward: keep what is committed, plan the rest anew, show what changed and why."""
    from capexpand.api.questions import roll as forward
    from capexpand.reporting.console import output, print_json
    from capexpand.reporting.terminal import print_path, progress

    with progress("Reading the case") as say:
        found = forward(
            case, actuals=actuals, as_of=as_of, variant=variant, assumptions=assumptions, template=template,
            out=out, progress=say,
        )  # fmt: skip
    if found is not None:
        show(found.sheet(), out, as_json=as_json)
    elif as_json:
        print_json({"template": template}, indent=None)
    else:
        print_path("Template", template, output())
