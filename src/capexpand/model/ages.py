"""Terms that depend on the age of an order: delivery, withheld deliveries, end of life, book value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.blocks import ABSENT, Blocks, Indices
from capexpand.model.data import Flags, Floats, Integers, ModelData
from capexpand.model.wear import standing_shares

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


@dataclass(frozen=True, slots=True)
class AgeRows:
    """Rows that count owned units by age [offer option, destination]."""

    life: Indices  # of Q
    wear: Indices  # of Y
    failures: Indices  # of what stands, as worn units fail

    @classmethod
    def none(cls, m: ModelData) -> AgeRows:
        """Return the rows of a case in which age tells on nothing."""
        absent = np.full((len(m.offers.names), len(m.destinations)), ABSENT, dtype=np.int64)
        return cls(absent, absent, absent)


@dataclass(frozen=True, slots=True)
class Ages:
    """Columns of owned units by age [offer option, destination]."""

    within_life: Indices  # Q, those short of the end of their life
    young: Indices  # Y, those short of the age of wear
    worn: Indices  # H, those that stand at that age or beyond
    rows: AgeRows | None = None


@dataclass(frozen=True, slots=True)
class Units:
    """Columns of a quarter's units, from which ages are counted."""

    orders: Indices  # x of this quarter and of those before [offer option, destination, age]
    stood: Indices  # N⁻ [site, offer option]
    placed: Indices  # q [site, offer option]
    installed: Indices  # N [site, offer option]
    returned: Indices  # r [site, offer option]; of owned units, those sold


def standing(m: ModelData) -> tuple[Floats, Floats]:
    """Returns what is left of units of the start, within life and young [offer option, quarter + 1]."""
    o, count = m.offers, len(m.offers.names)
    life = np.zeros(count, np.int64) if o.life_quarters is None else o.life_quarters
    after, lost = (
        (np.zeros(count), o.attrition) if o.wear is None else (o.wear.after_quarters, o.wear.attrition)
    )
    shares = [
        standing_shares(int(life[k]), int(after[k]), o.attrition[k], lost[k], quarters=m.times.count)
        for k in range(count)
    ]
    within, young = (np.array([share[i] for share in shares]) for i in range(2))
    return within, young


@dataclass(frozen=True, slots=True)
class _Terms:
    """What happens with age; all but the first two [offer option, 1]."""

    life: Integers  # [offer option] quarters, 0 where none ends within the horizon
    after: Integers  # [offer option] age of wear, 0 where none is reached
    kept: Floats  # share of units short of wear that a quarter leaves
    worn_kept: Floats  # the same of the others
    turning: Floats  # share left of a unit when it turns worn
    ending: Floats  # share left of it at the end of its life


def _terms(m: ModelData) -> _Terms:
    o, wearing, never = m.offers, m.wearing[:, None], np.zeros(len(m.offers.names), np.int64)
    life = never if o.life_quarters is None else np.where(m.aging, o.life_quarters, 0)
    after = never if o.wear is None else np.where(m.wearing, o.wear.after_quarters, 0)
    kept = (1.0 - o.attrition)[:, None]
    worn_kept = kept if o.wear is None else np.where(wearing, (1.0 - o.wear.attrition)[:, None], kept)
    turning = kept ** after[:, None]
    worn = turning * worn_kept ** np.maximum(life - after, 0)[:, None]
    return _Terms(life, after, kept, worn_kept, turning, np.where(wearing, worn, kept ** life[:, None]))


def left_by_age(m: ModelData) -> Floats:
    """Returns what is left of 1 that was delivered, by age [offer option, age from 0 to the horizon]."""
    terms, age = _terms(m), np.arange(m.times.count + 1)[None, :]
    after = np.where(terms.after > 0, terms.after, m.times.count + 1)[:, None]
    return terms.kept ** np.minimum(age, after) * terms.worn_kept ** np.maximum(age - after, 0)


def _left_of_opening(m: ModelData, t: int, terms: _Terms) -> tuple[Floats, Floats, Floats]:
    """What a quarter takes from units of the start beyond failures: young, worn and all of them."""
    stood = np.zeros((len(m.offers.names), len(m.destinations)))
    np.add.at(stood.T, m.sites.destination, m.opening.installed)
    within, young = standing(m)
    old = within - young
    return (
        stood * (young[:, [t + 1]] - terms.kept * young[:, [t]]),
        stood * (old[:, [t + 1]] - terms.worn_kept * old[:, [t]]),
        stood * (within[:, [t + 1]] - terms.kept * within[:, [t]]),
    )


def by_age(lp: Blocks, m: ModelData, t: int, before: Ages, units: Units) -> Ages:
    """Σ_s (N + r) ≤ Q, and H ≥ Σ_s N − Y: the oldest units are taken to leave first, sold or not.

    Y counts what came less than the age of wear ago and still works, Q what came less than a life ago; what
    stands at the start is of every age alike. Worn units fail at η' in place of η:
    Σ_s (N + r) ≤ Σ_s ((1 − η) N⁻ + q) − (η' − η) H⁻.
    """
    labels = (m.offers.names, m.destinations, (m.times.labels[t],))
    nothing = np.full((len(labels[0]), len(labels[1])), ABSENT, dtype=np.int64)
    if not (m.aging | m.wearing).any():
        return Ages(nothing, nothing, nothing, AgeRows.none(m))
    terms = _terms(m)
    came = _came(m, t, units.orders, terms)
    fresh, older, plain = _left_of_opening(m, t, terms)
    wearing, aging, site = m.wearing[:, None], m.aging[:, None], m.sites.destination
    turned_due = terms.turning * came.due_then(m, t, terms.after)

    there = (wearing & ((before.young != ABSENT) | came.any))[:, :, None]
    change = (came.due - turned_due + fresh)[:, :, None]
    Y = lp.columns("short of wear", labels, where=there)[:, :, 0]
    wear_rows = rows = lp.rows("wear", labels, lower=change, upper=change, where=there)[:, :, 0]
    lp.add(rows, Y)
    lp.add(rows, before.young, -terms.kept)
    lp.add(rows, came.now, -1.0)
    lp.add(rows, came.turned, terms.turning)

    there = (aging & ((before.within_life != ABSENT) | came.any))[:, :, None]
    change = np.where(wearing, turned_due + older, came.due + plain)
    change = (change - terms.ending * came.due_then(m, t, terms.life))[:, :, None]
    Q = lp.columns("within life", labels, where=there)[:, :, 0]
    life_rows = rows = lp.rows("life", labels, lower=change, upper=change, where=there)[:, :, 0]
    lp.add(rows, Q)
    lp.add(rows, Y, -1.0)
    lp.add(rows, before.within_life, -terms.worn_kept)
    lp.add(rows, before.young, terms.worn_kept)
    lp.add(rows, came.now, np.where(wearing, 0.0, -1.0))
    lp.add(rows, came.turned, np.where(wearing, -terms.turning, 0.0))
    lp.add(rows, came.ended, terms.ending)
    most = lp.rows("retired by age", labels, upper=0.0, where=there)[:, :, 0]
    lp.add(most.T[site], units.installed)
    lp.add(most.T[site], units.returned)
    lp.add(most, Q, -1.0)
    H, failures = _worn(lp, m, t, before.worn, units=units, young=Y, terms=terms)
    return Ages(Q, Y, H, AgeRows(life_rows, wear_rows, failures))


def _worn(
    lp: Blocks, m: ModelData, t: int, before: Indices, *, units: Units, young: Indices, terms: _Terms
) -> tuple[Indices, Indices]:
    """Worn units, no fewer than stand beyond the young and no more than stand, and the rows of failures."""
    labels, site = (m.offers.names, m.destinations, (m.times.labels[t],)), m.sites.destination
    there = (young != ABSENT)[:, :, None]
    H = lp.columns("worn", labels, where=there)[:, :, 0]
    least = lp.rows("worn", labels, upper=0.0, where=there)[:, :, 0]
    lp.add(least.T[site], units.installed)
    lp.add(least, young, -1.0)
    lp.add(least, H, -1.0)
    most = lp.rows("worn of those that stand", labels, upper=0.0, where=there)[:, :, 0]
    lp.add(most, H)
    lp.add(most.T[site], units.installed, -1.0)
    failing = there & (before != ABSENT)[:, :, None]
    failures = lp.rows("failures with age", labels, upper=0.0, where=failing)[:, :, 0]
    lp.add(failures.T[site], units.installed)
    lp.add(failures.T[site], units.returned)
    lp.add(failures.T[site], units.placed, -1.0)
    lp.add(failures.T[site], units.stood, -terms.kept.T)
    lp.add(failures, before, terms.kept - terms.worn_kept)
    return H, failures


@dataclass(frozen=True, slots=True)
class _Came:
    """What arrives, turns worn and ends its life in a quarter [offer option, destination]."""

    now: Indices
    turned: Indices
    ended: Indices
    due: Floats  # units of the opening state that arrive

    @property
    def any(self) -> Flags:
        """Whether something arrives."""
        return (self.now != ABSENT) | (self.due > 0)

    @staticmethod
    def due_then(m: ModelData, t: int, age: Integers) -> Floats:
        """Units of the opening state that arrived an age ago; none for an age of zero."""
        then = np.maximum(t - age, 0)[:, None, None]
        due = np.take_along_axis(m.opening.units_due, then, 2)[:, :, 0]
        return np.where(((t >= age) & (age > 0))[:, None], due, 0.0)


def _came(m: ModelData, t: int, orders: Indices, terms: _Terms) -> _Came:
    lead = np.broadcast_to(m.offers.lead_quarters[:, None], orders.shape[:2])

    def then(age: Integers) -> Indices:
        return np.where((age > 0)[:, None], aged(orders, lead + age[:, None]), ABSENT)

    return _Came(aged(orders, lead), then(terms.after), then(terms.life), m.opening.units_due[:, :, t])


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


def end_value(
    lp: Blocks, m: ModelData, t: int, *, P: Indices, N: Indices, end_book: Indices
) -> tuple[Indices, tuple[Indices, Indices]]:
    """Return W and its two rows: W ≤ Σ V N or Σ V P, what the market pays, and W ≤ e, what the books hold."""
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
    return W, (market, book)


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
