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
    nodes: Annotated[int, typer.Option(min=1, help="Nodes of the lattice in a quarter.")] = 160,
    outcomes: Annotated[int, typer.Option(min=1, help="Outcomes in a node.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; none is written if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Sample the uncertain inputs of a case: fan charts, quantiles, lattice discretisation error."""
    from capexpand.api.futures import scenarios as sample
    from capexpand.reporting.console import output
    from capexpand.reporting.terminal import print_path, progress

    with progress("Sampling scenarios") as say:
        found = sample(
            case, variant, scenarios=count, seed=seed, nodes=nodes, outcomes=outcomes, out=out, progress=say
        )
    if as_json:
        print(found.sheet().json())
        return
    console = output()
    found.sheet().print(console)
    if out is not None:
        console.print()
        print_path("Report", out / "report.html", console)
