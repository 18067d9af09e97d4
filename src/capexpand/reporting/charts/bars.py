"""Bars: beside each other, shares of a whole, and distances from one point. Vega-Lite is known here."""

from __future__ import annotations

from collections.abc import Sequence

from capexpand.reporting.charts import palette
from capexpand.reporting.charts.drawing import Part, Spec, colour_of, tooltip_of

BAR = 22  # height of one bar [px]
ROW = 30  # height of a row of distances [px]
AXIS = 56  # height of the axis below [px]


def grouped_bars(rows: Sequence[Spec], parts: Sequence[Part], unit: str) -> Spec:
    """Return the drawing of bars beside each other for every name, with their values written at the end.

    Args:
        rows: with a name ``p``, a part ``s``, a value ``v`` and its text ``t``.
        parts: in order, with their colours.
        unit: of the values, for the axis.
    """
    names = list(dict.fromkeys(row["p"] for row in rows))
    offset = {"field": "s", "type": "nominal", "sort": [part.name for part in parts]}
    furthest = 1.16 * max((row["v"] for row in rows), default=1.0)
    low = min(0.0, *(1.3 * row["v"] for row in rows)) if rows else 0.0
    x = {
        "field": "v",
        "type": "quantitative",
        "scale": {"domain": [low, furthest], "nice": False},
        "axis": {"title": unit, "tickCount": 5, "format": ",~f"},
    }
    y = _names(names)
    bar = {
        "mark": {"type": "bar"},
        "encoding": {
            "y": y,
            "yOffset": offset,
            "x": x,
            "color": colour_of(parts),
            "tooltip": _tip(unit),
        },
    }
    text = {
        "mark": {"type": "text", "align": "left", "dx": 4, "color": palette.INK, "fontSize": 11},
        "encoding": {"y": y, "yOffset": offset, "x": x, "text": {"field": "t", "type": "nominal"}},
    }
    height = (BAR * len(parts) + 14) * len(names) + AXIS
    return {"width": "container", "height": height, "layer": [bar, text]}


def share_bars(rows: Sequence[Spec], parts: Sequence[Part], *, names: str = "Programme") -> Spec:
    """Return the drawing of one bar for every name, divided into its parts.

    Args:
        rows: with a name ``p``, a part ``s``, a value ``v`` [%] and the order ``o`` of the part.
        parts: in order, with their colours.
        names: what the names are of, where a reader points at a bar.
    """
    order = list(dict.fromkeys(row["p"] for row in rows))
    encoding = {
        "y": _names(order),
        "x": {
            "field": "v",
            "type": "quantitative",
            "stack": "zero",
            "axis": {"title": "%", "tickCount": 6},
        },
        "color": colour_of(parts),
        "order": {"field": "o"},
        "tooltip": _tip("%", names),
    }
    layer = {"mark": {"type": "bar", "height": {"band": 0.62}}, "encoding": encoding}
    return {"width": "container", "height": 40 * len(order) + AXIS, "layer": [layer]}


def _names(names: Sequence[str]) -> Spec:
    axis = {"title": None, "ticks": False, "domain": False, "labelFontSize": 12, "labelLimit": 130}
    return {
        "field": "p",
        "type": "nominal",
        "sort": list(names),
        "axis": axis,
        "scale": {"paddingInner": 0.25},
    }


def _tip(unit: str, names: str = "Programme") -> list[Spec]:
    return tooltip_of({"p": names, "s": "Part"}, {"v": unit})


def distance_bars(rows: Sequence[Spec], parts: Sequence[Part], *, furthest: float, axis: str) -> Spec:
    """Return the drawing of bars from 1 to a factor, on a logarithmic axis, two for each name.

    Args:
        rows: with a name ``n``, a part ``s``, ends ``a`` and ``b``, the ``side`` of 1, and a text ``t``.
        parts: in order, with their colours.
        furthest: factor, either way, at which bars are cut.
        axis: title of the axis.
    """
    order = list(dict.fromkeys(row["n"] for row in rows))
    scale = {
        "type": "log",
        "domain": [1 / (2.2 * furthest), 2.8 * furthest],
        "nice": False,
        "clamp": True,
    }
    y = {
        "field": "n",
        "type": "nominal",
        "sort": order,
        "axis": {
            "title": None,
            "ticks": False,
            "domain": False,
            "labelLimit": 170,
            "labelExpr": "split(datum.label, '|')",
        },
    }
    shift = {"field": "s", "scale": {"domain": [part.name for part in parts]}}
    ticks = [0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4]
    x = {
        "field": "a",
        "type": "quantitative",
        "scale": scale,
        "axis": {"values": ticks, "format": "~g", "title": axis},
    }
    bar = {
        "mark": {"type": "bar", "height": {"band": 0.9}},
        "encoding": {
            "x": x,
            "x2": {"field": "b"},
            "y": y,
            "yOffset": shift,
            "color": colour_of(parts, legend="top"),
            "tooltip": tooltip_of({"n": "Driver", "s": "Reading", "t": "Break-even"}, {}),
        },
    }
    middle = {
        "data": {"values": [{"one": 1}] if order else []},
        "mark": {"type": "rule", "color": palette.INK},
        "encoding": {"x": {"field": "one", "type": "quantitative", "scale": scale}},
    }
    texts = [_beside(align, y, shift, x) for align in ("left", "right")]
    return {"width": "container", "height": ROW * len(order), "layer": [bar, *texts, middle]}


def _beside(align: str, y: Spec, shift: Spec, x: Spec) -> Spec:
    gap, keep = (4, "datum.side > 0") if align == "left" else (-4, "datum.side < 0")
    return {
        "transform": [{"filter": keep}],
        "mark": {"type": "text", "align": align, "dx": gap, "fontSize": 10, "color": palette.QUIET},
        "encoding": {
            "x": {**x, "field": "b"},
            "y": y,
            "yOffset": shift,
            "text": {"field": "t", "type": "nominal"},
        },
    }
