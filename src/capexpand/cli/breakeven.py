"""``capexpand breakeven``: break-even value of each driver, and the values that the market implies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from capexpand.cli.options import AsJson, CaseFile, On, Seed, Variant, Workers, show


def breakeven(
    case: CaseFile,
    variant: Variant = None,
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
    seed: Seed = 2,
    workers: Workers = 2,
    on: On = None,
    as_json: AsJson = False,
) -> None:
    """Find break-even values: the price, volume and other levels at which a programme just pays."""
    from capexpand.api.case_studies import breakeven as find
    from capexpand.case.loading import load_case
    from capexpand.reporting.terminal import progress
    from capexpand.runs.folder import usual_folder

    loaded = load_case(case, variant)
    folder = out if out is not None else usual_folder(loaded.provenance.path, variant, "breakeven")
    with progress("Planning as assumed") as say:
        sheet = find(
            loaded, out=folder, driver=driver, pair=pair, transfer=transfer, policy_run=policy_run,
            scenarios=scenarios, seed=seed, workers=workers, on=on, progress=say,
        ).sheet()  # fmt: skip
    show(sheet, folder, as_json=as_json)
