"""``capexpand merge``: the shards of a sweep, a study, a simulation or backtests become its run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from capexpand.cli.options import AsJson, Out, show


def merge(
    shards: Annotated[list[Path], typer.Argument(help="Folders that --shard wrote, in any order.")],
    *,
    workers: Annotated[int, typer.Option(min=1, help="Processes, where bounds ask for more points.")] = 2,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Join the shards of a sweep, study, simulation or backtests into one machine's run, byte for byte."""
    from capexpand.api.merging import merge as join
    from capexpand.reporting.terminal import progress

    with progress("Reading the shards") as say:
        found = join(shards, workers=workers, out=out, progress=say)
    show(found.sheet(), out, as_json=as_json)
