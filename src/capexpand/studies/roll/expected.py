"""Capacity, open orders and payments that a plan expects on a later day: the template of actuals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import TypeVar

import numpy as np

from capexpand.case.clouds import option_name
from capexpand.case.schema import Case
from capexpand.case.standing import Hiring, Supply, hirings, supplies
from capexpand.finance.energy import plant_purchases
from capexpand.finance.schedule import hall_purchases, unit_purchases
from capexpand.finance.statements import statement
from capexpand.model.data import Floats, Integers, ModelData
from capexpand.optimiser.plan import Plan
from capexpand.studies.roll.actuals import ActualRow
from capexpand.timevalue import quarter_starts

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
        if m.power.owned[o] or amount > SMALL:
            kind = "power" if m.power.owned[o] else "power_leased"
            found.append(ActualRow(kind, site=site, value=amount, unit="MW"))
    for s, site in enumerate(m.sites.names):
        for k in range(len(m.offers.names)):
            amount = float(plan.installed[s, k, last])
            if amount > SMALL:
                kind = "installed" if m.offers.owned[k] else "leased"
                found.append(
                    ActualRow(kind, site=site, offer=m.offers.products[m.offers.product[k]], value=amount)
                )
    return found


def _on_order(plan: Plan, decided: int) -> list[ActualRow]:
    """What is on order, and of what is leased the terms that still run."""
    m = plan.data
    found: list[ActualRow] = []
    for o, lead in enumerate(m.power.lead_quarters):
        site, kind = m.sites.names[m.power.site[o]], "power" if m.power.owned[o] else "power_leased"
        orders = plan.power_ordered_mw[o, :decided]
        for t, amount in _coming(m.opening.power_due_mw[o], orders, int(lead)):
            day = m.times.starts[t]
            found.append(ActualRow(f"{kind}_due", site=site, date=day, value=amount, unit="MW"))
        if not m.power.owned[o]:
            held = float(m.opening.power_mw[o] - m.opening.power_free_mw[o])
            opening = held, m.opening.power_due_mw[o], m.opening.power_freed_mw[o]
            wait = int(lead), int(m.power.term_quarters[o])
            found += [
                ActualRow("power_leased_until", site=site, date=day, value=amount, unit="MW")
                for day, amount in _bound(m, orders, wait, opening).items()
            ]
    for k, lead in enumerate(m.offers.lead_quarters):
        offer, kind = m.offers.products[m.offers.product[k]], "units" if m.offers.owned[k] else "leased"
        for d in range(len(m.destinations)):
            site = m.sites.names[int(np.flatnonzero(m.sites.destination == d)[0])]
            for t, amount in _coming(m.opening.units_due[k, d], plan.ordered[k, d, :decided], int(lead)):
                day = m.times.starts[t]
                found.append(ActualRow(f"{kind}_due", site=site, offer=offer, date=day, value=amount))
            if not m.offers.owned[k]:
                found += _bound_units(plan, k, d, decided)
    return found


def _coming(due: Floats, orders: Floats, lead: int) -> Iterator[tuple[int, float]]:
    """Yield what is on order at the end of some quarters, by the quarter of its delivery.

    Args:
        due: of the opening state [quarter].
        orders: of the quarters that are over.
        lead: quarters until delivery.
    """
    for t in range(orders.size, due.size):
        amount = float(due[t] + (orders[t - lead] if 0 <= t - lead < orders.size else 0.0))
        if amount > SMALL:
            yield t, amount


def _bound(
    m: ModelData, orders: Floats, wait: tuple[int, int], opening: tuple[float, Floats, Floats]
) -> dict[date, float]:
    """Return what stands at the end of some quarters and is within its term, by the day on which that ends.

    Args:
        m: the compiled case.
        orders: of those quarters.
        wait: quarters until delivery, and of the term from then on.
        opening: of the opening state what is bound, due [quarter] and freed [quarter].
    """
    (lead, term), decided, count = wait, orders.size, m.times.count
    held, due, freed = opening
    later = np.where(np.arange(count) >= decided, due, 0.0)  # on order still, so its term is to come
    freed = np.append(freed - np.concatenate((np.zeros(min(term, count)), later))[:count], 0.0)
    freed[-1] = max(held + float((due - later).sum() - freed.sum()), 0.0)  # bound beyond the horizon
    ends = {t: float(freed[t]) for t in range(decided, count + 1)}
    for t in range(max(decided - lead, 0)):
        over = t + lead + term
        if over >= decided:
            ends[over] = ends.get(over, 0.0) + float(orders[t])
    starts = quarter_starts(m.times.starts[0], max(ends) + 1)
    one = timedelta(days=1)
    return {starts[t] - one: amount for t, amount in sorted(ends.items()) if t > decided and amount > SMALL}


def _bound_units(plan: Plan, k: int, d: int, decided: int) -> list[ActualRow]:
    """Leased units within their term, spread over the sites of a destination at which some stand."""
    m = plan.data
    held = 0.0 if m.opening.leases is None else float(m.opening.leases.units_bound[k, d])
    opening = held, m.opening.units_due[k, d], m.opening.units_freed[k, d]
    wait = int(m.offers.lead_quarters[k]), int(m.offers.term_quarters[k])
    sites = np.flatnonzero(m.sites.destination == d)
    room = {int(s): float(plan.installed[s, k, decided - 1]) for s in sites}
    offer = m.offers.products[m.offers.product[k]]
    found: list[ActualRow] = []
    for day, amount in _bound(m, plan.ordered[k, d, :decided], wait, opening).items():
        left = amount
        for s, most in room.items():
            here = min(left, most)
            if here > SMALL:
                name = m.sites.names[s]
                found.append(ActualRow("leased_until", site=name, offer=offer, date=day, value=here))
            room[s], left = most - here, left - here
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
