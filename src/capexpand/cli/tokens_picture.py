"""The picture of computed beside measured rates: ``capexpand tokens --validate --picture FILE.svg``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from capexpand.errors import CaseError, Problem

if TYPE_CHECKING:
    from capexpand.hardware.validation import Validation

SUITE_LABELS = {
    "mlperf": "MLPerf 5.1",
    "mlperf_early": "MLPerf 4.1",
    "trtllm": "maker's bench",
    "inferencex": "InferenceX",
    "report": "operators' reports",
    "engine": "engine tests",
    "community": "public engines",
}
COLOURS = ("#1b6ca8", "#7fb3d5", "#2e8b57", "#c0702a", "#7b4fa3", "#c2569b", "#9a9a9a")
FACTOR = 1.5


def save_picture(found: Validation, path: Path) -> None:
    """Draw computed against measured rates, and the errors by chip, as SVG.

    Args:
        found: a comparison with at least one row.
        path: where to write; its folder must exist.

    Raises:
        CaseError: where there is nothing to draw or the file cannot be written.
    """
    if not found.comparisons:
        raise CaseError([Problem("there is no row to draw")])
    if path.suffix != ".svg":
        raise CaseError([Problem(f"the picture is drawn as SVG; name it {path.with_suffix('.svg').name}")])
    text = _drawing(found)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CaseError([Problem(f"cannot be written: {error}", file=path)]) from error


def _drawing(found: Validation) -> str:
    """Computed against measured rates, and beside them the ratios by chip, the most measured chip first."""
    from capexpand.reporting.charts.curves import agreement, ratios, side_by_side
    from capexpand.reporting.charts.drawing import Part, drawn

    parts = list(map(Part, SUITE_LABELS.values(), COLOURS))
    shown = [one for one in found.comparisons if one.predicted_tokens_per_chip_s > 0]
    rates = [
        {
            "x": one.measurement.tokens_per_chip_s,
            "y": one.predicted_tokens_per_chip_s,
            "s": SUITE_LABELS.get(one.measurement.suite, one.measurement.suite),
        }
        for one in shown
    ]
    by_chip = [
        {
            "n": group.name,
            "v": one.error + 1,
            "s": SUITE_LABELS.get(one.measurement.suite, one.measurement.suite),
        }
        for group in found.by("chip")
        for one in shown
        if one.measurement.chip == group.name
    ]
    titles = ("measured, tokens/s and chip", "computed, tokens/s and chip")
    left = agreement(rates, parts, factor=FACTOR, titles=titles)
    right = ratios(by_chip, parts, factor=FACTOR, title="computed over measured")
    return drawn(side_by_side((left, right)))
