"""Pictures of sweeps: value over one axis, over two, and a tornado. Vega-Lite is known here."""

from __future__ import annotations

from collections.abc import Sequence

from capexpand.reporting.charts import palette
from capexpand.reporting.charts.drawing import HEIGHT, Spec, tooltip_of


def value_map(first: str, second: str, unit: str, *, levels: tuple[Sequence[str], Sequence[str]]) -> Spec:
    """Return the drawing of a value over two axes, one coloured field for each pair of levels.

    Its rows have levels ``x`` and ``y`` as texts, a value ``v`` and its text ``t``.

    Args:
        first: title of the axis across.
        second: title of the axis upwards.
        unit: of the values.
        levels: of both axes, in order.
    """
    across, up = ([*each] for each in levels)
    encoding = {
        "x": {"field": "x", "type": "ordinal", "sort": across, "axis": {"title": first, "labelAngle": 0}},
        "y": {"field": "y", "type": "ordinal", "sort": up[::-1], "axis": {"title": second}},
    }
    field = {
        "mark": {"type": "rect", "stroke": "white", "strokeWidth": 1},
        "encoding": {
            **encoding,
            "color": {
                "field": "v",
                "type": "quantitative",
                "scale": {"range": list(palette.HEAT)},
                "legend": {"title": unit, "orient": "right", "format": ",~f"},
            },
            "tooltip": tooltip_of({"x": first, "y": second}, {"v": unit}),
        },
    }
    middle = "datum.v > 0.55 * datum.top + 0.45 * datum.bottom"
    text = {
        "transform": [
            {
                "joinaggregate": [
                    {"op": "max", "field": "v", "as": "top"},
                    {"op": "min", "field": "v", "as": "bottom"},
                ]
            }
        ],
        "mark": {"type": "text", "fontSize": 11},
        "encoding": {
            **encoding,
            "text": {"field": "t", "type": "nominal"},
            "color": {"condition": {"test": middle, "value": "white"}, "value": palette.INK},
        },
    }
    layers = [field, text] if len(across) <= 9 else [field]
    return {"width": "container", "height": max(34 * len(up), 120), "layer": layers}


def value_lines(axis: str, unit: str, *, ordinal: bool) -> Spec:
    """Return the drawing of a value over one axis.

    Its rows have a coordinate ``x``, its text ``l`` and a value ``v``.

    Args:
        axis: its title.
        unit: of the values.
        ordinal: whether the coordinates are choices.
    """
    x: Spec = (
        {"field": "l", "type": "ordinal", "sort": None, "axis": {"title": axis, "labelAngle": 0}}
        if ordinal
        else {"field": "x", "type": "quantitative", "scale": {"zero": False}, "axis": {"title": axis}}
    )
    mark: Spec = (
        {"type": "bar", "color": palette.PROGRAMME}
        if ordinal
        else {"type": "line", "point": {"size": 55, "filled": True}, "color": palette.PROGRAMME}
    )
    value = {
        "field": "v",
        "type": "quantitative",
        "scale": {"zero": ordinal},
        "axis": {"title": unit, "format": ",~f"},
    }
    layer = {
        "mark": mark,
        "encoding": {"x": x, "y": value, "tooltip": tooltip_of({"l": axis}, {"v": unit})},
    }
    return {"width": "container", "height": HEIGHT, "layer": [layer]}


def tornado(unit: str, names: Sequence[str], centre: float) -> Spec:
    """Return the drawing of the value at both ends of every axis, around the declared case.

    Its rows have an axis ``p``, an end ``e`` (``low`` or ``high``), its text ``l``, and a value ``v``.

    Args:
        unit: of the values.
        names: of the axes, the largest effect first.
        centre: value of the declared case.
    """
    y = {
        "field": "p",
        "type": "nominal",
        "sort": [*names],
        "axis": {"title": None, "labelLimit": 260, "ticks": False},
    }
    x = {
        "field": "v",
        "type": "quantitative",
        "scale": {"zero": False},
        "axis": {"title": unit, "format": ",~f"},
    }
    colour = {
        "field": "e",
        "type": "nominal",
        "scale": {"domain": ["low", "high"], "range": [palette.NAIVE, palette.PROGRAMME]},
        "legend": {"title": None, "orient": "top", "labelExpr": "datum.label + ' end of the range'"},
    }
    bar = {
        "mark": {"type": "bar", "height": {"band": 0.6}},
        "encoding": {
            "y": y,
            "x": x,
            "x2": {"datum": centre},
            "color": colour,
            "tooltip": tooltip_of({"p": "Axis", "l": "at"}, {"v": unit}),
        },
    }
    line = {
        "mark": {"type": "rule", "color": palette.INK},
        "encoding": {"x": {"datum": centre, "type": "quantitative"}},
    }
    return {"width": "container", "height": 34 * len(names) + 40, "layer": [bar, line]}
