"""``capexpand claims``: what was said about programmes, where it contradicts itself, and new claims read."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from capexpand.cli.options import AsJson, Group
from capexpand.reporting.console import print_json

ON = Annotated[
    datetime | None,
    typer.Option("--on", formats=["%Y-%m-%d"], help="Only what was known on that day."),
]
AS_JSON = AsJson


def register(app: typer.Typer) -> None:
    """Add the commands to an application."""
    group = typer.Typer(
        cls=Group,
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
        list[Path] | None,
        typer.Option("--with", "--extra", help="Read along a file of claims that `claims add` wrote."),
    ] = None,
    as_json: AS_JSON = False,
) -> None:
    """List what was claimed, by company; or find where claims contradict each other."""
    if context.invoked_subcommand is not None:
        return
    from capexpand.api.answered import claims as find
    from capexpand.cli.claims_findings import print_findings, while_planning
    from capexpand.cli.claims_tables import print_claims

    with while_planning(shown=case is not None):
        answer = find(
            company=company,
            contradictions=contradictions,
            revisions=revisions,
            case=case,
            on=None if on is None else on.date(),
            extra=extra,
        )
    result = answer.found
    if as_json:
        print_json(answer.document)
    elif result.findings is None:
        print_claims(result.claims)
    else:
        print_findings(result)


def add(
    file: Annotated[Path, typer.Argument(help="A news article as plain text.")],
    *,
    to: Annotated[
        Path | None,
        typer.Option(help="File that confirmed claims are added to; claims.csv beside the article."),
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
    from capexpand.api.answered import claims_add
    from capexpand.cli.claims_reading import ask_about, on_terminal, print_head, print_result

    asks = not yes and not as_json and on_terminal()
    answer = claims_add(
        file,
        to=to,
        published=None if published is None else published.date(),
        title=title,
        address=address,
        yes=yes,
        choose=ask_about if asks else None,
    )
    if as_json:
        print_json(answer.document)
        return
    result = answer.found
    if not asks:
        print_head(result.article, len(result.proposals))
    print_result(result, asked=asks)


def measure(
    folder: Annotated[
        Path, typer.Argument(help="A folder of articles with answers.csv, or of several such folders.")
    ],
    *,
    misses: Annotated[bool, typer.Option("--misses", help="Also list what was missed or wrong.")] = False,
    as_json: AS_JSON = False,
) -> None:
    """Measure how well `claims add` reads: precision and recall against answers made by hand."""
    from capexpand.api.answered import claims_measure
    from capexpand.cli.claims_reading import print_measures

    answer = claims_measure(folder, misses=misses)
    if as_json:
        print_json(answer.document)
    else:
        print_measures(answer.found, misses=misses)
