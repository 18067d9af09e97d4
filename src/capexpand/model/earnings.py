"""Columns of what operations earn, pay and add to the books in a quarter, for the equations of financing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.blocks import ABSENT, INFINITY, Blocks, Indices
from capexpand.model.data import Floats, ModelData
from capexpand.model.leaseback_values import book_at_sale, rest_of_life
from capexpand.model.plants import has_plants, plant_options, share_now
from capexpand.model.stage import Stage


@dataclass(frozen=True, slots=True)
class Operations:
    """Columns of what operations earn, pay and add to the books [quarter]."""

    ebitda: Indices
    paid_servers: Indices
    paid_halls: Indices
    added_servers: Indices
    added_halls: Indices
    plants: tuple[
        tuple[Indices, int], ...
    ] = ()  # generators and storage added, with the quarters of their life
    leaseback_proceeds: Indices | None = None
    leaseback_books: tuple[tuple[Indices, int], ...] = ()  # less than 0, with the quarters left to write off


def operation_columns(lp: Blocks, m: ModelData, stages: list[Stage]) -> Operations:
    """Adds the columns of operations and the rows that tie them to orders and service.

    Args:
        lp: the program, with every stage in it.
        m: the compiled case.
        stages: its quarters.
    """
    labels = m.times.labels
    ebitda = lp.columns("EBITDA", [labels], lower=-INFINITY)
    constant = m.opening.other_revenue - m.opening.other_cost
    rows = lp.rows("EBITDA", [labels], lower=constant, upper=constant)
    lp.add(rows, ebitda)
    for t, stage in enumerate(stages):
        for columns, earned in earned_in_quarter(m, t, stage):
            lp.add(rows[t], columns, -earned)
    paid = [lp.columns(f"paid for {kind}", [labels]) for kind in ("servers", "halls")]
    added = [lp.columns(f"{kind} added", [labels]) for kind in ("servers", "halls")]
    plants: tuple[tuple[Indices, int], ...] = ()
    for kind, bills, additions in zip(("servers", "halls"), paid, added, strict=True):
        bill_rows = lp.rows(f"paid for {kind}", [labels], lower=0.0, upper=0.0)
        cost_rows = lp.rows(f"{kind} added", [labels], lower=0.0, upper=0.0)
        lp.add(bill_rows, bills)
        lp.add(cost_rows, additions)
        _purchases(lp, m, stages, kind=kind, bill_rows=bill_rows, cost_rows=cost_rows)
        if kind == "halls":  # plants are paid with them
            plants = _plants(lp, m, stages, bill_rows)
    proceeds, books = _leasebacks(lp, m, stages, rows)
    return Operations(ebitda, paid[0], paid[1], added[0], added[1], plants, proceeds, books)


def _plants(
    lp: Blocks, m: ModelData, stages: list[Stage], bill_rows: Indices
) -> tuple[tuple[Indices, int], ...]:
    """What generators and storage cost is paid with halls, and added to the books by the time they last."""
    if not has_plants(m):
        return ()
    o, labels = plant_options(m), m.times.labels
    found: list[tuple[Indices, int]] = []
    for life in np.unique(o.term_quarters[o.bought]):
        one = (f"over {int(life)} quarters",)
        added = lp.columns("plants added", [one, labels])[0]
        cost_rows = lp.rows("plants added", [one, labels], lower=0.0, upper=0.0)[0]
        lp.add(cost_rows, added)
        for t, stage in enumerate(stages):
            signed = np.where(o.bought & (o.term_quarters == life), stage.energy.signed, ABSENT)
            there = np.minimum(t + o.lead_quarters, m.times.count - 1)
            price, now = o.cost[:, t], share_now(o)
            lp.add(np.full(signed.shape, bill_rows[t]), signed, -now * price)
            lp.add(bill_rows[there], signed, -(1.0 - now) * price)
            lp.add(cost_rows[there], signed, -(1.0 + m.taxes.lost) * price)
        found.append((added, int(life)))
    return tuple(found)


def _leasebacks(
    lp: Blocks, m: ModelData, stages: list[Stage], ebitda_rows: Indices
) -> tuple[Indices | None, tuple[tuple[Indices, int], ...]]:
    """Proceeds, and what leaves the books: an addition below 0 with the rest of its life. Fees are costs."""
    terms, done = m.leasebacks, stages[-1].leasebacks
    if terms is None or done is None:
        return None, ()
    labels, y = m.times.labels, done.sold
    proceeds = lp.columns("leaseback proceeds", [labels])
    rows = lp.rows("leaseback proceeds", [labels], lower=0.0, upper=0.0)
    lp.add(rows, proceeds)
    lp.add(rows[None, None, :], y, -terms.price[:, None, :])
    for t in range(m.times.count):
        for later in range(t, m.times.count):
            paid = np.where(later - t < terms.term, terms.fee[:, t], 0.0)
            lp.add(ebitda_rows[later], y[:, :, t], np.where(y[:, :, t] != ABSENT, paid[:, None], 0.0))
    book, rest = book_at_sale(m), rest_of_life(m)
    books: list[tuple[Indices, int]] = []
    for life in np.unique(rest[terms.there]):
        one = (f"over {int(life)} quarters",)
        left = lp.columns("books leased back", [one, labels], lower=-INFINITY, upper=0.0)[0]
        of_it = lp.rows("books leased back", [one, labels], lower=0.0, upper=0.0)[0]
        lp.add(of_it, left)
        counted = np.where((rest == life)[:, None, None], y, ABSENT)
        lp.add(of_it[None, None, :], counted, book)
        books.append((left, int(life)))
    return proceeds, tuple(books)


def earned_in_quarter(m: ModelData, t: int, stage: Stage) -> list[tuple[Indices, Floats]]:
    """Returns columns of a quarter, and of the quarters before it, with what 1 of each adds to its EBITDA."""
    churn = () if m.churn is None or stage.churn is None else stage.churn.charged(m.churn)
    return [
        *_operated(m, t, stage),
        *_hired(m, t, stage),
        *((columns, -np.asarray(cost)) for columns, cost in churn),
        *_leased(m, t, stage),
        *_supplied(m, t, stage),
        *(() if m.contracts is None else ((stage.signed, m.contracts.constant[:, t]),)),
    ]


def _operated(m: ModelData, t: int, stage: Stage) -> list[tuple[Indices, Floats]]:
    """Columns of a quarter and what 1 of each adds to EBITDA: internal use only costs."""
    phi, kept = m.workloads.productivity[:, t], m.workloads.margin_fraction[:, t]
    external = np.array([role == "external" for role in m.workloads.roles])
    part = np.where(external, kept, kept - 1.0)
    energy = m.hours_per_quarter * m.sites.power_usage_effectiveness * m.sites.energy_price[:, t]
    drawn_mw = m.offers.power_kw * m.offers.draw_fraction / 1000.0
    return [
        (stage.service.sold, m.workloads.price[:, :, t] * (phi * part)[:, None]),
        (stage.service.running, -energy[:, None] * drawn_mw[None, :]),
        (stage.fleet.installed, -np.broadcast_to(m.offers.running_cost[:, t], stage.fleet.installed.shape)),
        (stage.fleet.returned, -np.broadcast_to(m.offers.exit_cost[:, t], stage.fleet.returned.shape)),
        *([] if m.offers.wear is None else [(stage.fleet.worn, -m.offers.wear.cost[:, None])]),
        (stage.power.energised, -m.power.running_cost[:, t]),
        (stage.power.returned, -m.power.exit_cost[:, t]),
    ]


def _hired(m: ModelData, t: int, stage: Stage) -> list[tuple[Indices, Floats]]:
    """What is hired is paid in its quarter, a reservation through its term at the fee of its signing."""
    o, hire = m.hire, stage.hire
    if o is None:
        return []
    found = [(hire.hired, -o.fee[:, t])]
    for age in range(min(hire.signings.shape[1], t + 1)):
        paid = o.reserved & (age >= o.lead_quarters) & (age < o.lead_quarters + o.term_quarters)
        found.append((hire.signings[:, age], -np.where(paid, o.fee[:, t - age], 0.0)))
    return found


def _leased(m: ModelData, t: int, stage: Stage) -> list[tuple[Indices, Floats]]:
    """A fixed fee is paid through its term in place of the fee of the day, and so is what is not taken."""
    terms = m.lease_terms
    if terms is None:
        return []
    found: list[tuple[Indices, Floats]] = []
    power, fleet = stage.power, stage.fleet
    for part, options, orders, held, free, unused in (
        (terms.power, m.power, power.orders, power.energised, power.free, stage.leases.power),
        (
            terms.units,
            m.offers,
            stage.orders.orders.transpose(1, 0, 2),
            fleet.installed,
            fleet.free.T,
            stage.leases.units,
        ),
    ):
        fees, lead, term = options.running_cost, options.lead_quarters, options.term_quarters
        fixed = np.where(part.fixed, fees[:, t], 0.0)
        found += [
            (held, np.broadcast_to(fixed, held.shape)),
            (free, -np.broadcast_to(fixed, free.shape)),
            (unused, -fees[:, t]),
        ]
        grown = part.growth(max(1, int(term.max(initial=1))))
        for age in range(min(orders.shape[-1], t + 1)):
            past = age - lead
            within = part.fixed & (past >= 0) & (past < term)
            raised = grown[np.arange(lead.size), np.clip(past, 0, grown.shape[1] - 1)]
            paid = np.where(within, fees[:, t - age] * raised, 0.0)
            ordered = orders[..., age]
            found.append((ordered, -np.broadcast_to(paid, ordered.shape)))
    return found


def _supplied(m: ModelData, t: int, stage: Stage) -> list[tuple[Indices, Floats]]:
    """Contracts, charges and carbon in place of the energy price for all that is drawn."""
    o, energy = m.energy, stage.energy
    if o is None:
        return []
    pue, price = m.sites.power_usage_effectiveness, m.sites.energy_price[:, t]
    reserved = pue[:, None] * (m.offers.power_kw / 1000.0)[None, :]
    drawn = m.hours_per_quarter * reserved * m.offers.draw_fraction
    counted = np.where(o.procured, price, 0.0)[:, None] * drawn
    fuel = np.where(o.on_site, o.price[:, t], 0.0) + o.carbon_price[t] * o.emitted
    found = [
        (stage.service.running, counted - o.capacity_charge[:, t][:, None] * reserved),
        (energy.grid, -(price + o.carbon_price[t] * o.grid_emitted)),
        (energy.used, -fuel),
        (energy.surplus, o.surplus * price[o.site]),
    ]
    each = o.fixed_cost(m.hours_per_quarter)
    ages = range(min(energy.signings.shape[1], t + 1))
    return [*found, *((energy.signings[:, age], -each[:, t - age, t]) for age in ages)]


def _purchases(
    lp: Blocks, m: ModelData, stages: list[Stage], *, kind: str, bill_rows: Indices, cost_rows: Indices
) -> None:
    """What is ordered is paid in part at once and in part on delivery, and is then added to the books."""
    cost = 1.0 + m.taxes.lost
    for t, stage in enumerate(stages):
        if kind == "servers":
            orders, price = stage.orders.ordered, m.offers.price[:, :, t]
            lead, deposit = m.offers.lead_quarters[:, None], m.offers.deposit_fraction[:, None]
        else:
            orders, price = stage.power.ordered, m.power.price[:, t]
            lead, deposit = m.power.lead_quarters, m.power.deposit_fraction
        now = np.where(lead == 0, 1.0, deposit)
        arrives = np.broadcast_to(t + lead, orders.shape)
        in_time = arrives < m.times.count
        there = np.minimum(arrives, m.times.count - 1)
        lp.add(bill_rows[t], orders, -now * price)
        lp.add(np.where(in_time, bill_rows[there], ABSENT), orders, -(1.0 - now) * price)
        lp.add(np.where(in_time, cost_rows[there], ABSENT), orders, -cost * price)
