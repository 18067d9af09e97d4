"""``capexpand chips``: what the catalogue knows about accelerators, and whether they may be sold."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from capexpand.cli.options import AsJson
from capexpand.reporting.console import print_json


def chips(
    name: Annotated[
        str | None, typer.Argument(help="A name or part of one, such as H20. All of them without it.")
    ] = None,
    *,
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Show what was known and in force on that day."),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(help="Judge a sale to this country, such as CN; today without --on."),
    ] = None,
    buyer_headquarters: Annotated[
        str | None,
        typer.Option(help="Country of the buyer's parent; that of --to without."),
    ] = None,
    end_user: Annotated[
        str, typer.Option(help="Kind of buyer: company, large tech or state-funded.")
    ] = "company",
    buyer: Annotated[str, typer.Option(help="The buyer's name, for grants by name.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show accelerators: specification, price, sources, export rules, and whether a sale is allowed."""
    day = None if on is None else on.date()
    from capexpand.api.chips import chips as look_up

    view = look_up(name, on=day, to=to, buyer_headquarters=buyer_headquarters, end_user=end_user, buyer=buyer)
    from capexpand.cli.chips_tables import print_details, print_overview

    if as_json:
        print_json(view.document)
    elif name is None:
        print_overview(view)
    else:
        print_details(view)
