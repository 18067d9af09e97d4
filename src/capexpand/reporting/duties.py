"""The cost of serving what is owed, where nothing of a case is sold: a rate of return would say nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.reporting.blocks import KeyFigure
from capexpand.reporting.context import NOTHING, ReportContext
from capexpand.wording import money, number

_EACH = {
    "token": ("a million tokens", 1.0),
    "FLOP": ("1e24 operations", 1e9),
    "accelerator_hour": ("an accelerator-hour", 1.0),
    "vcpu_hour": ("a vCPU-hour", 1.0),
}
"""What a cost is told for, and how much money for it a million for a canonical volume is."""


@dataclass(frozen=True, slots=True)
class DutyCost:
    """What a programme costs that only serves what is owed; money in millions, present value after tax.

    Args:
        cost: of the programme.
        each: for each unit that it serves, both discounted [money]; None where it serves nothing more.
        unit: what it is told for, such as ``a million tokens``.
    """

    cost: float
    each: float | None
    unit: str


def duty_cost(context: ReportContext) -> DutyCost | None:
    """Return what serving the obligations costs; None where something is sold, or units differ."""
    m, result = context.data, context.findings.result
    if set(m.workloads.roles) != {"obligation"} or len(set(m.workloads.units)) != 1:
        return None
    more = (result.base_plan.unmet - result.plan.unmet).sum(axis=0)
    volume = float(np.sum(m.times.discount * more))
    unit, size = _EACH[m.workloads.units[0]]
    cost = -context.findings.metrics.npv
    return DutyCost(cost, cost / volume * size if volume > NOTHING else None, unit)


def costs(context: ReportContext, duty: DutyCost) -> str:
    """Say what serving what is owed costs."""
    currency = context.currency
    taxed = " after tax" if context.data.taxes.rate > 0.0 else ""
    text = (
        f"Nothing is sold, so this is the cost of what is owed: {money(duty.cost, currency)} of present value"
    )
    if duty.each is None:
        return f"{text}{taxed}, and no more of it is served than without the programme."
    return f"{text}{taxed}, or {_amount(duty.each, currency)} for {duty.unit} served, both discounted."


def duty_figures(context: ReportContext, duty: DutyCost) -> list[KeyFigure]:
    """Return the tiles that stand in place of rate of return and payback."""
    figures = [KeyFigure("Cost of what is owed", money(duty.cost, context.currency), "present value")]
    if duty.each is not None:
        each = _amount(duty.each, context.currency)
        figures.append(KeyFigure("Cost of each", each, f"for {duty.unit} served, both discounted"))
    return figures


def _amount(each: float, currency: str) -> str:
    return money(each / 1e6, currency) if abs(each) >= 1e5 else f"{number(each)} {currency}"
