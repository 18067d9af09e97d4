"""``capexpand breakeven``: break-even value of each driver, and the values that the market implies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("breakeven")(breakeven)


def breakeven(
    case: Annotated[Path, typer.Argument(help="A case file, or a folder that holds case.yaml.")],
    variant: Annotated[str | None, typer.Option(help="Apply a variant of the case.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run; runs/CASE-breakeven if not given.")
    ] = None,
    *,
    driver: Annotated[
        list[str] | None,
        typer.Option(
            help="A driver, such as price, volume:NAME or chip-price; all general ones if none is given."
        ),
    ] = None,
    pair: Annotated[
        list[str] | None,
        typer.Option(help="Two drivers, such as volume,price; or none. volume,price if not given."),
    ] = None,
    transfer: Annotated[
        bool | None,
        typer.Option(
            "--transfer/--cash",
            help="Count internal workloads at their transfer value, or cash only.",
        ),
    ] = None,
    policy_run: Annotated[
        Path | None, typer.Option(help="Folder of a run with --policy, whose value is taken as the plan's.")
    ] = None,
    scenarios: Annotated[int, typer.Option(min=10, help="Futures to follow the plan through.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all random numbers.")] = 2,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    on: Annotated[
        str | None,
        typer.Option(help="Look on a Ray cluster: ray or ray://HOST:PORT; else processes here."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Find break-even values: the price, volume and other levels at which a programme just pays."""
    from capexpand.api.case_studies import breakeven as find
    from capexpand.case.loading import load_case
    from capexpand.reporting.console import output
    from capexpand.reporting.sheet import REPORT
    from capexpand.reporting.terminal import print_path, progress
    from capexpand.runs.folder import usual_folder

    loaded = load_case(case, variant)
    folder = out if out is not None else usual_folder(loaded.provenance.path, variant, "breakeven")
    with progress("Planning as assumed") as say:
        sheet = find(
            loaded,
            out=folder,
            driver=driver,
            pair=pair,
            transfer=transfer,
            policy_run=policy_run,
            scenarios=scenarios,
            seed=seed,
            workers=workers,
            on=on,
            progress=say,
        ).sheet()
    if as_json:
        print(sheet.json())
        return
    console = output()
    sheet.print(console)
    print_path("Report", folder / REPORT, console)
