"""Pictures of a break-even study: how far each break-even lies, pairs, and the market's range."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

import numpy as np

from capexpand.reporting.charts import palette
from capexpand.reporting.charts.bars import distance_bars
from capexpand.reporting.charts.curves import CurveAxis, exceedance, frontier
from capexpand.reporting.charts.drawing import Chart, Part, Spec
from capexpand.reporting.charts.ranges import named_intervals
from capexpand.studies.breakeven.break_even import BreakEven, BreakEvens, Pair
from capexpand.studies.breakeven.distribution import Distribution
from capexpand.studies.breakeven.drivers import Driver
from capexpand.studies.breakeven.findings import BreakevenFindings
from capexpand.studies.breakeven.market import MarketFindings, Range
from capexpand.studies.breakeven.wording import headroom, nearest
from capexpand.wording import MoneyScale, money, share

FURTHEST = 4.0  # times what is assumed, either way, at which bars are cut
NAMES = {"planned": "re-optimised", "committed": "orders fixed"}
PARTS = (
    Part(NAMES["committed"], palette.PROGRAMME),
    Part(NAMES["planned"], palette.BUILDINGS),
    Part("as assumed", palette.NAIVE),
)
"""The readings of a break-even, and the point that the case assumes."""
GRID = 121  # points of a curve


def headroom_chart(found: BreakEvens) -> Chart:
    """Return the distance of each break-even from what is assumed, the nearest first."""
    order = [one.driver.name for one in _by_distance(found)]
    rows = [_headroom_row(one) for name in order for one in found.single if one.driver.name == name]
    rows = [row for row in rows if row["t"]]
    tight = nearest(found)
    title = "No break-even was found in reach"
    if tight:
        driver = tight[0].driver
        title = f"{driver.title} has the least headroom: {headroom(tight[0])}"
    spec = distance_bars(rows, PARTS[:2], furthest=FURTHEST, axis="of what is assumed")
    note = (
        "From what is assumed (1) to the level at which the net present value is zero, as a factor, cut at "
        f"{FURTHEST:g} times either way. Orders fixed: the orders of the window stand. Re-optimised: they "
        "are placed for the new value."
    )
    return Chart("headroom", title, note, spec, rows=tuple(rows), shaded=False)


def _by_distance(found: BreakEvens) -> list[BreakEven]:
    kept = [one for one in found.single if one.reading == "committed" and one.driver.assumed > 0.0]
    return sorted(kept, key=_distance)


def _distance(one: BreakEven) -> float:
    ratio = _ratio(one)
    return abs(math.log(ratio)) if ratio > 0 else math.inf


def _ratio(one: BreakEven) -> float:
    """Level over what is assumed, at the end of the drawing where there is none."""
    away = (1.0 / FURTHEST) ** (1.0 if one.driver.higher_is_better else -1.0)
    if one.root.level is None:
        return away if one.root.outcome == "always" else 1.0
    ratio = one.root.level / one.driver.assumed if one.driver.assumed else 1.0
    return float(np.clip(ratio, 1.0 / FURTHEST, FURTHEST))


def _headroom_row(one: BreakEven) -> Spec:
    ratio = _ratio(one)
    level = one.root.level
    texts = {"always": "always", "never": "never", "impossible": "not possible"}  # short, to fit beside a bar
    text = texts.get(one.root.outcome, "") if level is None else one.driver.level(level)
    return {
        "n": _two_lines(one.driver.title),
        "s": NAMES[one.reading],
        "a": 1.0,
        "b": float(f"{ratio:.5g}"),
        "side": 1 if ratio > 1.0 else -1,
        "t": text,
    }


def _two_lines(title: str) -> str:
    return "|".join(textwrap.wrap(title, 24)[:2])


def pair_charts(pairs: Sequence[Pair]) -> tuple[Chart, ...]:
    """Return the curves of break-even combinations, one chart for each pair of drivers.

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
    rows: list[Spec] = []
    for pair in pairs:
        for level, root in zip(pair.levels, pair.roots, strict=True):
            if root.level is not None:
                rows.append({"x": level, "y": float(f"{root.level:.5g}"), "s": NAMES[pair.reading]})
    if not rows:
        return None
    rows.append({"x": first.assumed, "y": second.assumed, "s": "as assumed"})
    spec = frontier(_axis(first), _axis(second), PARTS)
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


def _axis(driver: Driver) -> CurveAxis:
    if driver.kind == "rate":
        return CurveAxis(driver.title, "a year", rate=True)
    return CurveAxis(driver.title, "quarters" if driver.kind == "quarters" else "of what is assumed")


def chance_chart(findings: BreakevenFindings, known: Distribution, scale: MoneyScale) -> Chart:
    """Return the chance that the plan is worth at least so much, with what the market added.

    Args:
        known: the distribution of its value.
    """
    chances = np.linspace(float(known.chances[0]), float(known.chances[-1]), GRID)
    rows: list[Spec] = [
        {"x": _plain(known.quantile(chance) / scale.divisor), "y": _plain(1.0 - chance), "k": "curve"}
        for chance in chances
    ]
    npv = findings.break_evens.npv
    rows.append({"x": _plain(npv / scale.divisor), "k": "plan", "t": "as assumed"})
    rows.append({"x": 0.0, "k": "zero", "t": ""})
    market = findings.market
    if market is not None:
        first = market.moves[0].programme
        ends = (_plain(first.low / scale.divisor), _plain(first.high / scale.divisor))
        rows.append({"x": ends[0], "x2": ends[1], "k": "market"})
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
        exceedance(scale.unit, band=market is not None),
        rows=tuple(rows),
        shaded=False,
    )


def market_chart(findings: BreakevenFindings, market: MarketFindings, scale: MoneyScale) -> Chart:
    """Return what the market added by each move beside what the plan is worth."""
    npv, known = findings.break_evens.npv, findings.distribution
    ends = Range(npv, npv) if known is None else Range(known.quantile(0.05), known.quantile(0.95))
    plan = "The plan" if known is None else "The plan, nine futures in ten"
    rows = [_interval(plan, ends, npv, scale, "plan")]
    rows += [
        _interval(move.title, move.programme, move.programme.middle, scale, "market") for move in market.moves
    ]
    parts = (Part("plan", palette.PROGRAMME), Part("market", palette.NAIVE))
    spec = named_intervals(len(rows), parts, scale.unit)
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
    """Return the currency of a scale."""
    return scale.unit.split()[-1]


def _interval(name: str, bounds: Range, middle: float, scale: MoneyScale, kind: str) -> Spec:
    named = (("a", bounds.low), ("b", bounds.high), ("m", middle))
    ends = {key: _plain(value / scale.divisor) for key, value in named}
    return {"n": "|".join(textwrap.wrap(name, 28)[:3]), "k": kind, **ends}


def _plain(value: float) -> float:
    return float(f"{value:.5g}")
