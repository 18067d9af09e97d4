"""``capexpand chips``: what the catalogue knows about accelerators, and whether they may be sold."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from capexpand.cli.chips_lookup import as_data, look_up_chips
from capexpand.reporting.console import print_json

if TYPE_CHECKING:
    from capexpand.hardware.export_scope import Transaction


def register(app: typer.Typer) -> None:
    """Add the command to an application."""

    @app.command("chips")
    def chips(
        name: Annotated[
            str | None, typer.Argument(help="A name or part of one, such as H20. All of them without it.")
        ] = None,
        *,
        on: Annotated[
            datetime | None,
            typer.Option("--on", formats=["%Y-%m-%d"], help="Show what was known and in force on that day."),
        ] = None,
        to: Annotated[
            str | None,
            typer.Option("--to", help="Judge a sale to this country, such as CN; today without --on."),
        ] = None,
        buyer_headquarters: Annotated[
            str | None,
            typer.Option("--buyer-headquarters", help="Country of the buyer's parent; that of --to without."),
        ] = None,
        end_user: Annotated[
            str, typer.Option("--end-user", help="Kind of buyer: company, large tech or state-funded.")
        ] = "company",
        buyer: Annotated[str, typer.Option("--buyer", help="The buyer's name, for grants by name.")] = "",
        as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
    ) -> None:
        """Show accelerators: specification, price, sources, export rules, and whether a sale is allowed."""
        day = None if on is None else on.date()
        view = look_up_chips(
            name,
            on=day,
            sale=_sale(day, to=to, headquarters=buyer_headquarters, end_user=end_user, buyer=buyer),
        )
        from capexpand.cli.chips_tables import print_details, print_overview

        if as_json:
            print_json(as_data(view))
        elif name is None:
            print_overview(view)
        else:
            print_details(view)


def _sale(
    on: date | None, *, to: str | None, headquarters: str | None, end_user: str, buyer: str
) -> Transaction | None:
    """The transaction that the options describe; None where they ask about none."""
    from capexpand.errors import CaseError, Problem
    from capexpand.hardware.export_scope import Transaction, check_transaction

    if to is None:
        if headquarters is not None or end_user != "company" or buyer:
            raise CaseError([Problem("say where the chips are to stand: --to CN")])
        return None
    sale = Transaction(
        on=on or datetime.now(tz=UTC).date(),
        destination=to.upper(),
        headquarters=None if headquarters is None else headquarters.upper(),
        end_user=end_user,  # pyrefly: ignore[bad-argument-type] # the check refuses any other word
        buyer=buyer,
    )
    check_transaction(sale)
    return sale
