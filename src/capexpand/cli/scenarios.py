"""``capexpand scenarios``: samples the uncertain inputs of a case, as quantiles, fan charts and a lattice."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command("scenarios")(scenarios)


def scenarios(
    case: Annotated[Path, typer.Argument(help="A case file, or a folder that holds case.yaml.")],
    *,
    variant: Annotated[str | None, typer.Option(help="Apply a variant of the case.")] = None,
    count: Annotated[int, typer.Option("--scenarios", min=2, help="Number of scenarios.")] = 8192,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all random numbers.")] = 1,
    nodes: Annotated[int, typer.Option(min=1, help="Nodes of the lattice in a quarter.")] = 20,
    outcomes: Annotated[int, typer.Option(min=1, help="Outcomes in a node.")] = 3,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; none is written if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Sample the uncertain inputs of a case: fan charts, quantiles, lattice discretisation error."""
    from capexpand.case.loading import load_case
    from capexpand.reporting.terminal import output, print_path, progress
    from capexpand.runs.folder import check_place

    if out is not None:
        check_place(out)
    loaded = load_case(case, variant)
    with progress("Sampling scenarios") as say:
        from capexpand.studies.futures.drawing import sample_futures
        from capexpand.studies.futures.sheet import futures_sheet

        found = sample_futures(loaded, count, seed=seed, nodes=nodes, outcomes=outcomes)
        say("Writing the report")
        sheet = futures_sheet(found)
        report = None if out is None else sheet.save(out)
    if as_json:
        print(sheet.json())
        return
    console = output()
    sheet.print(console)
    if report is not None:
        console.print()
        print_path("Report", report, console)
