"""``capexpand backtest``: holds what was planned on a case's day and later against what was reported."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from capexpand.cli.options import AsJson, On, Seed, Shard, Workers, show


def backtest(
    case: Annotated[
        list[str],
        typer.Argument(help="A case file, or a folder that holds case.yaml; or several, or CASE:VARIANT."),
    ],
    variant: Annotated[
        str | None,
        typer.Option(
            help="Apply a variant; the one named strict where the case has hindsight and none is given."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the run; runs/CASE-backtest, of several runs/backtests, if not given."),
    ] = None,
    series: Annotated[
        Path | None,
        typer.Option(
            help="A CSV file with the companies' figures, in place of their reports in the catalogue."
        ),
    ] = None,
    *,
    scenarios: Annotated[int, typer.Option(min=20, help="Scenarios behind the plan's intervals.")] = 512,
    seed: Seed = 2,
    workers: Workers = 2,
    on: On = None,
    shard: Shard = None,
    as_json: AsJson = False,
) -> None:
    """Plan cases with what was known on their day and hold them against what was then reported."""
    from capexpand.api.backtesting import backtest as hold
    from capexpand.reporting.terminal import progress
    from capexpand.runs.folder import usual_folder
    from capexpand.studies.subjects import path_and_variant

    folder = out
    if folder is None and shard is None:
        path, named = path_and_variant(case[0])
        one = usual_folder(path, named or variant, "backtest")
        folder = one if len(case) == 1 else Path("runs/backtests")
    with progress("Reading the case") as say:
        sheet = hold(
            case, variant, folder, series, scenarios=scenarios, seed=seed, workers=workers, on=on,
            shard=shard, progress=say,
        ).sheet()  # fmt: skip
    show(sheet, folder, as_json=as_json, shard=shard is not None)
