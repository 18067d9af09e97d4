"""Charts of shadow prices by quarter, and of the evenly spent plan beside the optimised one."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import numpy as np

from capexpand.model.data import Floats
from capexpand.reporting.charts import palette
from capexpand.reporting.charts.drawing import SMALL_HEIGHT, Chart, Series, heat_map, over_quarters
from capexpand.reporting.context import ReportContext
from capexpand.reporting.limits import Limit
from capexpand.wording import money, power

MOST_LIMITS = 12
MOST_LINES = 6


def worth_by_quarter(context: ReportContext) -> Iterator[Chart]:
    """Yield the map of what one percent more of each limit adds, by quarter."""
    binding = [limit for limit in context.limits if limit.binds][:MOST_LIMITS]
    if not binding:
        return
    currency = context.currency
    largest = max(float(np.abs(limit.gain).max()) for limit in binding)
    factor, unit = (1.0, f"mn {currency}") if largest < 5000.0 else (1e-3, f"bn {currency}")
    series = tuple(
        Series.of("\n".join(textwrap.wrap(limit.title, 30)), palette.PROGRAMME, np.abs(limit.gain) * factor)
        for limit in binding
    )
    when = int(np.argmax(np.abs(binding[0].gain)))
    yield Chart(
        "limits",
        f"{binding[0].title} is worth most, above all in {context.labels[when]}",
        f"What one percent more of each limit in a quarter adds to the objective today, in {unit}; "
        "of what is owed, what one percent more would cost.",
        heat_map(unit, len(series)),
        series,
        shaded=False,
    )


def prices_of_limits(context: ReportContext) -> Iterator[Chart]:
    """Yield the prices of grid power and of supply by quarter, those that are worth most."""
    kinds = (
        ("grid", "One more MW of grid", f"mn {context.currency} per MW", 1e-6),
        ("supply", "One more unit to be ordered", f"thousand {context.currency} per unit", 1e-3),
    )
    for kind, title, unit, factor in kinds:
        found = [limit for limit in context.limits if limit.kind == kind and limit.binds]
        if not found:
            continue
        best = max(found, key=lambda limit: float(limit.worth.max()))
        shown = found[:MOST_LINES]
        hues = palette.colours(len(shown))
        series = tuple(
            Series.of(_short(limit), hue, np.where(limit.worth > 0.0, limit.worth * factor, np.nan), "dots")
            for limit, hue in zip(shown, hues, strict=True)
        )
        price = money(float(best.worth.max()) * 1e-6, context.currency)
        yield Chart(
            f"price-{kind}",
            f"{title} is worth up to {price}",
            f"Worth today of one more in each quarter, in {unit}; no dot where it is worth nothing.",
            over_quarters(series, unit, stocks=False),
            series,
        )


def _short(limit: Limit) -> str:
    for beginning in ("grid power at ", "supply of "):
        if limit.noun.startswith(beginning):
            return limit.noun.removeprefix(beginning)
    return limit.title


def beside_naive(context: ReportContext) -> Iterator[Chart]:
    """Yield the evenly spent plan beside the optimised one: payments, power, and cash."""
    ours, naive, scale = context.findings.result, context.findings.naive, context.scale
    at, label, currency = context.window_end, context.labels[context.window_end], context.currency
    paid = [money(float(one.plan.paid[context.window].sum()), currency) for one in (ours, naive)]
    flows = [one.programme.capital_payments / scale.divisor for one in (ours, naive)]
    title = f"Paid in the window: {paid[0]} against {paid[1]}"
    yield _pair("naive-capex", title, flows, scale.unit, stocks=False)
    powers = [context.power_mw(fleet) for fleet in (context.fleet, context.naive_fleet)]
    title = f"IT power in {label}: {power(float(powers[0][at]))} against {power(float(powers[1][at]))}"
    yield _pair("naive-power", title, powers, "MW", stocks=True)
    sums = [one.programme.cumulative_free_cash_flow for one in (ours, naive)]
    ends = [money(float(one[-1]), currency) for one in sums]
    title = f"Cash summed up to {context.labels[-1]}: {ends[0]} against {ends[1]}"
    yield _pair("naive-cash", title, [one / scale.divisor for one in sums], scale.unit, stocks=True)


def _pair(identifier: str, title: str, values: Sequence[Floats], unit: str, *, stocks: bool) -> Chart:
    series = (
        Series.of("optimised", palette.PROGRAMME, values[0], "line"),
        Series.of("evenly spent", palette.NAIVE, values[1], "line"),
    )
    when = "at the end of each quarter" if stocks else "by quarter"
    spec = over_quarters(series, unit, stocks=stocks, height=SMALL_HEIGHT)
    return Chart(identifier, title, f"In {unit}, {when}.", spec, series, small=True)
