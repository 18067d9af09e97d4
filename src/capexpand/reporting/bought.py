"""Purchases and leases within the window, and their share of the money, in words."""

from __future__ import annotations

import numpy as np

from capexpand.reporting.context import ReportContext
from capexpand.wording import money, of_each, power

SMALL = 0.005  # share below which a difference is called none


def buys_nothing(context: ReportContext) -> str:
    """Say that a plan orders nothing, and why."""
    cap, floor = context.cap, context.data.budget.floor
    allowed = "" if cap is None else f" of the {money(cap, context.currency)} allowed"
    though = f", although at least {money(floor, context.currency)} is to be spent" if floor > 0.0 else ""
    if context.data.aim is not None:
        return "What is to be served is served without any order: nothing is spent."
    why = "Nothing that can be ordered within the window is worth its price"
    return f"{why}: nothing{allowed} is spent{though}."


def ordered(context: ReportContext, *, owned: bool) -> list[str]:
    """What is ordered within the window, of what is bought or of what is hired."""
    m, plan, here = context.data, context.findings.result.plan, context.window
    megawatts = plan.power_ordered_mw[m.power.owned == owned, here].sum(axis=1)
    units = plan.ordered[:, :, here].sum(axis=(1, 2)) * (m.offers.owned == owned)
    per_unit = m.offers.accelerators[m.offers.product]
    accelerators, others = float(units @ per_unit), float(units[per_unit == 0].sum())
    sites = np.unique(m.power.site[m.power.owned == owned][megawatts > 1e-6]).size
    parts: list[str] = []
    if megawatts.sum() > 1e-6:
        at = of_each(sites, "site", "sites")
        parts.append(f"{power(float(megawatts.sum()))} of IT power at {at}")
    if owned and m.energy is not None and plan.energy is not None:
        plants = plan.energy.signed[:, here].sum(axis=1) * m.energy.bought
        for what, those in (("generators", ~m.energy.storage), ("storage", m.energy.storage)):
            if plants[those].sum() > 1e-6:
                parts.append(f"{power(float(plants[those].sum()))} of {what}")
    if accelerators >= 0.5:
        parts.append(of_each(accelerators, "accelerator", "accelerators"))
    if others >= 0.5:
        parts.append(of_each(others, "general server", "general servers"))
    return parts or (["less than one server"] if units.sum() > 1e-9 else [])


def budget_and_spending(context: ReportContext) -> str:
    """The beginning of the sentence: the money, and how much of it is spent."""
    cap, spent, floor = context.cap, context.spent, context.data.budget.floor
    currency = context.currency
    paid, least = money(spent, currency), money(floor, currency)
    forced = floor > 0.0 and spent <= (1.0 + SMALL) * floor
    enough = spent >= (1.0 - SMALL) * floor
    if cap is not None and cap > 0.0 and spent >= (1.0 - SMALL) * cap:
        return f"{money(cap, currency)}{', all of which is to be spent,' if forced else ''} buys"
    if cap is not None and forced:
        done = "since no less may be" if enough else f"although at least {least} is to be"
        return f"Of the {money(cap, currency)} allowed, {paid} is spent, {done}; it buys"
    if cap is not None and context.data.aim is not None:
        return f"Of the {money(cap, currency)} allowed, {paid} is spent; it buys"
    if cap is not None:
        return f"Of the {money(cap, currency)} allowed, {paid} is worth spending; it buys"
    if floor > 0.0:
        done = f"{paid} is" if enough else f"only {paid} would pay"
        return f"At least {least} is to be spent, {done}; it buys"
    return f"{paid} is spent, with no limit set; it buys"
