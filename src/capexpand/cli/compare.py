"""``capexpand compare``: lays programmes side by side and keeps the comparison as a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from capexpand.cli.options import AsJson, show


def compare(
    cases: Annotated[
        list[str], typer.Argument(help="Case files or folders, FOLDER:VARIANT, or runs; two or more.")
    ],
    out: Annotated[Path | None, typer.Option(help="Folder of the run; runs/comparison if not given.")] = None,
    *,
    currency: Annotated[
        str | None, typer.Option(help="Currency of all money; the cases' own if they share one, else USD.")
    ] = None,
    rates_of: Annotated[
        str | None, typer.Option(help="Day of the exchange rates; the latest date of the cases if not given.")
    ] = None,
    rate: Annotated[
        list[str] | None, typer.Option(help='An exchange rate of your own, such as "7.2 CNY/USD".')
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Lay programmes side by side: what the money buys, what a unit costs, what it must earn."""
    from capexpand.api.case_studies import compare as lay_side_by_side
    from capexpand.reporting.terminal import progress

    folder = out if out is not None else Path("runs/comparison")
    with progress("Reading the cases") as say:
        sheet = lay_side_by_side(
            cases, out=folder, currency=currency, rates_of=rates_of, rate=rate, progress=say
        ).sheet()
    show(sheet, folder, as_json=as_json)
