"""``capexpand study``: many plans from one manifest, in one table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from capexpand.cli.options import AsJson, On, Out, Shard, Workers, show


def study(
    manifest: Annotated[Path, typer.Argument(help="A YAML file with cases, variants, dates and risks.")],
    *,
    workers: Workers = 2,
    on: On = None,
    shard: Shard = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Plan cases × variants × dates × attitudes to risk, and rank them in one table."""
    from capexpand.api.studying import study as plan
    from capexpand.reporting.terminal import progress

    with progress("Reading the cases") as say:
        found = plan(manifest, workers=workers, on=on, shard=shard, out=out, progress=say)
    show(found.sheet(), out, as_json=as_json, shard=shard is not None)
