"""The evenly spent plan beside the optimised one, as a table for people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from capexpand.finance.fleet import Fleet
from capexpand.finance.metrics import Metrics
from capexpand.finance.programme import ProgrammeResult
from capexpand.reporting.blocks import Row, Table, table
from capexpand.reporting.context import ReportContext
from capexpand.wording import compute, count, money, percent, power, volume


def plan_table(context: ReportContext) -> Table:
    """Return the headline figures of the optimised and of the evenly spent plan."""
    found = context.findings
    ours = _amounts(context, found.result, found.metrics, context.fleet)
    naive = _amounts(context, found.naive, found.naive_metrics, context.naive_fleet)
    rows = [
        Row(
            title,
            (
                _write(mine, kind, context, found.metrics),
                _write(theirs, kind, context, found.naive_metrics),
                "–" if mine is None or theirs is None else _difference(mine - theirs, kind, context),
            ),
        )
        for (title, mine, kind), (_, theirs, _) in zip(ours, naive, strict=True)
    ]
    head = ("Figure", "Optimised", "Evenly spent", "Difference")
    return replace(table("Both plans in figures", head, rows), captioned=True)


def _amounts(
    context: ReportContext, result: ProgrammeResult, metrics: Metrics, fleet: Fleet
) -> list[tuple[str, float | None, str]]:
    at, label = context.window_end, context.labels[context.window_end]
    return [
        ("Net present value", metrics.npv, "money"),
        ("… with end value zero", metrics.npv_end_value_zero, "money"),
        ("… before tax", metrics.npv_before_tax, "money"),
        ("Internal rate of return, a year", metrics.irr, "percent"),
        ("Payback", metrics.payback_quarter, "quarter"),
        ("Peak funding", metrics.peak_funding, "money"),
        ("Value in the objective", result.plan.value, "money"),
        ("Paid for orders in the window", float(result.plan.paid[context.window].sum()), "money"),
        ("Programme's revenue over the horizon", float(result.programme.revenue.sum()), "money"),
        (f"IT power energised in {label}", float(fleet.power_energised_mw[:, at].sum()), "power"),
        (f"Accelerators installed in {label}", float(fleet.accelerators[:, at].sum()), "count"),
        (f"Computing power in {label}", float(fleet.compute_pflops[:, at].sum()), "compute"),
        (f"Tokens a day in {label}", float(fleet.tokens_per_day[:, at].sum()), "volume"),
        ("Units running over units installed", _utilisation(context, fleet), "percent"),
    ]


def _utilisation(context: ReportContext, fleet: Fleet) -> float | None:
    """Accelerators that run over those installed, over the horizon; servers where there are none."""
    weight = context.data.offers.accelerators
    weight = weight if weight.any() else np.ones_like(weight)
    standing = float((fleet.installed * weight[:, None]).sum())
    return float((fleet.running * weight[:, None]).sum()) / standing if standing > 0.0 else None


def _write(value: float | None, kind: str, context: ReportContext, metrics: Metrics) -> str:
    if value is None and kind == "quarter" and metrics.peak_funding <= 0.0:
        return "nothing laid out"
    if value is None:
        return "not within the horizon" if kind == "quarter" else "none"
    if kind == "quarter":
        return context.labels[int(value)]
    return _amount(value, kind, context)


def _difference(value: float, kind: str, context: ReportContext) -> str:
    if kind == "quarter":
        quarters = round(abs(value))
        return "same" if not quarters else f"{quarters} q {'later' if value > 0 else 'earlier'}"
    sign = "+" if value > 0 else ""
    if kind == "percent":
        return f"{sign}{percent(value).removesuffix(' %')} points"
    return sign + _amount(value, kind, context)


def _amount(value: float, kind: str, context: ReportContext) -> str:
    write = {"percent": percent, "power": power, "count": count, "compute": compute, "volume": volume}
    return write[kind](value) if kind in write else money(value, context.currency)
