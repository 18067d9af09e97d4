"""``capexpand breakeven``: break-even value of each driver, and the values that the market implies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("breakeven")(breakeven)


def breakeven(
    case: Annotated[Path, typer.Argument(help="A case file, or a folder that holds case.yaml.")],
    variant: Annotated[str | None, typer.Option(help="Apply a variant of the case.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run; runs/CASE-breakeven if not given.")
    ] = None,
    *,
    driver: Annotated[
        list[str] | None,
        typer.Option(
            help="A driver, such as price, volume:NAME or chip-price; all general ones if none is given."
        ),
    ] = None,
    pair: Annotated[
        list[str] | None,
        typer.Option(help="Two drivers, such as volume,price; or none. volume,price if not given."),
    ] = None,
    transfer: Annotated[
        bool | None,
        typer.Option(
            "--transfer/--cash",
            help="Count internal workloads at their transfer value, or cash only.",
        ),
    ] = None,
    policy_run: Annotated[
        Path | None, typer.Option(help="Folder of a run with --policy, whose value is taken as the plan's.")
    ] = None,
    scenarios: Annotated[int, typer.Option(min=10, help="Futures to follow the plan through.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all random numbers.")] = 2,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    on: Annotated[
        str | None,
        typer.Option(help="Look on a Ray cluster: ray or ray://HOST:PORT; else processes here."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Find break-even values: the price, volume and other levels at which a programme just pays."""
    from capexpand.case.loading import load_case
    from capexpand.runs.folder import hold_place, usual_folder

    loaded = load_case(case, variant)
    folder = out if out is not None else usual_folder(loaded.provenance.path, variant, "breakeven")
    pairs = _pairs(pair)
    from capexpand.reporting.console import output
    from capexpand.reporting.terminal import print_path, progress
    from capexpand.studies.breakeven.distribution import of_policy_run
    from capexpand.studies.breakeven.findings import breakeven as find
    from capexpand.studies.breakeven.sheet import breakeven_sheet

    known = None if policy_run is None else of_policy_run(policy_run)
    with hold_place(folder), progress("Planning as assumed") as say:
        findings = find(
            loaded,
            tuple(driver or ()),
            pairs=pairs,
            transfer=transfer,
            distribution=known,
            scenarios=scenarios,
            seed=seed,
            workers=workers,
            on=on,
            progress=lambda what: say(f"Looking for break-even: {what}"),
        )
        say("Writing the report")
        sheet = breakeven_sheet(findings)
        report = sheet.save(folder)
    if as_json:
        print(sheet.json())
        return
    console = output()
    sheet.print(console)
    print_path("Report", report, console)


def _pairs(written: list[str] | None) -> tuple[tuple[str, str], ...] | None:
    """The pairs as written; None where none was, an empty tuple for the word none.

    Raises:
        CaseError: one is not two names with a comma between.
    """
    from capexpand.errors import CaseError, Problem

    if written is None:
        return None
    if written == ["none"]:
        return ()
    split = [tuple(part.strip() for part in text.split(",")) for text in written]
    wrong = [text for text, parts in zip(written, split, strict=True) if len(parts) != 2]
    if wrong:
        raise CaseError(
            [Problem(f"'{text}' is not a pair; write two drivers, as volume,price") for text in wrong]
        )
    return tuple((parts[0], parts[1]) for parts in split)
