"""``capexpand why-not``: a decision forced, what it costs, and what would make it optimal."""

from __future__ import annotations

from typing import Annotated

import typer

from capexpand.cli.options import AsJson, Out, PlannedCase, Variant, show


def why_not(
    case: PlannedCase,
    asked: Annotated[
        str,
        typer.Argument(help='Such as "orders.OFFER.2025Q3 >= 5000" or "sites.SITE power 2026Q3 >= 40 MW".'),
    ],
    *,
    variant: Variant = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Force a decision: what it costs, what gives way, and what would make it optimal."""
    from capexpand.api.questions import why_not as explain
    from capexpand.reporting.terminal import progress

    with progress("Reading the case") as say:
        found = explain(case, asked, variant=variant, out=out, progress=say)
    show(found.sheet(), out, as_json=as_json)
