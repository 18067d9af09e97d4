"""``capexpand calibrate``: the level of one's own measurements beside the model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from capexpand.cli.options import AsJson
from capexpand.reporting.console import print_json, say


def calibrate(
    file: Annotated[Path, typer.Argument(help="Measurements: a CSV, or a benchmark's JSON.")],
    *,
    model: Annotated[
        str | None, typer.Option(help="Model of runs that do not name it (benchmark output only).")
    ] = None,
    chip: Annotated[str | None, typer.Option(help="Chip of runs that do not name it.")] = None,
    count: Annotated[int | None, typer.Option(help="Chips of runs that do not say how many.")] = None,
    weights: Annotated[
        str | None, typer.Option(help="Format of the weights of runs that do not name it.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where to write the calibration, for --calibration.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find the level of one's own measurements (CSV, vLLM, SGLang, genai-perf) beside the model."""
    from capexpand.api.answered import calibrate as find

    answer = find(file, model=model, chip=chip, count=count, weights=weights, out=out)
    if as_json:
        print_json(answer.document)
        return
    found = answer.found
    say(
        f"{found.rows} measurements: median error {found.before:.1%} before, {found.after:.1%} after, "
        f"{found.left_out:.1%} for each row by the others"
    )
    for level in found.levels:
        if level.chip:
            say(f"  {found.factor(level.chip, level.model):.3f}  {level.model or 'all'} on {level.chip}")
