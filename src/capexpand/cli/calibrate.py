"""``capexpand calibrate``: the level of one's own measurements beside the model."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from capexpand.reporting.console import print_json, say


def register(app: typer.Typer) -> None:
    """Add the command to an application."""

    @app.command("calibrate")
    def calibrate(
        file: Annotated[Path, typer.Argument(help="Measurements: a CSV, or a benchmark's JSON.")],
        *,
        out: Annotated[
            Path | None, typer.Option("--out", help="Where to write the calibration, for --calibration.")
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
    ) -> None:
        """Find the level of one's own measurements (CSV, vLLM, SGLang, genai-perf) beside the model."""
        from capexpand.files import check_file
        from capexpand.hardware.calibration import calibrate_file, is_calibration, write_calibration

        if out is not None:
            check_file(out, ours=is_calibration, inputs=[file])
        found = calibrate_file(file)
        if out is not None:
            write_calibration(found, out)
        if as_json:
            print_json(asdict(found))
            return
        say(
            f"{found.rows} measurements: median error {found.before:.1%} before, {found.after:.1%} after, "
            f"{found.left_out:.1%} for each row by the others"
        )
        for level in found.levels:
            if level.chip:
                say(f"  {found.factor(level.chip, level.model):.3f}  {level.model or 'all'} on {level.chip}")
