"""Payments and budgets in the equations of a quarter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.blocks import ABSENT, Blocks, Indices
from capexpand.model.data import ModelData
from capexpand.model.plants import has_plants, plant_options, share_now


@dataclass(frozen=True, slots=True)
class Money:
    """Columns and rows of payments and budgets."""

    paid: Indices  # [1]
    spent: Indices  # m [1]
    due: Indices  # h [age]
    shortfall: Indices  # [1] money below the floor
    payment_rows: Indices  # [1] payments of this quarter
    due_rows: Indices  # [age] what is due in the next quarter, in the one after, …
    spending_rows: Indices  # [1] what is spent adds up
    budget_rows: Indices  # [age] spent and due within the cap of this quarter, of the next, …
    renewal_rows: Indices  # [age] paid within the renewal budget of this quarter, of the next, …


def add_money(
    lp: Blocks, m: ModelData, t: int, before: tuple[Indices, Indices], *, b: Indices, x: Indices, w: Indices
) -> Money:
    """What is paid: what was due, and the deposits of what is ordered now. The rest is due at delivery.

    Args:
        t: the quarter, from 0.
        before: m and h [age] of the quarter before.
        b: power ordered [power option].
        x: units ordered [offer option, destination].
        w: energy signed for, generators and storage that are bought among it [contract].
    """
    spent_before, due_before = before
    here = (m.times.labels[t],)
    ahead = tuple(f"in {i + 1}" for i in range(due_before.size))
    beta, price = m.power.price[:, t], m.offers.price[:, :, t]
    power_lead, lead = m.power.lead_quarters, m.offers.lead_quarters
    power_now = np.where(power_lead == 0, 1.0, m.power.deposit_fraction)
    now = np.where(lead == 0, 1.0, m.offers.deposit_fraction)[:, None]
    was_due = np.append(due_before, ABSENT)
    paid = lp.columns("paid", [here])
    payment = lp.rows("payment", [here], lower=0.0, upper=0.0)
    lp.add(payment, paid)
    lp.add(payment, was_due[:1], -1.0)
    lp.add(payment, b, -power_now * beta)
    lp.add(payment, x, -now * price)
    due = lp.columns("due", [ahead, here])[:, 0]
    later = lp.rows("due", [ahead, here], lower=0.0, upper=0.0)[:, 0]
    lp.add(later, due)
    lp.add(later, was_due[1:], -1.0)
    if due.size:
        lp.add(later[np.maximum(power_lead, 1) - 1], b, -(1.0 - power_now) * beta)
        lp.add(later[np.maximum(lead, 1) - 1][:, None], x, -(1.0 - now) * price)
    if has_plants(m):
        o = plant_options(m)
        plants, share = np.where(o.bought, w, ABSENT), share_now(o)
        lp.add(payment, plants, -share * o.cost[:, t])
        if due.size:
            wait = np.where(o.bought, np.maximum(o.lead_quarters, 1), 1)  # only what is bought is paid for
            lp.add(later[wait - 1], plants, -(1.0 - share) * o.cost[:, t])
    first, last = m.times.window
    spent = lp.columns("spent", [here])
    spending = lp.rows("spending", [here], lower=0.0, upper=0.0)
    lp.add(spending, spent)
    lp.add(spending, spent_before, -1.0)
    lp.add(spending, paid, -1.0 if first <= t < last else 0.0)
    ends = np.array([t == last - 1 and m.budget.floor > 0])
    shortfall = lp.columns("shortfall", [here], where=ends)
    floor = lp.rows("floor", [here], lower=m.budget.floor, where=ends)
    lp.add(floor, spent)
    lp.add(floor, shortfall)
    budgets = _budgets(lp, m, t, paid=paid, spent=spent, due=due)
    return Money(paid, spent, due, shortfall, payment, later, spending, *budgets)


def _budgets(
    lp: Blocks, m: ModelData, t: int, *, paid: Indices, spent: Indices, due: Indices
) -> tuple[Indices, Indices]:
    """Spent + due by θ ≤ B_θ in the window, for this quarter θ and those after; outside, due ≤ C_θ + κ_θ m.

    So no order is placed that a later quarter could not pay. Before the window the same rows hold for what
    orders of now make due inside it.
    """
    ahead = ("now", *(f"in {i + 1}" for i in range(due.size)))
    here = (m.times.labels[t],)
    age = np.arange(due.size + 1)
    real = t + age < m.times.count
    theta = np.minimum(t + age, m.times.count - 1)
    first, last = m.times.window
    inside = (theta >= first) & (theta < last)
    B, C = m.budget.cap[theta], m.budget.renewal[theta]
    capped = (real & inside & np.isfinite(B))[:, None]
    budget_rows = lp.rows("budget", [ahead, here], upper=B[:, None], where=capped)[:, 0]
    lp.add(budget_rows, spent)
    counted = (age[None, 1:] <= age[:, None]) & (t + age[None, 1:] >= first)  # [until, due]
    lp.add(budget_rows[:, None], np.where(counted, due[None, :], ABSENT))
    renewed = (real & ~inside & np.isfinite(C))[:, None]
    renewal_rows = lp.rows("renewal", [ahead, here], upper=C[:, None], where=renewed)[:, 0]
    lp.add(renewal_rows, np.append(paid, due))
    if m.budget.renewal_growth is not None:
        lp.add(renewal_rows, spent, -m.budget.renewal_growth[theta])
    return budget_rows, renewal_rows
