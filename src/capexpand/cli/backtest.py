"""``capexpand backtest``: holds what was planned on a case's day and later against what was reported."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from capexpand.cli.options import AsJson, CaseFile, On, Seed, Workers, show


def backtest(
    case: CaseFile,
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
    seed: Seed = 2,
    workers: Workers = 2,
    on: On = None,
    as_json: AsJson = False,
) -> None:
    """Plan a case with what was known on its day and hold it against what was then reported."""
    from capexpand.api.case_studies import backtest as hold
    from capexpand.reporting.terminal import progress
    from capexpand.runs.folder import usual_folder

    folder = out if out is not None else usual_folder(case, variant, "backtest")
    with progress("Reading the case") as say:
        sheet = hold(
            case, variant, folder, series, scenarios=scenarios, seed=seed, workers=workers, on=on,
            progress=say,
        ).sheet()  # fmt: skip
    show(sheet, folder, as_json=as_json)
