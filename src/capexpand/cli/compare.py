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
    """Lay programmes side by side: what the money buys, what a unit costs, what must come back."""
    import json

    from rich.console import Console

    from capexpand.case.reading import parse_day
    from capexpand.errors import CaseError, Problem
    from capexpand.runs.folder import check_place
    from capexpand.units import QuantityError

    try:
        day = None if rates_of is None else parse_day(rates_of)
    except QuantityError as error:
        raise CaseError([Problem(f"--rates-of: {error}")]) from None
    check_place(out)
    from capexpand.studies.comparison.comparing import compare as lay_side_by_side
    from capexpand.studies.comparison.document import comparison_document
    from capexpand.studies.comparison.summary import print_comparison
    from capexpand.studies.comparison.writing import write_comparison

    console, messages = Console(), Console(stderr=True)
    with messages.status("Reading the cases") as status:
        found = lay_side_by_side(
            cases,
            currency=currency,
            rates_of=day,
            rates=tuple(rate or ()),
            progress=lambda label: status.update(f"Planning {label}"),
        )
        status.update("Writing the report")
        write_comparison(found, out)
    if as_json:
        print(json.dumps(comparison_document(found), ensure_ascii=False))
        return
    print_comparison(found, console)
    console.print(f"Report: {out / 'report.html'}", soft_wrap=True)
