"""Pictures of what must be believed: how far each break-even lies, pairs, and the market's range."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from capexpand.reporting.charts import palette
from capexpand.reporting.charts.drawing import HEIGHT, Chart, Spec
from capexpand.studies.breakeven.break_even import BreakEven, BreakEvens, Pair
from capexpand.studies.breakeven.distribution import Distribution
from capexpand.studies.breakeven.findings import BeliefFindings
from capexpand.studies.breakeven.market import MarketFindings, Range
from capexpand.studies.breakeven.wording import nearest, room
from capexpand.wording import MoneyScale, money, share

FURTHEST = 4.0  # times what is assumed, either way, at which bars are cut
ROW = 30  # height of a row [px]
NAMES = {"planned": "planned for", "committed": "once committed"}
COLOURS = {"planned": palette.IDLE, "committed": palette.PROGRAMME}
GRID = 121  # points of a curve


def room_chart(found: BreakEvens) -> Chart:
    """Returns the distance of each break-even from what is assumed, the nearest first.

    Args:
        found: the break-evens.
    """
    order = [one.lever.name for one in _by_distance(found)]
    rows = [_room_row(one) for name in order for one in found.single if one.lever.name == name]
    rows = [row for row in rows if row["t"]]
    tight = nearest(found)
    title = "No break-even was found in reach"
    if tight:
        lever = tight[0].lever
        title = f"{lever.title} has the least room: {room(tight[0])}"
    ticks = [0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4]
    x_scale = {"type": "log", "domain": [1 / (2.2 * FURTHEST), 2.8 * FURTHEST], "nice": False, "clamp": True}
    y = {"field": "n", "type": "nominal", "sort": order, "axis": _names_axis()}
    shift = {"field": "r", "scale": {"domain": ["committed", "planned"]}}
    x_axis = {"values": ticks, "format": "~g", "title": "of what is assumed"}
    x = {"field": "a", "type": "quantitative", "scale": x_scale, "axis": x_axis}
    colour = {
        "field": "s",
        "type": "nominal",
        "scale": {
            "domain": [NAMES["committed"], NAMES["planned"]],
            "range": [COLOURS["committed"], COLOURS["planned"]],
        },
        "legend": {"orient": "top", "title": None},
    }
    tip = [
        {"field": "n", "type": "nominal", "title": "Belief"},
        {"field": "s", "type": "nominal", "title": "Reading"},
        {"field": "t", "type": "nominal", "title": "Break-even"},
    ]
    spec: Spec = {
        "width": "container",
        "height": ROW * len(order),
        "layer": [
            {
                "mark": {"type": "bar", "height": {"band": 0.9}},
                "encoding": {
                    "x": x,
                    "x2": {"field": "b"},
                    "y": y,
                    "yOffset": shift,
                    "color": colour,
                    "tooltip": tip,
                },
            },
            _text("left", "datum.side > 0", y, shift, x),
            _text("right", "datum.side < 0", y, shift, x),
            {
                "transform": [{"filter": f"datum.n === '{_quoted(order[0])}' && datum.r === 'committed'"}]
                if order
                else [],
                "mark": {"type": "rule", "color": palette.INK},
                "encoding": {"x": {"datum": 1, "type": "quantitative", "scale": x_scale}},
            },
        ],
    }
    note = (
        "From what is assumed (1) to the level at which the net present value is zero, as a factor, cut at "
        f"{FURTHEST:g} times either way. Once committed: the orders of the window stand. Planned for: they "
        "were placed for the belief."
    )
    return Chart("room", title, note, spec, rows=tuple(rows), shaded=False)


def _quoted(text: str) -> str:
    return text.replace("'", "\\'")


def _names_axis() -> Spec:
    expression = "split(datum.label, '|')"
    return {"title": None, "ticks": False, "domain": False, "labelLimit": 170, "labelExpr": expression}


def _text(align: str, keep: str, y: Spec, shift: Spec, x: Spec) -> Spec:
    gap = 4 if align == "left" else -4
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


def _by_distance(found: BreakEvens) -> list[BreakEven]:
    kept = [one for one in found.single if one.reading == "committed" and one.lever.assumed > 0.0]
    return sorted(kept, key=_distance)


def _distance(one: BreakEven) -> float:
    ratio = _ratio(one)
    return abs(math.log(ratio)) if ratio > 0 else math.inf


def _ratio(one: BreakEven) -> float:
    """Level over what is assumed, at the end of the drawing where there is none."""
    away = (1.0 / FURTHEST) ** (1.0 if one.lever.higher_is_better else -1.0)
    if one.root.level is None:
        return away if one.root.outcome == "always" else 1.0
    ratio = one.root.level / one.lever.assumed if one.lever.assumed else 1.0
    return float(np.clip(ratio, 1.0 / FURTHEST, FURTHEST))


def _room_row(one: BreakEven) -> dict[str, Any]:
    ratio = _ratio(one)
    level = one.root.level
    texts = {"always": "always", "never": "never", "impossible": "not possible"}  # short, to fit beside a bar
    text = texts.get(one.root.outcome, "") if level is None else one.lever.level(level)
    return {
        "n": _two_lines(one.lever.title),
        "r": one.reading,
        "s": NAMES[one.reading],
        "a": 1.0,
        "b": float(f"{ratio:.5g}"),
        "side": 1 if ratio > 1.0 else -1,
        "t": text,
    }


def _two_lines(title: str) -> str:
    return "|".join(textwrap.wrap(title, 24)[:2])


def pair_charts(pairs: Sequence[Pair]) -> tuple[Chart, ...]:
    """Returns the curves of break-even combinations, one chart for each pair of levers.

    Args:
        pairs: both readings of each pair.
    """
    names = list(dict.fromkeys((pair.first.name, pair.second.name) for pair in pairs))
    found: list[Chart] = []
    for position, key in enumerate(names):
        chart = _pair_chart([pair for pair in pairs if (pair.first.name, pair.second.name) == key], position)
        if chart is not None:
            found.append(chart)
    return tuple(found)


def _pair_chart(pairs: list[Pair], position: int) -> Chart | None:
    first, second = pairs[0].first, pairs[0].second
    rows: list[dict[str, Any]] = []
    for pair in pairs:
        for level, root in zip(pair.levels, pair.roots, strict=True):
            if root.level is not None:
                rows.append({"x": level, "y": float(f"{root.level:.5g}"), "s": NAMES[pair.reading]})
    if not rows:
        return None
    rows.append({"x": first.assumed, "y": second.assumed, "s": "as assumed"})
    scale = {
        "domain": [NAMES["committed"], NAMES["planned"], "as assumed"],
        "range": [COLOURS["committed"], "#6f9fca", palette.NAIVE],
    }
    encoding = {
        "x": {
            "field": "x",
            "type": "quantitative",
            "scale": {"zero": False},
            "axis": _axis(first.title, first.kind),
        },
        "y": {
            "field": "y",
            "type": "quantitative",
            "scale": {"zero": False},
            "axis": _axis(second.title, second.kind),
        },
        "color": {
            "field": "s",
            "type": "nominal",
            "scale": scale,
            "legend": {"orient": "top", "title": None},
        },
        "tooltip": [
            {"field": "x", "type": "quantitative", "title": first.title, "format": ".3~g"},
            {"field": "y", "type": "quantitative", "title": second.title, "format": ".3~g"},
            {"field": "s", "type": "nominal", "title": "Reading"},
        ],
    }
    spec: Spec = {
        "width": "container",
        "height": HEIGHT,
        "layer": [
            {
                "transform": [{"filter": "datum.s !== 'as assumed'"}],
                "mark": {"type": "line", "strokeWidth": 2.5, "point": {"size": 40, "filled": True}},
                "encoding": encoding,
            },
            {
                "transform": [{"filter": "datum.s === 'as assumed'"}],
                "mark": {"type": "point", "shape": "diamond", "size": 140, "filled": True},
                "encoding": encoding,
            },
        ],
    }
    side = "above" if second.higher_is_better else "below"
    return Chart(
        f"pair-{position + 1}",
        _pair_title(pairs, first.title, second.title),
        f"Combinations at which the net present value is zero; the programme pays {side} a line.",
        spec,
        rows=tuple(rows),
        shaded=False,
    )


def _pair_title(pairs: list[Pair], first: str, second: str) -> str:
    kept = next((pair for pair in pairs if pair.reading == "committed"), pairs[0])
    known = [
        (level, root.level)
        for level, root in zip(kept.levels, kept.roots, strict=True)
        if root.level is not None
    ]
    if len(known) < 2:
        return f"{second} against {_small(first)}"
    (low, at_low), (high, at_high) = known[0], known[-1]
    return (
        f"{first} at {kept.first.level(low)} needs {_small(second)} at {kept.second.level(at_low)}; "
        f"at {kept.first.level(high)}, at {kept.second.level(at_high)}"
    )


def _small(title: str) -> str:
    return f"{title[:1].lower()}{title[1:]}"


def _axis(title: str, kind: str) -> Spec:
    if kind == "rate":
        return {"format": ".0%", "title": f"{title}, a year", "tickCount": 6}
    return {
        "format": "~g",
        "tickCount": 6,
        "title": f"{title}, {'quarters' if kind == 'quarters' else 'of what is assumed'}",
    }


def chance_chart(findings: BeliefFindings, known: Distribution, scale: MoneyScale) -> Chart:
    """Returns the chance that the plan is worth at least so much, with what the market added.

    Args:
        findings: of a programme.
        known: the distribution of its value.
        scale: of money.
    """
    chances = np.linspace(float(known.chances[0]), float(known.chances[-1]), GRID)
    rows: list[dict[str, Any]] = [
        {"x": _plain(known.quantile(chance) / scale.divisor), "y": _plain(1.0 - chance), "k": "curve"}
        for chance in chances
    ]
    npv = findings.break_evens.npv
    rows.append({"x": _plain(npv / scale.divisor), "k": "plan", "t": "as assumed"})
    rows.append({"x": 0.0, "k": "zero", "t": ""})
    band: list[Spec] = []
    market = findings.market
    if market is not None:
        first = market.moves[0].programme
        ends = (_plain(first.low / scale.divisor), _plain(first.high / scale.divisor))
        rows.append({"x": ends[0], "x2": ends[1], "k": "market"})
        band.append(
            _layer(
                "market",
                {"type": "rect", "color": palette.NAIVE, "opacity": 0.14},
                {"x2": {"field": "x2"}},
                scale,
            )
        )
    y = {
        "field": "y",
        "type": "quantitative",
        "axis": {"format": ".0%", "title": "chance to reach it"},
        "scale": {"domain": [0, 1]},
        "stack": None,  # else areas of equal values are laid on each other and leave the picture
    }
    curve = {
        "type": "area",
        "line": {"color": palette.PROGRAMME, "strokeWidth": 2.5},
        "color": palette.PROGRAMME,
        "opacity": 0.25,
    }
    layers = [
        *band,
        _layer("curve", curve, {"y": y}, scale),
        _layer("zero", {"type": "rule", "color": palette.QUIET, "strokeDash": [4, 4]}, {}, scale),
        _layer("plan", {"type": "rule", "color": palette.INK, "strokeWidth": 2}, {}, scale),
    ]
    reached = known.reaches(0.0)[0]
    title = f"The plan is worth something in {share(reached)} of the futures"
    if market is not None and market.moves[0].chance is not None:
        upper = market.moves[0].chance[1][0]
        told = "none" if upper == 0.0 else share(upper)
        title += f", and all that the market may have added for it in {told}"
    note = (
        f"Chance that {known.what} is worth at least so much, in {scale.unit}, over {known.scenarios:,} "
        "futures; the line is the value as assumed"
        + (", the shaded band what the market added and the programme may have caused." if market else ".")
    )
    return Chart(
        "chance",
        title,
        note,
        {"width": "container", "height": HEIGHT, "layer": layers},
        rows=tuple(rows),
        shaded=False,
    )


def _layer(kind: str, mark: Spec, more: Spec, scale: MoneyScale) -> Spec:
    x = {
        "field": "x",
        "type": "quantitative",
        "axis": {"title": scale.unit, "format": ",~f", "tickCount": 6},
    }
    return {"transform": [{"filter": f"datum.k === '{kind}'"}], "mark": mark, "encoding": {"x": x, **more}}


def market_chart(findings: BeliefFindings, market: MarketFindings, scale: MoneyScale) -> Chart:
    """Returns what the market added by each move beside what the plan is worth.

    Args:
        findings: of a programme.
        market: what the market added.
        scale: of money.
    """
    npv, known = findings.break_evens.npv, findings.distribution
    ends = Range(npv, npv) if known is None else Range(known.quantile(0.05), known.quantile(0.95))
    plan = "The plan" if known is None else "The plan, nine futures in ten"
    rows = [_interval(plan, ends, npv, scale, "plan")]
    rows += [
        _interval(move.title, move.programme, move.programme.middle, scale, "market") for move in market.moves
    ]
    y = {
        "field": "n", "type": "nominal", "sort": None,
        "axis": {**_names_axis(), "labelLimit": 190},
    }  # fmt: skip
    colours = {"domain": ["plan", "market"], "range": [palette.PROGRAMME, palette.NAIVE]}
    colour = {"field": "k", "type": "nominal", "scale": colours, "legend": None}

    def x(field: str) -> Spec:
        axis = {"title": scale.unit, "format": ",~f", "tickCount": 6}
        return {"field": field, "type": "quantitative", "axis": axis}

    tip = [
        {"field": name, "type": "quantitative", "title": title, "format": ",.3~f"}
        for name, title in (("a", "from"), ("m", "middle"), ("b", "to"))
    ]
    spec: Spec = {
        "width": "container",
        "height": 44 * len(rows),
        "layer": [
            {"mark": {"type": "bar", "height": {"band": 0.4}, "opacity": 0.5},
             "encoding": {"x": x("a"), "x2": {"field": "b"}, "y": y, "color": colour, "tooltip": tip}},
            {"mark": {"type": "tick", "thickness": 3, "height": 22},
             "encoding": {"x": x("m"), "y": y, "color": colour, "tooltip": tip}},
        ],
    }  # fmt: skip
    first = market.moves[0].programme
    title = (
        f"The reported move may be worth {money(first.low, scale_currency(scale))} to "
        f"{money(first.high, scale_currency(scale))} to the programme; the plan is worth "
        f"{money(npv, scale_currency(scale))}"
    )
    note = (
        f"What each move of the shares, net of the market's own, may owe to the programme, in {scale.unit}; "
        "ticks are the middle, of the plan the value as assumed."
    )
    return Chart("market", title, note, spec, rows=tuple(rows), shaded=False)


def scale_currency(scale: MoneyScale) -> str:
    """Returns the currency of a scale.

    Args:
        scale: of money.
    """
    return scale.unit.split()[-1]


def _interval(name: str, bounds: Range, middle: float, scale: MoneyScale, kind: str) -> dict[str, Any]:
    named = (("a", bounds.low), ("b", bounds.high), ("m", middle))
    ends = {key: _plain(value / scale.divisor) for key, value in named}
    return {"n": "|".join(textwrap.wrap(name, 28)[:3]), "k": kind, **ends}


def _plain(value: float) -> float:
    return float(f"{value:.5g}")
