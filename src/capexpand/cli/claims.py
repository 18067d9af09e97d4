"""``capexpand claims``: what was said about programmes, where it contradicts itself, and new claims read."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

ON = Annotated[
    datetime | None,
    typer.Option("--on", formats=["%Y-%m-%d"], help="Only what was known on that day."),
]
AS_JSON = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add the commands to an application."""
    group = typer.Typer(
        help="Claims of news reports and companies: list them, find contradictions, read new ones.",
        invoke_without_command=True,
        no_args_is_help=False,
        subcommand_metavar="[COMMAND]",
    )
    group.callback()(claims)
    group.command("add")(add)
    group.command("measure")(measure)
    app.add_typer(group, name="claims")


def claims(
    context: typer.Context,
    *,
    company: Annotated[str | None, typer.Option(help="Only about this company, by any of its names.")] = None,
    contradictions: Annotated[
        bool,
        typer.Option(
            "--contradictions", help="Show where claims contradict each other, and what is at issue."
        ),
    ] = False,
    revisions: Annotated[
        bool,
        typer.Option("--revisions", help="With --contradictions: also figures that a later word replaced."),
    ] = False,
    case: Annotated[
        Path | None,
        typer.Option(
            help="With --contradictions: plan this case by each reading, with what was known on its day."
        ),
    ] = None,
    on: ON = None,
    extra: Annotated[
        list[Path] | None, typer.Option("--with", help="Read along a file of claims that `claims add` wrote.")
    ] = None,
    as_json: AS_JSON = False,
) -> None:
    """List what was claimed, by company; or find where claims contradict each other."""
    if context.invoked_subcommand is not None:
        return
    from capexpand.claims.joining import list_claims
    from capexpand.cli.claims_tables import claim_data, print_claims
    from capexpand.errors import CaseError, Problem

    day = None if on is None else on.date()
    if not contradictions:
        if case is not None or revisions:
            raise CaseError([Problem("--case and --revisions go with --contradictions")])
        listed = list_claims(company, on=day, extra=extra or ())
        if company is not None and not listed:
            raise CaseError([Problem(_unknown(company, extra or []))])
        if as_json:
            typer.echo(
                json.dumps({"claims": [claim_data(claim) for claim in listed]}, ensure_ascii=False, indent=2)
            )
        else:
            print_claims(listed)
        return
    from capexpand.cli.claims_findings import show_contradictions

    show_contradictions(company, day, case, extra=extra or (), revisions=revisions, as_json=as_json)


def _unknown(company: str, extra: list[Path]) -> str:
    from capexpand.catalogue.reading import near
    from capexpand.claims.joining import list_claims

    names = {claim.company for claim in list_claims(extra=extra)}
    return f"nothing is claimed about '{company}'{near(company, names)}"


def add(
    file: Annotated[Path, typer.Argument(help="A news article as plain text.")],
    *,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="File that confirmed claims are added to; claims.csv beside the article."),
    ] = None,
    published: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day of the article, where its text does not give it."),
    ] = None,
    title: Annotated[
        str | None, typer.Option(help="Title of the article; its first line if not given.")
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="Where it was found: an address that begins with https://.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Accept every proposal without asking.")] = False,
    as_json: AS_JSON = False,
) -> None:
    """Read a news article and propose its claims, to be confirmed one by one."""
    from capexpand.cli.claims_reading import confirm_claims

    confirm_claims(
        file,
        to,
        published=None if published is None else published.date(),
        title=title,
        address=address,
        accept_all=yes,
        as_json=as_json,
    )


def measure(
    folder: Annotated[
        Path, typer.Argument(help="A folder of articles with answers.csv, or of several such folders.")
    ],
    *,
    misses: Annotated[bool, typer.Option("--misses", help="Also list what was missed or wrong.")] = False,
    as_json: AS_JSON = False,
) -> None:
    """Measure how well `claims add` reads: precision and recall against answers made by hand."""
    from capexpand.cli.claims_reading import show_measures

    show_measures(folder, misses=misses, as_json=as_json)
