"""The tables of the page, as texts ready to be shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from capexpand.finance.bridge import BridgeStep
from capexpand.finance.statements import Statement
from capexpand.model.data import Floats
from capexpand.reporting.blocks import Column, Row, Table, Tabs, table
from capexpand.reporting.charts.service import PRICE_UNITS
from capexpand.reporting.context import ReportContext
from capexpand.reporting.limits import Limit
from capexpand.reporting.years import Years, lines
from capexpand.wording import listing, money, number, percent, volume


def statements(context: ReportContext) -> Tabs:
    """Return the statements by calendar year of the programme, the base and the total."""
    result = context.findings.result
    named = [("Programme", result.programme)]
    if context.has_base:
        named += [("Base", result.base), ("Total", result.total)]
    tables = tuple(_statement(f"{title}, {context.scale.unit}", one, context) for title, one in named)
    return Tabs(tables, tuple(title for title, _ in named))


def _statement(title: str, of: Statement, context: ReportContext) -> Table:
    years = Years.of(context.data.times)
    rows: list[Row] = []
    for group, inside in lines(of):
        rows.append(Row(group, (), "group"))
        for line in inside:
            values = years.ends(line.values) if line.is_stock else years.sums(line.values)
            if line.is_sum or np.abs(values).max() > 1e-9:
                cells = [context.scale.write(float(value)) for value in values]
                whole = "" if line.is_stock else context.scale.write(float(values.sum()))
                rows.append(Row(line.name, (*cells, whole), "sum" if line.is_sum else ""))
    return replace(table(title, (context.scale.unit, *years.titles, "Horizon"), rows), captioned=True)


def by_year(context: ReportContext) -> Table:
    """Return the programme's money and the installed fleet, by calendar year, for a terminal."""
    ours, scale = context.findings.result.programme, context.scale
    years = Years.of(context.data.times)
    columns = (
        [scale.write(float(v)) for v in years.sums(ours.capital_payments)],
        [scale.write(float(v)) for v in years.sums(ours.revenue)],
        [scale.write(float(v)) for v in years.sums(ours.ebita)],
        [scale.write(float(v)) for v in years.sums(ours.free_cash_flow)],
        [scale.write(float(v)) for v in years.ends(ours.cumulative_free_cash_flow)],
        [number(float(v), 4) for v in years.ends(context.power_mw(context.fleet))],
        [volume(float(v)) for v in years.ends(context.accelerators(context.fleet))],
    )
    head = ("year", "payments", "revenue", "EBITA", "cash flow", "its sum", "MW", "accelerators")
    title = f"Programme in {scale.unit}; power and accelerators of the whole business"
    rows = [Row(year, tuple(cells)) for year, *cells in zip(years.titles, *columns, strict=True)]
    return table(title, head, rows)


def orders(context: ReportContext) -> Table:
    """Return what is ordered in each quarter of the window."""
    m, plan, here = context.data, context.findings.result.plan, context.window
    rows: list[Row] = []

    def add(title: str, values: Floats) -> None:
        if values.sum() > 1e-6:
            cells = tuple(_amount(float(value)) for value in (*values, values.sum()))
            rows.append(Row(title, cells))

    for o, name in enumerate(m.power.names):
        how = "" if m.power.owned[o] else ", rented"
        del name
        add(f"MW at {context.sites[int(m.power.site[o])]}{how}", plan.power_ordered_mw[o, here])
    for k in range(len(m.offers.names)):
        how = "" if m.offers.owned[k] else ", leased"
        for d, destination in enumerate(m.destinations):
            title = f"{context.offers[int(m.offers.product[k])]}{how}"
            add(f"{title}, {destination}" if len(m.destinations) > 1 else title, plan.ordered[k, d, here])
    paid = Row(
        f"Paid, {context.scale.unit}",
        tuple(context.scale.write(float(value)) for value in (*plan.paid[here], context.spent)),
        "sum",
    )
    head = ("Order", *context.labels[here], "Window")
    return table("Orders in the window", head, (*rows, paid), _basis_of_payments(context))


def _basis_of_payments(context: ReportContext) -> str:
    """Say why the most that is paid in a quarter here is not what the chart of payments shows."""
    result, here, labels = context.findings.result, context.window, context.labels
    if context.orders_nothing or not context.has_base:
        return ""
    whole, ours = result.plan.paid[here], result.programme.capital_payments
    most, peak = here.start + int(np.argmax(whole)), int(np.argmax(ours))
    return (
        "What is paid is the total's, out of the programme's budget: at most "
        f"{money(float(whole.max()), context.currency)} a quarter, in {labels[most]}. The chart of payments "
        f"shows the programme's alone, the total less what the base pays in the same quarter: at most "
        f"{money(float(ours[peak]), context.currency)}, in {labels[peak]}."
    )


def _amount(value: float) -> str:
    if value <= 1e-6:
        return "·"
    return number(value, 2) if value < 10 else f"{value:,.0f}"


def placement(context: ReportContext) -> Table:
    """Return the power that each workload takes at each group of sites when the window ends."""
    m, at = context.data, context.window_end
    megawatts = np.einsum(
        "gkj,k->jg", context.findings.result.plan.serving[..., at], m.offers.power_kw / 1000.0
    )
    groups = [
        listing([context.sites[i] for i in np.flatnonzero(m.sites.group == g)])
        for g in range(megawatts.shape[1])
    ]
    rows = [
        Row(title, tuple(_amount(float(value)) for value in (*line, line.sum())))
        for title, line in zip(context.workloads, megawatts, strict=True)
    ]
    sums = (*megawatts.sum(axis=0), megawatts.sum())
    rows.append(Row("All", tuple(_amount(float(value)) for value in sums), "sum"))
    head = (f"MW of IT power in {context.labels[at]}", *groups, "All sites")
    return table("Where workloads run when the window ends", head, tuple(rows))


def limit_table(context: ReportContext) -> Table:
    """Return the limits that bind, the one whose last percent is worth most first."""
    rows = tuple(_limit_row(limit, context) for limit in context.limits if limit.binds)
    head = ("Limit", Column("In words", align="text"), "Worth at most", "Quarters", "One percent more")
    return replace(table("The ranking", head, rows, kind="ranking"), captioned=True)


def _limit_row(limit: Limit, context: ReportContext) -> Row:
    value = float(limit.worth[limit.peak])
    per = limit.unit.partition("/")[2]
    worth = number(value) if limit.kind in {"budget", "renewal"} else money(value * 1e-6, context.currency)
    cells = (
        limit.describe(context.labels),
        f"{worth} per {per.replace('_', '-').replace('vcpu', 'vCPU')}",
        str(limit.binding_quarters),
        money(limit.gain_total, context.currency),
    )
    return Row(limit.title, cells)


def unit_cost_rows(context: ReportContext) -> Table:
    """Return what a volume and an accelerator-hour of each workload cost and earn over the horizon."""
    m, costs = context.data, context.costs
    averages = costs.averages()
    rows: list[Row] = []
    for j, title in enumerate(context.workloads):
        unit = m.workloads.units[j]
        served = float(costs.volume[j].sum())
        if served <= 0.0:
            continue
        size, thing = {
            "token": (1e12, "tokens"),
            "accelerator_hour": (1e6, "accelerator-hours"),
            "vcpu_hour": (1e6, "vCPU-hours"),
            "FLOP": (1.0, "ZFLOP"),
        }[unit]
        price = float(costs.value[j].sum()) / served
        earned = "–" if m.workloads.roles[j] == "obligation" else number(price)
        cells = (
            m.workloads.roles[j],
            volume(served * size, thing),
            f"{context.currency} per {PRICE_UNITS[unit]}",
            number(float(averages.cost_per_volume[j])),
            earned,
            _or_dash(averages.cost_per_accelerator_hour[j]),
            _or_dash(averages.value_per_accelerator_hour[j]) if earned != "–" else "–",
        )
        rows.append(Row(title, cells))
    hour = f"{context.currency} per accelerator-hour"
    head = (
        "Workload",
        "Role",
        "Served over the horizon",
        "Unit",
        "Full cost",
        "Earned or worth",
        f"Full cost, {hour}",
        f"Earned or worth, {hour}",
    )
    idle = percent(averages.idle_fraction)
    return table(
        "Unit costs", head, tuple(rows), f"Idle capacity is {idle} of all costs, and in none of these."
    )


def _or_dash(value: float) -> str:
    return number(float(value)) if np.isfinite(value) and value > 0 else "–"


def returns(context: ReportContext) -> Table:
    """Return the return on invested capital and the use of what stands, by calendar year."""
    metrics, years = context.findings.metrics, Years.of(context.data.times)
    rows = [
        Row("Return on capital, programme", _fractions(metrics.return_on_capital.fraction)),
        Row("Return on capital, total", _fractions(metrics.return_on_capital_total.fraction)),
    ]
    fleet, weight = context.fleet, context.data.offers.accelerators[:, None]
    for title, standing, running in (
        ("Accelerators running", fleet.installed * weight, fleet.running * weight),
        ("Energised power in use", fleet.power_energised_mw, fleet.power_used_mw),
    ):
        whole, part = years.sums(standing.sum(axis=0)), years.sums(running.sum(axis=0))
        shares = [p / w if w > 1e-9 else None for p, w in zip(part, whole, strict=True)]
        rows.append(Row(title, _fractions(shares)))
    return table("Return and use", ("Share", *years.titles), tuple(rows))


def _fractions(values: tuple[float | None, ...] | list[float | None]) -> tuple[str, ...]:
    return tuple("–" if value is None else percent(value) for value in values)


def bridges(context: ReportContext) -> tuple[Table, ...]:
    """Return the bridge from the objective to the three net present values, part by part."""
    found = context.findings.bridge
    parts = (
        ("From the objective to the net present value", found.steps),
        ("From there to the one before tax", found.before_tax),
        ("From there to the one with end value zero", found.end_value_zero),
    )
    return tuple(
        replace(
            table(title, ("Step", context.scale.unit), [_step(step, context) for step in steps]),
            captioned=True,
        )
        for title, steps in parts
    )


def _step(step: BridgeStep, context: ReportContext) -> Row:
    return Row(
        step.name[:1].upper() + step.name[1:],
        (context.scale.write(step.amount),),
        "sum" if step.is_sum else "",
    )


def exchange_rates(context: ReportContext) -> tuple[str, ...]:
    """Return the exchange rates of the case in words, first and last where they change."""
    case = context.findings.case
    found: list[str] = []
    for code, series in case.exchange_rates.items():
        values = series.by_quarter(case.calendar)
        last = "" if values[0] == values[-1] else f", {number(values[-1], 4)} at the end"
        found.append(f"{number(values[0], 4)} {series.unit or case.currency} for {code}{last}")
    return tuple(found)
