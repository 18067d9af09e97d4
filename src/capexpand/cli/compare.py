"""``capexpand compare``: lays programmes side by side and keeps the comparison as a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("compare")(compare)


def compare(
    cases: Annotated[
        list[str], typer.Argument(help="Case files or folders, FOLDER:VARIANT, or runs; two or more.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the run.")] = Path("runs/comparison"),
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
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Lay programmes side by side: what the money buys, what a unit costs, what it must earn."""
    from capexpand.case.reading import parse_day
    from capexpand.errors import CaseError, Problem
    from capexpand.runs.folder import hold_place
    from capexpand.units import QuantityError

    try:
        day = None if rates_of is None else parse_day(rates_of)
    except QuantityError as error:
        raise CaseError([Problem(f"--rates-of: {error}")]) from None
    from capexpand.reporting.console import output
    from capexpand.reporting.terminal import print_path, progress
    from capexpand.studies.comparison.comparing import compare as lay_side_by_side
    from capexpand.studies.comparison.sheet import comparison_sheet

    with hold_place(out), progress("Reading the cases") as say:
        found = lay_side_by_side(
            cases,
            currency=currency,
            rates_of=day,
            rates=tuple(rate or ()),
            progress=lambda label: say(f"Planning {label}"),
        )
        say("Writing the report")
        sheet = comparison_sheet(found)
        report = sheet.save(out)
    if as_json:
        print(sheet.json())
        return
    console = output()
    sheet.print(console)
    console.print()
    print_path("Report", report, console)
