"""Terms that depend on the age of an order: delivery, withheld deliveries, end of life, book value."""

from __future__ import annotations

import numpy as np

from capexpand.model.blocks import ABSENT, Blocks, Indices
from capexpand.model.data import Flags, Floats, Integers, ModelData

MANY_UNITS = 1e6
"""Units that can never be due at once: what may be released, or wait, where nothing limits it."""


def held_back(
    lp: Blocks, m: ModelData, t: int, before: Indices, *, q: Indices, arrivals: Flags, deliveries: Indices
) -> Indices:
    """Held back: q + R = R⁻ + what is due, q ≤ M ξ, R ≤ M (1 − ξ); with ξ = 1 all comes, with 0 nothing."""
    labels = (m.offers.names, m.destinations, (m.times.labels[t],))
    waits = (m.offers.delayed[:, None] & arrivals)[:, :, None]
    released = np.broadcast_to(m.offers.released[:, t][:, None, None], waits.shape)
    R = lp.columns("waiting", labels, upper=MANY_UNITS * (1.0 - released), where=waits)[:, :, 0]
    lp.add(deliveries, R)
    lp.add(deliveries, before, -1.0)
    release = lp.rows("release", labels, upper=MANY_UNITS * released, where=waits)[:, :, 0]
    lp.add(release.T[m.sites.destination], q)
    return R


def within_life(lp: Blocks, m: ModelData, t: int, before: Indices, *, N: Indices, orders: Indices) -> Indices:
    """Σ_s N ≤ Q = (1 − η) Q⁻ + what is due − what was due a life ago and has not failed since.

    What stands at the start is of every age alike, so an even part of it reaches its end in each quarter.
    """
    labels = (m.offers.names, m.destinations, (m.times.labels[t],))
    aging, life, kept = m.aging[:, None], m.offers.life_quarters, 1.0 - m.offers.attrition
    if life is None or not aging.any():
        return np.full((len(labels[0]), len(labels[1])), ABSENT, dtype=np.int64)
    lead = np.broadcast_to(m.offers.lead_quarters[:, None], orders.shape[:2])
    arriving, leaving = aged(orders, lead), aged(orders, lead + life[:, None])
    survive = (kept**life)[:, None]
    due = m.opening.units_due
    old = np.where(
        t >= life[:, None], np.take_along_axis(due, np.maximum(t - life, 0)[:, None, None], 2)[:, :, 0], 0
    )
    stood = np.zeros(due.shape[:2])
    np.add.at(stood.T, m.sites.destination, m.opening.installed)
    ends = np.where(t < life[:, None], stood * (kept ** (t + 1))[:, None] / np.maximum(life, 1)[:, None], 0.0)
    there = aging & ((before != ABSENT) | (arriving != ABSENT) | (due[:, :, t] > 0))
    change = (due[:, :, t] - survive * old - ends)[:, :, None]
    Q = lp.columns("within life", labels, where=there[:, :, None])[:, :, 0]
    rows = lp.rows("life", labels, lower=change, upper=change, where=there[:, :, None])[:, :, 0]
    lp.add(rows, Q)
    lp.add(rows, before, -kept[:, None])
    lp.add(rows, arriving, -1.0)
    lp.add(rows, leaving, survive)
    most = lp.rows("retired by age", labels, upper=0.0, where=there[:, :, None])[:, :, 0]
    lp.add(most.T[m.sites.destination], N)
    lp.add(most, Q, -1.0)
    return Q


def end_book(lp: Blocks, m: ModelData, t: int, before: Indices, *, b: Indices, x: Indices) -> Indices:
    """E = e⁻ + Σ what is left at the end of what is ordered now: known at order, so it needs no ages."""
    servers, halls = m.end_book_fractions
    left_x, left_b = (
        np.where(t + lead < m.times.count, at_quarter(left, t + lead), 0.0)
        for left, lead in ((servers, m.offers.lead_quarters), (halls, m.power.lead_quarters))
    )
    counted = np.array(
        [np.any((x != ABSENT) & (left_x > 0.0)[:, None]), np.any((b != ABSENT) & (left_b > 0.0))]
    )
    there = ((before != ABSENT) | counted) & m.end_value_within_book
    labels = (("servers", "halls"), (m.times.labels[t],))
    e = lp.columns("end book", labels, where=there[:, None])[:, 0]
    rows = lp.rows("end book", labels, lower=0.0, upper=0.0, where=there[:, None])[:, 0]
    lp.add(rows, e)
    lp.add(rows, before, -1.0)
    lp.add(rows[0], x, -left_x[:, None] * m.offers.price[:, :, t])
    lp.add(rows[1], b, -left_b * m.power.price[:, t])
    return e


def end_value(lp: Blocks, m: ModelData, t: int, *, P: Indices, N: Indices, end_book: Indices) -> Indices:
    """W ≤ Σ V N or Σ V P, what the market would pay, and W ≤ e, what stands in the books."""
    held = np.full(2, t == m.times.count - 1 and m.end_value_within_book)
    labels = (("servers", "halls"), (m.times.labels[t],))
    W = lp.columns("end value", labels, where=held[:, None])[:, 0]
    market = lp.rows("end value by the market", labels, upper=0.0, where=held[:, None])[:, 0]
    lp.add(market, W)
    lp.add(market[0], N, -m.offers.end_value[None, :])
    lp.add(market[1], P, -m.power.end_value)
    book = lp.rows("end value by the books", labels, upper=0.0, where=held[:, None])[:, 0]
    lp.add(book, W)
    lp.add(book, end_book, -1.0)
    return W


def aged(orders: Indices, age: Integers) -> Indices:
    """The columns of the orders placed ``age`` quarters ago; the last axis of ``orders`` is age from 0."""
    known = age < orders.shape[-1]
    picked = np.take_along_axis(orders, np.where(known, age, 0)[..., None], axis=-1)[..., 0]
    return np.where(known, picked, ABSENT)


def at_quarter(values: Floats, quarter: Integers) -> Floats:
    """Returns values [quarter] at some quarters, beyond the last one the last."""
    return values[np.minimum(quarter, values.size - 1)]


def order_columns(
    lp: Blocks, name: str, labels: tuple[tuple[str, ...], ...], limit: Floats, lot: Floats, *, whole: bool
) -> Indices:
    """Columns of orders; where sizes are whole, each is a lot times a whole number."""
    shape = tuple(len(axis) for axis in labels)
    limit, lot = np.broadcast_to(limit, shape), np.broadcast_to(lot, shape)
    orders = lp.columns(name, labels, upper=limit, where=limit > 0)
    if whole:
        lots = (limit > 0) & (lot > 0)
        count = lp.columns(f"{name}, lots", labels, where=lots, integer=True)
        rows = lp.rows(f"{name}, whole lots", labels, lower=0.0, upper=0.0, where=lots)
        lp.add(rows, orders)
        lp.add(rows, count, -lot)
    return orders
