"""``capexpand backtest``: holds what was planned on a case's day and later against what was reported."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("backtest")(backtest)


def backtest(
    case: Annotated[Path, typer.Argument(help="A case file, or a folder that holds case.yaml.")],
    variant: Annotated[
        str | None,
        typer.Option(
            help="Apply a variant; the one named strict where the case has hindsight and none is given."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run; runs/CASE-backtest if not given.")
    ] = None,
    series: Annotated[
        Path | None,
        typer.Option(help="A CSV file with the company's figures, in place of its reports in the catalogue."),
    ] = None,
    *,
    scenarios: Annotated[int, typer.Option(min=20, help="Scenarios behind the plan's intervals.")] = 512,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all random numbers.")] = 2,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    on: Annotated[
        str | None,
        typer.Option(help="Forecast on a Ray cluster: ray or ray://HOST:PORT; else processes here."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Plan a case with what was known on its day and hold it against what was then reported."""
    from capexpand.api.case_studies import backtest as hold
    from capexpand.reporting.console import output
    from capexpand.reporting.sheet import REPORT
    from capexpand.reporting.terminal import print_path, progress
    from capexpand.runs.folder import usual_folder

    folder = out if out is not None else usual_folder(case, variant, "backtest")
    with progress("Reading the case") as say:
        sheet = hold(
            case,
            variant,
            folder,
            series,
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
