"""``capexpand why``: what limits a decision of a plan, what one more is worth, what nearly won."""

from __future__ import annotations

from typing import Annotated

import typer

from capexpand.cli.options import AsJson, Out, PlannedCase, Variant, show


def why(
    case: PlannedCase,
    asked: Annotated[
        str,
        typer.Argument(
            help='Such as orders.OFFER.2025Q3, "sites.SITE power 2026Q3", supply.OFFER.2025Q3, '
            "workloads.NAME, budget, alternatives, or, of a run with a policy, policy."
        ),
    ],
    *,
    variant: Variant = None,
    within: Annotated[
        float, typer.Option(min=0.0, max=100.0, help="With alternatives: percent of the value given up.")
    ] = 1.0,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Say why a plan decides as it does: limits, the worth and price of one more, what nearly won."""
    from capexpand.api.questions import why as explain
    from capexpand.reporting.terminal import progress

    with progress("Reading the case") as say:
        found = explain(case, asked, variant=variant, within=within, out=out, progress=say)
    show(found.sheet(), out, as_json=as_json)
