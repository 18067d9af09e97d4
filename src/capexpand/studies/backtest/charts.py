"""The pictures of a backtest: intervals with the reports, calibration by day, and the waterfalls."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from capexpand.forecasting.losses import PROMISED
from capexpand.reporting.charts import palette
from capexpand.reporting.charts.curves import lines_by_quarter
from capexpand.reporting.charts.drawing import Chart, Part, Spec, waterfall
from capexpand.reporting.charts.ranges import intervals_by_quarter, shares_by_day
from capexpand.studies.backtest.backtest import Backtest
from capexpand.studies.backtest.forecast import CAPEX, MODEL, PLAN, REVENUE
from capexpand.studies.backtest.regret import Waterfall
from capexpand.studies.backtest.scoring import Scored, beside_the_plan
from capexpand.studies.backtest.tables import METHOD_TITLES, scale_of, signed
from capexpand.studies.backtest.wording import METRICS, span
from capexpand.wording import MoneyScale, capitalised, money, percent

COLOURS = {
    PLAN: palette.PROGRAMME,
    MODEL: palette.GOOD,
    "last value": palette.BASE,
    "last growth": palette.OTHERS,
    "guidance": palette.NAIVE,
}
SHOWN = {CAPEX: (PLAN, MODEL, "guidance"), REVENUE: (PLAN, MODEL, "last growth")}
"""Methods that a picture shows beside the plan; the others stand in the tables."""

CAME = "reported"
INTERVAL_TITLES = {
    "q": "Quarter",
    "s": "By",
    "v": "Forecast",
    "low": "From",
    "high": "To",
    "actual": "Actual",
    "covered": "Covered",
}


def fans(found: Backtest) -> Iterator[Chart]:
    """Yield, for each figure, the intervals of the case's day with the reports."""
    ours = [
        one for one in beside_the_plan(found.scored, found.frozen[0].company) if one.as_of == found.case.as_of
    ]
    scale = scale_of(found)
    for metric, title in METRICS.items():
        methods = SHOWN.get(metric, (PLAN, "last growth"))
        mine = [one for one in ours if one.metric == metric and one.method in methods]
        planned = [one for one in mine if one.method == PLAN]
        if not planned:
            continue
        modelled = [one for one in mine if one.method == MODEL]
        inside = sum(one.covered for one in modelled)
        quarters = {(one.quarter, one.quarters) for one in planned}
        yield Chart(
            f"fan-{metric.replace('_', '-')}",
            f"{capitalised(title)}: {inside} of {len(modelled)} intervals of the model held"
            if modelled
            else f"{capitalised(title)}: the plan beside the reports",
            f"As of {found.case.as_of}, in {scale.unit} a quarter: medians and 80 % intervals, and {CAME} "
            "(black). Quarters reported together stand as their mean; the axis does not begin at zero.",
            _intervals([one for one in mine if (one.quarter, one.quarters) in quarters], scale.unit),
            rows=_interval_rows([one for one in mine if (one.quarter, one.quarters) in quarters], scale),
            shaded=False,
        )


def _interval_rows(cases: Sequence[Scored], scale: MoneyScale) -> tuple[Spec, ...]:
    rows: list[Spec] = []
    for one in cases:
        share = scale.divisor * one.quarters
        rows.append(
            {
                "q": one.name.replace(" to ", "–"),
                "s": METHOD_TITLES[one.method],
                "low": _short(one.forecast.low / share),
                "v": _short(one.forecast.middle / share),
                "high": _short(one.forecast.high / share),
                "actual": _short(one.actual / share),
                "covered": "yes" if one.covered else "no",
            }
        )
    return tuple(rows)


def _short(value: float) -> float:
    return float(f"{value:.5g}")


def _intervals(cases: Sequence[Scored], unit: str) -> Spec:
    """Intervals side by side in each quarter, with a black mark for what came."""
    methods = dict.fromkeys(one.method for one in cases)
    parts = [Part(METHOD_TITLES[method], COLOURS[method]) for method in methods]
    return intervals_by_quarter(parts, unit, INTERVAL_TITLES)


def rolling(found: Backtest) -> Iterator[Chart]:
    """Yield, for each figure, the medians of the plan of every day with the reports."""
    if len(found.frozen) < 2:
        return
    scale = scale_of(found)
    for metric, title in METRICS.items():
        ours = [
            one for one in found.scored if (one.part, one.method, one.metric) == ("planned", PLAN, metric)
        ]
        if len({one.as_of for one in ours}) < 2:
            continue
        rows: list[Spec] = []
        for one in ours:
            share = scale.divisor * one.quarters
            name = one.name.replace(" to ", "–")
            rows.append(
                {"q": name, "n": one.quarter, "s": str(one.as_of), "v": _short(one.forecast.middle / share)}
            )
        rows += [
            {"q": q, "n": n, "s": CAME, "v": v}
            for q, n, v in dict.fromkeys(
                (
                    one.name.replace(" to ", "–"),
                    one.quarter,
                    _short(one.actual / scale.divisor / one.quarters),
                )
                for one in ours
            )
        ]
        rows.sort(key=lambda row: (row["n"], row["s"]))
        days = sorted({str(one.as_of) for one in ours})
        yield Chart(
            f"rolling-{metric.replace('_', '-')}",
            f"{capitalised(title)} as planned on each day",
            f"Medians of the plan by the day on which it was made, and {CAME}, in {scale.unit} a quarter.",
            lines_by_quarter(_day_parts(days), scale.unit),
            rows=tuple(rows),
            shaded=False,
        )


def _day_parts(days: Sequence[str]) -> list[Part]:
    shades = [palette.AGES[min(place, len(palette.AGES) - 1)] for place in range(len(days))]
    return [*map(Part, days, shades), Part(CAME, palette.INK)]


def waterfalls(found: Backtest) -> Iterator[Chart]:
    """Yield the steps from plan to report."""
    scale = scale_of(found)
    for each in found.hindsight.waterfalls:
        gap = each.actual - each.planned
        way = "above" if gap >= 0 else "below"
        title = METRICS[each.metric]
        rows = _waterfall_rows(each, scale)
        yield Chart(
            f"waterfall-{each.metric.replace('_', '-')}",
            f"{capitalised(title)} came {money(abs(gap), found.case.currency)} {way} the plan",
            f"{span(each)}, in {scale.unit}. One assumption after the other gives way to the reports.",
            waterfall(scale.unit, len(rows), furthest=max(row["right"] for row in rows)),
            rows=rows,
            shaded=False,
        )


def _waterfall_rows(each: Waterfall, scale: MoneyScale) -> tuple[Spec, ...]:
    bars = [("the plan", 0.0, each.planned, "sum")]
    level = each.planned
    for step in each.steps:
        bars.append((step.name, level, step.total, "up" if step.amount >= 0 else "down"))
        level = step.total
    bars.append(("reported", 0.0, each.actual, "sum"))
    rows: list[Spec] = []
    for name, start, end, kind in bars:
        ends = [_short(value / scale.divisor) for value in (start, end)]
        amount = end - start
        text = scale.write(amount)
        rows.append(
            {
                "label": "\n".join(textwrap.wrap(name, 22)),
                "name": name,
                "a": ends[0],
                "b": ends[1],
                "right": max(ends),
                "v": _short(amount / scale.divisor),
                "t": signed(text) if kind == "up" else text,
                "k": kind,
            }
        )
    return tuple(rows)


def calibration(found: Backtest) -> Iterator[Chart]:
    """Yield the share of intervals that held, by day, with the range that the counts allow."""
    titles = {("planned", PLAN): "the plan's figures", ("spending", MODEL): "spending of all companies"}
    rows: list[Spec] = []
    for (part, method), title in titles.items():
        mine = [one for one in found.scored if (one.part, one.method) == (part, method)]
        for day in sorted({one.as_of for one in mine}):
            cases = [one for one in mine if one.as_of == day]
            rows.append({"d": str(day), "s": title, **_share(sum(one.covered for one in cases), len(cases))})
    if not rows:
        return
    days = sorted({row["d"] for row in rows})
    rows += [{"d": day, "s": "promised", "promise": PROMISED} for day in days]
    both = [one for one in found.scored if (one.part, one.method) in titles]
    inside = sum(one.covered for one in both)
    yield Chart(
        "calibration",
        f"{inside} of {len(both)} intervals of the models held, where four in five should",
        "Share of 80 % intervals that held, by the day of the forecast; the lines are the exact 95 % range "
        "of the count, the dashed line the promised share.",
        shares_by_day(list(map(Part, titles.values(), (palette.PROGRAMME, palette.GOOD))), "share covered"),
        rows=tuple(rows),
        shaded=False,
    )


def _share(inside: int, count: int) -> Spec:
    from capexpand.forecasting.losses import coverage

    cover = coverage(inside, count)
    return {
        "v": _short(cover.fraction),
        "low": _short(cover.low),
        "high": _short(cover.high),
        "t": f"{inside} of {count}, {percent(cover.fraction)}",
    }
