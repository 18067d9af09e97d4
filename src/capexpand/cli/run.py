"""``capexpand run``: plans a case and writes a run folder with its report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from capexpand.cli.options import AsJson, CaseFile, Variant


def run(
    case: CaseFile,
    variant: Variant = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run; runs/CASE or runs/CASE-VARIANT if not given.")
    ] = None,
    *,
    policy: Annotated[
        bool, typer.Option("--policy", help="Also find a policy: what to commit now, and a rule for later.")
    ] = False,
    risk: Annotated[
        str, typer.Option(help="With --policy: mean, worst, cvar:LEVEL or cvar:LEVEL:WEIGHT.")
    ] = "mean",
    scenarios: Annotated[
        int, typer.Option(min=10, help="With --policy: scenarios to follow it through.")
    ] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="With --policy: seed of all random numbers.")] = 1,
    workers: Annotated[
        int, typer.Option(min=1, help="With --policy: processes; the result is the same for any number.")
    ] = 2,
    on: Annotated[
        str | None,
        typer.Option(help="With --policy: on a Ray cluster, ray or ray://HOST:PORT; else processes here."),
    ] = None,
    iterations: Annotated[
        int | None, typer.Option(min=1, help="With --policy: limit of the iterations of the training.")
    ] = None,
    gap: Annotated[
        float | None, typer.Option(min=0.0, help="With --policy: gap in percent at which the training ends.")
    ] = None,
    excel: Annotated[
        bool, typer.Option("--excel", help="Also write workbook.xlsx, a financial model with live formulas.")
    ] = False,
    export: Annotated[
        Path | None, typer.Option(help="Also write the program that is solved to FILE.mps or FILE.lp.")
    ] = None,
    evidence: Annotated[
        bool, typer.Option("--evidence", help="Also say what the value rests on; minutes for a large case.")
    ] = False,
    keep_policy: Annotated[
        bool, typer.Option("--keep-policy", help="Keep the policy in the run folder, for simulate.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Plan a case: what the money buys and when, how best to spend it, and whether it pays."""
    from capexpand.api.planning import run as plan
    from capexpand.case.loading import load_case
    from capexpand.reporting.console import output
    from capexpand.reporting.terminal import print_path, progress
    from capexpand.runs.folder import usual_folder

    loaded = load_case(case, variant)
    folder = out if out is not None else usual_folder(loaded.provenance.path, variant)
    with progress("Optimising the plan") as say:
        found = plan(
            loaded, variant, folder, policy=policy, risk=risk, scenarios=scenarios, seed=seed,
            workers=workers, on=on, iterations=iterations, gap=gap, excel=excel, export=export,
            evidence=evidence, keep_policy=keep_policy, progress=say,
        )  # fmt: skip
    if as_json:
        print(found.sheet().json())
        return
    console = output()
    found.sheet().print(console)
    print_path("Report", folder / "report.html", console)
    if excel:
        print_path("Workbook", folder / "workbook.xlsx", console)
    if export is not None:
        print_path("Program", export, console)
