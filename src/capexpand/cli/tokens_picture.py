"""The picture of computed beside measured rates: ``capexpand tokens --validate --picture FILE.svg``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from capexpand.errors import CaseError, Problem
from capexpand.files import marked, write_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair

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
COLOURS = ("#1b6ca8", "#7fb3d5", "#2e8b57", "#c0702a", "#7b4fa3", "#c2569b", "#9a9a9a")
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
    picture = _rates(found) | _errors(found)
    text = _as_svg(picture.configure_view(stroke=None).configure_axis(labelFontSize=11, titleFontSize=12))
    write_file(path, text.replace("<svg ", f"<svg {_MARK} ", 1), ours=marked(_MARK))


def save_trade(curve: Sequence[TradePoint], path: Path) -> None:
    """Draw tokens for each chip against tokens for each user as SVG.

    Args:
        curve: at least one point.
        path: where to write; its folder must exist.

    Raises:
        CaseError: where the file cannot be written.
    """
    import altair

    if path.suffix != ".svg":
        raise CaseError([Problem(f"the picture is drawn as SVG; name it {path.with_suffix('.svg').name}")])
    points = [{"user": one.tokens_per_user_s, "chip": one.tokens_per_chip_s} for one in curve]
    chart = (
        altair.Chart(altair.Data(values=points))
        .mark_line(point=True, color=COLOURS[0])
        .encode(
            x=altair.X("user:Q", title="tokens/s for each user"),
            y=altair.Y("chip:Q", title="tokens/s for each chip"),
        )
        .properties(width=500, height=360)
    )
    try:
        path.write_text(_as_svg(chart), encoding="utf-8")
    except OSError as error:
        raise CaseError([Problem(f"cannot be written: {error}", file=path)]) from error


def _as_svg(chart: altair.HConcatChart | altair.ConcatChart | altair.Chart) -> str:
    import vl_convert

    return vl_convert.vegalite_to_svg(chart.to_dict())


def _records(found: Validation) -> list[dict[str, object]]:
    return [
        {
            "measured": one.measurement.tokens_per_chip_s,
            "computed": one.predicted_tokens_per_chip_s,
            "factor": one.error + 1,
            "chip": one.measurement.chip,
            "source": SUITE_LABELS.get(one.measurement.suite, one.measurement.suite),
        }
        for one in found.comparisons
        if one.predicted_tokens_per_chip_s > 0
    ]


def _colour() -> altair.Color:
    import altair

    scale = altair.Scale(domain=list(SUITE_LABELS.values()), range=list(COLOURS))
    return altair.Color("source:N", scale=scale, title=None, legend=altair.Legend(orient="top", columns=7))


def _rates(found: Validation) -> altair.LayerChart | altair.FacetChart:
    """Draw computed against measured rates with the band of a factor of 1.5."""
    import altair

    records = _records(found)
    low = min(min(record["measured"], record["computed"]) for record in records) * 0.8  # pyrefly: ignore
    high = max(max(record["measured"], record["computed"]) for record in records) * 1.25  # pyrefly: ignore
    scale = altair.Scale(type="log", domain=[low, high], nice=False)
    band = altair.Data(
        values=[{"x": x, "lower": x / FACTOR, "equal": x, "upper": x * FACTOR} for x in (low, high)]
    )
    shade = (
        altair.Chart(band)
        .mark_area(opacity=0.12, color="#1b6ca8", clip=True)
        .encode(x=altair.X("x:Q", scale=scale), y=altair.Y("lower:Q", scale=scale), y2="upper:Q")
    )
    line = altair.Chart(band).mark_line(color="#555", strokeWidth=1).encode(x="x:Q", y="equal:Q")
    points = (
        altair.Chart(altair.Data(values=records))
        .mark_circle(size=46, opacity=0.8)
        .encode(
            x=altair.X("measured:Q", scale=scale, title="measured, tokens/s and chip", axis=_log_axis()),
            y=altair.Y("computed:Q", scale=scale, title="computed, tokens/s and chip", axis=_log_axis()),
            color=_colour(),
        )
    )
    return (shade + line + points).properties(width=400, height=400)


def _log_axis() -> altair.Axis:
    import altair

    return altair.Axis(values=[10, 100, 1000, 10_000, 100_000], format="~s", gridOpacity=0.4)


def _errors(found: Validation) -> altair.LayerChart | altair.FacetChart:
    """Draw computed over measured by chip, the most measured chip first."""
    import altair

    chips = [group.name for group in found.by("chip")]
    scale = altair.Scale(type="log", domain=[0.4, 3.5], clamp=True, nice=False)
    band = altair.Data(values=[{"low": 1 / FACTOR, "high": FACTOR}])
    shade = (
        altair.Chart(band)
        .mark_rect(opacity=0.12, color="#1b6ca8")
        .encode(x=altair.X("low:Q", scale=scale), x2="high:Q")
    )
    rule = (
        altair.Chart(altair.Data(values=[{"one": 1}]))
        .mark_rule(color="#555")
        .encode(x=altair.X("one:Q", scale=scale))
    )
    axis = altair.Axis(values=[0.5, 0.67, 1, 1.5, 2, 3], gridOpacity=0.4)
    ticks = (
        altair.Chart(altair.Data(values=_records(found)))
        .mark_tick(thickness=2, size=14, opacity=0.8)
        .encode(
            x=altair.X("factor:Q", scale=scale, title="computed over measured", axis=axis),
            y=altair.Y("chip:N", sort=chips, title=None),
            color=_colour(),
        )
    )
    return (shade + rule + ticks).properties(width=330, height=400)
