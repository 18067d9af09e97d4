"""Ranges: fans over time, spreads of a value, intervals beside actual figures. Vega-Lite is known here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from capexpand.model.data import Floats
from capexpand.reporting.charts import palette
from capexpand.reporting.charts.drawing import HEIGHT, TIME, Part, Spec, colour_of, rounded, tooltip_of

FAN_HEIGHT = HEIGHT // 2 + 40
LEVELS = ("q0", "q1", "q2", "q3", "q4")
"""Fields of a row that hold its five quantiles, the lowest first."""


def fan(*, declared: bool = False) -> Spec:
    """Return the drawing of a fan: the outer and the inner range of the futures, and their median.

    Its rows have a day ``d`` and the quantiles ``q0`` to ``q4``.

    Args:
        declared: whether a dashed line shows the field ``z``, as the case declares it.
    """

    def layer(mark: Spec, low: str, high: str | None = None) -> Spec:
        y = {"field": low, "type": "quantitative", "axis": {"title": None, "format": ".3~s", "tickCount": 5}}
        ends = {"y2": {"field": high}} if high else {}
        return {"mark": {**mark, "clip": True}, "encoding": {"x": {"field": "d", **TIME}, "y": y, **ends}}

    layers = [
        layer({"type": "area", "color": palette.PROGRAMME, "opacity": 0.18}, "q0", "q4"),
        layer({"type": "area", "color": palette.PROGRAMME, "opacity": 0.32}, "q1", "q3"),
        layer({"type": "line", "color": palette.PROGRAMME, "strokeWidth": 2}, "q2"),
    ]
    if declared:
        dashes = {"type": "line", "color": palette.INK, "strokeWidth": 1.5, "strokeDash": [5, 4]}
        layers.append(layer(dashes, "z"))
    return {"width": "container", "height": FAN_HEIGHT, "layer": layers}


def fan_row(day: str, quantiles: Floats, **more: float | None) -> Spec:
    """Return a row of a fan; a value without a limit is null and drawn as a gap.

    Args:
        day: of the quarter, ISO 8601.
        quantiles: five, the lowest first.
        more: other fields.
    """
    levels = {name: rounded(float(value)) for name, value in zip(LEVELS, quantiles, strict=True)}
    return {"d": day, **levels, **{name: rounded(value) for name, value in more.items()}}


def spreads(count: int, unit: str) -> Spec:
    """Return the drawing of values spread over futures, one below the other.

    Its rows have a name ``w``, the quantiles ``q0`` to ``q4`` and the mean ``m``.

    Args:
        count: of rows.
        unit: of the values.
    """
    axis = {"title": None, "labelLimit": 220, "ticks": False}
    y = {"field": "w", "type": "nominal", "sort": None, "axis": axis}
    names = {
        "q0": "worst 5 %",
        "q1": "worst quarter",
        "q2": "middle",
        "m": "mean",
        "q3": "best quarter",
        "q4": "best 5 %",
    }

    def layer(mark: Spec, low: str, high: str | None = None) -> Spec:
        scale = {"title": unit, "format": ",~f", "tickCount": 6}
        x = {"field": low, "type": "quantitative", "axis": scale}
        ends = {"x2": {"field": high}} if high else {}
        return {"mark": mark, "encoding": {"x": x, "y": y, "tooltip": tooltip_of({}, names), **ends}}

    box = {"type": "bar", "color": palette.PROGRAMME, "opacity": 0.45, "height": {"band": 0.55}}
    layers = [
        layer({"type": "rule", "color": palette.PROGRAMME, "strokeWidth": 2}, "q0", "q4"),
        layer(box, "q1", "q3"),
        layer({"type": "tick", "color": palette.INK, "thickness": 3, "height": 24}, "q2"),
        layer({"type": "point", "color": palette.NAIVE, "filled": True, "size": 60}, "m"),
    ]
    return {"width": "container", "height": 38 * count, "layer": layers}


def named_intervals(count: int, parts: Sequence[Part], unit: str) -> Spec:
    """Return the drawing of an interval and its middle for each name.

    Its rows have a name ``n``, a part ``k``, ends ``a`` and ``b``, and a middle ``m``.

    Args:
        count: of rows.
        parts: in order, with their colours.
        unit: of the values.
    """
    axis = {
        "title": None,
        "ticks": False,
        "domain": False,
        "labelLimit": 190,
        "labelExpr": "split(datum.label, '|')",
    }
    y = {"field": "n", "type": "nominal", "sort": None, "axis": axis}
    shared = {
        "y": y,
        "color": colour_of(parts, field="k"),
        "tooltip": tooltip_of({}, {"a": "from", "m": "middle", "b": "to"}, digits=",.3~f"),
    }

    def x(field: str) -> Spec:
        return {
            "field": field,
            "type": "quantitative",
            "axis": {"title": unit, "format": ",~f", "tickCount": 6},
        }

    bar = {
        "mark": {"type": "bar", "height": {"band": 0.4}, "opacity": 0.5},
        "encoding": {"x": x("a"), "x2": {"field": "b"}, **shared},
    }
    middle = {
        "mark": {"type": "tick", "thickness": 3, "height": 22},
        "encoding": {"x": x("m"), **shared},
    }
    return {"width": "container", "height": 44 * count, "layer": [bar, middle]}


def intervals_by_quarter(parts: Sequence[Part], unit: str, titles: Mapping[str, str]) -> Spec:
    """Return the drawing of forecast intervals side by side in each quarter, with the actual figure in black.

    Its rows have a quarter ``q``, a part ``s``, ``low``, ``v`` and ``high``, the ``actual`` figure, and
    ``covered`` in words.

    Args:
        parts: methods in order, with their colours.
        unit: of the values.
        titles: of the fields, for the reader who points at one.
    """
    names = [part.name for part in parts]
    x = {
        "field": "q",
        "type": "ordinal",
        "sort": None,
        "axis": {"title": None, "labelAngle": 0, "labelExpr": "split(datum.label, '–')"},
        "scale": {"paddingInner": 0.35, "paddingOuter": 0.2},
    }
    offset = {"xOffset": {"field": "s", "sort": names}}
    y = {
        "field": "low",
        "type": "quantitative",
        "scale": {"zero": False, "nice": True},
        "axis": {"title": f"{unit} a quarter", "format": ",~f"},
    }
    numbers = {name: title for name, title in titles.items() if name not in ("q", "s", "covered")}
    words = {name: title for name, title in titles.items() if name not in numbers}
    tip = tooltip_of(words, numbers)
    colour = colour_of(parts, legend="top")
    bar = {
        "mark": {"type": "bar", "opacity": 0.35},
        "encoding": {"x": x, **offset, "y": y, "y2": {"field": "high"}, "color": colour, "tooltip": tip},
    }
    middle = {
        "mark": {"type": "tick", "thickness": 3, "orient": "horizontal"},
        "encoding": {"x": x, **offset, "y": {**y, "field": "v"}, "color": colour, "tooltip": tip},
    }
    actual = {
        "mark": {"type": "point", "filled": True, "size": 80, "color": palette.INK, "opacity": 1},
        "encoding": {"x": x, "y": {**y, "field": "actual"}, "tooltip": tip},
    }
    return {"width": "container", "height": HEIGHT, "layer": [bar, middle, actual]}


def shares_by_day(parts: Sequence[Part], axis: str) -> Spec:
    """Return the drawing of shares with the range that their counts allow, by day, beside a promised share.

    Its rows have a day ``d``, a part ``s``, ``low``, ``v`` and ``high`` and their text ``t``; those of the
    part ``promised`` have only the share ``promise``.

    Args:
        parts: in order, with their colours.
        axis: title of the axis.
    """
    names = [part.name for part in parts]
    x = {"field": "d", "type": "ordinal", "axis": {"title": None, "labelAngle": -40}}
    y = {
        "field": "v",
        "type": "quantitative",
        "scale": {"domain": [0, 1]},
        "axis": {"title": axis, "format": ".0%"},
    }
    shared = {
        "x": x,
        "xOffset": {"field": "s", "sort": names},
        "color": colour_of(parts, legend="top"),
        "tooltip": tooltip_of({"d": "As of", "s": "Of", "t": "Covered"}, {}),
    }
    real = [{"filter": "datum.s !== 'promised'"}]
    promised = {
        "transform": [{"filter": "datum.s === 'promised'"}],
        "mark": {"type": "line", "strokeDash": [5, 4], "color": palette.QUIET, "strokeWidth": 1.5},
        "encoding": {"x": x, "y": {**y, "field": "promise"}},
    }
    spans = {
        "transform": real,
        "mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.6},
        "encoding": {**shared, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
    }
    points = {
        "transform": real,
        "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
        "encoding": {**shared, "y": y},
    }
    return {"width": "container", "height": HEIGHT, "layer": [promised, spans, points]}
