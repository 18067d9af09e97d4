"""Curves: lines, frontiers of two levels, chances, computed beside measured. Vega-Lite is known here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from capexpand.reporting.charts import palette
from capexpand.reporting.charts.drawing import HEIGHT, Part, Spec, colour_of, tooltip_of


def lines_by_quarter(parts: Sequence[Part], unit: str) -> Spec:
    """Return the drawing of lines over quarters, one for each day on which they were made.

    Its rows have a quarter ``q`` and its number ``n``, a part ``s`` and a value ``v``.

    Args:
        parts: in order, with their colours.
        unit: of the values.
    """
    axis = {"title": None, "labelAngle": 0, "labelExpr": "split(datum.label, '–')"}
    layer = {
        "mark": {"type": "line", "point": {"size": 55, "filled": True}, "strokeWidth": 2},
        "encoding": {
            "x": {"field": "q", "type": "ordinal", "sort": {"field": "n"}, "axis": axis},
            "y": {
                "field": "v",
                "type": "quantitative",
                "axis": {"title": f"{unit} a quarter", "format": ",~f"},
            },
            "color": colour_of(parts, legend="top"),
            "tooltip": tooltip_of({"q": "Quarter", "s": "As of"}, {"v": unit}),
        },
    }
    return {"width": "container", "height": HEIGHT, "layer": [layer]}


@dataclass(frozen=True, slots=True)
class CurveAxis:
    """An axis of a frontier: its title, and whether it counts rates rather than factors."""

    title: str
    unit: str
    rate: bool = False

    def drawn(self, field: str) -> Spec:
        """Return the axis as Vega-Lite has it."""
        style = {"format": ".0%" if self.rate else ",~r", "tickCount": 6}
        return {
            "field": field,
            "type": "quantitative",
            "scale": {"zero": False},
            "axis": {**style, "title": f"{self.title}, {self.unit}"},
        }


def frontier(first: CurveAxis, second: CurveAxis, parts: Sequence[Part]) -> Spec:
    """Return the drawing of lines through pairs of levels, and of one point: that of the last part.

    Its rows have levels ``x`` and ``y`` and a part ``s``.

    Args:
        parts: lines in order, then the point, with their colours.
    """
    encoding = {
        "x": first.drawn("x"),
        "y": second.drawn("y"),
        "color": colour_of(parts, legend="top"),
        "tooltip": tooltip_of({"s": "Reading"}, {"x": first.title, "y": second.title}, digits=".3~g"),
    }
    point = parts[-1].name
    line = {
        "transform": [{"filter": {"not": {"field": "s", "equal": point}}}],
        "mark": {"type": "line", "strokeWidth": 2.5, "point": {"size": 40, "filled": True}},
        "encoding": encoding,
    }
    mark = {
        "transform": [{"filter": {"field": "s", "equal": point}}],
        "mark": {"type": "point", "shape": "diamond", "size": 140, "filled": True},
        "encoding": encoding,
    }
    return {"width": "container", "height": HEIGHT, "layer": [line, mark]}


def exceedance(unit: str, *, band: bool) -> Spec:
    """Return the drawing of the chance to reach a value, with the plan's value, zero, and a range.

    Its rows have a kind ``k`` (``curve``, ``plan``, ``zero`` or ``market``), a value ``x``, of the range also
    ``x2``, and of the curve the chance ``y``.

    Args:
        unit: of the values.
        band: whether a range is shaded.
    """

    def layer(kind: str, mark: Spec, **more: Spec) -> Spec:
        axis = {"title": unit, "format": ",~f", "tickCount": 6}
        x = {"field": "x", "type": "quantitative", "axis": axis}
        return {
            "transform": [{"filter": f"datum.k === '{kind}'"}],
            "mark": mark,
            "encoding": {"x": x, **more},
        }

    chance = {
        "field": "y",
        "type": "quantitative",
        "axis": {"format": ".0%", "title": "chance to reach it"},
        "scale": {"domain": [0, 1]},
        "stack": None,  # else areas of equal values are laid on each other and leave the picture
    }
    area = {
        "type": "area",
        "line": {"color": palette.PROGRAMME, "strokeWidth": 2.5},
        "color": palette.PROGRAMME,
        "opacity": 0.25,
    }
    shade = {"type": "rect", "color": palette.NAIVE, "opacity": 0.14}
    layers = [
        layer("curve", area, y=chance),
        layer("zero", {"type": "rule", "color": palette.QUIET, "strokeDash": [4, 4]}),
        layer("plan", {"type": "rule", "color": palette.INK, "strokeWidth": 2}),
    ]
    if band:
        layers.insert(0, layer("market", shade, x2={"field": "x2"}))
    return {"width": "container", "height": HEIGHT, "layer": layers}


def agreement(rows: Sequence[Spec], parts: Sequence[Part], *, factor: float, titles: tuple[str, str]) -> Spec:
    """Return the drawing of points over a line of equality, with the band of a factor, both axes logarithmic.

    Args:
        rows: with ``x``, ``y`` and a part ``s``.
        parts: in order, with their colours.
        factor: width of the band, either way.
        titles: of the axes.
    """
    low = min(min(row["x"], row["y"]) for row in rows) * 0.8
    high = max(max(row["x"], row["y"]) for row in rows) * 1.25
    scale = {"type": "log", "domain": [low, high], "nice": False}
    ends = [{"x": x, "low": x / factor, "equal": x, "high": x * factor} for x in (low, high)]
    ticks = {"values": [10, 100, 1000, 10_000, 100_000], "format": "~s", "gridOpacity": 0.4}

    def axis(field: Literal["x", "y"]) -> Spec:
        title = titles[0] if field == "x" else titles[1]
        return {"field": field, "type": "quantitative", "scale": scale, "axis": {**ticks, "title": title}}

    def plain(field: str) -> Spec:
        return {"field": field, "type": "quantitative", "scale": scale}

    band = {
        "data": {"values": ends},
        "mark": {"type": "area", "opacity": 0.12, "color": palette.PROGRAMME, "clip": True},
        "encoding": {"x": plain("x"), "y": plain("low"), "y2": {"field": "high"}},
    }
    line = {
        "data": {"values": ends},
        "mark": {"type": "line", "color": palette.QUIET, "strokeWidth": 1},
        "encoding": {"x": plain("x"), "y": plain("equal")},
    }
    points = {
        "data": {"values": list(rows)},
        "mark": {"type": "circle", "size": 46, "opacity": 0.8},
        "encoding": {"x": axis("x"), "y": axis("y"), "color": colour_of(parts, legend="top")},
    }
    return {"width": 400, "height": 400, "layer": [band, line, points]}


def trade_off(rows: Sequence[Spec], titles: tuple[str, str], *, colour: str) -> Spec:
    """Return the drawing of a line through points, one amount against another.

    Args:
        rows: with ``x`` and ``y``.
        titles: of the axes.
        colour: of the line.
    """
    fields = dict(zip(("x", "y"), titles, strict=True))
    layer = {
        "mark": {"type": "line", "point": True, "color": colour},
        "encoding": {
            name: {"field": name, "type": "quantitative", "title": title} for name, title in fields.items()
        },
    }
    return {"width": 500, "height": 360, "data": {"values": list(rows)}, "layer": [layer]}


def ratios(rows: Sequence[Spec], parts: Sequence[Part], *, factor: float, title: str) -> Spec:
    """Return the drawing of a tick for each ratio, by name, with the band of a factor around 1.

    Args:
        rows: with a name ``n``, a ratio ``v`` and a part ``s``, in the order of the names.
        parts: in order, with their colours.
        factor: width of the band, either way.
        title: of the axis.
    """
    scale = {"type": "log", "domain": [0.4, 3.5], "clamp": True, "nice": False}
    names = list(dict.fromkeys(row["n"] for row in rows))

    def x(field: str) -> Spec:
        return {"field": field, "type": "quantitative", "scale": scale}

    band = {
        "data": {"values": [{"low": 1 / factor, "high": factor, "one": 1}]},
        "mark": {"type": "rect", "opacity": 0.12, "color": palette.PROGRAMME},
        "encoding": {"x": x("low"), "x2": {"field": "high"}},
    }
    rule = {**band, "mark": {"type": "rule", "color": palette.QUIET}, "encoding": {"x": x("one")}}
    axis = {"values": [0.5, 0.67, 1, 1.5, 2, 3], "gridOpacity": 0.4, "title": title}
    untitled: Spec = {"title": None}
    ticks = {
        "data": {"values": list(rows)},
        "mark": {"type": "tick", "thickness": 2, "size": 14, "opacity": 0.8},
        "encoding": {
            "x": {**x("v"), "axis": axis},
            "y": {"field": "n", "type": "nominal", "sort": names, "axis": untitled},
            "color": colour_of(parts, legend="top"),
        },
    }
    return {"width": 330, "height": 400, "layer": [band, rule, ticks]}


def side_by_side(specs: Sequence[Spec]) -> Spec:
    """Return several drawings beside each other, with one legend above them."""
    return {"hconcat": list(specs)}
