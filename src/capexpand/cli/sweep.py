"""``capexpand sweep``: plan a case at many points of a box, and bound its value in between."""

from __future__ import annotations

from typing import Annotated

import typer

from capexpand.cli.options import AsJson, CaseFile, On, Out, Seed, Shard, Workers, show


def sweep(
    case: CaseFile,
    *,
    variant: Annotated[str | None, typer.Option(help="Apply a variant of the case first.")] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            help="An axis: PATH=LOW:HIGH:COUNT or PATH=VALUE,VALUE,..., with factors (0.8x), sums (+10 MW) "
            "or amounts (7 %); or variant=NAME,NAME. Repeat it for more axes."
        ),
    ] = None,
    design: Annotated[str, typer.Option(help="grid, lhs, sobol or one-at-a-time.")] = "grid",
    points: Annotated[int | None, typer.Option(min=1, help="Most points of lhs and sobol.")] = None,
    seed: Seed = 1,
    workers: Workers = 2,
    on: On = None,
    bracket: Annotated[
        float | None,
        typer.Option(min=0.0, help="Add points until bounds of the objective are no further apart [%]."),
    ] = None,
    add: Annotated[int, typer.Option(min=0, help="Most points to add.")] = 60,
    shard: Shard = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Plan a case at many points: which assumption matters, which decisions stay, what holds in between."""
    from capexpand.api.sweeping import sweep as plan
    from capexpand.reporting.terminal import progress

    with progress("Reading the case") as say:
        found = plan(
            case, variant, vary=vary, design=design, points=points, seed=seed, workers=workers, on=on,
            bracket=bracket, add=add, shard=shard, out=out, progress=say,
        )  # fmt: skip
    show(found.sheet(), out, as_json=as_json, shard=shard is not None)
