"""Where workloads run, what they are served, and what that costs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from capexpand.finance.fleet import HOURS_PER_DAY, by_position, ratio
from capexpand.model.data import Floats
from capexpand.reporting.charts import palette
from capexpand.reporting.charts.capacity import offer_colours, workload_colours
from capexpand.reporting.charts.drawing import SMALL_HEIGHT, Chart, Series, over_quarters, stacked
from capexpand.reporting.context import ReportContext
from capexpand.wording import percent

PRICE_UNITS = {
    "token": "million tokens",
    "accelerator_hour": "accelerator-hour",
    "vcpu_hour": "vCPU-hour",
    "FLOP": "PFLOP",
}
"""By unit of volume: what a price in millions per canonical volume is a plain price per."""


def volume_scale(unit: str, largest: float, hours_per_quarter: float) -> tuple[float, str]:
    """Return the factor and the unit in which volumes of a quarter are shown.

    Args:
        unit: the workload's unit of volume.
        largest: the largest canonical volume of a quarter.
        hours_per_quarter: length of a quarter [h].
    """
    if unit == "token":
        per_day = HOURS_PER_DAY / hours_per_quarter
        if largest * per_day >= 1.0:
            return per_day, "tn tokens a day"
        return 1e3 * per_day, "bn tokens a day"
    names = {
        "accelerator_hour": ("mn accelerator-hours a quarter", "bn accelerator-hours a quarter"),
        "vcpu_hour": ("mn vCPU-hours a quarter", "bn vCPU-hours a quarter"),
        "FLOP": ("ZFLOP a quarter", "YFLOP a quarter"),
    }[unit]
    return (1e-3, names[1]) if largest >= 2000.0 else (1.0, names[0])


def power_by_workload(context: ReportContext) -> Iterator[Chart]:
    """Yield the chart of the power that each workload takes."""
    m = context.data
    megawatts = np.einsum("gkjt,k->jt", context.findings.result.plan.serving, m.offers.power_kw / 1000.0)
    if not megawatts.any():
        return
    series = stacked(context.workloads, megawatts, workload_colours(context))
    at = context.window_end
    largest = int(np.argmax(megawatts[:, at]))
    share = float(megawatts[largest, at] / max(megawatts[:, at].sum(), 1e-12))
    yield Chart(
        "workloads",
        f"{context.workloads[largest]}: {percent(share)} of the power in use in {context.labels[at]}",
        "IT power reserved by running servers, by workload, in MW.",
        over_quarters(series, "MW of IT power", stocks=False),
        series,
    )


def served_by_offer(context: ReportContext) -> Iterator[Chart]:
    """Yield for each workload what serves it, beside what is asked for."""
    m, fleet = context.data, context.fleet
    by_offer = by_position(
        context.findings.result.plan.serving.sum(axis=0).transpose(0, 1, 2),
        m.offers.product,
        len(m.offers.products),
    )
    rate = np.zeros_like(by_offer)
    for k, g in enumerate(m.offers.product):
        rate[g] = m.workloads.service[k][:, None]  # every option of an offer serves the same
    for j, (name, title) in enumerate(zip(m.workloads.names, context.workloads, strict=True)):
        asked, served = m.workloads.demand[j].sum(axis=0), fleet.served[j]
        capacity = by_offer[:, j] * rate[:, j]
        parts = np.nan_to_num(ratio(capacity, capacity.sum(axis=0))) * served
        factor, unit = volume_scale(m.workloads.units[j], float(asked.max()), m.hours_per_quarter)
        series = (
            *stacked(context.offers, parts, offer_colours(context), factor=factor),
            Series.of("demand", palette.INK, asked * factor, "limit"),
        )
        share = float(served.sum() / asked.sum()) if asked.sum() > 0.0 else 0.0
        verb = "of what is owed is served" if m.workloads.roles[j] == "obligation" else "of demand is served"
        yield Chart(
            f"workload-{name}",
            f"{title}: {percent(share)} {verb}",
            f"{m.workloads.roles[j].capitalize()}; {unit}.",
            over_quarters(series, unit, stocks=False, height=SMALL_HEIGHT),
            series,
            small=True,
        )


def mean_price(context: ReportContext) -> Floats:
    """Return what a volume earns, or is worth within the company, on average [workload, quarter]."""
    return ratio(context.costs.value, context.costs.volume)


def costs_beside_prices(context: ReportContext) -> Iterator[Chart]:
    """Yield for each workload the full cost of a volume beside what it earns."""
    m, costs = context.data, context.costs
    prices = mean_price(context)
    for j, (name, title) in enumerate(zip(m.workloads.names, context.workloads, strict=True)):
        cost = costs.cost_per_volume[j]
        if not np.isfinite(cost).any():
            continue
        unit = f"{context.currency} per {PRICE_UNITS[m.workloads.units[j]]}"
        series = [Series.of("full cost", palette.BAD, cost, "line")]
        finding = "served at cost"
        if m.workloads.roles[j] != "obligation":
            word = "price" if m.workloads.roles[j] == "external" else "transfer value"
            series.append(Series.of(word, palette.PROGRAMME, prices[j], "line"))
            whole = float(costs.value[j].sum())
            margin = 1.0 - float(costs.cost[j].sum()) / whole if whole > 0.0 else 0.0
            finding = f"margin {percent(margin)} over the horizon"
        yield Chart(
            f"cost-{name}",
            f"{title}: {finding}",
            f"{unit}.",
            over_quarters(series, unit, stocks=False, height=SMALL_HEIGHT),
            tuple(series),
            small=True,
        )
