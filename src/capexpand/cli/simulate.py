"""``capexpand simulate``: follow a plan or a policy through very many fresh futures."""

from __future__ import annotations

from typing import Annotated

import typer

from capexpand.cli.options import AsJson, On, Out, PlannedCase, Seed, Shard, Variant, Workers, show


def simulate(
    case: PlannedCase,
    *,
    scenarios: Annotated[int, typer.Option(help="Fresh futures; at least 10.")] = 10_000,
    variant: Variant = None,
    seed: Seed = 2,
    workers: Workers = 2,
    on: On = None,
    shard: Shard = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Follow a plan, or the policy that a run keeps, through very many fresh futures: what it is worth."""
    from capexpand.api.simulating import simulate as follow
    from capexpand.reporting.terminal import progress

    with progress("Reading the case") as say:
        found = follow(
            case, scenarios, variant=variant, seed=seed, workers=workers, on=on, shard=shard, out=out,
            progress=say,
        )  # fmt: skip
    show(found.sheet(), out, as_json=as_json, shard=shard is not None)
