"""Charts as data, and the drawing of stacks, lines and marks: the only place that knows Vega-Lite.

Values travel to the page as one row of numbers for each series; the page's script lays them out by quarter
into the fields ``q`` (name), ``d`` and ``e`` (first day, and first day of the next quarter), ``m`` (middle),
``s`` (series), ``k`` (how it is drawn), ``v`` (value), and ``a`` and ``b`` (ends of a stacked bar).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np

from capexpand.files.json_text import JsonObject
from capexpand.model.data import Floats, Times
from capexpand.reporting.charts import palette
from capexpand.wording import number

Spec = JsonObject
Mark = Literal["bar", "line", "dots", "limit"]

HEIGHT = 260
SMALL_HEIGHT = 150
FEW = 9  # things in a stack that can be told apart; smaller ones are drawn together


@dataclass(frozen=True, slots=True)
class Series:
    """One row of numbers and how it is drawn."""

    name: str
    colour: str
    values: tuple[float, ...]  # [quarter]
    mark: Mark = "bar"

    @classmethod
    def of(cls, name: str, colour: str, values: Floats, mark: Mark = "bar") -> Series:
        """Return a series of an array, rounded to five digits to keep the page small.

        Args:
            name: what it is called.
            colour: how it is coloured.
            values: [quarter]; what is not finite is drawn as a gap.
            mark: how it is drawn.
        """
        return cls(name, colour, tuple(float(f"{value:.5g}") for value in values), mark)


@dataclass(frozen=True, slots=True)
class Part:
    """Something that has one colour in a drawing."""

    name: str
    colour: str


def colour_of(parts: Sequence[Part], *, field: str = "s", legend: str | None = None) -> Spec:
    """Return how a field is coloured.

    Args:
        parts: in order.
        field: that names the part of a row.
        legend: side on which a legend stands; None for none.
    """
    scale = {"domain": [part.name for part in parts], "range": [part.colour for part in parts]}
    shown = {"title": None, "orient": legend, "labelLimit": 220} if legend else None
    return {"field": field, "type": "nominal", "scale": scale, "legend": shown}


def tooltip_of(words: Mapping[str, str], numbers: Mapping[str, str], *, digits: str = ",.4~r") -> list[Spec]:
    """Return what is shown where a reader points at a mark.

    Args:
        words: titles of fields that hold texts.
        numbers: titles of fields that hold numbers.
        digits: how numbers are written.
    """
    texts: list[Spec] = [{"field": name, "type": "nominal", "title": title} for name, title in words.items()]
    values: list[Spec] = [
        {"field": name, "type": "quantitative", "title": title, "format": digits}
        for name, title in numbers.items()
    ]
    return texts + values


def rounded(value: float | None) -> float | None:
    """Return a number with the five digits that a picture can show; None for what is not finite."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.5g}")


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: what it says, how it is drawn, and its numbers."""

    identifier: str
    title: str  # states the finding
    note: str  # what is shown, and in which unit
    spec: Spec  # Vega-Lite without data
    series: tuple[Series, ...] = ()
    rows: tuple[Spec, ...] = ()  # data that is not by quarter
    small: bool = False
    shaded: bool = True  # whether the programme's window is shaded

    @property
    def legend(self) -> tuple[Series, ...]:
        """The series to be named beside the chart; one alone is named by the chart's title."""
        coloured = len({one.colour for one in self.series}) > 1
        return self.series if coloured else ()

    @property
    def height(self) -> int:
        """Height of the drawing [px]."""
        return int(self.spec["height"])

    @property
    def summary(self) -> str:
        """The text for those who cannot see the chart."""
        ends = [
            f"{one.name}: {number(one.values[0])} first, {number(one.values[-1])} last"
            for one in self.series
            if one.values
        ]
        return f"{self.title}. {self.note} {'; '.join(ends)}".strip()


def shared_legend(charts: Sequence[Chart]) -> tuple[Series, ...]:
    """Return the series of several charts by name, to be named once above them.

    Args:
        charts: charts in which a name has one colour.
    """
    found: dict[str, Series] = {}
    for chart in charts:
        for series in chart.legend:
            found.setdefault(series.name, series)
    return tuple(sorted(found.values(), key=lambda series: series.mark != "bar"))


@dataclass(frozen=True, slots=True)
class Quarters:
    """The time axis of charts by quarter.

    Args:
        labels: names of the quarters.
        starts: their first days, ISO 8601.
        ends: of each the day after its last.
        window: days between which the ground of charts is shaded; empty for none.
    """

    labels: tuple[str, ...]
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    window: tuple[str, ...] = ()

    @classmethod
    def of(cls, times: Times, window: slice) -> Quarters:
        """Return the axis of a compiled case.

        Args:
            window: the quarters that are shaded.
        """
        starts = tuple(day.isoformat() for day in times.starts)
        ends = (*starts[1:], (times.ends[-1] + timedelta(days=1)).isoformat())
        return cls(tuple(times.labels), starts, ends, (starts[window.start], ends[window.stop - 1]))


NO_QUARTERS = Quarters((), (), ())


def svg(chart: Chart, quarters: Quarters = NO_QUARTERS, *, width: int = 480) -> str:
    """Return a chart as a drawing that needs no script.

    Args:
        chart: to be drawn.
        quarters: its time axis, where it has one.
        width: of the drawing [px].
    """
    return drawn({**chart.spec, "width": width, "data": {"values": chart_rows(chart, quarters)}})


def chart_rows(chart: Chart, quarters: Quarters = NO_QUARTERS) -> Sequence[Spec]:
    """Return the data of a chart, one mark or point a row.

    Args:
        chart: whose data is asked for.
        quarters: its time axis, where it has one.
    """
    return chart.rows or list(_laid_out(chart.series, quarters))


def drawn(spec: Spec) -> str:
    """Return a whole drawing, its data included, as SVG in the look of every chart."""
    import vl_convert

    text: str = vl_convert.vegalite_to_svg(json.dumps({**spec, "config": CONFIG}, allow_nan=False))
    return text


def _laid_out(series: Sequence[Series], quarters: Quarters) -> Iterator[Spec]:
    """The rows of series by quarter, as the page's script makes them."""
    above, below = [0.0] * len(quarters.labels), [0.0] * len(quarters.labels)
    for one in series:
        for t, value in enumerate(one.values):
            if value != value:  # noqa: PLR0124 - NaN is a gap
                continue
            first, after = date.fromisoformat(quarters.starts[t]), date.fromisoformat(quarters.ends[t])
            days: Spec = {"d": str(first), "e": str(after), "m": str(first + (after - first) / 2)}
            row: Spec = {"q": quarters.labels[t], **days, "s": one.name, "k": one.mark, "v": value}
            if one.mark == "bar":
                sums = below if value < 0 else above
                row |= {"a": sums[t], "b": sums[t] + value}
                sums[t] += value
            yield row


TIME: Spec = {
    "type": "temporal",
    "scale": {"type": "utc"},
    "axis": {"format": "%Y", "tickCount": {"interval": "year", "step": 1}, "title": None, "grid": False},
}


def _quarter(field: str) -> Spec:
    return {"field": field, **TIME}


def _sparse(spec: Spec) -> Spec:
    """The same drawing with a year's name at every second year, for narrow places."""
    axis = {**TIME["axis"], "tickCount": {"interval": "year", "step": 2}}

    def thin(layer: Spec) -> Spec:
        x = {**layer["encoding"]["x"], "axis": axis}
        return {**layer, "encoding": {**layer["encoding"], "x": x}}

    return {**spec, "layer": [thin(layer) for layer in spec["layer"]]}


def _value(unit: str, *, zero: bool = False) -> Spec:
    axis = {"format": ",~f", "title": unit}
    scale: Spec = {"scale": {"zero": True}} if zero else {}
    return {"field": "v", "type": "quantitative", "axis": axis, **scale}


def _colour(series: Sequence[Series]) -> Spec:
    scale = {"domain": [one.name for one in series], "range": [one.colour for one in series]}
    return {"field": "s", "type": "nominal", "scale": scale, "legend": None}


def _tooltip(unit: str) -> list[Spec]:
    return [
        {"field": "q", "type": "nominal", "title": "Quarter"},
        {"field": "s", "type": "nominal", "title": "Series"},
        {"field": "v", "type": "quantitative", "title": unit, "format": ",.4~r"},
    ]


def _only(mark: Mark) -> list[Spec]:
    return [{"filter": f"datum.k === '{mark}'"}]


def over_quarters(series: Sequence[Series], unit: str, *, stocks: bool, height: int = HEIGHT) -> Spec:
    """Return the drawing of series by quarter: bars stacked, lines over them, limits as steps, dots joined.

    Args:
        series: what is drawn.
        unit: unit of the values, for the axis.
        stocks: whether lines join the ends of quarters rather than their middles.
        height: height of the drawing [px].
    """
    layers: list[Spec] = []
    marks = {one.mark for one in series}
    shared = {"color": _colour(series), "tooltip": _tooltip(unit)}
    if "bar" in marks:
        across = {"x": _quarter("d"), "x2": {"field": "e"}}
        up = {"y": {**_value(unit), "field": "a"}, "y2": {"field": "b"}}
        layers.append(
            {
                "transform": _only("bar"),
                "mark": {"type": "rect", "stroke": "white", "strokeWidth": 0.5},
                "encoding": {**across, **up, **shared},
            }
        )
    if "line" in marks:
        at = _quarter("e" if stocks else "m")
        line = {"type": "line", "strokeWidth": 2.5, "point": {"size": 70, "opacity": 0}}
        layers.append(
            {
                "transform": _only("line"),
                "mark": line,
                "encoding": {"x": at, "y": _value(unit), **shared},
            }
        )
    if "dots" in marks:
        dots = {"type": "line", "strokeWidth": 1.5, "point": {"size": 36, "filled": True}}
        layers.append(
            {
                "transform": _only("dots"),
                "mark": dots,
                "encoding": {"x": _quarter("m"), "y": _value(unit, zero=True), **shared},
            }
        )
    if "limit" in marks:
        across = {"x": _quarter("d"), "x2": {"field": "e"}}
        layers.append(
            {
                "transform": _only("limit"),
                "mark": {"type": "rule", "strokeWidth": 2.5},
                "encoding": {**across, "y": _value(unit), **shared},
            }
        )
    spec: Spec = {"width": "container", "height": height, "layer": layers}
    return spec if height == HEIGHT else _sparse(spec)


def marked(spec: Spec, points: Sequence[tuple[str, str, float, str, str]]) -> Spec:
    """Return a drawing with some points of it marked and named.

    Args:
        points: of each the day, its name, its value, its colour, and ``top`` or ``bottom`` for the text.
    """
    layers = list(spec["layer"])
    for day, name, value, colour, baseline in points:
        data = {"values": [{"d": day, "v": float(f"{value:.5g}"), "n": name}]}
        place = {"x": _quarter("d"), "y": {"field": "v", "type": "quantitative"}}
        layers.append(
            {
                "data": data,
                "mark": {"type": "point", "size": 90, "color": colour, "filled": True, "opacity": 1},
                "encoding": {**place, "tooltip": {"field": "n", "type": "nominal", "title": "Mark"}},
            }
        )
        text: Spec = {
            "type": "text",
            "dy": 14 if baseline == "top" else -14,
            "baseline": baseline,
            "color": colour,
            "fontWeight": 600,
            "fontSize": 12,
        }
        text["align"] = {"expr": "scale('x', datum.d) > width * 0.6 ? 'right' : 'left'"}
        layers.append({"data": data, "mark": text, "encoding": {**place, "text": {"field": "n"}}})
    return {**spec, "layer": layers}


def stacked(
    names: Sequence[str], values: Floats, colours: Sequence[str], *, factor: float = 1.0
) -> tuple[Series, ...]:
    """Return the series of a stack, without what is always zero, small ones drawn together.

    Args:
        names: [row].
        values: [row, quarter].
        colours: [row].
        factor: what values are multiplied by.
    """
    size = np.nansum(np.abs(values), axis=1)
    shown = [i for i in range(len(names)) if size[i] > 1e-9 * max(float(size.max(initial=0.0)), 1e-300)]
    large = set(sorted(shown, key=lambda i: -size[i])[: FEW if len(shown) > FEW + 1 else FEW + 1])
    series = [Series.of(names[i], colours[i], np.nan_to_num(values[i]) * factor) for i in shown if i in large]
    small = [i for i in shown if i not in large]
    if small:
        together = np.nan_to_num(values[small]).sum(axis=0) * factor
        series.append(Series.of(f"{len(small)} others", palette.OTHERS, together))
    return tuple(series)


def waterfall(unit: str, rows: int, *, furthest: float | None = None) -> Spec:
    """Return the drawing of steps from one sum to another.

    Its rows have a ``label`` and ``name``, ends ``a`` and ``b`` with the ``right`` of them, an amount ``v``,
    its text ``t`` and its kind ``k``.

    Args:
        unit: unit of the values, for the axis.
        rows: number of steps.
        furthest: the longest bar's end, beside which its text needs space; the drawing decides if absent.
    """
    labels = {"labelExpr": "split(datum.label, '\\n')", "labelLimit": 260, "title": None, "ticks": False}
    y = {"field": "label", "type": "nominal", "sort": None, "axis": {**labels, "domain": False}}
    scale = {"domain": ["sum", "up", "down"], "range": [palette.TOTAL, palette.GOOD, palette.BAD]}
    tip = [
        {"field": "name", "type": "nominal", "title": "Step"},
        {"field": "v", "type": "quantitative", "title": unit, "format": ",.4~r"},
    ]
    axis = {"format": ",~f", "title": unit, "tickCount": 6}
    scale_x: Spec = {"zero": True}
    if furthest is not None:
        scale_x |= {"domainMax": rounded(1.3 * furthest), "nice": False}
    x = {"field": "a", "type": "quantitative", "axis": axis, "scale": scale_x}
    bar: Spec = {
        "mark": {"type": "bar", "height": {"band": 0.62}},
        "encoding": {
            "x": x,
            "x2": {"field": "b"},
            "y": y,
            "color": {"field": "k", "type": "nominal", "scale": scale, "legend": None},
            "tooltip": tip,
        },
    }
    text: Spec = {
        "mark": {"type": "text", "align": "left", "dx": 5, "color": palette.INK, "fontSize": 11},
        "encoding": {
            "x": {"field": "right", "type": "quantitative"},
            "y": y,
            "text": {"field": "t", "type": "nominal"},
        },
    }
    return {"width": "container", "height": 38 * rows, "layer": [bar, text]}


def heat_map(unit: str, rows: int) -> Spec:
    """Return the drawing of one coloured field for each row and quarter.

    Args:
        unit: unit of the values, for the legend.
        rows: number of rows.
    """
    labels = {"labelExpr": "split(datum.label, '\\n')", "labelLimit": 260, "title": None, "ticks": False}
    y = {"field": "s", "type": "nominal", "sort": None, "axis": {**labels, "domain": False}}
    legend = {"title": unit, "orient": "bottom", "format": ",~f", "gradientLength": 110}
    colour = {
        "field": "v",
        "type": "quantitative",
        "scale": {"range": list(palette.HEAT)},
    }
    return {
        "width": "container",
        "height": 30 * rows,
        "layer": [
            {
                "mark": {"type": "rect", "stroke": "white", "strokeWidth": 1},
                "encoding": {
                    "x": _quarter("d"),
                    "x2": {"field": "e"},
                    "y": y,
                    "color": {**colour, "legend": legend},
                    "tooltip": _tooltip(unit),
                },
            }
        ],
    }


FONT = "Inter, 'Segoe UI', system-ui, -apple-system, 'Helvetica Neue', Arial, sans-serif"

CONFIG: Spec = {
    "background": None,
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": palette.QUIET,
        "titleColor": palette.QUIET,
        "titleFontWeight": "normal",
        "labelFontSize": 11,
        "titleFontSize": 11,
        "domainColor": palette.GRID_LINE,
        "tickColor": palette.GRID_LINE,
        "gridColor": palette.GRID_LINE,
        "labelPadding": 5,
        "titlePadding": 8,
    },
    "axisY": {"tickCount": 5, "domain": False, "ticks": False},
    "axisX": {"labelFlush": True},
    "legend": {"labelColor": palette.QUIET, "titleColor": palette.QUIET, "titleFontWeight": "normal"},
}
"""How every chart looks, given to Vega-Lite."""
