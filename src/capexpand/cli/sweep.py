"""``capexpand sweep``: plan a case at many points of a box, and bound its value in between."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command("sweep")(sweep)


def sweep(
    case: Annotated[Path, typer.Argument(help="A case file, or a folder that holds case.yaml.")],
    *,
    variant: Annotated[str | None, typer.Option(help="Apply a variant of the case first.")] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            help="An axis: PATH=LOW:HIGH:COUNT or PATH=VALUE,VALUE,..., with factors (0.8x), sums (+10 MW) "
            "or amounts (7 %); or variant=NAME,NAME. Repeat it for more axes."
        ),
    ] = None,
    design: Annotated[str, typer.Option(help="grid, lhs, sobol or one-at-a-time.")] = "grid",
    points: Annotated[int | None, typer.Option(min=1, help="Most points of lhs and sobol.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all random numbers.")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    on: Annotated[
        str | None,
        typer.Option(help="Plan the points on a Ray cluster: ray or ray://HOST:PORT; else processes here."),
    ] = None,
    bracket: Annotated[
        float | None,
        typer.Option(min=0.0, help="Add points until bounds of the objective are no further apart [%]."),
    ] = None,
    add: Annotated[int, typer.Option(min=0, help="Most points to add.")] = 60,
    shard: Annotated[
        str | None,
        typer.Option(help="Plan one part only, as 3/40, and write its folder; `merge` joins the parts."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; none is written if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Plan a case at many points: which assumption matters, which decisions stay, what holds in between."""
    from capexpand.api.sweeping import sweep as plan
    from capexpand.reporting.console import output
    from capexpand.reporting.terminal import print_path, progress

    with progress("Reading the case") as say:
        found = plan(
            case,
            variant,
            vary=vary,
            design=design,
            points=points,
            seed=seed,
            workers=workers,
            on=on,
            bracket=bracket,
            add=add,
            shard=shard,
            out=out,
            progress=say,
        )
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
