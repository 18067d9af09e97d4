"""The picture of computed beside measured rates: ``capexpand tokens --validate --picture FILE.svg``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from capexpand.errors import CaseError, Problem
from capexpand.files import marked, write_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from capexpand.hardware.pareto import TradePoint
    from capexpand.hardware.validation import Validation

SUITE_LABELS = {
    "mlperf": "MLPerf 5.1 and 6.1",
    "mlperf_early": "MLPerf 4.1",
    "trtllm": "maker's bench",
    "inferencex": "InferenceX",
    "report": "operators' reports",
    "engine": "engine tests",
    "community": "public engines",
}
FACTOR = 1.5
_MARK = 'data-made-by="capexpand tokens"'
"""By which a picture is told from drawings of others, which are never replaced."""


def save_picture(found: Validation, path: Path) -> None:
    """Draw computed against measured rates, and the errors by chip, as SVG.

    Args:
        found: a comparison with at least one row.
        path: where to write; its folder must exist.

    Raises:
        CaseError: there is nothing to draw.
        RunError: the file cannot be written, or a picture of another make stands there.
    """
    if not found.comparisons:
        raise CaseError([Problem("there is no row to draw")])
    if path.suffix != ".svg":
        raise CaseError([Problem(f"the picture is drawn as SVG; name it {path.with_suffix('.svg').name}")])
    text = _drawing(found)
    write_file(path, text.replace("<svg ", f"<svg {_MARK} ", 1), ours=marked(_MARK))


def save_trade(curve: Sequence[TradePoint], path: Path) -> None:
    """Draw tokens for each chip against tokens for each user as SVG.

    Args:
        curve: at least one point.
        path: where to write; its folder must exist.

    Raises:
        CaseError: where the file cannot be written.
    """
    from capexpand.reporting.charts.curves import trade_off
    from capexpand.reporting.charts.drawing import drawn
    from capexpand.reporting.charts.palette import SUITES

    if path.suffix != ".svg":
        raise CaseError([Problem(f"the picture is drawn as SVG; name it {path.with_suffix('.svg').name}")])
    points = [{"x": one.tokens_per_user_s, "y": one.tokens_per_chip_s} for one in curve]
    text = drawn(trade_off(points, ("tokens/s for each user", "tokens/s for each chip"), colour=SUITES[0]))
    write_file(path, text.replace("<svg ", f"<svg {_MARK} ", 1), ours=marked(_MARK))


def _drawing(found: Validation) -> str:
    """Computed against measured rates, and beside them the ratios by chip, the most measured chip first."""
    from capexpand.reporting.charts.curves import agreement, ratios, side_by_side
    from capexpand.reporting.charts.drawing import Part, drawn
    from capexpand.reporting.charts.palette import SUITES

    parts = list(map(Part, SUITE_LABELS.values(), SUITES))
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
