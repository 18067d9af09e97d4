"""Pictures of studies: the spread of values by level, and spending against value. Vega-Lite is known here."""

from __future__ import annotations

from collections.abc import Sequence

from capexpand.reporting.charts import palette
from capexpand.reporting.charts.drawing import HEIGHT, Part, Spec, colour_of, tooltip_of


def spread(unit: str, levels: Sequence[str]) -> Spec:
    """Return the drawing of quantiles by level.

    Its rows have a level ``g`` and values ``low``, ``lower``, ``median``, ``upper`` and ``high``.

    Args:
        unit: of the values.
        levels: in order.
    """
    y = {
        "field": "g",
        "type": "nominal",
        "sort": [*levels],
        "axis": {"title": None, "labelLimit": 260, "ticks": False},
    }
    axis = {"title": unit, "format": ",~f"}

    def value(name: str) -> Spec:
        return {"field": name, "type": "quantitative", "scale": {"zero": False}, "axis": axis}

    tips = tooltip_of(
        {"g": "Level"},
        {
            "low": "5 % below",
            "lower": "25 % below",
            "median": "median",
            "upper": "75 % below",
            "high": "95 % below",
        },
    )
    layers = [
        {
            "mark": {"type": "rule", "color": palette.BASE, "strokeWidth": 2},
            "encoding": {"y": y, "x": value("low"), "x2": {"field": "high"}, "tooltip": tips},
        },
        {
            "mark": {"type": "bar", "height": {"band": 0.5}, "color": palette.PROGRAMME},
            "encoding": {"y": y, "x": value("lower"), "x2": {"field": "upper"}, "tooltip": tips},
        },
        {
            "mark": {"type": "tick", "color": palette.NAIVE, "thickness": 3, "height": {"band": 0.7}},
            "encoding": {"y": y, "x": value("median"), "tooltip": tips},
        },
    ]
    return {"width": "container", "height": 26 * len(levels) + 40, "layer": layers}


def scatter(unit: str, cases: Sequence[str]) -> Spec:
    """Return the drawing of spending against value, one dot for each plan.

    Its rows have a case ``c``, a name ``n``, spending ``x`` and a value ``y``.

    Args:
        unit: of both.
        cases: in order; from the eleventh on they share a colour.
    """
    parts = [Part(name, colour) for name, colour in zip(cases, palette.colours(len(cases)), strict=True)]
    colour = colour_of(parts, field="c", legend="top" if 1 < len(cases) <= len(palette.CATEGORIES) else None)

    def scaled(name: str, title: str) -> Spec:
        return {
            "field": name,
            "type": "quantitative",
            "scale": {"zero": False},
            "axis": {"title": f"{title}, {unit}", "format": ",~f"},
        }

    dots = {
        "mark": {"type": "circle", "size": 45, "opacity": 0.6},
        "encoding": {
            "x": scaled("x", "spent"),
            "y": scaled("y", "net present value"),
            "color": colour,
            "tooltip": tooltip_of({"n": "Plan"}, {"x": "spent", "y": "net present value"}),
        },
    }
    return {"width": "container", "height": HEIGHT, "layer": [dots]}
