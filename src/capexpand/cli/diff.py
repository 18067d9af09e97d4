"""``capexpand diff``: what changed between two plans, and why the value did."""

from __future__ import annotations

from typing import Annotated

import typer

from capexpand.cli.options import AsJson, Out, PlannedCase, show


def diff(
    old: PlannedCase,
    new: Annotated[
        str | None, typer.Argument(help="The same; the old case with --variant if not given.")
    ] = None,
    *,
    variant: Annotated[str | None, typer.Option(help="Apply a variant of the new case.")] = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Show what changed between two plans: inputs, decisions, results, and the value by cause."""
    from capexpand.api.questions import diff as find
    from capexpand.reporting.terminal import progress

    with progress("Reading the cases") as say:
        found = find(old, new, variant=variant, out=out, progress=say)
    show(found.sheet(), out, as_json=as_json)
