"""Sale and leaseback of servers, over all quarters; docs/explanation/maths.md says the same in mathematics.

A unit is sold at an age that the case states, so what the books hold of it then is known for each quarter of
sale, and so is the gain. It stays where it is and works on; the lessee bears failures. At the end of the term
what still works leaves the fleet. The columns stand beside the chain of quarters: no other decision of a
quarter depends on them.
"""

from __future__ import annotations

import numpy as np

from capexpand.model.blocks import ABSENT, Blocks, Indices
from capexpand.model.data import Floats, Integers, ModelData
from capexpand.model.leaseback_terms import LeasebackColumns
from capexpand.model.leaseback_values import (
    book_at_sale,
    can_be_sold,
    leased_at_end,
    left_since_sale,
    left_until_sale,
    rest_of_life,
    sale_origin,
)
from capexpand.model.stage import Stage


def add_leasebacks(lp: Blocks, m: ModelData, stages: list[Stage]) -> LeasebackColumns | None:
    """Add what is sold and leased back: y ≤ (1 − η)^a · what was ordered and came a ago.

    Args:
        lp: the program, with every stage in it.
    """
    terms = m.leasebacks
    if terms is None:
        return None
    options, places, labels = m.offers.names, m.destinations, m.times.labels
    orders = np.stack([stage.orders.ordered for stage in stages], axis=-1)
    origin = sale_origin(m)
    came = np.take_along_axis(
        orders, np.broadcast_to(np.maximum(origin, 0)[:, None, :], orders.shape), axis=2
    )
    there = (came != ABSENT) & can_be_sold(m)[:, None, :]
    y = lp.columns("sold and leased back", [options, places, labels], where=there)
    rows = lp.rows("units to lease back", [options, places, labels], upper=0.0, where=there)
    lp.add(rows, y)
    lp.add(rows, came, -left_until_sale(m)[:, None, None])
    limited = np.isfinite(terms.limit) & there.any(axis=1)
    most = lp.rows("leaseback limit", [options, labels], upper=terms.limit, where=limited)
    lp.add(most[:, None, :], y)
    columns = LeasebackColumns(y, _handed_over(lp, m, stages, y))
    _standing(lp, m, stages, y)
    lp.add_cost(y, np.where(there, worth_of_sale(m), 0.0))
    _end_rows(lp, m, stages[-1], y)
    return columns


def _handed_over(lp: Blocks, m: ModelData, stages: list[Stage], y: Indices) -> Indices:
    """Σ_s h = what is left of y of a term ago; it leaves the fleet, and what is counted by age."""
    terms, site, since = m.leaseback_terms, m.sites.destination, left_since_sale(m)
    source = np.full_like(y, ABSENT)
    for k in np.flatnonzero(terms.there):
        wait = int(terms.term[k])
        if wait < m.times.count:
            source[k, :, wait:] = y[k, :, : m.times.count - wait]
    fleet = np.stack([stage.fleet.rows for stage in stages], axis=-1)
    goes = (source != ABSENT).transpose(1, 0, 2)[site] & (fleet != ABSENT)
    h = lp.columns("units to the lessor", [m.sites.names, m.offers.names, m.times.labels], where=goes)
    labels = [m.offers.names, m.destinations, m.times.labels]
    rows = lp.rows("units to the lessor", labels, lower=0.0, upper=0.0, where=source != ABSENT)
    lp.add(rows.transpose(1, 0, 2)[site], h)
    term = np.minimum(terms.term, m.times.count)
    left = since[np.arange(term.size), term][:, None, None]
    lp.add(rows, source, -left)
    lp.add(fleet, h)
    life, wear, failures = (
        np.stack([getattr(stage.fleet.ages, name) for stage in stages], axis=-1)
        for name in ("life", "wear", "failures")
    )
    lp.add(failures.transpose(1, 0, 2)[site], h)
    turns, ends = (_quarters_until(m, ages) for ages in (_age_of_wear(m), m.offers.life_quarters))
    young = (turns > terms.term)[:, None, None]  # when it goes to the lessor
    lp.add(np.where(young, wear, life), source, left)
    for k in np.flatnonzero(terms.there):
        _no_longer(lp, wear[k], y[k], since[k], wait=int(turns[k]) if young[k].any() else -1, sign=-1.0)
        _no_longer(lp, life[k], y[k], since[k], wait=int(turns[k]) if young[k].any() else -1, sign=1.0)
        _no_longer(lp, life[k], y[k], since[k], wait=int(ends[k]), sign=-1.0)
    return h


def _age_of_wear(m: ModelData) -> Integers | None:
    return None if m.offers.wear is None else np.where(m.wearing, m.offers.wear.after_quarters, 0)


def _quarters_until(m: ModelData, age: Integers | None) -> Integers:
    """Quarters from a sale until units reach an age [option]; below 0 where they never do, or had before."""
    terms = m.leaseback_terms
    if age is None:
        return np.full(terms.age.shape, -1)
    return np.where(age > 0, age - terms.age, -1)


def _no_longer(lp: Blocks, rows: Indices, y: Indices, left: Floats, *, wait: int, sign: float) -> None:
    """What went to the lessor neither turns worn nor ends its life when its order would.

    Args:
        rows: [destination, quarter] that count units by age.
        y: [destination, quarter] sold.
        left: [quarters since the sale] of 1 sold.
        wait: quarters from the sale until its order would; below 0: never.
        sign: of the coefficients.
    """
    if wait >= 0:
        for t in range(wait, rows.shape[1]):
            lp.add(rows[:, t], y[:, t - wait], sign * left[wait])


def _standing(lp: Blocks, m: ModelData, stages: list[Stage], y: Indices) -> None:
    """Σ_s N ≥ what is leased back and still works: it is neither retired nor sold again."""
    terms, labels = m.leaseback_terms, [m.offers.names, m.destinations, m.times.labels]
    units = np.stack([stage.fleet.installed for stage in stages], axis=-1)
    leased = np.zeros(y.shape, dtype=np.bool_)
    for k in np.flatnonzero(terms.there):
        for t in range(m.times.count):
            recent = slice(max(0, t - int(terms.term[k]) + 1), t + 1)
            leased[k, :, t] = (y[k, :, recent] != ABSENT).any(axis=1)
    rows = lp.rows("units leased back stand", labels, upper=0.0, where=leased)
    lp.add(rows.transpose(1, 0, 2)[m.sites.destination], units, -1.0)
    worn = np.stack([stage.fleet.worn for stage in stages], axis=-1)
    worn_rows = lp.rows("worn units leased back", labels, upper=0.0, where=leased & (worn != ABSENT))
    lp.add(worn_rows, worn, -1.0)
    since, turns = left_since_sale(m), _quarters_until(m, _age_of_wear(m))
    for k in np.flatnonzero(terms.there):
        for t in range(m.times.count):
            for sale in range(max(0, t - int(terms.term[k]) + 1), t + 1):
                lp.add(rows[k, :, t], y[k, :, sale], since[k, t - sale])
                if t - sale >= turns[k]:  # of an offer that never wears no unit is worn, and no row there
                    lp.add(worn_rows[k, :, t], y[k, :, sale], since[k, t - sale])


def _end_rows(lp: Blocks, m: ModelData, last: Stage, y: Indices) -> None:
    """Where end values are held to the books, neither holds what belongs to the lessor."""
    if m.end_value_within_book and last.end_rows is not None:
        market, book = last.end_rows
        lp.add(market[0], y, np.where(y != ABSENT, held_at_end(m)[:, None, :], 0.0))
        lp.add(book[0], y, np.where(y != ABSENT, book_left(m), 0.0))


def held_at_end(m: ModelData) -> Floats:
    """Return what a unit that the lessor owns then is worth, for 1 sold in a quarter [option, quarter]."""
    return m.offers.end_value[:, None] * leased_at_end(m)


def book_left(m: ModelData) -> Floats:
    """Return what the books would still hold at the end of 1 sold [option, destination, quarter]."""
    book = book_at_sale(m)
    rest = rest_of_life(m)[:, None]
    through = m.times.count - np.arange(m.times.count)
    return book * np.maximum(1.0 - through / rest, 0.0)[:, None, :]


def worth_of_sale(m: ModelData) -> Floats:
    """Return what a sale and leaseback adds to the objective [option, destination, quarter].

    That is its price less tax on the gain, less fees after tax, less the tax that depreciation would have
    saved, less what the unit would be worth at the end if it is the lessor's then.
    """
    terms, tau, count = m.leaseback_terms, m.taxes.rate, m.times.count
    disc, end, quarter = m.times.discount, m.times.discount_end, np.arange(m.times.count)
    book = book_at_sale(m)
    age = quarter[None, :] - quarter[:, None]  # [quarter of sale, quarter]
    paid = (age >= 0) & (age < terms.term[:, None, None])
    fees = terms.fee * (paid @ disc)
    rest = rest_of_life(m)
    spread = (age >= 0) & (age < rest[:, None, None])
    saved = (spread @ disc) / rest[:, None] + end * np.maximum(1.0 - (count - quarter) / rest[:, None], 0.0)
    gain = terms.price[:, None, :] - book
    worth = disc * terms.price[:, None, :] - tau * disc * gain - tau * book * saved[:, None, :]
    worth = worth - (1.0 - tau) * fees[:, None, :]
    at_end = 0.0 if m.end_value_within_book else end * held_at_end(m)[:, None, :]
    return worth - (1.0 - tau) * at_end
