"""Capacity, open orders and payments that a plan expects on a later day: the template of actuals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TypeVar

import numpy as np

from capexpand.case.clouds import option_name
from capexpand.case.schema import Case
from capexpand.case.standing import Hiring, Supply, hirings, supplies
from capexpand.finance.energy import plant_purchases
from capexpand.finance.schedule import hall_purchases, unit_purchases
from capexpand.finance.statements import statement
from capexpand.model.data import Floats, Integers
from capexpand.optimiser.plan import Plan
from capexpand.studies.roll.actuals import ActualRow

SMALL = 1e-6

Agreement = TypeVar("Agreement", Supply, Hiring)


def expected_actuals(case: Case, plan: Plan, decided: int) -> tuple[ActualRow, ...]:
    """Return what a plan expects at the end of its first quarters.

    Args:
        case: that was planned.
        plan: its best plan.
        decided: how many of its quarters are over.
    """
    return (
        *_standing(plan, decided),
        *_on_order(plan, decided),
        *_signed(case, plan, decided),
        *_money(case, plan, decided),
        *_observed(case, plan, decided),
    )


def _standing(plan: Plan, decided: int) -> list[ActualRow]:
    m, last = plan.data, decided - 1
    found: list[ActualRow] = []
    for o in range(len(m.power.names)):
        site = m.sites.names[m.power.site[o]]
        amount = float(plan.power_mw[o, last])
        if m.power.owned[o]:
            found.append(ActualRow("power", site=site, value=amount, unit="MW"))
        else:
            amount += _rented_on_order(plan, o, decided)
            if amount > SMALL:
                found.append(ActualRow("power_leased", site=site, value=amount, unit="MW"))
    for s, site in enumerate(m.sites.names):
        for k in range(len(m.offers.names)):
            amount = float(plan.installed[s, k, last])
            if amount > SMALL:
                kind = "installed" if m.offers.owned[k] else "leased"
                found.append(
                    ActualRow(kind, site=site, offer=m.offers.products[m.offers.product[k]], value=amount)
                )
    return found


def _rented_on_order(plan: Plan, o: int, decided: int) -> float:
    """Rented power that is on its way; a case knows none, so it counts as standing."""
    lead = int(plan.data.power.lead_quarters[o])
    return float(plan.power_ordered_mw[o, max(decided - lead, 0) : decided].sum()) if lead else 0.0


def _on_order(plan: Plan, decided: int) -> list[ActualRow]:
    m = plan.data
    starts = m.times.starts
    found: list[ActualRow] = []
    for o in np.flatnonzero(m.power.owned):
        lead = int(m.power.lead_quarters[o])
        for t in range(decided, m.times.count):
            ordered = plan.power_ordered_mw[o, t - lead] if 0 <= t - lead < decided else 0.0
            amount = float(m.opening.power_due_mw[o, t] + ordered)
            if amount > SMALL:
                site = m.sites.names[m.power.site[o]]
                found.append(ActualRow("power_due", site=site, date=starts[t], value=amount, unit="MW"))
    due: dict[tuple[str, str, int], float] = {}
    for k in range(len(m.offers.names)):
        lead = int(m.offers.lead_quarters[k])
        offer = m.offers.products[m.offers.product[k]]
        for d in range(len(m.destinations)):
            site = m.sites.names[int(np.flatnonzero(m.sites.destination == d)[0])]
            for t in range(decided, m.times.count):
                ordered = plan.ordered[k, d, t - lead] if 0 <= t - lead < decided else 0.0
                amount = float(m.opening.units_due[k, d, t] + ordered)
                if amount > SMALL:
                    due[site, offer, t] = due.get((site, offer, t), 0.0) + amount
    found += [
        ActualRow("units_due", site=site, offer=offer, date=starts[t], value=amount)
        for (site, offer, t), amount in due.items()
    ]
    return found


def _signed(case: Case, plan: Plan, decided: int) -> list[ActualRow]:
    """What was signed for, now or before, and still runs or has not begun."""
    found = [
        ActualRow("energy_signed", site=one.site, contract=one.name, date=day, value=amount, unit="MW")
        for one, day, amount, _ in signed_supplies(case, plan, decided)
    ]
    return found + [
        ActualRow("reserved", contract=option_name(one.cloud, one.way), date=day, value=amount)
        for one, day, amount, _ in signed_hirings(case, plan, decided)
    ]


def signed_supplies(case: Case, plan: Plan, decided: int) -> Iterator[tuple[Supply, date, float, int]]:
    """Yield contracts for energy that run after the quarters that are over.

    Returns:
        The contract, its day of signing, its power [MW], and the quarter in which the plan signs for it.
    """
    if plan.energy is not None and plan.data.energy is not None:
        ends = plan.data.energy.lead_quarters + plan.data.energy.term_quarters
        yield from _still_running(supplies(case), plan, plan.energy.signed, ends, decided)


def signed_hirings(case: Case, plan: Plan, decided: int) -> Iterator[tuple[Hiring, date, float, int]]:
    """Yield reservations that run after the quarters that are over, as ``signed_supplies`` does; in units."""
    if plan.data.hire is not None:
        ends = plan.data.hire.lead_quarters + plan.data.hire.term_quarters
        yield from _still_running(hirings(case), plan, plan.hire_signed, ends, decided)


def _still_running(
    named: Sequence[Agreement], plan: Plan, signed: Floats, ends: Integers, decided: int
) -> Iterator[tuple[Agreement, date, float, int]]:
    for one, amounts, end in zip(named, signed, ends, strict=True):
        for t in np.flatnonzero((amounts[:decided] > SMALL) & (np.arange(decided) + end > decided)):
            day = plan.data.times.starts[t] if one.signing is None else one.signing.day
            yield one, day, float(amounts[t]), int(t)


def _money(case: Case, plan: Plan, decided: int) -> list[ActualRow]:
    m = plan.data
    currency = f"mn {case.currency}"
    placed_units, placed_power = plan.ordered.copy(), plan.power_ordered_mw.copy()
    placed_units[:, :, decided:], placed_power[:, decided:] = 0.0, 0.0
    owed = unit_purchases(m, placed_units, m.offers.price).payments.sum(axis=(0, 1))
    owed = owed + hall_purchases(m, placed_power).payments.sum(axis=0) + m.opening.payments_due
    if plan.energy is not None:
        plants = plan.energy.signed.copy()
        plants[:, decided:] = 0.0
        owed = owed + plant_purchases(m, plants).payments.sum(axis=0)
    first, last = m.times.window
    paid = float(plan.paid[max(first, 0) : min(decided, last)].sum())
    books = statement(plan)
    at = decided - 1
    book = float(books.book_value[at])
    book += float(books.in_progress[at] + owed[decided:].sum())
    found = [
        ActualRow("paid", value=paid, unit=currency),
        ActualRow("book_value", value=max(book, 0.0), unit=currency),
    ]
    found += [
        ActualRow("payments_due", date=m.times.starts[t], value=float(owed[t]), unit=currency)
        for t in range(decided, m.times.count)
        if owed[t] > SMALL
    ]
    ordered = plan.ordered[:, :, :decided].sum(axis=(1, 2))
    for g, offer in enumerate(m.offers.products):
        if np.isfinite(m.offers.stock[g]):
            amount = float(ordered[m.offers.product == g].sum())
            found.append(ActualRow("ordered", offer=offer, value=amount))
    return found


def _observed(case: Case, plan: Plan, decided: int) -> list[ActualRow]:
    """The demand assumed for the last quarter that is over, which a reader replaces by what was seen."""
    day = plan.data.times.starts[decided - 1]
    return [
        ActualRow(
            "demand",
            workload=name,
            date=day,
            value=workload.demand.on(day, case.calendar.start),
            unit=workload.demand.unit,
        )
        for name, workload in case.workloads.items()
    ]
