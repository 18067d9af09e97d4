"""``capexpand tokens --validate``: how far answers are from measurements, as tables or one JSON object."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from capexpand.reporting.console import output, print_json

if TYPE_CHECKING:
    from capexpand.hardware.validation import Validation


def show_validation(path: Path | None, *, as_json: bool, picture: Path | None = None) -> None:
    """Compare with measurements and print how far off the answers are.

    Args:
        path: a file of measurements, or None for the packaged ones.
        as_json: print one JSON object instead of tables.
        picture: where to draw the comparison as SVG; None for no picture.

    Raises:
        CaseError: where a file cannot be read or written.
    """
    from capexpand.hardware.validation import validate_file, validate_packaged

    found = validate_packaged() if path is None else validate_file(path)
    if picture is not None:
        from capexpand.cli.tokens_picture import save_picture

        save_picture(found, picture)
    if as_json:
        print_json(as_data(found))
    else:
        _print_validation(found)


def as_data(found: Validation) -> dict[str, object]:
    """Turn a comparison into what ``--json`` prints; NaN becomes null."""

    def finite(value: float) -> float | None:
        return value if math.isfinite(value) else None

    unseen = [one for one in found.comparisons if not one.packaged]
    return {
        "rows": found.rows,
        "used": found.used,
        "coverage": found.coverage,
        "median_abs_error": finite(found.median_abs_error),
        "p90_abs_error": finite(found.p90_abs_error),
        "within_factor_1_5": finite(found.within_factor),
        "band_coverage": finite(found.band_coverage),
        "accuracies": [asdict(one) for one in found.accuracies],
        "rows_unknown_to_the_fit": len(unseen),
        "by_chip": [asdict(group) for group in found.by("chip")],
        "by_model": [asdict(group) for group in found.by("model")],
        "by_suite": [asdict(group) for group in found.by("suite")],
        "comparisons": [
            {
                "row": one.measurement.row,
                "model": one.measurement.model,
                "chip": one.measurement.chip,
                "chips": one.measurement.chips,
                "suite": one.measurement.suite,
                "phase": one.measurement.phase,
                "counted": one.measurement.counted,
                "measured_tokens_per_chip_s": one.measurement.tokens_per_chip_s,
                "predicted_tokens_per_chip_s": one.predicted_tokens_per_chip_s,
                "error": one.error,
                "low_tokens_per_chip_s": one.low,
                "high_tokens_per_chip_s": one.high,
                "packaged": one.packaged,
            }
            for one in found.comparisons
        ],
        "unused": [asdict(one) for one in found.unusable],
    }


def _print_validation(found: Validation) -> None:
    from rich.table import Table

    console = output()
    if not found.used:
        console.print(f"none of {found.rows} rows is a measurement to compare with")
    else:
        console.print(
            f"{found.used} of {found.rows} rows compared ({found.coverage:.0%} of the inference rows whose "
            f"model and chip are in the catalogue): median absolute error {found.median_abs_error:.1%}, nine "
            f"in ten below {found.p90_abs_error:.1%}, {found.within_factor:.0%} within a factor of 1.5; "
            f"the 80 % bands hold {found.band_coverage:.0%} of the rows",
        )
        for one in found.accuracies:
            console.print(
                f"{one.name}: {one.used} packaged rows, median {one.median_abs_error:.1%}, nine in ten below "
                f"{one.p90_abs_error:.1%}",
            )
    for field in ("chip", "model", "suite") if found.used else ():
        table = Table(title=f"by {field}", title_justify="left")
        for heading in (field, "rows", "median error", "absolute", "worst factor"):
            table.add_column(heading, justify="left" if heading == field else "right")
        for group in found.by(field):
            table.add_row(
                group.name,
                str(group.used),
                f"{group.median_error:+.0%}",
                f"{group.median_abs_error:.0%}",
                f"{group.worst_factor:.2f}",
            )
        console.print(table)
    reasons: dict[str, int] = {}
    for one in found.unusable:
        reasons[one.reason] = reasons.get(one.reason, 0) + 1
    for reason, count in sorted(reasons.items(), key=lambda item: -item[1]):
        console.print(f"{count} rows not compared: {reason}")
