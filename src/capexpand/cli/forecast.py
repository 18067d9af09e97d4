"""``capexpand forecast``: forecasts quarterly spending, revenue and demand, with intervals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from capexpand.cli.options import AsJson

if TYPE_CHECKING:
    from rich.console import Console

    from capexpand.forecasting.forecast import Forecasts
    from capexpand.forecasting.scores import CompanyYears


def forecast(
    series: Annotated[
        Path, typer.Argument(help="A CSV file with company, measure, quarter_end, value, unit.")
    ],
    guidance: Annotated[
        Path | None, typer.Option(help="A CSV file with what companies said that they would spend.")
    ] = None,
    quarters: Annotated[int, typer.Option(min=1, max=8, help="Quarters to forecast.")] = 8,
    as_of: Annotated[
        str | None, typer.Option(help="Forecast as on this day: nothing counts that became known later.")
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(help="Write the quarters by date, reported and forecast, as a table for a case's csv."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Forecast any company's spending, revenue or demand by quarter, and score the forecasts on its past."""
    from capexpand.api.answered import forecast as make
    from capexpand.reporting.console import output, print_json, say

    answer = make(series, guidance, quarters=quarters, as_of=as_of, table=table)
    if as_json:
        print_json(answer.document, indent=None)
        return
    found = answer.found
    for note in found.notes:
        say(note, to_error=True)
    _print(found, output())


def _print(found: Forecasts, console: Console) -> None:
    from capexpand.forecasting.scores import SHARES
    from capexpand.reporting.blocks import Row, table
    from capexpand.reporting.terminal import print_heading, print_table
    from capexpand.wording import number, percent

    print_heading("Forecasts by quarter", console)
    for name in dict.fromkeys((each.company, each.measure, each.unit) for each in found.ahead):
        mine = [each for each in found.ahead if (each.company, each.measure, each.unit) == name]
        rows = tuple(
            Row(
                each.name,
                (number(each.median), *(f"{number(low)} to {number(high)}" for low, high in each.intervals)),
            )
            for each in mine
        )
        title = f"{name[0]}, {name[1].replace('_', ' ')} [{name[2]}], known on {mine[0].as_of}"
        head = ("Quarter", "Median", *(f"{percent(share)} interval" for share in SHARES))
        print_table(table(title, head, rows), console)
    if found.overall is None:
        console.print(
            "Nothing could be scored: eight quarters must be known before a forecast, and one after."
        )
        return
    groups = (found.overall, *found.by_kind, *found.by_company)
    rows = tuple(
        Row(each.name, (str(each.cases), *(percent(share) for share in each.shares))) for each in groups
    )
    head = ("Intervals that held", "Cases", *(percent(share) for share in SHARES))
    print_table(table("Scored by rolling origins, 1 to 8 quarters ahead", head, rows), console)
    if found.company_years is not None:
        console.print(_by_year(found.company_years))
    rows = tuple(
        Row(
            f"{each.rival}, {each.company}",
            (
                str(each.cases),
                f"{each.skill:+.2f}",
                "" if each.low is None else f"{each.low:+.2f} to {each.high:+.2f}",
            ),
        )
        for each in found.skills
    )
    print_table(table("Skill of the model", ("Beside", "Cases", "Skill", "95 % range"), rows), console)


def _by_year(found: CompanyYears) -> str:
    from capexpand.wording import percent

    return (
        f"In {found.below} of {found.groups} groups of a company and year less than 65 % of the 80 % "
        f"intervals held, in one {percent(found.least)}. Of intervals that are exactly right "
        f"{found.below_by_chance:.1f} groups would, since forecasts of one year overlap."
    )
