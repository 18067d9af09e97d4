"""``capexpand evidence``: what a value rests on, and the next fact worth finding."""

from __future__ import annotations

from typing import Annotated

import typer

from capexpand.cli.options import AsJson, On, Out, PlannedCase, Variant, Workers, show


def evidence(
    case: PlannedCase,
    *,
    top: Annotated[int, typer.Option(min=1, help="How many of the next facts to show.")] = 15,
    replan: Annotated[
        bool,
        typer.Option(
            "--replan", help="Plan again what a plan follows in steps only, such as lead times: slow."
        ),
    ] = False,
    workers: Workers = 2,
    on: On = None,
    variant: Variant = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Find what the value rests on: shares by kind of evidence, and the next fact worth finding."""
    from capexpand.api.evidencing import evidence as find
    from capexpand.reporting.terminal import progress

    with progress("Reading the case") as say:
        found = find(
            case, top=top, replan=replan, workers=workers, on=on, variant=variant, out=out, progress=say
        )
    show(found.sheet(), out, as_json=as_json)
