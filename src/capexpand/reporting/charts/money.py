"""Where the money goes and what comes back."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import numpy as np

from capexpand.finance.bridge import BridgeStep
from capexpand.reporting.charts import palette
from capexpand.reporting.charts.drawing import Chart, Series, Spec, marked, over_quarters, waterfall
from capexpand.reporting.context import ReportContext
from capexpand.wording import MoneyScale, money


def spending(context: ReportContext) -> Iterator[Chart]:
    """Yield the chart of capital expenditure."""
    ours, scale = context.findings.result.programme, context.scale
    if context.orders_nothing:
        return
    plants = ours.payments_plants / scale.divisor
    series = (
        Series.of("paid for servers", palette.SERVERS, ours.payments_servers / scale.divisor),
        Series.of("paid for halls", palette.BUILDINGS, ours.payments_buildings / scale.divisor),
        *([Series.of("paid for power plants", palette.PLANTS, plants)] if plants.any() else []),
        Series.of("committed", palette.NAIVE, ours.commitments / scale.divisor, "line"),
        Series.of("delivered", palette.INK, ours.additions / scale.divisor, "line"),
    )
    peak = int(np.argmax(ours.capital_payments))
    yield Chart(
        "capex",
        f"The programme's payments{', less those of the base,' if context.has_base else ''} peak in "
        f"{context.labels[peak]} at {money(float(ours.capital_payments[peak]), context.currency)} a quarter",
        f"The programme's payments for orders by quarter, in {scale.unit}; beside them what is committed at "
        "order and what is delivered, which a company reports as capital expenditure.",
        over_quarters(series, scale.unit, stocks=False),
        series,
    )


def cash(context: ReportContext) -> Iterator[Chart]:
    """Yield the charts of cash flow: by quarter, and summed up with payback and peak funding marked."""
    ours, scale, metrics = context.findings.result.programme, context.scale, context.findings.metrics
    if context.orders_nothing:
        return
    flow, total = ours.free_cash_flow / scale.divisor, ours.cumulative_free_cash_flow / scale.divisor
    ends = [*context.data.times.starts[1:], context.data.times.ends[-1]]
    series = (Series.of("free cash flow", palette.PROGRAMME, flow),)
    positive = np.flatnonzero(flow > 0.0)
    turned = next((int(t) for t in positive if (flow[t:] >= 0.0).all()), None)
    title = "Cash flow never turns positive for good"
    if turned is not None:
        title = f"Cash flow is positive from {context.labels[turned]} on"
    yield Chart(
        "cash-flow",
        title,
        f"The programme's free cash flow after tax by quarter, in {scale.unit}.",
        over_quarters(series, scale.unit, stocks=False),
        series,
    )
    points: list[tuple[str, str, float, str, str]] = []
    if metrics.peak_funding > 0.0:
        at = metrics.peak_funding_quarter
        text = f"peak funding {money(metrics.peak_funding, context.currency)}"
        points.append((ends[at].isoformat(), text, float(total[at]), palette.BAD, "top"))
    paid_back = "is not paid back within the horizon"
    if metrics.payback_quarter is not None and metrics.peak_funding > 0.0:
        at = metrics.payback_quarter
        points.append(
            (ends[at].isoformat(), f"payback {context.labels[at]}", float(total[at]), palette.GOOD, "bottom")
        )
        paid_back = f"is paid back in {context.labels[at]}"
    line = (Series.of("cumulative cash flow", palette.PROGRAMME, total, "line"),)
    yield Chart(
        "cumulative",
        f"The programme {paid_back}",
        f"The programme's free cash flow after tax, summed up to each quarter's end, in {scale.unit}; "
        "not discounted, without end value.",
        marked(over_quarters(line, scale.unit, stocks=True), points),
        line,
    )


def earnings(context: ReportContext) -> Iterator[Chart]:
    """Yield the charts of revenue and of operating profit: base, programme and both."""
    result, scale, end = context.findings.result, context.scale, -1
    if context.orders_nothing:
        return
    parts = [("programme", palette.PROGRAMME, result.programme)]
    if context.has_base:
        parts.insert(0, ("base", palette.BASE, result.base))
    bars = tuple(Series.of(name, hue, one.revenue / scale.divisor) for name, hue, one in parts)
    yield Chart(
        "revenue",
        f"The programme earns {money(float(result.programme.revenue[end]), context.currency)} of the "
        f"{money(float(result.total.revenue[end]), context.currency)} of revenue in {context.labels[end]}",
        f"Cash revenue by quarter, in {scale.unit}; internal workloads earn no cash.",
        over_quarters(bars, scale.unit, stocks=False),
        bars,
    )
    lines = [Series.of(name, hue, one.ebita / scale.divisor, "line") for name, hue, one in parts]
    if context.has_base:
        lines.append(Series.of("total", palette.TOTAL, result.total.ebita / scale.divisor, "line"))
    best = int(np.argmax(result.programme.ebita))
    yield Chart(
        "ebita",
        f"The programme's operating profit is highest in {context.labels[best]}, at "
        f"{money(float(result.programme.ebita[best]), context.currency)}",
        f"Operating profit before amortisation and interest (EBITA) by quarter, in {scale.unit}.",
        over_quarters(lines, scale.unit, stocks=False),
        tuple(lines),
    )


def waterfall_rows(steps: Sequence[tuple[str, float, bool]], scale: MoneyScale) -> tuple[Spec, ...]:
    """Return the rows of a waterfall.

    Args:
        steps: name, amount [million], and whether it is a sum, from which the bars start anew.
        scale: the unit of money.
    """
    rows: list[Spec] = []
    level = 0.0
    for name, amount, is_sum in steps:
        start = 0.0 if is_sum else level
        level = amount if is_sum else level + amount
        ends = [float(f"{value / scale.divisor:.6g}") for value in (start, level)]
        rows.append(
            {
                "label": "\n".join(textwrap.wrap(name, 30)),
                "name": name,
                "a": ends[0],
                "b": ends[1],
                "right": max(ends),
                "v": float(f"{amount / scale.divisor:.6g}"),
                "t": scale.write(amount),
                "k": "sum" if is_sum else "up" if amount >= 0.0 else "down",
            }
        )
    return tuple(rows)


def bridge_chart(steps: Sequence[BridgeStep], scale: MoneyScale) -> Chart:
    """Return the bridge from the objective to the net present value.

    Args:
        steps: the steps in order.
        scale: the unit of money.
    """
    shown = [step for step in steps if step.is_sum or abs(step.amount) > 1e-9 * abs(steps[0].amount)]
    rows = waterfall_rows([(step.name, step.amount, step.is_sum) for step in shown], scale)
    return Chart(
        "bridge",
        "From what the plan maximises to what the programme earns",
        f"Present values in {scale.unit}. Steps of zero are left out here and stand in the table.",
        waterfall(scale.unit, len(rows)),
        rows=rows,
        shaded=False,
    )
