"""``capexpand scenarios``: samples the uncertain inputs of a case, as quantiles, fan charts and a lattice."""

from __future__ import annotations

from typing import Annotated

import typer

from capexpand.cli.options import AsJson, CaseFile, Out, Seed, Variant, show


def scenarios(
    case: CaseFile,
    *,
    variant: Variant = None,
    count: Annotated[int, typer.Option("--scenarios", min=2, help="Number of scenarios.")] = 8192,
    seed: Seed = 1,
    nodes: Annotated[int, typer.Option(min=1, help="Nodes of the lattice in a quarter.")] = 160,
    outcomes: Annotated[int, typer.Option(min=1, help="Outcomes in a node.")] = 1,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Sample the uncertain inputs of a case: fan charts, quantiles, lattice discretisation error."""
    from capexpand.api.futures import scenarios as sample
    from capexpand.reporting.terminal import progress

    with progress("Sampling scenarios") as say:
        found = sample(
            case, variant, scenarios=count, seed=seed, nodes=nodes, outcomes=outcomes, out=out, progress=say
        )
    show(found.sheet(), out, as_json=as_json)
